"""AWS's model of the operations, and what is wrong by it."""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape
from botocore.parsers import create_parser

from tests.unit.gate.whole import Answer
from tests.unit.services.iam.world import faults_of, in_seconds

_MODEL = botocore.session.get_session().get_service_model("organizations")
_STRANGE = ("\n", "!", "é!é!é!é!")
"""Texts of which one breaks each pattern that can be broken."""
_ANOTHER_TYPE = {"string": 1, "integer": "x", "list": "x", "structure": "x"}


def model(operation: str) -> OperationModel:
    """The operation in AWS's own model."""
    return _MODEL.operation_model(operation)


def codes(operation: str) -> list[str]:
    """The codes of the modelled errors, all of which are answered with 400."""
    return [shape.name for shape in model(operation).error_shapes]


def members(operation: str) -> dict[str, Shape]:
    """The parameters."""
    shape = model(operation).input_shape
    return {} if shape is None else dict(shape.members)


def read(operation: str, answer: Answer) -> Any:
    """The answer as botocore reads it; it has the modelled shape."""
    response = {
        "status_code": answer.status,
        "headers": answer.headers,
        "body": answer.body.encode(),
    }
    shape = model(operation).output_shape
    found = create_parser("json").parse(response, shape)
    del found["ResponseMetadata"]
    found = in_seconds(found)
    if shape is None:
        assert found == {}
        assert answer.body == ""
    else:
        assert list(faults_of(shape, found, operation)) == []
    return found


@dataclass(frozen=True)
class Wrong:
    """Parameters that the model forbids."""

    place: str
    params: Mapping[str, Any]
    error: str
    """The code, and the reason if the code has one."""


def wrongs(operation: str, params: Mapping[str, object]) -> Iterator[Wrong]:
    """The parameters with one thing wrong, in all ways that the model knows."""
    shape = model(operation).input_shape
    if shape is not None:
        for place, value, error in _in_structure(shape, dict(params), ""):
            yield Wrong(place, value, error)


Found = Iterator[tuple[str, Any, str]]
"""Where it is wrong, the whole value, the answer."""


def _in_structure(shape: Shape, value: dict[str, Any], place: str) -> Found:
    for name in shape.required_members:
        less = {one: value[one] for one in value if one != name}
        yield f"{place}{name}", less, _invalid("INPUT_REQUIRED")
        yield f"{place}{name}=null", {**less, name: None}, _invalid("INPUT_REQUIRED")
    for name, inner in shape.members.items():
        for at, wrong, error in _in(inner, value.get(name), f"{place}{name}"):
            yield at, {**copy.deepcopy(value), name: wrong}, error


def _in(shape: Shape, value: Any, place: str) -> Found:
    yield f"{place}:type", _ANOTHER_TYPE[shape.type_name], "SerializationException"
    match shape.type_name:
        case "structure":
            yield from _in_structure(shape, value or {}, f"{place}.")
        case "list":
            yield f"{place}:null", [None], _invalid("INVALID_LIST_MEMBER")
            for at, wrong, error in _in(shape.member, (value or [None])[0], place):
                yield at, [wrong], error
        case "string":
            yield from ((place, wrong, error) for wrong, error in _texts(shape))
        case _:
            yield place, shape.metadata["max"] + 1, _invalid("MAX_VALUE_EXCEEDED")
            yield place, shape.metadata["min"] - 1, _invalid("MIN_VALUE_EXCEEDED")


def _texts(shape: Shape) -> Iterator[tuple[str, str]]:
    known = shape.metadata
    most, least = known.get("max"), known.get("min", 0)
    if "enum" in known:
        yield "NOPE", _invalid("INVALID_ENUM")
    if most is not None and most < 10_000:
        yield "a" * (most + 1), _invalid("MAX_LENGTH_EXCEEDED")
    if least:
        yield "", _invalid("MIN_LENGTH_EXCEEDED")
    pattern = known.get("pattern", r"[\s\S]*")
    for text in _STRANGE:
        fits = least <= len(text) <= (most or len(text))
        if fits and not _matches(pattern, text):
            yield text, _invalid("INVALID_PATTERN")
            return


def _matches(pattern: str, text: str) -> bool:
    # `re` has no Unicode categories; those of tags hold none of the strange texts.
    return r"\p{" not in pattern and bool(re.fullmatch(pattern, text, re.ASCII))


def _invalid(reason: str) -> str:
    return f"InvalidInputException {reason}"
