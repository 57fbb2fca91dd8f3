"""The ledger of token codes: exactly once, few guesses, and no way around either."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.identity import tries
from ostiary.identity.model import DeviceKind, User
from ostiary.identity.ring import EMPTY
from ostiary.identity.sealing import Tampered, new_master_key
from ostiary.identity.totp import STEP
from ostiary.identity.vault import Vault
from ostiary.services.enrolment import Plan, new_device
from ostiary.services.errors import ServiceError
from ostiary.services.guesses import Mark, credential_of
from ostiary.services.mfa_ledger import (
    NOT_BOTH,
    NOT_THE_CODE,
    NOT_THEIRS,
    TokenCodeError,
    reserve,
    settle,
    verify_token_code,
)
from ostiary.store.port import StoreUnavailableError, TryRow
from ostiary.store.sql import SqlLedger
from tests.unit.identity.minting import ACCOUNT, Stream
from tests.unit.services import racing
from tests.unit.services.estate import Estate, estate, with_session
from tests.unit.services.iam.world import caller_of

DAY = 24 * 3600
ROUNDS = 8


@pytest.fixture
def house(tmp_path: Path) -> Estate:
    """A store with two accounts."""
    return estate(tmp_path)


@pytest.fixture
def alice(house: Estate) -> User:
    """A user."""
    return house.user("Alice")


@pytest.fixture
def serial(house: Estate, alice: User) -> str:
    """Alice's phone, in step with the server."""
    return house.enrolled(alice)


def mark_of(act: Callable[..., object], *arguments: object) -> Mark | None:
    """Why a token code was refused; None when it was accepted."""
    try:
        act(*arguments)
    except TokenCodeError as error:
        return error.mark
    return None


def wrong(house: Estate, serial: str) -> str:
    """A code that the device does not show in any step of the window, nor soon."""
    shown = {house.code(serial, steps) for steps in range(-30, 31)}
    return next(code for n in range(100) if (code := f"{n:06d}") not in shown)


def rows(house: Estate, serial: str) -> list[TryRow]:
    """What the database remembers of the device's tries."""
    with house.store.ledger() as ledger:
        return ledger.tries(house.device(serial).id)


# --- the answers


@pytest.mark.rule("M3", "M9")
def test_a_right_code_of_the_callers_device_is_verified_now(
    house: Estate, alice: User, serial: str
) -> None:
    """Serial number and code together prove MFA; the proof has the server's time."""
    attempt = house.attempt(alice, serial, house.code(serial))
    assert house.verify(attempt) == house.now


@pytest.mark.rule("M9")
def test_a_wrong_code_is_refused_in_awss_words(
    house: Estate, alice: User, serial: str
) -> None:
    """403 AccessDenied, with the blank at the end (facts 7.5)."""
    with pytest.raises(TokenCodeError) as caught:
        house.verify(house.attempt(alice, serial, wrong(house, serial)))
    error = caught.value
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert error.message == (
        "MultiFactorAuthentication failed with invalid MFA one time pass code. "
    )
    assert (error.mark, error.retry_after) == (Mark.WRONG, 0)


def test_the_three_messages_are_awss_own() -> None:
    """Facts 7.5, to the last blank."""
    assert NOT_THEIRS == (
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."
    )
    assert NOT_THE_CODE == (
        "MultiFactorAuthentication failed with invalid MFA one time pass code. "
    )
    assert NOT_BOTH == (
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
    )


@pytest.mark.threat("T8")
@pytest.mark.parametrize(
    ("serial", "code"),
    [("arn:aws:iam::111122223333:mfa/phone", ""), ("", "123456"), ("", "")],
)
def test_half_of_the_pair_is_refused(
    house: Estate, alice: User, serial: str, code: str
) -> None:
    """One field alone is a refusal and never a session without MFA."""
    with pytest.raises(TokenCodeError) as caught:
        house.verify(house.attempt(alice, serial, code))
    assert (caught.value.message, caught.value.mark) == (NOT_BOTH, Mark.HALF)


