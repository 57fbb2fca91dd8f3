"""An organization: a tree of units whose leaves are accounts, and its policies.

One account manages it and is bound by none of its policies; the others are members.
Ids are those of AWS Organizations: `o-…`, `r-…`, `ou-…`, `p-…`, `h-…`, `car-…`.
"""

from dataclasses import dataclass
from typing import Final

from ostiary.identity.model import AWS, PARTITION, Entity, Tags

ALL_FEATURES: Final = "ALL"
SCP: Final = "SERVICE_CONTROL_POLICY"
RCP: Final = "RESOURCE_CONTROL_POLICY"
POLICY_TYPES: Final = (SCP, RCP)
"""The types of policies that are here; both are enforced."""
RCP_SERVICES: Final = frozenset(
    {
        "aoss",
        "cognito-identity",
        "cognito-idp",
        "dynamodb",
        "ecr",
        "kms",
        "logs",
        "s3",
        "secretsmanager",
        "sqs",
        "sts",
    }
)
"""Prefixes of the services whose resources a resource control policy protects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An organization, with its one root."""

    id: str
    management: str
    """The account that manages it."""
    features: str
    """`ALL`, or `CONSOLIDATED_BILLING`, which has no policies."""
    root: str
    """The root's id."""
    policy_types: str
    """The types of policies that are enabled in the root, joined by blanks."""
    created: int
    tags: Tags
    """The root's."""

    @property
    def key(self) -> str:
        """The id, `o-…`."""
        return self.id

    @property
    def arn(self) -> str:
        """The ARN of the organization itself."""
        return (
            f"arn:{PARTITION}:organizations::{self.management}:organization/{self.id}"
        )

    def arn_of(self, kind: str, tail: str) -> str:
        """The ARN of something in it: an `account`, `ou`, `root`, `policy`."""
        start = f"arn:{PARTITION}:organizations::{self.management}:{kind}"
        return f"{start}/{self.id}/{tail}"

    def has_type(self, policy_type: str) -> bool:
        """Whether policies of the type are enabled."""
        return policy_type in self.policy_types.split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """An organizational unit."""

    id: str
    organization: str
    parent: str
    """The id of the root, or of another unit."""
    name: str
    created: int
    tags: Tags

    @property
    def key(self) -> str:
        """The id, `ou-…`."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An account's place in an organization; the management account has one too."""

    account: str
    organization: str
    parent: str
    """The id of the root or unit that it stands in."""
    name: str
    email: str
    method: str
    """How it came: `CREATED` or `INVITED`."""
    joined: int
    tags: Tags

    @property
    def key(self) -> str:
        """The account's twelve digits: no account is in two organizations."""
        return self.account


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationPolicy:
    """A service control policy or resource control policy."""

    id: str
    organization: str
    type: str
    name: str
    description: str
    text: str
    created: int
    tags: Tags

    @property
    def key(self) -> str:
        """The id, `p-…`."""
        return self.id

    @property
    def is_managed(self) -> bool:
        """Whether it is AWS's own."""
        return self.organization == AWS


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTarget:
    """A policy that is attached to the root, a unit or an account."""

    target: str
    policy: str
    organization: str

    @property
    def key(self) -> str:
        """The target's id and the policy's."""
        return f"{self.target} {self.policy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCreation:
    """How the creation of an account went."""

    id: str
    organization: str
    name: str
    account: str
    """The new account; empty when none was made."""
    failure: str
    """Why none was made; empty when one was."""
    created: int

    @property
    def key(self) -> str:
        """The id of the request, `car-…`."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """A question to an account, which it accepts or declines."""

    id: str
    organization: str
    account: str
    """Who is asked."""
    action: str
    """What is asked: `INVITE`, `APPROVE_ALL_FEATURES`, `ENABLE_ALL_FEATURES`."""
    parent: str
    """The handshake that it belongs to; empty for most."""
    target: str
    """How the invitation named it: the account's id or an address, as JSON."""
    state: str
    notes: str
    created: int
    expires: int
    tags: Tags
    """What the member gets when it joins."""

    @property
    def key(self) -> str:
        """The id, `h-…`."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedService:
    """A service that the organization trusts."""

    organization: str
    service: str
    enabled: int

    @property
    def key(self) -> str:
        """The organization's id and the service's principal."""
        return f"{self.organization} {self.service}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """A member account that administers a service for the organization."""

    account: str
    service: str
    organization: str
    enabled: int

    @property
    def key(self) -> str:
        """The account and the service's principal."""
        return f"{self.account} {self.service}"


ENTITIES: tuple[type[Entity], ...] = (
    Organization,
    Unit,
    Member,
    OrganizationPolicy,
    PolicyTarget,
    AccountCreation,
    Handshake,
    TrustedService,
    Delegation,
)


def _managed(policy_id: str, policy_type: str, principal: str) -> OrganizationPolicy:
    statement = f'"Effect":"Allow",{principal}"Action":"*","Resource":"*"'
    return OrganizationPolicy(
        id=policy_id,
        organization=AWS,
        type=policy_type,
        name=policy_id.removeprefix("p-"),
        description="Allows access to every operation"
        if policy_type == SCP
        else "Allows access to every resource",
        text=f'{{"Version":"2012-10-17","Statement":[{{{statement}}}]}}',
        created=0,
        tags=(),
    )


FULL_ACCESS: Final = {
    SCP: _managed("p-FullAWSAccess", SCP, ""),
    RCP: _managed("p-RCPFullAWSAccess", RCP, '"Principal":"*",'),
}
"""AWS's own policy of each type, which everything has when the type is enabled."""
MANAGED: Final = {policy.id: policy for policy in FULL_ACCESS.values()}
"""The same, by id."""
