"""Which S3 operation a request is, on which bucket and key.

S3 tells its operations apart by method, by how much of a path there is, and by
query parameters and headers that must be present. The table comes from botocore's
model. A request that fits no operation, or two equally well, is refused; so is a
parameter or `x-amz-` header that its operation does not have (T65, T66).

Bucket and key are decoded here, once, and never normalised (T47): authorization
and forwarding must use these decoded values and not the raw path.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from ostiary.wire.faults import Fault
from ostiary.wire.form import decode, read_pairs
from ostiary.wire.http import Request
from ostiary.wire.presigned import PARAMETERS
from ostiary.wire.service import table
from ostiary.wire.xml import LARGEST, Element, MalformedXMLError, parse

XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]", re.ASCII)
# What stands between a bucket and the base in S3's own host names.
_ENDPOINT = re.compile(r"(?:\A|\.)s3(?:[.-][a-z]{2}(?:-[a-z]+)+-[0-9])?\Z", re.ASCII)
_PORT = re.compile(r":[0-9]*\Z", re.ASCII)
_LONGEST_KEY = 1024
_MOST_DELETES = 1000
_LONGEST_ECHO = 128
# Headers of the protocol, which every operation may carry.
_COMMON = frozenset(
    {
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-decoded-content-length",
        "x-amz-security-token",
        "x-amz-trailer",
        "x-amz-user-agent",
    }
)


class Location(NamedTuple):
    """The bucket and key of a request, decoded; None where the path ends before."""

    bucket: str | None
    key: str | None


class Operation(NamedTuple):
    """What tells one operation apart, from the generated table."""

    name: str
    literal: Mapping[str, str]
    query: Mapping[str, str]
    header: Mapping[str, str]
    prefix: Mapping[str, str]
    required: frozenset[str]
    upload: bool


@cache
def _operations() -> dict[tuple[str, str], tuple[Operation, ...]]:
    found: dict[tuple[str, str], list[Operation]] = {}
    for name, row in table("s3")["operations"].items():
        bound = {**row.get("query", {}), **row.get("header", {})}
        wire = {member: spelled for spelled, member in bound.items()}
        operation = Operation(
            name=name,
            literal=row.get("literal", {}),
            query=row.get("query", {}),
            header=row.get("header", {}),
            prefix=row.get("prefix", {}),
            required=frozenset(wire[member] for member in row.get("required", ())),
            upload=row.get("upload", False),
        )
        found.setdefault((row["method"], row["level"]), []).append(operation)
    return {key: tuple(operations) for key, operations in found.items()}


def locate(request: Request, hosts: tuple[str, ...]) -> Location:
    """Gives the bucket and key, from the host if it names a bucket, else the path.

    `hosts` are the names under which a label is a bucket: with `localhost`, the
    hosts `b.localhost` and `b.s3.localhost` mean the bucket `b`.

    Raises:
        Fault: A path that does not decode, or no possible bucket or key.
    """
    if not request.path.startswith("/"):
        raise _bad_uri()
    rest = request.path[1:]
    bucket = _host_bucket(request.index.get("host", ""), hosts)
    if bucket is None:
        raw_bucket, _, rest = rest.partition("/")
        if not raw_bucket and not rest and request.path == "/":
            return Location(None, None)
        bucket = _decoded(raw_bucket)
    if not _BUCKET.fullmatch(bucket):
        raise Fault("InvalidBucketName", "The specified bucket is not valid.", 400)
    key = _decoded(rest)
    if len(key.encode()) > _LONGEST_KEY:
        raise Fault("KeyTooLongError", "Your key is too long", 400)
    return Location(bucket, key or None)


def _host_bucket(host: str, hosts: tuple[str, ...]) -> str | None:
    name = _PORT.sub("", host)
    # Bytes, since str.lower knows letters that are not ASCII.
    name = name.encode("latin-1", "replace").lower().decode("latin-1")
    for base in hosts:
        if name.endswith(f".{base}"):
            label = name[: -len(base) - 1]
            return _ENDPOINT.sub("", label) or None
    return None


def _decoded(text: str) -> str:
    try:
        return decode(text, plus=False)
    except ValueError as error:
        raise _bad_uri() from error


def _bad_uri() -> Fault:
    return Fault("InvalidURI", "Couldn't parse the specified URI.", 400)


def match(request: Request, location: Location) -> tuple[Operation, dict[str, Any]]:
    """Gives the one operation that a request is, with its parameters.

    Raises:
        Fault: No operation fits, or more than one, or something does not belong.
    """
    level = "service"
    if location.bucket is not None:
        level = "bucket" if location.key is None else "object"
    candidates = _operations().get((request.method, level), ())
    if not candidates:
        raise Fault(
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
            405,
        )
    query = _query(request.query)
    told = query.pop("x-id", None)
    present = query.keys() | request.index.keys()
    fitting = [
        operation
        for operation in candidates
        if all(query.get(name) == value for name, value in operation.literal.items())
        and operation.required <= present
        and query.keys() <= operation.query.keys() | operation.literal.keys()
    ]
    operation = _most_particular(fitting)
    if told is not None and told != operation.name:
        raise _not_implemented("x-id", "query")
    return operation, _params(request, query, operation)


def _most_particular(fitting: list[Operation]) -> Operation:
    ranked = sorted(fitting, key=lambda o: (len(o.literal), len(o.required)))
    if not ranked:
        raise _not_implemented("", "query")
    best = ranked[-1]
    if len(ranked) > 1:
        other = ranked[-2]
        if (len(other.literal), len(other.required)) == (
            len(best.literal),
            len(best.required),
        ):
            raise _not_implemented("", "query")
    return best


def _not_implemented(name: str, place: str) -> Fault:
    what = "header" if place == "header" else "query parameter"
    extra = {place.capitalize(): name[:_LONGEST_ECHO]} if name else {}
    told = f"A {what} you provided implies functionality that is not implemented."
    return Fault("NotImplemented", told, 501, extra)


def _query(text: str) -> dict[str, str]:
    try:
        pairs = read_pairs(text)
    except Fault as fault:
        raise Fault("InvalidArgument", fault.message, 400) from fault
    return {
        name: value
        for name, value in pairs.items()
        if name not in PARAMETERS and not _is_checksum(name)
    }


def _is_checksum(name: str) -> bool:
    """Tells whether a header of no consequence to authorization has this name.

    Presigning SDKs move these headers into the query, so they may stand there too.
    """
    return name.startswith("x-amz-checksum-") or name == "x-amz-sdk-checksum-algorithm"


def _params(
    request: Request, query: dict[str, str], operation: Operation
) -> dict[str, Any]:
    params: dict[str, Any] = {
        operation.query[name]: value
        for name, value in query.items()
        if name in operation.query
    }
    for name, value in request.index.items():
        member = operation.header.get(name)
        if member is not None:
            params[member] = _copy_source(value) if member == "CopySource" else value
        elif name.startswith("x-amz-"):
            _take_prefixed(name, value, operation, params)
    return params


def _take_prefixed(
    name: str, value: str, operation: Operation, params: dict[str, Any]
) -> None:
    for prefix, member in operation.prefix.items():
        if name.startswith(prefix):
            params.setdefault(member, {})[name[len(prefix) :]] = value
            return
    if name not in _COMMON and not _is_checksum(name):
        raise _not_implemented(name, "header")


def _copy_source(text: str) -> dict[str, str]:
    """Gives the object that a copy reads, decoded once, so it can be authorized."""
    path, _, query = text.partition("?")
    bucket, slash, key = _decoded(path).removeprefix("/").partition("/")
    source = {"Bucket": bucket, "Key": key}
    name, _, version = query.partition("=")
    if query and (name != "versionId" or not version):
        slash = ""
    elif query:
        source["VersionId"] = _decoded(version)
    if not slash or not key or not _BUCKET.fullmatch(bucket):
        raise Fault(
            "InvalidArgument",
            "Copy Source must mention the source bucket and key: "
            "sourcebucket/sourcekey",
            400,
        )
    return source


def read_deletes(request: Request) -> dict[str, Any]:
    """Gives the body of DeleteObjects: every object that it names, and Quiet.

    Raises:
        Fault: Not the document that S3 publishes, too large, or too many objects.
    """
    body = request.body
    if not isinstance(body, bytes):
        body = b"".join(body.chunks()) if body.size <= LARGEST else b""
    try:
        root = parse(body, XMLNS)
    except MalformedXMLError as error:
        raise _malformed_xml() from error
    deletes: dict[str, Any] = {"Objects": []}
    if root.name != "Delete":
        raise _malformed_xml()
    for child in root.children:
        if child.name == "Object":
            deletes["Objects"].append(_delete(child))
        elif child.name == "Quiet" and "Quiet" not in deletes:
            deletes["Quiet"] = child.text == "true"
        else:
            raise _malformed_xml()
    if not 0 < len(deletes["Objects"]) <= _MOST_DELETES:
        raise _malformed_xml()
    return deletes


_DELETE_PARTS = frozenset({"Key", "VersionId", "ETag", "LastModifiedTime", "Size"})


def _delete(element: Element) -> dict[str, str]:
    parts: dict[str, str] = {}
    for child in element.children:
        if child.name not in _DELETE_PARTS or child.name in parts or child.children:
            raise _malformed_xml()
        parts[child.name] = child.text
    if not parts.get("Key"):
        raise _malformed_xml()
    return parts


def _malformed_xml() -> Fault:
    return Fault(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our "
        "published schema",
        400,
    )
