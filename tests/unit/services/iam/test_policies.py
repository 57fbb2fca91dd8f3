"""Managed policies."""

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest

from ostiary.identity.model import Policy
from ostiary.services.iam.founding import found_installation
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import ALLOW_ALL, OTHER_ACCOUNT, World, root_of

OTHER = root_of(OTHER_ACCOUNT)
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture(autouse=True)
def founded(world: World) -> None:
    """AWS's own policies are there."""
    with world.store.change() as change:
        found_installation(change, NOW)


def test_create_policy_answers_with_the_policy(world: World) -> None:
    """Counts are 0, the default version is v1, and there are no tags when none were sent (facts 10.9)."""
    policy = world.call(
        "CreatePolicy", PolicyName="p", PolicyDocument=ALLOW_ALL, Path="/a/b/"
    )["Policy"]
    assert policy == {
        "PolicyName": "p",
        "PolicyId": world.get(Policy, "p").id,
        "Arn": f"arn:aws:iam::{ACCOUNT}:policy/a/b/p",
        "Path": "/a/b/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": NOW,
        "UpdateDate": NOW,
    }
    assert policy["PolicyId"].startswith("ANPA")


def test_create_policy_shows_tags_as_they_were_sent(world: World) -> None:
    """Only later answers sort them, as recorded."""
    tags = [{"Key": "a", "Value": "lower"}, {"Key": "A", "Value": "upper"}]
    policy = world.call(
        "CreatePolicy", PolicyName="p", PolicyDocument=ALLOW_ALL, Tags=tags
    )["Policy"]
    assert policy["Tags"] == tags
    assert world.call("ListPolicyTags", PolicyArn=policy["Arn"])["Tags"] == tags[::-1]


def test_get_policy_always_shows_tags(world: World) -> None:
    """GetPolicy has Tags, maybe empty, and the description (facts 10.9)."""
    plain = world.policy("plain")
    assert world.call("GetPolicy", PolicyArn=plain)["Policy"]["Tags"] == []
    tags = [{"Key": "k", "Value": "v"}]
    arn = world.policy("full", Description="what for", Tags=tags)
    shown = world.call("GetPolicy", PolicyArn=arn)["Policy"]
    assert (shown["Description"], shown["Tags"]) == ("what for", tags)


