"""The snapshot follows the change log, revision by revision."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.identity.holdings import InstanceProfile
from ostiary.identity.model import Attachment, Group, Membership, User
from ostiary.store.engine import open_engine, prepare_schema
from ostiary.store.port import Write
from ostiary.store.snapshot import GapError, Snapshot
from ostiary.store.sql import SqlStore

ACCOUNT = "111122223333"


def _store(folder: Path) -> SqlStore:
    engine = open_engine(f"sqlite:///{folder}/store.db")
    prepare_schema(engine)
    return SqlStore(engine)


def _user(name: str, number: str = "1") -> User:
    return User(
        id=f"AIDA{name.upper()}{number}",
        account=ACCOUNT,
        name=name,
        path="/",
        created=1,
        tags=(),
        boundary="",
    )


def _group(name: str) -> Group:
    return Group(
        id=f"AGPA{name.upper()}", account=ACCOUNT, name=name, path="/", created=1
    )


def _write(entity: User, *, gone: bool = False) -> Write:
    return Write(kind=User, key=entity.key, entity=None if gone else entity)


def test_names_are_found_without_case() -> None:
    """A user is found by name whatever its letters' case, and by no other letters."""
    snapshot = Snapshot()
    snapshot.load(1, [_user("alice")])

    assert snapshot.user_named(ACCOUNT, "ALICE") is not None
    assert snapshot.user_named(ACCOUNT, "аlice") is None
    assert snapshot.user_named("999999999999", "alice") is None


def _profile(name: str, number: str, path: str = "/") -> InstanceProfile:
    return InstanceProfile(
        id=f"AIPA{number}",
        account=ACCOUNT,
        name=name,
        path=path,
        created=1,
        role="",
        tags=(),
    )


@pytest.mark.threat("T34", "T115")
def test_a_name_that_went_on_stays_where_it_went() -> None:
    """A user got the name that another had left, and the log tells the taker first."""
    snapshot = Snapshot()
    snapshot.load(1, [_user("a", "1"), _user("b", "2")])
    left = replace(_user("a", "1"), name="c")
    took = replace(_user("b", "2"), name="a")
    snapshot.apply(1, 4, [_write(took), _write(left)])

    assert snapshot.user_named(ACCOUNT, "a") == took
    assert snapshot.user_named(ACCOUNT, "c") == left
    assert snapshot.user_named(ACCOUNT, "b") is None


def test_profiles_are_found_by_name_with_their_paths() -> None:
    """After changes and deletions, too, in whichever order the log tells them."""
    snapshot = Snapshot()
    snapshot.load(1, [_profile("Web", "1", "/app/"), _profile("b", "2")])
    prefix = f"arn:aws:iam::{ACCOUNT}:instance-profile"

    def found(name: str) -> str | None:
        return snapshot.arn_named(InstanceProfile, ACCOUNT, name)

    assert found("wEB") == f"{prefix}/app/Web"
    taker = _profile("web", "2", "/x/")
    writes = [
        Write(kind=InstanceProfile, key="AIPA2", entity=taker),
        Write(kind=InstanceProfile, key="AIPA1", entity=None),
    ]
    snapshot.apply(1, 2, writes)
    assert (found("web"), found("b")) == (f"{prefix}/x/web", None)
    gone = Write(kind=InstanceProfile, key="AIPA2", entity=None)
    snapshot.apply(2, 3, [gone])
    assert found("web") is None


@pytest.mark.threat("T34")
def test_a_new_user_of_an_old_name_is_somebody_else() -> None:
    """The name leads to the new id; the old id is gone."""
    snapshot = Snapshot()
    old, new = _user("alice", "1"), _user("alice", "2")
    snapshot.load(1, [old])
    snapshot.apply(1, 2, [_write(old, gone=True)])
    snapshot.apply(2, 3, [_write(new)])

    assert old.id not in snapshot.users
    assert snapshot.user_named(ACCOUNT, "alice") == new


def test_a_renamed_user_leaves_no_name_behind() -> None:
    """After a rename only the new name leads to the user."""
    snapshot = Snapshot()
    user = _user("alice")
    snapshot.load(1, [user])
    renamed = User(
        id=user.id,
        account=ACCOUNT,
        name="alicia",
        path="/",
        created=1,
        tags=(),
        boundary="",
    )
    snapshot.apply(1, 2, [_write(renamed)])

    assert snapshot.user_named(ACCOUNT, "alice") is None
    assert snapshot.user_named(ACCOUNT, "alicia") == renamed


@pytest.mark.threat("T114")
def test_a_gap_is_an_error_and_old_news_changes_nothing() -> None:
    """A snapshot never jumps over a change, and never goes back."""
    snapshot = Snapshot()
    snapshot.load(5, [])
    snapshot.apply(3, 4, [_write(_user("alice"))])

    assert snapshot.users == {}
    with pytest.raises(GapError):
        snapshot.apply(6, 7, [])


def test_listeners_hear_of_every_move() -> None:
    """Caches that depend on the snapshot are told when it moves, and only then."""
    snapshot = Snapshot()
    moves: list[int] = []
    snapshot.listeners.append(lambda: moves.append(snapshot.revision))
    snapshot.load(1, [])
    snapshot.apply(1, 2, [])
    snapshot.apply(1, 2, [])

    assert moves == [1, 2]


@settings(max_examples=30, deadline=None)
@given(
    plan=st.lists(
        st.tuples(
            st.sampled_from(["user", "group", "join", "leave", "drop"]),
            st.sampled_from("abc"),
        ),
        max_size=25,
    )
)
@pytest.mark.threat("T115")
def test_following_equals_loading(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[str, str]]
) -> None:
    """A snapshot that followed every change equals one that was loaded at the end."""
    store = _store(tmp_path_factory.mktemp("plan"))
    follower = Snapshot()
    store.subscribe(
        lambda revision, writes: follower.apply(revision - 1, revision, writes)
    )
    for act, name in plan:
        user, group = _user(name), _group(name)
        member = Membership(user=user.id, group=group.id)
        with store.change() as change:
            match act:
                case "user" if change.find(User, user.id) is None:
                    change.insert(user)
                case "group" if change.find(Group, group.id) is None:
                    change.insert(group)
                case "join" if (
                    change.find(User, user.id)
                    and change.find(Group, group.id)
                    and not change.find(Membership, member.key)
                ):
                    change.insert(member)
                case "leave" if change.find(Membership, member.key):
                    change.delete(member)
                case "drop" if change.find(User, user.id) and not change.find(
                    Membership, member.key
                ):
                    change.delete(user)
                case _:
                    pass
    loaded = Snapshot()
    loaded.load(*store.everything())

    assert follower.users == loaded.users
    assert follower.groups == loaded.groups
    assert follower.groups_of == loaded.groups_of
    assert follower.names == loaded.names
    assert follower.revision == loaded.revision


def test_documents_are_those_of_the_default_version() -> None:
    """An attached policy counts with its default version; a missing one not at all."""
    snapshot = Snapshot()
    attachment = Attachment(
        owner="AIDA1", policy="arn:aws:iam::1:policy/p", account=ACCOUNT
    )
    snapshot.load(1, [attachment])

    assert list(snapshot.documents_of("AIDA1")) == []
    assert list(snapshot.documents_of("AIDA2")) == []
