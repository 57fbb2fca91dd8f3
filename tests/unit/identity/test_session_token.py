"""Session tokens: what they keep, and that nothing but the token itself opens."""

import base64
import json
from typing import Any

import pytest

from ostiary.identity import session_token
from ostiary.identity.ring import EMPTY
from ostiary.identity.session import SessionKind
from ostiary.identity.vault import (
    InvalidToken,
    TokenTooLarge,
    UnknownSealingKey,
)
from tests.unit.identity.minting import (
    NOW,
    OperatingSystem,
    Stream,
    encoded,
    refused,
    session,
    vault,
)

HEADER = 25
FULL: dict[str, Any] = {
    "kind": SessionKind.ROLE,
    "principal": "AROADBQP57FF2AEXAMPLE",
    "name": "Richard",
    "mfa_at": None,
    "source_identity": "jos\u00e9",
    "tags": (("Project", "\u6771\u4eac"), ("team", "")),
    "transitive": ("project",),
    "policy": '{"Statement": []}',
    "policy_arns": ("arn:aws:iam::aws:policy/ReadOnlyAccess",),
}


# --- what it keeps


@pytest.mark.rule("M25")
@pytest.mark.parametrize("changed", [{}, {"mfa_at": None}, FULL], ids=str)
def test_a_token_keeps_every_fact(changed: dict[str, Any]) -> None:
    """The session comes back whole, its MFA facts among the rest."""
    kept = session(**changed)
    token, secret = vault().seal_session(kept, Stream())
    read, again = vault().unseal_session(token, kept.access_key_id)
    assert read == kept
    assert again.reveal() == secret.reveal()
    assert len(secret.reveal()) == 40


@pytest.mark.rule("M25")
def test_a_token_tells_its_holder_nothing() -> None:
    """Neither ids nor secret stand in the clear part or anywhere else."""
    kept = session()
    token, secret = vault().seal_session(kept, Stream())
    raw = base64.b64decode(token)
    for text in (kept.access_key_id, kept.account, kept.principal, secret.reveal()):
        assert text.encode() not in raw
        assert text not in token


@pytest.mark.threat("T125")
def test_two_tokens_of_one_session_share_no_key() -> None:
    """Each token has its own salt, ciphertext and secret access key."""
    mint = Stream()
    made = [vault().seal_session(session(), mint) for _ in range(200)]
    raw = [base64.b64decode(token) for token, _ in made]
    assert len({token[9:HEADER] for token in raw}) == 200
    assert len({token[HEADER : HEADER + 16] for token in raw}) == 200
    assert len({secret.reveal() for _, secret in made}) == 200


def test_the_token_of_a_plain_session_is_short() -> None:
    """GetSessionToken's token stays far below the 4,096 that clients may expect."""
    token, _ = vault().seal_session(session(), Stream())
    assert 200 < len(token) < 300


def test_expiry_is_not_judged_here() -> None:
    """A token of long ago opens; the gate refuses it, with its own answer."""
    kept = session(issued_at=1, expires_at=2)
    token, _ = vault().seal_session(kept, Stream())
    assert vault().unseal_session(token, kept.access_key_id)[0] == kept


# --- its length


def test_a_session_policy_of_full_length_fits() -> None:
    """2,048 characters of policy, as long as AWS takes them, fit a token."""
    policy = json.dumps({"Statement": [{"Sid": "x" * 1990}]}).ljust(2048)
    kept = session(policy=policy)
    token, _ = vault().seal_session(kept, Stream())
    assert vault().unseal_session(token, kept.access_key_id)[0].policy == policy


def test_the_longest_token_that_we_mint() -> None:
    """4,096 characters are minted and accepted; a longer token is not made."""
    fill = 4096 // 4 * 3 - len(
        base64.b64decode(vault().seal_session(session(name=""), Stream())[0])
    )
    kept = session(name="x" * fill)
    token, _ = vault().seal_session(kept, Stream())
    assert len(token) == 4096
    assert vault().unseal_session(token, kept.access_key_id)[0] == kept
    with pytest.raises(TokenTooLarge, match="has 4100 characters, expected at most"):
        vault().seal_session(session(name="x" * (fill + 1)), Stream())


