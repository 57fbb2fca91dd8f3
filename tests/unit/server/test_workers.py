"""What a supervisor and its workers tell each other."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from ostiary.config import read_settings
from ostiary.gate.sandbox import SandboxError
from ostiary.server.channel import Channel
from ostiary.server.console import Console
from ostiary.server.worker import Link, read_start, start_message


def test_a_worker_gets_the_settings_but_not_the_root_key(tmp_path: Path) -> None:
    """Everything else arrives as it was; the key that founds a home stays behind."""
    (tmp_path / "ostiary.toml").write_text(
        '[server]\nhosts = ["s3.example.org"]\nmax_body = 5\n'
        '[upstream.default]\nkind = "sandbox"\n'
    )
    key = {
        "OSTIARY_ROOT_ACCESS_KEY_ID": "AKIA" + "A" * 16,
        "OSTIARY_ROOT_SECRET_ACCESS_KEY": "canary-secret",
    }
    settings = read_settings(key, tmp_path)
    text = json.dumps(start_message(2, settings, frozenset({1, 2})))

    assert "canary-secret" not in text
    number, read, ports = read_start(json.loads(text))
    assert number == 2
    assert ports == {1, 2}
    assert read == read_settings({}, tmp_path)


def test_messages_arrive_in_order_until_the_other_end_is_gone() -> None:
    """Half a message is none; who is gone is told nothing, and nothing breaks."""

    async def play() -> list[object]:
        ours, theirs = socket.socketpair()
        one, other = await Channel.open(ours), await Channel.open(theirs)
        one.send("reach", 5)
        one.send("sandbox")
        one.send("start", {"a": "\n"})
        one._writer.write(b'{"reach":')
        await one.close()
        found: list[object] = [await other.receive() for _ in range(4)]
        other.send("reached", 1)
        one.send("reach", 6)
        await other.close()
        return found

    assert asyncio.run(play()) == [
        ("reach", 5),
        ("sandbox", None),
        ("start", {"a": "\n"}),
        None,
    ]


def test_workers_that_ask_together_share_an_answer() -> None:
    """The supervisor is asked once, and again later; an error reaches who asked."""

    async def play() -> None:
        ours, theirs = socket.socketpair()
        supervisor, channel = await Channel.open(ours), await Channel.open(theirs)
        link = Link(channel)
        listening = asyncio.create_task(link.listen(None))  # type: ignore[arg-type]  # nothing to reach
        asked = [asyncio.create_task(link.sandbox()) for _ in range(5)]
        assert await supervisor.receive() == ("sandbox", None)
        supervisor.send("sandbox", {"port": 7, "key": "k"})
        for running in await asyncio.gather(*asked):
            assert (running.port, running.key.reveal()) == (7, "k")
        again = asyncio.create_task(link.sandbox())
        assert await supervisor.receive() == ("sandbox", None)
        supervisor.send("sandbox", {"error": "no moto"})
        with pytest.raises(SandboxError, match="no moto"):
            await again
        await supervisor.close()
        await listening
        await channel.close()

    asyncio.run(play())


@pytest.mark.parametrize(("is_ready", "status"), [(True, 200), (False, 503)])
def test_health_is_200_when_all_is_ready(*, is_ready: bool, status: int) -> None:
    """Whoever waits for the server waits for all of it."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/_ostiary/health"}
    console = Console("http://x", lambda: 3, lambda: is_ready)
    asyncio.run(console(scope, None, send))  # type: ignore[arg-type]  # reads nothing

    assert sent[0]["status"] == status
    told = json.loads(sent[1]["body"])
    assert told["revision"] == 3
    assert (told["status"] == "ok") is is_ready
