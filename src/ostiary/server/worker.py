"""A worker: one of the processes that answer on the API's socket.

A program of its own, started by the supervisor only: the listening socket and the
channel come as open files, everything else over the channel. It never outlives the
supervisor: when the channel ends, so does the worker, whatever it is doing, as if
the power had failed.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ostiary.config import Settings
from ostiary.gate.audit import AuditTakenError
from ostiary.gate.sandbox import Running, Sandbox, SandboxError
from ostiary.gate.upstreams import UpstreamError
from ostiary.identity.secret import Secret
from ostiary.server.barrier import Confirmations
from ostiary.server.channel import Channel
from ostiary.server.follow import Follower
from ostiary.server.home import HomeError, join_home
from ostiary.server.listen import Serving, stop_signal
from ostiary.server.run import loop_factory, open_api
from ostiary.server.system import keep_loaded
from ostiary.store.port import StoreUnavailableError

log = logging.getLogger("ostiary")


def log_name(number: int) -> str:
    """The name of a worker's audit log."""
    return f"api-{number}"


def start_message(
    number: int, settings: Settings, ports: frozenset[int]
) -> dict[str, object]:
    """What a worker has to know; `ports` are the node's own."""
    told = asdict(settings)
    # Needed once, to found an installation, and that is done.
    del told["root_access_key_id"], told["root_secret_access_key"]
    told["home"] = str(settings.home)
    return {"number": number, "ports": sorted(ports), "settings": told}


def read_start(told: dict[str, Any]) -> tuple[int, Settings, frozenset[int]]:
    """Number, settings and ports from the message."""
    settings = told["settings"]
    settings |= {"home": Path(settings["home"]), "hosts": tuple(settings["hosts"])}
    settings |= {"root_access_key_id": "", "root_secret_access_key": ""}
    return told["number"], Settings(**settings), frozenset(told["ports"])


class Link:
    """The supervisor, as a worker knows it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._confirmations = Confirmations(
            lambda revision: channel.send("changed", revision)
        )
        self._asked: asyncio.Future[Running] | None = None
        self._joined = asyncio.Event()
        self.after_change = self._confirmations.after_change

    async def listen(self, follower: Follower) -> None:
        """Do as told, until the supervisor is gone."""
        reaching: set[asyncio.Task[None]] = set()
        while (message := await self._channel.receive()) is not None:
            name, value = message
            match name:
                case "reach":
                    task = asyncio.create_task(self._reach(follower, value))
                    reaching.add(task)
                    task.add_done_callback(reaching.discard)
                case "confirmed":
                    self._confirmations.confirmed(value)
                case "sandbox":
                    self._found_sandbox(value)
                case _:
                    raise ValueError(f"unknown message `{name}`")

    async def join(self, revision: int) -> None:
        """Returns when the snapshot has everything that changes wait for."""
        self._channel.send("loaded", revision)
        await self._joined.wait()

    def serving(self, revision: int) -> None:
        """Say that connections are accepted."""
        self._channel.send("serving", revision)

    async def sandbox(self) -> Running:
        """Where the node's sandbox listens; raises SandboxError.

        Asked each time, since one that was started anew has another port; those who
        ask together share an answer.
        """
        if self._asked is None:
            self._asked = asyncio.get_running_loop().create_future()
            self._channel.send("sandbox")
        return await asyncio.shield(self._asked)

    def _found_sandbox(self, told: dict[str, Any]) -> None:
        asked, self._asked = self._asked, None
        if asked is None:
            return
        if "error" in told:
            asked.set_exception(SandboxError(told["error"]))
        else:
            asked.set_result(Running(port=told["port"], key=Secret(told["key"])))

    async def _reach(self, follower: Follower, revision: int) -> None:
        reached = await follower.reach(revision)
        self._channel.send("reached", reached)
        self._joined.set()


async def work(api_socket: socket.socket, end: socket.socket) -> None:
    """Serve until SIGTERM; requests under way are finished."""
    stopping = stop_signal(signal.SIGTERM)
    channel = await Channel.open(end)
    message = await channel.receive()
    if message is None:
        return
    number, settings, ports = read_start(message[1])
    home = join_home(settings, log_name(number))
    link = Link(channel)
    api = open_api(
        home,
        ports,
        Sandbox(Secret(""), owner=link.sandbox),
        log_name=log_name(number),
        after_change=link.after_change,
    )
    listening = asyncio.create_task(link.listen(api.follower))
    listening.add_done_callback(_end)
    beside = [
        asyncio.create_task(task)
        for task in (api.follower.follow(), api.outbox.run(), api.last_uses.run())
    ]
    await link.join(home.snapshot.revision)
    serving = Serving(api.app, api_socket)
    await asyncio.sleep(0)
    keep_loaded()
    link.serving(home.snapshot.revision)
    await stopping.wait()
    await serving.drain()
    for task in beside:
        task.cancel()
    await api.close()
    listening.remove_done_callback(_end)
    await channel.close()


def _end(listening: "asyncio.Task[None]") -> None:
    """Nobody tells this process of changes any more, so it decides nothing more."""
    if not listening.cancelled():
        log.error(
            "the supervisor is gone: a worker ends", exc_info=listening.exception()
        )
        os._exit(1)


def main() -> None:
    """The program: the API's socket and the channel are given as descriptors."""
    logging.basicConfig(
        format="%(levelname)s %(message)s", level=logging.WARNING, stream=sys.stderr
    )
    log.setLevel(logging.INFO)
    api, channel = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    for one in (api, channel):
        one.set_inheritable(False)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(work(api, channel))
    except (UpstreamError, AuditTakenError, HomeError, StoreUnavailableError) as error:
        log.error("a worker cannot start: %s", error)  # noqa: TRY400 - no bug of ours
        sys.exit(1)


if __name__ == "__main__":
    main()
