"""Laws of token codes, over generated seeds, clocks and habits of typing."""

import math
import statistics
import time
from collections.abc import Iterable

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity import totp
from ostiary.identity.totp import InvalidTokenCode, TokenCode
from tests.unit.identity.minting import NOW, Stream

seeds = st.binary(min_size=10, max_size=80)
times = st.integers(min_value=0, max_value=2**33)
drifts = st.integers(min_value=-totp.MAX_DRIFT, max_value=totp.MAX_DRIFT)
offs = st.integers(min_value=-3, max_value=3)


@given(seed=st.binary(min_size=14, max_size=80), now=times)
def test_every_seed_shows_what_pyotp_shows(seed: bytes, now: int) -> None:
    """Another implementation of RFC 6238 agrees, for seeds of NIST's 112 bits or more."""
    theirs = pyotp.TOTP(totp.encode_seed(seed)).at(now)
    assert totp.token_code(seed, totp.step_at(now)) == theirs


@given(seed=seeds)
def test_decode_encode_is_identity(seed: bytes) -> None:
    """A seed's text reads back as the seed."""
    assert totp.decode_seed(totp.encode_seed(seed)) == seed


@given(text=st.text(alphabet="ABCab234567 =018\u0131\u017f\n-", max_size=140))
def test_one_seed_has_one_plain_spelling(text: str) -> None:
    """What is read at all is base32: without blanks, case and padding it is equal."""
    try:
        seed = totp.decode_seed(text)
    except ValueError:
        return
    assert totp.encode_seed(seed) == text.replace(" ", "").upper().rstrip("=")


@pytest.mark.threat("T5")
@given(text=st.text(alphabet="0123456789\uff11\u0661\u00b2 +-_\n\0", max_size=8))
def test_a_token_code_is_six_ascii_digits(text: str) -> None:
    """Nothing else is one, and what is one keeps its spelling."""
    is_code = len(text) == 6 and set(text) <= set("0123456789")
    try:
        assert totp.parse_token_code(text) == text
        assert is_code
    except totp.MalformedTokenCode:
        assert not is_code


@pytest.mark.threat("T2", "T3", "T4")
@given(
    seed=seeds,
    drift=drifts,
    tries=st.lists(
        st.tuples(st.integers(min_value=0, max_value=200), offs), max_size=40
    ),
)
def test_a_token_code_is_accepted_at_most_once(
    seed: bytes, drift: int, tries: list[tuple[int, int]]
) -> None:
    """Whatever is typed when, each step succeeds once, and only ever a newer one."""
    last_step, burned = -1, []
    now = NOW
    for wait, off in tries:
        now += wait
        shown = totp.token_code(seed, totp.step_at(now) + drift + off)
        try:
            step = totp.verify(seed, shown, now=now, drift=drift, last_step=last_step)
        except InvalidTokenCode:
            continue
        assert totp.token_code(seed, step) == shown
        assert abs(step - totp.step_at(now) - drift) <= totp.WINDOW
        burned.append(step)
        last_step = step
        with pytest.raises(InvalidTokenCode):
            totp.verify(seed, shown, now=now, drift=drift, last_step=last_step)
    assert burned == sorted(set(burned))


@pytest.mark.threat("T15")
@given(seed=seeds, now=times, drift=drifts)
def test_a_synced_device_is_accepted(seed: bytes, now: int, drift: int) -> None:
    """After two codes the device's next one is right, whatever its clock says."""
    here = totp.step_at(now) + drift
    pair = totp.token_code(seed, here - 1), totp.token_code(seed, here)
    synced = totp.consecutive(seed, *pair, now=now, last_step=-(10**6))
    assert synced.step - totp.step_at(now) == synced.drift
    assert abs(synced.drift) <= totp.MAX_DRIFT
    assert totp.token_code(seed, synced.step) == pair[1]
    later = now + totp.STEP
    step = totp.verify(
        seed,
        totp.token_code(seed, synced.step + 1),
        now=later,
        drift=synced.drift,
        last_step=synced.step,
    )
    assert step > synced.step


@pytest.mark.long  # a statistic over a noisy clock: for a quiet machine
@pytest.mark.threat("T133")
def test_time_does_not_tell_how_near_a_wrong_code_is() -> None:
    """Welch's t between near and far misses, 100,000 of each, stays below 4.5."""
    seed, step = Stream("timing").random(40), totp.step_at(NOW)
    window = [totp.token_code(seed, step + off) for off in (-1, 0, 1)]
    # Near: all digits but the last are right. Far: no digit is right.
    near = TokenCode(window[0][:5] + _other(code[5] for code in window))
    far = TokenCode(
        "".join(_other(code[place] for code in window) for place in range(6))
    )
    order = Stream("order").random(25_000)
    spent: dict[TokenCode, list[int]] = {near: [], far: []}
    for byte in order:
        for bit in range(4):
            pair = (near, far) if byte >> bit & 1 else (far, near)
            for code in pair:
                spent[code].append(_nanoseconds(seed, code))
    assert abs(_welch(spent[near], spent[far])) < 4.5


def _other(digits: Iterable[str]) -> str:
    """A digit that is none of these."""
    return min(set("0123456789") - set(digits))


def _nanoseconds(seed: bytes, code: TokenCode) -> int:
    """How long the refusal of a wrong code takes."""
    start = time.perf_counter_ns()
    try:
        totp.verify(seed, code, now=NOW, drift=0, last_step=-1)
    except InvalidTokenCode:
        return time.perf_counter_ns() - start
    raise AssertionError("a wrong code was accepted")


def _welch(one: list[int], two: list[int]) -> float:
    """Welch's t after the slowest twentieth of each class is left out."""
    kept = [sorted(times)[: len(times) * 19 // 20] for times in (one, two)]
    means = [statistics.fmean(times) for times in kept]
    errors = [statistics.pvariance(times) / len(times) for times in kept]
    return (means[0] - means[1]) / math.sqrt(sum(errors))
