"""Sealed bytes: keys from keys, one spelling, and envelopes that stay in place."""

import base64

import pytest
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ostiary.identity import sealing
from ostiary.identity.sealing import MasterKey, Tampered
from tests.unit.identity.minting import ACCOUNT, Stream, vault

PLACE = {"purpose": "seed", "row": "arn:aws:iam::1:mfa/Diego", "account": ACCOUNT}


def test_expand_is_hkdf_expand() -> None:
    """`expand` is RFC 5869's expansion with SHA-512, as cryptography computes it."""
    mint = Stream("expand")
    for size in (0, 1, 40, 200):
        key, info = mint.random(32), mint.random(size)
        theirs = HKDFExpand(algorithm=SHA512(), length=64, info=info).derive(key)
        assert sealing.expand(key, info) == theirs


@pytest.mark.threat("T26")
@pytest.mark.parametrize("size", range(7))
def test_base64_has_one_spelling(size: int) -> None:
    """The canonical text decodes; every other spelling of it is refused."""
    data = b"\xfb\xff\xfe\xfb\xff\xfe\xfb"[:size]
    text = sealing.encode(data)
    assert text == base64.b64encode(data).decode()
    assert sealing.decode(text, limit=12) == data
    bent = {
        text + "=",
        text + "==",
        text + "\n",
        text + " ",
        " " + text,
        "\n" + text,
        text.rstrip("="),
        text[:1] + "\n" + text[1:],
        text[:1] + "*" + text[1:],
        text.translate(str.maketrans("+/", "-_")),
        "=" + text,
        text + "\u00e9",
        text + "\ud800",
        text + "\0",
    } - {text}
    for other in bent:
        with pytest.raises(ValueError):  # noqa: PT011 - any refusal will do
            sealing.decode(other, limit=20)


@pytest.mark.threat("T26")
@pytest.mark.parametrize("text", ["AB==", "AAB=", "A", "A===", "====", "AA=A"])
def test_trailing_bits_and_stray_padding_are_refused(text: str) -> None:
    """Python's own decoder lets free bits pass at the end; ours does not."""
    with pytest.raises(ValueError):  # noqa: PT011 - any refusal will do
        sealing.decode(text, limit=8)


def test_the_limit_is_in_characters_and_comes_first() -> None:
    """A text at the limit decodes, one character more is not looked at."""
    assert sealing.decode("A" * 8, limit=8) == bytes(6)
    with pytest.raises(ValueError, match="text has 9 characters, expected at most 8"):
        sealing.decode("A" * 9, limit=8)


# --- the master key


def test_a_master_key_survives_its_file() -> None:
    """The one line of base64 in a key file reads back, with or without line end."""
    key = sealing.new_master_key(Stream())
    for text in (key.to_text(), key.to_text() + "\n"):
        read = sealing.parse_master_key(text)
        assert read.id == key.id
        assert read.derive(b"x") == key.derive(b"x")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "AAAA",
        base64.b64encode(bytes(31)).decode(),
        base64.b64encode(bytes(33)).decode(),
        base64.b64encode(bytes(32)).decode() + "\n\n",
        base64.b64encode(bytes(32)).decode().rstrip("="),
        "-" * 43 + "=",
        bytes(32).hex(),
    ],
)
def test_other_texts_are_no_master_key(text: str) -> None:
    """Anything else is refused, without quoting what may be a key."""
    with pytest.raises(ValueError, match="does not hold a master key") as caught:
        sealing.parse_master_key(text)
    assert not text.strip() or text.strip() not in str(caught.value)


@pytest.mark.threat("T128")
def test_a_master_key_does_not_show_itself() -> None:
    """Neither repr nor comparison says anything of the key."""
    key = MasterKey(bytes(32))
    assert repr(key) == "MasterKey(…)"
    with pytest.raises(TypeError, match="compared by their id"):
        key == key  # noqa: B015, PLR0124 - the comparison itself must raise
    with pytest.raises(TypeError):
        hash(key)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_master_key_has_32_bytes(size: int) -> None:
    """No shorter key is stretched, no longer one cut."""
    with pytest.raises(ValueError, match=f"has {size} bytes, expected 32"):
        MasterKey(bytes(size))


# --- envelopes


@pytest.mark.threat("T123")
@pytest.mark.parametrize("size", [0, 1, 20, 40, 5000])
def test_an_envelope_opens_in_its_place(size: int) -> None:
    """What was sealed comes back, and shows nowhere in the envelope."""
    mint, plain = Stream(), Stream("plain").random(size)
    sealed = vault().seal(plain, **PLACE, mint=mint)
    assert vault().unseal(sealed, **PLACE) == plain
    assert size < 4 or plain not in sealed


@pytest.mark.threat("T123")
def test_no_encoding_of_a_secret_stands_in_its_envelope() -> None:
    """50 secrets: raw, hex, base32 and base64 are absent from all envelopes."""
    mint = Stream("canary")
    secrets = [mint.random(30) for _ in range(50)]
    file = b"".join(vault().seal(plain, **PLACE, mint=mint) for plain in secrets)
    for plain in secrets:
        spelled = (
            plain,
            plain.hex().encode(),
            base64.b32encode(plain),
            base64.b64encode(plain),
        )
        assert not any(text in file for text in spelled)


@pytest.mark.threat("T124")
@pytest.mark.parametrize(
    "moved",
    [
        {"purpose": "access-key"},
        {"row": "arn:aws:iam::1:mfa/Mallory"},
        {"account": "210987654321"},
        {"account": ""},
        {"row": "", "account": PLACE["row"] + PLACE["account"]},
        {"row": PLACE["row"] + ACCOUNT[0], "account": ACCOUNT[1:]},
        {"purpose": "see", "row": "d" + PLACE["row"]},
    ],
)
def test_an_envelope_opens_nowhere_else(moved: dict[str, str]) -> None:
    """In another column, row or account, or at a shifted border, it is refused."""
    sealed = vault().seal(b"secret", **PLACE, mint=Stream())
    with pytest.raises(Tampered):
        vault().unseal(sealed, **{**PLACE, **moved})


@pytest.mark.threat("T123", "T124")
def test_a_bent_envelope_is_refused() -> None:
    """Every single-bit flip, every truncation and every appended byte is refused."""
    sealed = vault().seal(bytes(40), **PLACE, mint=Stream())
    bent = [sealed[:size] for size in range(len(sealed))] + [sealed + b"\0"]
    for at in range(len(sealed) * 8):
        flipped = bytearray(sealed)
        flipped[at // 8] ^= 1 << at % 8
        bent.append(bytes(flipped))
    for other in bent:
        with pytest.raises(Tampered):
            vault().unseal(other, **PLACE)


@pytest.mark.threat("T125")
def test_every_envelope_has_a_key_of_its_own() -> None:
    """The same bytes sealed 1,000 times share no salt and no sealed block."""
    mint = Stream("salts")
    sealed = [vault().seal(bytes(32), **PLACE, mint=mint) for _ in range(1000)]
    assert len({text[5:21] for text in sealed}) == 1000
    assert len({text[21:53] for text in sealed}) == 1000


@pytest.mark.threat("T123")
def test_another_master_key_opens_nothing() -> None:
    """A stolen database without its master key is noise."""
    sealed = vault().seal(b"secret", **PLACE, mint=Stream())
    stranger = vault(master=MasterKey(bytes(32)))
    with pytest.raises(Tampered, match="a master key that we do not have"):
        stranger.unseal(sealed, **PLACE)
