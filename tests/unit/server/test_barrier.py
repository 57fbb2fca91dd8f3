"""The barrier: a change is confirmed when every other worker decides by it."""

import asyncio
import random
from collections import deque

import pytest

from ostiary.server import barrier
from ostiary.server.barrier import Barrier, Confirmations


class Told:
    """What each process was told."""

    def __init__(self) -> None:
        self.barrier = Barrier()
        self.said: list[tuple[int, str, int]] = []

    def join(self, number: int, revision: int, *, decides: bool = True) -> None:
        """A process that remembers what it is told."""
        self.barrier.join(
            number,
            revision,
            lambda name, value: self.said.append((number, name, value)),
            decides=decides,
        )

    def take(self) -> list[tuple[int, str, int]]:
        """What was said since the last time."""
        said, self.said[:] = list(self.said), []
        return said


@pytest.mark.threat("T116")
def test_a_change_is_confirmed_when_all_others_have_reached_it() -> None:
    """Each other worker is asked once; the last of them makes it confirmed."""
    told = Told()
    for number in (1, 2, 3):
        told.join(number, 4)
    assert told.take() == [(n, "reach", 4) for n in (1, 2, 3)]
    told.barrier.changed(1, 5)
    assert told.take() == [(2, "reach", 5), (3, "reach", 5)]
    told.barrier.reached(2, 5)
    assert told.take() == []
    told.barrier.reached(3, 6)
    assert told.take() == [(1, "confirmed", 5)]
    told.barrier.reached(3, 7)
    assert told.take() == []


def test_one_that_is_asked_already_is_not_asked_for_less() -> None:
    """Who has been told to reach a revision is not told of an earlier one."""
    told = Told()
    told.join(1, 4)
    told.join(2, 4)
    told.join(3, 4)
    told.take()
    told.barrier.changed(1, 6)
    told.take()
    told.barrier.changed(2, 5)
    assert told.take() == []
    told.barrier.reached(3, 6)
    told.barrier.reached(2, 6)
    assert told.take() == [(2, "confirmed", 6), (1, "confirmed", 6)]


def test_a_worker_alone_waits_for_nobody() -> None:
    """The supervisor makes changes, and decides nothing."""
    told = Told()
    told.join(0, 0, decides=False)
    told.join(1, 4)
    told.take()
    told.barrier.changed(1, 5)
    assert told.take() == [(1, "confirmed", 5)]
    told.barrier.changed(0, 6)
    assert told.take() == [(1, "reach", 6)]
    told.barrier.reached(1, 6)
    assert told.take() == [(0, "confirmed", 6)]


def test_nobody_waits_for_a_worker_that_is_gone() -> None:
    """The death of the last one that was waited for confirms the change."""
    told = Told()
    for number in (1, 2, 3):
        told.join(number, 4)
    told.barrier.changed(1, 5)
    told.barrier.reached(2, 5)
    told.take()
    told.barrier.leave(3)
    assert told.take() == [(1, "confirmed", 5)]


@pytest.mark.threat("T116")
def test_a_new_worker_reaches_what_was_confirmed_before_it_came() -> None:
    """Also a revision that was confirmed before whoever made it told of it."""
    told = Told()
    told.join(1, 4)
    told.join(2, 4)
    told.barrier.changed(1, 5)
    told.barrier.reached(2, 6)
    told.take()
    told.join(3, 4)
    assert told.take() == [(3, "reach", 6)]


class Node:
    """Workers over lines on which messages are late; the store is a number."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.barrier = Barrier()
        self.store = 0
        self.at: dict[int, int] = {}
        self.serving: set[int] = set()
        self.own: dict[int, Confirmations] = {}
        self.said: dict[int, deque[tuple[str, int]]] = {}
        self.told: dict[int, deque[tuple[str, int]]] = {}
        self.changing: dict[asyncio.Task[None], int] = {}
        self.started = 0
        for _ in range(3):
            self.start()

    def start(self) -> None:
        """A worker that has loaded, and whose message is under way."""
        self.started += 1
        number = self.started
        self.at[number] = self.store
        self.told[number] = deque()
        said = self.said[number] = deque([("loaded", self.store)])
        self.own[number] = Confirmations(lambda value: said.append(("changed", value)))

    def kill(self, number: int) -> None:
        """A worker that is gone, and its requests with it."""
        for table in (self.at, self.own, self.said, self.told):
            del table[number]
        self.serving.discard(number)
        self.barrier.leave(number)
        for task in [one for one, by in self.changing.items() if by == number]:
            task.cancel()

    def arrive_there(self, number: int) -> None:
        """The supervisor hears a message of a worker."""
        if not self.said[number]:
            return
        name, value = self.said[number].popleft()
        if name == "loaded":
            told = self.told[number]
            self.barrier.join(number, value, lambda *message: told.append(message))
        elif name == "changed":
            self.barrier.changed(number, value)
        else:
            self.barrier.reached(number, value)

    def arrive_here(self, number: int) -> None:
        """A worker hears a message of the supervisor."""
        if not self.told[number]:
            return
        name, value = self.told[number].popleft()
        if name == "confirmed":
            self.own[number].confirmed(value)
            return
        if self.at[number] < value:
            self.at[number] = self.chance.randint(value, self.store)
        self.said[number].append(("reached", self.at[number]))
        self.serving.add(number)

    async def change(self, number: int) -> None:
        """A change through this worker; when it is done, all who serve know it."""
        self.store += 1
        revision = self.at[number] = self.store
        await self.own[number].after_change(revision)
        assert min(self.at[other] for other in self.serving) >= revision

    async def step(self) -> None:
        """Something happens."""
        number = self.chance.choice(list(self.at))
        what = self.chance.random()
        if what < 0.05 and number in self.serving:
            self.changing[asyncio.create_task(self.change(number))] = number
        elif what < 0.055 and len(self.at) > 2:
            self.kill(number)
        elif what < 0.06 and len(self.at) < 4:
            self.start()
        else:
            self.chance.choice((self.arrive_here, self.arrive_there))(number)
        await asyncio.sleep(0)

    async def settle(self) -> None:
        """Every message arrives."""
        while any(self.said.values()) or any(self.told.values()):
            for number in self.at:
                self.arrive_there(number)
                self.arrive_here(number)
            await asyncio.sleep(0)


@pytest.mark.threat("T115", "T116")
@pytest.mark.parametrize("seed", range(30))
def test_no_confirmed_change_is_unknown_to_a_worker_that_serves(seed: int) -> None:
    """Whatever the order of messages, deaths and starts: who serves knows it."""

    async def play() -> None:
        node = Node(seed)
        for _ in range(2000):
            await node.step()
        await node.settle()
        done = await asyncio.gather(*node.changing, return_exceptions=True)
        assert [one for one in done if isinstance(one, Exception)] == []
        assert done.count(None) > 10

    asyncio.run(play())


def test_a_change_waits_no_longer_than_the_bound(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that gives no sign holds a change up, but not for ever."""
    monkeypatch.setattr(barrier, "LONGEST", 0.05)

    async def play() -> list[int]:
        announced: list[int] = []
        own = Confirmations(announced.append)
        await own.after_change(7)
        own.confirmed(9)
        await own.after_change(8)
        return announced

    assert asyncio.run(play()) == [7]
    assert "revision 7 is answered before" in caplog.text
