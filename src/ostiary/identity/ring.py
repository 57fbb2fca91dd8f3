"""The ring of keys that seal session tokens: which one mints, which still open.

The newest key mints.
An older one opens until every session that it can have sealed has ended, so a
rotation refuses no valid token (T119).
Taking a key off the ring ends its sessions at once; that is the emergency exit.
"""

import re
from dataclasses import dataclass, field
from itertools import pairwise

HOUR = 3600

ROTATION = 24 * HOUR
"""Age in seconds at which the newest key is replaced."""

LONGEST_SESSION = 36 * HOUR
"""The longest life that a session can have (facts 7.1)."""

STRAGGLE = HOUR
"""How long a node that is cut off from the database may mint with an old key."""


_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RingKey:
    """A sealing key, opened."""

    id: str
    """Sixteen hexadecimal digits; they stand in the clear part of a token."""
    created: int
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"sealing key id is `{self.id}`, expected 16 hex digits")
        if len(self.key) != _KEY_BYTES:
            raise ValueError(
                f"sealing key has {len(self.key)} bytes, expected {_KEY_BYTES}"
            )


@dataclass(frozen=True, slots=True)
class Ring:
    """Sealing keys in any order; `EMPTY` before the first start of a store."""

    keys: tuple[RingKey, ...]

    @property
    def newest(self) -> RingKey:
        """The key that mints.

        Raises:
            LookupError: the ring is empty.
        """
        if not self.keys:
            raise LookupError(
                "ring of sealing keys is empty, expected one to mint with"
            )
        return max(self.keys, key=_birth)

    def find(self, key_id: str) -> RingKey | None:
        """The key of this id."""
        for key in self.keys:
            if key.id == key_id:
                return key
        return None


EMPTY = Ring(())


def needs_rotation(ring: Ring, now: float) -> bool:
    """Whether a new key is due: there is none, or the newest is a day old."""
    return not ring.keys or now - ring.newest.created >= ROTATION


def expired(ring: Ring, now: float) -> tuple[RingKey, ...]:
    """The keys whose last session has ended: they can be deleted.

    A key mints until its successor appears, and a little longer on a node that has
    not heard of it; so what counts is the successor's age, not the key's own.
    With rotations on time that is 24 + 36 + 1 hours after the key was made.
    """
    return tuple(
        key
        for key, successor in pairwise(sorted(ring.keys, key=_birth))
        if now - successor.created > LONGEST_SESSION + STRAGGLE
    )


def _birth(key: RingKey) -> tuple[int, str]:
    """What puts keys in order; the same order on every node, even for twins."""
    return key.created, key.id
