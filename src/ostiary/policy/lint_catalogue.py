"""What lint has to know of AWS's actions and condition keys, and from nobody else.

The engine decides without such a list; only lint asks whether a name is a real one.
Who calls it brings the list: `Catalogue` is what it must be able to answer.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Protocol

from ostiary.policy.pattern import fold

_FAMILY: Final = re.compile(r"[^:/]+:[^:/]+[:/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A condition key.

    Attributes:
        name: as AWS spells it; a family ends in its separator: `aws:ResourceTag/`
        types: `String`, `ARN`, `Bool`, `Numeric`, `Date`, `IPAddress`, `Binary`
        multivalued: a request may have several values for it
        everywhere: it comes with the request or the session, whatever the action
    """

    name: str
    types: frozenset[str]
    multivalued: bool
    everywhere: bool

    @property
    def is_family(self) -> bool:
        """True for keys that a request completes, such as tags."""
        return self.name.endswith(("/", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """A type of resource: its name, and the form of its ARN as AWS writes it."""

    name: str
    arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action: its full name, what it works on, the folded keys that it has.

    Without resource types it has no resource level, and only `*` covers it.
    """

    name: str
    resources: tuple[ResourceType, ...]
    keys: frozenset[str]

    def has_key(self, key: str) -> bool:
        """Whether a request for this action may carry `key`, or its family."""
        return fold(key) in self.keys or family_of(key) in self.keys


def family_of(key: str) -> str:
    """The folded family that `key` would belong to, such as `aws:resourcetag/`."""
    found = _FAMILY.match(fold(key))
    return found.group() if found else ""


class Catalogue(Protocol):
    """AWS's own lists."""

    def services(self) -> Collection[str]:
        """The service prefixes, such as `s3`."""

    def actions(self, service: str) -> Mapping[str, Action]:
        """The actions of a service by folded full name; empty when nobody knows it."""

    def find_key(self, key: str) -> Key | None:
        """The key that `key` is or belongs to, whatever its letter case."""

    def keys(self, prefix: str) -> Collection[str]:
        """The names of the keys with this prefix, such as `aws`."""


def nearest(text: str, names: Collection[str]) -> str | None:
    """The name that `text` most likely should have been, if any is near."""
    by_fold = {fold(name): name for name in names}
    close = get_close_matches(fold(text), by_fold, n=1, cutoff=0.75)
    return by_fold[close[0]] if close else None
