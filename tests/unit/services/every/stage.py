"""A whole gate for many tests, each with accounts of its own, and steps to play there.

A step is an operation and its parameters. In their texts `{account}` is the account's
id, `{Name}` the last value of that element in an earlier answer, and `{code-2}` what
the newest MFA device shows two steps before now.
"""

import asyncio
import base64
import itertools
import re
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pyotp

from tests.unit.gate.whole import STEP, Answer, Keys, Whole, document

T = TypeVar("T")
Params = Mapping[str, object]
Step = tuple[str, Params]

REFUSED = "!refused by EC2"
"""The step of a caller who may not do something of EC2."""
_numbers = itertools.count(300_000_000_000)
_CODE = re.compile(r"code(-?\d+)")
_PLACE = re.compile(r"\{([A-Za-z][A-Za-z0-9-]*)\}")


class House:
    """The gate, and the loop that it runs on."""

    def __init__(self, runner: asyncio.Runner, whole: Whole) -> None:
        self.runner = runner
        self.whole = whole
        self.kept: dict[tuple[str, str], Stage] = {}
        """Stages by service and operation, for calls that change nothing."""

    def run(self, act: Coroutine[Any, Any, T]) -> T:
        """What the coroutine returns."""
        return self.runner.run(act)

    async def stage(self) -> "Stage":
        """A new account."""
        number = str(next(_numbers))
        root = await self.whole.account(f"a{number}", number)
        return Stage(self.whole, number, root)


@contextmanager
def opened(folder: Path) -> Iterator[House]:
    """A house; it is closed when the block ends."""
    with asyncio.Runner() as runner:
        whole = Whole(folder)
        runner.run(whole.__aenter__())
        yield House(runner, whole)
        runner.run(whole.__aexit__(None, None, None))


class Stage:
    """One account of the house, and what its steps answered."""

    def __init__(self, whole: Whole, account: str, root: Keys) -> None:
        self.whole = whole
        self.account = account
        self.root = root
        self.caller = root
        self.told: dict[str, str] = {"account": account}

    async def play(self, steps: Sequence[Step]) -> None:
        """Root takes the steps, all of which must succeed."""
        for operation, params in steps:
            if operation == REFUSED:
                await self._be_refused()
                continue
            answer = await self.call(self.root, operation, params)
            assert answer.status == 200, f"{operation}: {answer.body}"
            found = re.findall(r"<(\w+)>([^<>]+)</\1>", answer.body)
            self.told.update(found)

    async def call(
        self, keys: Keys, operation: str, params: Params, service: str = "iam"
    ) -> Answer:
        """The answer to one call, its places filled in."""
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
            case _:
                return str(value).lower() if isinstance(value, bool) else value

    async def person(self, name: str) -> Keys:
        """The access key of a new user who may do nothing."""
        return await self.whole.user(name, root=self.root)

    async def allow(self, user: str, *actions: str) -> None:
        """The user may do these things, and nothing else."""
        params = {"PolicyName": "may", "PolicyDocument": allowing(*actions)}
        await self.play([("PutUserPolicy", {"UserName": user, **params})])

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


def allowing(*actions: str) -> str:
    """A policy that allows these actions everywhere."""
    return document({"Effect": "Allow", "Action": list(actions), "Resource": "*"})
