"""Changes of the door carry the audit record of their request (P6)."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from ostiary.gate.recorded import Recorded
from ostiary.gate.work import Work
from ostiary.identity.model import ResourcePolicy
from ostiary.store.engine import open_engine, prepare_schema
from ostiary.store.port import Change, Reader
from ostiary.store.sql import SqlStore

T = TypeVar("T")
POLICY = ResourcePolicy(arn="arn:aws:s3:::b", account="1", text="{}", updated=1)


def _recorded(folder: Path) -> tuple[SqlStore, Work, Recorded]:
    engine = open_engine(f"sqlite:///{folder}/store.db")
    prepare_schema(engine)
    store = SqlStore(engine)
    work = Work(store)

    def note(change: Change) -> None:
        change.record("request-1", f'{{"revision":{change.revision}}}')

    return store, work, Recorded(work, note)


def test_the_record_is_in_the_same_transaction(tmp_path: Path) -> None:
    """What is committed has its record; what is rolled back leaves none."""
    store, work, recorded = _recorded(tmp_path)

    def insert(change: Change) -> str:
        change.insert(POLICY)
        return "done"

    def fail(change: Change) -> None:
        change.delete(POLICY)
        raise KeyError

    def count(view: Reader) -> int:
        return view.count(ResourcePolicy)

    assert asyncio.run(recorded.change(insert)) == "done"
    with pytest.raises(KeyError):
        asyncio.run(recorded.change(fail))

    assert asyncio.run(recorded.read(count)) == 1
    records = [row for row in store.audit_records() if "request-1" in row]
    assert len(records) == 1
    work.close()


def test_nothing_else_changes(tmp_path: Path) -> None:
    """Without a record around it, the same work leaves none."""
    store, work, _ = _recorded(tmp_path)

    def insert(change: Change) -> None:
        change.insert(POLICY)

    _run(work.change, insert)

    assert store.audit_records() == []
    work.close()


def _run(call: Callable[..., object], act: Callable[[Change], T]) -> None:
    async def play() -> None:
        await call(act)  # type: ignore[misc]  # a coroutine function

    asyncio.run(play())
