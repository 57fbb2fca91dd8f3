"""Readers of typed text: numbers, dates, addresses, booleans, bytes.

Each takes the text of a policy value or of a context value and returns something
that compares, or raises `ValueError`. They are stricter than Python's own readers:
ASCII digits only, finite numbers only, no blanks, no underscores.

Dates come twice. `check_date` is the gate of AWS's legacy parser, which lets odd
dates such as `01T` into a policy; `read_date` is what can be compared. A value that
passes the first and fails the second decides nothing (facts 3.7, 4.5).
"""

import binascii
import ipaddress
import re
from typing import Final, TypeAlias

Network: TypeAlias = tuple[int, int, int]

_NUMBER: Final = re.compile(r"([+-]?)([0-9]{1,20})(?:\.([0-9]{1,20}))?", re.ASCII)
_FRACTION_DIGITS: Final = 20

_INSTANT: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2})))?)?)?",
    re.ASCII,
)
_LEGACY_DATE: Final = re.compile(
    r"(-?[0-9]{1,9})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?"
    r"(?:[Tt](?:([0-9]{1,2})(?::([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?"
    r"(?:[Zz]|[+-]([0-9]{2})(?::([0-9]{2}))?)?)?)?)?",
    re.ASCII,
)
_EPOCH: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_LAST_EPOCH: Final = 9223372036854775807
_YEARS: Final = (-292275054, 292278993)
# Lowest and highest month, day, hour, minute, second, fraction, zone hour and minute.
_RANGES: Final = (
    (1, 12),
    (1, 31),
    (0, 23),
    (0, 59),
    (0, 59),
    (0, 999999999),
    (0, 23),
    (0, 59),
)
_MONTH_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS_TO_1970: Final = 719162
_NANOSECONDS: Final = 1_000_000_000

_IPV4: Final = re.compile(
    r"(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})"
    r"\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})",
    re.ASCII,
)
_PREFIX: Final = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)
_BITS: Final = {4: 32, 6: 128}
_MAPPED: Final = 0xFFFF << 32
_MAPPED_PREFIX: Final = 96
_OCTET: Final = 255


def read_number(text: str) -> int:
    """The number as an integer scaled by 10**20, so that comparing is exact.

    At most 20 digits stand before and after the point; no exponent, no NaN.
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"`{text}` is not a decimal number")
    sign, whole, fraction = found.groups(default="")
    scaled = int(whole + fraction.ljust(_FRACTION_DIGITS, "0"))
    return -scaled if sign == "-" else scaled


def read_bool(text: str) -> bool:
    """True for `true`, False for `false`, in any letter case."""
    word = text.lower()
    if word not in ("true", "false"):
        raise ValueError(f"`{text}` is neither `true` nor `false`")
    return word == "true"


def read_bytes(text: str) -> bytes:
    """The bytes of canonical base64 `text`."""
    try:
        decoded = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except ValueError as error:
        raise ValueError(f"`{text}` is not base64") from error
    if binascii.b2a_base64(decoded, newline=False).decode("ascii") != text:
        raise ValueError(f"`{text}` is not canonical base64")
    return decoded


# --- dates -------------------------------------------------------------------------


def read_date(text: str) -> int:
    """Nanoseconds since 1970 of a W3C date, or of whole epoch seconds.

    Four digits alone are a year, other digits alone are epoch seconds. A date-time
    needs a zone: without one it is not an instant.
    """
    found = _INSTANT.fullmatch(text)
    if found is None:
        if _EPOCH.fullmatch(text) and int(text) <= _LAST_EPOCH:
            return int(text) * _NANOSECONDS
        raise ValueError(f"`{text}` is not a date")
    year, month, day = (int(part or 1) for part in found.group(1, 2, 3))
    hour, minute, second = (int(part or 0) for part in found.group(4, 5, 6))
    ahead, behind = (int(part or 0) for part in found.group(9, 10))
    _check_ranges(text, (month, day, hour, minute, second, 0, ahead, behind))
    if day > _days_in(year, month):
        raise ValueError(f"`{text}` is a day that its month does not have")
    offset = (ahead * 60 + behind) * (-1 if found.group(8) == "-" else 1)
    minutes = (_days(year, month, day) * 24 + hour) * 60 + minute - offset
    fraction = int((found.group(7) or "").ljust(9, "0"))
    return (minutes * 60 + second) * _NANOSECONDS + fraction


def check_date(text: str) -> None:
    """Raise `ValueError` where AWS's legacy parser refuses a date (facts 3.7)."""
    if "t" not in text.lower() and "-" not in text:
        if not _EPOCH.fullmatch(text) or int(text) > _LAST_EPOCH:
            raise ValueError(f"`{text}` is not a date")
        return
    found = _LEGACY_DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"`{text}` is not a date")
    if not _YEARS[0] <= int(found.group(1)) <= _YEARS[1]:
        raise ValueError(f"`{text}` is a date out of range")
    parts = found.groups()[1:]
    _check_ranges(
        text,
        tuple(
            low if part is None else int(part)
            for part, (low, _) in zip(parts, _RANGES, strict=True)
        ),
    )


def _check_ranges(text: str, parts: tuple[int, ...]) -> None:
    for part, (low, high) in zip(parts, _RANGES, strict=True):
        if not low <= part <= high:
            raise ValueError(f"`{text}` is a date out of range")


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_in(year: int, month: int) -> int:
    return _MONTH_DAYS[month - 1] + (month == 2 and _is_leap(year))  # noqa: PLR2004 - February


def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to the date; the proleptic Gregorian calendar."""
    before = year - 1
    years = before * 365 + before // 4 - before // 100 + before // 400
    months = sum(_days_in(year, one) for one in range(1, month))
    return years + months + day - 1 - _DAYS_TO_1970


# --- addresses ---------------------------------------------------------------------


def read_address(text: str) -> tuple[int, int]:
    """(4 or 6, the address as an integer); IPv4-mapped IPv6 is IPv4 (T86)."""
    found = _IPV4.fullmatch(text)
    if found is not None:
        octets = [int(part) for part in found.groups()]
        if max(octets) > _OCTET:
            raise ValueError(f"`{text}` is not an IP address")
        return 4, int.from_bytes(bytes(octets), "big")
    # The module would take a zone, which names an interface of one machine.
    if "%" in text or ":" not in text:
        raise ValueError(f"`{text}` is not an IP address")
    try:
        number = int(ipaddress.IPv6Address(text))
    except ValueError as error:
        raise ValueError(f"`{text}` is not an IP address") from error
    if number & ~0xFFFFFFFF == _MAPPED:
        return 4, number & 0xFFFFFFFF
    return 6, number


def read_network(text: str) -> Network:
    """(4 or 6, bits to drop, the bits that stay) of a CIDR range or bare address.

    Host bits are dropped (facts 4.5).
    """
    address, slash, prefix = text.partition("/")
    version, number = read_address(address)
    if not slash:
        return version, 0, number
    given = int(prefix) if _PREFIX.fullmatch(prefix) else -1
    # A range of mapped addresses is written with the IPv6 prefix length.
    if version == 4 and ":" in address:  # noqa: PLR2004 - the version of IP
        given -= _MAPPED_PREFIX
    drop = _BITS[version] - given
    if not 0 <= drop <= _BITS[version]:
        raise ValueError(f"`{text}` is not an IP range")
    return version, drop, number >> drop
