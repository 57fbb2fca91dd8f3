"""Head and body leave together, and nothing is lost on the way."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from ostiary.server.joined import AT_MOST, JoinedTransport, send_whole, take_body


class Wire:
    """A transport that notes what it is told."""

    def __init__(self) -> None:
        self.said: list[bytes | str] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        """Note it."""
        self.said.append(data)

    def is_closing(self) -> bool:
        """As it was told."""
        return self.closing

    def close(self) -> None:
        """Note it."""
        self.said.append("close")
        self.closing = True

    def pause_reading(self) -> None:
        """Note it."""
        self.said.append("pause")


def _said(act: Callable[[JoinedTransport, Wire], None]) -> list[bytes | str]:
    async def run() -> list[bytes | str]:
        wire = Wire()
        act(JoinedTransport(wire, asyncio.get_running_loop()), wire)  # type: ignore[arg-type]  # all that is used of one
        await asyncio.sleep(0)
        return wire.said

    return asyncio.run(run())


def test_what_is_written_in_one_step_is_one_write() -> None:
    """Also when the last piece is empty, as that of an answer to HEAD."""

    def act(joined: JoinedTransport, wire: Wire) -> None:
        joined.write(b"head")
        joined.write(b"body")
        joined.write(b"")
        assert wire.said == []

    assert _said(act) == [b"headbody"]


def test_long_pieces_leave_at_once() -> None:
    """So that the transport can tell the writer to slow down."""
    piece = b"x" * AT_MOST

    def act(joined: JoinedTransport, wire: Wire) -> None:
        joined.write(b"head")
        joined.write(piece)
        assert wire.said == [b"head" + piece]
        joined.write(b"end")

    assert _said(act) == [b"head" + piece, b"end"]


def test_closing_writes_first() -> None:
    """An answer that closes the connection is whole."""

    def act(joined: JoinedTransport, _wire: Wire) -> None:
        joined.write(b"answer")
        joined.close()

    assert _said(act) == [b"answer", "close"]


def test_nothing_is_written_to_a_client_that_left() -> None:
    """And nothing fails."""

    def act(joined: JoinedTransport, wire: Wire) -> None:
        joined.write(b"answer")
        wire.closing = True
        assert joined.is_closing()

    assert _said(act) == []


def test_the_rest_is_the_transport_itself() -> None:
    """Flow control reaches it."""
    assert _said(lambda joined, _: joined.pause_reading()) == ["pause"]


def _cycle(wire: Wire, **other: object) -> Any:
    """What uvicorn keeps of a request, as far as it is asked for."""
    cycle: Any = RequestResponseCycle.__new__(RequestResponseCycle)
    known = {
        "scope": {"method": "POST"},
        "transport": wire,
        "flow": SimpleNamespace(write_paused=False),
        "default_headers": [(b"date", b"today")],
        "on_response": lambda: wire.said.append("done"),
        "disconnected": False,
        "keep_alive": True,
        "waiting_for_100_continue": False,
        "body": bytearray(b"asked"),
        "more_body": False,
        "response_started": False,
        "response_complete": False,
    }
    cycle.__dict__.update(known | other)
    return cycle


def test_a_whole_answer_is_one_piece() -> None:
    """With the server's headers, and its length."""
    wire = Wire()
    cycle = _cycle(wire)
    assert send_whole(cycle, 200, (("a", "b"),), b"told")
    told = b"HTTP/1.1 200 OK\r\ndate: today\r\na: b\r\ncontent-length: 4\r\n\r\ntold"
    assert wire.said == [told, "done"]
    assert cycle.response_started
    assert cycle.response_complete


@pytest.mark.parametrize(
    "other",
    [
        {"scope": {"method": "HEAD"}},
        {"flow": SimpleNamespace(write_paused=True)},
        {"keep_alive": False},
        {"disconnected": True},
        {"response_started": True},
    ],
)
def test_what_is_not_plain_goes_the_servers_own_way(other: dict[str, object]) -> None:
    """And nothing has been sent before."""
    wire = Wire()
    assert not send_whole(_cycle(wire, **other), 200, (), b"told")
    assert wire.said == []


@pytest.mark.parametrize(
    "header",
    [
        ("a", "b\r\nc: d"),
        ("a", "\x00"),
        ("a", "\xe9"),
        ("content-length", "1"),
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
    ],
)
def test_headers_that_could_change_the_framing_are_not_joined(
    header: tuple[str, str],
) -> None:
    """The server judges them, as it always does."""
    wire = Wire()
    assert not send_whole(_cycle(wire), 200, (header,), b"told")
    assert not send_whole(_cycle(wire), 204, (), b"")
    assert not send_whole(_cycle(wire), 599, (), b"")
    assert not send_whole(None, 200, (), b"")
    assert wire.said == []


def test_a_body_is_taken_once_it_is_whole() -> None:
    """Until then the server is asked for it, and it alone says that a client left."""
    wire = Wire()
    assert take_body(_cycle(wire)) == b"asked"
    for other in ("more_body", "disconnected", "waiting_for_100_continue"):
        assert take_body(_cycle(wire, **{other: True})) is None
    assert take_body(_cycle(wire, body=bytearray(AT_MOST + 1))) is None
    assert take_body(None) is None
