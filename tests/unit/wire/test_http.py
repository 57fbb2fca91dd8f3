"""Requests keep what arrived; spools give it back whole."""

import hashlib
from dataclasses import replace

import pytest

from ostiary.wire.http import Spool, SpoolWriter, body_sha256, body_size, is_private
from tests.unit.wire.made import request


def spool(*pieces: bytes) -> Spool:
    """Gives a spooled body."""
    writer = SpoolWriter()
    for piece in pieces:
        writer.write(piece)
    return writer.finish()


def test_a_spool_gives_back_what_was_written() -> None:
    """Size, hash and bytes are those of the pieces; reading twice is the same."""
    with spool(b"ab", b"", b"c" * 100_000) as body:
        assert body.size == 100_002
        assert body.sha256 == hashlib.sha256(b"ab" + b"c" * 100_000).hexdigest()
        first, second = body.chunks(7), body.chunks()
        assert next(first) == b"abccccc"
        assert b"".join(second) == b"ab" + b"c" * 100_000
        assert b"".join(first) == b"c" * 99_995


def test_memory_and_spool_look_alike() -> None:
    """Hash and size do not depend on where the body is kept."""
    with spool(b"data") as body:
        spooled = request(body=body)
        held = request(body=b"data")
        assert (body_sha256(spooled), body_size(spooled)) == (
            body_sha256(held),
            body_size(held),
        )


def test_a_discarded_spool_is_closed() -> None:
    """What was written and not wanted is gone."""
    writer = SpoolWriter()
    writer.discard()

    with pytest.raises(ValueError, match="closed"):
        writer.write(b"x")


@pytest.mark.threat("T40")
@pytest.mark.parametrize(
    ("secure", "peer", "private"),
    [
        (True, "203.0.113.1", True),
        (False, "127.0.0.1", True),
        (False, "127.9.9.9", True),
        (False, "::1", True),
        (False, "::ffff:127.0.0.1", True),
        (False, "::ffff:10.0.0.1", False),
        (False, "10.0.0.1", False),
        (False, "0.0.0.0", False),  # noqa: S104  # an address, nothing is bound
        (False, "localhost", False),
        (False, "", False),
    ],
)
def test_private_connections(*, secure: bool, peer: str, private: bool) -> None:
    """TLS and loopback are private, and nothing else is."""
    assert is_private(replace(request(), secure=secure, peer=peer)) is private


def test_headers_are_found_by_name() -> None:
    """A header is one value; repeats are joined in order; absence is None."""
    arrived = request(headers=[("accept", "a"), ("accept", "b")])

    assert arrived.header("accept") == "a,b"
    assert arrived.headers_named("accept") == ("a", "b")
    assert arrived.header("other") is None
    assert arrived.headers_named("other") == ()
