"""A second telling of what an IAM account holds: plain dicts, written from the facts.

Nothing here is taken from `src`. Names are looked up in lower case (facts 10.1); what
an entity is called, where it is and what hangs on it are plain fields.
Where the facts do not say which of several refusals comes first, all of them are
given, and any one is right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Params = Mapping[str, Any]
Told = dict[str, Any]
"""What the answer must hold at least, spelled as clients see it."""

ANY: Final = "any text"
"""A message that the facts do not give."""

ALLOW, DENY, SILENT = "allow", "deny", "silent"
READ, CHANGE = "only reading", "only one's password"
DOCUMENTS: Final = {
    ALLOW: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}',
    DENY: '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}',
    SILENT: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}',
}
"""By what they say to operations of IAM."""

GRANTING: Final = {"GetUser": {ALLOW, READ}, "ChangePassword": {ALLOW, CHANGE}}
"""What allows a user to call it about oneself."""

AWS_POLICIES: Final = {
    "AdministratorAccess": ALLOW,
    "AmazonS3FullAccess": SILENT,
    "PowerUserAccess": SILENT,
    "ReadOnlyAccess": READ,
    "IAMFullAccess": ALLOW,
    "IAMReadOnlyAccess": READ,
    "IAMUserChangePassword": CHANGE,
    "AmazonEC2FullAccess": SILENT,
    "AmazonS3ReadOnlyAccess": SILENT,
    "AmazonDynamoDBFullAccess": SILENT,
    "AmazonSQSFullAccess": SILENT,
    "AmazonSNSFullAccess": SILENT,
}
"""Some of AWS's own, by the same question."""

MOST: Final = {
    "AccessKeysPerUser": 2,
    "GroupsPerUser": 10,
    "PoliciesPerUser": 10,
    "PoliciesPerGroup": 10,
    "PoliciesPerRole": 10,
    "MFADevicesPerUser": 8,
    "InstanceSessionsPerInstanceProfile": 1,
}
VERSIONS, TAGS = 5, 50


class Refused(Exception):  # noqa: N818 - an answer, not a mistake
    """The call is refused, for one of these reasons: code and message."""

    def __init__(self, *causes: tuple[str, str]) -> None:
        super().__init__(*causes)
        self.causes = causes


def refuse(*causes: tuple[bool, str, str]) -> None:
    """Nothing, when none of the causes holds: each is a condition, code and message."""
    found = [(code, message) for holds, code, message in causes if holds]
    if found:
        raise Refused(*found)


def unknown(message: str) -> Refused:
    """404."""
    return Refused(("NoSuchEntity", message))


def full(quota: str, present: int) -> tuple[bool, str, str]:
    """The cause that a quota has no room for one more."""
    most = MOST[quota]
    return (
        present >= most,
        "LimitExceeded",
        f"Cannot exceed quota for {quota}: {most}",
    )


@dataclass(eq=False)
class Owner:
    """A user, group or role; equal to itself only, whatever its name."""

    kind: str
    name: str
    path: str
    boundary: str = ""
    id: str = ""
    tags: dict[str, tuple[str, str]] = field(default_factory=dict)
    inline: dict[str, str] = field(default_factory=dict)
    attached: set[str] = field(default_factory=set)
    groups: set["Owner"] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)
    """Access key id to status."""
    password: str = ""
    must_reset: bool = False
    credentials: dict[str, str] = field(default_factory=dict)
    """Service-specific credential id to status."""
    description: str = ""
    longest: int = 3600
    wrong_passwords: dict[str, list[int]] = field(default_factory=dict)
    """By key, when wrong old passwords were told, since the last right one."""


@dataclass(eq=False)
class Policy:
    """A managed policy of the account."""

    name: str
    path: str
    versions: dict[int, str]
    description: str
    default: int = 1
    next: int = 2
    id: str = ""
    tags: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(eq=False)
class Device:
    """A virtual MFA device, and how far it was used."""

    serial: str
    seed: str = ""
    user: Owner | None = None
    drift: int = 0
    used: int = -1
    """The newest step whose code was used."""
    tags: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(eq=False)
class InstanceProfile:
    """An instance profile."""

    name: str
    path: str
    role: Owner | None = None
    id: str = ""
    tags: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Provider:
    """An OIDC provider."""

    url: str
    clients: list[str]
    thumbprints: list[str]


