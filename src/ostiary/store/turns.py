"""Processes that share a SQLite file write in turn.

SQLite alone waits by sleeping longer and longer, and whoever comes meanwhile goes
first: between two busy workers a change waited for seconds, and some in vain.
Here the one who waits next keeps the others behind him, so nobody overtakes.

Nothing depends on it but patience: SQLite's own lock still keeps writers apart.
A process that dies leaves no turn behind.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ostiary.store.port import StoreUnavailableError

_HELD, _NEXT = 0, 1
"""Bytes of the file that are locked: by who writes, and by who comes next."""

_POLL: Final = 0.0005
"""Seconds between two looks; a change takes some milliseconds."""


@contextmanager
def turn(file: str, patience: float) -> Iterator[None]:
    """While this lasts, no other process has a turn at the same file.

    Args:
        file: an empty file next to the database; it is made if it is not there.
        patience: seconds to wait, about.

    Raises:
        StoreUnavailableError: somebody has had the turn for too long.
    """
    looks = int(patience / _POLL)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        looks = _locked(descriptor, _NEXT, looks)
        _locked(descriptor, _HELD, looks)
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, _NEXT)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int, byte: int, looks: int) -> int:
    """How many looks are left when the byte is ours."""
    while True:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):
            # Either of the two, says the manual.
            if looks <= 0:
                raise StoreUnavailableError("others keep writing") from None
            looks -= 1
            time.sleep(_POLL)
        else:
            return looks
