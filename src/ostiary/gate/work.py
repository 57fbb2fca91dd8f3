"""Store transactions off the event loop.

One thread writes, so that commits reach the snapshot in the order of their
revisions; a few threads read. Decisions never wait for either.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ostiary.store.port import Change, Reader
from ostiary.store.sql import SqlStore

T = TypeVar("T")

READERS = 2


class Work:
    """Runs functions over store transactions, in threads of its own."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(READERS, "store-reader")

    async def read(self, act: Callable[[Reader], T]) -> T:
        """What `act` returns, given a consistent view."""

        def run() -> T:
            with self.store.read() as view:
                return act(view)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def change(self, act: Callable[[Change], T]) -> T:
        """What `act` returns; its change is committed and in the snapshot by then."""

        def run() -> T:
            with self.store.change() as change:
                return act(change)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

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
