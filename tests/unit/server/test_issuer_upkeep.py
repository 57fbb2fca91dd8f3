"""What the server does by itself for the issuer and for root access."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ostiary.config import read_settings
from ostiary.gate.audit import AuditLog
from ostiary.gate.work import Work
from ostiary.identity.issuer import ROTATION, TokenSigningKey
from ostiary.identity.model import Policy, PolicyVersion
from ostiary.server.follow import Follower
from ostiary.server.home import NEWEST_POLICY, Home, open_home
from ostiary.server.upkeep import Upkeep
from ostiary.services import outbound

Act = Callable[[Home, Upkeep], Awaitable[None]]


def play(folder: Path, act: Act) -> None:
    """Run with a home and its upkeep."""

    async def inner() -> None:
        home = open_home(read_settings({}, folder / "home"))
        work = Work(home.store)
        Follower(home.store, home.snapshot, work)
        log = AuditLog(home.settings.audit_folder, "api")
        try:
            await act(home, Upkeep(home, work, log))
        finally:
            work.close()
            log.close()

    asyncio.run(inner())


def put_keys(home: Home, age: int) -> list[TokenSigningKey]:
    """A signing key of each algorithm, made so many seconds ago."""
    made = int(time.time()) - age
    fresh = outbound.new_keys(("RS256", "ES384"), home.mint, home.vault.current, made)
    with home.store.change() as change:
        for key in fresh:
            change.insert(key)
        writes = list(change.writes)
    home.snapshot.apply(home.snapshot.revision, change.revision, writes)
    return fresh


@pytest.mark.threat("T119")
@pytest.mark.parametrize(("age", "successors"), [(ROTATION - 60, 0), (ROTATION, 2)])
def test_signing_keys_get_successors(tmp_path: Path, age: int, successors: int) -> None:
    """Each that is old enough; the old ones stay while their tokens may live."""

    async def act(home: Home, upkeep: Upkeep) -> None:
        old = put_keys(home, age)
        for _ in range(2):
            await upkeep.renew_signing_keys()
        with home.store.read() as view:
            held = {key.id for key in view.list_by(TokenSigningKey)}

        assert {key.id for key in old} <= held
        assert len(held) == len(old) + successors

    play(tmp_path, act)


def test_without_an_issuer_no_key_is_made(tmp_path: Path) -> None:
    """Nobody pays for what no account has switched on."""

    async def act(home: Home, upkeep: Upkeep) -> None:
        await upkeep.renew_signing_keys()
        with home.store.read() as view:
            assert view.count(TokenSigningKey) == 0

    play(tmp_path, act)


def test_an_older_home_gets_the_newer_policies_of_aws(tmp_path: Path) -> None:
    """The tasks of AssumeRoot are there after the next start."""
    settings = read_settings({}, tmp_path / "home")
    home = open_home(settings)
    with home.store.change() as change:
        for version in change.list_by(PolicyVersion, policy=NEWEST_POLICY):
            change.delete(version)
        policy = change.find(Policy, NEWEST_POLICY)
        assert policy is not None
        change.delete(policy)
    again = open_home(replace(settings))

    assert again.snapshot.default_text(NEWEST_POLICY) is not None
