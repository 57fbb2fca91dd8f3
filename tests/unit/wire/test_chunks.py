"""Chunked bodies: proved chunk by chunk, decoded, and refused at the first doubt."""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ostiary.wire import chunks
from ostiary.wire.claim import EMPTY_SHA256, Claim, scope
from ostiary.wire.http import Request, Spool, SpoolWriter
from ostiary.wire.reasons import AuthenticationError, Reason
from ostiary.wire.sigv4 import read_claim, signing_key, verify
from tests.unit.wire.made import NOW, SECRET, request, signed

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = f"{SIGNED}-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
DATA = (b"a" * 8192, b"b" * 9000, b"c" * 5)
TRAILER = ("x-amz-checksum-crc32c", "sOO8/Q==")


def upload(
    mode: str, size: int | None = None, trailer: str = TRAILER[0]
) -> tuple[Request, Claim]:
    """Gives a head, signed for chunks that have yet to be made."""
    headers = [
        (
            "x-amz-decoded-content-length",
            str(sum(map(len, DATA)) if size is None else size),
        ),
        ("content-encoding", "aws-chunked"),
    ]
    if mode != SIGNED or trailer != TRAILER[0]:
        headers.append(("x-amz-trailer", trailer))
    head = signed(request("PUT", "/b/k", headers=headers), "s3", payload=mode)
    claim = read_claim(head)
    assert claim is not None
    verify(head, claim, SECRET, NOW, allow_unsigned=True)
    return head, claim


class Writer:
    """Frames data as a client does."""

    def __init__(self, claim: Claim) -> None:
        self._last = claim.signature
        self._head = f"{claim.timestamp}\n{scope(claim)}\n"
        self._key = signing_key(SECRET, claim.date, claim.region, claim.service)

    def _sign(self, kind: str, tail: str) -> bytes:
        text = f"AWS4-HMAC-SHA256-{kind}\n{self._head}{self._last}\n{tail}"
        self._last = hmac.digest(self._key, text.encode(), "sha256").hex()
        return self._last.encode()

    def chunk(self, data: bytes) -> bytes:
        """Gives one chunk."""
        signature = self._sign(
            "PAYLOAD", f"{EMPTY_SHA256}\n{hashlib.sha256(data).hexdigest()}"
        )
        return b"%x;chunk-signature=%s\r\n%s" % (
            len(data),
            signature,
            data + b"\r\n" if data else b"",
        )

    def trailer(self, name: str, value: str) -> bytes:
        """Gives a signed trailer."""
        digest = hashlib.sha256(f"{name}:{value}\n".encode()).hexdigest()
        signature = self._sign("TRAILER", digest)
        return b"%s:%s\r\nx-amz-trailer-signature:%s\r\n" % (
            name.encode(),
            value.encode(),
            signature,
        )


def framed(claim: Claim, mode: str) -> bytes:
    """Gives a right body for the mode."""
    if mode == UNSIGNED_TRAILER:
        body = b"".join(b"%X\r\n%s\r\n" % (len(data), data) for data in DATA)
        return body + b"0\r\n%s:%s\r\n\r\n" % tuple(part.encode() for part in TRAILER)
    writer = Writer(claim)
    body = b"".join(writer.chunk(data) for data in (*DATA, b""))
    if mode == SIGNED_TRAILER:
        body += writer.trailer(*TRAILER)
    return body + b"\r\n"


@contextmanager
def kept(body: bytes, *, spooled: bool) -> Iterator[bytes | Spool]:
    """Gives the body in memory or in a file."""
    if not spooled:
        yield body
        return
    writer = SpoolWriter()
    writer.write(body)
    with writer.finish() as spool:
        yield spool


@pytest.mark.threat("T39", "T40")
@pytest.mark.parametrize("mode", [SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER])
@pytest.mark.parametrize("spooled", [False, True])
def test_a_right_body_is_decoded(mode: str, *, spooled: bool) -> None:
    """Data and trailer come out, in memory or in a file as they came in."""
    head, claim = upload(mode)
    with kept(framed(claim, mode), spooled=spooled) as body:
        opened = chunks.open_chunks(replace(head, body=body), claim, SECRET)

    if isinstance(opened.body, Spool):
        with opened.body as spool:
            data = b"".join(spool.chunks())
    else:
        data = opened.body
    assert isinstance(opened.body, Spool) == spooled
    assert data == b"".join(DATA)
    assert opened.trailers == (() if mode == SIGNED else (TRAILER,))


