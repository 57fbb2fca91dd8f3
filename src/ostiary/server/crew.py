"""The workers of a node, as their supervisor sees them."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass, field

from ostiary.gate.audit import AuditUnavailableError
from ostiary.gate.sandbox import Sandbox, SandboxError
from ostiary.server.barrier import Barrier
from ostiary.server.channel import Channel
from ostiary.server.home import Home
from ostiary.server.listen import DRAIN, Listeners
from ostiary.server.upkeep import Upkeep
from ostiary.server.worker import log_name, start_message
from ostiary.store.port import StoreError

log = logging.getLogger("ostiary")

GRACE = 5
"""Seconds over the drain that a worker gets to end."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
"""Seconds before a worker that died is replaced: doubled each time, and the first
again after one that lived longer than the longest."""


@dataclass(slots=True)
class _Worker:
    number: int
    process: asyncio.subprocess.Process
    channel: Channel
    is_serving: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Keeps a number of workers running, and does what they ask for.

    Attributes:
        home: the installation.
        listeners: the sockets; workers accept on the API's.
        sandbox: the node's one sandbox.
        upkeep: recovers the audit records of a worker that died.
        barrier: which revision each worker decides by.
        count: how many workers there shall be; they have the numbers from 1.
        complete: set when all of them serve for the first time.
    """

    home: Home
    listeners: Listeners
    sandbox: Sandbox
    upkeep: Upkeep
    barrier: Barrier
    count: int
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _workers: dict[int, _Worker] = field(default_factory=dict)
    _asides: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def is_ready(self) -> bool:
        """Whether every worker serves, and will go on."""
        serving = sum(worker.is_serving for worker in self._workers.values())
        return serving == self.count and not self._stopping.is_set()

    def start(self) -> list[asyncio.Task[None]]:
        """A task per worker; each ends when the node has drained."""
        numbers = range(1, self.count + 1)
        return [asyncio.create_task(self._keep(number)) for number in numbers]

    async def drain(self, keeping: list[asyncio.Task[None]]) -> None:
        """No new requests; returns when all workers have ended."""
        self._stopping.set()
        for worker in self._workers.values():
            _signal(worker, signal.SIGTERM)
        _, late = await asyncio.wait(keeping, timeout=DRAIN + GRACE)
        for worker in self._workers.values():
            log.error("worker %d has not drained and is killed", worker.number)
            _signal(worker, signal.SIGKILL)
        if late:
            await asyncio.wait(late)

    async def _keep(self, number: int) -> None:
        """One worker after the other, until the node stops."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = loop.time()
            told = await self._run(number)
            if self._stopping.is_set():
                return
            if loop.time() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            log.error("worker %d %s; another in %.1f s", number, told, pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _run(self, number: int) -> str:
        """How a worker ended, when it has."""
        try:
            worker = await self._spawn(number)
        except OSError as error:
            return f"cannot be started: {error.strerror}"
        self._workers[number] = worker
        if self._stopping.is_set():
            _signal(worker, signal.SIGTERM)
        await self._attend(worker)
        # Nobody waits for it from here on; what it had committed is in the store.
        self.barrier.leave(number)
        await worker.channel.close()
        status = await _ended(worker)
        del self._workers[number]
        await self._recover(number)
        return f"ended by signal {-status}" if status < 0 else f"ended with {status}"

    async def _spawn(self, number: int) -> _Worker:
        ours, theirs = socket.socketpair()
        api = self.listeners.api
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    # Neither the working directory nor PYTHONPATH can put another
                    # module in the place of an installed one.
                    "-I",
                    "-m",
                    "ostiary.server.worker",
                    str(api.fileno()),
                    str(theirs.fileno()),
                    pass_fds=(api.fileno(), theirs.fileno()),
                    stdin=asyncio.subprocess.DEVNULL,
                    # Its own session: Ctrl-C at a terminal is the supervisor's.
                    start_new_session=True,
                    env=_environment(),
                )
            except OSError:
                ours.close()
                raise
        channel = await Channel.open(ours)
        told = start_message(number, self.home.settings, self.listeners.ports)
        channel.send("start", told)
        return _Worker(number, process, channel)

    async def _attend(self, worker: _Worker) -> None:
        """Do what the worker asks for, until it is gone."""
        number, channel = worker.number, worker.channel
        while (message := await channel.receive()) is not None:
            name, value = message
            match name:
                case "loaded":
                    self.barrier.join(number, value, channel.send)
                case "serving":
                    worker.is_serving = True
                    if self.is_ready:
                        self.complete.set()
                case "changed":
                    self.barrier.changed(number, value)
                case "reached":
                    self.barrier.reached(number, value)
                case "sandbox":
                    task = asyncio.create_task(self._tell_sandbox(channel))
                    self._asides.add(task)
                    task.add_done_callback(self._asides.discard)
                case _:
                    raise ValueError(f"unknown message `{name}`")

    async def _tell_sandbox(self, channel: Channel) -> None:
        try:
            running = await self.sandbox.running()
        except (SandboxError, StoreError) as error:
            channel.send("sandbox", {"error": str(error)})
        else:
            told = {"port": running.port, "key": running.key.reveal()}
            channel.send("sandbox", told)

    async def _recover(self, number: int) -> None:
        try:
            await self.upkeep.recover(log_name(number))
        except (StoreError, AuditUnavailableError) as error:
            log.warning(
                "audit records of worker %d wait for the next start: %s", number, error
            )


async def _ended(worker: _Worker) -> int:
    """The exit status of a worker that has closed its channel, or died."""
    try:
        async with asyncio.timeout(GRACE):
            return await worker.process.wait()
    except TimeoutError:
        _signal(worker, signal.SIGKILL)
        return await worker.process.wait()


def _signal(worker: _Worker, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        worker.process.send_signal(number)


def _environment() -> dict[str, str]:
    """Ours without the settings, which come over the channel."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OSTIARY_")
    }
