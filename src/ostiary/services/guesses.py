"""Secrets that can be guessed, and what a guess costs (T9 to T13).

A try is paid for, in a committed transaction, before the secret is compared: so
parallel guesses share one budget (T10), and a failure outlives the refusal that
follows it (T11). What is counted and when to wait is in `identity.tries`.
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from ostiary.identity import tries
from ostiary.identity.caller import Caller
from ostiary.identity.tries import FRESH, Tries, Verdict
from ostiary.services.errors import ServiceError
from ostiary.store.port import Ledger, StoreUnavailableError, TryRow


class Mark(StrEnum):
    """Why a secret was refused, for the audit record; the answer says less."""

    HALF = "half"
    UNKNOWN_DEVICE = "unknown_device"
    THROTTLED = "throttled"
    """Not looked at: too many wrong ones a moment ago, or today."""
    BARRED = "barred"
    """Not looked at: a hundred wrong ones in a row. Only a reset helps (T12)."""
    WRONG = "wrong"
    REPLAY = "replay"
    """The right code, but used before: an SDK's retry, or somebody saw it (T9)."""


class GuessError(ServiceError):
    """A secret that does not count: 403 AccessDenied (M9, facts 7.5).

    Args:
        message: AWS's words.
        mark: what the audit record says.
        retry_after: seconds until another one is looked at, for the `Retry-After`
            header; 0 when there is nothing to wait for.
        is_alarming: so many were wrong in a day, by credentials without a success,
            that an operator should know (T13).
    """

    what = "secret"
    """How the secret is called in the record."""

    def __init__(
        self, message: str, mark: Mark, retry_after: int = 0, *, is_alarming: bool
    ) -> None:
        super().__init__("AccessDenied", message, 403)
        self.mark = mark
        self.retry_after = retry_after
        self.is_alarming = is_alarming


class NoTryLeft(Exception):  # noqa: N818 - a fact about the guess
    """The secret is not looked at now, right or wrong."""

    def __init__(self, verdict: Verdict, *, is_alarming: bool) -> None:
        super().__init__(verdict)
        self.mark = Mark.THROTTLED if verdict.retry_after else Mark.BARRED
        self.retry_after = verdict.retry_after
        self.is_alarming = is_alarming


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Somebody with a verified signature who tells a secret."""

    at: str
    """What has the secret: an MFA device's id, or `password_of` a user."""
    credential: str
    """Whose tries are counted; see `credential_of`."""
    now: float
    """The server's clock, never a time of the request (T16)."""


def credential_of(caller: Caller) -> str:
    """Whose budget of tries a caller uses.

    Sessions count as what issued them; else each new session would bring new tries.
    """
    return caller.session.issuer if caller.session else caller.access_key_id


def password_of(user: str) -> str:
    """What tries at a user's password are kept under; no device has such an id."""
    return f"password {user}"


def pay(ledger: Ledger, guess: Guess) -> bool:
    """Whether the guesses so far are alarming; one more is paid for.

    Raises:
        NoTryLeft: nothing is paid, and nothing may be compared.
        StoreUnavailableError: somebody else was quicker.
    """
    rows = ledger.tries(guess.at)
    old = _row_of(rows, guess)
    if old is None:
        # Nobody grows the table without end by making and deleting keys.
        ledger.forget_tries(guess.at, int(guess.now) - tries.DAY)
    mine = _tries_of(old)
    others = [_tries_of(row) for row in rows if row is not old]
    verdict = tries.may_try(mine, guess.now)
    if verdict.is_allowed:
        verdict = tries.may_try_device(mine, [*others, mine], guess.now)
    if not verdict.is_allowed:
        alarming = _is_alarming([*others, mine], guess.now)
        raise NoTryLeft(verdict, is_alarming=alarming)
    paid = tries.reserved(mine, guess.now)
    _swap(ledger, guess, old, paid)
    return _is_alarming([*others, paid], guess.now)


def succeed(ledger: Ledger, guess: Guess) -> None:
    """The secret was right: the credential's counter is at 0 again."""
    old = _row_of(ledger.tries(guess.at), guess)
    _swap(ledger, guess, old, tries.succeeded(guess.now))


def give_back(ledger: Ledger, guess: Guess) -> None:
    """The secret was right, and yet it does not count: the try costs nothing (T9)."""
    old = _row_of(ledger.tries(guess.at), guess)
    # Without a row there is nothing to give back: a reset has cleared it.
    if old is not None:
        _swap(ledger, guess, old, tries.given_back(_tries_of(old)))


def _row_of(rows: list[TryRow], guess: Guess) -> TryRow | None:
    return next((row for row in rows if row.credential == guess.credential), None)


def _tries_of(row: TryRow | None) -> Tries:
    if row is None:
        return FRESH
    return Tries(
        failures=row.failures,
        last_failure_at=row.last_failure_at,
        last_success_at=row.last_success_at,
    )


def _swap(ledger: Ledger, guess: Guess, old: TryRow | None, new: Tries) -> None:
    """Write the tries; a lock on what has the secret keeps all others from doing so.

    Raises:
        StoreUnavailableError: somebody else did; nothing is allowed on a guess.
    """
    fresh = TryRow(device=guess.at, credential=guess.credential, **asdict(FRESH))
    if not ledger.swap_tries(old, replace(fresh, **asdict(new))):
        raise StoreUnavailableError("tries were changed in spite of the lock")


def _is_alarming(all_tries: list[Tries], now: float) -> bool:
    """Whether there are more wrong ones than an owner makes (T13)."""
    return tries.cold_failures(all_tries, now) >= tries.DEVICE_WARNING
