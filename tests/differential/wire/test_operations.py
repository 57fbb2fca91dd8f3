"""Do two tellings agree? Every operation as botocore writes it, and as we read it."""

import random
from typing import Any
from urllib.parse import urlencode, urlsplit

import botocore.session
import pytest
from botocore.awsrequest import prepare_request_dict
from botocore.model import OperationModel, Shape
from botocore.serialize import create_serializer

from ostiary.wire import catalog
from ostiary.wire.http import Request
from ostiary.wire.service import BY_NAME
from scripts.models import S3_LEFT_OUT

# What is carried out here keeps its constraints, which these values do not.
OWN = {"iam", "organizations", "sts"}
SESSION = botocore.session.get_session()
PLAIN: dict[str, Any] = {
    "integer": 1,
    "long": 1,
    "float": 1.5,
    "double": 1.5,
    "boolean": True,
    "timestamp": 1440938160,
    "blob": b"data",
}
# Texts whose place in a request makes them mean something.
PARTICULAR = {
    "Bucket": "bucket",
    "Key": "key/of a+b",
    "CopySource": "/src/key",
    "QueueUrl": "http://localhost:4566/111122223333/q",
}


def operations(name: str) -> list[OperationModel]:
    """Gives a service's operations that are served."""
    model = SESSION.get_service_model(name)
    found = [model.operation_model(o) for o in model.operation_names]
    if name != "s3":
        return found
    return [o for o in found if not o.deprecated and o.name not in S3_LEFT_OUT]


def make(shape: Shape, rng: random.Random, name: str = "", depth: int = 0) -> Any:
    """Gives a value of a shape; optional members may be left out."""
    match shape.type_name:
        case "structure":
            return {
                member: make(inner, rng, member, depth + 1)
                for member, inner in shape.members.items()
                if member in shape.required_members
                or (depth < 4 and rng.random() < 0.4 and member != "Metadata")
            }
        case "list":
            return [make(shape.member, rng, "", depth + 1)]
        case "map":
            return {"k": make(shape.value, rng, "", depth + 1)}
        case "string":
            return PARTICULAR.get(name) or (shape.enum or ["text"])[0]
        case kind:
            return PLAIN[kind]


def arrive(operation: OperationModel, params: dict[str, Any]) -> Request:
    """Gives the request that botocore writes for the operation."""
    model = operation.service_model
    serializer = create_serializer(model.protocol, include_validation=False)
    told = serializer.serialize_to_request(params, operation)
    if isinstance(told["body"], dict):
        told["body"] = urlencode(told["body"]).encode()
    prepare_request_dict(told, "http://localhost:4566")
    parts = urlsplit(told["url"])
    headers = [("host", "localhost:4566")]
    headers += [(n.lower(), str(v)) for n, v in told["headers"].items()]
    body = told["body"]
    if body and not isinstance(body, bytes | str):
        body = body.read()
    return Request(
        method=told["method"],
        path=parts.path,
        query=parts.query,
        headers=tuple(headers),
        body=body.encode() if isinstance(body, str) else body or b"",
        secure=False,
        peer="127.0.0.1",
    )


@pytest.mark.threat("T66")
@pytest.mark.parametrize("name", [n for n in BY_NAME if n not in OWN])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_operation_is_read_as_itself(name: str, seed: int) -> None:
    """What botocore writes for an operation is read as that operation, with its input."""
    rng = random.Random(seed)  # values for tests
    for operation in operations(name):
        shape = operation.input_shape
        params = make(shape, rng) if shape else {}
        arrived = arrive(operation, params)

        target = catalog.read(arrived, BY_NAME[name])

        assert target.operation == operation.name
        if target.protocol == "json":
            assert set(target.params) == set(params), operation.name
        if name == "s3":
            assert target.params.get("Bucket") == params.get("Bucket")
            assert target.params.get("Key") == params.get("Key")
