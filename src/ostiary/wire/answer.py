"""Answers by their output shapes; here as XML, in the query protocol.

The writer for an operation is built once from the model. It refuses a result that
the model does not know and text that XML cannot carry, so every answer parses
strictly (T56); both would be bugs of ours.
"""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from ostiary.wire import json_model, stamp
from ostiary.wire.http import Response
from ostiary.wire.service import Protocol, Service, table
from ostiary.wire.xml import escape

_Write: TypeAlias = Callable[[Any], str]


def write(
    service: Service, operation: str, result: Mapping[str, Any], request_id: str
) -> Response:
    """Gives the 200 answer of an operation that is carried out here.

    Timestamps may be seconds since the epoch or aware datetimes, blobs are bytes;
    a member that is absent or None is left out.

    Raises:
        ValueError: A member or character that cannot be written.
        TypeError: A value of another type than the model says.
    """
    if service.protocol is Protocol.JSON:
        return json_model.write(service, operation, result, request_id)
    return finish(begin(service, operation, result), request_id)


class Begun(NamedTuple):
    """An answer without its request id: what stands before and after it."""

    before: str
    after: str


def begin(service: Service, operation: str, result: Mapping[str, Any]) -> Begun:
    """Gives the answer of an operation up to its request id; raises as `write`."""
    wrapper, inner = _writer(service.name, operation)
    told = f"<{wrapper}>{inner(result)}</{wrapper}>" if wrapper else ""
    return Begun(
        f'<{operation}Response xmlns="{service.xmlns}">{told}'
        "<ResponseMetadata><RequestId>",
        f"</RequestId></ResponseMetadata></{operation}Response>",
    )


def finish(begun: Begun, request_id: str) -> Response:
    """Gives the 200 answer to one request; the id is one of ours."""
    before, after = begun
    body = f"{before}{request_id}{after}"
    headers = (
        ("content-type", "text/xml"),
        # Secrets and seeds are given once, and kept by nobody on the way (T18).
        ("cache-control", "no-store"),
        ("x-amzn-RequestId", request_id),
    )
    return Response(status=200, headers=headers, body=body.encode())


@cache
def _writer(service: str, operation: str) -> tuple[str, _Write]:
    row = table(service)["operations"][operation]
    if "output" not in row:
        return "", lambda _: ""
    return row["wrapper"], _compile(service, row["output"])


@cache
def _compile(service: str, name: str) -> _Write:
    shape = table(service)["shapes"][name]
    match shape["type"]:
        case "structure":
            return _structure(service, name, shape.get("members", {}))
        case "list":
            return _list(_compile(service, shape["member"]))
        case "map":
            key = _compile(service, shape["key"])
            return _map(key, _compile(service, shape["value"]))
        case kind:
            return _SCALARS[kind]


def _structure(service: str, name: str, members: dict[str, str]) -> _Write:
    rows = [
        (member, f"<{member}>", _compile(service, inner), f"</{member}>")
        for member, inner in members.items()
    ]
    known = frozenset(members)

    def write_structure(value: Mapping[str, Any]) -> str:
        if not value.keys() <= known:
            strays = ", ".join(sorted(value.keys() - known))
            raise ValueError(f"`{name}` has no member `{strays}`")
        return "".join(
            [
                f"{begin}{inner(each)}{end}"
                for member, begin, inner, end in rows
                if (each := value.get(member)) is not None
            ]
        )

    return write_structure


def _list(inner: _Write) -> _Write:
    return lambda value: "".join([f"<member>{inner(each)}</member>" for each in value])


def _map(key: _Write, inner: _Write) -> _Write:
    return lambda value: "".join(
        [
            f"<entry><key>{key(k)}</key><value>{inner(v)}</value></entry>"
            for k, v in value.items()
        ]
    )


def _boolean(value: Any) -> str:
    if not isinstance(value, bool):
        raise TypeError(f"`{value!r}` is not a boolean")
    return "true" if value else "false"


def _integer(value: Any) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"`{value!r}` is not an integer")
    return str(value)


def _timestamp(value: Any) -> str:
    seconds = value.timestamp() if isinstance(value, datetime) else value
    return stamp.format_extended(seconds)


_SCALARS: dict[str, _Write] = {
    "string": escape,
    "boolean": _boolean,
    "integer": _integer,
    "long": _integer,
    "timestamp": _timestamp,
    "blob": lambda value: base64.b64encode(value).decode(),
}
