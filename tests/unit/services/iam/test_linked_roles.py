"""Service-linked roles."""

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest

from ostiary.identity.holdings import DeletionTask
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import ALLOW_ALL, OTHER_ACCOUNT, World, root_of

SCALING = "autoscaling.amazonaws.com"
NAME = "AWSServiceRoleForAutoScaling"


def create(world: World, service: str = SCALING, **params: Any) -> Any:
    """A new role as it is shown."""
    return world.call("CreateServiceLinkedRole", AWSServiceName=service, **params)[
        "Role"
    ]


def test_a_service_names_its_role(world: World) -> None:
    """Its path is the service's, and only the service may take it."""
    role = create(world)
    trust = json.loads(unquote(role.pop("AssumeRolePolicyDocument")))
    assert trust["Statement"][0]["Principal"] == {"Service": SCALING}
    assert role == {
        "Path": f"/aws-service-role/{SCALING}/",
        "RoleName": NAME,
        "RoleId": role["RoleId"],
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{SCALING}/{NAME}",
        "CreateDate": NOW,
    }
    assert world.refused("CreateServiceLinkedRole", AWSServiceName=SCALING) == (
        "InvalidInput",
        f"Service role name {NAME} has been taken in this account, please try a different suffix.",
    )
    assert create(world, CustomSuffix="x")["RoleName"] == f"{NAME}_x"


@pytest.mark.parametrize(
    ("service", "suffix", "message"),
    [
        (
            "ecs.amazonaws.com",
            "x",
            "Custom suffix is not allowed for ecs.amazonaws.com",
        ),
        ("nobody.example", "", "nobody.example has no service-linked role."),
        (SCALING, "x" * 64, f"Custom suffix {'x' * 64} is too long."),
    ],
)
def test_what_no_service_has(
    world: World, service: str, suffix: str, message: str
) -> None:
    """Most services take no suffix (facts 10.8)."""
    params = {"CustomSuffix": suffix} if suffix else {}
    assert world.refused(
        "CreateServiceLinkedRole", AWSServiceName=service, **params
    ) == ("InvalidInput", message)


def test_nobody_else_changes_it(world: World) -> None:
    """Neither trust nor permissions nor existence; a description is free."""
    create(world)
    arn = world.policy("p")
    world.call("CreateInstanceProfile", InstanceProfileName="Web")
    protected = (
        "UnmodifiableEntity",
        f"Cannot perform the operation on the protected role '{NAME}' - this role is only modifiable by AWS",
    )
    cases: list[tuple[str, dict[str, Any]]] = [
        ("DeleteRole", {}),
        ("UpdateRole", {"MaxSessionDuration": 7200}),
        ("UpdateAssumeRolePolicy", {"PolicyDocument": trusting(ACCOUNT)}),
        ("AttachRolePolicy", {"PolicyArn": arn}),
        ("DetachRolePolicy", {"PolicyArn": arn}),
        ("PutRolePolicy", {"PolicyName": "p", "PolicyDocument": ALLOW_ALL}),
        ("DeleteRolePolicy", {"PolicyName": "p"}),
        ("PutRolePermissionsBoundary", {"PermissionsBoundary": arn}),
        ("DeleteRolePermissionsBoundary", {}),
        ("AddRoleToInstanceProfile", {"InstanceProfileName": "Web"}),
        ("RemoveRoleFromInstanceProfile", {"InstanceProfileName": "Web"}),
    ]
    for operation, params in cases:
        assert world.refused(operation, RoleName=NAME, **params) == protected
    world.call("UpdateRoleDescription", RoleName=NAME, Description="ours")
    shown = world.call("GetRole", RoleName=NAME)["Role"]
    assert shown["Description"] == "ours"


def test_no_other_role_is_made_in_that_place(world: World) -> None:
    """It could not be changed or deleted afterwards."""
    code, _ = world.refused(
        "CreateRole",
        RoleName="Mine",
        Path="/aws-service-role/x/",
        AssumeRolePolicyDocument=trusting(ACCOUNT),
    )
    assert code == "InvalidInput"


def test_a_deletion_is_done_at_once(world: World) -> None:
    """And can be asked about for a week, by its own account."""
    create(world)
    task = world.call("DeleteServiceLinkedRole", RoleName=NAME)["DeletionTaskId"]
    path = f"aws-service-role/{SCALING}/{NAME}"
    assert re.fullmatch(rf"task/{re.escape(path)}/[0-9a-f-]{{36}}", task)
    status = "GetServiceLinkedRoleDeletionStatus"
    assert world.call(status, DeletionTaskId=task) == {"Status": "SUCCEEDED"}
    absent = ("NoSuchEntity", "The deletion task cannot be found.")
    stranger = root_of(OTHER_ACCOUNT)
    assert world.refused(status, stranger, DeletionTaskId=task) == absent
    assert world.refused("DeleteServiceLinkedRole", RoleName=NAME) == (
        "NoSuchEntity",
        f"The role with name {NAME} cannot be found.",
    )
    world.now += 7 * 86_400 + 1
    create(world)
    world.call("DeleteServiceLinkedRole", RoleName=NAME)
    assert world.refused(status, DeletionTaskId=task) == absent
    with world.store.read() as view:
        assert view.count(DeletionTask) == 1


def test_an_ordinary_role_is_not_deleted_this_way(world: World) -> None:
    """It is none of a service's."""
    world.role("Mine", trusting(ACCOUNT))
    code, _ = world.refused("DeleteServiceLinkedRole", RoleName="Mine")
    assert code == "NoSuchEntity"