@pytest.mark.threat("T40")
@pytest.mark.parametrize("mode", [SIGNED, SIGNED_TRAILER])
@pytest.mark.parametrize("spooled", [False, True])
def test_every_changed_byte_of_a_signed_body_is_refused(
    mode: str, *, spooled: bool
) -> None:
    """Flipping any bit of framing, data or trailer is refused."""
    head, claim = upload(mode)
    body = framed(claim, mode)
    step = 997 if spooled else 97
    for at in (
        *range(100),
        *range(100, len(body), step),
        *range(len(body) - 250, len(body)),
    ):
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        with (
            kept(changed, spooled=spooled) as arrived,
            pytest.raises(AuthenticationError),
        ):
            chunks.open_chunks(replace(head, body=arrived), claim, SECRET)


@pytest.mark.threat("T40", "T68")
@pytest.mark.parametrize("mode", [SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER])
def test_every_cut_or_longer_body_is_refused(mode: str) -> None:
    """A body that ends early, or goes on after its end, is refused."""
    head, claim = upload(mode)
    body = framed(claim, mode)
    for changed in (
        *(body[:at] for at in range(0, len(body), 101)),
        body[:-1],
        body + b"x",
        body + b"\r\n",
        body + body,
    ):
        with pytest.raises(AuthenticationError):
            chunks.open_chunks(replace(head, body=changed), claim, SECRET)


@pytest.mark.threat("T40")
@pytest.mark.parametrize(
    "size", [0, 1, sum(map(len, DATA)) - 1, sum(map(len, DATA)) + 1]
)
@pytest.mark.parametrize("mode", [SIGNED, UNSIGNED_TRAILER])
def test_the_told_size_must_be_the_size(mode: str, size: int) -> None:
    """x-amz-decoded-content-length that is not the data's length is refused."""
    head, claim = upload(mode, size=size)

    with pytest.raises(AuthenticationError) as caught:
        chunks.open_chunks(replace(head, body=framed(claim, mode)), claim, SECRET)

    assert caught.value.reason is Reason.CHUNKS


@pytest.mark.threat("T40")
def test_chunks_cannot_be_reordered_dropped_or_replayed() -> None:
    """Each chunk is signed over the one before it."""
    head, claim = upload(SIGNED)
    writer = Writer(claim)
    one, two, three, end = (writer.chunk(data) for data in (*DATA, b""))
    for order in (
        (two, one, three, end),
        (one, three, end),
        (one, one, two, three, end),
        (one, two, end),
    ):
        with pytest.raises(AuthenticationError):
            chunks.open_chunks(
                replace(head, body=b"".join(order) + b"\r\n"), claim, SECRET
            )


@pytest.mark.threat("T40")
def test_a_signed_trailer_may_end_its_lines_as_it_signs_them() -> None:
    """AWS's own example writes `name:value` with a line feed before the empty line."""
    head, claim = upload(SIGNED_TRAILER)
    body = framed(claim, SIGNED_TRAILER)
    name, value = (part.encode() for part in TRAILER)
    fed = body.replace(value + b"\r\n", value + b"\n\r\n")

    opened = chunks.open_chunks(replace(head, body=fed), claim, SECRET)

    assert opened.trailers == (TRAILER,)
    for other in (value + b"\n\n\r\n", value + b"\nx:y\n\r\n", value + b"\n"):
        changed = replace(head, body=body.replace(value + b"\r\n", other))
        with pytest.raises(AuthenticationError):
            chunks.open_chunks(changed, claim, SECRET)
    unsigned, other_claim = upload(UNSIGNED_TRAILER)
    plain = framed(other_claim, UNSIGNED_TRAILER).replace(
        name + b":" + value, name + b":" + value + b"\n"
    )
    with pytest.raises(AuthenticationError):
        chunks.open_chunks(replace(unsigned, body=plain), other_claim, SECRET)


