"""Uses on their way from memory to the store."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from ostiary.config import read_settings
from ostiary.gate.audit import AuditLog
from ostiary.gate.uses import Seen
from ostiary.gate.work import Work
from ostiary.identity.last_use import TRACKING, LastUse, password_of
from ostiary.server.home import Home, open_home
from ostiary.server.last_uses import LastUses
from ostiary.server.system import now
from ostiary.server.upkeep import Upkeep
from ostiary.store.last_uses import Uses
from ostiary.store.port import StoreUnavailableError
from ostiary.store.sql import SqlStore

NOW = 1_795_000_000


class Unreachable(SqlStore):
    """A store whose database is gone for a while."""

    is_gone = True

    def note_uses(self, uses: Uses) -> None:
        """Remember, or say that the database is gone."""
        if self.is_gone:
            raise StoreUnavailableError("gone")
        super().note_uses(uses)


def _play(folder: Path, act: Callable[[Home], Awaitable[None]]) -> None:
    asyncio.run(act(open_home(read_settings({}, folder / "home"))))


def _used(store: SqlStore, *users: str) -> dict[str, int]:
    with store.read() as view:
        found = view.last_uses([password_of(user) for user in users])
    return {subject: use.used for subject, use in found.items()}


def test_what_was_seen_is_written_once_and_nobody_hears_of_it(tmp_path: Path) -> None:
    """One transaction, no revision; with nothing new there is nothing to write."""

    async def act(home: Home) -> None:
        work, seen = Work(home.store), Seen()
        last_uses = LastUses(work, seen)
        revision = home.store.everything()[0]
        seen.note_login("AIDA1", NOW)
        seen.note_login("AIDA2", NOW + 1)
        await last_uses.write()
        await last_uses.write()
        assert _used(home.store, "AIDA1", "AIDA2") == {
            "password/AIDA1": NOW,
            "password/AIDA2": NOW + 1,
        }
        assert home.store.everything()[0] == revision
        work.close()

    _play(tmp_path, act)


def test_two_processes_merge(tmp_path: Path) -> None:
    """Whoever writes last, the newest time stays."""

    async def act(home: Home) -> None:
        work = Work(home.store)
        one, other = Seen(), Seen()
        one.note_login("AIDA1", NOW + 5)
        other.note_login("AIDA1", NOW)
        await LastUses(work, one).write()
        await LastUses(work, other).write()
        assert _used(home.store, "AIDA1") == {"password/AIDA1": NOW + 5}
        work.close()

    _play(tmp_path, act)


def test_a_database_that_is_gone_loses_nothing(tmp_path: Path) -> None:
    """What could not be written is written when it is back."""

    async def act(home: Home) -> None:
        store = Unreachable(home.store._engine)
        work, seen = Work(store), Seen()
        last_uses = LastUses(work, seen)
        seen.note_login("AIDA1", NOW)
        await last_uses.write()
        seen.note_login("AIDA2", NOW)
        await last_uses.write()
        assert _used(store, "AIDA1", "AIDA2") == {}
        store.is_gone = False
        await last_uses.write()
        await last_uses.write()
        assert len(_used(store, "AIDA1", "AIDA2")) == 2
        work.close()

    _play(tmp_path, act)


def test_old_uses_are_forgotten(tmp_path: Path) -> None:
    """Once a day, by what looks after the store; root is there as long as its account."""

    async def act(home: Home) -> None:
        root = password_of("111122223333")

        def keep(used: int) -> None:
            last = LastUse(subject=root, used=used, service="signin", region="")
            home.store.note_uses(Uses(last=[last]))

        work = Work(home.store)
        log = AuditLog(home.settings.audit_folder, "api")
        keep(int(now()) - TRACKING - 10)
        upkeep = Upkeep(home, work, log)
        await upkeep.forget_old()
        assert _used(home.store, "111122223333") == {}
        keep(int(now()) - TRACKING - 10)
        await upkeep.forget_old()
        assert len(_used(home.store, "111122223333")) == 1
        keep(int(now()))
        await Upkeep(home, work, log).forget_old()
        assert len(_used(home.store, "111122223333")) == 1
        log.close()
        work.close()

    _play(tmp_path, act)
