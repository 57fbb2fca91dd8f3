"""Chunked bodies of S3: every chunk proved, then the framing taken off (facts 9.3).

`open_chunks` gives back only a body that was proved to its last byte, so nothing
can be forwarded before its signature was checked (T40).
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ostiary.wire.claim import EMPTY_SHA256, Claim, Payload, scope
from ostiary.wire.http import Request, Spool, SpoolWriter
from ostiary.wire.reasons import AuthenticationError, Reason
from ostiary.wire.sigv4 import signing_key

_SIGNED_HEAD = re.compile(
    rb"([0-9A-Fa-f]{1,8});chunk-signature=([0-9a-f]{64})", re.ASCII
)
_PLAIN_HEAD = re.compile(rb"([0-9A-Fa-f]{1,8})", re.ASCII)
_TRAILER = re.compile(rb"([a-z0-9-]{1,128}):[ \t]*([\x20-\x7e]{0,1024})", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)
_LONGEST_LINE = 1280
_MOST_TRAILERS = 8
_LEAST_CHUNK = 8 * 1024
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A chunked body without its framing, and the trailer that followed it."""

    body: bytes | Spool = field(repr=False)
    trailers: tuple[tuple[str, str], ...]


class _Source:
    """Reads lines and counted bytes from a body."""

    def __init__(self, body: bytes | Spool) -> None:
        self._pieces: Iterator[bytes] = (
            iter([body]) if isinstance(body, bytes) else body.chunks()
        )
        self._held = b""
        self._at = 0

    def _fill(self) -> bool:
        piece = next(self._pieces, b"")
        self._held = self._held[self._at :] + piece
        self._at = 0
        return bool(piece)

    def line(self) -> bytes:
        longest = _LONGEST_LINE + 2
        while (end := self._held.find(b"\r\n", self._at, self._at + longest)) < 0:
            if len(self._held) - self._at >= longest or not self._fill():
                raise AuthenticationError(Reason.CHUNKS)
        line = self._held[self._at : end]
        self._at = end + 2
        return line

    def take(self, count: int) -> Iterator[bytes]:
        while count:
            if self._at == len(self._held) and not self._fill():
                raise AuthenticationError(Reason.CHUNKS)
            piece = self._held[self._at : self._at + min(count, _PIECE)]
            self._at += len(piece)
            count -= len(piece)
            yield piece

    def at_end(self) -> bool:
        return self._at == len(self._held) and not self._fill()


class _Chain:
    """The signatures of the chunks, each made over the one before it."""

    def __init__(self, claim: Claim, secret: str) -> None:
        self._key = signing_key(secret, claim.date, claim.region, claim.service)
        self._head = f"{claim.timestamp}\n{scope(claim)}\n"
        self._last = claim.signature

    def check(self, kind: str, tail: str, given: str) -> None:
        text = f"AWS4-HMAC-SHA256-{kind}\n{self._head}{self._last}\n{tail}"
        computed = hmac.digest(self._key, text.encode(), "sha256").hex()
        if not hmac.compare_digest(computed.encode(), given.encode()):
            raise AuthenticationError(Reason.SIGNATURE)
        self._last = given


def open_chunks(request: Request, claim: Claim, secret: str) -> Opened:
    """Gives the body of a request whose head `verify` has proved.

    A body without chunks comes back as it is. `aws-chunked` in Content-Encoding and
    x-amz-decoded-content-length describe the framing, and must not be forwarded.

    Raises:
        AuthenticationError: A chunk or trailer is not signed as it says, or the
            framing is broken, or the sizes disagree.
    """
    if claim.payload in {Payload.HASHED, Payload.UNSIGNED}:
        return Opened(body=request.body, trailers=())
    told = request.index.get("x-amz-decoded-content-length", "")
    if not _DIGITS.fullmatch(told):
        raise AuthenticationError(Reason.CHUNKS)
    signed = claim.payload is not Payload.UNSIGNED_CHUNKS_TRAILER
    chain = _Chain(claim, secret) if signed else None
    writer = SpoolWriter() if isinstance(request.body, Spool) else None
    held: list[bytes] = []
    keep = writer.write if writer else held.append
    try:
        trailers = _copy(request, claim, chain, keep)
    except BaseException:
        if writer:
            writer.discard()
        raise
    body = writer.finish() if writer else b"".join(held)
    return Opened(body=body, trailers=trailers)


def _copy(
    request: Request, claim: Claim, chain: _Chain | None, keep: Callable[[bytes], Any]
) -> tuple[tuple[str, str], ...]:
    """Hands the proved data on, piece by piece, and gives the trailer."""
    told = int(request.index["x-amz-decoded-content-length"])
    source = _Source(request.body)
    size = 0
    for piece in _data(source, chain):
        size += len(piece)
        if size > told:
            break
        keep(piece)
    if size != told:
        raise AuthenticationError(Reason.CHUNKS)
    return _read_trailers(source, chain, request, claim)


def _data(source: _Source, chain: _Chain | None) -> Iterator[bytes]:
    """Gives the data of every chunk up to the empty one, which it reads too."""
    head = _SIGNED_HEAD if chain else _PLAIN_HEAD
    short = False
    while True:
        found = head.fullmatch(source.line())
        if not found:
            raise AuthenticationError(Reason.CHUNKS)
        size = int(found[1], 16)
        # Small chunks would cost a signature each; S3 refuses all but the last.
        if short and size:
            raise AuthenticationError(Reason.CHUNKS)
        short = chain is not None and size < _LEAST_CHUNK
        digest = hashlib.sha256()
        for piece in source.take(size):
            digest.update(piece)
            yield piece
        if chain:
            tail = f"{EMPTY_SHA256}\n{digest.hexdigest()}"
            chain.check("PAYLOAD", tail, found[2].decode())
        if not size:
            return
        if source.line():
            raise AuthenticationError(Reason.CHUNKS)


def _trailer_lines(source: _Source, *, signed: bool) -> Iterator[bytes]:
    """Gives the lines up to the empty one.

    AWS's example of a signed trailer, and the clients written after it, end each
    line with the line feed that is signed and the whole block with an empty line.
    """
    while line := source.line():
        if signed and line.endswith(b"\n"):
            yield from line[:-1].split(b"\n")
        else:
            yield line


def _read_trailers(
    source: _Source, chain: _Chain | None, request: Request, claim: Claim
) -> tuple[tuple[str, str], ...]:
    announced = [
        name.strip(" \t").lower()
        for name in request.index.get("x-amz-trailer", "").split(",")
        if name
    ]
    trailers: dict[str, str] = {}
    signature = None
    for line in _trailer_lines(source, signed=chain is not None):
        found = _TRAILER.fullmatch(line)
        if not found or signature is not None or len(trailers) >= _MOST_TRAILERS:
            raise AuthenticationError(Reason.TRAILER)
        name, value = found[1].decode(), found[2].decode().rstrip(" ")
        if name == "x-amz-trailer-signature" and chain:
            signature = value
        elif name in trailers:
            raise AuthenticationError(Reason.TRAILER)
        else:
            trailers[name] = value
    if sorted(trailers) != sorted(announced) or not source.at_end():
        raise AuthenticationError(Reason.TRAILER)
    if claim.payload is Payload.SIGNED_CHUNKS_TRAILER and chain:
        text = "".join(f"{name}:{value}\n" for name, value in trailers.items())
        digest = hashlib.sha256(text.encode()).hexdigest()
        chain.check("TRAILER", digest, signature or "")
    elif signature is not None or (trailers and chain):
        raise AuthenticationError(Reason.TRAILER)
    return tuple(trailers.items())
