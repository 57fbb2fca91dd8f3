"""Instance profiles."""

import re
from typing import Any

import pytest

from ostiary.identity.holdings import InstanceProfile
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import OTHER_ACCOUNT, World, root_of

IN_USE = (
    "DeleteConflict",
    "Cannot delete entity, must remove roles from instance profile first.",
)


def new(world: World, name: str, **params: Any) -> Any:
    """A new profile as it is shown."""
    return world.call("CreateInstanceProfile", InstanceProfileName=name, **params)[
        "InstanceProfile"
    ]


def absent(name: str) -> tuple[str, str]:
    """The refusal for a profile that is not there."""
    return "NoSuchEntity", f"Instance Profile {name} cannot be found."


def test_a_new_profile_has_no_role(world: World) -> None:
    """The first answer has no tags unless some were sent; later ones always do (facts 10.9)."""
    profile = new(world, "Web", Path="/app/")
    assert re.fullmatch("AIPA[A-Z2-7]{17}", profile["InstanceProfileId"])
    assert profile == {
        "Path": "/app/",
        "InstanceProfileName": "Web",
        "InstanceProfileId": profile["InstanceProfileId"],
        "Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/app/Web",
        "CreateDate": NOW,
        "Roles": [],
    }
    got = world.call("GetInstanceProfile", InstanceProfileName="wEB")
    assert got == {"InstanceProfile": profile | {"Tags": []}}
    tags = [{"Key": "k", "Value": "v"}]
    assert new(world, "Tagged", Tags=tags)["Tags"] == tags


def test_a_name_is_taken_once(world: World) -> None:
    """Whatever its letters' case, and in one account only (facts 10.1)."""
    new(world, "Web")
    assert world.refused("CreateInstanceProfile", InstanceProfileName="WEB") == (
        "EntityAlreadyExists",
        "Instance Profile WEB already exists.",
    )
    stranger = root_of(OTHER_ACCOUNT)
    assert world.refused(
        "GetInstanceProfile", stranger, InstanceProfileName="Web"
    ) == absent("Web")
    world.call("CreateInstanceProfile", stranger, InstanceProfileName="Web")


def test_a_profile_holds_one_role(world: World) -> None:
    """A second one does not fit, not even the same again (facts 10.7)."""
    new(world, "Web")
    role = world.role("App", trusting(ACCOUNT))
    world.role("Second", trusting(ACCOUNT))
    both = {"InstanceProfileName": "Web", "RoleName": "App"}
    assert world.call("AddRoleToInstanceProfile", **both) == {}
    for name in ("App", "Second"):
        assert world.refused(
            "AddRoleToInstanceProfile", InstanceProfileName="Web", RoleName=name
        ) == (
            "LimitExceeded",
            "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
        )
    [shown] = world.call("GetInstanceProfile", InstanceProfileName="Web")[
        "InstanceProfile"
    ]["Roles"]
    assert set(shown) == {
        "Path",
        "RoleName",
        "RoleId",
        "Arn",
        "CreateDate",
        "AssumeRolePolicyDocument",
    }
    assert shown["Arn"] == role.arn
    assert world.refused(
        "RemoveRoleFromInstanceProfile", InstanceProfileName="Web", RoleName="Second"
    ) == ("NoSuchEntity", "Role Second in Instance Profile Web cannot be found.")
    assert world.call("RemoveRoleFromInstanceProfile", **both) == {}
    assert world.get(InstanceProfile, "Web").role == ""