@pytest.mark.threat("T5", "T6")
@pytest.mark.parametrize(
    "spell",
    [
        " {}",
        "{}\n",
        "{} ",
        "+{}",
        "0{}",
        "{}0",
        "{}{}",
        "{}\0",
    ],
)
def test_a_code_has_one_spelling(
    house: Estate, alice: User, serial: str, spell: str
) -> None:
    """Anything but six ASCII digits is a fault of form, before any device is read."""
    code = house.code(serial)
    attempt = house.attempt(alice, serial, spell.replace("{}", code))
    with pytest.raises(ServiceError) as caught:
        house.verify(attempt)
    assert (caught.value.code, caught.value.status) == ("ValidationError", 400)
    assert rows(house, serial) == []
    assert house.verify(replace(attempt, token_code=code)) == house.now


@pytest.mark.threat("T5", "T6")
@pytest.mark.parametrize(
    "digits",
    [
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "\u0661\u0662\u0663\u0664\u0665\u0666",
        "12_345",
        "12345",
        "1234567",
    ],
)
def test_other_digits_and_lengths_are_no_code(
    house: Estate, alice: User, serial: str, digits: str
) -> None:
    """Five and seven digits, and digits of other scripts, are refused by form."""
    with pytest.raises(ServiceError) as caught:
        house.verify(house.attempt(alice, serial, digits))
    assert (caught.value.code, caught.value.status) == ("ValidationError", 400)
    assert digits not in caught.value.message


# --- whose device


def foreign(house: Estate, alice: User, serial: str) -> dict[str, str]:
    """Serial numbers that Alice cannot use, by why."""
    bob = house.user("Bob")
    carol = house.stranger("Carol")
    deleted = house.virtual("deleted")
    house.call("DeleteVirtualMFADevice", SerialNumber=deleted)
    deactivated = house.enrolled(alice, "deactivated")
    house.call("DeactivateMFADevice", UserName="Alice", SerialNumber=deactivated)
    with house.store.change() as change:
        plan = Plan(
            serial=f"arn:aws:iam::{ACCOUNT}:u2f/user/Alice/key",
            account=ACCOUNT,
            kind=DeviceKind.FIDO,
            seed=b"",
        )
        key = new_device(plan, house)
        change.insert(replace(key, user=alice.id, enabled=house.now))
    return {
        "another user's": house.enrolled(bob, "bobs"),
        "another account's": house.enrolled(carol, "carols"),
        "deleted": deleted,
        "created, not enabled": house.virtual("unassigned"),
        "deactivated": deactivated,
        "other letter case": serial.upper(),
        "name in other case": serial.replace("phone", "Phone"),
        "newline behind": serial + "\n",
        "blank behind": serial + " ",
        "never there": f"arn:aws:iam::{ACCOUNT}:mfa/none",
        "no ARN": "GAHT12345678",
        "security key": plan.serial,
    }


@pytest.mark.rule("M3", "M8", "M9", "M41")
@pytest.mark.threat("T7")
def test_all_devices_of_others_get_one_answer(
    house: Estate, alice: User, serial: str
) -> None:
    """Foreign, unknown, unassigned and misspelled devices cannot be told apart."""
    answers = set()
    for why, other in foreign(house, alice, serial).items():
        code = house.code(other) if other in house.seeds else "123456"
        with pytest.raises(TokenCodeError) as caught:
            house.verify(house.attempt(alice, other, code))
        error = caught.value
        assert error.mark is Mark.UNKNOWN_DEVICE, why
        answers.add((error.code, error.message, error.status, error.retry_after))
    assert answers == {("AccessDenied", NOT_THEIRS, 403, 0)}


@pytest.mark.threat("T7", "T12")
def test_nobody_moves_the_counters_of_others(
    house: Estate, alice: User, serial: str
) -> None:
    """A hundred codes for somebody else's device leave no trace at it."""
    mallory = house.user("Mallory")
    for n in range(100):
        attempt = house.attempt(mallory, serial, f"{n:06d}")
        assert mark_of(house.verify, attempt) is Mark.UNKNOWN_DEVICE
    assert rows(house, serial) == []


