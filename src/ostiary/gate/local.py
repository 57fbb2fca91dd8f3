"""Step 5 for IAM and STS: the operation runs here."""

from collections.abc import Callable
from functools import lru_cache, partial

from ostiary.gate.ring import VaultHolder
from ostiary.gate.trail import Trail
from ostiary.gate.work import Work
from ostiary.identity.caller import Caller
from ostiary.identity.ids import Mint
from ostiary.identity.model import AccessKey, KeyStatus, Role, User
from ostiary.services import sts
from ostiary.services.errors import ServiceError
from ostiary.services.operation import (
    Call,
    CallerOperation,
    ChangeOperation,
    Operation,
    ReadOperation,
    Result,
    SlowChangeOperation,
    SnapshotOperation,
)
from ostiary.store.port import Change
from ostiary.store.snapshot import Snapshot
from ostiary.wire.answer import Begun, begin
from ostiary.wire.catalog import Target
from ostiary.wire.service import BY_NAME

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


class Local:
    """Runs the operations of IAM and STS."""

    def __init__(
        self, snapshot: Snapshot, vault: VaultHolder, work: Work, mint: Mint
    ) -> None:
        self._snapshot = snapshot
        self._vault = vault
        self._work = work
        self._mint = mint

    async def perform(self, trail: Trail, target: Target, caller: Caller) -> Result:
        """The operation's result; raises ServiceError, NotServed."""
        operation = _get_operation(target)
        call = Call(
            caller=caller,
            params=target.params,
            now=int(trail.now),
            mint=self._mint,
            vault=self._vault.current,
        )
        match operation:
            case CallerOperation():
                return operation.run(caller)
            case SnapshotOperation():
                return operation.run(call, self._snapshot)
            case ReadOperation():
                return await self._work.read(lambda view: operation.run(call, view))
            case ChangeOperation():
                return await self._changed(partial(operation.run, call), call, trail)
            case SlowChangeOperation():
                run = await self._work.read(lambda view: operation.prepare(call, view))
                return await self._changed(run, call, trail)

    async def _changed(
        self, run: Callable[[Change], Result], call: Call, trail: Trail
    ) -> Result:
        """The result of a change that has its audit record with it (P6)."""
        return await self._work.change(
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
    from ostiary.services.iam.operations import OPERATIONS  # noqa: PLC0415 - slow

    return OPERATIONS.get(name)


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
    if session is None:
        key = change.find(AccessKey, caller.access_key_id)
        alive = key is not None and key.status == KeyStatus.ACTIVE
    else:
        owner = session.principal
        kind = Role if owner.startswith("AROA") else User
        alive = owner == session.account or change.find(kind, owner) is not None
    if not alive:
        raise ServiceError(
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            403,
        )
