"""Groups, and who is in them."""

import pytest

from ostiary.identity.model import Group, Membership
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.world import ALLOW_ALL, World


def test_create_group_answers_with_the_group(world: World) -> None:
    """The answer holds path, name, id, ARN and date."""
    group = world.call("CreateGroup", GroupName="Devs", Path="/eu/")["Group"]
    assert group == {
        "Path": "/eu/",
        "GroupName": "Devs",
        "GroupId": world.get(Group, "Devs").id,
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/eu/Devs",
        "CreateDate": NOW,
    }
    assert group["GroupId"].startswith("AGPA")


@pytest.mark.threat("T58")
def test_group_names_are_unique_whatever_their_case(world: World) -> None:
    """`ADMINS` and `admins` clash (facts 10.1, 10.5)."""
    world.call("CreateGroup", GroupName="ADMINS")
    assert world.refused("CreateGroup", GroupName="admins") == (
        "EntityAlreadyExists",
        "Group with name admins already exists.",
    )


def test_a_group_may_be_called_as_a_user(world: World) -> None:
    """Users, groups and roles have names of their own."""
    world.user("Alice")
    world.call("CreateGroup", GroupName="Alice")


@pytest.mark.parametrize("operation", ["GetGroup", "UpdateGroup", "DeleteGroup"])
def test_an_unknown_group_cannot_be_found(world: World, operation: str) -> None:
    """The message names the group (facts 10.4)."""
    assert world.refused(operation, GroupName="none") == (
        "NoSuchEntity",
        "The group with name none cannot be found.",
    )


@pytest.mark.parametrize("operation", ["AddUserToGroup", "RemoveUserFromGroup"])
def test_an_unknown_user_is_reported_before_an_unknown_group(
    world: World, operation: str
) -> None:
    """With both unknown the message is about the user (facts 10.4)."""
    both = world.refused(operation, GroupName="none", UserName="Nobody")
    assert both == ("NoSuchEntity", "The user with name Nobody cannot be found.")
    world.user("Alice")
    group = world.refused(operation, GroupName="none", UserName="Alice")
    assert group == ("NoSuchEntity", "The group with name none cannot be found.")


def test_a_user_may_be_added_twice(world: World) -> None:
    """AddUserToGroup says what shall be true afterwards."""
    world.user("Alice")
    world.call("CreateGroup", GroupName="Devs")
    for _ in range(2):
        world.call("AddUserToGroup", GroupName="DEVS", UserName="alice")
    result = world.call("GetGroup", GroupName="Devs")
    assert [user["UserName"] for user in result["Users"]] == ["Alice"]
    assert result["Group"]["GroupName"] == "Devs"


def test_a_removed_user_is_out(world: World) -> None:
    """RemoveUserFromGroup ends the membership; who is not in may be removed as well."""
    world.user("Alice")
    world.call("CreateGroup", GroupName="Devs")
    world.call("AddUserToGroup", GroupName="Devs", UserName="Alice")
    assert world.call("RemoveUserFromGroup", GroupName="Devs", UserName="Alice") == {}
    assert world.call("GetGroup", GroupName="Devs")["Users"] == []
    assert world.call("RemoveUserFromGroup", GroupName="Devs", UserName="Alice") == {}


def test_a_user_is_in_ten_groups_at_most(world: World) -> None:
    """The eleventh group is refused; one of the ten may be named again (facts 10.2)."""
    world.user("Alice")
    for number in range(11):
        world.call("CreateGroup", GroupName=f"g{number}")
    for number in range(10):
        world.call("AddUserToGroup", GroupName=f"g{number}", UserName="Alice")
    assert world.refused("AddUserToGroup", GroupName="g10", UserName="Alice") == (
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerUser: 10",
    )
    world.call("AddUserToGroup", GroupName="g3", UserName="Alice")


