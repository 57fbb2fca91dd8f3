"""Writes the compact service tables in src/ostiary/data/models from botocore.

botocore is read here and in tests only; the server reads the tables.
Run it after botocore's pin moves: `.venv/bin/python scripts/models.py`.
`--check` writes nothing and fails when a table is out of step.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.loaders
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape
from botocore.serialize import EC2Serializer, QuerySerializer

FOLDER = Path(__file__).parent.parent / "src/ostiary/data/models"

# The names of lists and maps in SQS's older query protocol. botocore's model has
# moved to JSON and no longer tells them; the SQS API reference of 2012-11-05 does.
SQS_QUERY_NAMES = {
    "AWSAccountIds": "AWSAccountId",
    "Actions": "ActionName",
    "AttributeNames": "AttributeName",
    "Attributes": "Attribute",
    "MessageAttributeNames": "MessageAttributeName",
    "MessageAttributes": "MessageAttribute",
    "MessageSystemAttributeNames": "MessageSystemAttributeName",
    "MessageSystemAttributes": "MessageSystemAttribute",
    "TagKeys": "TagKey",
    "Tags": "Tag",
    "tags": "Tag",
}
# Bucket types and a call that goes to another host: not served behind the door.
S3_LEFT_OUT = {"CreateSession", "ListDirectoryBuckets", "WriteGetObjectResponse"}

_LOADER = botocore.loaders.Loader()


def _model(name: str) -> ServiceModel:
    return ServiceModel(_LOADER.load_service_model(name, "service-2"), name)


def _operations(model: ServiceModel) -> Iterator[OperationModel]:
    for name in sorted(model.operation_names):
        yield model.operation_model(name)


def python_pattern(java: str) -> str:
    r"""Gives a model's regular expression as Python's `re` reads it.

    The models write planes above the first as `\u10000`, which `re` reads as
    `\u1000` and a zero. A class of categories stands alone here, so what only says
    that it is the whole is left out.
    """
    if java.startswith(r"^([\p{") and java.endswith("]*)$"):
        java = java[2:-2]
    return re.sub(r"\\u(10[0-9A-F]{4}|10000)", lambda m: f"\\U{m[1]:0>8}", java)


def _shape(shape: Shape) -> dict[str, Any]:
    row: dict[str, Any] = {"type": shape.type_name}
    match shape.type_name:
        case "structure":
            row["members"] = {k: v.name for k, v in shape.members.items()}
            row["required"] = list(shape.required_members)
        case "list":
            row["member"] = shape.member.name
        case "map":
            row["key"], row["value"] = shape.key.name, shape.value.name
        case _:
            pass
    for name in ("min", "max", "pattern", "enum"):
        if shape.metadata.get(name):
            row[name] = shape.metadata[name]
    if "pattern" in row:
        row["pattern"] = python_pattern(row["pattern"])
    return {k: v for k, v in row.items() if v != []}


def _reach(shape: Shape, into: dict[str, dict[str, Any]]) -> None:
    if shape.name in into:
        return
    into[shape.name] = _shape(shape)
    match shape.type_name:
        case "structure":
            for member in shape.members.values():
                _reach(member, into)
        case "list":
            _reach(shape.member, into)
        case "map":
            _reach(shape.key, into)
            _reach(shape.value, into)
        case _:
            pass


def full(name: str) -> dict[str, Any]:
    """Gives operations with whole shapes, for the services that live here."""
    model = _model(name)
    shapes: dict[str, dict[str, Any]] = {}
    operations, errors = {}, {}
    for operation in _operations(model):
        row: dict[str, Any] = {}
        if operation.input_shape is not None:
            row["input"] = operation.input_shape.name
            _reach(operation.input_shape, shapes)
        if operation.output_shape is not None:
            row["output"] = operation.output_shape.name
            wrapper = operation.output_shape.serialization.get("resultWrapper")
            if wrapper is not None:
                row["wrapper"] = wrapper
            _reach(operation.output_shape, shapes)
        operations[operation.name] = row
        for error in operation.error_shapes:
            told = error.metadata.get("error", {})
            code = told.get("code", error.name)
            errors[code] = told.get("httpStatusCode", 400)
    return {
        "operations": operations,
        "errors": dict(sorted(errors.items())),
        "shapes": dict(sorted(shapes.items())),
    }


def full_json(name: str) -> dict[str, Any]:
    """Gives the same for one that speaks JSON, and each operation's input names."""
    model = _model(name)
    names = {
        o.name: sorted(o.input_shape.members) if o.input_shape is not None else []
        for o in _operations(model)
    }
    return {**full(name), "names": names}


def _wire_names(operation: OperationModel, serializer: Any) -> list[str]:
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return []
    return sorted(
        serializer._get_serialized_name(member, name)  # noqa: SLF001  # botocore's own rule is the source
        for name, member in shape.members.items()
    )


def names(name: str) -> dict[str, Any]:
    """Gives each operation's top-level input names, as the wire spells them."""
    model = _model(name)
    kind = EC2Serializer if model.protocol == "ec2" else QuerySerializer
    serializer = kind()
    return {
        "operations": {o.name: _wire_names(o, serializer) for o in _operations(model)}
    }


