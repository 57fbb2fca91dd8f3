"""Which policies let somebody into a service."""

import json
from typing import Any

import pytest

from tests.unit.identity.minting import ACCOUNT
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import ALLOW_ALL, OTHER_ACCOUNT, World, root_of

OPERATION = "ListPoliciesGrantingServiceAccess"


def document(effect: str = "Allow", **statement: Any) -> str:
    """A policy of one statement on everything."""
    one = {"Effect": effect, "Resource": "*", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": one})


def told(world: World, arn: str, *services: str) -> dict[str, list[str]]:
    """Service to policy names."""
    result = world.call(OPERATION, Arn=arn, ServiceNamespaces=list(services))
    assert result["IsTruncated"] is False
    return {
        one["ServiceNamespace"]: [policy["PolicyName"] for policy in one["Policies"]]
        for one in result["PoliciesGrantingServiceAccess"]
    }


def test_policies_of_a_user_and_its_groups(world: World) -> None:
    """Managed ones have an ARN, inline ones say whose they are."""
    alice = world.user("Alice", Path="/dev/")
    world.call("CreateGroup", GroupName="Devs")
    world.call("AddUserToGroup", GroupName="Devs", UserName="Alice")
    arn = world.policy("Managed", document(Action="s3:Get*"))
    world.call("AttachUserPolicy", UserName="Alice", PolicyArn=arn)
    world.call(
        "PutGroupPolicy",
        GroupName="Devs",
        PolicyName="inline",
        PolicyDocument=document(Action=["S3:PutObject", "ec2:Run*"]),
    )
    result = world.call(
        OPERATION, Arn=alice.arn, ServiceNamespaces=["s3", "ec2", "s3", "iam"]
    )
    managed = {"PolicyName": "Managed", "PolicyType": "MANAGED", "PolicyArn": arn}
    inline = {
        "PolicyName": "inline",
        "PolicyType": "INLINE",
        "EntityType": "GROUP",
        "EntityName": "Devs",
    }
    assert result == {
        "PoliciesGrantingServiceAccess": [
            {"ServiceNamespace": "ec2", "Policies": [inline]},
            {"ServiceNamespace": "iam", "Policies": []},
            {"ServiceNamespace": "s3", "Policies": [managed, inline]},
        ],
        "IsTruncated": False,
    }


@pytest.mark.parametrize(
    ("text", "services"),
    [
        (ALLOW_ALL, {"s3", "ec2"}),
        (document(Action="s3:*"), {"s3"}),
        (document(NotAction="s3:*"), {"ec2"}),
        (document(NotAction="s3:Get*"), {"s3", "ec2"}),
        (document(NotAction="*"), set()),
        (document("Deny", Action="*"), set()),
        (document(Action="s3express:*"), set()),
    ],
)
def test_one_statement_that_allows_is_enough(
    world: World, text: str, services: set[str]
) -> None:
    """Whatever else is denied."""
    role = world.role("App", trusting(ACCOUNT))
    world.call("PutRolePolicy", RoleName="App", PolicyName="p", PolicyDocument=text)
    found = told(world, role.arn, "s3", "ec2")
    assert {service for service, names in found.items() if names} == services


def test_the_version_in_force_counts(world: World) -> None:
    """Not the newest one."""
    world.call("CreateGroup", GroupName="Devs")
    arn = world.policy("p", document(Action="s3:*"))
    world.call("AttachGroupPolicy", GroupName="Devs", PolicyArn=arn)
    world.call(
        "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document(Action="ec2:*")
    )
    group = f"arn:aws:iam::{ACCOUNT}:group/Devs"
    assert told(world, group, "s3", "ec2") == {"ec2": [], "s3": ["p"]}


def test_whom_the_arn_names(world: World) -> None:
    """A user, group or role of the own account, with its path and its letters' case."""
    alice = world.user("Alice", Path="/dev/")
    ask = {"ServiceNamespaces": ["s3"]}
    for arn in (f"arn:aws:iam::{ACCOUNT}:user/Alice", alice.arn.replace("Al", "al")):
        assert world.refused(OPERATION, Arn=arn, **ask) == (
            "NoSuchEntity",
            f"ARN {arn} cannot be found.",
        )
    for arn in (f"arn:aws:iam::{ACCOUNT}:policy/p", "arn:aws:s3:::bucket/a/b/c"):
        assert world.refused(OPERATION, Arn=arn, **ask) == (
            "InvalidInput",
            f"ARN {arn} is not valid.",
        )
    code, _ = world.refused(OPERATION, root_of(OTHER_ACCOUNT), Arn=alice.arn, **ask)
    assert code == "InvalidInput"
