"""Head and body leave together, and nothing is lost on the way."""

import asyncio
from collections.abc import Callable

from ostiary.server.joined import AT_MOST, JoinedTransport


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