@dataclass
class Estate:
    """One account."""

    id: str
    root_keys: dict[str, str]
    now: int
    owners: dict[str, dict[str, Owner]] = field(
        default_factory=lambda: {"User": {}, "Group": {}, "Role": {}}
    )
    policies: dict[str, Policy] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    profiles: dict[str, InstanceProfile] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)
    alias: str = ""
    password_policy: Told = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    """Every unique id that was ever given out."""

    @property
    def users(self) -> dict[str, Owner]:
        """Users by folded name."""
        return self.owners["User"]

    def arn(self, kind: str, path: str, name: str) -> str:
        """An ARN of this account."""
        return f"arn:aws:iam::{self.id}:{kind}{path}{name}"

    def owner_arn(self, owner: Owner) -> str:
        """A user's, group's or role's."""
        return self.arn(owner.kind.lower(), owner.path, owner.name)

    def owner(self, kind: str, params: Params) -> Owner:
        """The one that the call names."""
        name = params[f"{kind}Name"]
        found = self.owners[kind].get(name.lower())
        if found is None:
            raise unknown(f"The {kind.lower()} with name {name} cannot be found.")
        return found

    def policy_arn(self, policy: Policy) -> str:
        """A managed policy's."""
        return self.arn("policy", policy.path, policy.name)

    def policy_at(self, arn: str) -> Policy | None:
        """The account's policy with this ARN."""
        found = (one for one in self.policies.values() if self.policy_arn(one) == arn)
        return next(found, None)

    def is_attachable(self, arn: str) -> bool:
        """Whether there is such a policy, of the account or AWS."""
        return says_of_aws(arn) is not None or self.policy_at(arn) is not None

    def says(self, arn: str) -> str:
        """What a policy's version in force says."""
        policy = self.policy_at(arn)
        if policy is not None:
            return policy.versions[policy.default]
        said = says_of_aws(arn)
        assert said is not None, arn
        return said

    def may(self, operation: str, user: Owner) -> bool:
        """Whether the user may call it about himself, by all policies that are his."""
        whose = (user, *user.groups)
        said = {document for one in whose for document in one.inline.values()}
        said |= {self.says(arn) for one in whose for arn in one.attached}
        limit = self.says(user.boundary) if user.boundary else ALLOW
        granting = GRANTING[operation]
        return DENY not in said and bool(said & granting) and limit in granting

    def all_owners(self) -> list[Owner]:
        """Users, groups and roles."""
        return [one for kind in self.owners.values() for one in kind.values()]


Operation = Callable[[Estate, Params], Told]


def aws_arn(name: str) -> str:
    """The ARN of one of AWS's policies."""
    return f"arn:aws:iam::aws:policy/{name}"


def says_of_aws(arn: str) -> str | None:
    """What one of AWS's policies says; None when it is none of those we use."""
    return AWS_POLICIES.get(arn.removeprefix("arn:aws:iam::aws:policy/"))


def shown(tags: Mapping[str, tuple[str, str]]) -> list[dict[str, str]]:
    """Tags as lists show them: sorted by key, upper case first (facts 10.9)."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.values())]


def must_wait(wrong: list[int], now: int) -> bool:
    """Five are free; then 30 s, 60 s, 120 s … up to an hour after the last one (T9)."""
    if len(wrong) < 5:
        return False
    return now - wrong[-1] < min(30 * 2 ** (len(wrong) - 5), 3600)


def tagged(
    old: Mapping[str, tuple[str, str]], params: Params, fold: Callable[[str], str]
) -> dict[str, tuple[str, str]]:
    """The tags after a call that sets some."""
    given = [(tag["Key"], tag["Value"]) for tag in params.get("Tags", [])]
    new = {fold(key): (key, value) for key, value in given}
    twice = "Duplicate tag keys found."
    if fold is str.lower:
        twice += " Please note that Tag keys are case insensitive."
    result = {**old, **new}
    refuse(
        (len(new) < len(given), "InvalidInput", twice),
        (
            len(result) > TAGS,
            "LimitExceeded",
            "The number of tags has reached the maximum limit.",
        ),
    )
    return result


def as_written(key: str) -> str:
    """Tag keys of resources differ by their letters' case, too (facts 10.8)."""
    return key


def accepts_default_password(text: str, user: Owner) -> bool:
    """AWS's default: eight characters, three kinds of them, not the user's name."""
    kinds = (str.isupper, str.islower, str.isdigit, lambda one: not one.isalnum())
    has = sum(any(kind(one) for one in text) for kind in kinds)
    return len(text) >= 8 and has >= 3 and text.lower() != user.name.lower()
