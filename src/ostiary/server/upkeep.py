"""What has to happen now and then: a new sealing key, and a tidy audit outbox."""

import asyncio
import logging

from ostiary.gate import audit
from ostiary.gate.audit import AuditLog
from ostiary.gate.work import Work
from ostiary.server.home import Home
from ostiary.server.system import now
from ostiary.store.port import StoreError

log = logging.getLogger("ostiary")

EVERY = 60
"""Seconds between two rounds."""


class Upkeep:
    """Runs beside the requests, and never in their way."""

    def __init__(self, home: Home, work: Work, log_file: AuditLog) -> None:
        self._home = home
        self._work = work
        self._audit = log_file
        self._seen = 0

    async def recover(self) -> None:
        """Bring records into the log whose change was committed by a process that died.

        A change's record is in the database with the change (P6); the copy in the
        log may be missing when the process was killed right after the commit.
        """
        rows = await self._work.call(self._home.store.audit_records)
        for _, request_id, text in rows:
            if audit.find(self._home.settings.audit_folder, request_id) is None:
                self._audit.write(text)
        if rows:
            await self._audit.sync()
            await self._forget(rows[-1][0])

    async def run(self) -> None:
        """Rounds until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self._round()
            except StoreError:
                log.warning("upkeep: the database does not answer; trying again")

    async def _round(self) -> None:
        home = self._home
        if home.vault.is_due(now()):
            await self._work.change(
                lambda change: home.vault.rotate(change, home.mint, now())
            )
        rows = await self._work.call(home.store.audit_records)
        # Those seen a round ago have long been copied: the copy follows the commit
        # within one answer's time.
        await self._audit.sync()
        await self._forget(self._seen)
        self._seen = rows[-1][0] if rows else self._seen

    async def _forget(self, upto: int) -> None:
        await self._work.write(lambda store: store.forget_audit(upto))
