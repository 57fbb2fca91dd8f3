"""The sandbox: a moto server that lives as a child process, on loopback only.

It starts with the first request that needs it, once for all who wait, and ends
with the process that started it. What it keeps is gone when it ends.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ostiary.identity.secret import Secret

KEY_HEADER = "x-ostiary-sandbox-key"
ACCOUNT_HEADER = "x-moto-account-id"
SCHEME_HEADER = "x-ostiary-scheme"
"""How the client came, for the addresses that answers contain."""

START_TIMEOUT = 60
"""Seconds that moto may take to load; a busy machine takes ten."""
STOP_TIMEOUT = 5
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")


BeforeStart = Callable[[], Awaitable[None]]


class SandboxError(Exception):
    """The sandbox cannot be started; the message is for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A sandbox that listens, and what opens it."""

    port: int
    key: Secret


Owner = Callable[[], Awaitable[Running]]


class Sandbox:
    """Starts and stops the child process.

    Args:
        key: what each request to the sandbox must carry; nobody else may know it.
        log: the file that takes what moto prints; None for nothing.
        owner: asks the process that has the sandbox, for a server whose workers
            share one. Then this one starts and stops nothing.
    """

    def __init__(
        self, key: Secret, *, log: Path | None = None, owner: Owner | None = None
    ) -> None:
        self._key = key
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._starting: asyncio.Task[Running] | None = None
        self._owner = owner
        self._stopped = False
        self.before_start: BeforeStart | None = None
        """Called before each start: what an earlier child held is gone by then."""

    async def running(self) -> Running:
        """Where the sandbox listens; starts it when there is none.

        Raises:
            SandboxError: moto is not installed, or did not come up in time.
        """
        if self._owner is not None:
            return await self._owner()
        if self._stopped:
            raise SandboxError("the sandbox has been stopped")
        if self._starting is None or self._has_died():
            self._starting = asyncio.create_task(self._start())
        # Shielded: one waiter that gives up must not end the start for all.
        return await asyncio.shield(self._starting)

    async def stop(self) -> None:
        """Ends the child process; it does not start again."""
        self._stopped = True
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.wait([self._starting])
        await self._end()

    def _has_died(self) -> bool:
        task = self._starting
        if task is None or not task.done():
            return False
        if task.cancelled() or task.exception() is not None:
            return True
        return self._process is None or self._process.returncode is not None

    async def _start(self) -> Running:
        if self.before_start is not None:
            await self.before_start()
        process = await self._launch()
        self._process = process
        try:
            async with asyncio.timeout(START_TIMEOUT):
                return Running(port=await self._greet(process), key=self._key)
        except TimeoutError:
            await self._end()
            raise SandboxError(f"no answer within {START_TIMEOUT} seconds") from None
        except (SandboxError, asyncio.CancelledError):
            await self._end()
            raise

    async def _launch(self) -> asyncio.subprocess.Process:
        log = _open_log(self._log)
        try:
            # -I: neither the working directory nor PYTHONPATH can put another
            # moto in the place of the installed one.
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-m",
                "ostiary.gate.sandbox_main",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                # Its own session: Ctrl-C at a terminal is the parent's to handle.
                start_new_session=True,
                env={k: os.environ[k] for k in _KEPT_VARIABLES if k in os.environ},
            )
        finally:
            if not isinstance(log, int):
                log.close()

    async def _greet(self, process: asyncio.subprocess.Process) -> int:
        """Hands over the key, and gives the port that comes back."""
        assert process.stdin is not None  # noqa: S101 - asked for as a pipe
        assert process.stdout is not None  # noqa: S101 - asked for as a pipe
        process.stdin.write(self._key.reveal().encode() + b"\n")
        line = await process.stdout.readline()
        if not line.strip().isdigit():
            where = f"see `{self._log}`" if self._log else "it has no log"
            raise SandboxError(
                f"the sandbox ended while starting, {where}\n"
                "help: install it with `pip install 'ostiary[sandbox]'`"
            )
        return int(line)

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _open_log(path: Path | None) -> IO[bytes] | int:
    if path is None:
        return asyncio.subprocess.DEVNULL
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "ab")