@pytest.mark.threat("T25")
@pytest.mark.parametrize("size", [0, 1, 24, 25, 26, 41, 6144, 6145, 8192, 1 << 20])
def test_zeros_are_no_token(size: int) -> None:
    """Zeros of any length, 8 KiB and beyond, are refused."""
    key_id = session().access_key_id
    assert refused(vault(), encoded(bytes(size)), key_id)
    assert refused(vault(), encoded(b"\x01" + bytes(size)), key_id)
    assert refused(vault(), "\0" * size, key_id)
    assert refused(vault(), "A" * size, key_id)


def test_only_8192_characters_are_looked_at() -> None:
    """A longer text is refused before it is decoded."""
    token, _ = vault().seal_session(session(), Stream())
    with pytest.raises(InvalidToken, match="not canonical base64"):
        vault().unseal_session(token + "A" * 8192, session().access_key_id)
    assert session_token.ACCEPT_LIMIT == 8192


# --- forged, bent, cut


@pytest.mark.threat("T25")
def test_no_flipped_bit_passes() -> None:
    """All single-bit flips of 100 tokens: none accepted, none raises otherwise."""
    mint = OperatingSystem()
    keeper = vault()
    accepted = flips = 0
    for number in range(100):
        kept = session(f"flip {number}")
        raw = bytearray(base64.b64decode(keeper.seal_session(kept, mint)[0]))
        assert not refused(keeper, encoded(raw), kept.access_key_id)
        for at in range(len(raw)):
            for bit in (1, 2, 4, 8, 16, 32, 64, 128):
                raw[at] ^= bit
                accepted += not refused(keeper, encoded(raw), kept.access_key_id)
                raw[at] ^= bit
                flips += 1
    assert accepted == 0
    assert flips > 100 * 8 * 150


@pytest.mark.threat("T25", "T26")
def test_no_flipped_bit_of_the_text_passes() -> None:
    """The same flips in the base64 text of a token: none accepted."""
    kept = session()
    token, _ = vault().seal_session(kept, Stream())
    for at in range(len(token)):
        for bit in range(8):
            bent = token[:at] + chr(ord(token[at]) ^ 1 << bit) + token[at + 1 :]
            assert refused(vault(), bent, kept.access_key_id)


@pytest.mark.threat("T25")
def test_no_cut_or_grown_token_passes() -> None:
    """Truncated at each length, with bytes in front or behind, doubled: refused."""
    kept = session()
    token, _ = vault().seal_session(kept, Stream())
    raw = base64.b64decode(token)
    bent = [raw[:size] for size in range(len(raw))]
    bent += [raw[size:] for size in range(1, len(raw))]
    bent += [raw + bytes([byte]) for byte in range(256)]
    bent += [bytes([byte]) + raw for byte in range(256)]
    bent += [raw + raw, raw + bytes(16), raw[:-16], raw[:HEADER] + raw]
    assert all(refused(vault(), encoded(other), kept.access_key_id) for other in bent)
    assert all(
        refused(vault(), token[:size], kept.access_key_id) for size in range(len(token))
    )


@pytest.mark.threat("T25")
def test_no_swapped_parts_pass() -> None:
    """Swapped halves, and header, salt or body of another token: refused."""
    mint, kept = Stream(), session()
    one, two = (base64.b64decode(vault().seal_session(kept, mint)[0]) for _ in range(2))
    middle = len(one) // 2
    bent = [
        one[middle:] + one[:middle],
        one[:HEADER] + two[HEADER:],
        one[:9] + two[9:HEADER] + one[HEADER:],
        one[:-16] + two[-16:],
        one[:middle] + two[middle:],
    ]
    assert all(refused(vault(), encoded(other), kept.access_key_id) for other in bent)


@pytest.mark.threat("T25")
@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused(version: int) -> None:
    """Only the version that we write is read."""
    kept = session()
    raw = base64.b64decode(vault().seal_session(kept, Stream())[0])
    bent = encoded(bytes([version]) + raw[1:])
    assert refused(vault(), bent, kept.access_key_id)


