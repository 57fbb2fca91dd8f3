"""The try budget: how many guesses a day buys, and who gets locked out."""

from dataclasses import replace

import pytest

from ostiary.identity import tries
from ostiary.identity.tries import (
    ALLOWED,
    BARRED,
    DAY,
    FRESH,
    Standing,
    Tries,
    Verdict,
)
from tests.unit.identity.minting import NOW

WINDOW_OF_CODES = 3 / 1_000_000


def failing(count: int, now: float = NOW) -> Tries:
    """A credential that failed so often in a row, the last time at `now`."""
    return Tries(failures=count, last_failure_at=int(now), last_success_at=tries.NEVER)


def brute_force(seconds: int, state: Tries = FRESH) -> tuple[list[int], Tries]:
    """The moments at which a relentless attacker gets a code compared."""
    compared, now = [], NOW
    while now <= NOW + seconds:
        verdict = tries.may_try(state, now)
        if verdict.standing is Standing.BARRED:
            break
        if verdict.is_allowed:
            compared.append(now)
            state = tries.reserved(state, now)
        else:
            now += verdict.retry_after
    return compared, state


@pytest.mark.threat("T9")
def test_waits_double_from_half_a_minute_to_an_hour() -> None:
    """Five failures are free; then 30, 60, 120 … 3600 seconds."""
    waits = [tries.wait_after(count) for count in range(14)]
    assert waits[:5] == [0] * 5
    assert waits[5:] == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert tries.wait_after(10**9) == 3600
    assert DAY == 86_400


@pytest.mark.threat("T9")
@pytest.mark.parametrize("failures", [5, 6, 12, 99])
def test_a_wait_ends_to_the_second(failures: int) -> None:
    """One second early is throttled, with the second that is left; on time passes."""
    wait = tries.wait_after(failures)
    state = failing(failures)
    early = tries.may_try(state, NOW + wait - 1)
    assert early == Verdict(standing=Standing.THROTTLED, retry_after=1)
    assert not early.is_allowed
    assert tries.may_try(state, NOW + wait) == ALLOWED


@pytest.mark.threat("T9")
def test_a_fraction_of_a_second_does_not_shorten_a_wait() -> None:
    """The reserved try is stamped in whole seconds, and read the same way."""
    state = tries.reserved(failing(4), NOW + 0.9)
    assert not tries.may_try(state, NOW + 29.9).is_allowed
    assert tries.may_try(state, NOW + 30).is_allowed


@pytest.mark.threat("T9")
@pytest.mark.parametrize(
    ("failures", "standing"),
    [(4, Standing.ALLOWED), (99, Standing.ALLOWED), (100, Standing.BARRED)],
)
def test_a_hundred_in_a_row_bar(failures: int, standing: Standing) -> None:
    """However long one waits, the hundredth failure in a row bars until a reset."""
    verdict = tries.may_try(failing(failures), NOW + 365 * DAY)
    assert verdict == Verdict(standing=standing, retry_after=0)


@pytest.mark.threat("T9")
def test_a_day_of_brute_force_compares_34_codes() -> None:
    """A million codes a day, or one a second: at most 34 are looked at."""
    compared, state = brute_force(DAY)
    assert len(compared) == 34
    assert state.failures == 34


