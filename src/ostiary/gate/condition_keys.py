"""Which condition keys a need carries, beside those of caller and connection.

A service's `keys` say for each key where its value stands, for which operations
(`in`) and on which types of resource (`on`). A request without the value has no
key: absent is not empty. Keys that AWS has and the door cannot know, such as the
tags of an instance upstream, are never given.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ostiary.gate.needs import ANY, Asked, Resource, Value
from ostiary.gate.organization_resources import policy_type
from ostiary.gate.reading import (
    check_distinct,
    compile_path,
    mapping,
    members,
    scalar,
    tag_pairs,
    text_at,
    text_of,
)
from ostiary.gate.s3_parts import (
    copy_source_name,
    location_constraint,
    write_object_tags,
)
from ostiary.identity.model import Role, Tags, User
from ostiary.policy import UNKNOWN
from ostiary.policy.pattern import fold

Write = Callable[[Asked, Resource, dict[str, Value]], None]
"""Puts one key, or one family of keys, into a context."""


_PLACES = ("from", "by", "of", "is", "family")


class KeyRow(NamedTuple):
    """One row of a service's `keys`, compiled."""

    write: Write
    operations: frozenset[str]
    """Empty for all."""
    types: frozenset[str]
    """Empty for all."""

    def serves(self, operation: str, type_name: str) -> bool:
        """Whether a need of this operation on this type carries the key."""
        return (not self.operations or operation in self.operations) and (
            not self.types or type_name in self.types
        )


def compile_key(name: str, row: Mapping[str, object]) -> KeyRow:
    """One row of `keys`.

    Raises:
        ValueError: it says nothing that is known here.
    """
    places = [place for place in _PLACES if place in row]
    if len(places) != 1:
        raise ValueError(f"`{name}` needs exactly one of {', '.join(_PLACES)}")
    source = row[places[0]]
    match places[0], source:
        case "from", str():
            write = _from_path(name, source)
        case "by", str():
            write = _from_request(name, BY_REQUEST[source])
        case "of", str():
            write = BY_RESOURCE[source](name)
        case "is", str():
            write = _constant(name, source)
        case "family", "object_tags":
            write = write_object_tags
        case _:
            raise ValueError(f"`{name}` has a source that is not a text")
    return KeyRow(write, _names(row.get("in")), _names(row.get("on")))


def compile_tags(pairs: tuple[str, ...], keys: tuple[str, ...]) -> Write:
    """The writer of `aws:RequestTag/…` and `aws:TagKeys`.

    Args:
        pairs: parameters that hold tags.
        keys: parameters that hold tag keys alone.
    """
    either = frozenset(pairs + keys)

    def write(asked: Asked, _: Resource, context: dict[str, Value]) -> None:
        assertion = asked.caller.assertion
        if assertion is not None and assertion.tags:
            # Session tags of an assertion are tags of the request that brings it.
            write_tags(list(assertion.tags), context)
        params = asked.target.params
        if either.isdisjoint(params):
            return
        given: list[tuple[str, str | None]] = []
        for name in pairs:
            if name in params:
                given += tag_pairs(params[name], name)
        for name in keys:
            if name in params:
                given += (
                    (text_of(key, name), None) for key in members(params[name], name)
                )
        write_tags(given, context)

    return write


def write_tags(given: list[tuple[str, str | None]], context: dict[str, Value]) -> None:
    """Puts tags of a request into a context.

    Raises:
        Unclear: two keys differ in nothing but letter case.
    """
    keys = [key for key, _ in given]
    check_distinct(keys)
    for key, value in given:
        if value is not None:
            context[f"aws:RequestTag/{key}"] = value
    context["aws:TagKeys"] = tuple(keys)


def _from_path(name: str, path: str) -> Write:
    read = compile_path(path)
    many = "[]" in path

    def write(asked: Asked, _: Resource, context: dict[str, Value]) -> None:
        values = read(asked)
        if values:
            context[name] = (
                tuple(scalar(value) for value in values) if many else scalar(values[0])
            )

    return write


def _from_request(name: str, by: Callable[[Asked], Value | None]) -> Write:
    def write(asked: Asked, _: Resource, context: dict[str, Value]) -> None:
        value = by(asked)
        if value is not None:
            context[name] = value

    return write


