"""Lists: order, filters, keyset pages."""

import pytest

from ostiary.identity.model import (
    Attachment,
    Entity,
    Membership,
    PolicyVersion,
    User,
)
from ostiary.store.codec import name_key
from ostiary.store.port import Page, Store
from tests.conformance.samples import ACCOUNT, NOW, OTHER, POLICY, group, user

NAMES = ("b", "A", "c", "B2", "a_1", "Z")
ORDER = ["A", "a_1", "b", "B2", "c", "Z"]


@pytest.fixture
def named(store: Store) -> Store:
    """A store with users in two accounts, under three paths."""
    paths = ("/", "/dev/", "/dev/x/", "/DEV/", "/dev-1/", "/d%/")
    with store.change() as change:
        for name, path in zip(NAMES, paths, strict=True):
            change.insert(user(name, path=path))
        change.insert(user("other", account=OTHER))
    return store


def _names(store: Store, page: Page) -> list[str]:
    with store.read() as view:
        return [one.name for one in view.list_by(User, page, account=ACCOUNT)]


def test_lists_are_in_the_order_of_folded_names(named: Store) -> None:
    """Without regard to ASCII case, and code point by code point."""
    assert _names(named, Page()) == ORDER == sorted(NAMES, key=name_key)


@pytest.mark.threat("T102")
@pytest.mark.parametrize("size", range(1, 8))
def test_pages_add_up(named: Store, size: int) -> None:
    """Each page goes on after the last name of the one before."""
    found: list[str] = []
    while page := _names(
        named, Page(after=name_key(found[-1]) if found else "", limit=size)
    ):
        assert len(page) <= size
        found += page
    assert found == ORDER


def test_a_page_goes_on_after_a_name_that_is_gone(named: Store) -> None:
    """The place between two names needs nobody to hold it."""
    assert _names(named, Page(after="b", limit=2)) == ["B2", "c"]
    assert _names(named, Page(after="b1", limit=2)) == ["B2", "c"]
    assert _names(named, Page(after="zz")) == []


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("/", ORDER),
        ("/dev/", ["A", "c"]),
        ("/dev", ["A", "a_1", "c"]),
        ("/DEV/", ["B2"]),
        ("/d%/", ["Z"]),
        ("/d_v/", []),
        ("/dev/x/y/", []),
    ],
)
def test_a_path_prefix_is_the_beginning_of_a_path(
    named: Store, prefix: str, expected: list[str]
) -> None:
    """With case, and without any wildcard (T147)."""
    assert _names(named, Page(path_prefix=prefix)) == expected


def test_a_path_prefix_pages_as_well(named: Store) -> None:
    """Filter and place work together."""
    assert _names(named, Page(path_prefix="/dev", after="a", limit=1)) == ["a_1"]


@pytest.mark.parametrize("path", ["/dev/", "/none/"])
@pytest.mark.parametrize("account", [ACCOUNT, OTHER])
def test_counts_and_filters_agree(named: Store, account: str, path: str) -> None:
    """Any column can be asked for, several at once; names in any case."""
    with named.read() as view:
        assert view.count(User, account=account) == len(
            view.list_by(User, account=account)
        )
        both = view.list_by(User, account=account, path=path)
        assert view.count(User, account=account, path=path) == len(both)
        assert len(both) == (account == ACCOUNT and path == "/dev/")
        assert view.count(User, account=ACCOUNT, name="b2") == 1


@pytest.mark.threat("T102")
def test_pairs_are_paged_from_both_ends(store: Store) -> None:
    """Users of a group and groups of a user, each by the id that is not fixed."""
    users = [user(f"u{number}") for number in range(4)]
    groups = [group(f"g{number}") for number in range(4)]
    pairs = [
        Membership(user=one.id, group=other.id) for one in users for other in groups
    ]
    entities: list[Entity] = [*users, *groups, *pairs]
    with store.change() as change:
        for entity in entities:
            change.insert(entity)
    with store.read() as view:
        members = view.list_by(
            Membership, Page(after=users[0].id, limit=2), group=groups[2].id
        )
        assert [one.user for one in members] == [users[1].id, users[2].id]
        joined = view.list_by(
            Membership, Page(after=groups[0].id, limit=2), user=users[2].id
        )
        assert [one.group for one in joined] == [groups[1].id, groups[2].id]


@pytest.mark.threat("T102")
def test_the_owners_of_a_policy_are_paged_within_an_account(store: Store) -> None:
    """By owner, whatever other accounts hang the same policy on."""
    owners = [f"AIDA{number}" for number in range(5)]
    with store.change() as change:
        change.insert(POLICY)
        for owner in owners:
            change.insert(Attachment(account=ACCOUNT, owner=owner, policy=POLICY.arn))
        change.insert(Attachment(account=OTHER, owner="AIDA25", policy=POLICY.arn))
    with store.read() as view:
        page = Page(after=owners[1], limit=2)
        found = view.list_by(Attachment, page, policy=POLICY.arn, account=ACCOUNT)
        assert [one.owner for one in found] == owners[2:4]
        assert view.count(Attachment, policy=POLICY.arn, account=ACCOUNT) == 5


def test_versions_are_in_the_order_of_their_numbers(store: Store) -> None:
    """As numbers, not as text."""
    numbers = (2, 10, 1, 9)
    with store.change() as change:
        change.insert(POLICY)
        for number in numbers:
            change.insert(
                PolicyVersion(policy=POLICY.arn, number=number, text="{}", created=NOW)
            )
    with store.read() as view:
        assert [
            one.number for one in view.list_by(PolicyVersion, policy=POLICY.arn)
        ] == sorted(numbers)
