"""The ASGI edge: bytes in, a `Request`; a `Response`, bytes out.

Plain ASGI: a web framework on this path costs more than a verified signature.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from operator import itemgetter
from typing import Any, NamedTuple

from ostiary.server.system import now
from ostiary.wire.http import (
    LONGEST_KEPT,
    Names,
    Request,
    Response,
    Spool,
    SpoolWriter,
    read_names,
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Handle = Callable[[Request, float], Awaitable[Response]]
"""What answers a request: the gate."""
Send = Callable[[Message], Awaitable[None]]

IN_MEMORY = 1024 * 1024
"""Bytes of a body that stay in memory; a longer one is spooled to a file."""
MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
MAX_HEADER = 16 * 1024
_MOST_HEADS = 256
_name, _value = itemgetter(0), itemgetter(1)
_REFUSED_METHODS = frozenset({"CONNECT", "TRACE"})


class RefusedError(Exception):
    """A request that is refused before anything else; the status says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class ClientGoneError(Exception):
    """The client went away before its request was whole."""


class App:
    """The API, for every service, on one port."""

    def __init__(self, handle: Handle, max_body: int) -> None:
        self._handle = handle
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            names, values = self._read_head(scope)
            message = await receive()
            if message.get("more_body", False) or message["type"] != "http.request":
                body = await self._long_body(message, receive)
            else:
                body = message.get("body", b"")
        except RefusedError as error:
            await _refuse(send, error.status)
            return
        except ClientGoneError:
            return
        try:
            request = _request(scope, names, values, body)
            response = await self._handle(request, now())
            await send(_start(response))
            if isinstance(response.body, bytes):
                await send({"type": "http.response.body", "body": response.body})
            else:
                await _stream(send, response.body)
        finally:
            _close(body)

    def _read_head(self, scope: Scope) -> tuple[Names, list[str]]:
        """Names and values of the headers as text, one character per byte.

        Raises:
            RefusedError: there is too much of something, or the method is not taken.
        """
        headers = scope["headers"]
        if scope["method"] in _REFUSED_METHODS:
            raise RefusedError(501)
        if len(headers) > MAX_HEADERS:
            raise RefusedError(431)
        raw = tuple(map(_name, headers))
        names, size = _heads.get(raw) or _read_names(raw)
        raw_values = list(map(_value, headers))
        if _is_too_large(headers, size + len(b"".join(raw_values))):
            raise RefusedError(431)
        values = [value.decode("latin-1").strip(" \t") for value in raw_values]
        if "content-length" in names.names:
            self._check_size(int(values[names.names.index("content-length")]))
        return names, values

    async def _long_body(self, message: Message, receive: Receive) -> bytes | Spool:
        """A body that comes in more than one message, of which this is the first."""
        _check_connected(message)
        pieces: list[bytes] = [message.get("body", b"")]
        size = len(pieces[0])
        while size <= IN_MEMORY:
            message = await receive()
            _check_connected(message)
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if not message.get("more_body", False):
                return b"".join(pieces)
        return await self._spool(pieces, size, receive)

    def _check_size(self, size: int) -> None:
        if size > self._max_body:
            raise RefusedError(413)

    async def _spool(self, pieces: list[bytes], size: int, receive: Receive) -> Spool:
        writer = SpoolWriter()
        try:
            for piece in pieces:
                writer.write(piece)
            more = True
            while more:
                message = await receive()
                _check_connected(message)
                piece = message.get("body", b"")
                size += len(piece)
                self._check_size(size)
                writer.write(piece)
                more = message.get("more_body", False)
        except BaseException:
            writer.discard()
            raise
        return writer.finish()


def _close(body: bytes | Spool) -> None:
    if isinstance(body, Spool):
        body.close()


def _check_connected(message: Message) -> None:
    if message["type"] == "http.disconnect":
        raise ClientGoneError


class _Head(NamedTuple):
    """The names of a request's headers, read; and how many bytes they are."""

    names: Names
    size: int


_heads: dict[tuple[bytes, ...], _Head] = {}
"""What clients send again and again, by the names as they arrive."""


def _read_names(raw: tuple[bytes, ...]) -> _Head:
    names = read_names(tuple([name.decode("latin-1") for name in raw]))
    head = _Head(names, sum(map(len, raw)))
    if head.size <= LONGEST_KEPT:
        if len(_heads) >= _MOST_HEADS:
            _heads.clear()
        _heads[raw] = head
    return head


def _is_too_large(headers: list[tuple[bytes, bytes]], total: int) -> bool:
    # Where all together are no longer than one may be, each of them is fine.
    return total > MAX_HEADER and (
        total > MAX_HEADER_BYTES
        or any(len(name) + len(value) > MAX_HEADER for name, value in headers)
    )


def _request(
    scope: Scope, names: Names, values: list[str], body: bytes | Spool
) -> Request:
    client = scope["client"]
    return Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=tuple(zip(names.names, values, strict=False)),
        body=body,
        secure=scope["scheme"] == "https",
        peer=client[0] if client else "",
        names=names,
    )


async def _refuse(send: Send, status: int) -> None:
    """A short answer without a service's shape; the connection is closed after it."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-length", b"0"), (b"connection", b"close")],
        }
    )
    await send({"type": "http.response.body", "body": b""})


def _start(response: Response) -> Message:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers
    ]
    body = response.body
    if isinstance(body, bytes) and b"content-length" not in dict(headers):
        headers.append((b"content-length", b"%d" % len(body)))
    return {
        "type": "http.response.start",
        "status": response.status,
        "headers": headers,
    }


async def _stream(send: Send, body: AsyncIterator[bytes]) -> None:
    async for piece in body:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
