"""The one way to use a token code, for every call that takes one (T3).

    1 reserve   the device is the caller's, and a try is paid for    transaction
    2 compare   the code is one that the device shows now
    3 settle    the step is burned, the try given back               transaction

A try is committed before its code is looked at: so parallel guesses share one
budget (T10), and a failure outlives the refusal that follows it (T11).
A step is burned by one conditional update: of many callers with one code exactly
one succeeds, on however many nodes (P1, T1).
Neither needs anything to be remembered in memory. When the database does not
answer, the StoreUnavailableError passes through, and a code whose burning was
committed stays burned (T24).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from ostiary.identity import totp
from ostiary.identity.model import DeviceKind, MFADevice
from ostiary.identity.totp import (
    InvalidTokenCode,
    MalformedTokenCode,
    TokenCode,
    UsedTokenCode,
)
from ostiary.identity.vault import Vault
from ostiary.services import guesses
from ostiary.services.enrolment import seed_of
from ostiary.services.errors import validation_error
from ostiary.services.guesses import Guess, GuessError, Mark, NoTryLeft
from ostiary.store.port import Ledger

LedgerWork = Callable[[], AbstractContextManager[Ledger]]
"""Begins a ledger transaction: `store.ledger`."""

NOT_THEIRS = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify "
    "your MFA serial number is valid and associated with this user."
)
"""The answer for every serial number that is not a usable device of the caller."""

NOT_THE_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
"""The answer for every code that does not count; the blank at the end is AWS's."""

NOT_BOTH = (
    "MultiFactorAuthentication failed, must provide both MFA serial number and one "
    "time pass code."
)

_MALFORMED = (
    "1 validation error detected: Value at 'tokenCode' failed to satisfy constraint: "
    r"Member must satisfy regular expression pattern: [\d]*"
)


class TokenCodeError(GuessError):
    """A token code that does not count: 403 AccessDenied (M9, facts 7.5)."""

    what = "token code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A token code that somebody with a verified signature brings."""

    serial: str
    token_code: str = field(repr=False)
    user: str
    """Whose device it must be: the unique id of the calling user.

    The account id when root may use one (MFA Delete); empty for everybody who
    cannot have a device (facts 7.5).
    """
    account: str
    credential: str
    """Whose tries are counted; see `guesses.credential_of`."""
    now: float
    """The server's clock, never a time of the request (T16)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """A try that is paid for."""

    device: MFADevice
    is_alarming: bool


def verify_token_code(work: LedgerWork, attempt: Attempt, vault: Vault) -> int:
    """When the code was verified, in seconds since the epoch; it is used up by that.

    Raises:
        TokenCodeError: one field is missing, the device is not the caller's, or the
            code does not count.
        ServiceError: 400 ValidationError, the code is not six ASCII digits (T5).
        StoreUnavailableError: nothing was verified; the code may be used up.
        Tampered: somebody changed the device's row.
    """
    code = _parse(attempt)
    with work() as ledger:
        reserved = reserve(ledger, attempt)
    device = reserved.device
    try:
        step = _compare(device, code, attempt.now, vault)
    except UsedTokenCode:
        with work() as ledger:
            mark: Mark | None = give_back(ledger, attempt, device)
    except InvalidTokenCode:
        mark = Mark.WRONG
    else:
        with work() as ledger:
            mark = settle(ledger, attempt, device, step)
    if mark is not None:
        raise _refusal(mark, is_alarming=reserved.is_alarming)
    return int(attempt.now)


def reserve(ledger: Ledger, attempt: Attempt) -> Reserved:
    """A try, paid for in this transaction.

    Nothing is written for a device that is not the caller's, so nobody moves
    somebody else's counters (T7).

    Raises:
        TokenCodeError: the device is not the caller's, or has no try left for it.
    """
    device = ledger.device(attempt.serial)
    if device is None or not _serves(device, attempt):
        raise _refusal(Mark.UNKNOWN_DEVICE)
    try:
        is_alarming = guesses.pay(ledger, _guess(device, attempt))
    except NoTryLeft as none:
        raise _refusal(
            none.mark, none.retry_after, is_alarming=none.is_alarming
        ) from None
    return Reserved(device=device, is_alarming=is_alarming)


def settle(
    ledger: Ledger, attempt: Attempt, device: MFADevice, step: int
) -> Mark | None:
    """None when this caller, and no other, has used the code; else why not."""
    if not ledger.burn(device.serial, device=device.id, user=attempt.user, step=step):
        return give_back(ledger, attempt, device)
    guesses.succeed(ledger, _guess(device, attempt))
    return None


def give_back(ledger: Ledger, attempt: Attempt, device: MFADevice) -> Mark:
    """Why a right code does not count; a used one costs no try (T9)."""
    now = ledger.device(device.serial)
    if now is None or now.id != device.id or not _serves(now, attempt):
        return Mark.UNKNOWN_DEVICE
    guesses.give_back(ledger, _guess(device, attempt))
    return Mark.REPLAY


def _parse(attempt: Attempt) -> TokenCode:
    """The code, when both fields are there and it has the one spelling (T5, T8)."""
    if not attempt.serial or not attempt.token_code:
        raise _refusal(Mark.HALF)
    try:
        return totp.parse_token_code(attempt.token_code)
    except MalformedTokenCode:
        raise validation_error(_MALFORMED) from None


def _serves(device: MFADevice, attempt: Attempt) -> bool:
    """Whether the device is the caller's, and one that shows codes (M3, M41)."""
    return (
        attempt.user != ""
        and device.user == attempt.user
        and device.account == attempt.account
        and device.kind != DeviceKind.FIDO
    )


def _compare(device: MFADevice, code: TokenCode, now: float, vault: Vault) -> int:
    """The step whose code this is; raises InvalidTokenCode."""
    return totp.verify(
        seed_of(device, vault),
        code,
        now=now,
        drift=device.drift,
        last_step=device.last_step,
    )


def _guess(device: MFADevice, attempt: Attempt) -> Guess:
    # By the device's id, not its serial number: a new device starts anew.
    return Guess(at=device.id, credential=attempt.credential, now=attempt.now)


def _refusal(
    mark: Mark, retry_after: int = 0, *, is_alarming: bool = False
) -> TokenCodeError:
    return TokenCodeError(
        _MESSAGES.get(mark, NOT_THE_CODE), mark, retry_after, is_alarming=is_alarming
    )


_MESSAGES = {Mark.HALF: NOT_BOTH, Mark.UNKNOWN_DEVICE: NOT_THEIRS}
