"""Ostiary as an issuer of identity tokens: what is remembered, and which key signs.

Accounts switch it on for themselves; the signing keys are the installation's.
A new key is published a while before it signs, so that whoever keeps a copy of the
public keys has it by then; an old one stays published until the last token that it
signed has ended.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

HOUR: Final = 3600

ROTATION: Final = 30 * 24 * HOUR
"""Age in seconds at which the newest key of an algorithm gets a successor."""

ANNOUNCED: Final = 2 * HOUR
"""How long a key is published before it signs, unless it is the first."""

KEPT_BY_OTHERS: Final = HOUR
"""How long others may keep a copy of the public keys: `max-age` of the document."""

LONGEST_TOKEN: Final = HOUR
"""The longest life that a token can have (facts 7.1)."""

STRAGGLE: Final = HOUR
"""How long a node that is cut off from the database may sign with an old key."""

ALGORITHMS: Final = ("RS256", "ES384")
"""What tokens are signed with, as `SigningAlgorithm` says it (facts 7.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundFederation:
    """Whether an account's principals get tokens for other services.

    The row stays when it is switched off: tokens that were issued before can still be
    verified.
    """

    account: str
    enabled: bool
    created: int
    """When it was switched on for the first time."""
    changed: int

    @property
    def key(self) -> str:
        """The account's twelve digits."""
        return self.account


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSigningKey:
    """A key that signs identity tokens; its private half is sealed by the vault."""

    id: str
    """The `kid` in the head of a token."""
    algorithm: str
    created: int
    public: str
    """The public half, as a JSON Web Key (RFC 7517)."""
    sealed: bytes
    """The private half in PKCS #8, DER; no operation and no file ever shows it."""

    @property
    def key(self) -> str:
        """The `kid`."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class STSPreference:
    """Which version the global endpoint's tokens have for an account."""

    account: str
    version: int

    @property
    def key(self) -> str:
        """The account's twelve digits."""
        return self.account


def signer(
    keys: Iterable[TokenSigningKey], algorithm: str, now: float
) -> TokenSigningKey:
    """The key that signs now: the newest that was published long enough.

    The first key of an algorithm signs at once, since nobody can have a copy without
    it.

    Raises:
        LookupError: there is no key for the algorithm.
    """
    own = _in_order(keys, algorithm)
    if not own:
        raise LookupError(f"no signing key for `{algorithm}`")
    known = [key for key in own if now - key.created >= ANNOUNCED]
    return known[-1] if known else own[0]


def due(keys: Iterable[TokenSigningKey], now: float) -> tuple[str, ...]:
    """The algorithms whose newest key is old enough to get a successor.

    An algorithm without any key is not among them: nobody has asked for tokens yet.
    """
    held = tuple(keys)
    newest = {name: _in_order(held, name)[-1:] for name in ALGORITHMS}
    return tuple(
        name
        for name, last in newest.items()
        if last and now - last[0].created >= ROTATION
    )


def ended(keys: Iterable[TokenSigningKey], now: float) -> tuple[TokenSigningKey, ...]:
    """The keys whose last token has ended: they can be deleted.

    A key signs until its successor was published long enough, and a little longer on a
    node that has not heard of it; so what counts is the successor's age.
    """
    held = tuple(keys)
    return tuple(
        key
        for name in ALGORITHMS
        for key, successor in pairwise(_in_order(held, name))
        if now - successor.created > ANNOUNCED + LONGEST_TOKEN + STRAGGLE
    )


def _in_order(keys: Iterable[TokenSigningKey], algorithm: str) -> list[TokenSigningKey]:
    """The algorithm's keys, oldest first; the same order on every node."""
    own = [key for key in keys if key.algorithm == algorithm]
    return sorted(own, key=lambda key: (key.created, key.id))
