"""One HTTP/1.1 exchange with an upstream, over a pool that trusts no framing.

Written on h11 because the door must hold what client libraries hide: the request
target goes out byte for byte (T47), nothing that an upstream sends beyond its
answer is ever read as another answer, and a connection with any doubt on it is
closed and not used again (T68, T69).
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import h11

from ostiary.wire.http import Response, Spool

LARGEST_HEAD = 32 * 1024
MOST_HEADERS = 100
MOST_INTERIM = 8
WHOLE_ANSWER = 64 * 1024
"""Answers up to this many bytes are read whole, so their connection is free early."""

_SMALL_UPLOAD = 64 * 1024
_READ_SIZE = 64 * 1024
_SAFE = frozenset({b"GET", b"HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how many, per upstream (T76); times in seconds."""

    connect: float = 3.0
    first_byte: float = 60.0
    idle: float = 60.0
    """Without a byte, while a body goes either way."""
    connections: int = 64
    wait: float = 3.0
    """For a free connection."""
    kept: float = 4.0
    """An idle connection; most servers close theirs after five."""


LIMITS = Limits()


class ExchangeError(Exception):
    """The upstream did not answer as HTTP wants; the message is for the log."""


class UnreachableError(ExchangeError):
    """No connection."""


class SlowError(ExchangeError):
    """Too long without a byte."""


class BusyError(ExchangeError):
    """All connections to this upstream are in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to connect: addresses that have been checked already."""

    addresses: tuple[str, ...]
    port: int
    tls_name: str
    """The name that the certificate must have; empty for plain HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request as it goes out; a content-length is among the headers."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    body: bytes | Spool = field(repr=False)


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    http: h11.Connection
    idle_since: float = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether nothing has arrived that nobody asked for, not even its end."""
        # StreamReader has no public look at what it holds.
        held = self.reader._buffer  # type: ignore[attr-defined]  # noqa: SLF001
        return not (held or self.reader.at_eof() or self.writer.is_closing())

    def close(self) -> None:
        """Ends the connection at once; what it still carried is dropped."""
        self.writer.transport.abort()


