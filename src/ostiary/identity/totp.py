"""Token codes: which six digits a seed shows, and whether a code may be used.

RFC 6238 with HMAC-SHA-1, six digits and steps of 30 seconds (facts 8.1).
The time is always an argument and comes from the server's clock alone (T16).

A code is burned by its *step*, never by its text: `verify` returns the step, the
store moves the device's ledger to it with one conditional update, and whatever is
not newer than the ledger is refused (T2 to T5).
The text of a code or a seed never stands in an error (T22, T128).
"""

import base64
import hmac
import re
from dataclasses import dataclass
from typing import NewType
from urllib.parse import quote

from ostiary.identity.secret import Secret

STEP = 30
"""Seconds that a code is shown."""

WINDOW = 1
"""Steps accepted on either side of the device's own clock (RFC 6238, 5.2)."""

MAX_DRIFT = 20
"""Steps by which a device's clock may differ from ours (T15)."""

ISSUER = "Amazon Web Services"
"""What an authenticator app shows; clients of AWS expect to see it (facts 8.3)."""

TokenCode = NewType("TokenCode", str)
"""Six ASCII digits; only `parse_token_code` makes one."""

_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_SHORTEST_SEED = 16
_LONGEST_SEED = 128


class MalformedTokenCode(ValueError):  # noqa: N818 - a word of our glossary
    """The text is not six ASCII digits; no device was looked at."""


class InvalidTokenCode(Exception):  # noqa: N818 - a word of our glossary
    """The device does not show this code now."""


class UsedTokenCode(InvalidTokenCode):
    """The code is right, but it or a newer one was used before (T4).

    On the wire it looks like any wrong code; it is not counted as a guess (T9).
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """Where two consecutive codes put a device."""

    step: int
    """The step of the second code: the ledger's new position."""
    drift: int
    """Steps by which the device's clock is ahead of ours; negative is behind."""


def parse_token_code(text: str) -> TokenCode:
    """The text as a token code, which has exactly one spelling (T5).

    Raises:
        MalformedTokenCode: anything but six ASCII digits.
    """
    if not _CODE.fullmatch(text):
        raise MalformedTokenCode("token code is not six ASCII digits")
    return TokenCode(text)


def step_at(now: float) -> int:
    """The time step that contains `now`, in seconds since the epoch."""
    return int(now // STEP)


def token_code(seed: bytes, step: int) -> TokenCode:
    """The code that a seed shows during a step (RFC 4226, 5.3)."""
    # Signed, so that a window which reaches before the epoch needs no special case.
    counter = step.to_bytes(8, "big", signed=True)
    digest = hmac.digest(seed, counter, "sha1")
    offset = digest[19] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return TokenCode(f"{number % 1_000_000:06d}")


def verify(
    seed: bytes, code: TokenCode, *, now: float, drift: int, last_step: int
) -> int:
    """The step whose code this is, newer than every step used before.

    All codes of the window are computed and compared in constant time, whichever
    of them is right (T133).
    The step is not burned by this: only the store can do that, once.

    Args:
        seed: the device's seed, unsealed.
        code: what the user typed.
        now: the server's clock, seconds since the epoch.
        drift: steps by which the device's clock is ahead of ours.
        last_step: the newest step used; -1 before the first.

    Raises:
        InvalidTokenCode: no step of the window has this code.
        UsedTokenCode: one has it, but it is not newer than `last_step`.
    """
    middle = step_at(now) + drift
    typed = code.encode()
    matches = [
        step
        for step in range(middle - WINDOW, middle + WINDOW + 1)
        if hmac.compare_digest(token_code(seed, step).encode(), typed)
    ]
    return _newest(matches, last_step)


def consecutive(
    seed: bytes, code1: TokenCode, code2: TokenCode, *, now: float, last_step: int
) -> Synced:
    """Where the device stands, shown by two codes in the order it displayed them.

    For `EnableMFADevice` and `ResyncMFADevice` (facts 8.4): the second code may be
    up to `MAX_DRIFT` steps away from our clock.
    Both codes are used up by this, so neither may have been used before (T3).

    Raises:
        InvalidTokenCode: no two neighbouring steps have these codes in this order.
        UsedTokenCode: two have them, but the older is not newer than `last_step`.
    """
    here = step_at(now)
    first, second = code1.encode(), code2.encode()
    steps = range(here - MAX_DRIFT - 1, here + MAX_DRIFT + 1)
    shown = [token_code(seed, step).encode() for step in steps]
    # `&`, not `and`: both comparisons are made, whatever the first one says.
    matches = [
        step
        for step, older, newer in zip(steps, shown, shown[1:], strict=False)
        if hmac.compare_digest(older, first) & hmac.compare_digest(newer, second)
    ]
    step = _newest(matches, last_step) + 1
    return Synced(step=step, drift=step - here)


def _newest(matches: list[int], last_step: int) -> int:
    """The newest matching step, so that a code which two steps share dies with both."""
    if not matches:
        raise InvalidTokenCode("the device does not show this code")
    if matches[-1] <= last_step:
        raise UsedTokenCode("this code or a newer one was used before")
    return matches[-1]


def decode_seed(text: str | Secret) -> bytes:
    """The seed that a base32 text spells, the way people type or print one.

    Spaces, lower case and missing padding are allowed.

    Raises:
        ValueError: not base32, or not 16 to 128 characters of it.
    """
    typed = text.reveal() if isinstance(text, Secret) else text
    # Before `upper`: some letters outside ASCII have an ASCII upper case.
    if not typed.isascii():
        raise ValueError("seed holds a character outside ASCII, expected base32")
    plain = typed.replace(" ", "").upper().rstrip("=")
    if not _SHORTEST_SEED <= len(plain) <= _LONGEST_SEED:
        raise ValueError(f"seed has {len(plain)} characters, expected 16 to 128")
    try:
        seed = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except ValueError:
        raise ValueError("seed is not base32") from None
    if encode_seed(seed) != plain:
        raise ValueError("seed ends in the middle of a byte, expected whole bytes")
    return seed


def encode_seed(seed: bytes) -> str:
    """The seed as base32 without padding, as `CreateVirtualMFADevice` shows it."""
    return base64.b32encode(seed).decode().rstrip("=")


def otpauth_uri(account_label: str, device_name: str, seed: bytes) -> str:
    """The URI that an authenticator app reads from the QR code (facts 8.3).

    Args:
        account_label: the account's alias, or its id when it has none.
        device_name: the virtual device's name, without its path.
        seed: the device's seed.
    """
    issuer = quote(ISSUER, safe="")
    label = quote(f"{device_name}@{account_label}", safe="@")
    return f"otpauth://totp/{issuer}:{label}?secret={encode_seed(seed)}&issuer={issuer}"
