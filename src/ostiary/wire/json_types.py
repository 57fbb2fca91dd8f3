"""Whether a JSON service's parameters have the types of its model, all the way down.

A service behind the door may take a wrong type for something else, or fail over it;
whoever sends one gets the service's own complaint instead.
"""

from typing import Any

from ostiary.wire.faults import Fault
from ostiary.wire.service import table

_SCALARS: dict[str, tuple[type, ...]] = {
    "s": (str,),
    "i": (int,),
    "n": (int, float),
    "b": (bool,),
}
_WORDS = {"s": "String", "i": "Integer", "n": "Number", "b": "Boolean"}
_LONGEST_ECHO = 128


def check(service: str, operation: str, params: dict[str, Any]) -> None:
    """Returns when every value has its type.

    A null says that nothing was given, as in AWS's own reading.

    Raises:
        Fault: SerializationException, naming the first place that is wrong.
    """
    tables = table(f"{service}-types")
    kind = tables["inputs"].get(operation)
    if kind is not None:
        _check(tables["shapes"], kind, params, "")


def _check(shapes: dict[str, Any], kind: Any, value: Any, path: str) -> None:
    if value is None:
        return
    if isinstance(kind, list):
        _check_collection(shapes, kind, value, path)
    elif kind in shapes:
        _check_structure(shapes, shapes[kind], value, path)
    # Exact types: for isinstance, True is a whole number.
    elif type(value) not in _SCALARS[kind]:
        raise _wrong(path, _WORDS[kind])


def _check_collection(
    shapes: dict[str, Any], kind: list[Any], value: Any, path: str
) -> None:
    which, inner = kind
    if which == "l":
        if not isinstance(value, list):
            raise _wrong(path, "List")
        for number, element in enumerate(value):
            _check(shapes, inner, element, f"{path}[{number}]")
        return
    if not isinstance(value, dict):
        raise _wrong(path, "Map")
    for key, element in value.items():
        _check(shapes, inner, element, f"{path}.{key}")


def _check_structure(
    shapes: dict[str, Any], members: dict[str, Any], value: Any, path: str
) -> None:
    if not isinstance(value, dict):
        raise _wrong(path, "Structure")
    for name, element in value.items():
        place = f"{path}.{name}" if path else name
        if name not in members:
            raise Fault(
                "SerializationException",
                f"Unknown parameter: '{place[:_LONGEST_ECHO]}'",
                400,
            )
        _check(shapes, members[name], element, place)


def _wrong(path: str, wanted: str) -> Fault:
    told = f"Value at '{path[:_LONGEST_ECHO]}' is not of type {wanted}"
    return Fault("SerializationException", told, 400)
