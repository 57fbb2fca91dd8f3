"""How often a token code may be guessed: pure rules over counted failures.

Failures are counted per device and credential, so a thief of one access key locks
out nobody else (T12).
The store *reserves* a try with one conditional update before any code is compared
(T10): `may_try`, then `reserved`, then the comparison, then one of

- a right code: `succeeded`;
- a right code that was used before: `given_back`, for it was no guess (T9);
- a wrong code: nothing, the failure is counted already, committed on its own (T11).

Five guesses are free, then the waits double from 30 seconds to an hour: 34 guesses
in the first 24 hours, which is a chance of 0.01 % against a window of three codes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

FREE = 5
"""Failures in a row without a wait."""

FIRST_WAIT = 30
LONGEST_WAIT = 3600
"""Seconds between two tries: the first wait, and the one they double up to."""

CAP = 100
"""Failures in a row after which a credential is barred until somebody resets it."""

DAY = 24 * 3600

DEVICE_CAP = 100
"""Failures of a device in 24 hours, over credentials without a recent success."""

DEVICE_WARNING = 20
"""The number of those failures that is worth a warning (T13)."""

NEVER = -DAY
"""When something happened that has not happened: as cold as it gets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """What is remembered of one credential's tries at one device.

    It outlives the credential: a new access key does not bring a new budget (T13).
    """

    failures: int
    """Failures in a row, with tries reserved and not yet decided."""
    last_failure_at: int
    last_success_at: int


FRESH = Tries(failures=0, last_failure_at=NEVER, last_success_at=NEVER)
"""A credential that never tried."""


class Standing(StrEnum):
    """Whether a code is looked at."""

    ALLOWED = "allowed"
    THROTTLED = "throttled"
    BARRED = "barred"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a code is looked at, and if not, when it would be."""

    standing: Standing
    retry_after: int
    """Seconds until the next try; 0 when allowed, and when barred until reset."""

    @property
    def is_allowed(self) -> bool:
        """Whether a try may be reserved."""
        return self.standing is Standing.ALLOWED


ALLOWED = Verdict(standing=Standing.ALLOWED, retry_after=0)
BARRED = Verdict(standing=Standing.BARRED, retry_after=0)


def wait_after(failures: int) -> int:
    """Seconds that pass between the last of so many failures and the next try."""
    if failures < FREE:
        return 0
    # The exponent is bounded before the power: nobody's counter makes a huge number.
    return min(FIRST_WAIT << min(failures - FREE, 16), LONGEST_WAIT)


def may_try(tries: Tries, now: float) -> Verdict:
    """Whether this credential may try a code at this device now."""
    if tries.failures >= CAP:
        return BARRED
    wait = wait_after(tries.failures)
    # A clock that was set back neither shortens the wait nor stretches it.
    elapsed = max(int(now) - tries.last_failure_at, 0)
    if elapsed >= wait:
        return ALLOWED
    return Verdict(standing=Standing.THROTTLED, retry_after=wait - elapsed)


def may_try_device(tries: Tries, device: Iterable[Tries], now: float) -> Verdict:
    """Whether the device's daily budget lets this credential try a code now.

    Args:
        tries: of the credential that asks.
        device: of every credential that ever failed at the device, this one too,
            deleted ones too.
        now: seconds since the epoch.
    """
    if is_warm(tries, now) or cold_failures(device, now) < DEVICE_CAP:
        return ALLOWED
    return Verdict(standing=Standing.THROTTLED, retry_after=LONGEST_WAIT)


def is_warm(tries: Tries, now: float) -> bool:
    """Whether the credential had a success in the last 24 hours."""
    return now - tries.last_success_at < DAY


def cold_failures(device: Iterable[Tries], now: float) -> int:
    """Failures of the last 24 hours by credentials without a success in them."""
    return sum(
        recent_failures(tries, now) for tries in device if not is_warm(tries, now)
    )


def recent_failures(tries: Tries, now: float) -> int:
    """The most failures that can have happened in the last 24 hours.

    Only the last one's time is stored, but the waits say how far apart the others
    were at least. So the answer is never too small, and one credential alone, at
    34 a day, never fills a device's budget of 100 (T12).
    """
    at, failures, recent = tries.last_failure_at, tries.failures, 0
    while failures > 0 and now - at < DAY:
        recent += 1
        failures -= 1
        at -= wait_after(failures)
    return recent


def reserved(tries: Tries, now: float) -> Tries:
    """The tries once a guess is paid for, before it is compared."""
    return replace(tries, failures=tries.failures + 1, last_failure_at=int(now))


def succeeded(now: float) -> Tries:
    """The tries after a right code, or after a reset by two consecutive ones."""
    return replace(FRESH, last_success_at=int(now))


def given_back(tries: Tries) -> Tries:
    """The tries after a code that was right but used: no guess, but no success.

    The time stays that of the reserved try: others may have failed meanwhile, and
    a wait that begins anew harms nobody.
    """
    return replace(tries, failures=max(tries.failures - 1, 0))
