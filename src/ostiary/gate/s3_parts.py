"""S3's operations on several objects, and the tags that a request gives an object."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from ostiary.gate.needs import Asked, Part, Resource, Unclear, Value
from ostiary.gate.reading import check_distinct, mapping, members, text_at
from ostiary.gate.resources import object_in
from ostiary.wire.faults import Fault
from ostiary.wire.form import read_pairs
from ostiary.wire.s3 import XMLNS
from ostiary.wire.xml import Element, MalformedXMLError, parse

# What a client may leave as it is in x-amz-copy-source. Upstreams read `+`, `#` and
# `;` in different ways, and the header goes on as it came (T65).
_COPY_SOURCE = re.compile(
    r"[A-Za-z0-9._~/%!*'()@:$=-]+(?:\?versionId=[A-Za-z0-9._-]+)?", re.ASCII
)
# Blanks at the ends of a key survive in S3 and are lost in lenient XML readers.
_BLANKS = " \t\r\n"


def _deleted(asked: Asked) -> Iterator[Part]:
    """Each object of DeleteObjects, each with its version."""
    for place, version in _named_for_deletion(asked):
        if version:
            yield Part("DeleteObjectVersion", place, {"s3:versionid": version})
        else:
            yield Part("DeleteObject", place, {})


def _deleted_past_retention(asked: Asked) -> Iterator[Part]:
    for place, _ in _named_for_deletion(asked):
        yield Part("BypassGovernanceRetention", place, {})


def _named_for_deletion(asked: Asked) -> Iterator[tuple[Resource, str]]:
    deletes = mapping(asked.target.params.get("Delete"), "Delete")
    for entry in members(deletes.get("Objects"), "Objects"):
        one = mapping(entry, "Objects")
        key = text_at(one, "Key")
        if key != key.strip(_BLANKS) or "\r" in key:
            raise Unclear("a key in the document has blanks that readers drop")
        version = text_at(one, "VersionId") if "VersionId" in one else ""
        if "VersionId" in one and not version.strip(_BLANKS):
            raise Unclear("a version in the document is empty")
        yield object_in(asked, asked.target.bucket or "", key), version


def _copy_source(asked: Asked) -> Iterator[Part]:
    """The object that CopyObject and UploadPartCopy read."""
    raw = asked.request.index.get("x-amz-copy-source", "")
    if _COPY_SOURCE.fullmatch(raw) is None:
        raise Unclear("x-amz-copy-source has characters that are not encoded")
    source = mapping(asked.target.params.get("CopySource"), "CopySource")
    place = object_in(asked, text_at(source, "Bucket"), text_at(source, "Key"))
    if "VersionId" in source:
        version = text_at(source, "VersionId")
        yield Part("GetObjectVersion", place, {"s3:versionid": version})
    else:
        yield Part("GetObject", place, {})


PARTS: Mapping[str, Callable[[Asked], Iterable[Part]]] = {
    "deleted_objects": _deleted,
    "deleted_past_retention": _deleted_past_retention,
    "copy_source": _copy_source,
}


# --- condition keys ------------------------------------------------------------------


def write_object_tags(asked: Asked, _: Resource, context: dict[str, Value]) -> None:
    """`s3:RequestObjectTag/…`, from the x-amz-tagging header or the document."""
    params = asked.target.params
    if "Tagging" in params:
        pairs = _header_tags(text_at(params, "Tagging"))
    elif asked.target.operation == "PutObjectTagging":
        pairs = _document_tags(asked)
    else:
        return
    check_distinct([key for key, _ in pairs])
    for key, value in pairs:
        context[f"s3:RequestObjectTag/{key}"] = value
    context["s3:RequestObjectTagKeys"] = tuple(key for key, _ in pairs)


def copy_source_name(asked: Asked) -> str:
    """The object that is copied, as `bucket/key`, however the header spelled it."""
    source = mapping(asked.target.params.get("CopySource"), "CopySource")
    return f"{text_at(source, 'Bucket')}/{text_at(source, 'Key')}"


def location_constraint(asked: Asked) -> str | None:
    """The region that a CreateBucket document asks for; absent without one."""
    if not asked.request.body:
        return None
    root = _document(asked, "CreateBucketConfiguration")
    if any(child.name == "Tags" for child in root.children):
        raise Unclear("tags of a bucket at its creation are not read here")
    return next((c.text for c in root.children if c.name == "LocationConstraint"), None)


def _header_tags(text: str) -> list[tuple[str, str]]:
    try:
        return list(read_pairs(text).items())
    except Fault as error:
        raise Unclear("x-amz-tagging cannot be read") from error


def _document_tags(asked: Asked) -> list[tuple[str, str]]:
    root = _document(asked, "Tagging")
    pairs = []
    for tags in root.children:
        for tag in tags.children:
            told = {child.name: child.text for child in tag.children}
            if tags.name != "TagSet" or set(told) != {"Key", "Value"}:
                raise Unclear("a document of tags is not one")
            pairs.append((told["Key"], told["Value"]))
    return pairs


def _document(asked: Asked, name: str) -> Element:
    body = asked.request.body
    try:
        root = parse(body if isinstance(body, bytes) else b"", XMLNS)
    except MalformedXMLError as error:
        raise Unclear(f"the document is not a {name}") from error
    if root.name != name:
        raise Unclear(f"the document is not a {name}")
    return root
