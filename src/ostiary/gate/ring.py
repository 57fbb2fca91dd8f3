"""The vault as of now: opened again whenever the ring of sealing keys changes."""

from collections.abc import Awaitable, Callable

from ostiary.identity.ids import Mint
from ostiary.identity.ring import expired, needs_rotation
from ostiary.identity.vault import Vault
from ostiary.store.port import Change
from ostiary.store.snapshot import Snapshot

Look = Callable[[], Awaitable[None]]
"""Returns when the snapshot has what the store had at the time of the call."""


class VaultHolder:
    """Holds the vault whose ring is the snapshot's."""

    def __init__(self, vault: Vault, snapshot: Snapshot) -> None:
        self.current = vault
        self.look: Look | None = None
        """None where nothing follows the store."""
        self._snapshot = snapshot
        self._known: frozenset[str] = frozenset()
        self._follow()
        snapshot.listeners.append(self._follow)

    def _follow(self) -> None:
        rows = self._snapshot.sealing_keys
        if self._known != rows.keys():
            ring = self.current.open_ring(rows.values())
            self.current = self.current.with_ring(ring)
            self._known = frozenset(rows)

    async def read_again(self) -> None:
        """The ring holds each key that another process had made before this call.

        Whoever makes up names of keys waits for the next look like everybody else;
        the store is read no more often (T119, T139).
        """
        if self.look is not None:
            await self.look()

    def is_due(self, now: float) -> bool:
        """Whether a new sealing key should be made."""
        return needs_rotation(self.current.ring, now)

    def rotate(self, change: Change, mint: Mint, now: float) -> None:
        """A new sealing key; those whose last session has ended are removed (T119)."""
        change.insert(self.current.new_sealing_key(mint, now))
        for key in expired(self.current.ring, now):
            change.delete(self._snapshot.sealing_keys[key.id])