@pytest.mark.parametrize("name", ["Limits", "LIMITS"])
def test_policy_names_are_unique_whatever_path_and_case(
    world: World, name: str
) -> None:
    """The path is no part of the name (facts 10.5)."""
    world.policy("Limits")
    refusal = world.refused(
        "CreatePolicy", PolicyName=name, PolicyDocument=ALLOW_ALL, Path="/other/"
    )
    assert refusal == (
        "EntityAlreadyExists",
        f"A policy called {name} already exists. Duplicate names are not allowed.",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Syntax errors in policy."),
        (
            ALLOW_ALL.replace("2012-10-17", "2008-10-17"),
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (
            ALLOW_ALL.replace('"Version":"2012-10-17",', ""),
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (
            ALLOW_ALL.replace('"Resource":"*"', '"Resource":[]'),
            "Policy statement must contain resources.",
        ),
    ],
)
def test_a_managed_policy_is_checked_strictly(
    world: World, text: str, message: str
) -> None:
    """CreatePolicy and CreatePolicyVersion ask for the present language (facts 3.1, 3.7)."""
    arn = world.policy("good")
    for operation, more in (
        ("CreatePolicy", {"PolicyName": "p"}),
        ("CreatePolicyVersion", {"PolicyArn": arn}),
    ):
        assert world.refused(operation, PolicyDocument=text, **more) == (
            "MalformedPolicyDocument",
            message,
        )


def _of_size(size: int) -> str:
    empty = ALLOW_ALL.replace('"Statement"', '"Id":"","Statement"')
    return empty.replace('"Id":""', '"Id":"' + "x" * (size - len(empty)) + '"')


def test_a_managed_policy_has_a_size(world: World) -> None:
    """6144 characters without white space (facts 3.6)."""
    fits = _of_size(6144)
    arn = world.policy("p", fits.replace(",", " ,\t\r\n"))
    for operation, more in (
        ("CreatePolicy", {"PolicyName": "q"}),
        ("CreatePolicyVersion", {"PolicyArn": arn}),
    ):
        refusal = world.refused(operation, PolicyDocument=_of_size(6145), **more)
        assert refusal == ("LimitExceeded", "Cannot exceed quota for PolicySize: 6144")


def test_the_account_holds_so_many_policies(world: World) -> None:
    """The 1501st own policy is refused; AWS's do not count (facts 10.2)."""
    world.policy("p0")
    sample = world.get(Policy, "p0")
    world.fill(
        [
            replace(
                sample,
                arn=f"{sample.arn}-{number}",
                id=f"ANPA{number}",
                name=f"p{number}",
            )
            for number in range(1, 1500)
        ]
    )
    assert world.refused(
        "CreatePolicy", PolicyName="one-more", PolicyDocument=ALLOW_ALL
    ) == (
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerAccount: 1500",
    )


def test_an_unknown_policy_was_not_found(world: World) -> None:
    """The wording of each operation (facts 10.4)."""
    arn = f"arn:aws:iam::{ACCOUNT}:policy/none"
    not_found = ("NoSuchEntity", f"Policy {arn} was not found.")
    for operation in (
        "GetPolicy",
        "DeletePolicy",
        "ListPolicyVersions",
        "ListPolicyTags",
    ):
        assert world.refused(operation, PolicyArn=arn) == not_found
    assert (
        world.refused("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW_ALL)
        == not_found
    )
    assert world.refused("TagPolicy", PolicyArn=arn, Tags=[]) == not_found
    assert world.refused("UntagPolicy", PolicyArn=arn, TagKeys=[]) == not_found
    for operation in (
        "GetPolicyVersion",
        "DeletePolicyVersion",
        "SetDefaultPolicyVersion",
    ):
        assert world.refused(operation, PolicyArn=arn, VersionId="v1") == (
            "NoSuchEntity",
            f"Policy {arn} version v1 does not exist or is not attachable.",
        )
    assert world.refused("ListEntitiesForPolicy", PolicyArn=arn) == (
        "NoSuchEntity",
        f"Policy {arn} does not exist or is not attachable.",
    )


@pytest.mark.parametrize(
    "arn",
    [
        "longpolicynamebutnoarn",
        f"arn:aws:iam::{ACCOUNT}:user/Alice",
        f"arn:aws:s3::{ACCOUNT}:policy/x",
        f"arn:aws:iam::{ACCOUNT}:policy/",
        f"arn:aws:iam::{ACCOUNT}:policy/x\n",
        "arn:aws:iam::12345678901\u0662:policy/x",
    ],
)
def test_an_arn_must_be_that_of_a_policy(world: World, arn: str) -> None:
    """Anything else is a ValidationError (facts 10.8)."""
    refusal = ("ValidationError", f"ARN {arn} is not valid.")
    assert world.refused("GetPolicy", PolicyArn=arn) == refusal
    assert world.refused("DeletePolicy", PolicyArn=arn) == refusal


@pytest.mark.parametrize(
    ("operation", "more", "act"),
    [
        ("DeletePolicy", {}, "delete policies"),
        (
            "DeletePolicyVersion",
            {"VersionId": "v1"},
            "delete policy versions for policies",
        ),
        ("CreatePolicyVersion", {"PolicyDocument": ALLOW_ALL}, "update policies"),
        ("SetDefaultPolicyVersion", {"VersionId": "v1"}, "update policies"),
        ("TagPolicy", {"Tags": [{"Key": "k", "Value": "v"}]}, "update policies"),
        ("UntagPolicy", {"TagKeys": ["k"]}, "update policies"),
    ],
)
def test_policies_of_others_cannot_be_changed(
    world: World, operation: str, more: dict[str, Any], act: str
) -> None:
    """Neither AWS's nor another account's, and the refusal does not tell whether it is there (facts 10.8)."""
    there = world.policy("p")
    for arn in (ADMIN, there, there + "-not"):
        assert world.refused(operation, OTHER, PolicyArn=arn, **more) == (
            "AccessDenied",
            f"Cannot {act} outside your own account.",
        )


def test_policies_of_aws_can_be_read_and_those_of_other_accounts_cannot(
    world: World,
) -> None:
    """A policy is visible to its own account only, AWS's to all."""
    arn = world.policy("p")
    assert world.call("GetPolicy", OTHER, PolicyArn=ADMIN)["Policy"]["Arn"] == ADMIN
    document = world.call("GetPolicyVersion", OTHER, PolicyArn=ADMIN, VersionId="v1")[
        "PolicyVersion"
    ]["Document"]
    assert '"Action": "*"' in unquote(document)
    assert world.refused("GetPolicy", OTHER, PolicyArn=arn) == (
        "NoSuchEntity",
        f"Policy {arn} was not found.",
    )
    assert (
        world.refused("GetPolicyVersion", OTHER, PolicyArn=arn, VersionId="v1")[0]
        == "NoSuchEntity"
    )


# -- deletion -----------------------------------------------------------------------


@pytest.mark.threat("T99")
def test_an_attached_policy_cannot_be_deleted(world: World) -> None:
    """Nor one that is a boundary: a boundary that is gone would bound nobody (facts 10.6)."""
    arn = world.policy("p")
    world.user("Alice")
    attached = ("DeleteConflict", "Cannot delete a policy attached to entities.")
    world.call("AttachUserPolicy", UserName="Alice", PolicyArn=arn)
    assert world.refused("DeletePolicy", PolicyArn=arn) == attached
    world.call("DetachUserPolicy", UserName="Alice", PolicyArn=arn)
    world.call("PutUserPermissionsBoundary", UserName="Alice", PermissionsBoundary=arn)
    assert world.refused("DeletePolicy", PolicyArn=arn) == attached
    world.call("DeleteUserPermissionsBoundary", UserName="Alice")
    assert world.call("DeletePolicy", PolicyArn=arn) == {}
    assert world.refused("GetPolicy", PolicyArn=arn)[0] == "NoSuchEntity"


def test_a_policy_with_more_than_one_version_cannot_be_deleted(world: World) -> None:
    """The default version alone goes with the policy (facts 10.6)."""
    arn = world.policy("p")
    world.call("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW_ALL)
    assert world.refused("DeletePolicy", PolicyArn=arn) == (
        "DeleteConflict",
        (
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions."
            " The default version is deleted with the policy."
        ),
    )


@pytest.mark.threat("T34")
def test_a_policy_made_again_has_nothing_of_the_old_one(world: World) -> None:
    """Same ARN, new id, and its versions start at v1."""
    arn = world.policy("p")
    old = world.get(Policy, "p").id
    world.call(
        "CreatePolicyVersion",
        PolicyArn=arn,
        PolicyDocument=ALLOW_ALL,
        SetAsDefault=True,
    )
    world.call("DeletePolicyVersion", PolicyArn=arn, VersionId="v1")
    world.call("DeletePolicy", PolicyArn=arn)
    assert world.policy("p") == arn
    assert world.get(Policy, "p").id != old
    assert [
        one["VersionId"]
        for one in world.call("ListPolicyVersions", PolicyArn=arn)["Versions"]
    ] == ["v1"]


# -- lists --------------------------------------------------------------------------


def _names(result: dict[str, Any]) -> list[str]:
    return [policy["PolicyName"] for policy in result["Policies"]]


def test_list_policies_by_scope(world: World) -> None:
    """Local: the account's own; AWS: AWS's; All, the default: both."""
    world.policy("b")
    world.policy("A", Path="/x/")
    world.call("CreatePolicy", OTHER, PolicyName="foreign", PolicyDocument=ALLOW_ALL)
    local = _names(world.call("ListPolicies", Scope="Local"))
    aws = _names(world.call("ListPolicies", Scope="AWS"))
    assert local == ["A", "b"]
    assert "AIDevOpsAgentAccessPolicy" in aws
    assert aws == sorted(aws, key=str.lower)
    assert _names(world.call("ListPolicies", MaxItems=102)) == local + aws
    assert _names(world.call("ListPolicies", Scope="All", PathPrefix="/x/")) == ["A"]
    assert "Tags" not in world.call("ListPolicies")["Policies"][0]


def test_list_policies_by_use(world: World) -> None:
    """OnlyAttached and PolicyUsageFilter look at this account's users, groups and roles."""
    attached, bounding = world.policy("attached"), world.policy("bounding")
    world.policy("unused")
    world.user("Alice", PermissionsBoundary=bounding)
    world.call("AttachUserPolicy", UserName="Alice", PolicyArn=attached)
    world.call("CreateUser", OTHER, UserName="Bob")
    world.call("AttachUserPolicy", OTHER, UserName="Bob", PolicyArn=ADMIN)
    assert _names(world.call("ListPolicies", OnlyAttached=True)) == ["attached"]
    assert _names(
        world.call("ListPolicies", PolicyUsageFilter="PermissionsPolicy")
    ) == ["attached"]
    assert _names(
        world.call("ListPolicies", PolicyUsageFilter="PermissionsBoundary")
    ) == ["bounding"]
    assert _names(world.call("ListPolicies", OTHER, OnlyAttached=True)) == [
        "AdministratorAccess"
    ]


def test_counts_are_those_of_the_asking_account(world: World) -> None:
    """What other accounts attach does not show."""
    arn = world.policy("p")
    world.user("Alice", PermissionsBoundary=ADMIN)
    world.call("CreateGroup", GroupName="Devs")
    world.role("Ops", trusting(ACCOUNT), PermissionsBoundary=arn)
    for operation, name in (("User", "Alice"), ("Group", "Devs"), ("Role", "Ops")):
        for policy in (arn, ADMIN):
            world.call(
                f"Attach{operation}Policy",
                **{f"{operation}Name": name},
                PolicyArn=policy,
            )

    def counts(arn: str, **kwargs: object) -> tuple[object, object]:
        policy = world.call("GetPolicy", PolicyArn=arn, **kwargs)["Policy"]
        return policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"]

    assert counts(arn) == (3, 1)
    assert counts(ADMIN) == (3, 1)
    assert counts(ADMIN, caller=OTHER) == (0, 0)


@pytest.mark.threat("T102")
def test_all_policies_come_in_pages(world: World) -> None:
    """Pages go from the own policies on to AWS's without loss; a filter may leave a page short."""
    for number in range(4):
        world.policy(f"p{number}", Path="/job-function/")
    under = {"PathPrefix": "/job-function/"}
    whole = _names(world.call("ListPolicies", **under))
    assert len(whole) > 14
    for size in (1, 3, 4, 5, 100):
        pages = list(world.pages("ListPolicies", "Policies", MaxItems=size, **under))
        assert [policy["PolicyName"] for page in pages for policy in page] == whole
        assert all(len(page) == size for page in pages[:-1])
    pages = list(world.pages("ListPolicies", "Policies", MaxItems=3, OnlyAttached=True))
    assert not any(pages)
