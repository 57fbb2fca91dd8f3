"""What has to happen now and then: a new sealing key, no old uses, a tidy outbox.

A change's record is in the database with the change (P6), in the outbox, until its
copy in the log is on disk. Whoever wrote a copy forgets its row. Rows of a process
that died are looked after by one process of the node: `Upkeep`.
"""

import asyncio
import logging

from ostiary.gate import audit
from ostiary.gate.audit import AuditLog, AuditUnavailableError
from ostiary.gate.work import Work
from ostiary.identity.issuer import due
from ostiary.server.home import Home
from ostiary.server.last_uses import forget_old_uses
from ostiary.server.system import now
from ostiary.services import outbound
from ostiary.store.port import StoreError

log = logging.getLogger("ostiary")

EVERY = 60
"""Seconds between two rounds."""
DAY = 86_400


class Outbox:
    """The rows whose copies this process wrote."""

    def __init__(self, work: Work, log_file: AuditLog) -> None:
        self._work = work
        self._audit = log_file

    async def run(self) -> None:
        """Rounds until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.empty()

    async def empty(self) -> None:
        """Forget the rows whose copies are on disk.

        A row that stays behind by an error is found at the next start, and its copy,
        too.
        """
        try:
            copies = await self._audit.synced_copies()
            if copies:
                await self._work.write(lambda store: store.forget_audit(copies))
        except (StoreError, AuditUnavailableError) as error:
            log.warning("upkeep: audit records stay in the database: %s", error)


class Upkeep:
    """Done by one process of a node, beside the requests and never in their way."""

    def __init__(self, home: Home, work: Work, log_file: AuditLog) -> None:
        self._home = home
        self._work = work
        self._audit = log_file
        self._forgot = 0.0

    async def recover(self, writer: str = "") -> None:
        """Bring records into the log whose change was committed by a dead process.

        The copy in its own log may be missing when the process was killed right after
        the commit.

        Args:
            writer: the name of its log; empty for all, when none of them runs.
        """
        rows = await self._work.call(lambda: self._home.store.audit_records(writer))
        if not rows:
            return
        records = [(request_id, record) for _, request_id, record in rows]
        folder = self._home.settings.audit_folder
        missing = await self._work.call(lambda: audit.missing(folder, records))
        for record in missing:
            self._audit.write(record)
        await self._audit.sync()
        done = [request_id for request_id, _ in records]
        await self._work.write(lambda store: store.forget_audit(done))

    async def run(self) -> None:
        """Rounds until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.renew_ring()
                await self.renew_signing_keys()
                await self.forget_old()
            except StoreError:
                log.warning("upkeep: the database does not answer; trying again")

    async def forget_old(self) -> None:
        """Forget, once a day, what was used too long ago."""
        if now() - self._forgot >= DAY:
            self._forgot = now()
            await forget_old_uses(self._work, self._forgot)

    async def renew_ring(self) -> None:
        """Make a new sealing key when one is due (T119)."""
        vault = self._home.vault
        if vault.is_due(now()):
            await self._work.change(
                lambda change: vault.rotate(change, self._home.mint, now())
            )

    async def renew_signing_keys(self) -> None:
        """Give each key that signs tokens a successor when it is due."""
        home, time = self._home, now()
        held = home.snapshot.issuers.signing_keys.values()
        if not outbound.is_due(held, time):
            return
        vault = home.vault.current
        fresh = await self._work.call(
            lambda: outbound.new_keys(due(held, time), home.mint, vault, int(time))
        )
        await self._work.change(lambda change: outbound.rotate(change, fresh, time))
