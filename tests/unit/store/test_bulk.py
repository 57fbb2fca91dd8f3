"""Many entities in one change: as if each had been put in alone."""

from pathlib import Path

import pytest

from ostiary.identity.model import Account, Entity, InlinePolicy, Membership, User
from ostiary.identity.model import Group as IAMGroup
from ostiary.store.bulk import insert_all, record_all
from ostiary.store.engine import open_engine, prepare_schema
from ostiary.store.port import AlreadyExistsError, Write
from ostiary.store.sql import SqlStore

ACCOUNT = "123456789012"
MANY = 1200
"""More than one statement takes."""


def user(number: int) -> User:
    """A user."""
    return User(
        id=f"AIDA{number:017d}",
        account=ACCOUNT,
        name=f"User{number}",
        path="/",
        created=number,
        tags=(("n", str(number)),),
        boundary="",
    )


USERS: list[Entity] = [user(number) for number in range(MANY)]
GROUP = IAMGroup(id="AGPA1", account=ACCOUNT, name="g", path="/", created=1)
POLICIES: list[Entity] = [
    InlinePolicy(owner=one.key, name=name, text="{}")
    for one in USERS
    for name in ("a b", "c")
]
MEMBERS: list[Entity] = [Membership(user=one.key, group=GROUP.id) for one in USERS]


@pytest.fixture
def store(tmp_path: Path) -> SqlStore:
    """An empty store with an account."""
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    prepare_schema(engine)
    found = SqlStore(engine, "import")
    with found.change() as change:
        change.insert(Account(id=ACCOUNT, name="a", alias="", created=1))
    return found


def test_many_are_there_and_followed(store: SqlStore) -> None:
    """Other nodes get every write, in order, with keys of one column and of two."""
    with store.change() as change:
        insert_all(change, USERS)
        change.insert(GROUP)
        for some in (POLICIES, MEMBERS, []):
            insert_all(change, some)
        own = list(change.writes)
    expected = [
        Write(kind=type(one), key=one.key, entity=one)
        for one in (*USERS, GROUP, *POLICIES, *MEMBERS)
    ]
    assert own == expected
    assert store.writes_since(1) == (2, expected)


def test_what_was_deleted_is_followed_as_gone(store: SqlStore) -> None:
    """A row that shares the beginning of a key is no substitute for it."""
    first, second, *_ = POLICIES
    with store.change() as change:
        insert_all(change, [first, second])
    with store.change() as change:
        change.delete(first)
    assert store.writes_since(1) == (
        3,
        [
            Write(kind=InlinePolicy, key=first.key, entity=None),
            Write(kind=InlinePolicy, key=second.key, entity=second),
        ],
    )


def test_one_that_is_there_already_refuses_all(store: SqlStore) -> None:
    """And the change can go on: what came before it stays."""
    with store.change() as change:
        change.insert(user(5))
        with pytest.raises(AlreadyExistsError):
            insert_all(change, USERS[:10])
        assert len(change.writes) == 1
    with store.read() as view:
        assert view.list_by(User) == [user(5)]


def test_records_go_with_the_change(store: SqlStore) -> None:
    """All of them, or none when the change is rolled back."""
    with store.change() as change:
        insert_all(change, USERS[:1])
        record_all(change, [("r1", "{1}"), ("r2", "{2}")])
        record_all(change, [])
    with pytest.raises(AlreadyExistsError):
        _record_and_fail(store)
    found = [(request, text) for _, request, text in store.audit_records("import")]
    assert found == [("r1", "{1}"), ("r2", "{2}")]


def _record_and_fail(store: SqlStore) -> None:
    with store.change() as change:
        record_all(change, [("r3", "{3}")])
        insert_all(change, USERS[:1])
