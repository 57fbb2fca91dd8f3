"""Answers that leave in one write: head and body together.

uvicorn hands them to the transport one after the other, and each write is a system
call and a packet, and wakes the client.

A short request has arrived whole before its task runs, and nearly every answer is
short and whole. Both are passed on here without the messages between them:
`take_body`, `send_whole`. What is not so plain goes uvicorn's own way.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)

AT_MOST = 64 * 1024
"""Bytes that wait for more; what is longer leaves at once."""
_WITHOUT_BODY = frozenset({204, 304})
_FRAMING = frozenset({"connection", "content-length", "transfer-encoding"})
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
    for status in HTTPStatus
}


class JoinedTransport:
    """A transport that writes once for all that one step of the loop has to say."""

    __slots__ = ("_call_soon", "_pieces", "_size", "_transport", "is_closing")

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transport = transport
        self.is_closing = transport.is_closing
        self._call_soon = loop.call_soon
        self._pieces: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Writes before the next step of the loop."""
        if not self._pieces:
            self._call_soon(self.flush)
        self._pieces.append(data)
        self._size += len(data)
        if self._size > AT_MOST:
            self.flush()

    def flush(self) -> None:
        """Writes now; what a client that left did not get is dropped."""
        if self._pieces:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._size = 0
            if not self.is_closing():
                self._transport.write(data)

    def close(self) -> None:
        """Closes after all has been written."""
        self.flush()
        self._transport.close()


class JoinedProtocol(HttpToolsProtocol):
    """uvicorn's protocol over such a transport."""

    def connection_made(  # type: ignore[override]  # uvicorn's own signature
        self, transport: asyncio.Transport
    ) -> None:
        """Begin."""
        joined = JoinedTransport(transport, self.loop)
        super().connection_made(joined)  # type: ignore[arg-type]  # all that is used of one


def take_body(cycle: object) -> bytes | None:
    """The whole body, as `receive` gives it; None where one has to wait for it.

    Args:
        cycle: uvicorn's state of the request; under another server, anything else.
    """
    if (
        type(cycle) is not RequestResponseCycle
        or cycle.more_body
        or cycle.waiting_for_100_continue
        or cycle.disconnected
        or len(cycle.body) > AT_MOST  # reading on may have to be allowed again
    ):
        return None
    body = bytes(cycle.body)
    cycle.body.clear()
    return body


def send_whole(
    cycle: object,
    status: int,
    headers: Iterable[tuple[str, str]],
    body: bytes | AsyncIterator[bytes],
) -> bool:
    """Sends a whole answer; False, and nothing was sent, for what is not plain."""
    if (
        type(cycle) is not RequestResponseCycle
        or cycle.response_started
        or cycle.disconnected
        or not cycle.keep_alive
        or not isinstance(body, bytes)
        or cycle.flow.write_paused
        or cycle.scope["method"] == "HEAD"
        or status in _WITHOUT_BODY
        or status not in _STATUS_LINES
    ):
        return False
    lines = []
    for name, value in headers:
        if name in _FRAMING:
            return False
        lines.append(f"{name}: {value}")
    # A header that holds an end of line would begin another one.
    text = "\r\n".join(lines)
    if not text.isascii() or not "".join(lines).isprintable():
        return False
    begun = _STATUS_LINES[status] + _defaults(cycle.default_headers)
    rest = f"{text}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    cycle.response_started = cycle.response_complete = True
    # The joined transport still waits for the loop's next step: a write at once would
    # wake the client while the other requests of this step wait for the processor.
    cycle.transport.write(begun + rest + body)
    cycle.on_response()
    return True


class _Defaults:
    """uvicorn's own headers, as text; it makes a new list of them each second."""

    known: list[tuple[bytes, bytes]] | None = None
    text = b""


def _defaults(headers: list[tuple[bytes, bytes]]) -> bytes:
    if headers is not _Defaults.known:
        text = b"".join([b"%b: %b\r\n" % pair for pair in headers])
        _Defaults.known, _Defaults.text = headers, text
    return _Defaults.text
