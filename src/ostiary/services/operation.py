"""What every operation is: a function from a call to a result.

Parameters and results are spelled as on the wire (`UserName`); the wire's models
have checked their types and constraints before a call is made, so a parameter
that is present has its modelled type.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ostiary.identity.caller import Caller
from ostiary.identity.ids import Mint
from ostiary.identity.vault import Vault
from ostiary.store.port import Change, Reader
from ostiary.store.snapshot import Snapshot

Result = dict[str, object]


class Call(NamedTuple):
    """One authorized call: who, with what, when."""

    caller: Caller
    params: Mapping[str, object]
    now: int
    """Seconds since the epoch."""
    mint: Mint
    vault: Vault

    def text(self, name: str, default: str = "") -> str:
        """A text parameter; the default when the caller did not send it."""
        value = self.params.get(name, default)
        assert isinstance(value, str)  # noqa: S101 - the wire's model has checked it
        return value

    def number(self, name: str, default: int) -> int:
        """A whole-number parameter."""
        value = self.params.get(name, default)
        assert isinstance(value, int)  # noqa: S101 - the wire's model has checked it
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean parameter."""
        value = self.params.get(name, default)
        assert isinstance(value, bool)  # noqa: S101 - the wire's model has checked it
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOperation:
    """An operation that only looks."""

    run: Callable[[Call, Reader], Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOperation:
    """An operation that changes something, in one transaction."""

    run: Callable[[Call, Change], Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowChangeOperation:
    """A change with work before it that is too slow to hold a lock meanwhile.

    What `prepare` found may be outdated when its change begins, so the change looks
    again.
    """

    prepare: Callable[[Call, Reader], Callable[[Change], Result]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotOperation:
    """An operation that needs nothing but what decisions already have."""

    run: Callable[[Call, Snapshot], Result]
    issues: bool
    """Whether it hands out credentials: its audit record is synced to disk first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerOperation:
    """An operation whose result depends on nothing but the caller."""

    run: Callable[[Caller], Result]


Operation = (
    ReadOperation
    | ChangeOperation
    | SlowChangeOperation
    | SnapshotOperation
    | CallerOperation
)
Operations = Mapping[str, Operation]
"""Operation name, as in the service's model, to what it does."""
