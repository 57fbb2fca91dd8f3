"""What an account has now, gathered for comparing."""

from collections import defaultdict
from dataclasses import dataclass, field

from ostiary.identity.holdings import InstanceProfile
from ostiary.identity.model import (
    AWS,
    AccessKey,
    Account,
    Attachment,
    Group,
    InlinePolicy,
    Membership,
    Policy,
    PolicyVersion,
    Role,
    User,
)
from ostiary.services.imports.details import Title
from ostiary.store.codec import name_key
from ostiary.store.port import Reader

Owner = User | Group | Role
KINDS: dict[Title, type[User] | type[Group] | type[Role]] = {
    "User": User,
    "Group": Group,
    "Role": Role,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """An account's entities by the questions that a plan asks."""

    account: Account | None
    owners: dict[str, Owner]
    """By unique id."""
    names: dict[tuple[Title, str], Owner]
    """By sort and folded name."""
    policies: dict[str, Policy]
    """The account's own and those of AWS, by ARN."""
    policy_names: dict[str, Policy]
    """The account's own, by folded name."""
    profiles: dict[str, InstanceProfile]
    """By folded name."""
    keys: set[str]
    """Ids of the users that have an access key."""
    versions: dict[str, dict[int, PolicyVersion]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """By the policy's ARN and the number."""
    inline: dict[str, dict[str, InlinePolicy]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """By the owner's id and the policy's name."""
    attached: dict[str, dict[str, Attachment]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """By the owner's id and the policy's ARN."""
    groups: dict[str, dict[str, Membership]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """By the ids of user and group."""


def read_present(view: Reader, account: str) -> Present:
    """What the account has; empty when there is no such account."""
    own = [*view.list_by(Policy, account=account)]
    owners: list[tuple[Title, Owner]] = [
        (title, one)
        for title, kind in KINDS.items()
        for one in view.list_by(kind, account=account)
    ]
    profiles = view.list_by(InstanceProfile, account=account)
    present = Present(
        account=view.find(Account, account),
        owners={one.id: one for _, one in owners},
        names={(title, name_key(one.name)): one for title, one in owners},
        policies={one.arn: one for one in (*own, *view.list_by(Policy, account=AWS))},
        policy_names={name_key(one.name): one for one in own},
        profiles={name_key(one.name): one for one in profiles},
        keys={one.user for one in view.list_by(AccessKey, account=account)},
    )
    _gather_versions(view, present)
    if present.owners:
        _gather_belongings(view, present, account)
    return present


def _gather_versions(view: Reader, present: Present) -> None:
    """Add the policies' documents; those of other accounts are passed over."""
    for version in view.list_by(PolicyVersion):
        if version.policy in present.policies:
            present.versions[version.policy][version.number] = version


def _gather_belongings(view: Reader, present: Present, account: str) -> None:
    """Add what hangs on the owners; what hangs on others is passed over."""
    for policy in view.list_by(InlinePolicy):
        if policy.owner in present.owners:
            present.inline[policy.owner][policy.name] = policy
    for attachment in view.list_by(Attachment, account=account):
        present.attached[attachment.owner][attachment.policy] = attachment
    for membership in view.list_by(Membership):
        if membership.user in present.owners:
            present.groups[membership.user][membership.group] = membership
