"""The two sockets, and the servers that answer on them."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn

from ostiary.server.asgi import App
from ostiary.server.console import Console
from ostiary.server.joined import JoinedProtocol

DRAIN = 10
"""Seconds that requests under way get when the server stops."""
KEEP_ALIVE = 65
BACKLOG = 1024
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class BindError(Exception):
    """A port that cannot be listened on; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """The two sockets, bound before anything slow happens."""

    api: socket.socket
    console: socket.socket

    @property
    def ports(self) -> frozenset[int]:
        """Our own ports: no upstream may be one of them (T70)."""
        return frozenset(one.getsockname()[1] for one in (self.api, self.console))

    @property
    def api_url(self) -> str:
        """Where clients point their endpoint URL."""
        return _url(self.api)

    @property
    def console_url(self) -> str:
        """Where people point their browser."""
        return _url(self.console)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def bind(host: str, port: int, console_port: int) -> Listeners:
    """Both sockets; raises BindError naming the port that is taken."""
    return Listeners(api=_bind(host, port), console=_bind(host, console_port))


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise BindError(
            f"cannot listen on {host}:{port}: {error.strerror}; "
            "choose another with --port and --console-port"
        ) from error
    listener.listen(BACKLOG)
    return listener


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: servers share the process, and one handler stops all."""
        yield


class Serving:
    """An application that answers on a socket, from now until it has drained."""

    def __init__(self, app: App | Console, listener: socket.socket) -> None:
        self._server = _server(app)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))

    async def drain(self) -> None:
        """No new requests; returns when those under way are answered."""
        self._server.should_exit = True
        await self._task


def _server(app: App | Console) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=JoinedProtocol,
            ws="none",
            loop="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=DRAIN,
            backlog=BACKLOG,
        )
    )


def stop_signal(*numbers: signal.Signals) -> asyncio.Event:
    """Set when one of these signals comes."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, stopping.set)
    return stopping
