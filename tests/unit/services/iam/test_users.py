"""Users: CreateUser, GetUser, UpdateUser, DeleteUser, ListUsers."""

from collections.abc import Callable

import pytest

from ostiary.identity.model import AccessKey, LoginProfile, MFADevice, User
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import (
    ALLOW_ALL,
    OTHER_ACCOUNT,
    World,
    caller_of,
    root_of,
    session_of,
)


def test_create_user_answers_with_the_user(world: World) -> None:
    """The answer holds path, name, id, ARN and date; no tags and no boundary if unset."""
    user = world.call("CreateUser", UserName="Alice", Path="/dev/")["User"]
    assert user == {
        "Path": "/dev/",
        "UserName": "Alice",
        "UserId": world.get(User, "Alice").id,
        "Arn": f"arn:aws:iam::{ACCOUNT}:user/dev/Alice",
        "CreateDate": NOW,
    }
    assert user["UserId"].startswith("AIDA")
    assert len(user["UserId"]) == 21


def test_the_path_of_a_user_is_a_slash_by_default(world: World) -> None:
    """Without Path the ARN is `user/NAME`."""
    user = world.call("CreateUser", UserName="Alice")["User"]
    assert (user["Path"], user["Arn"]) == ("/", f"arn:aws:iam::{ACCOUNT}:user/Alice")


def test_create_user_shows_boundary_and_sorted_tags(world: World) -> None:
    """Tags come back sorted by key, upper case first; the boundary's type is Policy (facts 10.9)."""
    boundary = world.policy("limit")
    tags = [
        {"Key": "b", "Value": "1"},
        {"Key": "a", "Value": ""},
        {"Key": "Z", "Value": "2"},
    ]
    created = world.call(
        "CreateUser", UserName="Alice", PermissionsBoundary=boundary, Tags=tags
    )["User"]
    assert created["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": boundary,
    }
    assert created["Tags"] == [
        {"Key": "Z", "Value": "2"},
        {"Key": "a", "Value": ""},
        {"Key": "b", "Value": "1"},
    ]
    assert world.call("GetUser", UserName="Alice")["User"] == created


@pytest.mark.threat("T58")
@pytest.mark.parametrize("name", ["Alice", "alice", "ALICE"])
def test_names_are_unique_whatever_their_case(world: World, name: str) -> None:
    """`Alice` and `alice` clash; the message shows the name that was sent (facts 10.5)."""
    world.user("Alice", Path="/a/")
    assert world.refused("CreateUser", UserName=name, Path="/b/") == (
        "EntityAlreadyExists",
        f"User with name {name} already exists.",
    )


@pytest.mark.threat("T58")
def test_users_are_found_whatever_the_case_and_shown_as_created(world: World) -> None:
    """Case is kept for display and ignored for look-up (facts 10.1)."""
    world.user("Alice")
    assert world.call("GetUser", UserName="aLICE")["User"]["UserName"] == "Alice"


def test_accounts_do_not_share_names(world: World) -> None:
    """A name is unique in its account only, and no account sees another's users."""
    world.user("Alice")
    other = root_of(OTHER_ACCOUNT)
    assert world.refused("GetUser", other, UserName="Alice")[0] == "NoSuchEntity"
    world.call("CreateUser", other, UserName="Alice")
    assert world.call("ListUsers", other)["Users"][0]["Arn"] == (
        f"arn:aws:iam::{OTHER_ACCOUNT}:user/Alice"
    )


@pytest.mark.parametrize("operation", ["GetUser", "UpdateUser", "DeleteUser"])
def test_an_unknown_user_cannot_be_found(world: World, operation: str) -> None:
    """The message names the user (facts 10.4)."""
    assert world.refused(operation, UserName="Nobody") == (
        "NoSuchEntity",
        "The user with name Nobody cannot be found.",
    )


def test_get_user_without_a_name_is_the_caller(world: World) -> None:
    """An omitted UserName stands for the caller's own user (facts 10.9)."""
    caller = caller_of(world.user("Alice"))
    assert world.call("GetUser", caller)["User"]["UserName"] == "Alice"


def test_get_user_without_a_name_knows_a_renamed_caller(world: World) -> None:
    """The caller is known by unique id: a new name during a session does no harm."""
    caller = caller_of(world.user("Alice"))
    world.call("UpdateUser", UserName="Alice", NewUserName="Alicia")
    world.user("Alice")
    assert world.call("GetUser", caller)["User"]["UserName"] == "Alicia"