def _constant(name: str, value: str) -> Write:
    def write(_: Asked, __: Resource, context: dict[str, Value]) -> None:
        context[name] = value

    return write


def _names(listed: object) -> frozenset[str]:
    if listed is None:
        return frozenset()
    if not isinstance(listed, list) or not listed:
        raise ValueError(f"`{listed}` is not a list of names")
    return frozenset(str(name) for name in listed)


# --- from the request --------------------------------------------------------------


def _auth_type(asked: Asked) -> str | None:
    """How an S3 request carries its signature; an anonymous one has none."""
    if asked.caller.is_anonymous:
        return None
    signed_in_header = "authorization" in asked.request.index
    return "REST-HEADER" if signed_in_header else "REST-QUERY-STRING"


def _signature_version(asked: Asked) -> str | None:
    return None if asked.caller.is_anonymous else "AWS4-HMAC-SHA256"


def _region(asked: Asked) -> str:
    return asked.region


def _market_type(asked: Asked) -> str:
    """How an instance is bought; without a word about it, on demand."""
    options = asked.target.params.get("InstanceMarketOptions")
    if options is None:
        return "on-demand"
    return text_at(mapping(options, "InstanceMarketOptions"), "MarketType")


def _content_sha256(asked: Asked) -> str | None:
    return asked.request.index.get("x-amz-content-sha256")


def _source_identity(asked: Asked) -> str | None:
    """The one asked for; while chaining, the session's own (facts 5.3)."""
    asked_for = asked.target.params.get("SourceIdentity")
    if isinstance(asked_for, str):
        return asked_for
    session = asked.caller.session
    return session.source_identity or None if session else None


def _session_name(asked: Asked) -> str | None:
    """The one that the assertion gives, or that the request gives to it."""
    assertion = asked.caller.assertion
    return None if assertion is None else assertion.session_name


def _asserted_identity(asked: Asked) -> str | None:
    assertion = asked.caller.assertion
    return None if assertion is None else assertion.source_identity or None


def _asserted_transitive(asked: Asked) -> tuple[str, ...] | None:
    assertion = asked.caller.assertion
    return None if assertion is None else assertion.transitive or None


BY_REQUEST: Mapping[str, Callable[[Asked], Value | None]] = {
    "asserted_identity": _asserted_identity,
    "asserted_transitive": _asserted_transitive,
    "auth_type": _auth_type,
    "content_sha256": _content_sha256,
    "copy_source": copy_source_name,
    "location_constraint": location_constraint,
    "signature_version": _signature_version,
    "market_type": _market_type,
    "organization_policy_type": policy_type,
    "region": _region,
    "session_name": _session_name,
    "source_identity": _source_identity,
}

# --- from the resource -------------------------------------------------------------


def _account(name: str) -> Write:
    def write(_: Asked, resource: Resource, context: dict[str, Value]) -> None:
        if resource.account:
            context[name] = resource.account

    return write


def _tags(prefix: str) -> Write:
    def write(_: Asked, resource: Resource, context: dict[str, Value]) -> None:
        tags: Tags = resource.entity.tags if resource.entity else ()
        seen: set[str] = set()
        for key, value in tags:
            name = fold(key)
            # Policies and devices may have `team` beside `Team`, and as condition keys
            # those are one: whatever tests it is undecided, and nothing else is.
            context[f"{prefix}{name}"] = UNKNOWN if name in seen else value
            seen.add(name)

    return write


def _id(name: str) -> Write:
    """The last part of an ARN, where it is one thing."""

    def write(_: Asked, resource: Resource, context: dict[str, Value]) -> None:
        last = resource.arn.partition("/")[2]
        if last != ANY:
            context[name] = last

    return write


def _boundary(name: str) -> Write:
    def write(_: Asked, resource: Resource, context: dict[str, Value]) -> None:
        entity = resource.entity
        if isinstance(entity, User | Role) and entity.boundary:
            context[name] = entity.boundary

    return write


BY_RESOURCE: Mapping[str, Callable[[str], Write]] = {
    "account": _account,
    "id": _id,
    "boundary": _boundary,
    "tags": _tags,
}