@pytest.mark.parametrize(
    "tail",
    [
        b"0\r\n\r\n",
        b"0\r\nx-amz-checksum-sha1:x\r\n\r\n",
        b"0\r\nx-amz-checksum-crc32c:x\r\nx-amz-checksum-crc32c:x\r\n\r\n",
        b"0\r\nx-amz-checksum-crc32c:x\r\nx-amz-acl:public-read\r\n\r\n",
        b"0\r\nX-Amz-Checksum-Crc32c:x\r\n\r\n",
        b"0\r\nx-amz-checksum-crc32c\r\n\r\n",
        b"0\r\nx-amz-checksum-crc32c:\x00\r\n\r\n",
        b"0\r\nx-amz-checksum-crc32c:" + b"x" * 1025 + b"\r\n\r\n",
        b"0\r\nx-amz-trailer-signature:x\r\n\r\n",
        b"0;chunk-signature=" + b"0" * 64 + b"\r\nx-amz-checksum-crc32c:x\r\n\r\n",
        b"-1\r\n\r\n",
        b"0x0\r\nx-amz-checksum-crc32c:x\r\n\r\n",
        b" 0\r\nx-amz-checksum-crc32c:x\r\n\r\n",
        b"000000000\r\nx-amz-checksum-crc32c:x\r\n\r\n",
        b"0\nx-amz-checksum-crc32c:x\n\n",
    ],
)
def test_trailers_are_the_announced_ones(tail: bytes) -> None:
    """Strangers, repeats, other cases and broken framing after the data are refused."""
    head, claim = upload(UNSIGNED_TRAILER)
    body = b"".join(b"%x\r\n%s\r\n" % (len(data), data) for data in DATA)

    with pytest.raises(AuthenticationError):
        chunks.open_chunks(replace(head, body=body + tail), claim, SECRET)


def test_small_chunks_are_refused_but_for_the_last() -> None:
    """A signed chunk below 8 KiB may only be followed by the end."""
    head, claim = upload(SIGNED, size=10)
    writer = Writer(claim)
    body = b"".join(writer.chunk(data) for data in (b"a" * 5, b"b" * 5, b"")) + b"\r\n"

    with pytest.raises(AuthenticationError):
        chunks.open_chunks(replace(head, body=body), claim, SECRET)


def test_a_body_without_chunks_is_left_alone() -> None:
    """Other modes come back as they are."""
    head = signed(request("PUT", "/b/k", body=b"5\r\nhello\r\n"), "s3")
    claim = read_claim(head)
    assert claim is not None

    assert chunks.open_chunks(head, claim, SECRET).body == b"5\r\nhello\r\n"


@pytest.mark.parametrize("told", ["", "-1", "1e3", "٣", "9" * 16])
def test_the_size_must_be_a_number(told: str) -> None:
    """A decoded length that is no plain number is refused."""
    head, claim = upload(SIGNED)
    headers = tuple(
        (n, told if n == "x-amz-decoded-content-length" else v) for n, v in head.headers
    )

    with pytest.raises(AuthenticationError):
        chunks.open_chunks(
            replace(head, headers=headers, body=framed(claim, SIGNED)), claim, SECRET
        )


@pytest.mark.threat("T40")
def test_a_trailer_needs_a_mode_that_signs_it() -> None:
    """Signed chunks without the trailer mode cannot announce and bring a trailer."""
    head, claim = upload(SIGNED, trailer="x-amz-checksum-sha1")
    body = framed(claim, SIGNED)[:-2] + b"x-amz-checksum-sha1:x\r\n\r\n"

    with pytest.raises(AuthenticationError) as caught:
        chunks.open_chunks(replace(head, body=body), claim, SECRET)

    assert caught.value.reason is Reason.TRAILER


@pytest.mark.threat("T54", "T68")
def test_data_ends_where_its_chunk_says() -> None:
    """Bytes between a chunk's data and its line end are refused."""
    head, claim = upload(UNSIGNED_TRAILER)
    body = framed(claim, UNSIGNED_TRAILER).replace(b"ccccc\r\n", b"cccccc\r\n")

    with pytest.raises(AuthenticationError):
        chunks.open_chunks(replace(head, body=body), claim, SECRET)