def test_get_user_without_a_name_by_a_deleted_user(world: World) -> None:
    """A user who is gone is not taken for a new one of the same name (T34)."""
    caller = caller_of(world.user("Alice"))
    world.call("DeleteUser", UserName="Alice")
    world.user("Alice")
    assert world.refused("GetUser", caller) == (
        "NoSuchEntity",
        "The user with name Alice cannot be found.",
    )


@pytest.mark.threat("T95")
def test_get_user_without_a_name_by_a_role_session(world: World) -> None:
    """Who is no user must say whom he means (facts 10.8)."""
    caller = session_of(world.role("Ops", trusting(ACCOUNT)))
    assert world.refused("GetUser", caller) == (
        "ValidationError",
        "Must specify userName when calling with non-User credentials",
    )


def test_get_user_without_a_name_by_root_is_root(world: World) -> None:
    """Root sees itself: an id and an ARN, but neither name nor path."""
    assert world.run("GetUser")["User"] == {
        "UserId": ACCOUNT,
        "Arn": f"arn:aws:iam::{ACCOUNT}:root",
        "CreateDate": NOW,
    }


def test_renaming_keeps_the_id_and_everything_that_hangs_on_it(world: World) -> None:
    """A new name and path change the ARN; id, groups and policies stay (facts 10.9)."""
    before = world.user("Alice")
    world.call("CreateGroup", GroupName="Devs")
    world.call("AddUserToGroup", GroupName="Devs", UserName="Alice")
    world.call(
        "PutUserPolicy", UserName="Alice", PolicyName="p", PolicyDocument=ALLOW_ALL
    )
    world.call("UpdateUser", UserName="Alice", NewUserName="Alicia", NewPath="/x/")
    after = world.call("GetUser", UserName="Alicia")["User"]
    assert (after["UserId"], after["Arn"]) == (
        before.id,
        f"arn:aws:iam::{ACCOUNT}:user/x/Alicia",
    )
    assert [
        g["GroupName"]
        for g in world.call("ListGroupsForUser", UserName="Alicia")["Groups"]
    ] == ["Devs"]
    assert world.call("ListUserPolicies", UserName="Alicia")["PolicyNames"] == ["p"]
    assert world.refused("GetUser", UserName="Alice")[0] == "NoSuchEntity"


def test_a_user_may_change_the_case_of_its_own_name(world: World) -> None:
    """The own name is not taken by somebody else."""
    world.user("alice")
    world.call("UpdateUser", UserName="alice", NewUserName="Alice")
    assert world.call("GetUser", UserName="alice")["User"]["UserName"] == "Alice"


def test_a_user_cannot_be_renamed_to_a_taken_name(world: World) -> None:
    """The taken name is refused as at creation."""
    world.user("Alice")
    world.user("Bob")
    assert world.refused("UpdateUser", UserName="Bob", NewUserName="ALICE") == (
        "EntityAlreadyExists",
        "User with name ALICE already exists.",
    )


@pytest.mark.threat("T34")
def test_a_user_made_again_is_somebody_else(world: World) -> None:
    """Names are reused, ids are not (facts 10.1)."""
    first = world.user("Alice")
    world.call("DeleteUser", UserName="Alice")
    assert world.user("Alice").id != first.id


def _attach(world: World, user: User) -> None:
    world.call("AttachUserPolicy", UserName=user.name, PolicyArn=world.policy("p"))


def _put_inline(world: World, user: User) -> None:
    world.call(
        "PutUserPolicy", UserName=user.name, PolicyName="p", PolicyDocument=ALLOW_ALL
    )


def _join(world: World, user: User) -> None:
    world.call("CreateGroup", GroupName="Devs")
    world.call("AddUserToGroup", GroupName="Devs", UserName=user.name)


def _give_key(world: World, user: User) -> None:
    with world.store.change() as change:
        change.insert(
            AccessKey(
                id="AKIA1",
                account=user.account,
                user=user.id,
                secret=b"",
                status="Inactive",
                created=NOW,
            )
        )


def _give_password(world: World, user: User) -> None:
    with world.store.change() as change:
        change.insert(
            LoginProfile(
                user=user.id,
                password_hash="",
                reset_required=False,
                created=NOW,
                changed=NOW,
                history="[]",
            )
        )


