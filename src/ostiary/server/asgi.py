"""The ASGI edge: bytes in, a `Request`; a `Response`, bytes out.

Plain ASGI: a web framework on this path costs more than a verified signature.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from time import time
from typing import Any, NamedTuple

from ostiary.server.joined import send_whole, take_body
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
        cycle = getattr(send, "__self__", None)
        try:
            names, values = self._read_head(scope)
            whole = take_body(cycle)
            body = await self._body(receive) if whole is None else whole
        except RefusedError as error:
            await _refuse(send, error.status)
            return
        except ClientGoneError:
            return
        try:
            request = _request(scope, names, values, body)
            response = await self._handle(request, time())
            if not send_whole(cycle, response.status, response.headers, response.body):
                await _send(send, response)
        finally:
            if isinstance(body, Spool):
                body.close()

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
        raw, raw_values = zip(*headers, strict=True) if headers else ((), ())
        names, size, length_at = _heads.get(raw) or _read_names(raw)
        # They are decoded together, since each step takes longer than its work.
        together = b"\n".join(raw_values)
        if size + len(together) > MAX_HEADER and _is_too_large(headers):
            raise RefusedError(431)
        texts = together.decode("latin-1").split("\n")
        if len(texts) != len(raw):  # a value with a line break, or no header at all
            texts = [value.decode("latin-1") for value in raw_values]
        values = [text.strip(" \t") for text in texts]
        if length_at >= 0 and int(values[length_at]) > self._max_body:
            raise RefusedError(413)
        return names, values

    async def _body(self, receive: Receive) -> bytes | Spool:
        """The body, however many messages it comes in."""
        message = await receive()
        if message.get("more_body", False) or message["type"] != "http.request":
            return await self._long_body(message, receive)
        body: bytes = message.get("body", b"")
        return body

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


def _check_connected(message: Message) -> None:
    if message["type"] == "http.disconnect":
        raise ClientGoneError


class _Head(NamedTuple):
    """The names of a request's headers, read; and how many bytes they are."""

    names: Names
    size: int
    length_at: int
    """Which of them is the body's length; -1 for none."""


_heads: dict[tuple[bytes, ...], _Head] = {}
"""What clients send again and again, by the names as they arrive."""


def _read_names(raw: tuple[bytes, ...]) -> _Head:
    texts = tuple([name.decode("latin-1") for name in raw])
    names = read_names(texts)
    at = names.names.index("content-length") if "content-length" in texts else -1
    head = _Head(names, sum(map(len, raw)), at)
    if head.size <= LONGEST_KEPT:
        if len(_heads) >= _MOST_HEADS:
            _heads.clear()
        _heads[raw] = head
    return head


def _is_too_large(headers: list[tuple[bytes, bytes]]) -> bool:
    """Where all together are no longer than one may be, nobody need ask."""
    sizes = [len(name) + len(value) for name, value in headers]
    return sum(sizes) > MAX_HEADER_BYTES or max(sizes) > MAX_HEADER


def _request(
    scope: Scope, names: Names, values: list[str], body: bytes | Spool
) -> Request:
    client = scope["client"]
    pairs = zip(names.names, values, strict=False)
    index = dict(pairs) if names.single else None
    return Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=() if index is not None else tuple(pairs),
        body=body,
        secure=scope["scheme"] == "https",
        peer=client[0] if client else "",
        names=names,
        index=index,
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


async def _send(send: Send, response: Response) -> None:
    await send(_start(response))
    if isinstance(response.body, bytes):
        await send({"type": "http.response.body", "body": response.body})
    else:
        await _stream(send, response.body)


async def _stream(send: Send, body: AsyncIterator[bytes]) -> None:
    async for piece in body:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
