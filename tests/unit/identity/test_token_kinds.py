"""Sealed things that are no session token, though we sealed them ourselves."""

import base64
import json

import pytest

from ostiary.identity import sealing, session_token
from tests.unit.identity.minting import NOW, Stream, encoded, refused, session, vault

HEADER = 25


@pytest.mark.threat("T28")
def test_nothing_else_that_we_seal_is_a_token() -> None:
    """A marker, an envelope, a message and a sealing key are refused as tokens."""
    keeper, mint, kept = vault(), Stream(), session()
    token, _ = keeper.seal_session(kept, mint)
    body = sealing.unseal(
        sealing.expand(
            keeper.ring.newest.key,
            b"ostiary session 1\0" + base64.b64decode(token)[9:HEADER],
        )[:32],
        base64.b64decode(token)[HEADER:],
        base64.b64decode(token)[:HEADER],
    )
    sealed = keeper.seal(body, purpose="session", row="", account="", mint=mint)
    others = [
        keeper.seal_marker(body.decode()[:200], scope=""),
        encoded(sealed),
        keeper.seal_message(body.decode(), account="", mint=mint),
        encoded(keeper.new_sealing_key(mint, NOW).sealed),
        encoded(base64.b64decode(token)[:9] + sealed[5:]),
    ]
    assert all(refused(keeper, other, kept.access_key_id) for other in others)


@pytest.mark.threat("T28")
def test_a_key_of_another_label_opens_nothing() -> None:
    """The label is part of the key: the right key under another label is refused."""
    keeper, kept, salt = vault(), session(), bytes(16)
    header = b"\x01" + bytes.fromhex(keeper.ring.newest.id) + salt
    for label in (b"", b"ostiary marker 1\0", b"ostiary session 2\0", b"cookie\0"):
        key = sealing.expand(keeper.ring.newest.key, label + salt)[:32]
        body = session_token._write(kept)
        forged = encoded(header + sealing.seal(key, body, header))
        assert refused(keeper, forged, kept.access_key_id)


@pytest.mark.threat("T25")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{}",
        b"[]",
        b"null",
        b"[1",
        b'"x"',
        b"NaN",
    ],
)
def test_a_body_of_another_shape_is_refused(body: bytes) -> None:
    """Even what authenticates is read strictly: other JSON is refused."""
    assert refused(vault(), _with_body(body), session().access_key_id)


@pytest.mark.threat("T25")
@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, None),
        (0, 1),
        (1, "other"),
        (1, ""),
        (5, True),
        (5, 1.0),
        (5, "1"),
        (5, None),
        (6, False),
        (7, True),
        (7, "1"),
        (7, 0.5),
        (10, [["a"]]),
        (10, [["a", 1]]),
        (10, ["ab"]),
        (10, {"a": "b"}),
        (10, [["a", "b", "c"]]),
        (11, [1]),
        (11, "a"),
        (11, [["a"]]),
        (12, 1),
        (12, []),
        (13, [None]),
        (13, None),
    ],
)
def test_a_field_of_another_type_is_refused(place: int, value: object) -> None:
    """No field is converted: true is no time, and text is no list."""
    fields = json.loads(session_token._write(session()))
    assert not refused(
        vault(), _with_body(json.dumps(fields).encode()), session().access_key_id
    )
    fields[place] = value
    body = json.dumps(fields).encode()
    assert refused(vault(), _with_body(body), session().access_key_id)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_body_with_more_or_fewer_fields_is_refused(change: int) -> None:
    """The version fixes the number of fields."""
    fields = json.loads(session_token._write(session()))
    fields = fields[:-1] if change < 0 else [*fields, None]
    assert refused(
        vault(), _with_body(json.dumps(fields).encode()), session().access_key_id
    )


def _with_body(body: bytes) -> str:
    """A token that we could have sealed, with any body."""
    newest, salt = vault().ring.newest, bytes(16)
    header = b"\x01" + bytes.fromhex(newest.id) + salt
    key, _ = session_token._derive(newest.key, salt)
    return encoded(header + sealing.seal(key, body, header))
