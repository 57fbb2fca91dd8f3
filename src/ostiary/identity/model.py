"""The entities that Ostiary remembers, as frozen values.

Every entity has a `key`: one string, unique among its kind, never reused.
Names are not keys: a user who is deleted and made again is somebody else
(facts 3.4, 10.1).
Times are whole seconds since the epoch, UTC.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

Tags = tuple[tuple[str, str], ...]
"""Tag pairs, sorted by key: upper case before lower case, as the API lists them."""

AWS = "aws"
"""The pseudo account that owns AWS-managed policies, as it stands in their ARNs."""

PARTITION = "aws"


class Entity(Protocol):
    """Anything that the store remembers."""

    @property
    def key(self) -> str:
        """One string, unique among its kind, never reused."""
        ...


class KeyStatus(StrEnum):
    """Whether an access key signs."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"


class DeviceKind(StrEnum):
    """What an MFA device is (facts 8.1)."""

    VIRTUAL = "virtual"
    HARDWARE = "hardware"
    FIDO = "fido"
    """A security key: it has no token code, so it never serves API calls (M41)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account: the owner of everything below it."""

    id: str
    name: str
    alias: str
    created: int
    closed: int = 0
    """When it was closed, and its credentials with it; 0 while it is open."""

    @property
    def key(self) -> str:
        """The twelve digits."""
        return self.id

    @property
    def root_arn(self) -> str:
        """The ARN of the root user, which also names the account in policies."""
        return f"arn:{PARTITION}:iam::{self.id}:root"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An IAM user."""

    id: str
    account: str
    name: str
    path: str
    created: int
    tags: Tags
    boundary: str
    """ARN of the permissions boundary; empty when there is none."""

    @property
    def key(self) -> str:
        """The unique id, `AIDA…`."""
        return self.id

    @property
    def arn(self) -> str:
        """The ARN, with the path."""
        return iam_arn(self.account, "user", self.path, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """An IAM group; it is never a principal."""

    id: str
    account: str
    name: str
    path: str
    created: int

    @property
    def key(self) -> str:
        """The unique id, `AGPA…`."""
        return self.id

    @property
    def arn(self) -> str:
        """The ARN, with the path."""
        return iam_arn(self.account, "group", self.path, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """An IAM role."""

    id: str
    account: str
    name: str
    path: str
    created: int
    description: str
    trust: str
    """The trust policy, with principals as unique ids where they exist."""
    max_session: int
    """Longest session in seconds, 3600 to 43200."""
    tags: Tags
    boundary: str

    @property
    def key(self) -> str:
        """The unique id, `AROA…`."""
        return self.id

    @property
    def arn(self) -> str:
        """The ARN, with the path."""
        return iam_arn(self.account, "role", self.path, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A managed policy; its documents are `PolicyVersion`s."""

    arn: str
    id: str
    account: str
    name: str
    path: str
    created: int
    updated: int
    description: str
    default_version: int
    next_version: int
    """The number that the next version gets; numbers are never reused."""
    tags: Tags

    @property
    def key(self) -> str:
        """The ARN: managed policies are named by it everywhere."""
        return self.arn


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """One document of a managed policy."""

    policy: str
    number: int
    text: str
    created: int

    @property
    def key(self) -> str:
        """The policy's ARN and the version."""
        return f"{self.policy} v{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InlinePolicy:
    """A policy that lives inside one user, group or role."""

    owner: str
    name: str
    text: str

    @property
    def key(self) -> str:
        """The owner's unique id and the name."""
        return f"{self.owner} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A managed policy on a user, group or role."""

    account: str
    """The owner's account: a policy of AWS hangs in many accounts."""
    owner: str
    policy: str
    """The policy's ARN."""

    @property
    def key(self) -> str:
        """The owner's unique id and the policy's ARN."""
        return f"{self.owner} {self.policy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A user in a group."""

    user: str
    group: str

    @property
    def key(self) -> str:
        """Both unique ids."""
        return f"{self.user} {self.group}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A long-term access key of a user, or of root."""

    id: str
    account: str
    user: str
    """The user's unique id; empty for the root user."""
    secret: bytes
    """The secret access key, sealed by the vault: SigV4 needs it recoverable."""
    status: str
    created: int

    @property
    def key(self) -> str:
        """The access key id, `AKIA…`."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginProfile:
    """A user's console password."""

    user: str
    password_hash: str
    reset_required: bool
    created: int
    changed: int
    """When this password was set."""
    history: str
    """Hashes of passwords before this one, newest first, as a JSON list."""

    @property
    def key(self) -> str:
        """The user's unique id."""
        return self.user


@dataclass(frozen=True, slots=True, kw_only=True)
class MFADevice:
    """An MFA device, assigned to a user or not yet (facts 8.2)."""

    serial: str
    account: str
    kind: str
    id: str
    """New at each creation: a new device inherits no tries of an old one."""
    seed: bytes
    """The TOTP seed, sealed by the vault; empty for a FIDO device."""
    user: str
    """The user's unique id; empty while unassigned; the account id for root."""
    created: int
    enabled: int
    """When it was enabled; 0 while unassigned."""
    drift: int
    """Steps by which the device's clock differs from ours."""
    last_step: int
    """The newest time step whose code was used; -1 before the first."""
    tags: Tags

    @property
    def key(self) -> str:
        """The serial number: an ARN for a virtual device, printed text for hardware."""
        return self.serial


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePolicy:
    """The policy of a bucket, queue, topic or table, owned by the door."""

    arn: str
    account: str
    text: str
    updated: int

    @property
    def key(self) -> str:
        """The resource's ARN."""
        return self.arn


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedResource:
    """A resource whose ARN does not name its account: an S3 bucket."""

    arn: str
    account: str
    created: int
    state: str
    """What the door must know of it, as JSON (for a bucket: MFA Delete)."""

    @property
    def key(self) -> str:
        """The resource's ARN."""
        return self.arn


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKey:
    """A key that seals session tokens, itself sealed under the master key."""

    id: str
    created: int
    sealed: bytes

    @property
    def key(self) -> str:
        """The key id, as it stands in the clear part of a token."""
        return self.id


def iam_arn(account: str, kind: str, path: str, name: str) -> str:
    """The ARN of an IAM entity, for example `arn:aws:iam::1…:user/dev/Alice`."""
    return f"arn:{PARTITION}:iam::{account}:{kind}{path}{name}"
