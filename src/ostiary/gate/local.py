"""Step 5 for IAM, STS and Organizations: the operation runs here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from ostiary.gate.ring import VaultHolder
from ostiary.gate.trail import Trail
from ostiary.gate.work import Work
from ostiary.identity.caller import Caller
from ostiary.identity.holdings import SAMLProvider
from ostiary.identity.ids import Mint
from ostiary.identity.model import AccessKey, Account, KeyStatus, Role, User
from ostiary.services import sts
from ostiary.services.errors import ServiceError
from ostiary.services.guesses import GuessError
from ostiary.services.operation import (
    Call,
    CallerOperation,
    ChangeOperation,
    Estate,
    Notice,
    Operation,
    ReadOperation,
    Result,
    SendingOperation,
    SlowChangeOperation,
    SnapshotOperation,
    SpendingOperation,
)
from ostiary.store.port import Change, Ledger
from ostiary.store.snapshot import Snapshot
from ostiary.store.sql import SqlStore
from ostiary.wire.answer import Begun, begin
from ostiary.wire.catalog import Target
from ostiary.wire.service import BY_NAME

Publish = Callable[[Notice, float], Awaitable[None]]
"""Publishes a notice; raises ServiceError when it cannot."""

_OK = 200
_OF_CALLER = {
    name: found
    for name, found in sts.OPERATIONS.items()
    if isinstance(found, CallerOperation)
}
_ISSUING = frozenset(
    name
    for name, found in sts.OPERATIONS.items()
    if isinstance(found, SnapshotOperation) and found.issues
)
"""Operations of STS that give credentials away."""


class NotServed(Exception):  # noqa: N818 - a fact about the request
    """An operation of IAM or STS that nobody has written yet: refused, and said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """Runs the operations of IAM and STS."""

    snapshot: Snapshot
    vault: VaultHolder
    work: Work
    mint: Mint
    estate: Estate
    publish: Publish

    async def perform(self, trail: Trail, target: Target, caller: Caller) -> Result:
        """The operation's result; raises ServiceError, NotServed."""
        operation = _get_operation(target)
        call = Call(
            caller=caller,
            params=target.params,
            now=int(trail.now),
            mint=self.mint,
            vault=self.vault.current,
            region=trail.region,
            estate=self.estate,
        )
        match operation:
            case CallerOperation():
                return operation.run(caller)
            case SnapshotOperation():
                return operation.run(call, self.snapshot)
            case SpendingOperation():
                run = operation.prepare(call, self.snapshot)
                return await self._changed(run, call, trail)
            case ReadOperation():
                return await self.work.read(lambda view: operation.run(call, view))
            case ChangeOperation():
                return await self._changed(partial(operation.run, call), call, trail)
            case SlowChangeOperation() | SendingOperation():
                run = await self._prepared(operation, call)
                return await self._changed(run, call, trail)

    async def _prepared(
        self, operation: SlowChangeOperation | SendingOperation, call: Call
    ) -> Callable[[Change], Result]:
        """The change, once all is done that comes before it."""
        if isinstance(operation, SlowChangeOperation):
            return await self._slow(operation, call)
        prepare = operation.prepare
        told = await self.work.read(lambda view: prepare(call, view))
        await self.publish(told.notice, call.now)
        return told.finish

    async def _slow(
        self, operation: SlowChangeOperation, call: Call
    ) -> Callable[[Change], Result]:
        """As `_prepared`; a secret that is compared there is paid for before."""
        prepare, toll = operation.prepare, operation.toll
        if toll is None:
            return await self.work.read(lambda view: prepare(call, view))
        await self.work.write(partial(_in_ledger, toll.pay, call))
        try:
            run = await self.work.read(lambda view: prepare(call, view))
        except GuessError:
            raise
        except ServiceError:
            await self.work.write(partial(_in_ledger, toll.settle, call))
            raise
        await self.work.write(partial(_in_ledger, toll.settle, call))
        return run

    async def _changed(
        self, run: Callable[[Change], Result], call: Call, trail: Trail
    ) -> Result:
        """The result of a change that has its audit record with it (P6)."""
        return await self.work.change(
            lambda change: _recorded(change, run, call, trail)
        )

    def must_sync(self, service: str, operation: str, status: int) -> bool:
        """Whether the record must be on disk before the answer (decision 9)."""
        return operation in _ISSUING and service == "sts" and status == _OK


def answer_to(caller: Caller, service: str, operation: str) -> Begun | None:
    """The answer of an operation that depends on the caller only; None for others."""
    found = _OF_CALLER.get(operation) if service == "sts" else None
    return None if found is None else _answer_to(caller, operation, found)


@lru_cache(maxsize=4096)
def _answer_to(caller: Caller, operation: str, found: CallerOperation) -> Begun:
    return begin(BY_NAME["sts"], operation, found.run(caller))


def _get_operation(target: Target) -> Operation:
    found = find_operation(target.service.name, target.operation)
    if found is None:
        raise NotServed(f"`{target.service.name}:{target.operation}`")
    return found


def find_operation(service: str, name: str) -> Operation | None:
    """What the operation does; None when it is not served."""
    if service == "sts":
        return sts.OPERATIONS.get(name)
    if service == "organizations":
        from ostiary.services.organizations.operations import (  # noqa: PLC0415 - slow
            OPERATIONS as ORGANIZATIONS,
        )

        return ORGANIZATIONS.get(name)
    from ostiary.services.iam.operations import OPERATIONS  # noqa: PLC0415 - slow

    return OPERATIONS.get(name)


def _in_ledger(
    act: Callable[[Call, Ledger], None], call: Call, store: SqlStore
) -> None:
    with store.ledger() as ledger:
        act(call, ledger)


def _recorded(
    change: Change, run: Callable[[Change], Result], call: Call, trail: Trail
) -> Result:
    """The operation's result, in one transaction with its audit record (P6)."""
    _still_there(change, call.caller)
    result = run(change)
    trail.store_in(change)
    return result


def _still_there(change: Change, caller: Caller) -> None:
    """The caller's credentials as they are now, not as the snapshot had them (T117).

    A key that is being deleted creates nothing after the deletion committed.
    """
    session = caller.session
    if caller.assertion is not None:
        alive = change.find(SAMLProvider, caller.assertion.provider) is not None
    elif session is None:
        key = change.find(AccessKey, caller.access_key_id)
        alive = key is not None and key.status == KeyStatus.ACTIVE
    else:
        owner = session.principal
        kind = Role if owner.startswith("AROA") else User
        alive = owner == session.account or change.find(kind, owner) is not None
    account = change.find(Account, caller.account)
    if not alive or (account is not None and account.closed):
        raise ServiceError(
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            403,
        )
