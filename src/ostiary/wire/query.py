"""The query protocol of IAM and STS, read by the service's own model.

`read` turns a form into parameters by the input shape of an operation, and words
every constraint as AWS does (facts 7.4, 10.8). The answer's way back is in
`wire.answer`.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from ostiary.wire import stamp
from ostiary.wire.constraints import broken
from ostiary.wire.faults import Fault
from ostiary.wire.form import Node, nest, unknown_parameter
from ostiary.wire.service import Service, table

_INTEGER = re.compile(r"-?[0-9]{1,10}", re.ASCII)
_LONGEST_ECHO = 128
# STS repeats the offending value in its validation messages, IAM does not.
_ECHOING = frozenset({"sts"})
# STS repeats what was wrong, but a token code is a credential (T22), also a wrong
# one: it may be a slip of the finger away from the right one.
_UNSPOKEN = frozenset({"tokenCode"})


def has_operation(service: Service, operation: str) -> bool:
    """Tells whether the service's model has the operation."""
    return operation in table(service.name)["operations"]


def read(service: Service, operation: str, pairs: Mapping[str, str]) -> dict[str, Any]:
    """Gives an operation's parameters from its form, without Action and Version.

    Raises:
        Fault: An unknown or misfitting name, a value of the wrong type, or any
            number of broken constraints in one sentence.
    """
    model = table(service.name)
    name = model["operations"][operation].get("input")
    if name is None:
        for extra in pairs:
            raise unknown_parameter(extra)
        return {}
    reader = _Reader(model["shapes"], echo=service.name in _ECHOING)
    params: dict[str, Any] = reader.structure(name, nest(pairs.items()), "", "")
    if reader.faults:
        count = len(reader.faults)
        noun = "error" if count == 1 else "errors"
        told = "; ".join(reader.faults)
        raise Fault("ValidationError", f"{count} validation {noun} detected: {told}")
    return params


class _Reader:
    """Walks one form along one shape and collects the constraints it breaks."""

    def __init__(self, shapes: dict[str, Any], *, echo: bool) -> None:
        self._shapes = shapes
        self._echo = echo
        self.faults: list[str] = []

    def value(self, name: str, node: Node, path: str, wire: str) -> Any:
        shape = self._shapes[name]
        match shape["type"]:
            case "structure":
                return self.structure(name, node, path, wire)
            case "list":
                return self._list(shape, node, path, wire)
            case "map":
                return self._map(shape, node, path, wire)
            case _:
                pass
        if not isinstance(node, str):
            raise unknown_parameter(wire)
        read = _scalar(shape["type"], node, wire)
        self._check(shape, read, path)
        return read

    def structure(self, name: str, node: Node, path: str, wire: str) -> dict[str, Any]:
        shape = self._shapes[name]
        members = shape.get("members", {})
        if not isinstance(node, dict):
            raise unknown_parameter(wire)
        for extra in node:
            if extra not in members:
                raise unknown_parameter(f"{wire}.{extra}" if wire else extra)
        required = shape.get("required", ())
        params: dict[str, Any] = {}
        for member, inner in members.items():
            # The service's own names start with a small letter in messages.
            spelled = f"{member[0].lower()}{member[1:]}"
            inner_path = f"{path}.{spelled}" if path else spelled
            if member in node:
                inner_wire = f"{wire}.{member}" if wire else member
                params[member] = self.value(inner, node[member], inner_path, inner_wire)
            elif member in required:
                self._say(inner_path, "null", "Member must not be null", quoted=False)
        return params

    def _list(
        self, shape: dict[str, Any], node: Node, path: str, wire: str
    ) -> list[Any]:
        elements = _elements(node, "member", wire)
        inner = self._shapes[shape["member"]]
        if inner["type"] == "structure":
            read = [
                self.value(
                    shape["member"], element, f"{path}.{n}.member", f"{wire}.member.{n}"
                )
                for n, element in enumerate(elements, 1)
            ]
        else:
            read = [_text(element, wire) for element in elements]
            self._check_elements(inner, read, path)
        self._check(shape, read, path)
        return read

    def _map(
        self, shape: dict[str, Any], node: Node, path: str, wire: str
    ) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for n, entry in enumerate(_elements(node, "entry", wire), 1):
            if not isinstance(entry, dict) or set(entry) != {"key", "value"}:
                raise unknown_parameter(wire)
            at = f"{wire}.entry.{n}"
            key = self.value(shape["key"], entry["key"], f"{path}.key", f"{at}.key")
            if key in read:
                raise Fault("ValidationError", f"Key '{key}' of '{wire}' is repeated.")
            read[key] = self.value(
                shape["value"], entry["value"], f"{path}.{key}.member", f"{at}.value"
            )
        self._check(shape, read, path)
        return read

    def _check(self, shape: dict[str, Any], value: Any, path: str) -> None:
        for constraint in broken(shape, value):
            self._say(path, _shown(value), constraint)

    def _check_elements(
        self, shape: dict[str, Any], values: list[str], path: str
    ) -> None:
        # AWS names the list, not the element, and recites every constraint.
        if any(broken(shape, value) for value in values):
            every = ", ".join(broken(shape, None))
            told = f"Member must satisfy constraint: [{every}]"
            self._say(path, _shown(values), told)

    def _say(self, path: str, value: str, told: str, *, quoted: bool = True) -> None:
        shown = ""
        if self._echo and path not in _UNSPOKEN:
            shown = f" '{value}'" if quoted else f" {value}"
        self.faults.append(
            f"Value{shown} at '{path}' failed to satisfy constraint: {told}"
        )


def _elements(node: Node, tag: str, wire: str) -> list[Node]:
    if node == "":
        return []  # botocore writes an empty list as an empty value
    if isinstance(node, dict) and list(node) == [tag]:
        elements = node[tag]
        if isinstance(elements, list):
            return elements
    raise unknown_parameter(wire)


def _text(node: Node, wire: str) -> str:
    if not isinstance(node, str):
        raise unknown_parameter(wire)
    return node


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_shown(element) for element in value)}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{k}={_shown(v)}" for k, v in value.items())
        return f"{{{inner}}}"
    return str(value)


def _scalar(kind: str, text: str, wire: str) -> Any:
    read = _SCALARS[kind](text)
    if read is None:
        raise Fault(
            "MalformedInput", f"Invalid value '{text[:_LONGEST_ECHO]}' for {wire}"
        )
    return read


def _integer(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) else None


def _blob(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None


_SCALARS: dict[str, Callable[[str], Any]] = {
    "string": lambda text: text,
    "integer": _integer,
    "long": _integer,
    "boolean": {"true": True, "false": False}.get,
    "blob": _blob,
    "timestamp": stamp.parse_extended,
}
