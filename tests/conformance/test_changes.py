"""Changes: all or nothing, one after the other, and followed without a gap."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ostiary.identity.model import User
from ostiary.store.engine import open_engine, prepare_schema
from ostiary.store.port import Store, Write
from ostiary.store.sql import SqlStore
from tests.conformance.racing import PROCESSES, Racer, race
from tests.conformance.samples import ACCOUNT, ALICE, DEVS, user

THREADS = 8
CHANGES = 10


def change_and_fail(store: Store) -> None:
    """Write and record several things, and raise LookupError after all."""
    with store.change() as change:
        change.replace(replace(ALICE, name="Bob"))
        change.insert(DEVS)
        change.record("r0", "lost")
        raise LookupError


def test_a_change_that_raises_never_was(store: Store) -> None:
    """Neither entities nor revision nor log remember it."""
    with store.change() as change:
        change.insert(ALICE)
    before = store.everything()
    with pytest.raises(LookupError):
        change_and_fail(store)
    assert store.everything() == before
    assert store.writes_since(before[0]) == (before[0], [])
    with store.change() as change:
        assert change.revision == before[0] + 1


def test_a_change_without_writes_takes_no_revision(store: Store) -> None:
    """So whoever follows sees no gap (T114)."""
    with store.change() as change:
        change.insert(ALICE)
        first = change.revision
    with store.change() as change:
        assert change.find(User, ALICE.id) == ALICE
    with store.change() as change:
        change.insert(DEVS)
        assert change.revision == first + 1


def test_the_log_tells_what_changed(store: Store) -> None:
    """Each entity once, as it is now; None for one that is gone."""
    bob = user("Bob")
    with store.change() as change:
        change.insert(ALICE)
        change.insert(bob)
        start = change.revision
    renamed = replace(ALICE, name="Alicia")
    with store.change() as change:
        change.replace(replace(ALICE, name="X"))
        change.insert(DEVS)
    with store.change() as change:
        change.replace(renamed)
        change.delete(bob)
    revision, writes = store.writes_since(start)
    assert revision == start + 2
    assert writes == [
        Write(kind=User, key=ALICE.key, entity=renamed),
        Write(kind=type(DEVS), key=DEVS.key, entity=DEVS),
        Write(kind=User, key=bob.key, entity=None),
    ]
    assert store.writes_since(revision) == (revision, [])


def test_what_a_change_wrote_is_told_after_the_commit_only() -> None:
    """Listeners hear of each committed change, with its number, and of no other."""
    store = _memory()
    heard: list[tuple[int, list[Write]]] = []
    store.subscribe(lambda revision, writes: heard.append((revision, list(writes))))
    with store.change() as change:
        change.insert(ALICE)
        assert heard == []
    with pytest.raises(LookupError):
        change_and_fail(store)
    with store.change():
        pass
    assert heard == [(1, [Write(kind=User, key=ALICE.key, entity=ALICE)])]


def _memory() -> SqlStore:
    engine = open_engine("sqlite://")
    prepare_schema(engine)
    return SqlStore(engine)


@pytest.mark.threat("T115")
def test_a_reader_sees_one_state(shared: SqlStore) -> None:
    """What is committed while a view is open is not in it."""
    with shared.change() as change:
        change.insert(ALICE)
    with shared.read() as view:
        before = view.revision
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_rename, shared, "Bob").result()
        assert view.find(User, ALICE.id) == ALICE
        assert view.revision == before
    with shared.read() as view:
        assert view.find(User, ALICE.id) == replace(ALICE, name="Bob")
        assert view.revision == before + 1


def _rename(store: SqlStore, name: str) -> None:
    with store.change() as change:
        change.replace(replace(ALICE, name=name))


@pytest.mark.threat("T101")
def test_threads_change_one_after_the_other(shared: SqlStore) -> None:
    """A check and the write after it cannot be raced: of eight, one finds the name free."""
    barrier = threading.Barrier(THREADS)

    def take(number: int) -> list[bool]:
        taken = []
        for place in range(CHANGES):
            barrier.wait()
            with shared.change() as change:
                free = change.count(User, account=ACCOUNT, name=f"u{place}") == 0
                if free:
                    change.insert(user(f"u{place}", id=f"AIDA{number}-{place}"))
            taken.append(free)
        return taken

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(take, range(THREADS)))
    assert [sum(places) for places in zip(*outcomes, strict=True)] == [1] * CHANGES


def _write_in_turn(racer: Racer) -> list[int]:
    """The revisions of this process's changes."""
    store = SqlStore(open_engine(racer.url))
    revisions = []
    racer.wait()
    for place in range(CHANGES):
        with store.change() as change:
            change.insert(user(f"{racer.number}-{place}"))
            revisions.append(change.revision)
    return revisions


@pytest.mark.threat("T114")
def test_processes_leave_no_gap_and_a_follower_misses_nothing(
    shared: SqlStore, url: str
) -> None:
    """Revisions of four processes are 1 to 40, and who polls meanwhile hears of all users."""
    done = threading.Event()
    heard: dict[str, int] = {}

    def follow() -> None:
        at = 0
        while True:
            last_look = done.is_set()
            before, (at, writes) = at, shared.writes_since(at)
            assert at >= before
            for write in writes:
                heard[write.key] = heard.get(write.key, 0) + 1
            if last_look:
                return

    with ThreadPoolExecutor(1) as pool:
        follower = pool.submit(follow)
        try:
            revisions = race(_write_in_turn, url)
        finally:
            done.set()
        follower.result(timeout=60)
    total = PROCESSES * CHANGES
    assert sorted(number for numbers in revisions for number in numbers) == list(
        range(1, total + 1)
    )
    assert all(numbers == sorted(numbers) for numbers in revisions)
    assert heard == {entity.key: 1 for entity in shared.everything()[1]}
    assert len(heard) == total


def test_records_are_kept_with_their_change_or_not_at_all() -> None:
    """An audit record shares the fate of its transaction (P6)."""
    store = _memory()
    with store.change() as change:
        change.insert(ALICE)
        change.record("r1", "kept")
    with store.change() as change:
        change.record("r2", "kept without a write")
    with pytest.raises(LookupError):
        change_and_fail(store)
    assert [request for _, request, _ in store.audit_records()] == ["r1", "r2"]
