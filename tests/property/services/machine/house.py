"""The real thing that the telling is compared with: a whole gate, asked as clients ask.

Everything but the socket is there: signed requests, the decision, services, the store,
and answers that botocore reads.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, TypeVar

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser

from ostiary.store.snapshot import Snapshot
from tests.conformance import invariants
from tests.property.services.machine.telling import Told
from tests.unit.gate.whole import START, Keys, Whole

T = TypeVar("T")

MODELS: Final = {
    name: ServiceModel(Loader().load_service_model(name, "service-2"))
    for name in ("iam", "sts")
}
FIRST_ACCOUNT: Final = 200_000_000_000
BYSTANDER: Final = "199999999999"


class NotGiven(Exception):  # noqa: N818 - an answer, not a mistake
    """The call was refused."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class House:
    """One gate for many accounts; each example of a machine lives in its own."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self.whole = Whole(folder)
        self._run(self.whole.__aenter__())
        self._accounts = 0
        self.bystander = self._run(self.whole.account("bystander", BYSTANDER))
        self.ask(self.bystander, "iam", "CreateUser", {"UserName": "ann"})
        self.before = self.seen_by_bystander()

    def close(self) -> None:
        """Stop the threads."""
        self._run(self.whole.__aexit__(None, None, None))
        self._runner.close()

    def account(self) -> tuple[str, Keys]:
        """A new account's id, and its root key; it is the same hour for each."""
        self.whole.now = START
        number = str(FIRST_ACCOUNT + self._accounts)
        self._accounts += 1
        return number, self._run(self.whole.account(f"example-{number}", number))

    def ask(self, keys: Keys, service: str, operation: str, params: Told) -> Told:
        """The answer; raises NotGiven."""
        answer = self._run(self.whole.call(keys, service, operation, **spelled(params)))
        assert answer.status < 500, answer.body
        shape = MODELS[service].operation_model(operation).output_shape
        read: Told = create_parser("query").parse(
            {
                "status_code": answer.status,
                "headers": answer.headers,
                "body": answer.body.encode(),
            },
            shape,
        )
        if answer.status != 200:
            raise NotGiven(read["Error"]["Code"], read["Error"]["Message"])
        del read["ResponseMetadata"]
        return read

    def all_of(self, keys: Keys, operation: str, most: int, **params: object) -> Told:
        """All pages of a list, one after the other."""
        whole: Told = {}
        page = self.ask(keys, "iam", operation, {**params, "MaxItems": most})
        while True:
            for name, value in page.items():
                if isinstance(value, list):
                    assert len(value) <= most
                    whole.setdefault(name, []).extend(value)
            if not page["IsTruncated"]:
                return whole
            more = {"MaxItems": most, "Marker": page["Marker"]}
            page = self.ask(keys, "iam", operation, {**params, **more})

    def seen_by_bystander(self) -> Told:
        """What an account sees in which nothing happens."""
        return self.all_of(self.bystander, "GetAccountAuthorizationDetails", 1000)

    def require_sound(self) -> None:
        """Nothing, when every invariant of the database holds."""
        with self.whole.home.store._engine.connect() as connection:
            assert invariants.broken(connection.exec_driver_sql) == []

    def require_followed(self) -> None:
        """Nothing, when what decisions are made from is what is stored."""
        fresh = Snapshot()
        fresh.load(*self.whole.home.store.everything())
        known = self.whole.home.snapshot
        for one in fields(Snapshot):
            if one.name != "listeners":
                mine, stored = (getattr(each, one.name) for each in (known, fresh))
                assert _without_empty(mine) == _without_empty(stored), one.name

    def _run(self, act: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(act)


def _without_empty(value: object) -> object:
    """A table without owners that hold nothing any more."""
    if isinstance(value, dict):
        return {key: one for key, one in value.items() if one != {}}
    return value


def spelled(value: Any) -> Any:
    """Parameters as forms spell them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return {name: spelled(one) for name, one in value.items()}
    if isinstance(value, list):
        return [spelled(one) for one in value]
    return value
