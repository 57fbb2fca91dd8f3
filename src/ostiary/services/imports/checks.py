"""A file as a whole: pages put together, names once, quotas kept.

The quotas are those that AWS raises on request, since a file may come from an account
that asked. What is over the ordinary ones stays, and nothing more gets in beside it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from ostiary.identity.model import AWS
from ostiary.services.iam import quotas
from ostiary.services.iam.documents import size_of
from ostiary.services.imports.details import (
    AccountDetail,
    OwnerDetail,
    PolicyDetail,
    Title,
)
from ostiary.services.imports.entities import read_owner, read_policy
from ostiary.services.imports.faults import Fault, ImportRefused, Place
from ostiary.services.imports.fields import Fields
from ostiary.services.imports.reading import COMMAND, Page, read_pages
from ostiary.store.codec import name_key

MOST: Final = {
    "users": 5000,
    "groups": 500,
    "roles": 5000,
    "managed policies": 5000,
    "instance profiles": 5000,
}
"""Per account."""
_ATTACHED: Final = {"User": 20, "Group": 10, "Role": 25}
_INLINE_SIZE: Final = {
    "User": quotas.USER_POLICY_SIZE,
    "Group": quotas.GROUP_POLICY_SIZE,
    "Role": quotas.ROLE_POLICY_SIZE,
}
_TRUST_SIZE: Final = 8192
_TITLES: Final[dict[str, Title]] = {
    "UserDetailList": "User",
    "GroupDetailList": "Group",
    "RoleDetailList": "Role",
}


def read_accounts(text: str) -> list[AccountDetail]:
    """What the file says of each account; raises ImportRefused with all faults."""
    faults: list[Fault] = []
    found: dict[str, list[Page]] = defaultdict(list)
    owners: dict[str, list[OwnerDetail]] = defaultdict(list)
    policies: dict[str, list[PolicyDetail]] = defaultdict(list)
    for page in read_pages(text):
        own_owners, own_policies, account = _read_page(page, faults)
        if account:
            found[account].append(page)
            owners[account] += own_owners
            policies[account] += own_policies
    for account, pages in found.items():
        faults += _incomplete(pages[-1])
        faults += _twice(owners[account], policies[account])
        faults += _over_quota(owners[account], policies[account], pages[0].place)
    if faults:
        raise ImportRefused(faults)
    return [
        AccountDetail(
            place=pages[0].place,
            id=account,
            owners=tuple(owners[account]),
            policies=tuple(policies[account]),
        )
        for account, pages in found.items()
    ]


def _read_page(
    page: Page, faults: list[Fault]
) -> tuple[list[OwnerDetail], list[PolicyDetail], str]:
    """What stands on a page, and whose it is: empty when nothing says so."""
    fields = Fields(members=page.members, place=page.place, faults=faults)
    before = len(faults)
    owners, policies, account = [], [], page.account
    for member, title in _TITLES.items():
        for one in fields.objects(member):
            named, owner = read_owner(one, title)
            account = _same_account(one, account, named)
            owners.append(owner)
    for one in fields.objects("Policies"):
        named, policy = read_policy(one)
        if named != AWS:
            account = _same_account(one, account, named)
        policies.append(policy)
    if not account and len(faults) == before:
        fields.fault(
            None,
            "found no ARN of an account",
            "put the page under its account id: `{"
            '"111122223333": {…}}`, or leave it out',
        )
    return owners, policies, account


def _same_account(fields: Fields, account: str, named: str) -> str:
    if account and named and named != account:
        fields.fault(
            "Arn",
            f"found the account `{named}`, expected `{account}` as before",
            "one document of a file tells one account; write another behind it",
        )
    return account or named


def _incomplete(page: Page) -> Iterator[Fault]:
    """A fault when the account's last page says that there is more."""
    for member in ("IsTruncated", "NextToken"):
        if page.members.get(member) not in (None, False):
            yield Fault(
                place=page.place.at(member),
                message=f"found `{member}` on the last page, expected the rest",
                help=f"`{COMMAND}` without `--max-items` and `--no-paginate` gives all",
            )


def _twice(
    owners: Iterable[OwnerDetail], policies: Iterable[PolicyDetail]
) -> Iterator[Fault]:
    """Faults for names and ids that stand twice."""
    names: list[tuple[str, str, Place]] = []
    for one in owners:
        names += ((one.title.lower(), one.name, one.place), ("id", one.id, one.place))
        names += (("instance profile", two.name, two.place) for two in one.profiles)
    # One of AWS's may have the name of one of the account's.
    names += ((f"policy of {one.account}", one.name, one.place) for one in policies)
    seen: dict[tuple[str, str], Place] = {}
    for kind, name, place in names:
        first = seen.setdefault((kind, name_key(name)), place)
        if first is not place and name:
            yield Fault(
                place=place,
                message=f"found the {kind} `{name}` twice, first at {first}",
                help="names are the same whatever their letters' case",
            )


def _over_quota(
    owners: list[OwnerDetail], policies: list[PolicyDetail], place: Place
) -> Iterator[Fault]:
    """Faults for what AWS would not let be."""
    counts = Counter(f"{one.title.lower()}s" for one in owners)
    counts["managed policies"] = sum(one.account != AWS for one in policies)
    counts["instance profiles"] = sum(len(one.profiles) for one in owners)
    for what, count in counts.items():
        yield from _within(place, what, count, MOST[what])
    for one in owners:
        yield from _owner_over_quota(one)
    for policy in policies:
        spot = policy.place.at("PolicyVersionList")
        if policy.account == AWS:
            continue
        yield from _within(spot, "versions", len(policy.versions), quotas.VERSIONS)
        for number, version in enumerate(policy.versions):
            at, most = spot.at(number, "Document"), quotas.MANAGED_POLICY_SIZE.most
            yield from _within(at, "characters", size_of(version.text), most)


def _owner_over_quota(one: OwnerDetail) -> Iterator[Fault]:
    place, title = one.place, one.title
    size = sum(map(size_of, one.inline.values()))
    at = place.at(f"{title}PolicyList")
    yield from _within(at, "characters in all", size, _INLINE_SIZE[title])
    at = place.at("AttachedManagedPolicies")
    yield from _within(at, "policies", len(one.attached), _ATTACHED[title])
    at, most = place.at("GroupList"), quotas.GROUPS_OF_USER.most
    yield from _within(at, "groups", len(set(one.groups)), most)
    at = place.at("AssumeRolePolicyDocument")
    yield from _within(at, "characters", size_of(one.trust), _TRUST_SIZE)


def _within(place: Place, what: str, count: int, most: int) -> Iterator[Fault]:
    if count > most:
        message = f"found {count} {what}, expected at most {most}"
        yield Fault(place=place, message=message)
