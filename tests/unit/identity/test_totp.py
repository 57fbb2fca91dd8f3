"""Token codes: the published vectors, the window, the ledger, and typed seeds."""

import base64
import inspect
import json
import sys
from pathlib import Path
from types import FrameType

import pyotp
import pytest

from ostiary.identity import ids, totp
from ostiary.identity.totp import (
    InvalidTokenCode,
    MalformedTokenCode,
    TokenCode,
    UsedTokenCode,
)
from tests.unit.identity.minting import NOW, Stream

VECTORS = json.loads(Path(__file__).with_name("rfc6238.json").read_text())
SEED = ids.seed(Stream("totp"))
HERE = totp.step_at(NOW)
FREE = -1


def code(step: int, seed: bytes = SEED) -> TokenCode:
    """What the device shows, `step` steps from now."""
    return totp.token_code(seed, HERE + step)


def wrong(seed: bytes = SEED, reach: int = 1) -> TokenCode:
    """A code that no step within reach has."""
    near = {code(step, seed) for step in range(-reach, reach + 1)}
    return next(
        TokenCode(text) for text in (f"{n:06d}" for n in range(99)) if text not in near
    )


# --- the code itself


@pytest.mark.parametrize("vector", VECTORS["codes"], ids=lambda v: v["eight"])
def test_rfc_6238_vectors(vector: dict[str, str | int]) -> None:
    """The SHA-1 rows of RFC 6238's appendix B hold, cut to six digits."""
    seed = VECTORS["seed"].encode()
    assert totp.step_at(float(vector["now"])) == vector["step"]
    assert totp.token_code(seed, int(vector["step"])) == vector["code"]
    assert str(vector["eight"]).endswith(str(vector["code"]))


def test_rfc_4226_vectors() -> None:
    """The ten counters of RFC 4226's appendix D hold: TOTP is HOTP over steps."""
    shown = [totp.token_code(b"12345678901234567890", count) for count in range(10)]
    assert shown == [
        "755224",
        "287082",
        "359152",
        "969429",
        "338314",
        "254676",
        "287922",
        "162583",
        "399871",
        "520489",
    ]


def test_pyotp_agrees() -> None:
    """Another implementation shows the same code, for 2,000 seeds and times."""
    mint = Stream("pyotp")
    for _ in range(2000):
        seed = mint.random(16 + mint.random(1)[0] % 49)
        now = int.from_bytes(mint.random(4), "big")
        theirs = pyotp.TOTP(base64.b32encode(seed).decode()).at(now)
        assert totp.token_code(seed, totp.step_at(now)) == theirs


@pytest.mark.parametrize(
    ("now", "step"), [(0, 0), (29.999, 0), (30, 1), (59.999, 1), (-0.5, -1)]
)
def test_a_step_is_thirty_seconds_and_rounds_down(now: float, step: int) -> None:
    """A step begins at each multiple of 30 seconds since the epoch."""
    assert totp.step_at(now) == step


# --- one spelling


@pytest.mark.threat("T5")
@pytest.mark.parametrize(
    "text",
    [
        " 123456",
        "123456 ",
        "123456\n",
        "\n123456",
        "+123456",
        "+12345",
        "-12345",
        "12_3456",
        "1_2345",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "\uff11\uff12\uff13456",
        "\u0661\u0662\u0663\u0664\u0665\u0666",
        "12345\u00b2",
        "0123456",
        "12345",
        "",
        "\0" * 6,
        "123456\0",
        "0x1234",
        "1e1000",
        "12345a",
        "12345.",
        "123456123456",
        "123456,123456",
        "12345\ud800",
    ],
    ids=ascii,
)
def test_a_code_has_one_spelling(text: str) -> None:
    """Only six ASCII digits are a token code, and the refusal does not repeat it."""
    with pytest.raises(MalformedTokenCode) as caught:
        totp.parse_token_code(text)
    assert str(caught.value) == "token code is not six ASCII digits"


@pytest.mark.threat("T5", "T6")
@pytest.mark.parametrize("text", ["123456", "000000", "999999", "000001"])
def test_six_digits_are_a_code(text: str) -> None:
    """Six ASCII digits are a token code, leading zeros kept."""
    assert totp.parse_token_code(text) == text


@pytest.mark.threat("T6")
def test_the_length_guard_is_the_right_way_round() -> None:
    """Six digits pass; one fewer and one more do not."""
    assert totp.parse_token_code("123456") == "123456"
    for text in ("12345", "1234567"):
        with pytest.raises(MalformedTokenCode):
            totp.parse_token_code(text)


