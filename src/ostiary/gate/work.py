"""Store transactions off the event loop.

One thread writes, so that commits reach the snapshot in the order of their
revisions; a few threads read. Decisions never wait for either.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ostiary.store.port import Change, Reader
from ostiary.store.sql import SqlStore

T = TypeVar("T")

READERS = 2

AfterChange = Callable[[int], Awaitable[None]]
"""Told the revision of a change that is committed and in the snapshot."""


class Work:
    """Runs functions over store transactions, in threads of its own.

    Args:
        store: where the transactions happen.
        after_change: awaited before a change is done; None where nobody else has to
            hear of it first.
    """

    def __init__(
        self, store: SqlStore, after_change: AfterChange | None = None
    ) -> None:
        self.store = store
        self._after_change = after_change
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(READERS, "store-reader")

    async def read(self, act: Callable[[Reader], T]) -> T:
        """What `act` returns, given a consistent view."""

        def run() -> T:
            with self.store.read() as view:
                return act(view)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def change(self, act: Callable[[Change], T]) -> T:
        """What `act` returns; its change is committed and in the snapshot by then.

        Nothing is awaited after a change that wrote nothing: it has no revision.
        """

        def run() -> tuple[T, int]:
            with self.store.change() as change:
                result = act(change)
            return result, change.revision if change.writes else 0

        loop = asyncio.get_running_loop()
        result, revision = await loop.run_in_executor(self._writer, run)
        if revision and self._after_change is not None:
            await self._after_change(revision)
        return result

    async def call(self, act: Callable[[], T]) -> T:
        """What `act` returns; it only reads, with transactions of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, act)

    async def write(self, act: Callable[[SqlStore], T]) -> T:
        """What `act` returns; it makes its own transactions, in the writing thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, act, self.store)

    def close(self) -> None:
        """Finish what was begun, and stop."""
        self._writer.shutdown()
        self._readers.shutdown()
