"""What every operation is: a function from a call to a result.

Parameters and results are spelled as on the wire (`UserName`); the wire's models
have checked their types and constraints before a call is made, so a parameter
that is present has its modelled type.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ostiary.identity.caller import Caller
from ostiary.identity.ids import Mint
from ostiary.identity.vault import Vault
from ostiary.store.port import Change, Ledger, Reader
from ostiary.store.snapshot import Snapshot

Result = dict[str, object]

HOME_REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """What the operator has set that operations mean something by."""

    url: str = "http://127.0.0.1:4566"
    """Where others reach the API, without a slash at the end."""
    partners: Mapping[str, str] = field(default_factory=dict)
    """Accounts that may ask others for access, and their names."""


OWN_ESTATE = Estate()
"""What is true where nothing is set."""


class Call(NamedTuple):
    """One authorized call: who, with what, when."""

    caller: Caller
    params: Mapping[str, object]
    now: int
    """Seconds since the epoch."""
    mint: Mint
    vault: Vault
    region: str = HOME_REGION
    """Of the verified credential scope."""
    estate: Estate = OWN_ESTATE

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
class Toll:
    """What guessing the secret costs that `prepare` compares (T10, T11).

    Each of the two is a transaction of its own, committed before anything else
    happens.
    """

    pay: Callable[[Call, Ledger], None]
    """Before the comparison; raises GuessError when there is no try left."""
    settle: Callable[[Call, Ledger], None]
    """After it, when the secret was right: whatever `prepare` raised but GuessError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowChangeOperation:
    """A change with work before it that is too slow to hold a lock meanwhile.

    What `prepare` found may be outdated when its change begins, so the change looks
    again.
    """

    prepare: Callable[[Call, Reader], Callable[[Change], Result]]
    toll: Toll | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What goes to a topic of SNS, in our own name."""

    topic: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A notice, and the change that makes it true."""

    notice: Notice
    finish: Callable[[Change], Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingOperation:
    """A change that tells somebody first: what could not be told does not happen."""

    prepare: Callable[[Call, Reader], Prepared]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotOperation:
    """An operation that needs nothing but what decisions already have."""

    run: Callable[[Call, Snapshot], Result]
    issues: bool
    """Whether it hands out credentials: its audit record is synced to disk first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingOperation:
    """An operation that uses something up, and is made ready from the snapshot.

    Its change only sees whether that was used before; it takes no revision.
    """

    prepare: Callable[[Call, Snapshot], Callable[[Change], Result]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerOperation:
    """An operation whose result depends on nothing but the caller."""

    run: Callable[[Caller], Result]


Operation = (
    ReadOperation
    | ChangeOperation
    | SlowChangeOperation
    | SendingOperation
    | SnapshotOperation
    | SpendingOperation
    | CallerOperation
)
Operations = Mapping[str, Operation]
"""Operation name, as in the service's model, to what it does."""
