"""The audit log: chained, whole, and found again."""

import asyncio
import random
from pathlib import Path

import pytest

from ostiary.gate import audit
from ostiary.gate.audit import AuditLog, AuditUnavailableError


def _log(folder: Path, records: int) -> Path:
    log = AuditLog(folder, "api")
    for number in range(records):
        log.write(audit.encode({"requestID": f"request-{number}"}))
    log.close()
    return log.path


@pytest.mark.threat("T130")
def test_records_name_the_one_before(tmp_path: Path) -> None:
    """An untouched log verifies, also over a restart."""
    path = _log(tmp_path, 5)
    _log(tmp_path, 5)

    assert audit.verify(path) == 10


@pytest.mark.threat("T130")
def test_every_edit_is_found(tmp_path: Path) -> None:
    """An edited, removed, repeated or swapped record is found, wherever it stands."""
    path = _log(tmp_path, 20)
    whole = path.read_bytes().splitlines(keepends=True)
    chance = random.Random(1)
    for _ in range(300):
        lines = list(whole)
        place = chance.randrange(len(lines) - 1)
        kind = chance.randrange(4)
        if kind == 0:
            at = chance.randrange(len(lines[place]) - 1)
            old = lines[place]
            lines[place] = old[:at] + bytes([old[at] ^ 1]) + old[at + 1 :]
        elif kind == 1:
            del lines[place]
        elif kind == 2:
            lines.insert(place, lines[place])
        else:
            lines[place], lines[place + 1] = lines[place + 1], lines[place]
        path.write_bytes(b"".join(lines))

        with pytest.raises(ValueError, match="is not intact"):
            audit.verify(path)


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    """What was being written when the machine died was never answered."""
    path = _log(tmp_path, 3)
    with path.open("ab") as file:
        file.write(b'{"requestID":"torn","nu')
    _log(tmp_path, 1)

    assert audit.verify(path) == 4
    assert audit.find(tmp_path, "torn") is None


def test_a_record_is_found_by_its_request_id(tmp_path: Path) -> None:
    """`ostiary why` finds the record that the request id names, and no other."""
    _log(tmp_path, 3)

    found = audit.find(tmp_path, "request-2")
    assert found is not None
    assert found["number"] == 3
    assert audit.find(tmp_path, "request-9") is None
    assert audit.find(tmp_path, 'request-2","x":"') is None


@pytest.mark.threat("T127")
def test_a_full_disk_is_an_error_and_not_silence(tmp_path: Path) -> None:
    """A record that cannot be written raises, so that nothing is answered."""
    log = AuditLog(tmp_path, "api")
    with Path("/dev/full").open("wb") as full:
        log._file, kept = full.fileno(), log._file

        with pytest.raises(AuditUnavailableError):
            log.write('{"requestID":"x"}')

        log._file = kept
    log.write('{"requestID":"y"}')
    log.close()
    assert audit.verify(log.path) == 1


def test_many_waiters_share_a_sync(tmp_path: Path) -> None:
    """Whatever was written before `sync` was called is on disk when it returns."""

    async def play() -> None:
        log = AuditLog(tmp_path, "api")

        async def one(number: int) -> None:
            log.write(audit.encode({"requestID": f"r{number}"}))
            await log.sync()
            assert log._synced >= number

        await asyncio.gather(*(one(number) for number in range(50)))
        log.close()

    asyncio.run(play())
    assert audit.verify(tmp_path / "api.jsonl") == 50


@pytest.mark.threat("T129")
def test_long_fields_are_cut() -> None:
    """A client-controlled field keeps 4,096 characters."""
    assert audit.field("x" * 5000) == "x" * 4096 + "…"
    assert audit.field("x" * 4096) == "x" * 4096
