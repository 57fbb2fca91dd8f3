"""Do two tellings agree? Our query reader and writer, and botocore's, on every operation.

botocore's serializer writes a request and ours reads it; ours writes an answer and
botocore's parser reads it. Values are made from the model, within its constraints.
"""

import datetime as dt
import random
import xml.etree.ElementTree as ET
from typing import Any
from urllib.parse import urlencode

import botocore.session
import pytest
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from ostiary.wire import answer, query
from ostiary.wire.constraints import broken
from ostiary.wire.faults import Fault, render
from ostiary.wire.form import read_pairs
from ostiary.wire.service import IAM, STS, Service
from scripts.models import python_pattern

SERVICES = {"iam": IAM, "sts": STS}
TEXTS = ("a", "Zz9", "x y", "é日本", "<&>\"'", "]]>", "\r\n\t", "+%2F=;", "😀", " a ")
WHEN = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
# For each pattern of the models, texts that match it.
MATCHING = (
    "abcdef",
    "123456",
    "111122223333",
    "/",
    "/a/",
    "v1",
    "o-abcdefghij0",
    "https://a.b/c",
    "/abc/",
    "o-abcdefghij/r-abcd/ou",
    "p-abcdefgh",
    "abcd",
    "ab",
    "arn:aws:iam::111122223333:role/Example",
    "A1B2C3D4E5F6G7H8",
    "!",
)


def models() -> list[tuple[Service, OperationModel]]:
    """Gives every operation of IAM and STS."""
    session = botocore.session.get_session()
    found = []
    for name, service in SERVICES.items():
        model: ServiceModel = session.get_service_model(name)
        found += [(service, model.operation_model(o)) for o in model.operation_names]
    return found


class Maker:
    """Makes values of a shape."""

    def __init__(self, seed: int, *, fit: bool) -> None:
        self.rng = random.Random(seed)  # values for tests
        self.fit = fit

    def make(self, shape: Shape) -> Any:
        """Gives a value; with `fit`, one that breaks no constraint."""
        return getattr(self, f"_{shape.type_name}")(shape)

    def _structure(self, shape: Any) -> dict[str, Any]:
        made = {}
        for name, member in shape.members.items():
            if name in shape.required_members or self.rng.random() < 0.7:
                made[name] = self.make(member)
        if self.fit and not made:
            # The query protocol cannot say a structure without members.
            made = {name: self.make(member) for name, member in shape.members.items()}
        return made

    def _list(self, shape: Any) -> list[Any]:
        least = shape.metadata.get("min", 0) if self.fit else 0
        return [
            self.make(shape.member) for _ in range(max(least, self.rng.randrange(3)))
        ]

    def _map(self, shape: Any) -> dict[str, Any]:
        return {
            self.make(shape.key): self.make(shape.value)
            for _ in range(self.rng.randrange(1, 3))
        }

    def _string(self, shape: Any) -> str:
        if shape.enum:
            return self.rng.choice(shape.enum)
        if not self.fit:
            return self.rng.choice(TEXTS)
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 10**6)
        choices = list(TEXTS + MATCHING)
        self.rng.shuffle(choices)
        for text in choices:
            sized = text if len(text) >= least else text * (least // len(text) + 1)
            sized = sized[: max(most, 0)]
            if not broken(_rows(shape), sized):
                return sized
        raise AssertionError(f"no text for {shape.name}: {shape.metadata}")

    def _integer(self, shape: Any) -> int:
        least = shape.metadata.get("min", -5)
        return self.rng.randint(
            least, min(shape.metadata.get("max", 99999), least + 10**5)
        )

    _long = _integer

    def _boolean(self, _: Any) -> bool:
        return self.rng.random() < 0.5

    def _timestamp(self, _: Any) -> dt.datetime:
        return WHEN

    def _blob(self, _: Any) -> bytes:
        return self.rng.randbytes(self.rng.randrange(9))


def _rows(shape: Shape) -> dict[str, Any]:
    rows = {k: v for k, v in shape.metadata.items() if k in {"min", "max", "pattern"}}
    if "pattern" in rows:
        rows["pattern"] = python_pattern(rows["pattern"])
    return {"type": "string", **rows}


def written(operation: OperationModel, params: dict[str, Any]) -> dict[str, str]:
    """Gives the form that botocore would send, as our reader gets it."""
    serializer = create_serializer("query", include_validation=False)
    body = serializer.serialize_to_request(params, operation)["body"]
    pairs = read_pairs(urlencode(body))
    assert pairs.pop("Action") == operation.name
    assert pairs.pop("Version") == operation.metadata["apiVersion"]
    return pairs


@pytest.mark.parametrize("seed", range(20))
def test_what_botocore_writes_is_read_back(seed: int) -> None:
    """Every operation's input survives botocore's serializer and our reader."""
    for service, operation in models():
        if operation.input_shape is None:
            assert query.read(service, operation.name, {}) == {}
            continue
        params = Maker(seed, fit=True).make(operation.input_shape)

        read = query.read(service, operation.name, written(operation, params))

        assert read == params, operation.name


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.threat("T56")
def test_what_we_write_is_read_back_by_botocore(seed: int) -> None:
    """Every operation's output survives our writer and botocore's parser."""
    parser = create_parser("query")
    for service, operation in models():
        shape = operation.output_shape
        result = Maker(seed, fit=False).make(shape) if shape else {}

        response = answer.write(service, operation.name, result, "rid-1")

        parsed = parser.parse(
            {
                "status_code": response.status,
                "headers": dict(response.headers),
                "body": response.body,
            },
            shape,
        )
        told = parsed.pop("ResponseMetadata")
        assert told["RequestId"] == "rid-1"
        assert _plain(parsed) == _plain(result), operation.name
        ET.fromstring(response.body)  # noqa: S314  # our own answer, by a strict parser


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value


def test_faults_are_read_back_by_botocore() -> None:
    """Code, message and request id of a rendered fault are what botocore finds."""
    parser = create_parser("query")
    for service in SERVICES.values():
        fault = Fault("NoSuchEntity", "The user with name <é> cannot be found.", 404)

        response = render(fault, service, "rid-1")

        parsed = parser.parse(
            {
                "status_code": 404,
                "headers": dict(response.headers),
                "body": response.body,
            },
            None,
        )
        assert parsed["Error"]["Code"] == "NoSuchEntity"
        assert parsed["Error"]["Message"] == fault.message
        assert parsed["ResponseMetadata"]["RequestId"] == "rid-1"