@pytest.mark.threat("T99")
def test_role_and_profile_keep_each_other(world: World) -> None:
    """Neither is deleted while the one holds the other (facts 10.6)."""
    new(world, "Web")
    world.role("App", trusting(ACCOUNT))
    both = {"InstanceProfileName": "Web", "RoleName": "App"}
    world.call("AddRoleToInstanceProfile", **both)
    assert world.refused("DeleteInstanceProfile", InstanceProfileName="Web") == IN_USE
    assert world.refused("DeleteRole", RoleName="App") == IN_USE
    world.call("RemoveRoleFromInstanceProfile", **both)
    world.call("DeleteRole", RoleName="App")
    world.call("DeleteInstanceProfile", InstanceProfileName="Web")
    assert world.refused("DeleteInstanceProfile", InstanceProfileName="Web") == absent(
        "Web"
    )


@pytest.mark.threat("T34")
def test_a_new_role_of_the_same_name_is_not_in_it(world: World) -> None:
    """A profile holds a role, not a name."""
    new(world, "Web")
    world.role("App", trusting(ACCOUNT))
    both = {"InstanceProfileName": "Web", "RoleName": "App"}
    world.call("AddRoleToInstanceProfile", **both)
    world.call("RemoveRoleFromInstanceProfile", **both)
    world.call("DeleteRole", RoleName="App")
    world.role("App", trusting(ACCOUNT))
    listed = world.call("ListInstanceProfilesForRole", RoleName="App")
    assert listed == {"InstanceProfiles": [], "IsTruncated": False}


@pytest.mark.threat("T102")
def test_profiles_are_listed_by_name_and_path(world: World) -> None:
    """Page by page, by path, and by the role they hold."""
    world.role("App", trusting(ACCOUNT))
    for name, path in (("c", "/x/"), ("A", "/x/y/"), ("b", "/")):
        new(world, name, Path=path)
        world.call("AddRoleToInstanceProfile", InstanceProfileName=name, RoleName="App")
    new(world, "empty")
    pages = list(world.pages("ListInstanceProfiles", "InstanceProfiles", MaxItems=2))
    assert [[one["InstanceProfileName"] for one in page] for page in pages] == [
        ["A", "b"],
        ["c", "empty"],
    ]
    [under] = world.pages("ListInstanceProfiles", "InstanceProfiles", PathPrefix="/x/")
    assert [one["InstanceProfileName"] for one in under] == ["A", "c"]
    held = world.pages(
        "ListInstanceProfilesForRole", "InstanceProfiles", RoleName="App", MaxItems=1
    )
    assert [one["InstanceProfileName"] for [one] in held] == ["A", "b", "c"]


def test_tags_of_a_profile_differ_by_case(world: World) -> None:
    """They are no principal's (facts 10.8)."""
    new(world, "Web")
    name = {"InstanceProfileName": "Web"}
    tags = [{"Key": "Team", "Value": "a"}, {"Key": "team", "Value": "b"}]
    assert world.call("TagInstanceProfile", **name, Tags=tags) == {}
    world.call("UntagInstanceProfile", **name, TagKeys=["team"])
    assert world.call("ListInstanceProfileTags", **name) == {
        "Tags": tags[:1],
        "IsTruncated": False,
    }


def test_what_is_not_there_is_named(world: World) -> None:
    """The profile is looked for before the role (facts 10.4)."""
    for operation in ("AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"):
        params = {"InstanceProfileName": "Web", "RoleName": "App"}
        assert world.refused(operation, **params) == absent("Web")
    new(world, "Web")
    assert world.refused("AddRoleToInstanceProfile", **params) == (
        "NoSuchEntity",
        "The role with name App cannot be found.",
    )


@pytest.mark.threat("T101")
def test_an_account_has_a_thousand_profiles(world: World) -> None:
    """And not one more (facts 10.2)."""
    world.fill(
        [
            InstanceProfile(
                id=f"AIPA{n}", account=ACCOUNT, name=f"p{n}", path="/", created=NOW, role="", tags=()
            )
            for n in range(1000)
        ]
    )  # fmt: skip
    assert world.refused("CreateInstanceProfile", InstanceProfileName="more") == (
        "LimitExceeded",
        "Cannot exceed quota for InstanceProfilesPerAccount: 1000",
    )
