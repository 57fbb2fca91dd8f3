"""The account's password policy, and the passwords that it refuses."""

from typing import Any

import pytest

from ostiary.identity.model import LoginProfile, User
from ostiary.services.iam.password_policy import remembered
from tests.unit.identity.minting import ACCOUNT
from tests.unit.services.iam.world import OTHER_ACCOUNT, World, caller_of, root_of

GOOD = "Correct-horse-1"
DEFAULTS = {
    "MinimumPasswordLength": 6,
    "RequireSymbols": False,
    "RequireNumbers": False,
    "RequireUppercaseCharacters": False,
    "RequireLowercaseCharacters": False,
    "AllowUsersToChangePassword": False,
    "ExpirePasswords": False,
}
VIOLATION = (
    "PasswordPolicyViolation",
    "Password does not conform to the account password policy.",
)


@pytest.fixture
def alice(world: World) -> User:
    """A user without a password."""
    return world.user("Alice")


def policy(world: World) -> Any:
    """The policy as it is shown."""
    return world.call("GetAccountPasswordPolicy")["PasswordPolicy"]


def test_a_policy_of_nothing_has_defaults(world: World) -> None:
    """Numbers that were not set are left out (facts 10.4)."""
    assert world.call("UpdateAccountPasswordPolicy") == {}
    assert policy(world) == DEFAULTS


def test_what_is_not_sent_has_its_default_again(world: World) -> None:
    """There are no partial updates."""
    every = {
        "MinimumPasswordLength": 10,
        "RequireSymbols": True,
        "RequireNumbers": True,
        "RequireUppercaseCharacters": True,
        "RequireLowercaseCharacters": True,
        "AllowUsersToChangePassword": True,
        "MaxPasswordAge": 60,
        "PasswordReusePrevention": 3,
        "HardExpiry": True,
    }
    world.call("UpdateAccountPasswordPolicy", **every)
    assert policy(world) == every | {"ExpirePasswords": True}
    world.call("UpdateAccountPasswordPolicy", HardExpiry=False)
    assert policy(world) == DEFAULTS | {"HardExpiry": False}


def test_without_a_policy(world: World) -> None:
    """Reading and deleting have different words; accounts do not share one."""
    world.call("UpdateAccountPasswordPolicy", root_of(OTHER_ACCOUNT))
    assert world.refused("GetAccountPasswordPolicy") == (
        "NoSuchEntity",
        f"The Password Policy with domain name {ACCOUNT} cannot be found.",
    )
    gone = (
        "NoSuchEntity",
        "The account policy with name PasswordPolicy cannot be found.",
    )
    assert world.refused("DeleteAccountPasswordPolicy") == gone
    world.call("UpdateAccountPasswordPolicy")
    assert world.call("DeleteAccountPasswordPolicy") == {}
    assert world.refused("DeleteAccountPasswordPolicy") == gone


@pytest.mark.parametrize(
    ("asked", "refused", "taken"),
    [
        ({"MinimumPasswordLength": 10}, "aaaaaaaaa", "aaaaaaaaaa"),
        ({"RequireSymbols": True}, 'aaaaaaA1"ä', "aaaaaa|"),
        ({"RequireNumbers": True}, "aaaaaaA-٣", "aaaaaa3"),
        ({"RequireUppercaseCharacters": True}, "aaaaaa1Ä", "aaaaaaA"),
        ({"RequireLowercaseCharacters": True}, "AAAAAA1ä", "AAAAAAa"),
        ({}, "aaaaa", "aaaaaa"),
    ],
)
def test_a_password_has_what_the_policy_asks(
    world: World, alice: User, asked: dict[str, Any], refused: str, taken: str
) -> None:
    """And nothing of what the default policy would ask besides; in ASCII only."""
    world.call("UpdateAccountPasswordPolicy", **asked)
    assert (
        world.refused("CreateLoginProfile", UserName="Alice", Password=refused)
        == VIOLATION
    )
    world.call("CreateLoginProfile", UserName="Alice", Password=taken)
    assert (
        world.refused("UpdateLoginProfile", UserName="Alice", Password=refused)
        == VIOLATION
    )
    assert (
        world.refused(
            "ChangePassword", caller_of(alice), OldPassword=taken, NewPassword=refused
        )
        == VIOLATION
    )


def test_a_policy_holds_for_passwords_to_come(world: World, alice: User) -> None:
    """One that was taken stays; without the policy the default one holds again."""
    world.call("UpdateAccountPasswordPolicy")
    world.call("CreateLoginProfile", UserName="Alice", Password="aaaaaa")
    world.call("UpdateAccountPasswordPolicy", MinimumPasswordLength=20)
    world.call("UpdateLoginProfile", UserName="Alice", PasswordResetRequired=True)
    world.call("DeleteAccountPasswordPolicy")
    assert (
        world.refused("UpdateLoginProfile", UserName="Alice", Password="bbbbbb")
        == VIOLATION
    )


def test_a_password_is_not_used_again(world: World, alice: User) -> None:
    """Neither the present one nor the ones before it, as far as the policy goes."""
    world.call("UpdateAccountPasswordPolicy", PasswordReusePrevention=2)
    world.call("CreateLoginProfile", UserName="Alice", Password=f"{GOOD}-0")
    world.now += 10
    world.call("UpdateLoginProfile", UserName="Alice", Password=f"{GOOD}-1")
    me, old = caller_of(alice), f"{GOOD}-1"
    for number in (0, 1):
        again = f"{GOOD}-{number}"
        assert (
            world.refused("ChangePassword", me, OldPassword=old, NewPassword=again)
            == VIOLATION
        )
        assert (
            world.refused("UpdateLoginProfile", UserName="Alice", Password=again)
            == VIOLATION
        )
    world.now += 10
    world.call("ChangePassword", me, OldPassword=old, NewPassword=f"{GOOD}-2")
    world.call("ChangePassword", me, OldPassword=f"{GOOD}-2", NewPassword=f"{GOOD}-0")
    with world.store.read() as view:
        profile = view.find(LoginProfile, alice.id)
    assert profile is not None
    assert profile.changed == profile.created + 20
    assert GOOD not in profile.history


def test_history_is_as_long_as_a_policy_may_ask(world: World, alice: User) -> None:
    """Twenty-four with the present one; older hashes are forgotten."""
    world.call("CreateLoginProfile", UserName="Alice", Password=GOOD)
    with world.store.read() as view:
        profile = view.find(LoginProfile, alice.id)
    assert profile is not None
    for number in range(30):
        history = remembered(profile)
        profile = LoginProfile(
            user=profile.user, password_hash=f"h{number}", reset_required=False,
            created=profile.created, changed=profile.changed, history=history,
        )  # fmt: skip
    assert profile.history.count("h") == 23
    assert profile.history.startswith('["h28", ')
