"""The audit log: one record per request, chained, written before the answer leaves.

Records are CloudTrail-shaped JSON, one a line, ASCII only, in files of the
process's own under `audit/`. Each line carries a number and the hash of the line
before it, so an edited, removed or reordered record is found (T130).

A record reaches the file before its answer does. Records of calls that issue
credentials are also synced to disk first; many of them share one sync. Records of
changes are in the database already, in the change's own transaction (P6); the file
gets a copy.
"""

import asyncio
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FIELD_LIMIT = 4096
"""Characters of one client-controlled field that are kept (T129)."""
GENESIS = "0" * 64
"""The hash that the first record of a log names as its predecessor."""

encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
"""A value as JSON on one line, in ASCII (T129)."""


class AuditUnavailableError(Exception):
    """The log cannot be written: nothing is answered but 503."""


class AuditLog:
    """An append-only file of chained records."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / f"{name}.jsonl"
        self._number, self._previous = _tail(self.path)
        self._file = os.open(
            self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        self._syncer = ThreadPoolExecutor(1, "audit-sync")
        self._written = 0
        self._synced = 0
        self._sync: asyncio.Future[None] | None = None

    def write(self, record: str) -> None:
        """Append the record, a JSON object; the chain is over the line's exact bytes.

        Raises:
            AuditUnavailableError: it is not written.
        """
        number = self._number + 1
        line = (
            f'{record[:-1]},"number":{number},"previous":"{self._previous}"}}'
        ).encode("ascii")
        try:
            written = os.write(self._file, line + b"\n")
        except OSError as error:
            raise AuditUnavailableError(str(error)) from error
        if written != len(line) + 1:
            raise AuditUnavailableError("the disk took only a part of the record")
        self._number = number
        self._previous = hashlib.sha256(line).hexdigest()
        self._written += 1

    async def sync(self) -> None:
        """Everything written so far is on disk afterwards; callers share one sync."""
        target = self._written
        loop = asyncio.get_running_loop()
        while self._synced < target:
            if self._sync is None:
                upto = self._written
                self._sync = loop.run_in_executor(self._syncer, os.fsync, self._file)
                try:
                    await self._sync
                except OSError as error:
                    raise AuditUnavailableError(str(error)) from error
                finally:
                    self._sync = None
                self._synced = max(self._synced, upto)
            else:
                await asyncio.wait([self._sync])

    def close(self) -> None:
        """Sync and close."""
        self._syncer.shutdown()
        os.fsync(self._file)
        os.close(self._file)


def field(text: str) -> str:
    """A client-controlled text, cut to what a record keeps."""
    return text if len(text) <= FIELD_LIMIT else text[:FIELD_LIMIT] + "…"


def _tail(path: Path) -> tuple[int, str]:
    """Number and hash of the last whole record.

    A torn last line (the machine died while writing) is cut off: its request was
    never answered.
    """
    try:
        with path.open("r+b") as file:
            end = _last_line_end(file.read())
            file.truncate(end)
            file.seek(0)
            last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    except FileNotFoundError:
        return 0, GENESIS
    if not last:
        return 0, GENESIS
    return int(json.loads(last)["number"]), hashlib.sha256(last).hexdigest()


def _last_line_end(data: bytes) -> int:
    return data.rfind(b"\n") + 1


def verify(path: Path) -> int:
    """The number of records; raises ValueError naming the first bad one (T130)."""
    previous, number = GENESIS, 0
    with path.open("rb") as file:
        for line in file:
            body = line.rstrip(b"\n")
            try:
                record = json.loads(body)
                good = record["number"] == number + 1 and record["previous"] == previous
            except (ValueError, KeyError, TypeError):
                good = False
            if not good:
                raise ValueError(f"record {number + 1} of `{path.name}` is not intact")
            number += 1
            previous = hashlib.sha256(body).hexdigest()
    return number


def find(folder: Path, request_id: str) -> dict[str, object] | None:
    """The record of a request, from whichever process wrote it."""
    needle = f'"requestID":"{request_id}"'.encode()
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                if needle in line:
                    record: dict[str, object] = json.loads(line)
                    if record.get("requestID") == request_id:
                        return record
    return None
