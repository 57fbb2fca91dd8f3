"""Typed text."""

import pytest

from ostiary.policy import values

SECOND = 1_000_000_000


@pytest.mark.threat("T87")
@pytest.mark.parametrize(
    ("left", "right"),
    [("10", "10.0"), ("-0", "0"), ("+5", "5"), ("0.5", "00.50")],
)
def test_equal_numbers(left: str, right: str) -> None:
    """Facts 4.5: numbers compare as decimals."""
    assert values.read_number(left) == values.read_number(right)


@pytest.mark.threat("T87")
@pytest.mark.parametrize(
    "text",
    ["", "NaN", "inf", "1e3", "1_0", " 1", "1 ", "٣", "²", "1.", ".5", "0x1", "9" * 21],
)
def test_no_numbers(text: str) -> None:
    """Threats T87: only plain decimals of at most 20 digits are numbers."""
    with pytest.raises(ValueError, match="not a decimal number"):
        values.read_number(text)


def test_small_differences_count() -> None:
    """Facts 4.5: comparing is exact, unlike with floats."""
    assert values.read_number("0.1") + values.read_number("0.2") == values.read_number(
        "0.3"
    )
    assert values.read_number("9007199254740993") > values.read_number(
        "9007199254740992"
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970", 0),
        ("1970-01-02", 86_400),
        ("1970-02", 31 * 86_400),
        ("2000-03-01", 951_868_800),
        ("2026-11-24T12:00:00Z", 1_795_521_600),
        ("2026-11-24T12:00Z", 1_795_521_600),
        ("2026-11-24t12:00:00z", 1_795_521_600),
        ("2026-11-24T13:30:00+01:30", 1_795_521_600),
        ("2026-11-24T10:30:00-01:30", 1_795_521_600),
        ("1795521600", 1_795_521_600),
        ("0000-01-01", -62_167_219_200),
    ],
)
def test_dates(text: str, seconds: int) -> None:
    """Facts 4.5: W3C dates and epoch seconds."""
    assert values.read_date(text) == seconds * SECOND


def test_date_fractions() -> None:
    """Facts 4.5: fractions of a second count."""
    whole = values.read_date("2026-11-24T12:00:00Z")
    assert values.read_date("2026-11-24T12:00:00.25Z") == whole + SECOND // 4


@pytest.mark.threat("T87")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-11-24T12:00:00",
        "2026-11-24T12:00:60Z",
        "2026-11-24T24:00:00Z",
        "2026-02-29",
        "2026-13",
        "10000-01-01",
        "2026-W01-1",
        "26-01-01",
        "٢٠٢٦",
        "9223372036854775808",
        "2026-11-24T12:00:00.1234567890Z",
        "2026-11-24T12:00:00+24:00",
    ],
)
def test_no_dates(text: str) -> None:
    """Threats T87: no zone, leap second, far years, other calendars: not comparable."""
    with pytest.raises(ValueError, match=r"date|day"):
        values.read_date(text)


def test_leap_day() -> None:
    """The 29th of February is a day of leap years only."""
    assert values.read_date("2024-03-01") - values.read_date("2024-02-29") == (
        86_400 * SECOND
    )
    assert values.read_date("2000-02-29")
    with pytest.raises(ValueError, match="does not have"):
        values.read_date("1900-02-29")


@pytest.mark.parametrize("text", ["292278994", "-292275055-01", "x-1", "2016-1-32"])
def test_the_write_gate_of_dates(text: str) -> None:
    """Facts 3.7: AWS's legacy parser has its own limits."""
    if text == "292278994":
        values.check_date(text)
    else:
        with pytest.raises(ValueError, match="date"):
            values.check_date(text)


@pytest.mark.threat("T86")
@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.1.2.3", (4, 0, 0x0A010203)),
        ("10.1.2.3/8", (4, 24, 10)),
        ("0.0.0.0/0", (4, 32, 0)),
        ("::ffff:10.0.0.0/104", (4, 24, 10)),
        ("::/0", (6, 128, 0)),
    ],
)
def test_networks(text: str, network: tuple[int, int, int]) -> None:
    """Facts 4.5, threats T86: host bits drop, mapped addresses are IPv4."""
    assert values.read_network(text) == network


@pytest.mark.threat("T86")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/08",
        "10.0.0.0/",
        "10.0.0.0/255.0.0.0",
        "010.0.0.1",
        "10.0.0",
        "256.0.0.1",
        "fe80::1%eth0",
        "::ffff:10.0.0.0/8",
        "::1/129",
        ":::",
        "٣.0.0.1",
    ],
)
def test_no_networks(text: str) -> None:
    """Threats T86: zones, octal octets and masks are refused."""
    with pytest.raises(ValueError, match="not an IP"):
        values.read_network(text)


@pytest.mark.parametrize("text", ["Q", "QQ=", "QR==", "QQ==\n", "Q Q=", "é==="])
def test_no_base64(text: str) -> None:
    """Threats section 7: only canonical base64 is base64."""
    with pytest.raises(ValueError, match="base64"):
        values.read_bytes(text)


def test_the_last_of_each() -> None:
    """Facts 3.7, 4.5: the last second, year, octet and digit still count."""
    last = "9223372036854775807"
    assert values.read_date(last) == int(last) * 10**9
    values.check_date(last)
    values.check_date("292278993-01-01")
    values.check_date("-292275054-01-01")
    for beyond in ("9223372036854775808", "292278994-01-01", "-292275055-01-01"):
        with pytest.raises(ValueError, match=beyond):
            values.check_date(beyond)
    with pytest.raises(ValueError, match="9223372036854775808"):
        values.read_date("9223372036854775808")
    with pytest.raises(ValueError, match="`2026-13-01` is a date out of range"):
        values.read_date("2026-13-01")
    assert values.read_address("255.255.255.255") == (4, 2**32 - 1)
    with pytest.raises(ValueError, match="256"):
        values.read_address("255.255.255.256")
