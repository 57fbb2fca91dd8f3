"""Serve: the API of one process, alone with its console or as one of several."""

import asyncio
import importlib.util
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ostiary.config import Settings
from ostiary.gate import notices
from ostiary.gate.assertions import Assertions
from ostiary.gate.audit import AuditLog
from ostiary.gate.authenticate import Authenticator
from ostiary.gate.decisions import Decider
from ostiary.gate.doorway import Doorway
from ostiary.gate.enforce import Gate
from ostiary.gate.fetching import Fetcher
from ostiary.gate.forward import Forwarder
from ostiary.gate.local import Local
from ostiary.gate.provider_keys import ProviderKeys
from ostiary.gate.providers import parse_rules
from ostiary.gate.published import Published
from ostiary.gate.sandbox import Sandbox
from ostiary.gate.token_codes import TokenCodes
from ostiary.gate.upstreams import parse_upstreams
from ostiary.gate.work import AfterChange, Work
from ostiary.identity.secret import Secret
from ostiary.server.asgi import App
from ostiary.server.console import Console
from ostiary.server.follow import Follower
from ostiary.server.home import Home
from ostiary.server.last_uses import LastUses
from ostiary.server.listen import DRAIN, Listeners, Serving, stop_signal
from ostiary.server.system import now
from ostiary.server.upkeep import Outbox, Upkeep
from ostiary.services.operation import OWN_ESTATE, Estate
from ostiary.store.applicable import Applicable
from ostiary.store.limits import Limits

log = logging.getLogger("ostiary")


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What answers requests in one process, and what moves with it."""

    app: App
    gate: Gate
    work: Work
    follower: Follower
    audit: AuditLog
    outbox: Outbox
    last_uses: LastUses
    forwarder: Forwarder

    async def close(self) -> None:
        """Let go of everything, after the last request."""
        self.gate.assertions.close()
        await self.forwarder.close()
        await self.outbox.empty()
        await self.last_uses.write()
        self.work.close()
        self.audit.close()


def open_api(
    home: Home,
    ports: frozenset[int],
    sandbox: Sandbox,
    *,
    log_name: str = "api",
    after_change: AfterChange | None = None,
) -> Api:
    """The API of an installation.

    Args:
        home: the installation.
        ports: our own, which no upstream may have.
        sandbox: what stands behind the door by default.
        log_name: of the audit log; each process has its own.
        after_change: see `Work`.

    Raises:
        UpstreamError: an upstream's settings cannot be used.
        AuditTakenError: another process has the audit log.
    """
    work = Work(home.store, after_change)
    follower = Follower(home.store, home.snapshot, work)
    home.vault.look = follower.next_look
    upstreams = parse_upstreams(home.settings.upstreams, home.settings.home, ports)
    audit = AuditLog(home.settings.audit_folder, log_name)
    forwarder = Forwarder(sandbox, upstreams)
    gate = build_gate(home, work, audit, forwarder)
    published = Published(
        home.snapshot.issuers, estate_of(home.settings).url, home.settings.hosts
    )
    return Api(
        app=App(published.before(gate.handle), home.settings.max_body),
        gate=gate,
        work=work,
        follower=follower,
        audit=audit,
        outbox=Outbox(work, audit),
        last_uses=LastUses(work, gate.seen),
        forwarder=forwarder,
    )


async def serve(home: Home, listeners: Listeners, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished."""
    stopping = stop_signal(signal.SIGTERM, signal.SIGINT)
    sandbox = new_sandbox(home)
    api = open_api(home, listeners.ports, sandbox)
    upkeep = Upkeep(home, api.work, api.audit)
    await upkeep.recover()
    # What the sandbox held ended with the process that it lived in.
    await api.gate.door.forget_sandbox()
    console = Console(listeners.api_url, lambda: home.snapshot.revision)
    servings = [
        Serving(api.app, listeners.api),
        Serving(console, listeners.console),
    ]
    beside = [
        asyncio.create_task(task)
        for task in (
            api.follower.follow(),
            api.outbox.run(),
            api.last_uses.run(),
            upkeep.run(),
        )
    ]
    # Both sockets listen already: a request that comes now waits in the backlog.
    await asyncio.sleep(0)
    ready()
    await stopping.wait()
    log.info("stopping: no new requests; those under way get %d s", DRAIN)
    await asyncio.gather(*(serving.drain() for serving in servings))
    for task in beside:
        task.cancel()
    await sandbox.stop()
    await api.close()


def build_gate(home: Home, work: Work, audit: AuditLog, forwarder: Forwarder) -> Gate:
    """The gate of this installation."""
    applicable = Applicable(home.snapshot)
    token_codes = TokenCodes(work, home.vault, now)

    def seal(text: str, account: str) -> str:
        return home.vault.current.seal_message(text, account=account, mint=home.mint)

    return Gate(
        snapshot=home.snapshot,
        authenticator=Authenticator(home.snapshot, home.vault),
        token_codes=token_codes,
        assertions=open_assertions(home, work),
        decider=Decider(applicable, Limits(home.snapshot), seal),
        local=Local(
            snapshot=home.snapshot,
            vault=home.vault,
            work=work,
            mint=home.mint,
            estate=estate_of(home.settings),
            publish=partial(notices.publish, forwarder),
        ),
        door=Doorway(forwarder, work, home.snapshot, token_codes.verify_root),
        audit=audit,
        mint=home.mint,
        hosts=home.settings.hosts,
    )


def open_assertions(home: Home, work: Work) -> Assertions:
    """What proves assertions of identity providers; raises UpstreamError."""
    rules = parse_rules(home.settings.federation, home.settings.home)
    keys = ProviderKeys(Fetcher(rules).fetch)
    return Assertions(home.snapshot, work, keys, rules)


def estate_of(settings: Settings) -> Estate:
    """What operations mean something by."""
    return Estate(url=settings.url or OWN_ESTATE.url, partners=settings.partners)


def new_sandbox(home: Home) -> Sandbox:
    """A sandbox that nobody else can open."""
    key = Secret(home.mint.random(32).hex())
    return Sandbox(key, log=home.settings.home / "sandbox.log")


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The faster loop where it exists; it does not on Windows."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    import uvloop  # noqa: PLC0415 - see above

    return uvloop.new_event_loop
