"""The ASGI edge: limits before anything else, and whole answers."""

import asyncio
import hashlib
from typing import Any

import pytest

from ostiary.server.asgi import IN_MEMORY, App
from ostiary.wire.http import Request, Response, Spool, body_sha256, body_size


class Seen:
    """What the edge handed in."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.sizes: list[int] = []
        self.hashes: list[str] = []

    async def answer(self, request: Request, _now: float) -> Response:
        """An answer that repeats the path."""
        self.seen.append(request)
        self.sizes.append(body_size(request))
        self.hashes.append(body_sha256(request))
        return Response(status=200, headers=(("x-path", request.path),), body=b"answer")


def _send(
    pieces: list[bytes], headers: list[tuple[bytes, bytes]], **scope: Any
) -> tuple[list[dict[str, Any]], Seen]:
    edge, sent = Seen(), []
    app = App(edge.answer, max_body=scope.pop("max_body", 10 * IN_MEMORY))
    messages: list[dict[str, Any]] = [
        {
            "type": "http.request",
            "body": piece,
            "more_body": number < len(pieces) - 1,
        }
        for number, piece in enumerate(pieces)
    ]
    if scope.pop("gone", False):
        messages[-1] = {"type": "http.disconnect"}

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    whole = {
        "type": "http",
        "method": "POST",
        "raw_path": b"/a%20b//c/../d",
        "query_string": b"x=1",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "headers": headers,
        **scope,
    }
    asyncio.run(app(whole, receive, send))
    return sent, edge


def test_the_request_is_what_arrived() -> None:
    """Path and query stay raw; repeated headers stay apart."""
    sent, edge = _send([b"body"], [(b"host", b"h"), (b"a", b" 1 "), (b"a", b"2")])
    (request,) = edge.seen

    assert request.path == "/a%20b//c/../d"
    assert request.query == "x=1"
    assert request.headers == (("host", "h"), ("a", "1"), ("a", "2"))
    assert request.body == b"body"
    assert sent[0]["status"] == 200
    assert (b"content-length", b"6") in sent[0]["headers"]


def test_a_large_body_is_spooled_and_whole() -> None:
    """Bytes beyond a mebibyte go to a file, hashed on the way."""
    piece = b"x" * (IN_MEMORY // 2)
    _, edge = _send([piece] * 5, [])

    assert isinstance(edge.seen[0].body, Spool)
    assert edge.sizes == [5 * len(piece)]
    assert edge.hashes == [hashlib.sha256(piece * 5).hexdigest()]


@pytest.mark.threat("T135")
@pytest.mark.parametrize(
    ("pieces", "headers", "scope", "status"),
    [
        ([b""], [(b"content-length", b"99")], {"max_body": 98}, 413),
        ([b"x" * IN_MEMORY] * 4, [], {"max_body": 3 * IN_MEMORY}, 413),
        ([b""], [(b"a", b"b")] * 101, {}, 431),
        ([b""], [(b"a", b"b" * 16 * 1024)], {}, 431),
        ([b""], [(b"a", b"b" * 16_000)] * 3, {}, 431),
        ([b""], [], {"method": "TRACE"}, 501),
    ],
)
def test_limits_come_first(
    pieces: list[bytes],
    headers: list[tuple[bytes, bytes]],
    scope: dict[str, Any],
    status: int,
) -> None:
    """What is over a limit never reaches the gate, and the connection closes."""
    sent, edge = _send(pieces, headers, **scope)

    assert sent[0]["status"] == status
    assert (b"connection", b"close") in sent[0]["headers"]
    assert edge.seen == []


def test_a_client_that_left_is_not_answered() -> None:
    """Half a body is no request."""
    sent, edge = _send([b"half", b""], [], gone=True)

    assert sent == []
    assert edge.seen == []
