"""Guesses at an old password cost what guesses at a token code cost (T9 to T13)."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from ostiary.identity import tries
from ostiary.services.guesses import password_of
from ostiary.store.port import TryRow
from tests.unit.gate.whole import Answer, Keys, Whole, allow, run

OLD, NEW = "Correct-Horse-1", "Battery.Staple2"
WRONG = ("AccessDenied", "The old password was incorrect.")


async def person(whole: Whole) -> Keys:
    """A user with a password, who may change it."""
    keys = await whole.user("ann", allow("iam:ChangePassword"))
    login = {"UserName": "ann", "Password": OLD}
    await whole.good(whole.root, "iam", "CreateLoginProfile", **login)
    return keys


async def change(whole: Whole, keys: Keys, old: str, new: str = NEW) -> Answer:
    """One call of ChangePassword."""
    return await whole.call(
        keys, "iam", "ChangePassword", OldPassword=old, NewPassword=new
    )


async def guess(whole: Whole, keys: Keys, old: str = "wrong") -> str:
    """The mark in the record of a guess that is refused in the usual words."""
    answer = await change(whole, keys, old)
    assert (answer.status, answer.code, answer.message) == (403, *WRONG)
    mark: str = whole.record(answer)["marks"][0]
    return mark


@pytest.mark.threat("T9", "T103")
def test_after_five_wrong_ones_not_even_the_right_one_is_looked_at(
    tmp_path: Path,
) -> None:
    """The answer stays the same but for `Retry-After`; after the wait it is accepted."""

    async def play(whole: Whole) -> None:
        keys = await person(whole)
        assert [await guess(whole, keys) for _ in range(5)] == ["wrong"] * 5
        assert await guess(whole, keys, OLD) == "throttled"
        whole.now += 29
        refused = await change(whole, keys, OLD)
        assert (refused.code, refused.headers["retry-after"]) == ("AccessDenied", "1")
        whole.now += 1
        assert (await change(whole, keys, OLD)).status == 200
        assert [await guess(whole, keys) for _ in range(5)] == ["wrong"] * 5

    run(tmp_path, play)


@pytest.mark.threat("T10", "T103")
def test_guesses_at_once_share_one_budget(tmp_path: Path) -> None:
    """Of twelve wrong ones at the same instant five are looked at."""

    async def play(whole: Whole) -> None:
        keys = await person(whole)
        marks = await asyncio.gather(*(guess(whole, keys) for _ in range(12)))
        assert Counter(marks) == {"wrong": 5, "throttled": 7}

    run(tmp_path, play)


@pytest.mark.threat("T9")
def test_a_right_one_is_no_guess_whatever_the_new_one_is(tmp_path: Path) -> None:
    """A new password that the policy forbids costs nothing, as often as one tries."""

    async def play(whole: Whole) -> None:
        keys = await person(whole)
        for _ in range(tries.FREE + 2):
            answer = await change(whole, keys, OLD, "weak")
            assert answer.code == "PasswordPolicyViolation"
        assert (await change(whole, keys, OLD)).status == 200

    run(tmp_path, play)


@pytest.mark.threat("T12", "T13")
def test_a_thief_locks_nobody_out_and_gets_no_new_budget(tmp_path: Path) -> None:
    """Tries are counted by key; a hundred a day bar new keys, but not one that knows it."""

    async def play(whole: Whole) -> None:
        thief = await person(whole)
        made = await whole.good(whole.root, "iam", "CreateAccessKey", UserName="ann")
        owner = Keys(made.field("AccessKeyId"), made.field("SecretAccessKey"))
        for _ in range(tries.FREE):
            await guess(whole, thief)
        assert await guess(whole, thief) == "throttled"
        assert (await change(whole, owner, OLD, NEW)).status == 200

        user = whole.home.snapshot.access_keys[thief.key_id].user
        with whole.home.store.ledger() as ledger:
            for number in range(4):
                row = TryRow(
                    device=password_of(user),
                    credential=f"AKIAGONE{number}",
                    failures=34,
                    last_failure_at=int(whole.now),
                    last_success_at=tries.NEVER,
                )
                assert ledger.swap_tries(None, row)
        gone = {"UserName": "ann", "AccessKeyId": thief.key_id}
        await whole.good(whole.root, "iam", "DeleteAccessKey", **gone)
        made = await whole.good(whole.root, "iam", "CreateAccessKey", UserName="ann")
        fresh = Keys(made.field("AccessKeyId"), made.field("SecretAccessKey"))
        assert await guess(whole, fresh, NEW) == "throttled"
        assert (await change(whole, owner, NEW, OLD)).status == 200

    run(tmp_path, play)


@pytest.mark.threat("T12")
@pytest.mark.parametrize("way", ["UpdateLoginProfile", "DeleteLoginProfile"])
def test_an_administrator_sets_the_tries_back(way: str, tmp_path: Path) -> None:
    """A password that somebody else sets starts anew, and a deleted one leaves nothing."""

    async def play(whole: Whole) -> None:
        keys = await person(whole)
        for _ in range(tries.FREE):
            await guess(whole, keys)
        new = {"Password": NEW} if way == "UpdateLoginProfile" else {}
        await whole.good(whole.root, "iam", way, UserName="ann", **new)
        user = whole.home.snapshot.access_keys[keys.key_id].user
        with whole.home.store.ledger() as ledger:
            assert ledger.tries(password_of(user)) == []
        if not new:
            again = {"UserName": "ann", "Password": NEW}
            await whole.good(whole.root, "iam", "CreateLoginProfile", **again)
        assert (await change(whole, keys, NEW, OLD)).status == 200

    run(tmp_path, play)


def test_without_a_password_nothing_is_counted(tmp_path: Path) -> None:
    """Whoever has no password gets the service's answer, and leaves no row."""

    async def play(whole: Whole) -> None:
        keys = await whole.user("ann", allow("iam:ChangePassword"))
        for _ in range(tries.FREE + 2):
            answer = await change(whole, keys, OLD)
            assert answer.code == "NoSuchEntity"
        user = whole.home.snapshot.access_keys[keys.key_id].user
        with whole.home.store.ledger() as ledger:
            assert ledger.tries(password_of(user)) == []

    run(tmp_path, play)
