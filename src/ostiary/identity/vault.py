"""The vault: the one place that seals and unseals.

Everything is sealed under its own label, so that none can pass for another (T28):
columns of the store, the sealing keys among them; session tokens; pagination
markers; encoded authorization failure messages.
A vault never changes; a new ring makes a new vault.
"""

from collections.abc import Iterable
from typing import Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from ostiary.identity import failure_message, sealing, session_token
from ostiary.identity.failure_message import InvalidMessage
from ostiary.identity.ids import Mint
from ostiary.identity.model import SealingKey
from ostiary.identity.ring import Ring, RingKey
from ostiary.identity.sealing import MasterKey, Tampered
from ostiary.identity.secret import Secret
from ostiary.identity.session import Session
from ostiary.identity.session_token import (
    InvalidToken,
    TokenTooLarge,
    UnknownSealingKey,
)

__all__ = [
    "InvalidMarker",
    "InvalidMessage",
    "InvalidToken",
    "MasterKey",
    "Tampered",
    "TokenTooLarge",
    "UnknownSealingKey",
    "Vault",
]

MARKER_LIMIT = 320
"""Longest marker in characters that IAM's model allows."""

MARKER_PAYLOAD = 223
"""Bytes of payload that always fit a marker."""

_MARKER_VERSION: Final = b"\x01"
_RING_PURPOSE: Final = "sealing-key"


class InvalidMarker(Exception):  # noqa: N818 - a word of our glossary
    """The text is no marker of ours, or one of another list (T102)."""


@final
class Vault:
    """Seals and unseals, with the master keys and the ring that it was given.

    `retired` master keys open what they sealed and seal nothing more: while one is
    being replaced, rows of both are in the store (T119).
    """

    __slots__ = ("_marker_keys", "_masters", "ring")

    def __init__(
        self, master: MasterKey, ring: Ring, retired: tuple[MasterKey, ...] = ()
    ) -> None:
        self._masters: Final = (master, *retired)
        self._marker_keys: Final = tuple(
            key.derive(b"ostiary marker 1") for key in self._masters
        )
        self.ring: Final = ring

    def with_ring(self, ring: Ring) -> "Vault":
        """The same vault with another ring."""
        master, *retired = self._masters
        return Vault(master, ring, tuple(retired))

    def seal(
        self, plain: bytes, *, purpose: str, row: str, account: str, mint: Mint
    ) -> bytes:
        """The bytes in an envelope that opens in this place only (T123, T124).

        Args:
            plain: what to keep secret.
            purpose: which column this is, for example `access-key` or `seed`.
            row: the key of the row; it never changes while the row lives.
            account: the account that owns the row; empty when none does.
            mint: randomness.
        """
        salt = mint.random(sealing.SALT_BYTES)
        binding = (purpose, row, account)
        return sealing.seal_row(self._masters[0], plain, salt, binding=binding)

    def unseal(self, sealed: bytes, *, purpose: str, row: str, account: str) -> bytes:
        """The bytes in an envelope.

        Raises:
            Tampered: the envelope was changed or stands in another place, or no
                master key of ours has sealed it.
        """
        binding = (purpose, row, account)
        return sealing.unseal_row(self._masters, sealed, binding=binding)

    def is_current(self, sealed: bytes) -> bool:
        """Whether an envelope names the newest master key; else seal it anew."""
        return sealing.master_id_of(sealed) == self._masters[0].id

    def new_sealing_key(self, mint: Mint, now: float) -> SealingKey:
        """A new key for the ring, as the store keeps it."""
        key_id = mint.random(8).hex()
        created = int(now)
        sealed = self.seal(
            mint.random(sealing.KEY_BYTES),
            purpose=_RING_PURPOSE,
            row=_ring_row(key_id, created),
            account="",
            mint=mint,
        )
        return SealingKey(id=key_id, created=created, sealed=sealed)

    def open_ring(self, rows: Iterable[SealingKey]) -> Ring:
        """The ring that the store's rows make, in whatever order they come.

        Raises:
            Tampered: a row was changed; there is no ring with a hole in it.
        """
        return Ring(tuple(self._open(row) for row in rows))

    def _open(self, row: SealingKey) -> RingKey:
        """One sealing key, opened."""
        key = self.unseal(
            row.sealed,
            purpose=_RING_PURPOSE,
            row=_ring_row(row.id, row.created),
            account="",
        )
        return RingKey(id=row.id, created=row.created, key=key)

    def seal_session(self, session: Session, mint: Mint) -> tuple[str, Secret]:
        """The session token and its secret access key; see `session_token`.

        Raises:
            TokenTooLarge: the token would pass 4,096 characters.
            LookupError: the ring is empty.
        """
        return session_token.seal_session(session, self.ring, mint)

    def unseal_session(self, token: str, access_key_id: str) -> tuple[Session, Secret]:
        """The session in a token and its secret access key; expired ones too.

        Raises:
            UnknownSealingKey: the ring lacks the key that the token names.
            InvalidToken: any other fault.
        """
        return session_token.unseal_session(token, access_key_id, self.ring)

    def seal_marker(self, payload: str, *, scope: str) -> str:
        """A pagination marker: where a list goes on, for that list alone.

        AES-SIV needs no nonce and adds only 16 bytes, which leaves room for
        `MARKER_PAYLOAD` bytes; equal positions have equal markers, which tells their
        holder nothing new.

        Args:
            payload: the position, for example the last name of a page.
            scope: account, operation and filters, in one text.

        Raises:
            ValueError: the payload does not fit.
        """
        plain = payload.encode()
        if len(plain) > MARKER_PAYLOAD:
            raise ValueError(
                f"marker payload has {len(plain)} bytes, "
                f"expected at most {MARKER_PAYLOAD}"
            )
        data = AESSIV(self._marker_keys[0]).encrypt(plain, _marker_binding(scope))
        return sealing.encode(_MARKER_VERSION + data)

    def unseal_marker(self, text: str, *, scope: str) -> str:
        """The position that a marker holds.

        Raises:
            InvalidMarker: bent, spelled otherwise, or of another list.
        """
        try:
            raw = sealing.decode(text, limit=MARKER_LIMIT)
        except ValueError:
            raise InvalidMarker("marker is not canonical base64") from None
        if not raw.startswith(_MARKER_VERSION):
            raise InvalidMarker("marker has no version that we know")
        for key in self._marker_keys:
            try:
                return AESSIV(key).decrypt(raw[1:], _marker_binding(scope)).decode()
            except InvalidTag:
                continue
        raise InvalidMarker("marker does not open for this list")

    def seal_message(self, text: str, *, account: str, mint: Mint) -> str:
        """An encoded authorization failure message; see `failure_message`.

        Raises:
            ValueError: the text has more than `failure_message.ROOM` bytes.
        """
        return failure_message.seal_message(
            text, self._masters[0], account=account, mint=mint
        )

    def unseal_message(self, text: str, *, account: str) -> str:
        """The text in a message of this account.

        Raises:
            InvalidMessage: any fault.
        """
        return failure_message.unseal_message(text, self._masters, account=account)


def _ring_row(key_id: str, created: int) -> str:
    """What a sealing key is bound to: its age too, for age decides who mints."""
    return f"{key_id} {created}"


def _marker_binding(scope: str) -> list[bytes]:
    """The associated data of a marker."""
    # Filters are a client's text, which may hold lone surrogates.
    return [_MARKER_VERSION, scope.encode("utf-8", "surrogatepass")]