# --- the window


@pytest.mark.rule("M3", "M9")
@pytest.mark.threat("T6", "T15")
@pytest.mark.parametrize("drift", [-20, -3, 0, 1, 20])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_the_three_steps_around_the_drift_pass(drift: int, off: int) -> None:
    """Codes of the device's own step and of both neighbours are accepted."""
    step = HERE + drift + off
    shown = totp.token_code(SEED, step)
    assert totp.verify(SEED, shown, now=NOW, drift=drift, last_step=FREE) == step


@pytest.mark.rule("M3", "M9")
@pytest.mark.threat("T15")
@pytest.mark.parametrize("drift", [-20, -3, 0, 1, 20])
def test_no_other_step_passes(drift: int) -> None:
    """Of the codes of steps -20 to +20 around the drift, only three are accepted."""
    passed = []
    for off in range(-20, 21):
        shown = totp.token_code(SEED, HERE + drift + off)
        try:
            totp.verify(SEED, shown, now=NOW, drift=drift, last_step=FREE)
        except InvalidTokenCode:
            continue
        passed.append(off)
    assert passed == [-1, 0, 1]


@pytest.mark.rule("M8", "M9")
@pytest.mark.threat("T6")
def test_a_wrong_code_is_refused_and_not_called_used() -> None:
    """A code of no step in the window raises, whatever the ledger says."""
    for last_step in (FREE, HERE - 1, HERE + 1):
        with pytest.raises(InvalidTokenCode) as caught:
            totp.verify(SEED, wrong(), now=NOW, drift=0, last_step=last_step)
        assert not isinstance(caught.value, UsedTokenCode)


@pytest.mark.threat("T18")
def test_codes_of_a_replaced_seed_are_refused() -> None:
    """A device made anew has a new seed, which shows none of the old codes."""
    mint = Stream("replaced")
    old, new = ids.seed(mint), ids.seed(mint)
    for step in (-1, 0, 1):
        with pytest.raises(InvalidTokenCode):
            totp.verify(new, code(step, old), now=NOW, drift=0, last_step=FREE)


@pytest.mark.threat("T16")
def test_time_is_an_argument_without_a_default() -> None:
    """Both verifiers take `now` from their caller, by name, and have no other clock."""
    for function in (totp.verify, totp.consecutive):
        now = inspect.signature(function).parameters["now"]
        assert now.kind is inspect.Parameter.KEYWORD_ONLY
        assert now.default is inspect.Parameter.empty
    shown = code(0)
    totp.verify(SEED, shown, now=NOW, drift=0, last_step=FREE)
    with pytest.raises(InvalidTokenCode):
        totp.verify(SEED, shown, now=NOW + 90, drift=0, last_step=FREE)


def test_the_window_may_reach_before_the_epoch() -> None:
    """A test that begins at second 0 is refused or accepted, never broken."""
    assert totp.verify(
        SEED, totp.token_code(SEED, 0), now=0, drift=0, last_step=FREE
    ) == (0)
    with pytest.raises(InvalidTokenCode):
        totp.verify(SEED, wrong(), now=0, drift=-20, last_step=FREE)


# --- the ledger


@pytest.mark.rule("M9")
@pytest.mark.threat("T4", "T5")
def test_the_ledger_only_moves_forward() -> None:
    """After a success at step n, the codes of n and n-1 are used; n+1 is not."""
    last = totp.verify(SEED, code(0), now=NOW, drift=0, last_step=FREE)
    for used in (0, -1):
        with pytest.raises(UsedTokenCode):
            totp.verify(SEED, code(used), now=NOW, drift=0, last_step=last)
    assert totp.verify(SEED, code(1), now=NOW, drift=0, last_step=last) == last + 1


@pytest.mark.threat("T4")
def test_a_used_code_is_an_invalid_code() -> None:
    """Whoever catches the invalid code catches the used one: one answer for both."""
    assert issubclass(UsedTokenCode, InvalidTokenCode)


def test_a_code_that_two_steps_share_dies_with_both() -> None:
    """When two steps of a window show one code, the newer step is burned."""
    seed, step = _seed_with_twins()
    shown = totp.token_code(seed, step)
    now = (step + 1) * totp.STEP
    burned = totp.verify(seed, shown, now=now, drift=0, last_step=FREE)
    assert totp.token_code(seed, burned) == shown
    with pytest.raises(UsedTokenCode):
        totp.verify(seed, shown, now=now, drift=0, last_step=burned)