class Pool:
    """Connections to one upstream, a bounded number at a time (T76)."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._idle: list[_Connection] = []
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
        lease.connection = await self._connect(endpoint)
        return await _exchange(lease, outgoing)

    async def _connect(self, endpoint: Endpoint) -> _Connection:
        context = None
        if endpoint.tls_name:
            context = self._tls = self._tls or ssl.create_default_context()
        failure: Exception | None = None
        for address in endpoint.addresses:
            try:
                async with asyncio.timeout(self.limits.connect):
                    reader, writer = await asyncio.open_connection(
                        address,
                        endpoint.port,
                        limit=LARGEST_HEAD,
                        ssl=context,
                        server_hostname=endpoint.tls_name or None,
                    )
            except (OSError, TimeoutError) as error:
                failure = error
                continue
            return _Connection(reader, writer, _new_http())
        raise UnreachableError(f"no connection: {failure!r}") from failure

    def _take_idle(self) -> _Connection | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable and now - connection.idle_since < self.limits.kept:
                return connection
            connection.close()
        return None

    def keep(self, connection: _Connection) -> None:
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
        self.limits = pool.limits
        self.connection: _Connection | None = None

    def finish(self) -> None:
        """Ends well; the connection is kept if both sides say so."""
        connection = self.connection
        if self._is_over or connection is None:
            return
        http = connection.http
        extra, _ = http.trailing_data
        if (
            http.our_state is not h11.DONE
            or http.their_state is not h11.DONE
            or extra
            or not connection.is_usable
        ):
            self.drop()
            return
        http.start_next_cycle()
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
            piece = await _next_piece(self._lease)
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


def _new_http() -> h11.Connection:
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)


async def _exchange(lease: _Lease, outgoing: Outgoing) -> Response:
    connection = lease.connection
    assert connection is not None  # noqa: S101 - set by the only caller
    with _as_exchange_errors():
        head = await _ask(connection, outgoing, lease.limits)
        _refuse_doubtful(head)
        start = bytearray()
        while len(start) <= WHOLE_ANSWER:
            piece = await _next_piece(lease)
            if piece is None:
                lease.finish()
                return _response(head, bytes(start))
            start += piece
    return _response(head, Stream(lease, bytes(start)))


async def _ask(
    connection: _Connection, outgoing: Outgoing, limits: Limits
) -> h11.Response:
    """Sends the request, and gives the head of the answer."""
    request = h11.Request(
        method=outgoing.method,
        target=outgoing.target,
        headers=list(outgoing.headers),
    )
    connection.writer.write(connection.http.send(request) or b"")
    body = outgoing.body
    if isinstance(body, bytes) and len(body) <= _SMALL_UPLOAD:
        with contextlib.suppress(
            ConnectionError
        ):  # an answer may stand there all the same
            await _upload(connection, body, limits)
        return await _read_head(connection, limits.first_byte)
    upload = asyncio.create_task(_upload(connection, body, limits))
    head = asyncio.create_task(_read_head(connection, None))
    try:
        await asyncio.wait({upload, head}, return_when=asyncio.FIRST_COMPLETED)
        # An upstream may answer, and even close, before it has read all: then its
        # answer counts, h11 stays short of DONE, the connection is not kept.
        if not head.done() and not isinstance(upload.exception(), ConnectionError):
            upload.result()
        async with asyncio.timeout(limits.first_byte):
            return await head
    finally:
        upload.cancel()
        head.cancel()
        await asyncio.gather(upload, head, return_exceptions=True)


async def _upload(connection: _Connection, body: bytes | Spool, limits: Limits) -> None:
    pieces = iter((body,)) if isinstance(body, bytes) else body.chunks()
    for piece in pieces:
        connection.writer.write(connection.http.send(h11.Data(data=piece)) or b"")
        async with asyncio.timeout(limits.idle):
            await connection.writer.drain()
    connection.writer.write(connection.http.send(h11.EndOfMessage()) or b"")


async def _read_head(connection: _Connection, seconds: float | None) -> h11.Response:
    async with asyncio.timeout(seconds):
        for _ in range(MOST_INTERIM + 1):
            event = await _next_event(connection)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise ExchangeError(f"{type(event).__name__} before an answer")
    raise ExchangeError("too many interim answers")


async def _next_piece(lease: _Lease) -> bytes | None:
    """The next piece of the body; None after the last."""
    connection = lease.connection
    assert connection is not None  # noqa: S101 - set before anything is read
    with _as_exchange_errors():
        async with asyncio.timeout(lease.limits.idle):
            event = await _next_event(connection)
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            return None
        raise ExchangeError(f"{type(event).__name__} inside a body")


async def _next_event(connection: _Connection) -> h11.Event:
    while True:
        event = connection.http.next_event()
        if isinstance(event, h11.Event):
            return event
        if event is h11.PAUSED:
            raise ExchangeError("more than one answer")
        data = await connection.reader.read(_READ_SIZE)
        if not data and connection.http.their_state is h11.SEND_RESPONSE:
            raise EOFError("closed before an answer")
        connection.http.receive_data(data)


@contextlib.contextmanager
def _as_exchange_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise SlowError("no byte in time") from error
    except (h11.ProtocolError, OSError, EOFError) as error:
        raise ExchangeError(f"{type(error).__name__}: {error}") from error


def _refuse_doubtful(head: h11.Response) -> None:
    """Refuses a head that is too large, or that says the length twice (T69)."""
    items = head.headers.raw_items()
    size = sum(len(name) + len(value) for name, value in items)
    if size > LARGEST_HEAD or len(items) > MOST_HEADERS:
        raise ExchangeError(f"{len(items)} headers of {size} bytes")
    folded = [bytes(name).lower() for name, _ in items]
    codings = folded.count(b"transfer-encoding")
    if folded.count(b"content-length") + codings > 1:
        raise ExchangeError("the length of the answer is said more than once")
    if codings and head.http_version != b"1.1":
        raise ExchangeError("a transfer coding in HTTP/1.0")


def _response(head: h11.Response, body: "bytes | AsyncIterator[bytes]") -> Response:
    return Response(
        status=head.status_code,
        headers=tuple(
            (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
            for name, value in head.headers
        ),
        body=body,
    )
