"""The JSON of the services that are carried out here, by their own models.

`json_types` has checked the types when `read` looks at the constraints; what breaks
one is refused as AWS Organizations does, with a reason beside the words.
"""

import json
from collections.abc import Mapping
from typing import Any

from ostiary.wire.constraints import broken
from ostiary.wire.faults import Fault
from ostiary.wire.http import Response
from ostiary.wire.service import Service, table

_REASONS = (
    (
        "regular expression",
        "INVALID_PATTERN",
        "You provided a value that does not match the required pattern.",
    ),
    ("enum value set", "INVALID_ENUM", "You specified an invalid value."),
    (
        "length less",
        "MAX_LENGTH_EXCEEDED",
        "You provided a string parameter that is longer than allowed.",
    ),
    (
        "length greater",
        "MIN_LENGTH_EXCEEDED",
        "You provided a string parameter that is shorter than allowed.",
    ),
    (
        "value less",
        "MAX_VALUE_EXCEEDED",
        "You provided a numeric parameter that has a larger value than allowed.",
    ),
    (
        "value greater",
        "MIN_VALUE_EXCEEDED",
        "You provided a numeric parameter that has a smaller value than allowed.",
    ),
)
_LIST_MEMBER = (
    "You provided a list to a parameter that contains at least one invalid value."
)
_REQUIRED = "You must include a value for all required parameters."


def read(service: Service, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the parameters that were sent, all of which keep their constraints.

    Raises:
        Fault: InvalidInputException, with its reason.
    """
    tables = table(service.name)
    name = tables["operations"][operation].get("input")
    if name is None:
        return {}
    kept: dict[str, Any] = _read(tables["shapes"], name, params)
    return kept


def _read(shapes: dict[str, Any], name: str, value: Any) -> Any:
    shape = shapes[name]
    if shape["type"] == "structure":
        kept = {
            member: _read(shapes, inner, value[member])
            for member, inner in shape.get("members", {}).items()
            if value.get(member) is not None
        }
        if any(member not in kept for member in shape.get("required", ())):
            raise _invalid("INPUT_REQUIRED", _REQUIRED)
        return kept
    if shape["type"] == "list":
        if None in value:
            raise _invalid("INVALID_LIST_MEMBER", _LIST_MEMBER)
        return [_read(shapes, shape["member"], one) for one in value]
    for constraint in broken(shape, value):
        for words, reason, told in _REASONS:
            if words in constraint:
                raise _invalid(reason, told)
    return value


def _invalid(reason: str, told: str) -> Fault:
    return Fault("InvalidInputException", told, 400, {"Reason": reason})


def write(
    service: Service, operation: str, result: Mapping[str, Any], request_id: str
) -> Response:
    """Gives the 200 answer of an operation.

    Raises:
        ValueError: A member that the model does not know; a bug of ours.
    """
    tables = table(service.name)
    name = tables["operations"][operation].get("output")
    body = ""
    if name is not None:
        made = _write(tables["shapes"], name, result)
        body = json.dumps(made, separators=(",", ":"))
    elif result:
        raise ValueError(f"`{operation}` has no output")
    headers = (
        ("content-type", f"application/x-amz-json-{service.json_version}"),
        ("cache-control", "no-store"),
        ("x-amzn-RequestId", request_id),
    )
    return Response(status=200, headers=headers, body=body.encode())


def _write(shapes: dict[str, Any], name: str, value: Any) -> Any:
    shape = shapes[name]
    if shape["type"] == "structure":
        members = shape.get("members", {})
        if not value.keys() <= members.keys():
            strays = ", ".join(sorted(value.keys() - members.keys()))
            raise ValueError(f"`{name}` has no member `{strays}`")
        return {
            member: _write(shapes, members[member], inner)
            for member, inner in value.items()
            if inner is not None
        }
    if shape["type"] == "list":
        return [_write(shapes, shape["member"], one) for one in value]
    return value