def _seed_with_twins() -> tuple[bytes, int]:
    """A seed and a step whose code comes again one or two steps later."""
    seed = b"12345678901234567890"
    before = ("", "")
    for step in range(1_000_000, 4_000_000):
        shown = totp.token_code(seed, step)
        if shown in before:
            return seed, step - 2 + before.index(shown)
        before = (before[1], shown)
    raise AssertionError("no twins among three million steps")


@pytest.mark.threat("T22")
def test_refusals_do_not_repeat_the_code() -> None:
    """No exception of a verifier holds what was typed."""
    for shown, last_step in ((code(0), HERE), (wrong(), FREE)):
        with pytest.raises(InvalidTokenCode) as caught:
            totp.verify(SEED, shown, now=NOW, drift=0, last_step=last_step)
        assert shown not in repr(caught.value)


# --- same work


def _calls(run: object) -> int:
    """How many codes are computed while something runs."""
    count = 0

    def watch(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code is totp.token_code.__code__

    assert callable(run)
    sys.setprofile(watch)
    try:
        run()
    except InvalidTokenCode:
        pass
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.threat("T133")
@pytest.mark.parametrize("shown", [code(-1), code(0), code(1), wrong()])
@pytest.mark.parametrize("last_step", [FREE, HERE + 1])
def test_all_three_codes_are_always_computed(shown: TokenCode, last_step: int) -> None:
    """The number of codes computed tells nothing about which was right."""
    computed = _calls(
        lambda: totp.verify(SEED, shown, now=NOW, drift=0, last_step=last_step)
    )
    assert computed == 3


@pytest.mark.threat("T133")
@pytest.mark.parametrize("first", [code(-20), code(19), wrong(reach=22)])
def test_all_candidates_of_two_codes_are_always_computed(first: TokenCode) -> None:
    """Resync computes 42 codes, wherever the right ones are."""
    second = code(20)
    computed = _calls(
        lambda: totp.consecutive(SEED, first, second, now=NOW, last_step=FREE)
    )
    assert computed == 42


# --- two consecutive codes


@pytest.mark.threat("T15")
@pytest.mark.parametrize("drift", [-20, -19, -1, 0, 1, 19, 20])
def test_two_consecutive_codes_tell_the_drift(drift: int) -> None:
    """Codes n and n+1 up to 20 steps away put the ledger at n+1 and store the drift."""
    synced = totp.consecutive(
        SEED, code(drift - 1), code(drift), now=NOW, last_step=FREE
    )
    assert synced == totp.Synced(step=HERE + drift, drift=drift)


@pytest.mark.threat("T15")
@pytest.mark.parametrize(
    ("older", "newer"),
    [(0, 0), (0, -1), (1, 0), (0, 2), (-2, 0), (-22, -21), (20, 21), (-40, -39)],
)
def test_other_pairs_are_refused(older: int, newer: int) -> None:
    """The same code twice, reversed, with a gap, or too far away: all refused."""
    with pytest.raises(InvalidTokenCode) as caught:
        totp.consecutive(SEED, code(older), code(newer), now=NOW, last_step=FREE)
    assert not isinstance(caught.value, UsedTokenCode)


@pytest.mark.threat("T15")
def test_one_right_code_of_two_is_refused() -> None:
    """A wrong code in either place refuses the pair."""
    bad = wrong(reach=22)
    for pair in ((bad, code(0)), (code(-1), bad), (bad, bad)):
        with pytest.raises(InvalidTokenCode):
            totp.consecutive(SEED, *pair, now=NOW, last_step=FREE)


@pytest.mark.threat("T3", "T15")
@pytest.mark.parametrize("last", [-1, 0, 1])
def test_codes_used_elsewhere_cannot_sync(last: int) -> None:
    """A pair is refused when either of its codes was used in another call."""
    with pytest.raises(UsedTokenCode):
        totp.consecutive(SEED, code(-1), code(0), now=NOW, last_step=HERE + last)
    totp.consecutive(SEED, code(-1), code(0), now=NOW, last_step=HERE - 2)


@pytest.mark.threat("T3")
def test_both_codes_of_a_sync_are_used_up() -> None:
    """After Enable or Resync neither code is good for a session; the next one is."""
    synced = totp.consecutive(SEED, code(3), code(4), now=NOW, last_step=FREE)
    for used in (3, 4):
        with pytest.raises(UsedTokenCode):
            totp.verify(
                SEED, code(used), now=NOW, drift=synced.drift, last_step=synced.step
            )
    step = totp.verify(
        SEED, code(5), now=NOW, drift=synced.drift, last_step=synced.step
    )
    assert step == synced.step + 1