def _give_device(world: World, user: User) -> None:
    with world.store.change() as change:
        change.insert(
            MFADevice(
                serial="GAHT12345678", account=user.account, kind="hardware", id="d", seed=b"", user=user.id,
                created=NOW, enabled=NOW, drift=0, last_step=-1, tags=(),
            )
        )  # fmt: skip


@pytest.mark.threat("T99")
@pytest.mark.parametrize(
    ("hang", "message"),
    [
        (_attach, "Cannot delete entity, must detach all policies first."),
        (_put_inline, "Cannot delete entity, must delete policies first."),
        (_join, "Cannot delete entity, must remove users from group first."),
        (_give_key, "Cannot delete entity, must delete access keys first."),
        (_give_password, "Cannot delete entity, must delete login profile first."),
        (_give_device, "Cannot delete entity, must delete MFA device first."),
    ],
)
def test_what_hangs_on_a_user_keeps_it(
    world: World, hang: Callable[[World, User], None], message: str
) -> None:
    """Nothing is deleted along with a user: each thing is a conflict (facts 10.6)."""
    hang(world, world.user("Alice"))
    assert world.refused("DeleteUser", UserName="Alice") == ("DeleteConflict", message)


def test_a_deleted_user_is_gone(world: World) -> None:
    """DeleteUser answers with nothing and frees the name."""
    world.user("Alice")
    assert world.call("DeleteUser", UserName="Alice") == {}
    assert world.call("ListUsers") == {"Users": [], "IsTruncated": False}


def test_list_users_is_sorted_and_filtered_by_path(world: World) -> None:
    """Lists leave out tags and boundary; a path prefix is any beginning (facts 10.9)."""
    world.user(
        "bob",
        Path="/dev/",
        Tags=[{"Key": "k", "Value": "v"}],
        PermissionsBoundary=world.policy("p"),
    )
    world.user("Alice", Path="/dev/x/")
    world.user("carol", Path="/ops/")
    users = world.call("ListUsers")["Users"]
    assert [user["UserName"] for user in users] == ["Alice", "bob", "carol"]
    assert set(users[1]) == {"Path", "UserName", "UserId", "Arn", "CreateDate"}
    found = world.call("ListUsers", PathPrefix="/de")["Users"]
    assert [user["UserName"] for user in found] == ["Alice", "bob"]
    assert world.call("ListUsers", PathPrefix="/dev/x/")["Users"] == users[:1]


@pytest.mark.threat("T147")
@pytest.mark.parametrize("prefix", ["/%", "/_ev/", "/dev'--/", "/*", "/DEV/"])
def test_a_path_prefix_is_text(world: World, prefix: str) -> None:
    """No character of a prefix has a meaning, and letters' case counts."""
    world.user("Alice", Path="/dev/")
    assert world.call("ListUsers", PathPrefix=prefix)["Users"] == []


def test_the_account_holds_so_many_users(world: World) -> None:
    """The 5001st user is refused (facts 10.2)."""
    world.fill(
        [
            User(
                id=f"AIDA{number}",
                account=ACCOUNT,
                name=f"u{number}",
                path="/",
                created=NOW,
                tags=(),
                boundary="",
            )
            for number in range(5000)
        ]
    )
    assert world.refused("CreateUser", UserName="one-more") == (
        "LimitExceeded",
        "Cannot exceed quota for UsersPerAccount: 5000",
    )


@pytest.mark.parametrize(
    ("boundary", "code", "message"),
    [
        ("arn:aws:iam::1:user/not-a-policy", "InvalidInput", "ARN {} is not valid."),
        ("twenty characters at least", "InvalidInput", "ARN {} is not valid."),
        (
            f"arn:aws:iam::{ACCOUNT}:policy/none",
            "NoSuchEntity",
            "Scope ARN: {} does not exist or is not attachable.",
        ),
    ],
)
def test_a_boundary_must_be_a_policy(
    world: World, boundary: str, code: str, message: str
) -> None:
    """A bad ARN is InvalidInput here, and a missing policy NoSuchEntity (facts 10.4, 10.8)."""
    refusal = world.refused(
        "CreateUser", UserName="Alice", PermissionsBoundary=boundary
    )
    assert refusal == (code, message.format(boundary))
