"""The line between a supervisor and a worker: JSON objects, one a line.

Both ends are of one version and one machine, so a message is what it is: one member,
whose name says what it is about.

From worker to supervisor:

  loaded REVISION     my snapshot is here; changes have to wait for me from now on
  serving REVISION    I accept connections
  changed REVISION    I have committed this change; tell me when all others know it
  reached REVISION    my decisions are by this revision
  sandbox null        where is the sandbox? start it if there is none

From supervisor to worker:

  start OBJECT        who you are, and the settings
  reach REVISION      catch up with the store, at least to here, and say so
  confirmed REVISION  every other worker decides by this revision
  sandbox OBJECT      its port and key, or the error that kept it from starting
"""

import asyncio
import contextlib
import json
import socket
from typing import Any, Self

Message = tuple[str, Any]
LONGEST = 1024 * 1024
"""Bytes of one message; only settings have more than a few."""


class Channel:
    """One end of the line."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, end: socket.socket) -> Self:
        """The end of a pair of connected sockets; it is ours from now on."""
        return cls(*await asyncio.open_unix_connection(sock=end, limit=LONGEST))

    def send(self, name: str, value: object = None) -> None:
        """Say something; to nobody, when the other end is gone."""
        if not self._writer.is_closing():
            self._writer.write(json.dumps({name: value}).encode() + b"\n")

    async def receive(self) -> Message | None:
        """What the other end says next; None when it is gone."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        if not line.endswith(b"\n"):
            return None
        ((name, value),) = json.loads(line).items()
        return name, value

    async def close(self) -> None:
        """The other end reads that there is no more."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
