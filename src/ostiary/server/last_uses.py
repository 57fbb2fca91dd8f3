"""What was used is remembered now and then, many uses in one transaction.

No request waits for it. A process that is killed loses what it saw since it wrote
last, which is `EVERY` seconds at most.
"""

import asyncio
import logging
from typing import Final

from ostiary.gate.uses import Seen
from ostiary.gate.work import Work
from ostiary.identity.last_use import REPORTS, TRACKING
from ostiary.store.last_uses import Uses
from ostiary.store.port import StoreError

log = logging.getLogger("ostiary")

EVERY: Final = 2.0
"""Seconds between two writes of a process."""


class LastUses:
    """Carries uses from memory to the store."""

    def __init__(self, work: Work, seen: Seen) -> None:
        self._work = work
        self._seen = seen
        self._unwritten = Uses()

    async def run(self) -> None:
        """Writes until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.write()

    async def write(self) -> None:
        """What was seen is in the store, or kept for the next time."""
        uses = self._unwritten or self._seen.take()
        if not uses:
            return
        try:
            await self._work.write(lambda store: store.note_uses(uses))
        except StoreError as error:
            self._unwritten = uses
            log.warning("last uses stay in memory: %s", type(error).__name__)
        else:
            self._unwritten = Uses()


async def forget_old_uses(work: Work, now: float) -> None:
    """What is older than AWS would show is gone; raises StoreError."""
    used, reports = int(now) - TRACKING, int(now) - REPORTS
    await work.write(lambda store: store.forget_uses(used, reports))
