"""The follower: the snapshot is where the store is, when it has to be."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ostiary.config import read_settings
from ostiary.gate.work import Work
from ostiary.identity.model import Account
from ostiary.server.follow import Follower
from ostiary.server.home import Home, join_home, open_home
from ostiary.store.port import Change

Act = Callable[[Home, Follower, Home], Awaitable[None]]


def _new_account(number: int) -> Callable[[Change], None]:
    name = f"account-{number}"

    def act(change: Change) -> None:
        change.insert(Account(id=f"{number:012}", name=name, alias="", created=number))

    return act


def _change(home: Home, number: int) -> int:
    """A change by another process; its revision."""
    with home.store.change() as change:
        _new_account(number)(change)
        return change.revision


def _play(folder: Path, act: Act) -> None:
    """Runs with a home, its follower, and the same home in another process."""

    async def play() -> None:
        settings = read_settings({}, folder / "home")
        home = open_home(settings)
        other = join_home(settings, "api-2")
        work = Work(home.store)
        try:
            await act(home, Follower(home.store, home.snapshot, work), other)
        finally:
            work.close()

    asyncio.run(play())


@pytest.mark.threat("T116")
def test_a_revision_is_reached_when_it_is_asked_for(tmp_path: Path) -> None:
    """The snapshot has the other process's change, or a later one, afterwards."""

    async def act(home: Home, follower: Follower, other: Home) -> None:
        first, second = _change(other, 1), _change(other, 2)
        assert home.snapshot.revision < first
        assert await follower.reach(first) == second
        assert home.snapshot.accounts["000000000002"].name == "account-2"
        assert await follower.reach(first) == second

    _play(tmp_path, act)


@pytest.mark.threat("T119")
def test_a_look_sees_what_was_there_when_it_was_asked_for(tmp_path: Path) -> None:
    """Each who waits finds the change made before; many share a look."""

    async def act(home: Home, follower: Follower, other: Home) -> None:
        following = asyncio.create_task(follower.follow())
        looks = 0
        since = home.store.writes_since

        def counted(revision: int) -> object:
            nonlocal looks
            looks += 1
            return since(revision)

        home.store.writes_since = counted  # type: ignore[method-assign,assignment]  # counts
        for number in range(1, 6):
            _change(other, number)
            await asyncio.gather(*(follower.next_look() for _ in range(200)))
            assert f"{number:012}" in home.snapshot.accounts
        assert looks < 12
        following.cancel()

    _play(tmp_path, act)


def test_nobody_waits_for_ever_for_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without anybody who follows, whoever asks for a look goes on after a while."""
    monkeypatch.setattr("ostiary.server.follow.LONGEST", 0.05)

    async def act(_home: Home, follower: Follower, _other: Home) -> None:
        await follower.next_look()
        await follower.next_look()

    _play(tmp_path, act)


def test_a_change_is_done_when_what_comes_after_it_is(tmp_path: Path) -> None:
    """`after_change` gets each revision once it is in the snapshot; no change, no call."""

    async def play() -> None:
        home = open_home(read_settings({}, tmp_path / "home"))
        told: list[tuple[int, int]] = []

        async def after(revision: int) -> None:
            await asyncio.sleep(0.01)
            told.append((revision, home.snapshot.revision))

        work = Work(home.store, after)
        Follower(home.store, home.snapshot, work)
        before = home.snapshot.revision
        await work.change(_new_account(1))
        await work.change(_new_account(2))
        assert told == [(before + 1, before + 1), (before + 2, before + 2)]
        await work.change(lambda change: change.count(Account))
        with pytest.raises(LookupError):
            await work.change(_refuse)
        assert len(told) == 2
        work.close()

    asyncio.run(play())


def _refuse(change: Change) -> None:
    _new_account(3)(change)
    raise LookupError
