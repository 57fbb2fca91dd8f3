"""One HTTP/1.1 exchange with an upstream, over one connection that may be in doubt.

Written on h11 because the door must hold what client libraries hide: the request
target goes out byte for byte (T47), and nothing that an upstream sends beyond its
answer is ever read as another answer (T68, T69).
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

import h11

from ostiary.wire.http import Spool

LARGEST_HEAD = 32 * 1024
MOST_HEADERS = 100
MOST_INTERIM = 8
_SMALL_UPLOAD = 64 * 1024
_READ_SIZE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how many, per upstream (T76); times in seconds."""

    connect: float = 3.0
    first_byte: float = 60.0
    idle: float = 60.0
    """Without a byte, while a body goes either way."""
    connections: int = 256
    """Enough for many clients that wait for messages; each holds one."""
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
    """Where to connect."""

    find: Callable[[], Awaitable[Sequence[str]]]
    """Gives addresses that it has checked; asked for each new connection."""
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
class Connection:
    """One connection to an upstream, and what h11 knows of it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    http: h11.Connection
    limits: Limits
    idle_since: float = 0.0

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has arrived that nobody asked for, not even its end."""
        # StreamReader has no public look at what it holds.
        held = self.reader._buffer  # type: ignore[attr-defined]  # noqa: SLF001
        return not (held or self.reader.at_eof() or self.writer.is_closing())

    def renew(self) -> bool:
        """Makes ready for another exchange; False after the slightest doubt."""
        http = self.http
        surplus, _ = http.trailing_data
        is_done = http.our_state is h11.DONE and http.their_state is h11.DONE
        if surplus or not is_done or not self.is_quiet:
            return False
        http.start_next_cycle()
        return True

    def close(self) -> None:
        """Ends the connection at once; what it still carried is dropped."""
        self.writer.transport.abort()


async def connect(
    endpoint: Endpoint, context: ssl.SSLContext | None, limits: Limits
) -> Connection:
    """A new connection to the first of the addresses that takes one.

    Raises:
        UnreachableError: none does.
    """
    failure: Exception | None = None
    try:
        async with asyncio.timeout(limits.connect):
            addresses = await endpoint.find()
    except TimeoutError as error:
        raise UnreachableError("its name does not resolve in time") from error
    for address in addresses:
        try:
            async with asyncio.timeout(limits.connect):
                reader, writer = await asyncio.open_connection(
                    address,
                    endpoint.port,
                    limit=LARGEST_HEAD,
                    ssl=context,
                    server_hostname=endpoint.tls_name or None,
                )
        except OSError as error:
            failure = error
            continue
        http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        return Connection(reader, writer, http, limits)
    raise UnreachableError(f"no connection: {failure!r}") from failure


async def ask(connection: Connection, outgoing: Outgoing) -> h11.Response:
    """Sends the request, and gives the head of the answer.

    Raises:
        ExchangeError: no answer, or one that two readers could read differently.
    """
    with _as_exchange_errors():
        head = await _ask(connection, outgoing)
        _refuse_doubtful(head)
        return head


async def next_piece(connection: Connection) -> bytes | None:
    """The next piece of the answer's body; None after the last.

    Raises:
        ExchangeError: the answer broke off; what came so far is not whole.
    """
    with _as_exchange_errors():
        async with asyncio.timeout(connection.limits.idle):
            event = await _next_event(connection)
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            return None
        raise ExchangeError(f"{type(event).__name__} inside a body")


async def _ask(connection: Connection, outgoing: Outgoing) -> h11.Response:
    limits = connection.limits
    request = h11.Request(
        method=outgoing.method,
        target=outgoing.target,
        headers=list(outgoing.headers),
    )
    connection.writer.write(connection.http.send(request) or b"")
    body = outgoing.body
    if isinstance(body, bytes) and len(body) <= _SMALL_UPLOAD:
        # An upstream that closes before it has read all may have answered first.
        with contextlib.suppress(ConnectionError):
            await _upload(connection, body)
        return await _read_head(connection, limits.first_byte)
    upload = asyncio.create_task(_upload(connection, body))
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


async def _upload(connection: Connection, body: bytes | Spool) -> None:
    pieces = iter((body,)) if isinstance(body, bytes) else body.chunks()
    for piece in pieces:
        connection.writer.write(connection.http.send(h11.Data(data=piece)) or b"")
        async with asyncio.timeout(connection.limits.idle):
            await connection.writer.drain()
    connection.writer.write(connection.http.send(h11.EndOfMessage()) or b"")


async def _read_head(connection: Connection, seconds: float | None) -> h11.Response:
    async with asyncio.timeout(seconds):
        for _ in range(MOST_INTERIM + 1):
            event = await _next_event(connection)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise ExchangeError(f"{type(event).__name__} before an answer")
    raise ExchangeError("too many interim answers")


async def _next_event(connection: Connection) -> h11.Event:
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
