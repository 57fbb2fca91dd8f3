"""The audit outbox: no change without its record, and no record twice (P6)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ostiary.config import read_settings
from ostiary.gate import audit
from ostiary.gate.audit import AuditLog
from ostiary.gate.work import Work
from ostiary.server.home import Home, join_home, open_home
from ostiary.server.upkeep import Outbox, Upkeep
from ostiary.store.port import Change

Act = Callable[[Home], Awaitable[None]]


def _record(request_id: str) -> str:
    return audit.encode(
        {"eventTime": "2026-01-02T03:04:05Z", "requestID": request_id, "status": 200}
    )


def _stored(home: Home, *request_ids: str) -> None:
    """Records that are in the database, each committed by itself."""
    for request_id in request_ids:
        with home.store.change() as change:
            change.record(request_id, _record(request_id))


def _left(home: Home, writer: str = "") -> list[str]:
    return [request_id for _, request_id, _ in home.store.audit_records(writer)]


def _logged(home: Home) -> list[str]:
    """Request ids in all logs, whole chains only."""
    folder = home.settings.audit_folder
    for path in folder.glob("*.jsonl"):
        audit.verify(folder, path.stem)
    return [
        json.loads(line)["requestID"]
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def _play(folder: Path, act: Act) -> None:
    asyncio.run(act(open_home(read_settings({}, folder / "home"))))


def test_what_a_dead_process_left_gets_into_the_log_once(tmp_path: Path) -> None:
    """Only records whose copy is missing are written, and then all are forgotten."""

    async def act(home: Home) -> None:
        _stored(home, "copied", "lost")
        log = AuditLog(home.settings.audit_folder, "api")
        log.write(_record("copied"), copy_of="copied")
        work = Work(home.store)
        await Upkeep(home, work, log).recover()
        await Upkeep(home, work, log).recover()
        log.close()
        work.close()
        assert _logged(home) == ["copied", "lost"]
        assert _left(home) == []

    _play(tmp_path, act)


def test_only_the_rows_of_the_dead_are_recovered(tmp_path: Path) -> None:
    """A worker that lives writes its own copies, so nobody else does."""

    async def act(home: Home) -> None:
        first = join_home(home.settings, "api-1")
        second = join_home(home.settings, "api-2")
        _stored(first, "by-first")
        _stored(second, "by-second")
        log = AuditLog(home.settings.audit_folder, "api")
        work = Work(home.store)
        await Upkeep(home, work, log).recover("api-1")
        assert _logged(home) == ["by-first"]
        assert _left(home) == ["by-second"]
        await Upkeep(home, work, log).recover()
        assert _logged(home) == ["by-first", "by-second"]
        log.close()
        work.close()

    _play(tmp_path, act)


def test_a_row_is_forgotten_when_its_copy_is_on_disk(tmp_path: Path) -> None:
    """Rows of others, and rows without a copy, stay."""

    async def act(home: Home) -> None:
        second = join_home(home.settings, "api-2")
        _stored(home, "copied", "not-yet")
        _stored(second, "of-another")
        log = AuditLog(home.settings.audit_folder, "api")
        work = Work(home.store)
        outbox = Outbox(work, log)
        await outbox.empty()
        assert len(_left(home)) == 3
        log.write(_record("copied"), copy_of="copied")
        await outbox.empty()
        assert _left(home) == ["not-yet", "of-another"]
        log.write(_record("not-yet"), copy_of="not-yet")
        log.write(_record("no-change"))
        await outbox.empty()
        await outbox.empty()
        assert _left(home) == ["of-another"]
        assert _left(home, "api-2") == ["of-another"]
        log.close()
        work.close()

    _play(tmp_path, act)


def test_many_rows_are_forgotten_at_once(tmp_path: Path) -> None:
    """More rows than one statement takes values."""

    async def act(home: Home) -> None:
        names = [f"r{number}" for number in range(1200)]

        def keep(change: Change) -> None:
            for name in names:
                change.record(name, _record(name))

        with home.store.change() as change:
            keep(change)
        home.store.forget_audit(names[:-1])
        assert _left(home) == names[-1:]

    _play(tmp_path, act)


@pytest.mark.threat("T119")
def test_a_sealing_key_is_made_when_one_is_due(tmp_path: Path) -> None:
    """A young ring is left alone."""

    async def act(home: Home) -> None:
        log = AuditLog(home.settings.audit_folder, "api")
        work = Work(home.store)
        upkeep = Upkeep(home, work, log)
        await upkeep.renew_ring()
        assert len(home.snapshot.sealing_keys) == 1
        revision, _ = home.store.everything()
        (young,) = home.snapshot.sealing_keys.values()
        with home.store.change() as change:
            change.delete(young)
        home.snapshot.apply(revision, revision + 1, change.writes)
        await upkeep.renew_ring()
        with home.store.read() as view:
            assert view.count(type(young)) == 1
        log.close()
        work.close()

    _play(tmp_path, act)