@pytest.mark.threat("T7")
def test_no_code_is_computed_for_a_device_of_others(
    house: Estate, alice: User, serial: str
) -> None:
    """The seed is not even opened: a vault with another master key does not mind."""
    mallory = house.user("Mallory")
    blind = Vault(new_master_key(Stream("other")), EMPTY)
    attempt = house.attempt(mallory, serial, house.code(serial))
    assert (
        mark_of(verify_token_code, house.store.ledger, attempt, blind)
        is Mark.UNKNOWN_DEVICE
    )


@pytest.mark.threat("T7")
def test_who_has_no_device_cannot_use_an_unassigned_one(
    house: Estate, alice: User
) -> None:
    """Nobody's device and a caller without a user are not a pair."""
    serial = house.virtual("nobodys")
    attempt = replace(house.attempt(alice, serial, house.code(serial)), user="")
    assert mark_of(house.verify, attempt) is Mark.UNKNOWN_DEVICE


def test_sessions_share_the_budget_of_what_issued_them(
    house: Estate, alice: User
) -> None:
    """A new session brings no new tries (T10)."""
    assert credential_of(caller_of(alice)) == "AKIAUSER"
    assert credential_of(with_session(alice, None)) == "AKIAUSER"
    assert credential_of(with_session(alice, house.now)) == "AKIAUSER"


# --- exactly once


@pytest.mark.threat("T2")
def test_a_code_is_good_for_one_use(house: Estate, alice: User, serial: str) -> None:
    """The second use is refused, also by a node that has just started."""
    attempt = house.attempt(alice, serial, house.code(serial))
    house.verify(attempt)
    assert mark_of(house.verify, attempt) is Mark.REPLAY
    restarted = house.restarted()
    assert (
        mark_of(verify_token_code, restarted.ledger, attempt, house.vault)
        is Mark.REPLAY
    )
    later = replace(attempt, now=house.later(STEP))
    assert mark_of(house.verify, later) is Mark.REPLAY


@pytest.mark.threat("T2", "T12")
def test_a_used_code_is_used_for_every_credential(
    house: Estate, alice: User, serial: str
) -> None:
    """The ledger is the device's, whatever key signs."""
    attempt = house.attempt(alice, serial, house.code(serial))
    house.verify(attempt)
    other = replace(attempt, credential="AKIAOTHER")
    assert mark_of(house.verify, other) is Mark.REPLAY


@pytest.mark.threat("T3")
def test_one_ledger_serves_all_operations(
    house: Estate, alice: User, serial: str
) -> None:
    """A code used for a session is no half of a resync, and the other way round."""
    house.verify(house.attempt(alice, serial, house.code(serial)))
    place = {"UserName": "Alice", "SerialNumber": serial}
    code, _ = house.refused("ResyncMFADevice", **place, **house.codes(serial, 0))
    assert code == "InvalidAuthenticationCode"
    house.call("ResyncMFADevice", **place, **house.codes(serial, 1))
    house.later(STEP)
    for steps in (0, 1):
        attempt = house.attempt(alice, serial, house.code(serial, steps))
        assert mark_of(house.verify, attempt) in {Mark.REPLAY, Mark.WRONG}


@pytest.mark.threat("T3")
def test_the_codes_of_enabling_are_used_up(house: Estate, alice: User) -> None:
    """Neither of the two codes opens a session afterwards."""
    serial = house.virtual("phone")
    house.enable(alice, serial, first=-1)
    for steps in (-1, 0):
        attempt = house.attempt(alice, serial, house.code(serial, steps))
        assert mark_of(house.verify, attempt) is Mark.REPLAY
    house.later(STEP)
    assert house.verify(house.attempt(alice, serial, house.code(serial))) == house.now


@pytest.mark.threat("T4")
def test_an_older_code_dies_with_a_newer_one(
    house: Estate, alice: User, serial: str
) -> None:
    """After step n, the code of n-1 is refused although it was never used."""
    house.later(STEP)
    house.verify(house.attempt(alice, serial, house.code(serial)))
    older = house.attempt(alice, serial, house.code(serial, -1))
    assert mark_of(house.verify, older) is Mark.REPLAY


