"""Seeds as people type them, and as authenticator apps read them."""

import base64
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from ostiary.identity import ids, totp
from ostiary.identity.secret import Secret
from tests.unit.identity.minting import NOW, Stream

SEED = ids.seed(Stream("totp"))


@pytest.mark.parametrize("size", [10, 16, 20, 32, 40, 64, 80])
def test_a_seed_survives_its_text(size: int) -> None:
    """Every whole number of bytes from 16 to 128 characters reads back."""
    seed = Stream("text").random(size)
    text = totp.encode_seed(seed)
    assert "=" not in text
    padded = base64.b32encode(seed).decode()
    grouped = " ".join(text[at : at + 4] for at in range(0, len(text), 4))
    for typed in (text, padded, text.lower(), grouped, f" {grouped.lower()} "):
        assert totp.decode_seed(typed) == seed
        assert totp.decode_seed(Secret(typed)) == seed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "seed has 0 characters, expected 16 to 128"),
        ("A" * 15, "seed has 15 characters, expected 16 to 128"),
        ("A" * 129, "seed has 129 characters, expected 16 to 128"),
        ("A" * 15 + "1", "seed is not base32"),
        ("A" * 15 + "0", "seed is not base32"),
        ("A" * 15 + "8", "seed is not base32"),
        ("A" * 17, "seed is not base32"),
        ("A" * 16 + "\n", "seed is not base32"),
        ("A" * 8 + "=" + "A" * 8, "seed is not base32"),
        ("A" * 17 + "B", "seed ends in the middle of a byte, expected whole bytes"),
        ("\u0131" * 16, "seed holds a character outside ASCII, expected base32"),
        ("\u017f" * 16, "seed holds a character outside ASCII, expected base32"),
        ("\uff21" * 16, "seed holds a character outside ASCII, expected base32"),
    ],
)
def test_a_text_that_is_no_seed(text: str, message: str) -> None:
    """The refusal says what was found, and never quotes a seed (T128)."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - compared whole below
        totp.decode_seed(text)
    assert str(caught.value) == message


@pytest.mark.rule("M1")
def test_the_otpauth_uri_is_awss() -> None:
    """The URI has AWS's issuer, the device at the account, and the seed (facts 8.3)."""
    seed = bytes(range(40))
    assert totp.otpauth_uri("example-corp", "Diego", seed) == (
        "otpauth://totp/Amazon%20Web%20Services:Diego@example-corp"
        "?secret=AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPSAIJCEMSCKJRH"
        "&issuer=Amazon%20Web%20Services"
    )


@pytest.mark.parametrize("name", ["Diego", "a+b=c,d.e@f-g_h", "x" * 226])
def test_an_authenticator_app_reads_the_uri(name: str) -> None:
    """An app reads name, issuer and seed back, whatever a device name may hold."""
    uri = totp.otpauth_uri("123456789012", name, SEED)
    read = pyotp.parse_uri(uri)
    assert isinstance(read, pyotp.TOTP)
    assert (read.name, read.issuer) == (f"{name}@123456789012", "Amazon Web Services")
    assert read.at(NOW) == totp.token_code(SEED, totp.step_at(NOW))
    assert set(parse_qs(urlsplit(uri).query)) == {"secret", "issuer"}
