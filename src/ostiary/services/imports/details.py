"""What a file says of an account, read and checked, as frozen values."""

from dataclasses import dataclass, field
from typing import Literal

from ostiary.identity.model import Tags
from ostiary.services.imports.faults import Place

Title = Literal["User", "Group", "Role"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileDetail:
    """An instance profile that holds a role."""

    place: Place
    name: str
    path: str
    id: str
    created: int
    tags: Tags | None
    """None when the file does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerDetail:
    """A user, group or role with all that hangs on it."""

    place: Place
    title: Title
    name: str
    path: str
    id: str
    """The unique id in the file; empty when it has none that could be one here."""
    created: int
    """0 when the file does not say."""
    inline: dict[str, str] = field(default_factory=dict)
    """Policy name to document."""
    attached: tuple[str, ...] = ()
    """ARNs of managed policies, in the file's order."""
    groups: tuple[str, ...] = ()
    boundary: str = ""
    tags: Tags = ()
    trust: str = ""
    """A role's trust policy, with principals as the file spells them."""
    description: str | None = None
    """None when the file does not say, as AWS's never does."""
    max_session: int | None = None
    profiles: tuple[ProfileDetail, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDetail:
    """One document of a managed policy."""

    number: int
    text: str
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDetail:
    """A managed policy, the account's own or one of AWS."""

    place: Place
    arn: str
    account: str
    """`aws` for one of AWS."""
    name: str
    path: str
    id: str
    created: int
    updated: int
    description: str | None
    default_version: int
    versions: tuple[VersionDetail, ...]
    tags: Tags | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDetail:
    """All that a file says of one account."""

    place: Place
    id: str
    owners: tuple[OwnerDetail, ...]
    """Users, groups and roles."""
    policies: tuple[PolicyDetail, ...]
