"""The snapshot follows the store: own changes at once, others' within 0.1 s (P5)."""

import asyncio
import logging

from ostiary.gate.work import Work
from ostiary.store.port import StoreUnavailableError, Write
from ostiary.store.snapshot import Snapshot
from ostiary.store.sql import SqlStore

log = logging.getLogger("ostiary")

EVERY = 0.1
"""Seconds between two looks for changes that other processes made."""
LONGEST = 2
"""Seconds that anybody waits for a look."""


class Follower:
    """Moves the snapshot, on the event loop's thread only."""

    def __init__(self, store: SqlStore, snapshot: Snapshot, work: Work) -> None:
        self._store = store
        self._snapshot = snapshot
        self._work = work
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.create_future()
        store.subscribe(self._committed)

    def _committed(self, revision: int, writes: list[Write]) -> None:
        """Called in the writing thread right after a commit of this process.

        The move is queued before the change's answer is, so the next request on this
        node sees it.
        """
        before = self._snapshot.revision
        if revision != before + 1:
            # Another process committed in between, or an earlier move is queued still.
            revision, writes = self._store.writes_since(before)
        self._loop.call_soon_threadsafe(self._snapshot.apply, before, revision, writes)

    async def follow(self) -> None:
        """Look for changes of other processes until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            # Whoever asks from here on may ask for what this look does not see.
            waiting, self._next = self._next, self._loop.create_future()
            await self._look()
            waiting.set_result(None)

    async def next_look(self) -> None:
        """Returns after a look that began later than this call; needs `follow`.

        All who wait share one look, so however many ask, the store is read no more
        often for it (T119). Nobody waits longer than for a database that hangs.
        """
        await asyncio.wait([self._next], timeout=LONGEST)

    async def reach(self, revision: int) -> int:
        """The snapshot's revision once it is this one or a later one."""
        while self._snapshot.revision < revision:
            if not await self._look():
                await asyncio.sleep(EVERY)
        return self._snapshot.revision

    async def _look(self) -> bool:
        """Whether the store answered; the snapshot is where the store was then."""
        before = self._snapshot.revision
        try:
            revision, writes = await self._work.call(
                lambda: self._store.writes_since(before)
            )
        except StoreUnavailableError:
            log.warning("the database does not answer; deciding from the snapshot")
            return False
        self._snapshot.apply(before, revision, writes)
        return True
