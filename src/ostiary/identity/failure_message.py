"""Encoded authorization failure messages: why a request was refused, sealed.

The refused caller carries the message, and only its own account opens it
(facts 6.5). Layout: version (1 byte), id of the master key (4), salt (16),
AES-256-GCM of the text; all of it as base64url without padding, which needs no
escaping in a URL or a shell.
The account is bound in, not written down: a message tells a stranger nothing.

A master key seals it, not the ring, since a message is read long after sessions of
its time have ended.
"""

import re
from typing import Final

from ostiary.identity.ids import Mint
from ostiary.identity.sealing import (
    KEY_BYTES,
    SALT_BYTES,
    MasterKey,
    Tampered,
    decode,
    encode,
    expand,
    seal,
    unseal,
)

LIMIT: Final = 10_240
"""Longest message in characters that STS takes back."""

_LABEL: Final = b"ostiary authorization message 1\x00"
_VERSION: Final = b"\x01"
_MASTER_ID_BYTES: Final = 4
_HEADER_BYTES: Final = len(_VERSION) + _MASTER_ID_BYTES + SALT_BYTES
_TAG_BYTES: Final = 16
# Lengths are rounded up, so that a message's own tells little about the policies.
_STEP: Final = 256
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

ROOM: Final = (LIMIT * 3 // 4 - _HEADER_BYTES - _TAG_BYTES) // _STEP * _STEP
"""Bytes of text that always fit a message."""


class InvalidMessage(Exception):  # noqa: N818 - a word of AWS's own code
    """The text is no message of ours, or one of another account."""


def seal_message(text: str, master: MasterKey, *, account: str, mint: Mint) -> str:
    """The message that holds a JSON text; blanks behind it hide its length.

    Raises:
        ValueError: the text does not fit.
    """
    plain = text.encode()
    if len(plain) > ROOM:
        raise ValueError(
            f"message has {len(plain)} bytes, expected at most {ROOM} of them"
        )
    plain = plain.ljust(-(-len(plain) // _STEP) * _STEP)
    salt = mint.random(SALT_BYTES)
    header = _VERSION + master.id + salt
    sealed = seal(_key(master, salt), plain, header + account.encode())
    spelled = encode(header + sealed).rstrip("=")
    return spelled.replace("+", "-").replace("/", "_")


def unseal_message(text: str, masters: tuple[MasterKey, ...], *, account: str) -> str:
    """The text in a message of this account, without the blanks.

    Raises:
        InvalidMessage: bent, spelled otherwise, sealed by nobody here, or of another
            account; nothing says which.
    """
    raw = _spelled(text)
    header = raw[:_HEADER_BYTES]
    if len(header) == _HEADER_BYTES and header.startswith(_VERSION):
        for master in masters:
            if header[1 : 1 + _MASTER_ID_BYTES] == master.id:
                key = _key(master, header[-SALT_BYTES:])
                bound = header + account.encode()
                return _opened(key, raw[_HEADER_BYTES:], bound)
    raise InvalidMessage("message names no key of ours")


def _opened(key: bytes, sealed: bytes, bound: bytes) -> str:
    try:
        return unseal(key, sealed, bound).decode().rstrip(" ")
    except Tampered:
        raise InvalidMessage("message does not open for this account") from None


def _spelled(text: str) -> bytes:
    """The bytes that the text spells, if this is their one spelling (T26)."""
    if len(text) > LIMIT or not _TEXT.fullmatch(text):
        raise InvalidMessage("message is not base64url")
    padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
    try:
        return decode(padded, limit=len(padded))
    except ValueError:
        raise InvalidMessage("message is not canonical base64url") from None


def _key(master: MasterKey, salt: bytes) -> bytes:
    """The key of one message."""
    return expand(master.derive(_LABEL)[:KEY_BYTES], salt)[:KEY_BYTES]
