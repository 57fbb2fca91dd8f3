"""Console passwords."""

from pathlib import Path
from typing import Any

import pytest

from ostiary.identity.caller import Caller
from ostiary.identity.model import LoginProfile, User
from ostiary.identity.passwords import WrongPassword, verify_password
from ostiary.identity.secret import Secret
from ostiary.services.errors import ServiceError
from ostiary.services.iam.login import Finish
from ostiary.services.iam.operations import OPERATIONS
from ostiary.services.operation import Call, SlowChangeOperation
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.estate import estate, with_session
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import World, caller_of, root_of, session_of

PASSWORD = "correct Horse 1"
POLICY = (
    "PasswordPolicyViolation",
    "Password does not conform to the account password policy.",
)
NONE = ("NoSuchEntity", "Login Profile for User Alice cannot be found.")


@pytest.fixture
def alice(world: World) -> User:
    """A user without a password."""
    return world.user("Alice")


def kept(world: World, user: User) -> LoginProfile:
    """What is kept of the user's password."""
    with world.store.read() as view:
        profile = view.find(LoginProfile, user.id)
    assert profile is not None
    return profile


def test_a_user_gets_one_password(world: World, alice: User) -> None:
    """The answer tells when, not what; a second one is refused (facts 10.5)."""
    shown = {"UserName": "Alice", "CreateDate": NOW, "PasswordResetRequired": True}
    params: Any = {"UserName": "alice", "Password": PASSWORD}
    created = world.call("CreateLoginProfile", **params, PasswordResetRequired=True)
    assert created == {"LoginProfile": shown}
    assert world.call("GetLoginProfile", UserName="Alice") == created
    assert world.call("GetLoginProfile", caller_of(alice)) == created
    assert world.refused("CreateLoginProfile", **params) == (
        "EntityAlreadyExists",
        "Login Profile for user Alice already exists.",
    )


@pytest.mark.threat("T107", "T123")
def test_of_a_password_only_its_hash_is_kept(tmp_path: Path) -> None:
    """Argon2id; the text is in no file and in no answer."""
    house = estate(tmp_path)
    alice = house.user("Alice")
    result = house.call("CreateLoginProfile", UserName="Alice", Password=PASSWORD)
    assert PASSWORD not in repr(result)
    profile = kept(house, alice)
    assert profile.password_hash.startswith("$argon2id$")
    verify_password(profile.password_hash, Secret(PASSWORD))
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"$argon2id$" in files
    assert PASSWORD.encode() not in files


@pytest.mark.parametrize(
    "password",
    ["short1A", "alllowercase", "lower1234", "ALLUPPER1", "12345678", "Äöüäöüäö"],
)
def test_weak_passwords_are_refused(world: World, alice: User, password: str) -> None:
    """Eight characters, and three of four kinds: AWS's policy without a policy."""
    refused = world.refused("CreateLoginProfile", UserName="Alice", Password=password)
    assert refused == POLICY
    assert password not in repr(refused)


@pytest.mark.parametrize("password", ["Lower123", "lower-123", "UPPER-123", "äbcDEFG1"])
def test_three_kinds_of_characters_are_enough(
    world: World, alice: User, password: str
) -> None:
    """Whichever three."""
    world.call("CreateLoginProfile", UserName="Alice", Password=password)
    verify_password(kept(world, alice).password_hash, Secret(password))


def test_a_password_is_not_the_users_name(world: World) -> None:
    """In no letter case."""
    world.user("Alice2026")
    assert (
        world.refused("CreateLoginProfile", UserName="Alice2026", Password="aLICE2026")
        == POLICY
    )


def test_a_profile_needs_a_password(world: World, alice: User) -> None:
    """The newer model lets clients leave it out; a user cannot do without."""
    assert world.refused("CreateLoginProfile", modelled=False, UserName="Alice") == (
        "ValidationError",
        "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null",
    )


def test_an_administrator_sets_another(world: World, alice: User) -> None:
    """What is left out of an update stays as it is."""
    world.call("CreateLoginProfile", UserName="Alice", Password=PASSWORD)
    first = kept(world, alice)
    world.call("UpdateLoginProfile", UserName="Alice", PasswordResetRequired=True)
    second = kept(world, alice)
    assert second.password_hash == first.password_hash
    assert second.reset_required
    world.call("UpdateLoginProfile", UserName="Alice", Password="another Horse 2")
    third = kept(world, alice)
    verify_password(third.password_hash, Secret("another Horse 2"))
    assert third.reset_required
    assert third.created == NOW
    with pytest.raises(WrongPassword):
        verify_password(third.password_hash, Secret(PASSWORD))
    refused = world.refused("UpdateLoginProfile", UserName="Alice", Password="weak")
    assert refused == POLICY


