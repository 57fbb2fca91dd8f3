"""Keys from keys, and bytes that only a key opens: all our cryptography but TOTP.

Every message is sealed under a key of its own, derived from a long-lived key and
16 random bytes of salt.
So the limits on random AES-GCM nonces never come near (T125): a message key seals
once, and two messages share one with chance 2^-128 per pair.

INVARIANT: a label never gets a second meaning. Whoever changes a layout takes a
new label, so that old and new cannot be mistaken for each other (T28).
"""

import base64
import binascii
import hmac
from typing import Final, NoReturn, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ostiary.identity.ids import Mint

KEY_BYTES: Final = 32
SALT_BYTES: Final = 16

# A key that seals one message needs no second nonce.
_NONCE: Final = bytes(12)
_VERSION: Final = b"\x01"
_MASTER_ID_BYTES: Final = 4
_HEADER_BYTES: Final = len(_VERSION) + _MASTER_ID_BYTES + SALT_BYTES


class Tampered(Exception):  # noqa: N818 - a word of our glossary
    """Sealed bytes that do not open: changed, moved, or of another key.

    Never an everyday event: whoever catches it refuses and raises an alarm (T124).
    """


@final
class MasterKey:
    """The 32 bytes, kept outside the database, that open everything in it (T123)."""

    __slots__ = ("_value", "id")

    def __init__(self, value: bytes) -> None:
        if len(value) != KEY_BYTES:
            raise ValueError(f"master key has {len(value)} bytes, expected {KEY_BYTES}")
        self._value = value
        self.id: Final = self.derive(b"ostiary master id 1")[:_MASTER_ID_BYTES]

    def derive(self, label: bytes) -> bytes:
        """64 bytes of key material for one use; the label says which use."""
        return expand(self._value, label)

    def to_text(self) -> str:
        """The one line of base64 that a key file holds."""
        return base64.b64encode(self._value).decode()

    def __repr__(self) -> str:
        return "MasterKey(…)"

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("master keys are compared by their id")

    __hash__ = None  # type: ignore[assignment]  # unhashable: a set would compare


def new_master_key(mint: Mint) -> MasterKey:
    """A new master key."""
    return MasterKey(mint.random(KEY_BYTES))


def parse_master_key(text: str) -> MasterKey:
    """The master key in a key file: one line of base64.

    Raises:
        ValueError: anything else; the text is not quoted.
    """
    try:
        return MasterKey(decode(text.removesuffix("\n"), limit=64))
    except ValueError:
        raise ValueError(
            f"key file does not hold a master key, expected {KEY_BYTES} bytes as base64"
        ) from None


def expand(key: bytes, info: bytes) -> bytes:
    """64 bytes of new key material: one block of HKDF-Expand, SHA-512 (RFC 5869, 2.3).

    There is no extract step: our keys are uniformly random already (RFC 5869, 3.3).
    Whoever needs less takes the beginning.
    """
    # SHA-512 because one block is enough for all we derive; this is on the hot path.
    return hmac.digest(key, info + b"\x01", "sha512")


def seal(key: bytes, plain: bytes, header: bytes) -> bytes:
    """The plain bytes under a key that seals nothing else; the header is bound."""
    return AESGCM(key).encrypt(_NONCE, plain, header)


def unseal(key: bytes, sealed: bytes, header: bytes) -> bytes:
    """The plain bytes again.

    Raises:
        Tampered: key, sealed bytes or header are not those of `seal`.
    """
    try:
        return AESGCM(key).decrypt(_NONCE, sealed, header)
    except InvalidTag:
        raise Tampered("sealed bytes do not authenticate") from None


def encode(data: bytes) -> str:
    """The bytes as base64, standard alphabet, padded."""
    return binascii.b2a_base64(data, newline=False).decode()


def decode(text: str, *, limit: int) -> bytes:
    """The bytes that a base64 text spells, if it is the one canonical spelling (T26).

    Raises:
        ValueError: longer than `limit` characters, or any other spelling: another
            alphabet, other padding, foreign characters, trailing bits.
    """
    if len(text) > limit:
        raise ValueError(f"text has {len(text)} characters, expected at most {limit}")
    data = binascii.a2b_base64(text, strict_mode=True)
    if encode(data) != text:
        raise ValueError("text is not canonical base64")
    return data


def seal_row(
    master: MasterKey, plain: bytes, salt: bytes, *, binding: tuple[str, str, str]
) -> bytes:
    """An envelope for one column of one row.

    Layout: version (1 byte), id of the master key (4), salt (16), AES-256-GCM.
    The binding is the purpose, the row and the account.
    """
    header = _VERSION + master.id + salt
    return header + seal(
        _row_key(master, salt, binding), plain, _bound(header, binding)
    )


def unseal_row(
    masters: tuple[MasterKey, ...], sealed: bytes, *, binding: tuple[str, str, str]
) -> bytes:
    """What an envelope holds.

    Raises:
        Tampered: changed or moved from its row, or no master key has sealed it.
    """
    header, body = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
    if len(header) < _HEADER_BYTES or not header.startswith(_VERSION):
        raise Tampered("sealed bytes have no header that we know")
    for master in masters:
        if master.id == master_id_of(sealed):
            key = _row_key(master, header[-SALT_BYTES:], binding)
            return unseal(key, body, _bound(header, binding))
    raise Tampered("sealed bytes name a master key that we do not have")


def master_id_of(sealed: bytes) -> bytes:
    """The id of the master key that an envelope names."""
    return sealed[len(_VERSION) : len(_VERSION) + _MASTER_ID_BYTES]


def _row_key(master: MasterKey, salt: bytes, binding: tuple[str, str, str]) -> bytes:
    """Master key, then the purpose's key, then the row's: as T123 asks."""
    purpose_key = master.derive(b"ostiary stored 1\x00" + binding[0].encode())
    return expand(purpose_key[:KEY_BYTES], salt)[:KEY_BYTES]


def _bound(header: bytes, binding: tuple[str, str, str]) -> bytes:
    """The associated data: each part with its length, so that no two read alike."""
    parts = [header, *(part.encode() for part in binding)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