@pytest.mark.threat("T15")
@pytest.mark.parametrize("drift", [0, -3, 3])
def test_three_steps_around_the_drift_pass_and_no_others(
    tmp_path: Path, drift: int
) -> None:
    """Of the steps -20 to 20 only -1, 0 and 1 pass, seen from the device's clock."""
    house = estate(tmp_path)
    alice = house.user("Alice")
    serial = house.virtual("phone")
    house.enable(alice, serial, first=drift - 1)
    house.later(25 * STEP)
    passed = []
    for steps in range(-20, 21):
        code = house.code(serial, steps)
        attempt = house.attempt(alice, serial, code, credential=f"AKIA{steps}")
        if mark_of(house.verify, attempt) is None:
            passed.append(steps - drift)
    assert passed == [-1, 0, 1]


@given(
    tries_=st.lists(
        st.tuples(st.integers(-2, 2), st.integers(0, 40), st.sampled_from("AB")),
        max_size=12,
    )
)
@settings(max_examples=15, deadline=None)
@pytest.mark.threat("T2", "T4")
def test_a_token_code_is_accepted_at_most_once(
    tmp_path_factory: pytest.TempPathFactory,
    tries_: list[tuple[int, int, str]],
) -> None:
    """Whatever is tried when and by whom, accepted steps only ever grow."""
    house = estate(tmp_path_factory.mktemp("once"))
    alice = house.user("Alice")
    serial = house.enrolled(alice)
    accepted = []
    for steps, seconds, credential in tries_:
        house.later(seconds)
        code = house.code(serial, steps)
        attempt = house.attempt(alice, serial, code, credential)
        if mark_of(house.verify, attempt) is None:
            accepted.append(house.device(serial).last_step)
    assert accepted == sorted(set(accepted))


# --- races


def race(house: Estate, alice: User, serial: str, verify: racing.Verify) -> list[int]:
    """How many of sixteen threads used one code, round by round."""
    phone, attempt = house.phone(serial), house.attempt(alice, serial, "")

    def act(moment: int) -> bool:
        mine = replace(attempt, token_code=phone.at(moment), now=moment)
        return racing.use(verify, house.store, mine, house.vault)

    moments = range(house.now, house.now + ROUNDS * STEP, STEP)
    return racing.threads([act] * 16, moments)


@pytest.mark.threat("T1")
def test_of_many_threads_with_one_code_exactly_one_succeeds(
    house: Estate, alice: User, serial: str
) -> None:
    """Sixteen at once, round after round: one success in each."""
    assert race(house, alice, serial, racing.ledger) == [1] * ROUNDS


@pytest.mark.threat("T1")
def test_the_race_catches_a_ledger_that_reads_before_it_writes(
    house: Estate, alice: User, serial: str
) -> None:
    """The control: without the conditional update one code serves several callers."""
    assert max(race(house, alice, serial, racing.naive)) > 1


@pytest.mark.threat("T1")
@pytest.mark.parametrize("rounds", [40, pytest.param(1000, marks=pytest.mark.long)])
def test_of_four_processes_with_one_code_exactly_one_succeeds(
    tmp_path: Path, rounds: int
) -> None:
    """Processes share nothing but the database, and that is enough."""
    house = estate(tmp_path)
    master = new_master_key(Stream("shared"))
    house.vault = Vault(master, EMPTY)
    alice = house.user("Alice")
    serial = house.enrolled(alice)
    moments = range(house.now, house.now + rounds * STEP, STEP)
    codes = {moment: house.phone(serial).at(moment) for moment in moments}
    attempt = house.attempt(alice, serial, "000000")
    assert racing.processes(house.url, master, attempt, codes) == [1] * rounds


@pytest.mark.threat("T10")
def test_parallel_guesses_share_one_budget(
    house: Estate, alice: User, serial: str
) -> None:
    """Forty wrong codes at once lead to five comparisons."""
    guess = house.attempt(alice, serial, wrong(house, serial))
    marks: list[Mark | None] = []

    def act(_moment: int) -> bool:
        marks.append(mark_of(house.verify, guess))
        return False

    racing.threads([act] * 40, [house.now])
    assert marks.count(Mark.WRONG) == tries.FREE
    assert marks.count(Mark.THROTTLED) == 40 - tries.FREE


