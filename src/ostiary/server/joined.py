"""Answers that leave in one write: head and body together.

uvicorn hands them to the transport one after the other, and each write is a system
call and a packet, and wakes the client.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

AT_MOST = 64 * 1024
"""Bytes that wait for more; what is longer leaves at once."""


class JoinedTransport:
    """A transport that writes once for all that one step of the loop has to say."""

    __slots__ = ("_call_soon", "_pieces", "_size", "_transport")

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transport = transport
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
            if not self._transport.is_closing():
                self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether nothing more can be written."""
        return self._transport.is_closing()

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
