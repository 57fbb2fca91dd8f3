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


class Follower:
    """Moves the snapshot, on the event loop's thread only."""

    def __init__(self, store: SqlStore, snapshot: Snapshot, work: Work) -> None:
        self._store = store
        self._snapshot = snapshot
        self._work = work
        self._loop = asyncio.get_running_loop()
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
            try:
                await self._catch_up()
            except StoreUnavailableError:
                log.warning("the database does not answer; deciding from the snapshot")

    async def _catch_up(self) -> None:
        before = self._snapshot.revision
        revision, writes = await self._work.call(
            lambda: self._store.writes_since(before)
        )
        self._snapshot.apply(before, revision, writes)
