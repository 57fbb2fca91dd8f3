"""A change is answered when every worker of the node decides by it (P5).

Revisions only grow, so one number per question is enough: who confirms a revision
confirms all before it.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger("ostiary")

Tell = Callable[[str, int], None]
"""Sends a process a message: its name, and a revision."""

LONGEST = 2
"""Seconds that a change waits: a worker that hangs must not keep all from changing."""


@dataclass(slots=True)
class _Member:
    tell: Tell
    decides: bool
    at: int
    """It has told that it decides by this revision."""
    asked: int = 0
    """It has been told to reach this revision."""
    changed: int = 0
    """The newest of its own changes."""
    confirmed: int = 0
    """What it has been told that all others know, or has no need to know."""


class Barrier:
    """Which revision each process of the node decides by, as they tell."""

    def __init__(self) -> None:
        self._members: dict[int, _Member] = {}
        self._newest = 0

    def join(
        self, number: int, revision: int, tell: Tell, *, decides: bool = True
    ) -> None:
        """A process whose snapshot is at this revision.

        One that decides is waited for from now on, and told to reach what the others
        have confirmed before.
        """
        member = self._members[number] = _Member(tell, decides, revision)
        self._newest = max(self._newest, revision)
        if decides:
            self._ask(member, self._newest)

    def leave(self, number: int) -> None:
        """A process that is gone decides nothing, so nobody waits for it."""
        self._members.pop(number, None)
        self._settle()

    def changed(self, number: int, revision: int) -> None:
        """The process has committed this revision, and decides by it."""
        member = self._members[number]
        if member.changed <= member.confirmed:
            # It waits for nothing else: what lies between was not its question.
            member.confirmed = max(member.confirmed, revision - 1)
        member.changed = max(member.changed, revision)
        for other in self._members.values():
            if other is member or not other.decides:
                continue
            if max(other.at, other.asked) < revision:
                self._ask(other, revision)
        self.reached(number, revision)

    def reached(self, number: int, revision: int) -> None:
        """The process decides by this revision."""
        member = self._members[number]
        member.at = max(member.at, revision)
        # Also what nobody has told of yet: it may be confirmed before that.
        self._newest = max(self._newest, revision)
        self._settle()

    def _ask(self, member: _Member, revision: int) -> None:
        member.asked = revision
        member.tell("reach", revision)

    def _settle(self) -> None:
        """Tell whoever waits how far all others are."""
        for member in self._members.values():
            known = min(
                (
                    other.at
                    for other in self._members.values()
                    if other is not member and other.decides
                ),
                default=self._newest,
            )
            if member.confirmed < min(known, member.changed):
                member.confirmed = known
                member.tell("confirmed", known)


class Confirmations:
    """What this process waits for after its own changes.

    Args:
        announce: tells the barrier of a change.
    """

    def __init__(self, announce: Callable[[int], None]) -> None:
        self._announce = announce
        self._confirmed = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    async def after_change(self, revision: int) -> None:
        """Returns when every other worker decides by this revision, or gave no sign."""
        if revision <= self._confirmed:
            return
        waiter = asyncio.get_running_loop().create_future()
        place = (revision, waiter)
        self._waiting.append(place)
        self._announce(revision)
        try:
            async with asyncio.timeout(LONGEST):
                await waiter
        except TimeoutError:
            log.warning(
                "revision %d is answered before every worker decides by it", revision
            )
        finally:
            self._waiting.remove(place)

    def confirmed(self, revision: int) -> None:
        """Every other worker decides by this revision."""
        self._confirmed = max(self._confirmed, revision)
        for one, waiter in self._waiting:
            if one <= revision and not waiter.done():
                waiter.set_result(None)
