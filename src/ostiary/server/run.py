"""Serve: both listeners in one event loop, until a signal says stop."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import uvicorn

from ostiary.gate.audit import AuditLog
from ostiary.gate.authenticate import Authenticator
from ostiary.gate.decisions import Decider
from ostiary.gate.door import Door
from ostiary.gate.enforce import Gate
from ostiary.gate.forward import Forwarder
from ostiary.gate.local import Local
from ostiary.gate.sandbox import Sandbox
from ostiary.gate.token_codes import TokenCodes
from ostiary.gate.upstreams import parse_upstreams
from ostiary.gate.work import Work
from ostiary.identity.secret import Secret
from ostiary.server.asgi import App
from ostiary.server.console import Console
from ostiary.server.follow import Follower
from ostiary.server.home import Home
from ostiary.server.system import now
from ostiary.server.upkeep import Upkeep
from ostiary.store.applicable import Applicable

log = logging.getLogger("ostiary")

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


async def serve(home: Home, listeners: Listeners, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    work = Work(home.store)
    follower = Follower(home.store, home.snapshot, work)
    audit = AuditLog(home.settings.audit_folder, "api")
    sandbox = Sandbox(
        Secret(home.mint.random(32).hex()), log=home.settings.home / "sandbox.log"
    )
    upstreams = parse_upstreams(
        home.settings.upstreams, home.settings.home, listeners.ports
    )
    forwarder = Forwarder(sandbox, upstreams)
    gate = build_gate(home, work, audit, forwarder)
    upkeep = Upkeep(home, work, audit)
    await upkeep.recover()
    # What the sandbox held ended with the process that it lived in.
    await gate.door.forget_sandbox()
    servers = [
        _server(App(gate.handle, home.settings.max_body)),
        _server(Console(listeners.api_url, lambda: home.snapshot.revision)),
    ]
    tasks = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, listener in zip(
            servers, (listeners.api, listeners.console), strict=True
        )
    ]
    beside = [asyncio.create_task(follower.follow()), asyncio.create_task(upkeep.run())]
    # Both sockets listen already: a request that comes now waits in the backlog.
    await asyncio.sleep(0)
    ready()
    await stopping.wait()
    log.info("stopping: no new requests; those under way get %d s", DRAIN)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*tasks)
    for task in beside:
        task.cancel()
    await forwarder.close()
    await sandbox.stop()
    work.close()
    audit.close()


def build_gate(home: Home, work: Work, audit: AuditLog, forwarder: Forwarder) -> Gate:
    """The gate of this installation."""
    applicable = Applicable(home.snapshot)
    token_codes = TokenCodes(work, home.vault, now)
    return Gate(
        snapshot=home.snapshot,
        authenticator=Authenticator(home.snapshot, home.vault),
        token_codes=token_codes,
        decider=Decider(applicable),
        local=Local(home.snapshot, home.vault, work, home.mint),
        door=Door(forwarder, work, home.snapshot, token_codes.verify_root),
        audit=audit,
        mint=home.mint,
        hosts=home.settings.hosts,
    )


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: two servers share the process, and one handler stops both."""
        yield


def _server(app: App | Console) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http="httptools",
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