# --- few guesses


def guesses_in_a_day(house: Estate, user: User, serial: str) -> int:
    """How many codes are compared when somebody guesses as often as it pays."""
    guess = house.attempt(user, serial, wrong(house, serial))
    compared, end = 0, house.now + DAY
    moment = house.now
    while moment < end:
        try:
            house.verify(replace(guess, now=moment))
        except TokenCodeError as error:
            compared += error.mark is Mark.WRONG
            # One second early, in time, and once more in the same second.
            if error.retry_after > 1:
                early = replace(guess, now=moment + error.retry_after - 1)
                assert mark_of(house.verify, early) is Mark.THROTTLED
            moment += error.retry_after
    return compared


@pytest.mark.threat("T9")
def test_one_client_gets_few_guesses_a_day(
    house: Estate, alice: User, serial: str
) -> None:
    """Not more than 34 codes are compared in 24 hours of accelerated time."""
    assert guesses_in_a_day(house, alice, serial) <= 34


@pytest.mark.threat("T9")
def test_a_right_code_inside_a_wait_is_neither_looked_at_nor_used_up(
    house: Estate, alice: User, serial: str
) -> None:
    """It is refused like a wrong one, says when to come back, and is good then."""
    guess = house.attempt(alice, serial, wrong(house, serial))
    for _ in range(tries.FREE):
        assert mark_of(house.verify, guess) is Mark.WRONG
    right = replace(guess, token_code=house.code(serial, 1))
    with pytest.raises(TokenCodeError) as caught:
        house.verify(right)
    error = caught.value
    assert (error.code, error.message, error.status) == (
        "AccessDenied",
        NOT_THE_CODE,
        403,
    )
    assert (error.mark, error.retry_after) == (Mark.THROTTLED, tries.FIRST_WAIT)
    house.later(tries.FIRST_WAIT)
    assert house.verify(replace(right, now=house.now)) == house.now


@pytest.mark.threat("T9")
def test_the_waits_double_up_to_an_hour(
    house: Estate, alice: User, serial: str
) -> None:
    """After five free tries: 30, 60, 120 … 3600 seconds."""
    guess = house.attempt(alice, serial, wrong(house, serial))
    waits: list[int] = []
    moment = house.now
    while len(waits) < 10:
        try:
            house.verify(replace(guess, now=moment))
        except TokenCodeError as error:
            if error.mark is Mark.THROTTLED:
                waits.append(error.retry_after)
            moment += error.retry_after
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


@pytest.mark.threat("T9")
def test_a_used_code_costs_no_try(house: Estate, alice: User, serial: str) -> None:
    """A retry by an SDK is refused but not counted as a guess."""
    attempt = house.attempt(alice, serial, house.code(serial))
    house.verify(attempt)
    for _ in range(20):
        assert mark_of(house.verify, attempt) is Mark.REPLAY
    assert [row.failures for row in rows(house, serial)] == [0]
    house.later(STEP)
    assert house.verify(house.attempt(alice, serial, house.code(serial))) == house.now


@pytest.mark.threat("T9")
def test_a_success_sets_the_counter_to_zero(
    house: Estate, alice: User, serial: str
) -> None:
    """Four wrong codes and a right one leave five free tries again."""
    guess = house.attempt(alice, serial, wrong(house, serial))
    for _ in range(2):
        for _ in range(tries.FREE - 1):
            assert mark_of(house.verify, guess) is Mark.WRONG
        house.verify(house.attempt(alice, serial, house.code(serial)))
        house.later(STEP)
        guess = replace(guess, now=house.now)
    (row,) = rows(house, serial)
    assert (row.failures, row.last_success_at) == (0, house.now - STEP)