_LETTERS = {
    "string": "s",
    "blob": "s",
    "integer": "i",
    "long": "i",
    "float": "n",
    "double": "n",
    "timestamp": "n",
    "boolean": "b",
}


def json_shapes(name: str) -> dict[str, Any]:
    """Gives the types of a JSON service's inputs: what may stand where.

    A scalar is a letter; a list is `["l", element]`, a map `["m", value]`; a
    structure is named, and its members stand under `shapes`.
    """
    shapes: dict[str, dict[str, Any]] = {}

    def kind(shape: Shape) -> Any:
        match shape.type_name:
            case "list":
                return ["l", kind(shape.member)]
            case "map":
                return ["m", kind(shape.value)]
            case "structure":
                if shape.name not in shapes:
                    members = shapes[shape.name] = {}
                    for member, inner in shape.members.items():
                        members[member] = kind(inner)
                return shape.name
            case scalar:
                return _LETTERS[scalar]

    inputs = {
        operation.name: kind(operation.input_shape)
        for operation in _operations(_model(name))
        if operation.input_shape is not None
    }
    return {"inputs": inputs, "shapes": dict(sorted(shapes.items()))}


def sqs() -> dict[str, Any]:
    """Gives SQS's names twice: of its JSON protocol, and of its older query one."""
    table = names("sqs")
    query = {}
    for operation, members in table["operations"].items():
        entry = f"{operation}RequestEntry"
        known = SQS_QUERY_NAMES | {"Entries": entry}
        query[operation] = sorted(known.get(member, member) for member in members)
    return {**table, "query": query}


def _s3_operation(operation: OperationModel) -> dict[str, Any]:
    path, _, literal = operation.http["requestUri"].partition("?")
    shape = operation.input_shape
    members = {} if shape is None else shape.members
    required = set() if shape is None else set(shape.required_members)
    row: dict[str, Any] = {
        "method": operation.http["method"],
        "level": {"/": "service", "/{Bucket}": "bucket"}.get(path, "object"),
        "literal": dict(
            pair.partition("=")[::2] for pair in literal.split("&") if pair
        ),
        "query": {},
        "header": {},
        "prefix": {},
        "required": [],
    }
    for name, member in members.items():
        place = member.serialization.get("location")
        wire = member.serialization.get("name", name)
        if place == "querystring":
            row["query"][wire] = name
        elif place == "header":
            row["header"][wire.lower()] = name
        elif place == "headers":
            row["prefix"][wire.lower()] = name
        if place in {"querystring", "header"} and name in required:
            row["required"].append(name)
    # Whatever has a body that is not the bytes of an object is a document.
    payload = None if shape is None else shape.serialization.get("payload")
    row["upload"] = bool(payload) and members[payload].type_name == "blob"
    return {k: v for k, v in row.items() if v}


def s3() -> dict[str, Any]:
    """Gives what tells S3's operations apart, and where their inputs travel."""
    return {
        "operations": {
            operation.name: _s3_operation(operation)
            for operation in _operations(_model("s3"))
            if not operation.deprecated and operation.name not in S3_LEFT_OUT
        }
    }


def services() -> dict[str, Any]:
    """Gives, by signing name, how each further AWS service speaks."""
    table: dict[str, list[dict[str, str]]] = {}
    for name in _LOADER.list_available_services("service-2"):
        told = _LOADER.load_service_model(name, "service-2")["metadata"]
        row = {
            "protocol": told["protocol"],
            "target": told.get("targetPrefix", ""),
            "json": told.get("jsonVersion", ""),
            "version": told["apiVersion"],
            "xmlns": told.get("xmlNamespace", ""),
        }
        rows = table.setdefault(told.get("signingName", told["endpointPrefix"]), [])
        kept = {k: v for k, v in row.items() if v}
        if kept not in rows:
            rows.append(kept)
    return dict(sorted(table.items()))


MAKERS: dict[str, Callable[[], dict[str, Any]]] = {
    "iam": lambda: full("iam"),
    "sts": lambda: full("sts"),
    "sns": lambda: names("sns"),
    "sqs": sqs,
    "ec2": lambda: names("ec2"),
    "organizations": lambda: full_json("organizations"),
    "organizations-types": lambda: json_shapes("organizations"),
    "dynamodb": lambda: names("dynamodb"),
    "dynamodb-types": lambda: json_shapes("dynamodb"),
    "sqs-types": lambda: json_shapes("sqs"),
    "s3": s3,
    "services": services,
}


def text(name: str) -> str:
    """Gives a table as its file has it."""
    return json.dumps(MAKERS[name](), separators=(",", ":")) + "\n"


def main() -> int:
    """Writes the tables, or with `--check` says which are out of step."""
    stale = []
    for name in MAKERS:
        path, made = FOLDER / f"{name}.json", text(name)
        if "--check" not in sys.argv[1:]:
            path.write_text(made, encoding="utf-8")
            print(f"{name}: {len(made):,} bytes")
        elif not path.exists() or path.read_text(encoding="utf-8") != made:
            stale.append(name)
    for name in stale:
        print(f"out of step with botocore: `{name}`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