@pytest.mark.threat("T25", "T119")
def test_the_key_id_is_authenticated() -> None:
    """A token that names another key of the ring is refused, and so is a lost one."""
    kept, mint = session(), Stream()
    empty = vault().with_ring(EMPTY)
    rows = [empty.new_sealing_key(mint, NOW + age) for age in range(2)]
    keeper = empty.with_ring(empty.open_ring(rows))
    raw = base64.b64decode(keeper.seal_session(kept, mint)[0])
    assert raw[1:9].hex() == rows[1].id
    other = encoded(raw[:1] + bytes.fromhex(rows[0].id) + raw[9:])
    with pytest.raises(InvalidToken, match="does not open"):
        keeper.unseal_session(other, kept.access_key_id)
    older = empty.with_ring(empty.open_ring(rows[:1]))
    with pytest.raises(UnknownSealingKey):
        older.unseal_session(encoded(raw), kept.access_key_id)


# --- one spelling


@pytest.mark.threat("T26")
def test_a_token_has_one_spelling() -> None:
    """Padding, line ends, spaces, the other alphabet, free bits: all refused."""
    kept = session()
    tokens = [
        vault().seal_session(session(name="x" * size), Stream())[0] for size in range(3)
    ]
    assert {token.count("=") for token in tokens} == {0, 1, 2}
    for token in tokens:
        bare = token.rstrip("=")
        spelled = {
            token + "=",
            token + "\n",
            token + "\r\n",
            token + " ",
            " " + token,
            token + "\t",
            token[:8] + "\n" + token[8:],
            token[:8] + " " + token[8:],
            token[:8] + "%" + token[8:],
            bare,
            bare + "=" * 4,
            bare + "%3D",
            token.translate(str.maketrans("+/", "-_")),
            token.replace("+", " "),
            token + "\0",
            token + "\u00e9",
            token + "\ud800",
            bare[:-1] + chr(ord(bare[-1]) + 1) + token[len(bare) :],
        } - {token}
        for other in spelled:
            assert refused(vault(), other, kept.access_key_id), ascii(other)
        assert not refused(vault(), token, kept.access_key_id)


# --- token and key


@pytest.mark.threat("T27")
@pytest.mark.parametrize(
    "given",
    [
        "",
        session("other").access_key_id,
        session().issuer,
        session().access_key_id.lower(),
        session().access_key_id + "\n",
        session().access_key_id[:-1],
        "AKIA" + session().access_key_id[4:],
        "\u00e9",
        "\ud800",
    ],
    ids=ascii,
)
def test_a_token_serves_its_own_access_key_only(given: str) -> None:
    """With the id of another session, of a long-term key or of none: refused."""
    token, _ = vault().seal_session(session(), Stream())
    with pytest.raises(InvalidToken, match="belongs to another access key"):
        vault().unseal_session(token, given)


# --- the ring, and what errors show


@pytest.mark.threat("T119")
def test_ten_rotations_refuse_no_token() -> None:
    """Tokens of every key that was ever newest open while the ring keeps it."""
    mint, kept = Stream("rotations"), session()
    keeper = vault().with_ring(EMPTY)
    rows, tokens = [], []
    for minute in range(10):
        rows.append(keeper.new_sealing_key(mint, NOW + 60 * minute))
        keeper = keeper.with_ring(keeper.open_ring(rows))
        tokens.append(keeper.seal_session(kept, mint)[0])
        for token in tokens:
            assert keeper.unseal_session(token, kept.access_key_id)[0] == kept
    dropped = keeper.with_ring(keeper.open_ring(rows[1:]))
    with pytest.raises(UnknownSealingKey):
        dropped.unseal_session(tokens[0], kept.access_key_id)
    assert dropped.unseal_session(tokens[1], kept.access_key_id)[0] == kept


@pytest.mark.threat("T128")
def test_refusals_do_not_repeat_the_token() -> None:
    """No exception holds a part of the token or of the id."""
    kept = session()
    token, _ = vault().seal_session(kept, Stream())
    for text, given in ((token, "AKIAOTHER"), (token + "=", kept.access_key_id)):
        with pytest.raises(InvalidToken) as caught:
            vault().unseal_session(text, given)
        assert text[:20] not in repr(caught.value)
        assert given not in repr(caught.value)
        assert caught.value.__cause__ is None
