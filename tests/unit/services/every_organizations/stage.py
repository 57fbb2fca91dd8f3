"""A whole gate for many tests, each with an organization of its own, and steps there.

In the texts of parameters `{manager}` and `{guest}` are account ids, `{root}` is the
id of the root, and every other place what an earlier step kept under that name.
"""

import asyncio
import itertools
import re
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.unit.gate.orgs import Orgs, Told
from tests.unit.gate.whole import Keys, Whole, allow, document

T = TypeVar("T")
Params = Mapping[str, object]

CALLER = "caller"
"""The user that makes the call; each account of a stage has one."""
MANAGER, GUEST, MEMBER = "manager", "guest", "member"
"""Who acts: an account that manages, one outside, one that was invited and came."""
BILLING = "CONSOLIDATED_BILLING"
_numbers = itertools.count(500_000_000_000)
_PLACE = re.compile(r"\{([a-z-]+)\}")


@dataclass(frozen=True)
class Step:
    """A call of an account's root user that must succeed."""

    operation: str
    params: Params
    by: str = MANAGER
    keep: Mapping[str, str] = field(default_factory=dict)
    """Name to the path in the answer of what is kept under it."""


def step(operation: str, keep: str = "", by: str = MANAGER, **params: Any) -> Step:
    """A step; `keep` as `unit=OrganizationalUnit.Id`."""
    kept = dict(one.split("=") for one in keep.split())
    return Step(operation, params, by, kept)


class House:
    """The gate, and the loop that it runs on."""

    def __init__(self, runner: asyncio.Runner, whole: Whole) -> None:
        self.runner = runner
        self.whole = whole
        self.kept: dict[str, Stage] = {}
        """Stages by operation, for calls that change nothing."""

    def run(self, act: Coroutine[Any, Any, T]) -> T:
        """What the coroutine returns."""
        return self.runner.run(act)

    async def stage(self, *, features: str = "ALL") -> "Stage":
        """A new account with an organization, unless `features` is empty; and a guest."""
        stage = Stage(self.whole)
        for who in (MANAGER, GUEST):
            await stage.admit(who)
        if features:
            await stage.play([step("CreateOrganization", FeatureSet=features)])
            await stage.play([step("ListRoots", keep="root=Roots.0.Id")])
        return stage


@contextmanager
def opened(folder: Path) -> Iterator[House]:
    """A house; it is closed when the block ends."""
    with asyncio.Runner() as runner:
        whole = Whole(folder)
        runner.run(whole.__aenter__())
        yield House(runner, whole)
        runner.run(whole.__aexit__(None, None, None))


class Stage:
    """Accounts of the house, and what their steps answered."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self.orgs = Orgs(whole)
        self.told: dict[str, str] = {}
        self.root: dict[str, Keys] = {}
        """The root user's key of each account."""
        self.user: dict[str, Keys] = {}
        """The key of each account's user, who may do nothing at first."""

    async def admit(self, who: str) -> None:
        """A new account under this name, with its user."""
        number = str(next(_numbers))
        self.told[who] = number
        self.root[who] = await self.whole.account(f"a{number}", number)
        self.user[who] = await self.whole.user(CALLER, root=self.root[who])

    async def join(self) -> None:
        """Another account, which was invited and came."""
        await self.admit(MEMBER)
        target = {"Type": "ACCOUNT", "Id": f"{{{MEMBER}}}"}
        invite = "InviteAccountToOrganization"
        await self.play(
            [
                step(invite, keep="coming=Handshake.Id", Target=target),
                step("AcceptHandshake", by=MEMBER, HandshakeId="{coming}"),
            ]
        )

    async def play(self, steps: Sequence[Step]) -> None:
        """The steps, all of which must succeed."""
        for one in steps:
            told = await self.call(self.root[one.by], one.operation, one.params)
            assert told.answer.status == 200, f"{one.operation}: {told.answer.body}"
            for name, path in one.keep.items():
                self.told[name] = _at(told.json, path)

    async def call(self, keys: Keys, operation: str, params: Params) -> Told:
        """The answer to one call, its places filled in."""
        return await self.orgs.call(keys, operation, **self.filled(dict(params)))

    async def allow(self, who: str, *actions: str) -> None:
        """The account's user may do these things, and nothing else."""
        text = document(allow(list(actions)))
        named = {"UserName": CALLER, "PolicyName": "may", "PolicyDocument": text}
        await self.whole.good(self.root[who], "iam", "PutUserPolicy", **named)

    def filled(self, value: Any) -> Any:
        """The value with its places filled in."""
        match value:
            case str():
                return _PLACE.sub(lambda match: self.told[match[1]], value)
            case list():
                return [self.filled(one) for one in value]
            case dict():
                return {name: self.filled(one) for name, one in value.items()}
            case _:
                return value

    @property
    def revision(self) -> int:
        """How many changes there were."""
        return self.whole.home.snapshot.revision


def _at(node: Any, path: str) -> str:
    for name in path.split("."):
        node = node[int(name) if name.isdigit() else name]
    return str(node)
