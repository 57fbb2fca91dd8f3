"""One-time facts: a used step is used, and tries are counted without loss."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ostiary.identity.model import MFADevice
from ostiary.store.engine import open_engine
from ostiary.store.port import Store, TryRow
from ostiary.store.sql import SqlStore
from tests.conformance.racing import PROCESSES, Racer, race
from tests.conformance.samples import ALICE, DEVICE

THREADS = 8
ROUNDS = 10
FIRST = TryRow(
    device=DEVICE.id,
    credential="AKIA1",
    failures=1,
    last_failure_at=5,
    last_success_at=0,
)


def add_device(store: Store) -> None:
    """Alice's device is there."""
    with store.change() as change:
        change.insert(ALICE)
        change.insert(DEVICE)


def burn(
    store: Store, step: int, *, device: str = DEVICE.id, user: str = ALICE.id
) -> bool:
    """Whether the step could be used."""
    with store.ledger() as ledger:
        return ledger.burn(DEVICE.serial, device=device, user=user, step=step)


def burn_and_fail(store: Store, step: int) -> None:
    """Use the step, and raise LookupError after all."""
    with store.ledger() as ledger:
        assert ledger.burn(DEVICE.serial, device=DEVICE.id, user=ALICE.id, step=step)
        raise LookupError


@pytest.mark.threat("T1")
def test_a_step_is_used_once_and_none_before_it_any_more(store: Store) -> None:
    """Time goes forward only."""
    add_device(store)
    assert burn(store, 100)
    assert not burn(store, 100)
    assert not burn(store, 99)
    assert burn(store, 101)
    with store.read() as view:
        assert view.find(MFADevice, DEVICE.serial) == replace(DEVICE, last_step=101)


def test_a_step_of_another_device_or_user_cannot_be_used(store: Store) -> None:
    """Same serial number, but made anew or given to somebody else meanwhile."""
    add_device(store)
    assert not burn(store, 100, device="d2")
    assert not burn(store, 100, user="AIDA2")
    assert burn(store, 100)


def test_a_ledger_that_raises_never_was(store: Store) -> None:
    """What was used in it is unused again."""
    add_device(store)
    with pytest.raises(LookupError):
        burn_and_fail(store, 100)
    assert burn(store, 100)


def test_the_ledger_takes_no_revision(store: Store) -> None:
    """Using a code is nothing that decisions follow."""
    add_device(store)
    before = store.everything()[0]
    burn(store, 100)
    assert store.everything()[0] == before


def test_the_ledger_sees_the_device_as_it_is(store: Store) -> None:
    """With its used step, or None when there is no such device."""
    add_device(store)
    burn(store, 100)
    with store.ledger() as ledger:
        assert ledger.device(DEVICE.serial) == replace(DEVICE, last_step=100)
        assert ledger.device("GAHT00000000") is None


def test_tries_are_swapped_only_for_what_was_seen(store: Store) -> None:
    """A row that changed since it was read is not overwritten (T10)."""
    second = replace(FIRST, failures=2)
    with store.ledger() as ledger:
        assert ledger.swap_tries(None, FIRST)
        assert not ledger.swap_tries(None, second)
        assert ledger.swap_tries(FIRST, second)
        assert not ledger.swap_tries(FIRST, replace(FIRST, failures=3))
        assert ledger.tries(DEVICE.id) == [second]
        assert ledger.tries("d2") == []


def test_tries_are_kept_for_each_credential(store: Store) -> None:
    """One device, two callers, two rows; clearing forgets both and no other device's."""
    other = replace(FIRST, credential="AKIA2")
    elsewhere = replace(FIRST, device="d2")
    with store.ledger() as ledger:
        for row in (FIRST, other, elsewhere):
            assert ledger.swap_tries(None, row)
        assert sorted(row.credential for row in ledger.tries(DEVICE.id)) == [
            "AKIA1",
            "AKIA2",
        ]
    with store.change() as change:
        change.clear_tries(DEVICE.id)
    with store.ledger() as ledger:
        assert ledger.tries(DEVICE.id) == []
        assert ledger.tries("d2") == [elsewhere]


@pytest.mark.threat("T1")
def test_of_many_threads_one_uses_the_step(shared: SqlStore) -> None:
    """Eight threads with one code, round by round: exactly one True each time."""
    add_device(shared)
    barrier = threading.Barrier(THREADS)

    def run(_: int) -> list[bool]:
        outcomes = []
        for step in range(100, 100 + ROUNDS):
            barrier.wait()
            outcomes.append(burn(shared, step))
        return outcomes

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(run, range(THREADS)))
    assert [sum(round_) for round_ in zip(*outcomes, strict=True)] == [1] * ROUNDS


def _burn_and_count(racer: Racer) -> list[bool]:
    """Which steps this process used; every round also adds one failed try."""
    store = SqlStore(open_engine(racer.url))
    outcomes = []
    for step in range(100, 100 + ROUNDS):
        racer.wait()
        outcomes.append(burn(store, step))
        while not _add_failure(store):
            pass
    return outcomes


def _add_failure(store: Store) -> bool:
    with store.ledger() as ledger:
        old = next(iter(ledger.tries(DEVICE.id)), None)
        new = FIRST if old is None else replace(old, failures=old.failures + 1)
        return ledger.swap_tries(old, new)


@pytest.mark.threat("T1", "T10")
def test_of_many_processes_one_uses_the_step_and_no_try_is_lost(
    shared: SqlStore, url: str
) -> None:
    """Four processes with one code, round by round; failures add up to all that happened."""
    add_device(shared)
    outcomes = race(_burn_and_count, url)
    assert [sum(round_) for round_ in zip(*outcomes, strict=True)] == [1] * ROUNDS
    with shared.ledger() as ledger:
        assert [row.failures for row in ledger.tries(DEVICE.id)] == [PROCESSES * ROUNDS]
