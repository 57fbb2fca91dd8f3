"""The store as everybody above it sees it: units of work over frozen entities.

Two kinds of transaction:

* `read`: a consistent view, nothing locked.
* `change`: takes the next revision from a row-locked counter first, so changes
  happen one after the other in the order of their numbers, and a check followed
  by a write cannot be raced (T101, T114). Every write leaves a change row, and
  the audit record goes into the same transaction (P6).

The entities and their keys are those of `identity.model`.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ostiary.identity.last_use import ActionUse, LastUse
from ostiary.identity.model import Entity, LoginProfile, MFADevice

E = TypeVar("E", bound=Entity)
Value = str | int | bytes


class StoreError(Exception):
    """What the store could not do."""


class StoreUnavailableError(StoreError):
    """The database cannot be reached, or would not take the transaction."""


class AlreadyExistsError(StoreError):
    """An entity with this key, or this name in this account, is there already."""


class InUseError(StoreError):
    """Another entity refers to this one, so it cannot be deleted (T99)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One entity after a change; `entity` is None when it was deleted."""

    kind: type[Entity]
    key: str
    entity: Entity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Where a list starts and how long it may be."""

    after: str = ""
    """Names up to this one (lower case) are left out: keyset paging (T102)."""
    limit: int = 1000
    path_prefix: str = "/"
    """Only entities whose path starts so; for kinds that have a path."""
    filled: str = ""
    """The column, if any, that must not be empty."""


EVERYTHING = Page(limit=1_000_000)


class Reader(Protocol):
    """A consistent view of the store."""

    @property
    def revision(self) -> int:
        """The number of the last change in this view."""
        ...

    def find(self, kind: type[E], key: str) -> E | None:
        """The entity with this key."""
        ...

    def find_by(self, kind: type[E], /, **equal: Value) -> E | None:
        """The one entity whose columns have these values.

        `name` is compared without regard to case, as names are unique that way.
        """
        ...

    def list_by(
        self, kind: type[E], /, page: Page = EVERYTHING, **equal: Value
    ) -> list[E]:
        """Entities whose columns have these values, in the order of their names."""
        ...

    def count(self, kind: type[Entity], /, **equal: Value) -> int:
        """How many entities have these values."""
        ...

    def last_uses(self, subjects: Sequence[str]) -> Mapping[str, LastUse]:
        """The last uses of keys, roles and passwords that were used, by subject."""
        ...

    def action_uses(self, principals: Sequence[str]) -> Sequence[ActionUse]:
        """What these principals did, by principal and action."""
        ...

    def uses_in(self, account: str) -> Sequence[ActionUse]:
        """What anybody of the account did, by principal and action."""
        ...


class Change(Reader, Protocol):
    """One change: all of it happens, or nothing."""

    def insert(self, entity: Entity) -> None:
        """Remember a new entity; raises AlreadyExistsError."""
        ...

    def replace(self, entity: Entity) -> None:
        """Put this value in place of the one with the same key."""
        ...

    def delete(self, entity: Entity) -> None:
        """Forget the entity; raises InUseError."""
        ...

    def clear_tries(self, device: str) -> None:
        """Forget all tries at this MFA device (T12)."""
        ...

    def use_assertion(self, name: str, *, ends: int, now: int) -> bool:
        """Whether this assertion is used for the first time (decision 0016).

        Of many changes with one name exactly one gets True. It is remembered until
        `ends`, and only if this change commits.
        """
        ...

    def record(self, request_id: str, record: str) -> None:
        """Keep an audit record in the same transaction (P6)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TryRow:
    """How the tries of one credential at one MFA device went (T9 to T13)."""

    device: str
    """The device's id, not its serial number: a new device starts anew."""
    credential: str
    failures: int
    """Wrong codes in a row, with tries that are reserved and not yet decided."""
    last_failure_at: int
    last_success_at: int


class Ledger(Protocol):
    """One-time facts about MFA devices; each method is one conditional statement."""

    def device(self, serial: str) -> MFADevice | None:
        """The device as it is now, never from a cache (T20).

        It is locked to the end of the transaction, and with it its tries: what is
        counted over several of them cannot be raced (T10, T13).
        """
        ...

    def login(self, user: str) -> LoginProfile | None:
        """The user's password as it is now, locked, and with it its tries."""
        ...

    def tries(self, device: str) -> list[TryRow]:
        """All credentials' tries at this device, or at `guesses.password_of` a user."""
        ...

    def swap_tries(self, old: TryRow | None, new: TryRow) -> bool:
        """Put `new` in place of `old`; False when somebody else was quicker."""
        ...

    def forget_tries(self, device: str, before: int) -> None:
        """Forget tries at this device by access keys that are gone.

        Only those whose last try was before the given time: younger ones still
        count against the device (T13).
        """
        ...

    def burn(self, serial: str, *, device: str, user: str, step: int) -> bool:
        """Move the device's last used step forward to `step`.

        False when the step was used already, or the device is not this user's
        any more: of many callers with one code, exactly one gets True (P1, T1).
        """
        ...

    def record(self, request_id: str, record: str) -> None:
        """Keep an audit record in the same transaction."""
        ...


class Store(Protocol):
    """Where entities live."""

    def read(self) -> AbstractContextManager[Reader]:
        """A consistent view."""
        ...

    def change(self) -> AbstractContextManager[Change]:
        """A change; commits when the block ends, rolls back when it raises."""
        ...

    def ledger(self) -> AbstractContextManager[Ledger]:
        """A transaction over tries and used codes; it takes no revision."""
        ...

    def everything(
        self, but: Collection[type[Entity]] = ()
    ) -> tuple[int, list[Entity]]:
        """The revision, and all entities as of it, without those of some kinds."""
        ...

    def writes_since(self, revision: int) -> tuple[int, list[Write]]:
        """The newest revision, and what changed after the given one, in order."""
        ...
