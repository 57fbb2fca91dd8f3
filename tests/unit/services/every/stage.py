"""A whole gate for many tests, each with accounts of its own, and steps to play there.

A step is an operation and its parameters: of IAM, or `organizations:Operation`; with
`other ` before it, by root of another account. In their texts `{account}` is the
account's id, `{other}` the other one's, `{idp}` the name of an OpenID provider that
listens, `{Name}` the last value of that element in an earlier answer, `{Root-Id}` of
that member in one of AWS Organizations, and `{code-2}` what the newest MFA device
shows two steps before now. A parameter may also be a function of the stage, and so may
a step.
"""

import asyncio
import base64
import itertools
import re
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pyotp

from tests.unit.gate.orgs import Orgs
from tests.unit.gate.whole import STEP, Answer, Keys, Whole, document
from tests.unit.services.assertions.openid import Provider, listening

T = TypeVar("T")
Params = Mapping[str, object]
Act = Callable[["Stage"], Coroutine[Any, Any, None]]
"""A step that no call of root can be: it is given the stage."""
Step = tuple[str, Params] | Act

REFUSED = "!refused by EC2"
"""The step of a caller who may not do something of EC2."""
OTHER = "other "
"""Begins the steps of the other account."""
ORGANIZATIONS = "organizations:"
"""Begins the operations of AWS Organizations."""
_numbers = itertools.count(300_000_000_000)
_CODE = re.compile(r"code(-?\d+)")
_PLACE = re.compile(r"\{([A-Za-z][A-Za-z0-9-]*)\}")


class House:
    """The gate, and the loop that it runs on."""

    def __init__(self, runner: asyncio.Runner, whole: Whole, idp: Provider) -> None:
        self.runner = runner
        self.whole = whole
        self.idp = idp
        self.kept: dict[tuple[str, str], Stage] = {}
        """Stages by service and operation, for calls that change nothing."""

    def run(self, act: Coroutine[Any, Any, T]) -> T:
        """What the coroutine returns."""
        return self.runner.run(act)

    async def stage(self) -> "Stage":
        """A new account."""
        number = str(next(_numbers))
        root = await self.whole.account(f"a{number}", number)
        return Stage(self, number, root)


@contextmanager
def opened(folder: Path) -> Iterator[House]:
    """A house; it is closed when the block ends."""
    with listening() as idp, asyncio.Runner() as runner:
        (folder / "home").mkdir(mode=0o700)
        settings = f'[federation]\nplain_http = ["{idp.origin}"]\n'
        (folder / "home" / "ostiary.toml").write_text(settings)
        whole = Whole(folder)
        runner.run(whole.__aenter__())
        yield House(runner, whole, idp)
        runner.run(whole.__aexit__(None, None, None))


class Stage:
    """One account of the house, and what its steps answered."""

    def __init__(self, house: House, account: str, root: Keys) -> None:
        self.whole = house.whole
        self.idp = house.idp
        self.account = account
        self.root = root
        self.caller = root
        self.other: Keys | None = None
        self.told: dict[str, str] = {"account": account, "idp": house.idp.name}

    async def play(self, steps: Sequence[Step]) -> None:
        """Root takes the steps, all of which must succeed."""
        for one in steps:
            if callable(one):
                await one(self)
            else:
                await self._take(*one)

    async def call(
        self, keys: Keys | None, operation: str, params: Params, service: str = "iam"
    ) -> Answer:
        """The answer to one call, its places filled in; unsigned without keys."""
        filled = {name: self.filled(value) for name, value in params.items()}
        return await self.whole.call(keys, service, operation, **filled)

    def filled(self, value: object) -> Any:
        """The value with its places filled in."""
        match value:
            case str():
                return _PLACE.sub(lambda match: self._place(match[1]), value)
            case list():
                return [self.filled(one) for one in value]
            case dict():
                return {name: self.filled(one) for name, one in value.items()}
            case Callable():
                return value(self)
            case _:
                return str(value).lower() if isinstance(value, bool) else value

    async def person(self, name: str) -> Keys:
        """The access key of a new user who may do nothing."""
        return await self.whole.user(name, root=self.root)

    async def allow(self, user: str, *actions: str) -> None:
        """The user may do these things, and nothing else."""
        params = {"PolicyName": "may", "PolicyDocument": allowing(*actions)}
        await self.play([("PutUserPolicy", {"UserName": user, **params})])

    async def _take(self, operation: str, params: Params) -> None:
        """One step that is a call."""
        if operation == REFUSED:
            await self._be_refused()
            return
        keys, name = self.root, operation.removeprefix(OTHER)
        if name != operation:
            keys = await self._root_of_other()
        if name.startswith(ORGANIZATIONS):
            await self._organize(keys, name, params)
            return
        answer = await self.call(keys, name, params)
        assert answer.status == 200, f"{operation}: {answer.body}"
        self.told.update(re.findall(r"<(\w+)>([^<>]+)</\1>", answer.body))

    async def _organize(self, keys: Keys, operation: str, params: Params) -> None:
        """One step in AWS Organizations."""
        name = operation.removeprefix(ORGANIZATIONS)
        told = await Orgs(self.whole).call(keys, name, **self.filled(dict(params)))
        assert told.answer.status == 200, f"{operation}: {told.answer.body}"
        self.told.update(texts(told.json))

    async def _root_of_other(self) -> Keys:
        """The root key of the other account, which is made when it is needed."""
        if self.other is None:
            number = self.told["other"] = str(next(_numbers))
            self.other = await self.whole.account(f"a{number}", number)
        return self.other

    async def _be_refused(self) -> None:
        answer = await self.whole.call(self.caller, "ec2", "DescribeInstances")
        found = re.search(r"failure message: (\S+)", answer.body)
        assert found is not None, answer.body
        self.told["EncodedMessage"] = found[1].partition("<")[0]

    def _place(self, name: str) -> str:
        code = _CODE.fullmatch(name)
        if code is None:
            return self.told[name]
        seed = base64.b64decode(self.told["Base32StringSeed"]).decode()
        moment = int(self.whole.now) + int(code[1]) * STEP
        return pyotp.TOTP(seed).at(moment)


def texts(value: object, *path: str) -> Iterator[tuple[str, str]]:
    """The texts in a JSON document by the names of the members that lead to them."""
    match value:
        case str():
            yield "-".join(path), value
        case list():
            for one in value:
                yield from texts(one, *path)
        case dict():
            for name, one in value.items():
                yield from texts(one, *path, name)


def allowing(*actions: str) -> str:
    """A policy that allows these actions everywhere."""
    return document({"Effect": "Allow", "Action": list(actions), "Resource": "*"})
