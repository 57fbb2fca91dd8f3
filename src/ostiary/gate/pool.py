"""Connections to one upstream: bounded, reused without doubt only, closed otherwise.

A kept connection on which anything arrives unasked is closed before it is used, and
an answer that is not read to its end takes its connection with it (T68, T69, T76).
"""

import asyncio
import ssl

import h11

from ostiary.gate.exchange import (
    LIMITS,
    BusyError,
    Connection,
    Endpoint,
    ExchangeError,
    Limits,
    Outgoing,
    ask,
    connect,
    next_piece,
)
from ostiary.wire.http import Response

WHOLE_ANSWER = 64 * 1024
"""Answers up to this many bytes are read whole, so their connection is free early."""

_SAFE = frozenset({b"GET", b"HEAD"})


class Pool:
    """Connections to one upstream, a bounded number at a time (T76)."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._idle: list[Connection] = []
        self._slots = asyncio.Semaphore(limits.connections)
        self._tls: ssl.SSLContext | None = None

    async def send(self, endpoint: Endpoint, outgoing: Outgoing) -> Response:
        """The upstream's answer.

        The body is bytes when it is small; otherwise a `Stream`, which holds a
        connection until it has been read to its end or closed.

        Raises:
            ExchangeError: and its subclasses; nothing of the answer is used then.
        """
        try:
            async with asyncio.timeout(self.limits.wait):
                await self._slots.acquire()
        except TimeoutError:
            raise BusyError("no free connection") from None
        lease = _Lease(self, self._slots)
        try:
            return await self._send(lease, endpoint, outgoing)
        except BaseException:
            lease.drop()
            raise

    async def _send(
        self, lease: "_Lease", endpoint: Endpoint, outgoing: Outgoing
    ) -> Response:
        kept = self._take_idle()
        if kept is not None:
            lease.connection = kept
            try:
                return await _exchange(lease, outgoing)
            except ExchangeError as error:
                # The upstream may have closed it just now, for being idle.
                gone = isinstance(error.__cause__, ConnectionError | EOFError)
                if not gone or outgoing.method not in _SAFE:
                    raise
                kept.close()
        if endpoint.tls_name and self._tls is None:
            self._tls = ssl.create_default_context()
        lease.connection = await connect(endpoint, self._tls, self.limits)
        return await _exchange(lease, outgoing)

    def _take_idle(self) -> Connection | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_quiet and now - connection.idle_since < self.limits.kept:
                return connection
            connection.close()
        return None

    def keep(self, connection: Connection) -> None:
        """Takes back a connection whose exchange ended without any doubt."""
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)

    def close(self) -> None:
        """Closes the idle connections."""
        while self._idle:
            self._idle.pop().close()


class _Lease:
    """A place in the pool, given back once: with its connection, or without."""

    def __init__(self, pool: Pool, slots: asyncio.Semaphore) -> None:
        self._pool = pool
        self._slots = slots
        self._is_over = False
        self.connection: Connection | None = None

    def get(self) -> Connection:
        """The connection, once there is one."""
        assert self.connection is not None  # noqa: S101 - set before it is asked for
        return self.connection

    def finish(self) -> None:
        """Ends well; the connection is kept if both sides say so."""
        connection = self.connection
        if self._is_over or connection is None:
            return
        if not connection.renew():
            self.drop()
            return
        self._is_over = True
        self._pool.keep(connection)
        self._slots.release()

    def drop(self) -> None:
        """Ends with a doubt: the connection is closed."""
        if self._is_over:
            return
        self._is_over = True
        if self.connection is not None:
            self.connection.close()
        self._slots.release()


class Stream:
    """The rest of a large answer; iterate it to the end, or close it."""

    def __init__(self, lease: _Lease, start: bytes) -> None:
        self._lease = lease
        self._start = start

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> bytes:
        """The next piece.

        Raises:
            ExchangeError: the answer broke off; what came so far is not whole.
        """
        if self._start:
            start, self._start = self._start, b""
            return start
        try:
            piece = await next_piece(self._lease.get())
        except BaseException:
            self._lease.drop()
            raise
        if piece is None:
            self._lease.finish()
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Gives the place in the pool back; a body not read to its end is dropped."""
        self._lease.drop()

    def __del__(self) -> None:
        self._lease.drop()


async def _exchange(lease: _Lease, outgoing: Outgoing) -> Response:
    connection = lease.get()
    head = await ask(connection, outgoing)
    start = bytearray()
    while len(start) <= WHOLE_ANSWER:
        piece = await next_piece(connection)
        if piece is None:
            lease.finish()
            return _response(head, bytes(start))
        start += piece
    return _response(head, Stream(lease, bytes(start)))


def _response(head: h11.Response, body: bytes | Stream) -> Response:
    return Response(
        status=head.status_code,
        headers=tuple(
            (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
            for name, value in head.headers
        ),
        body=body,
    )
