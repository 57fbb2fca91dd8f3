"""The audit log: chained, whole, and found again."""

import asyncio
import os
import random
import resource
import signal
from pathlib import Path

import pytest

from ostiary.gate import audit
from ostiary.gate.audit import AuditLog, AuditTakenError, AuditUnavailableError


def _log(folder: Path, records: int) -> Path:
    log = AuditLog(folder, "api")
    for number in range(records):
        log.write(audit.encode({"requestID": f"request-{number}"}))
    log.close()
    return log.path


@pytest.mark.threat("T130")
def test_records_name_the_one_before(tmp_path: Path) -> None:
    """An untouched log verifies, also over a restart."""
    _log(tmp_path, 5)
    _log(tmp_path, 5)

    assert audit.verify(tmp_path, "api") == 10


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
            audit.verify(tmp_path, "api")


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    """What was being written when the machine died was never answered."""
    path = _log(tmp_path, 3)
    with path.open("ab") as file:
        file.write(b'{"requestID":"torn","nu')
    _log(tmp_path, 1)

    assert audit.verify(tmp_path, "api") == 4
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
    assert audit.verify(tmp_path, "api") == 1


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
    assert audit.verify(tmp_path, "api") == 50


@pytest.mark.threat("T129")
def test_long_fields_are_cut() -> None:
    """A client-controlled field keeps 4,096 characters."""
    assert audit.field("x" * 5000) == "x" * 4096 + "…"
    assert audit.field("x" * 4096) == "x" * 4096


@pytest.mark.threat("T130")
def test_a_long_log_goes_on_in_another_part(tmp_path: Path) -> None:
    """The chain goes on from part to part, over restarts too, and finds its records."""
    for start in range(0, 30, 10):
        log = AuditLog(tmp_path, "api", part=500)
        for number in range(start, start + 10):
            log.write(audit.encode({"requestID": f"request-{number}"}))
        log.close()
    parts = audit.parts(tmp_path, "api")

    assert list(parts) == list(range(1, len(parts) + 1))
    assert len(parts) > 3
    assert parts[2].name == "api.0002.jsonl"
    assert all(path.stat().st_size < 800 for path in parts.values())
    assert audit.verify(tmp_path, "api") == 30
    for number in range(30):
        found = audit.find(tmp_path, f"request-{number}")
        assert found is not None
        assert found["number"] == number + 1
    parts[2].unlink()
    with pytest.raises(ValueError, match="is not intact"):
        audit.verify(tmp_path, "api")


def test_a_part_without_a_record_follows_the_part_before(tmp_path: Path) -> None:
    """The machine may die right after a new part was made, or in its first record."""
    _log(tmp_path, 3)
    (tmp_path / "api.0002.jsonl").write_bytes(b'{"requestID":"torn"')
    path = _log(tmp_path, 1)

    assert path.name == "api.0002.jsonl"
    assert audit.verify(tmp_path, "api") == 4


def test_the_end_is_found_from_the_end(tmp_path: Path) -> None:
    """A last record longer than what is read at once is found whole."""
    log = AuditLog(tmp_path, "api")
    for size in (1, 70_000, 200_000):
        log.write(audit.encode({"requestID": "x" * size}))
    log.close()
    _log(tmp_path, 1)

    assert audit.verify(tmp_path, "api") == 4


def test_syncs_reach_parts_that_are_full(tmp_path: Path) -> None:
    """A sync covers what was written to the part before, which is closed after it."""

    async def play() -> None:
        log = AuditLog(tmp_path, "api", part=300)
        for number in range(10):
            log.write(audit.encode({"requestID": f"r{number}"}))
        full = list(log._full)
        await log.sync()
        assert full
        assert log._full == []
        for file in full:
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(file)
        log.close()

    asyncio.run(play())


@pytest.mark.threat("T127")
def test_half_a_record_is_taken_back(tmp_path: Path) -> None:
    """What follows a record that the disk took in part is chained to the one before."""
    log = AuditLog(tmp_path, "api")
    log.write('{"requestID":"x"}')
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log._size + 10, limit[1]))
    try:
        with pytest.raises(AuditUnavailableError, match="only a part"):
            log.write('{"requestID":"y"}')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    log.write('{"requestID":"z"}')
    log.close()

    assert audit.verify(tmp_path, "api") == 2


@pytest.mark.threat("T130")
def test_a_log_has_one_writer(tmp_path: Path) -> None:
    """Two processes never write one chain; a log that was closed can be opened."""
    log = AuditLog(tmp_path, "api")
    other = AuditLog(tmp_path, "api-1")
    with pytest.raises(AuditTakenError, match="another server writes"):
        AuditLog(tmp_path, "api")
    log.close()
    other.close()
    AuditLog(tmp_path, "api").close()


def _record(request_id: str, time: str = "2026-01-02T03:04:05Z", **more: int) -> str:
    return audit.encode({"eventTime": time, "requestID": request_id, **more})


def test_missing_copies_are_told(tmp_path: Path) -> None:
    """A copy is the same record, in whichever log; another record is none."""
    for name in ("api-1", "api-2"):
        log = AuditLog(tmp_path, name)
        log.write(_record(f"in-{name}", status=200))
        log.write(_record("refused", status=503))
        log.close()
    kept = {
        request_id: _record(request_id, status=200)
        for request_id in ("in-api-1", "in-api-2", "refused", "nowhere")
    }

    found = audit.missing(tmp_path, kept.items())
    assert found == [kept["refused"], kept["nowhere"]]
    assert audit.missing(tmp_path, []) == []


def test_parts_of_long_ago_are_not_searched(tmp_path: Path) -> None:
    """A copy is never in a file that was last written before its request arrived."""
    log = AuditLog(tmp_path, "api")
    log.write(_record("x"))
    log.close()
    os.utime(log.path, (1_600_000_000, 1_600_000_000))

    assert audit.missing(tmp_path, [("x", _record("x"))]) == [_record("x")]


def test_copies_are_told_once_they_are_on_disk(tmp_path: Path) -> None:
    """Each request id once, and only of records that the database has, too."""

    async def play() -> None:
        log = AuditLog(tmp_path, "api")
        log.write(_record("a"), copy_of="a")
        log.write(_record("b"))
        assert await log.synced_copies() == ["a"]
        log.write(_record("c"), copy_of="c")
        reading, writing = os.pipe()
        kept, log._file = log._file, writing
        with pytest.raises(AuditUnavailableError):
            await log.synced_copies()
        log._file = kept
        os.close(reading)
        os.close(writing)
        assert await log.synced_copies() == ["c"]
        assert await log.synced_copies() == []
        log.close()

    asyncio.run(play())
