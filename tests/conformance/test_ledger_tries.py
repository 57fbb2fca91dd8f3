"""Tries at MFA devices: forgotten by those who may, and locked with their device."""

from dataclasses import replace

import pytest
from sqlalchemy.dialects import postgresql

from ostiary.identity.model import AccessKey, MFADevice
from ostiary.store.port import Store, TryRow
from ostiary.store.sql import _locked, where_key
from ostiary.store.tables import TABLES
from tests.conformance.samples import ALICE, DEVICE

KEY = AccessKey(
    id="AKIALIVING",
    account=ALICE.account,
    user=ALICE.id,
    secret=b"sealed",
    status="Active",
    created=0,
)


def tried(credential: str, *, failed: int = 0, succeeded: int = 0) -> TryRow:
    """The tries of a credential at Alice's device."""
    return TryRow(
        device=DEVICE.id,
        credential=credential,
        failures=1,
        last_failure_at=failed,
        last_success_at=succeeded,
    )


def put(store: Store, *rows: TryRow) -> None:
    """Remember tries."""
    with store.ledger() as ledger:
        assert all(ledger.swap_tries(None, row) for row in rows)


def clear_and_fail(store: Store) -> None:
    """Clear the tries, and raise LookupError after all."""
    with store.change() as change:
        change.clear_tries(DEVICE.id)
        raise LookupError


def credentials(store: Store, device: str = DEVICE.id) -> set[str]:
    """Whose tries are remembered."""
    with store.ledger() as ledger:
        return {row.credential for row in ledger.tries(device)}


@pytest.mark.threat("T12")
def test_a_change_that_fails_clears_nothing(store: Store) -> None:
    """Clearing belongs to the change, all or nothing."""
    put(store, tried("A"))
    with pytest.raises(LookupError):
        clear_and_fail(store)
    assert credentials(store) == {"A"}


@pytest.mark.threat("T13")
def test_only_old_tries_of_keys_that_are_gone_are_forgotten(store: Store) -> None:
    """Younger ones count against the device, and a living key keeps its count."""
    with store.change() as change:
        change.insert(ALICE)
        change.insert(KEY)
    put(
        store,
        tried(KEY.id, failed=10),
        tried("old", failed=99),
        tried("failed", failed=100),
        tried("succeeded", failed=10, succeeded=100),
        replace(tried("old"), device="another"),
    )
    with store.ledger() as ledger:
        ledger.forget_tries(DEVICE.id, 100)
    assert credentials(store) == {KEY.id, "failed", "succeeded"}
    assert credentials(store, "another") == {"old"}


@pytest.mark.threat("T1")
def test_whoever_changes_a_device_has_locked_it() -> None:
    """Where rows have locks, reading a device to write it takes one.

    Else a change of tags could put a used step back to what it was (P1). SQLite has
    one writer at a time, and its dialect leaves the words out.
    """
    query = _locked(MFADevice, where_key(MFADevice, DEVICE.serial))
    told = str(query.compile(dialect=postgresql.dialect()))
    assert told.endswith("FOR UPDATE")
    assert TABLES[MFADevice].name in told
