"""New identifiers and secrets, from randomness that the caller hands in.

Ids are as long as AWS's, and access key ids name their account (facts 7.7, 10.1).
An access key id is public: nothing here makes it hard to forge, and nothing may
trust it before a signature has been verified.
"""

import base64
import binascii
import re
from typing import Literal, Protocol

from ostiary.identity.secret import Secret

KeyPrefix = Literal["AKIA", "ASIA"]
"""`AKIA`: long-term access key. `ASIA`: temporary credentials."""

IdPrefix = Literal["AIDA", "AROA", "AGPA", "ANPA", "AIPA", "ASCA", "APKA", "ACCA"]
"""User, role, group, managed policy, instance profile, server certificate, public key,
service-specific credential."""

SEED_BYTES = 40
"""Size of a TOTP seed: 64 base32 characters, 320 bits (T19 asks for 160)."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ACCOUNTS = 10**12
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""The digit that stands for the variant of a UUID, for each digit at random."""
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_KEY_ID = re.compile(r"A[KS]IA[A-Z2-7]{16}", re.ASCII)


class Mint(Protocol):
    """Where randomness comes from: the operating system, through `server`."""

    def random(self, size: int) -> bytes:
        """`size` bytes that nobody can predict."""
        ...

    def private_key(self, algorithm: str) -> bytes:
        """A new private key for `RS256` or `ES384`, in PKCS #8, DER."""
        ...


def access_key_id(mint: Mint, account: str, prefix: KeyPrefix) -> str:
    """A new access key id of an account.

    Behind the prefix stand 8 characters of account number (40 bits), 7 random
    ones (35 bits) and a check character, all base32.
    Two ids of one account meet with chance 2^-35, so whoever stores them keeps a
    unique index; for sessions the token, not the id, is what identifies.

    Raises:
        ValueError: `account` is not twelve digits.
    """
    if not _ACCOUNT.fullmatch(account):
        raise ValueError(f"account is `{account}`, expected twelve digits")
    owner = base64.b32encode(int(account).to_bytes(5, "big")).decode()
    body = prefix + owner + _characters(mint, 7)
    return body + _check(body)


def account_of(access_key_id: str) -> str | None:
    """The account that an access key id names; None when we did not make the id.

    The check character is for typing errors and foreign ids: one foreign id in
    32 passes it by chance.
    """
    if not _KEY_ID.fullmatch(access_key_id):
        return None
    number = int.from_bytes(base64.b32decode(access_key_id[4:12]), "big")
    if number >= _ACCOUNTS or access_key_id[-1] != _check(access_key_id[:-1]):
        return None
    return f"{number:012d}"


def unique_id(mint: Mint, prefix: IdPrefix) -> str:
    """A new unique id of an entity: the prefix and 17 characters, 85 random bits."""
    return prefix + _characters(mint, 17)


def long_id(mint: Mint) -> str:
    """A new id without a prefix: 32 characters, 160 random bits."""
    return _characters(mint, 32)


def secret_access_key(mint: Mint) -> Secret:
    """A new secret access key: 40 characters of base64, 240 random bits."""
    return as_secret_access_key(mint.random(30))


def as_secret_access_key(material: bytes) -> Secret:
    """Thirty bytes of key material as a secret access key."""
    return Secret(base64.b64encode(material).decode())


def account_id(mint: Mint) -> str:
    """A new account id: twelve digits, the first not 0, so no tool eats it."""
    # 128 bits onto 9 * 10^11 values: the bias of the remainder is below 2^-88.
    number = int.from_bytes(mint.random(16), "big") % (9 * _ACCOUNTS // 10)
    return str(_ACCOUNTS // 10 + number)


def request_ids(mint: Mint, count: int) -> list[str]:
    """New request ids in the shape of random UUIDs (RFC 9562, version 4)."""
    text = mint.random(16 * count).hex()
    return [_as_uuid(text[at : at + 32]) for at in range(0, len(text), 32)]


def _as_uuid(text: str) -> str:
    """A random UUID made of 32 random hexadecimal digits."""
    variant = _VARIANTS[text[16]]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def seed(mint: Mint) -> bytes:
    """A new TOTP seed."""
    return mint.random(SEED_BYTES)


def _characters(mint: Mint, count: int) -> str:
    """`count` random base32 characters, each with its full five bits."""
    size = -(-count * 5 // 8)
    return base64.b32encode(mint.random(size)).decode()[:count]


def _check(body: str) -> str:
    """The check character of an id: five bits of CRC-32 over all before it."""
    return _ALPHABET[binascii.crc32(body.encode()) & 31]
