"""The supervisor: starts the workers of a node, and does what one process must do.

It has bound both sockets and founded the home, serves the console, owns the sandbox,
makes sealing keys and recovers audit records. It answers no request of the API.
"""

import asyncio
import logging
import signal
from collections.abc import Callable

from ostiary.gate.audit import AuditLog
from ostiary.gate.ownership import forget_services
from ostiary.gate.providers import parse_rules
from ostiary.gate.upstreams import Upstreams, parse_upstreams
from ostiary.gate.work import Work
from ostiary.server.barrier import Barrier, Confirmations
from ostiary.server.console import Console
from ostiary.server.crew import Crew
from ostiary.server.follow import Follower
from ostiary.server.home import Home
from ostiary.server.listen import DRAIN, Listeners, Serving, stop_signal
from ostiary.server.run import new_sandbox
from ostiary.server.upkeep import Upkeep

log = logging.getLogger("ostiary")

NUMBER = 0
"""The supervisor's own at the barrier, where it makes changes and decides nothing."""


def _read_tables(home: Home, ports: frozenset[int]) -> Upstreams:
    """The upstreams; a setting that only workers use stops the start here (T144)."""
    parse_rules(home.settings.federation, home.settings.home)
    return parse_upstreams(home.settings.upstreams, home.settings.home, ports)


async def supervise(
    home: Home, listeners: Listeners, workers: int, ready: Callable[[], None]
) -> None:
    """Serve with several processes until SIGTERM or SIGINT.

    Args:
        home: the installation, opened and founded.
        listeners: both sockets.
        workers: how many processes answer on the API's.
        ready: called once, when all of them do.
    """
    stopping = stop_signal(signal.SIGTERM, signal.SIGINT)
    barrier = Barrier()
    own = Confirmations(lambda revision: barrier.changed(NUMBER, revision))
    barrier.join(NUMBER, 0, lambda _, revision: own.confirmed(revision), decides=False)
    work = Work(home.store, own.after_change)
    follower = Follower(home.store, home.snapshot, work)
    audit = AuditLog(home.settings.audit_folder, "api")
    upkeep = Upkeep(home, work, audit)
    sandbox = new_sandbox(home)
    upstreams = _read_tables(home, listeners.ports)

    async def forget_sandbox() -> None:
        await forget_services(work, lambda service: upstreams.find(service) is None)

    sandbox.before_start = forget_sandbox
    await upkeep.recover()
    # What the sandbox held ended with the process that it lived in.
    await forget_sandbox()
    crew = Crew(
        home=home,
        listeners=listeners,
        sandbox=sandbox,
        upkeep=upkeep,
        barrier=barrier,
        count=workers,
    )
    console = Serving(
        Console(
            listeners.api_url, lambda: home.snapshot.revision, lambda: crew.is_ready
        ),
        listeners.console,
    )
    beside = [asyncio.create_task(task) for task in (follower.follow(), upkeep.run())]
    keeping = crew.start()
    await _first(crew.complete, stopping)
    if not stopping.is_set():
        ready()
        await stopping.wait()
    log.info("stopping: no new requests; those under way get %d s", DRAIN)
    listeners.api.close()
    await crew.drain(keeping)
    await console.drain()
    for task in beside:
        task.cancel()
    await sandbox.stop()
    work.close()
    audit.close()


async def _first(*events: asyncio.Event) -> None:
    """Returns when one of the events has happened."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