@pytest.mark.threat("T9")
def test_the_arithmetic_of_the_waits() -> None:
    """34 guesses hit with 0.01 %, 100 with 0.03 %; five per 30 s would be 4.2 %."""

    def chance(guesses: int) -> float:
        return 1 - (1 - WINDOW_OF_CODES) ** guesses

    compared, _ = brute_force(DAY)
    assert chance(len(compared)) == pytest.approx(0.0001, rel=0.03)
    assert chance(tries.CAP) == pytest.approx(0.0003, rel=0.01)
    assert chance(5 * DAY // 30) == pytest.approx(0.042, rel=0.02)
    assert chance(5 * DAY // 900) == pytest.approx(0.0015, rel=0.05)


@pytest.mark.threat("T9")
def test_brute_force_for_a_year_compares_a_hundred_codes() -> None:
    """After the hundredth failure nothing is compared any more."""
    compared, state = brute_force(365 * DAY)
    assert len(compared) == 100
    assert tries.may_try(state, NOW + 10 * 365 * DAY) == BARRED


@pytest.mark.threat("T10")
def test_parallel_guesses_compare_five_codes() -> None:
    """A hundred guesses at one moment reserve five tries, whoever comes first."""
    state, compared = FRESH, 0
    for _ in range(100):
        if tries.may_try(state, NOW).is_allowed:
            state = tries.reserved(state, NOW)
            compared += 1
    assert compared == 5


@pytest.mark.threat("T9")
def test_a_success_gives_a_new_budget() -> None:
    """A right code sets the failures in a row to 0 and is remembered as a success."""
    state = tries.succeeded(NOW + 0.5)
    assert (state.failures, state.last_success_at) == (0, NOW)
    assert tries.may_try(state, NOW) == ALLOWED


@pytest.mark.threat("T9")
def test_a_used_code_is_not_a_guess() -> None:
    """A replay gives its try back: the failures stand where they stood."""
    before = failing(3)
    after = tries.given_back(tries.reserved(before, NOW + 1))
    assert after.failures == before.failures
    assert after.last_success_at == before.last_success_at
    assert tries.given_back(FRESH).failures == 0


def test_a_clock_set_back_neither_shortens_nor_stretches_a_wait() -> None:
    """A failure in the future counts as one of now."""
    verdict = tries.may_try(failing(6), NOW - 10 * DAY)
    assert verdict == Verdict(standing=Standing.THROTTLED, retry_after=60)


# --- the device's budget


@pytest.mark.threat("T12")
def test_one_attacker_alone_never_fills_the_devices_budget() -> None:
    """A thief of one key is barred at 100, while the device's day holds at most 34."""
    state, now, most = FRESH, NOW, 0
    while tries.may_try(state, now).standing is not Standing.BARRED:
        verdict = tries.may_try(state, now)
        if verdict.is_allowed:
            state = tries.reserved(state, now)
        most = max(most, tries.cold_failures([state], now))
        now += max(verdict.retry_after, 1)
    assert most == 34


@pytest.mark.threat("T12")
def test_the_owner_is_not_locked_out_by_a_thief() -> None:
    """A day of guesses with one key; the owner's other key works at every hour."""
    thief, owner = FRESH, FRESH
    for now in range(NOW, NOW + DAY, 60):
        if tries.may_try(thief, now).is_allowed:
            thief = tries.reserved(thief, now)
        if now % 3600 == 0:
            assert tries.may_try(owner, now) == ALLOWED
            assert tries.may_try_device(owner, [thief, owner], now) == ALLOWED
            owner = tries.succeeded(now)
    assert thief.failures > 30


@pytest.mark.threat("T13")
def test_new_keys_bring_no_new_budget() -> None:
    """Five guesses with each of many new keys: the device ends it at 100 a day."""
    rows: list[Tries] = []
    compared = 0
    for key in range(1000):
        now = NOW + key * 60
        for _ in range(5):
            state = FRESH
            if len(rows) > key:
                state = rows.pop()
            allowed = tries.may_try_device(state, [*rows, state], now).is_allowed
            if allowed and tries.may_try(state, now).is_allowed:
                state = tries.reserved(state, now)
                compared += 1
            rows.append(state)
    assert compared == tries.DEVICE_CAP


@pytest.mark.threat("T13")
@pytest.mark.parametrize(("count", "allowed"), [(99, True), (100, False)])
def test_the_devices_budget_to_the_guess(count: int, allowed: object) -> None:
    """99 failures by cold credentials leave one guess, 100 leave none."""
    rows = [failing(1)] * count
    verdict = tries.may_try_device(FRESH, rows, NOW + 1)
    assert verdict.is_allowed is allowed
    assert verdict.retry_after == (0 if allowed else tries.LONGEST_WAIT)


@pytest.mark.threat("T12")
@pytest.mark.parametrize(("age", "allowed"), [(DAY - 1, True), (DAY, False)])
def test_a_recent_success_keeps_a_credential_in(age: int, allowed: object) -> None:
    """A full budget bars only credentials without a success in 24 hours."""
    rows = [failing(1)] * 100
    owner = replace(FRESH, last_success_at=NOW - age)
    assert tries.may_try_device(owner, rows, NOW).is_allowed is allowed


@pytest.mark.threat("T12")
def test_failures_of_warm_credentials_do_not_count() -> None:
    """Who had a success today does not use up the device's budget."""
    warm = replace(failing(5), last_success_at=NOW - 60)
    assert tries.cold_failures([warm] * 100, NOW) == 0


@pytest.mark.threat("T12")
def test_the_devices_budget_comes_back() -> None:
    """Failures leave the budget a day after they happened."""
    rows = [failing(1)] * 100
    assert tries.cold_failures(rows, NOW + DAY - 1) == 100
    assert tries.cold_failures(rows, NOW + DAY) == 0
    assert tries.may_try_device(FRESH, rows, NOW + DAY) == ALLOWED


def test_the_count_of_recent_failures_is_exact_for_a_brute_force() -> None:
    """For whoever tries as fast as allowed, the bound from the waits is the truth."""
    compared, _ = brute_force(3 * DAY)
    state = FRESH
    for number, at in enumerate(compared, start=1):
        state = tries.reserved(state, at)
        recent = sum(at - past < DAY for past in compared[:number])
        assert tries.recent_failures(state, at) == recent


@pytest.mark.threat("T13")
def test_a_warning_comes_before_the_bar() -> None:
    """Twenty cold failures are worth a warning, long before a hundred."""
    assert tries.DEVICE_WARNING == 20
    assert tries.cold_failures([failing(5)] * 4, NOW) == tries.DEVICE_WARNING