@pytest.mark.threat("T9", "T12")
def test_a_hundred_wrong_codes_in_a_row_bar_a_credential_until_a_resync(
    house: Estate, alice: User, serial: str
) -> None:
    """However long it waits, the credential is refused, until two codes clear it."""
    with house.store.ledger() as ledger:
        ledger.swap_tries(
            None,
            TryRow(
                device=house.device(serial).id,
                credential="AKIAUSER",
                failures=tries.CAP,
                last_failure_at=house.now,
                last_success_at=tries.NEVER,
            ),
        )
    house.later(365 * DAY)
    right = house.attempt(alice, serial, house.code(serial))
    with pytest.raises(TokenCodeError) as caught:
        house.verify(right)
    assert (caught.value.mark, caught.value.retry_after) == (Mark.BARRED, 0)
    assert caught.value.message == NOT_THE_CODE
    house.call(
        "ResyncMFADevice",
        caller_of(alice),
        UserName="Alice",
        SerialNumber=serial,
        **house.codes(serial),
    )
    house.later(STEP)
    assert house.verify(house.attempt(alice, serial, house.code(serial))) == house.now


@pytest.mark.threat("T11")
def test_a_failure_outlives_the_refusal_and_the_process(
    house: Estate, alice: User, serial: str
) -> None:
    """The try is committed before the code is compared, not with the answer."""
    guess = house.attempt(alice, serial, wrong(house, serial))
    with house.store.ledger() as ledger:
        reserve(ledger, guess)
    # The node dies here: nothing was compared, nothing was answered.
    restarted = house.restarted()
    with restarted.ledger() as ledger:
        (row,) = ledger.tries(house.device(serial).id)
    assert (row.credential, row.failures) == ("AKIAUSER", 1)


@pytest.mark.threat("T12")
def test_a_thief_of_one_key_does_not_lock_the_owner_out(
    house: Estate, alice: User, serial: str
) -> None:
    """A day of guesses with K1, as fast as allowed; K2 is never refused."""
    guess = house.attempt(alice, serial, wrong(house, serial), credential="K1")
    refusals, end, allowed = 0, house.now + DAY, house.now
    while house.now < end:
        while allowed <= house.now:
            try:
                house.verify(replace(guess, now=allowed))
            except TokenCodeError as error:
                allowed += error.retry_after
        owner = house.attempt(alice, serial, house.code(serial), credential="K2")
        refusals += mark_of(house.verify, owner) is not None
        house.later(600)
    assert refusals <= 1


@pytest.mark.threat("T13")
def test_new_keys_bring_no_new_budget(house: Estate, alice: User, serial: str) -> None:
    """A new access key every five guesses: 100 comparisons a day, all the same."""
    house.verify(house.attempt(alice, serial, house.code(serial), credential="owners"))
    marks = []
    for n in range(60):
        guess = house.attempt(
            alice, serial, wrong(house, serial), credential=f"AKIA{n}"
        )
        marks += [mark_of(house.verify, guess) for _ in range(tries.FREE)]
        house.later(STEP)
    assert marks.count(Mark.WRONG) == tries.DEVICE_CAP
    assert set(marks) == {Mark.WRONG, Mark.THROTTLED}
    # The owner's key had a success today: the thief's guesses do not bar it.
    owner = house.attempt(alice, serial, house.code(serial), credential="owners")
    assert house.verify(owner) == house.now


@pytest.mark.threat("T13")
def test_keys_that_are_gone_are_forgotten_after_a_day(
    house: Estate, alice: User, serial: str
) -> None:
    """Their tries count for a day; those of living keys stay as long as the keys."""
    code = wrong(house, serial)
    result: Any = house.call("CreateAccessKey", UserName="Alice")
    living = result["AccessKey"]["AccessKeyId"]
    keys = [living, "AKIAGONE1", "AKIAGONE2"]
    for key in keys:
        house.later(tries.DAY - 100 if key == "AKIAGONE2" else 0)
        mark_of(house.verify, house.attempt(alice, serial, code, key))
    assert {row.credential for row in rows(house, serial)} == set(keys)
    house.later(101)
    mark_of(house.verify, house.attempt(alice, serial, code, "AKIANEW"))
    left = {row.credential for row in rows(house, serial)}
    assert left == {living, "AKIAGONE2", "AKIANEW"}