def test_renaming_a_group_keeps_id_and_members(world: World) -> None:
    """A new name and path change the ARN only (facts 10.9)."""
    world.user("Alice")
    before = world.call("CreateGroup", GroupName="Devs")["Group"]
    world.call("AddUserToGroup", GroupName="Devs", UserName="Alice")
    world.call("UpdateGroup", GroupName="Devs", NewGroupName="Ops", NewPath="/p/")
    result = world.call("GetGroup", GroupName="Ops")
    assert result["Group"]["GroupId"] == before["GroupId"]
    assert result["Group"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/p/Ops"
    assert [user["UserName"] for user in result["Users"]] == ["Alice"]


def test_a_group_cannot_take_a_taken_name(world: World) -> None:
    """UpdateGroup refuses as CreateGroup does."""
    world.call("CreateGroup", GroupName="Devs")
    world.call("CreateGroup", GroupName="Ops")
    assert world.refused("UpdateGroup", GroupName="Ops", NewGroupName="devs") == (
        "EntityAlreadyExists",
        "Group with name devs already exists.",
    )


@pytest.mark.threat("T99")
def test_what_hangs_on_a_group_keeps_it(world: World) -> None:
    """Members, inline and attached policies are conflicts, attached ones first (facts 10.6)."""
    world.user("Alice")
    world.call("CreateGroup", GroupName="Devs")
    world.call("AddUserToGroup", GroupName="Devs", UserName="Alice")
    world.call(
        "PutGroupPolicy", GroupName="Devs", PolicyName="p", PolicyDocument=ALLOW_ALL
    )
    arn = world.policy("managed")
    world.call("AttachGroupPolicy", GroupName="Devs", PolicyArn=arn)
    refusals = [world.refused("DeleteGroup", GroupName="Devs")]
    world.call("DetachGroupPolicy", GroupName="Devs", PolicyArn=arn)
    refusals.append(world.refused("DeleteGroup", GroupName="Devs"))
    world.call("DeleteGroupPolicy", GroupName="Devs", PolicyName="p")
    refusals.append(world.refused("DeleteGroup", GroupName="Devs"))
    world.call("RemoveUserFromGroup", GroupName="Devs", UserName="Alice")
    assert world.call("DeleteGroup", GroupName="Devs") == {}
    assert refusals == [
        ("DeleteConflict", "Cannot delete entity, must detach all policies first."),
        ("DeleteConflict", "Cannot delete entity, must delete policies first."),
        ("DeleteConflict", "Cannot delete entity, must remove users from group first."),
    ]


def test_list_groups_is_sorted_and_filtered(world: World) -> None:
    """Groups come by name without regard to case."""
    for name, path in (("b", "/x/"), ("A", "/"), ("c", "/x/y/")):
        world.call("CreateGroup", GroupName=name, Path=path)
    names = [group["GroupName"] for group in world.call("ListGroups")["Groups"]]
    assert names == ["A", "b", "c"]
    found = world.call("ListGroups", PathPrefix="/x/")["Groups"]
    assert [group["GroupName"] for group in found] == ["b", "c"]


def test_groups_of_a_user_are_sorted_by_name(world: World) -> None:
    """ListGroupsForUser pages by name, whatever the order of joining."""
    world.user("Alice")
    for name in ("b", "C", "a"):
        world.call("CreateGroup", GroupName=name)
        world.call("AddUserToGroup", GroupName=name, UserName="Alice")
    pages = list(
        world.pages("ListGroupsForUser", "Groups", UserName="Alice", MaxItems=2)
    )
    assert [[group["GroupName"] for group in page] for page in pages] == [
        ["a", "b"],
        ["C"],
    ]


def test_an_unknown_user_has_no_groups_to_list(world: World) -> None:
    """ListGroupsForUser needs a user."""
    assert world.refused("ListGroupsForUser", UserName="Nobody")[0] == "NoSuchEntity"


@pytest.mark.threat("T102")
def test_users_of_a_group_come_in_pages(world: World) -> None:
    """GetGroup pages through all users once, and tells the group on each page."""
    world.call("CreateGroup", GroupName="Devs")
    names = {f"u{number}" for number in range(7)}
    for name in names:
        world.user(name)
        world.call("AddUserToGroup", GroupName="Devs", UserName=name)
    pages = list(world.pages("GetGroup", "Users", GroupName="Devs", MaxItems=3))
    assert [len(page) for page in pages] == [3, 3, 1]
    assert {user["UserName"] for page in pages for user in page} == names


def test_the_account_holds_so_many_groups(world: World) -> None:
    """The 301st group is refused (facts 10.2)."""
    world.fill(
        [
            Group(
                id=f"AGPA{number}",
                account=ACCOUNT,
                name=f"g{number}",
                path="/",
                created=NOW,
            )
            for number in range(300)
        ]
    )
    assert world.refused("CreateGroup", GroupName="one-more") == (
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerAccount: 300",
    )


def test_memberships_hold_unique_ids(world: World) -> None:
    """A membership survives renames because it names nobody."""
    user = world.user("Alice")
    world.call("CreateGroup", GroupName="Devs")
    world.call("AddUserToGroup", GroupName="Devs", UserName="Alice")
    group = world.get(Group, "Devs")
    with world.store.read() as view:
        assert view.list_by(Membership) == [Membership(user=user.id, group=group.id)]
