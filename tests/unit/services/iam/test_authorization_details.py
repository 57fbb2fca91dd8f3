"""Everything that says who may do what, in pages."""

from typing import Any
from urllib.parse import unquote

import pytest

from ostiary.identity.model import AWS, Policy, PolicyVersion
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import ALLOW_ALL, OTHER_ACCOUNT, World, root_of

OPERATION = "GetAccountAuthorizationDetails"
LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
TAGS = [{"Key": "k", "Value": "v"}]
EMPTY: dict[str, Any] = {name: [] for name in LISTS} | {"IsTruncated": False}


def details(world: World, *filters: str) -> Any:
    """All that the filters let through."""
    return world.call(OPERATION, **({"Filter": list(filters)} if filters else {}))


def aws_policy(world: World, name: str) -> str:
    """A policy of AWS's own."""
    arn = f"arn:aws:iam::aws:policy/{name}"
    with world.store.change() as change:
        change.insert(
            Policy(
                arn=arn, id=f"ANPA{name}", account=AWS, name=name, path="/", created=NOW, updated=NOW,
                description="", default_version=1, next_version=2, tags=(),
            )
        )  # fmt: skip
        change.insert(PolicyVersion(policy=arn, number=1, text=ALLOW_ALL, created=NOW))
    return arn


def test_an_empty_account_has_all_lists(world: World) -> None:
    """Empty ones, and no policy of AWS that nobody uses."""
    aws_policy(world, "Unused")
    assert details(world) == EMPTY


def test_a_user_is_told_whole(world: World) -> None:
    """Groups by name, inline documents, attachments, boundary and tags."""
    limit = world.policy("Limit")
    alice = world.user("Alice", Tags=TAGS, PermissionsBoundary=limit)
    for name in ("b", "A"):
        world.call("CreateGroup", GroupName=name)
        world.call("AddUserToGroup", GroupName=name, UserName="Alice")
    world.call(
        "PutUserPolicy", UserName="Alice", PolicyName="in", PolicyDocument=ALLOW_ALL
    )
    world.call("AttachUserPolicy", UserName="Alice", PolicyArn=limit)
    bob = world.user("bob")
    result = details(world, "User")
    [first, second] = result["UserDetailList"]
    [inline] = first.pop("UserPolicyList")
    assert (inline["PolicyName"], unquote(inline["PolicyDocument"])) == (
        "in",
        ALLOW_ALL,
    )
    assert first == {
        "Path": "/",
        "UserName": "Alice",
        "UserId": alice.id,
        "Arn": alice.arn,
        "CreateDate": NOW,
        "GroupList": ["A", "b"],
        "AttachedManagedPolicies": [{"PolicyName": "Limit", "PolicyArn": limit}],
        "PermissionsBoundary": {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": limit,
        },
        "Tags": TAGS,
    }
    assert (second["UserId"], second["Tags"]) == (bob.id, [])
    assert result == EMPTY | {"UserDetailList": [first, second]}


def test_a_group_is_told_whole(world: World) -> None:
    """With its policies of both sorts."""
    arn = world.policy("Given")
    world.call("CreateGroup", GroupName="Devs", Path="/x/")
    world.call("AttachGroupPolicy", GroupName="Devs", PolicyArn=arn)
    world.call(
        "PutGroupPolicy", GroupName="Devs", PolicyName="in", PolicyDocument=ALLOW_ALL
    )
    result = details(world, "Group")
    [group] = result["GroupDetailList"]
    assert set(group) == {
        "Path",
        "GroupName",
        "GroupId",
        "Arn",
        "CreateDate",
        "GroupPolicyList",
        "AttachedManagedPolicies",
    }
    assert group["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/x/Devs"
    assert group["AttachedManagedPolicies"] == [
        {"PolicyName": "Given", "PolicyArn": arn}
    ]
    assert [one["PolicyName"] for one in group["GroupPolicyList"]] == ["in"]
    assert result == EMPTY | {"GroupDetailList": [group]}


def test_a_role_is_told_whole(world: World) -> None:
    """With its trust, the profiles that hold it, and its last use, of which none is known."""
    role = world.role("App", trusting(ACCOUNT), Tags=TAGS)
    world.call("CreateInstanceProfile", InstanceProfileName="Web")
    world.call("AddRoleToInstanceProfile", InstanceProfileName="Web", RoleName="App")
    world.call(
        "PutRolePolicy", RoleName="App", PolicyName="in", PolicyDocument=ALLOW_ALL
    )
    result = details(world, "Role")
    [shown] = result["RoleDetailList"]
    [profile] = shown.pop("InstanceProfileList")
    assert profile["Roles"][0]["RoleId"] == role.id
    assert [one["PolicyName"] for one in shown.pop("RolePolicyList")] == ["in"]
    assert unquote(shown.pop("AssumeRolePolicyDocument")) == role.trust
    assert shown == {
        "Path": "/",
        "RoleName": "App",
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": NOW,
        "AttachedManagedPolicies": [],
        "Tags": TAGS,
        "RoleLastUsed": {},
    }


def test_policies_have_their_versions(world: World) -> None:
    """Newest first; those of AWS only where somebody in the account has them."""
    own = world.policy("Own", Description="what for")
    world.call("CreatePolicyVersion", PolicyArn=own, PolicyDocument=ALLOW_ALL)
    used, limit = aws_policy(world, "Used"), aws_policy(world, "Limit")
    aws_policy(world, "Unused")
    world.user("Alice", PermissionsBoundary=limit)
    world.call("AttachUserPolicy", UserName="Alice", PolicyArn=used)
    stranger = root_of(OTHER_ACCOUNT)
    world.call("CreateUser", stranger, UserName="Bob")
    [local] = details(world, "LocalManagedPolicy")["Policies"]
    assert (local["Arn"], local["Description"]) == (own, "what for")
    versions = [
        (one["VersionId"], one["IsDefaultVersion"])
        for one in local["PolicyVersionList"]
    ]
    assert versions == [("v2", False), ("v1", True)]
    assert unquote(local["PolicyVersionList"][0]["Document"]) == ALLOW_ALL
    of_aws = details(world, "AWSManagedPolicy")["Policies"]
    assert [one["Arn"] for one in of_aws] == [limit, used]
    assert world.call(OPERATION, stranger)["Policies"] == []


@pytest.mark.threat("T102")
def test_a_page_ends_anywhere(world: World) -> None:
    """Each thing is shown once, sort after sort; a marker holds for its filter only."""
    for name in ("b", "A"):
        world.user(name)
        world.call("CreateGroup", GroupName=name)
        world.role(name, trusting(ACCOUNT))
        world.policy(name)
    used = aws_policy(world, "Used")
    world.call("AttachUserPolicy", UserName="A", PolicyArn=used)
    for size in (1, 2, 3):
        seen, params = [], {"MaxItems": size}
        while True:
            result = world.call(OPERATION, **params)
            page = [one["Arn"] for name in LISTS for one in result[name]]
            assert len(page) <= size
            seen += page
            if not result["IsTruncated"]:
                break
            params["Marker"] = result["Marker"]
        own = f"arn:aws:iam::{ACCOUNT}:"
        sorts = ("user", "group", "role", "policy")
        assert seen == [
            *(f"{own}{sort}/{name}" for sort in sorts for name in ("A", "b")),
            used,
        ]
    marker = world.call(OPERATION, MaxItems=1)["Marker"]
    assert world.refused(OPERATION, Filter=["User"], Marker=marker) == (
        "ValidationError",
        "Invalid Marker.",
    )
