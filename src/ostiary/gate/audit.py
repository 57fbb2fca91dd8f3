"""The audit log: one record per request, chained, written before the answer leaves.

Records are CloudTrail-shaped JSON, one a line, ASCII only, in files of the
process's own under `audit/`. Each line carries a number and the hash of the line
before it, so an edited, removed or reordered record is found (T130). A log that has
grown long goes on in another part: `api.jsonl`, `api.0002.jsonl`; the chain does too.

A record reaches the file before its answer does. Records of calls that issue
credentials are also synced to disk first; many of them share one sync. Records of
changes are in the database already, in the change's own transaction (P6); the file
gets a copy.
"""

import asyncio
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

FIELD_LIMIT = 4096
"""Characters of one client-controlled field that are kept (T129)."""
GENESIS = "0" * 64
"""The hash that the first record of a log names as its predecessor."""
PART = 256 * 1024**2
"""Bytes after which a log goes on in another file."""
_BLOCK = 64 * 1024
_ID = b'"requestID":"'

encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
"""A value as JSON on one line, in ASCII (T129)."""


class AuditUnavailableError(Exception):
    """The log cannot be written: nothing is answered but 503."""


class AuditTakenError(Exception):
    """Another process writes this log; one chain has one writer."""


class AuditLog:
    """An append-only log of chained records, in one file or more.

    Args:
        folder: where all processes keep their logs.
        name: this process's own; no other may have it at the same time.
        part: bytes after which the log goes on in another file.

    Raises:
        AuditTakenError: another process has this name.
    """

    def __init__(self, folder: Path, name: str, *, part: int = PART) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.name = name
        self._lock = _locked(folder / f".{name}.lock", name)
        self._limit = part
        found = parts(folder, name)
        self._part = max(found, default=1)
        self._number, self._previous = _resume(found.values())
        self._file, self._size = self._open()
        self._full: list[int] = []
        self._syncer = ThreadPoolExecutor(1, "audit-sync")
        self._written = 0
        self._synced = 0
        self._sync: asyncio.Future[None] | None = None
        self._copies: list[str] = []

    @property
    def path(self) -> Path:
        """The file that takes the next record."""
        return part_path(self.folder, self.name, self._part)

    def write(self, record: str, *, copy_of: str = "") -> None:
        """Append the record, a JSON object; the chain is over the line's exact bytes.

        Args:
            record: the object's text.
            copy_of: the request id under which the database has the same record;
                empty when it has none.

        Raises:
            AuditUnavailableError: it is not written.
        """
        number = self._number + 1
        line = (
            f'{record[:-1]},"number":{number},"previous":"{self._previous}"}}'
        ).encode("ascii")
        try:
            if self._size >= self._limit:
                self._continue()
            written = os.write(self._file, line + b"\n")
            if written != len(line) + 1:
                os.ftruncate(self._file, self._size)
                raise AuditUnavailableError("the disk took only a part of the record")
        except OSError as error:
            raise AuditUnavailableError(str(error)) from error
        self._size += written
        self._number = number
        self._previous = hashlib.sha256(line).hexdigest()
        self._written += 1
        if copy_of:
            self._copies.append(copy_of)

    async def synced_copies(self) -> list[str]:
        """Request ids of the copies written since the last call, now on disk.

        Raises:
            AuditUnavailableError: they are not; the next call tells them again.
        """
        copies = list(self._copies)
        await self.sync()
        del self._copies[: len(copies)]
        return copies

    async def sync(self) -> None:
        """Everything written so far is on disk afterwards; callers share one sync."""
        target = self._written
        loop = asyncio.get_running_loop()
        while self._synced < target:
            if self._sync is None:
                upto, full = self._written, list(self._full)
                files = (*full, self._file)
                self._sync = loop.run_in_executor(self._syncer, _fsync, files)
                try:
                    await self._sync
                except OSError as error:
                    raise AuditUnavailableError(str(error)) from error
                finally:
                    self._sync = None
                self._synced = max(self._synced, upto)
                for file in full:
                    self._full.remove(file)
                    os.close(file)
            else:
                await asyncio.wait([self._sync])

    def close(self) -> None:
        """Sync and close."""
        self._syncer.shutdown()
        files = (*self._full, self._file)
        _fsync(files)
        for file in (*files, self._lock):
            os.close(file)

    def _continue(self) -> None:
        """Go on in another part; the full one is closed when it has been synced."""
        self._part += 1
        try:
            opened = self._open()
        except OSError:
            self._part -= 1
            raise
        self._full.append(self._file)
        self._file, self._size = opened

    def _open(self) -> tuple[int, int]:
        """The file that takes the next record, and its size."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        file = os.open(self.path, flags, 0o600)
        try:
            # The file's name is on disk before any record in it counts as synced.
            _fsync_folder(self.folder)
        except OSError:
            os.close(file)
            raise
        return file, os.fstat(file).st_size


def field(text: str) -> str:
    """A client-controlled text, cut to what a record keeps."""
    return text if len(text) <= FIELD_LIMIT else text[:FIELD_LIMIT] + "…"


def part_path(folder: Path, name: str, part: int) -> Path:
    """The file of one part of a log; parts count from 1."""
    return folder / (f"{name}.jsonl" if part == 1 else f"{name}.{part:04d}.jsonl")


def parts(folder: Path, name: str) -> dict[int, Path]:
    """The files of a log by their numbers, oldest first."""
    numbers = [1] if part_path(folder, name, 1).exists() else []
    for path in folder.glob(f"{name}.*.jsonl"):
        number = path.name.removeprefix(f"{name}.").removesuffix(".jsonl")
        if number.isascii() and number.isdigit():
            numbers.append(int(number))
    return {number: part_path(folder, name, number) for number in sorted(numbers)}


def log_names(folder: Path) -> list[str]:
    """The names of all logs in the folder."""
    return sorted({path.name.partition(".")[0] for path in folder.glob("*.jsonl")})


def verify(folder: Path, name: str) -> int:
    """How many records a log has; raises ValueError naming the first bad one (T130)."""
    previous, number = GENESIS, 0
    for path in parts(folder, name).values():
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break  # a server is writing it right now
                body = line.rstrip(b"\n")
                if not _follows(body, number, previous):
                    raise ValueError(
                        f"record {number + 1} in `{path.name}` is not intact"
                    )
                number += 1
                previous = hashlib.sha256(body).hexdigest()
    return number


def find(folder: Path, request_id: str) -> dict[str, object] | None:
    """The record of a request, from whichever process wrote it."""
    needle = _ID + request_id.encode() + b'"'
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                if needle in line:
                    record: dict[str, object] = json.loads(line)
                    if record.get("requestID") == request_id:
                        return record
    return None


def missing(folder: Path, records: Iterable[tuple[str, str]]) -> list[str]:
    """Those of the records, given with their request ids, that no log has yet.

    Each is looked for as it was written, word for word: another record of the same
    request is no copy of it. Files that were last written before the oldest of the
    requests arrived are left out, since a log may be long.
    """
    wanted = {request_id.encode(): record for request_id, record in records}
    if not wanted:
        return []
    oldest = min(map(_time_of, wanted.values()))
    for path in sorted(folder.glob("*.jsonl")):
        if path.stat().st_mtime < oldest:
            continue
        with path.open("rb") as file:
            for line in file:
                request_id = line.partition(_ID)[2].partition(b'"')[0]
                record = wanted.get(request_id)
                if record and line.startswith(record[:-1].encode("ascii")):
                    del wanted[request_id]
    return list(wanted.values())


def _time_of(record: str) -> float:
    """When the request of a record arrived."""
    return datetime.fromisoformat(json.loads(record)["eventTime"]).timestamp()


def _follows(body: bytes, number: int, previous: str) -> bool:
    """Whether a line is the record after this number and hash."""
    try:
        record = json.loads(body)
        return bool(record["number"] == number + 1 and record["previous"] == previous)
    except (ValueError, KeyError, TypeError):
        return False


def _fsync(files: Iterable[int]) -> None:
    for file in files:
        os.fsync(file)


def _fsync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _locked(path: Path, name: str) -> int:
    """A lock that ends with this process, however that ends."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise AuditTakenError(
            f"another server writes the audit log `{name}` in `{path.parent}`; "
            "one home is served by one server"
        ) from None
    return file


def _resume(found: Iterable[Path]) -> tuple[int, str]:
    """Number and hash of the last whole record.

    A torn last line (the machine died while writing) is cut off: its request was
    never answered.
    """
    for path in reversed(list(found)):
        last = _cut_torn(path)
        if last:
            return int(json.loads(last)["number"]), hashlib.sha256(last).hexdigest()
    return 0, GENESIS


def _cut_torn(path: Path) -> bytes:
    """The last whole line, without its end; what stands behind it is cut off."""
    with path.open("r+b") as file:
        data, place = b"", file.seek(0, os.SEEK_END)
        for block, start in _backwards(place):
            file.seek(start)
            data = file.read(block) + data
            place = start
            if data.count(b"\n") > 1:
                break
        whole = data.rfind(b"\n") + 1
        file.truncate(place + whole)
    return data[:whole].rstrip(b"\n").rpartition(b"\n")[2]


def _backwards(end: int) -> Iterator[tuple[int, int]]:
    """Size and start of each block of a file, the last one first."""
    while end > 0:
        start = max(0, end - _BLOCK)
        yield end - start, start
        end = start