def test_without_a_password_there_is_nothing_to_do(world: World, alice: User) -> None:
    """Get, update, delete and change: NoSuchEntity (facts 10.4)."""
    for operation in ("GetLoginProfile", "DeleteLoginProfile"):
        assert world.refused(operation, UserName="Alice") == NONE
    assert (
        world.refused("UpdateLoginProfile", UserName="Alice", Password=PASSWORD) == NONE
    )
    assert (
        world.refused(
            "ChangePassword",
            caller_of(alice),
            OldPassword=PASSWORD,
            NewPassword=PASSWORD,
        )
        == NONE
    )


def test_a_deleted_password_is_gone(world: World, alice: User) -> None:
    """The user can get another one, and can be deleted."""
    world.call("CreateLoginProfile", UserName="Alice", Password=PASSWORD)
    assert world.refused("DeleteUser", UserName="Alice") == (
        "DeleteConflict",
        "Cannot delete entity, must delete login profile first.",
    )
    world.call("DeleteLoginProfile", UserName="Alice")
    assert world.refused("GetLoginProfile", UserName="Alice") == NONE
    world.call("DeleteUser", UserName="Alice")


def test_a_user_changes_its_own_password(world: World, alice: User) -> None:
    """With the old one; a required reset is done by that."""
    world.call(
        "CreateLoginProfile",
        UserName="Alice",
        Password=PASSWORD,
        PasswordResetRequired=True,
    )
    world.call(
        "ChangePassword",
        with_session(alice, None),
        OldPassword=PASSWORD,
        NewPassword="another Horse 2",
    )
    profile = kept(world, alice)
    verify_password(profile.password_hash, Secret("another Horse 2"))
    assert not profile.reset_required


def test_a_wrong_old_password_changes_nothing(world: World, alice: User) -> None:
    """403, and neither password stands in the answer."""
    world.call("CreateLoginProfile", UserName="Alice", Password=PASSWORD)
    assert world.refused(
        "ChangePassword",
        caller_of(alice),
        OldPassword="wrong Horse 1",
        NewPassword="another Horse 2",
    ) == ("AccessDenied", "The old password was incorrect.")
    refused = world.refused(
        "ChangePassword", caller_of(alice), OldPassword=PASSWORD, NewPassword="weak"
    )
    assert refused == POLICY


def begun(world: World, operation: str, caller: Caller | None, **params: str) -> Finish:
    """An operation whose slow part is done, and nothing else."""
    call = Call(
        caller=caller or world.caller,
        params=params,
        now=world.now,
        mint=world.mint,
        vault=world.vault,
    )
    kind = OPERATIONS[operation]
    assert isinstance(kind, SlowChangeOperation)
    with world.store.read() as view:
        return kind.prepare(call, view)


def test_what_changed_during_the_hashing_is_seen(world: World, alice: User) -> None:
    """The change looks again: no second password, none of nobody, no lost update."""
    create = {"UserName": "Alice", "Password": PASSWORD}
    finish = begun(world, "CreateLoginProfile", None, **create)
    world.call("CreateLoginProfile", **create)
    with world.store.change() as change, pytest.raises(ServiceError) as caught:
        finish(change)
    assert caught.value.code == "EntityAlreadyExists"

    own = {"OldPassword": PASSWORD, "NewPassword": "another Horse 2"}
    finish = begun(world, "ChangePassword", caller_of(alice), **own)
    world.call("UpdateLoginProfile", UserName="Alice", Password="admins Horse 3")
    with world.store.change() as change, pytest.raises(ServiceError) as caught:
        finish(change)
    assert caught.value.code == "EntityTemporarilyUnmodifiable"

    finish = begun(world, "UpdateLoginProfile", None, **create)
    world.call("DeleteLoginProfile", UserName="Alice")
    with world.store.change() as change, pytest.raises(ServiceError) as caught:
        finish(change)
    assert caught.value.code == "NoSuchEntity"

    finish = begun(world, "CreateLoginProfile", None, **create)
    world.call("DeleteUser", UserName="Alice")
    with world.store.change() as change, pytest.raises(ServiceError) as caught:
        finish(change)
    assert caught.value.code == "NoSuchEntity"


def test_only_users_change_their_password(world: World, alice: User) -> None:
    """Root and roles have none here."""
    role = world.role("Admin", trusting(ACCOUNT))
    for caller in (root_of(ACCOUNT), session_of(role)):
        code, _ = world.refused(
            "ChangePassword", caller, OldPassword=PASSWORD, NewPassword=PASSWORD
        )
        assert code == "InvalidUserType"


@pytest.mark.threat("T95")
def test_a_role_has_to_name_a_user(world: World, alice: User) -> None:
    """Nothing happens to anybody by omission."""
    session = session_of(world.role("Admin", trusting(ACCOUNT)))
    for operation in ("GetLoginProfile", "DeleteLoginProfile", "CreateLoginProfile"):
        assert world.refused(operation, session, modelled=False) == (
            "ValidationError",
            "Must specify userName when calling with non-User credentials",
        )
