"""Identifiers: their shapes, what they say, and how good their randomness is."""

import base64
import re
import uuid
from collections import Counter

import pytest

from ostiary.identity import ids
from ostiary.identity.totp import encode_seed
from tests.unit.identity.minting import ACCOUNT, OperatingSystem, Stream

PREFIXES = ("AKIA", "ASIA")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_an_access_key_id_has_awss_shape(prefix: ids.KeyPrefix) -> None:
    """Access key ids have 20 characters, base32 after the prefix (facts 10.1)."""
    made = ids.access_key_id(Stream(), ACCOUNT, prefix)
    assert re.fullmatch(prefix + "[A-Z2-7]{16}", made)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("account", [ACCOUNT, "000000000000", "999999999999"])
def test_an_access_key_id_names_its_account(
    prefix: ids.KeyPrefix, account: str
) -> None:
    """The account number is recoverable from the id (facts 10.1)."""
    mint = Stream()
    for _ in range(100):
        assert ids.account_of(ids.access_key_id(mint, account, prefix)) == account


@pytest.mark.parametrize(
    "account",
    [
        "",
        "12345678901",
        "1234567890123",
        "12345678901a",
        "\uff11\uff12\uff13456789012",
        f"{ACCOUNT}\n",
    ],
)
def test_only_twelve_ascii_digits_are_an_account(account: str) -> None:
    """Account ids are twelve ASCII digits and nothing around them."""
    with pytest.raises(ValueError, match="expected twelve digits"):
        ids.access_key_id(Stream(), account, "AKIA")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anonymous",
        "AKIAIOSFODNN7EXAMPLE",
        "AKIAI44QH8DHBEXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "ASIAI44QH8DHBEXAMPLE",
    ],
)
def test_published_example_ids_name_no_account(text: str) -> None:
    """Ids that we did not make give None: the ones of AWS's documentation."""
    assert ids.account_of(text) is None


def test_a_bent_access_key_id_names_no_account() -> None:
    """An id with another prefix, case, length or line end gives None."""
    made = ids.access_key_id(Stream(), ACCOUNT, "AKIA")
    bent = [made.lower(), made + "\n", made[:-1], made + "A", "AIDA" + made[4:]]
    assert [ids.account_of(text) for text in bent] == [None] * 5


def test_the_check_character_sees_most_typing_errors() -> None:
    """Of all single wrong characters behind the prefix, about 1 in 32 passes."""
    made = ids.access_key_id(Stream(), ACCOUNT, "AKIA")
    errors = [
        made[:place] + letter + made[place + 1 :]
        for place in range(4, 20)
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        if letter != made[place]
    ]
    passed = [text for text in errors if ids.account_of(text) is not None]
    assert len(passed) < len(errors) / 16


def test_a_number_past_twelve_digits_is_no_account() -> None:
    """Forty bits hold more than 10^12 numbers; the rest are not ours."""
    body = "AKIA" + base64.b32encode((10**12).to_bytes(5, "big")).decode() + "A" * 7
    assert ids.account_of(body + ids._check(body)) is None
    seen = {
        ids.account_of("AKIA77777777AAAAAAA" + letter)
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    }
    assert seen == {None}


@pytest.mark.parametrize("prefix", ["AIDA", "AROA", "AGPA", "ANPA", "AIPA"])
def test_a_unique_id_has_awss_shape(prefix: ids.IdPrefix) -> None:
    """Unique ids have 21 characters, base32 after the prefix (facts 10.1)."""
    assert re.fullmatch(prefix + "[A-Z2-7]{17}", ids.unique_id(Stream(), prefix))


def test_a_secret_access_key_has_awss_shape_and_hides() -> None:
    """Secret access keys have 40 characters of A-Za-z0-9+/ and no repr (T128)."""
    made = ids.secret_access_key(Stream())
    assert re.fullmatch("[A-Za-z0-9+/]{40}", made.reveal())
    assert made.reveal() not in repr(made)


def test_an_account_id_has_twelve_digits_and_no_leading_zero() -> None:
    """A spreadsheet would eat a leading zero, so no account id has one."""
    mint = Stream()
    made = [ids.account_id(mint) for _ in range(1000)]
    assert all(re.fullmatch("[1-9][0-9]{11}", text, re.ASCII) for text in made)
    assert len({text[0] for text in made}) == 9


@pytest.mark.parametrize("material", [bytes(16), b"\xff" * 16])
def test_an_account_id_is_in_range_at_both_ends(material: bytes) -> None:
    """All zeros and all ones make account ids like any other bytes."""

    class Fixed:
        def random(self, size: int) -> bytes:
            return material[:size]

    assert re.fullmatch("[1-9][0-9]{11}", ids.account_id(Fixed()), re.ASCII)


def test_a_request_id_is_a_random_uuid() -> None:
    """Request ids read as UUIDs of version 4, in their canonical spelling."""
    made = ids.request_ids(Stream(), 100)

    assert len(set(made)) == 100
    for text in made:
        parsed = uuid.UUID(text)
        assert (parsed.version, parsed.variant, str(parsed)) == (
            4,
            uuid.RFC_4122,
            text,
        )


def test_ids_use_every_random_bit_they_show() -> None:
    """Each place of a unique id takes each of the 32 characters about equally often."""
    mint = Stream("uniform")
    made = [ids.unique_id(mint, "AIDA")[4:] for _ in range(3200)]
    for place in range(17):
        counts = Counter(text[place] for text in made)
        assert len(counts) == 32
        assert max(counts.values()) < 150  # five standard deviations above 100


@pytest.mark.threat("T19")
def test_seeds_are_long_and_do_not_repeat() -> None:
    """10,000 seeds of the operating system: 320 bits each, no two alike."""
    made = [ids.seed(OperatingSystem()) for _ in range(10_000)]
    assert len(set(made)) == 10_000
    assert {len(seed) * 8 for seed in made} == {320}
    assert {len(encode_seed(seed)) for seed in made[:100]} == {64}


@pytest.mark.threat("T19")
def test_seeds_are_balanced_bit_by_bit() -> None:
    """Monobit over 3.2 million bits, and over each bit position of 10,000 seeds."""
    made = [int.from_bytes(ids.seed(OperatingSystem()), "big") for _ in range(10_000)]
    ones = sum(seed.bit_count() for seed in made)
    # Six standard deviations of a fair coin: by chance once in 500 million runs.
    assert abs(ones - 1_600_000) < 6 * 3_200_000**0.5 / 2
    for bit in range(320):
        count = sum(seed >> bit & 1 for seed in made)
        assert abs(count - 5000) < 7 * 10_000**0.5 / 2