@pytest.mark.threat("T13")
def test_twenty_guesses_by_strangers_are_alarming(
    house: Estate, alice: User, serial: str
) -> None:
    """From the twentieth wrong code on, refusals say that an operator should look."""
    alarms = []
    for n in range(25):
        guess = house.attempt(
            alice, serial, wrong(house, serial), credential=f"AKIA{n}"
        )
        with pytest.raises(TokenCodeError) as caught:
            house.verify(guess)
        alarms.append(caught.value.is_alarming)
    assert alarms == [False] * 19 + [True] * 6


@pytest.mark.threat("T14")
def test_a_guess_never_uses_up_a_coming_code(
    house: Estate, alice: User, serial: str
) -> None:
    """A code that is wrong now and right later is accepted later."""
    coming = house.code(serial, 5)
    guess = house.attempt(alice, serial, coming, credential="thief")
    assert mark_of(house.verify, guess) is Mark.WRONG
    house.later(5 * STEP)
    assert house.verify(house.attempt(alice, serial, coming)) == house.now


# --- what happens in between


class Interrupted:
    """Ledger transactions of a store, with something happening around the nth."""

    def __init__(
        self,
        house: Estate,
        nth: int,
        before: Callable[[], object] = lambda: None,
        after: Callable[[], object] = lambda: None,
    ) -> None:
        self._house = house
        self._nth = nth
        self._before = before
        self._after = after

    @contextmanager
    def __call__(self) -> Iterator[SqlLedger]:
        """The next transaction."""
        self._nth -= 1
        if self._nth == 0:
            self._before()
        with self._house.store.ledger() as ledger:
            yield ledger
        if self._nth == 0:
            self._after()


def cut() -> None:
    """The connection to the database is gone."""
    raise StoreUnavailableError("cut")


@pytest.mark.threat("T20")
def test_a_deactivated_device_serves_nobody(
    house: Estate, alice: User, serial: str
) -> None:
    """Also when it is deactivated after the code was compared: no cache, no gap."""

    def deactivate() -> None:
        house.call("DeactivateMFADevice", UserName="Alice", SerialNumber=serial)

    attempt = house.attempt(alice, serial, house.code(serial))
    work = Interrupted(house, 2, before=deactivate)
    with pytest.raises(TokenCodeError) as caught:
        verify_token_code(work, attempt, house.vault)
    assert (caught.value.mark, caught.value.message) == (
        Mark.UNKNOWN_DEVICE,
        NOT_THEIRS,
    )
    assert mark_of(house.verify, attempt) is Mark.UNKNOWN_DEVICE


@pytest.mark.threat("T20")
def test_a_device_that_changed_hands_serves_its_old_user_no_more(
    house: Estate, alice: User, serial: str
) -> None:
    """Reserved by Alice, enabled for Bob, settled by Alice: refused."""
    bob = house.user("Bob")
    house.later(3 * STEP)
    attempt = house.attempt(alice, serial, house.code(serial, 1))

    def hand_over() -> None:
        house.call("DeactivateMFADevice", UserName="Alice", SerialNumber=serial)
        house.enable(bob, serial, first=-2)

    work = Interrupted(house, 2, before=hand_over)
    assert mark_of(verify_token_code, work, attempt, house.vault) is Mark.UNKNOWN_DEVICE
    assert house.verify(house.attempt(bob, serial, house.code(serial))) == house.now


@pytest.mark.threat("T24")
def test_a_code_burned_without_an_answer_stays_burned(
    house: Estate, alice: User, serial: str
) -> None:
    """Cut after the commit: the client hears 503, and its retry is refused."""
    attempt = house.attempt(alice, serial, house.code(serial))
    with pytest.raises(StoreUnavailableError):
        verify_token_code(Interrupted(house, 2, after=cut), attempt, house.vault)
    assert mark_of(house.verify, attempt) is Mark.REPLAY


@pytest.mark.threat("T24")
@pytest.mark.parametrize("nth", [1, 2])
def test_a_code_that_was_not_burned_is_still_good(
    house: Estate, alice: User, serial: str, nth: int
) -> None:
    """Cut before either transaction: 503, and the retry succeeds, once."""
    attempt = house.attempt(alice, serial, house.code(serial))
    with pytest.raises(StoreUnavailableError):
        verify_token_code(Interrupted(house, nth, before=cut), attempt, house.vault)
    assert house.verify(attempt) == house.now
    assert mark_of(house.verify, attempt) is Mark.REPLAY


