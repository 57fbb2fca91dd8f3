"""Store transactions of one request, whose changes carry its audit record (P6)."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from ostiary.store.port import Change, Reader

T = TypeVar("T")
Note = Callable[[Change], None]
"""Puts the audit record of a request into its change."""


class Transactions(Protocol):
    """What reads and changes the store: `Work`, or `Recorded` around it."""

    async def read(self, act: Callable[[Reader], T]) -> T:
        """What `act` returns, given a consistent view."""
        ...

    async def change(self, act: Callable[[Change], T]) -> T:
        """What `act` returns; its change is committed and in the snapshot by then."""
        ...


class Recorded:
    """Transactions whose changes are recorded."""

    def __init__(self, inner: Transactions, note: Note) -> None:
        self._inner = inner
        self._note = note

    async def read(self, act: Callable[[Reader], T]) -> T:
        """What `act` returns, given a consistent view."""
        return await self._inner.read(act)

    async def change(self, act: Callable[[Change], T]) -> T:
        """What `act` returns; the record is in the same transaction."""

        def noted(change: Change) -> T:
            result = act(change)
            self._note(change)
            return result

        return await self._inner.change(noted)
