"""Laws of identifiers and of the try budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity import ids, tries
from ostiary.identity.tries import DAY, FRESH
from tests.unit.identity.minting import NOW, OperatingSystem

MINT = OperatingSystem()


@given(account=st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_every_access_key_id_names_its_account(account: str) -> None:
    """Whatever the account, both kinds of id give it back, and differ each time."""
    made = {
        ids.access_key_id(MINT, account, prefix)
        for prefix in ("AKIA", "ASIA", "AKIA", "ASIA")
    }
    assert {ids.account_of(made_id) for made_id in made} == {account}
    assert len(made) == 4


@given(text=st.text(max_size=30) | st.from_regex(r"A[KS]IA[A-Z2-7]{16}"))
def test_an_account_is_twelve_digits_or_none(text: str) -> None:
    """No text makes `account_of` raise, or give anything but an account id."""
    account = ids.account_of(text)
    assert account is None or (len(account) == 12 and account.isdigit())


@pytest.mark.threat("T9", "T10")
@given(gaps=st.lists(st.integers(min_value=0, max_value=7200), max_size=300))
def test_no_day_has_more_than_34_guesses(gaps: list[int]) -> None:
    """However an attacker times the guesses, any 24 hours compare at most 34."""
    state, now = FRESH, NOW
    compared: list[int] = []
    for gap in gaps:
        now += gap
        if tries.may_try(state, now).is_allowed:
            state = tries.reserved(state, now)
            compared.append(now)
            today = sum(now - past < DAY for past in compared)
            assert today <= 34
            assert tries.recent_failures(state, now) >= today


@pytest.mark.threat("T12", "T13")
@given(
    guesses=st.lists(
        st.tuples(st.integers(min_value=0, max_value=40), st.integers(0, 1800)),
        max_size=400,
    )
)
def test_no_day_has_more_than_100_guesses_at_a_device(
    guesses: list[tuple[int, int]],
) -> None:
    """Over all credentials, deleted ones too, 24 hours compare at most 100 codes."""
    rows = dict.fromkeys(range(41), FRESH)
    now, compared = NOW, []
    for credential, gap in guesses:
        now += gap
        own = rows[credential]
        device = tries.may_try_device(own, rows.values(), now)
        if device.is_allowed and tries.may_try(own, now).is_allowed:
            rows[credential] = tries.reserved(own, now)
            compared.append(now)
            assert sum(now - past < DAY for past in compared) <= tries.DEVICE_CAP


@given(failures=st.integers(min_value=0, max_value=10**9))
def test_waits_never_get_shorter(failures: int) -> None:
    """One more failure never shortens the wait, and no wait passes an hour."""
    assert tries.wait_after(failures) <= tries.wait_after(failures + 1) <= 3600