@pytest.mark.threat("T1", "T9")
def test_who_loses_the_race_pays_no_try(
    house: Estate, alice: User, serial: str
) -> None:
    """Compared as right, burned by somebody else first: a replay, not a guess."""
    attempt = house.attempt(alice, serial, house.code(serial), credential="slow")
    quick = replace(attempt, credential="quick")
    work = Interrupted(house, 2, before=lambda: house.verify(quick))
    assert mark_of(verify_token_code, work, attempt, house.vault) is Mark.REPLAY
    assert {row.credential: row.failures for row in rows(house, serial)} == {
        "slow": 0,
        "quick": 0,
    }


@pytest.mark.threat("T12")
def test_a_resync_in_between_forgets_the_reserved_try_too(
    house: Estate, alice: User, serial: str
) -> None:
    """Nothing is given back twice: a cleared device has no tries below zero."""
    attempt = house.attempt(alice, serial, house.code(serial))
    house.verify(attempt)

    def resync() -> None:
        house.later(2 * STEP)
        house.call(
            "ResyncMFADevice",
            UserName="Alice",
            SerialNumber=serial,
            **house.codes(serial),
        )

    work = Interrupted(house, 2, before=resync)
    assert mark_of(verify_token_code, work, attempt, house.vault) is Mark.REPLAY
    assert rows(house, serial) == []


def test_tries_that_changed_in_spite_of_the_lock_allow_nothing(
    house: Estate, alice: User, serial: str
) -> None:
    """A store that breaks its promise is one that is not available (P2)."""

    class Broken(SqlLedger):
        def swap_tries(self, _old: TryRow | None, _new: TryRow) -> bool:
            return False

    with house.store.ledger() as ledger, pytest.raises(StoreUnavailableError):
        reserve(
            Broken(ledger._connection, "writer"),
            house.attempt(alice, serial, house.code(serial)),
        )


def test_settling_a_used_step_moves_nothing(
    house: Estate, alice: User, serial: str
) -> None:
    """The conditional update never moves the ledger back (P1)."""
    before = house.device(serial)
    attempt = house.attempt(alice, serial, house.code(serial))
    with house.store.ledger() as ledger:
        assert settle(ledger, attempt, before, before.last_step) is Mark.REPLAY
        assert settle(ledger, attempt, before, before.last_step - 1) is Mark.REPLAY
    assert house.device(serial) == before


@pytest.mark.threat("T22")
def test_a_code_stands_in_no_repr_and_no_error(
    house: Estate, alice: User, serial: str
) -> None:
    """Neither where a traceback shows an attempt, nor in what a refusal says."""
    code = wrong(house, serial)
    attempt = house.attempt(alice, serial, code)
    assert code not in repr(attempt)
    with pytest.raises(TokenCodeError) as caught:
        house.verify(attempt)
    assert code not in repr(caught.value) + caught.value.message


@pytest.mark.threat("T16")
def test_only_the_servers_clock_says_when(
    house: Estate, alice: User, serial: str
) -> None:
    """An attempt has one time, the server's; the code of another time is wrong."""
    attempt = house.attempt(alice, serial, house.code(serial))
    late = replace(attempt, now=house.now + 3 * STEP)
    assert mark_of(house.verify, late) is Mark.WRONG
    assert house.verify(attempt) == house.now


@pytest.mark.threat("T124")
def test_a_seed_that_was_moved_to_another_device_opens_nothing(
    house: Estate, alice: User, serial: str
) -> None:
    """Whoever writes into the database cannot give a device the seed of another."""
    mallorys = house.enrolled(house.user("Mallory"), "mallorys")
    with house.store.change() as change:
        change.replace(replace(house.device(serial), seed=house.device(mallorys).seed))
    with pytest.raises(Tampered):
        house.verify(house.attempt(alice, serial, house.code(mallorys)))
