"""Times as the wire writes them, to and from whole seconds since the epoch."""

import re
from datetime import UTC, datetime
from functools import lru_cache

_BASIC_LENGTH = 16
_BASIC = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_EXTENDED = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z", re.ASCII
)
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_HTTP_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4})"
    r" ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT",
    re.ASCII,
)


def _seconds(parts: list[int]) -> int | None:
    year, month, day, hour, minute, second = parts
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp())


def parse_basic(text: str) -> int | None:
    """Gives the seconds of `20150830T123600Z`, or None for any other text."""
    return _parse_basic(text) if len(text) == _BASIC_LENGTH else None


# Requests of one second share one text, so most of them are answered from here.
@lru_cache(maxsize=1024)
def _parse_basic(text: str) -> int | None:
    if not _BASIC.fullmatch(text):
        return None
    cuts = ((0, 4), (4, 6), (6, 8), (9, 11), (11, 13), (13, 15))
    return _seconds([int(text[a:b]) for a, b in cuts])


def parse_extended(text: str) -> int | None:
    """Gives the seconds of `2015-08-30T12:36:00Z`, or None for any other text."""
    found = _EXTENDED.fullmatch(text)
    return _seconds([int(part) for part in found.groups()]) if found else None


def parse_http_date(text: str) -> int | None:
    """Gives the seconds of an RFC 9110 date, or None for any other text."""
    found = _HTTP_DATE.fullmatch(text)
    if not found or found[2] not in _MONTHS:
        return None
    month = _MONTHS.index(found[2]) + 1
    clock = [int(found[n]) for n in (4, 5, 6)]
    return _seconds([int(found[3]), month, int(found[1]), *clock])


def parse_date_header(text: str) -> int | None:
    """Gives the seconds of a Date header: an HTTP date or either ISO form."""
    for parse in (parse_http_date, parse_basic, parse_extended):
        seconds = parse(text)
        if seconds is not None:
            return seconds
    return None


def format_basic(seconds: float) -> str:
    """Gives `20150830T123600Z`."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y%m%dT%H%M%SZ")


def format_extended(seconds: float) -> str:
    """Gives `2015-08-30T12:36:00Z`."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
