"""Roles and their trust policies."""

import json
from dataclasses import replace
from urllib.parse import unquote

import pytest

from ostiary.identity.model import Role
from ostiary.policy import Kind, parse
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import ALLOW_ALL, OTHER_ACCOUNT, World, root_of

TRUST = trusting(ACCOUNT)
SHOWN_BY_LISTS = {
    "Path",
    "RoleName",
    "RoleId",
    "Arn",
    "CreateDate",
    "AssumeRolePolicyDocument",
    "MaxSessionDuration",
}


def trust_of(world: World, name: str) -> str:
    """The role's trust policy as a client reads it."""
    return unquote(
        world.call("GetRole", RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    )


def test_create_role_omits_what_the_recorded_answers_omit(world: World) -> None:
    """No MaxSessionDuration, no RoleLastUsed and no Description, whatever was sent (facts 10.9)."""
    role = world.call(
        "CreateRole", RoleName="Ops", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=7200, Description="x"
    )["Role"]  # fmt: skip
    assert set(role) == SHOWN_BY_LISTS - {"MaxSessionDuration"}
    assert role["RoleId"].startswith("AROA")
    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/Ops"
    assert role["CreateDate"] == NOW
    assert unquote(role["AssumeRolePolicyDocument"]) == TRUST


def test_get_role_shows_everything(world: World) -> None:
    """GetRole adds the session limit and RoleLastUsed, empty while unknown (facts 10.9)."""
    boundary = world.policy("limit")
    created = world.call(
        "CreateRole", RoleName="Ops", AssumeRolePolicyDocument=TRUST, Path="/x/", Description="for ops",
        PermissionsBoundary=boundary, Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}],
    )["Role"]  # fmt: skip
    assert created["Tags"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    assert created["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    shown = world.call("GetRole", RoleName="ops")["Role"]
    assert shown == {
        **created,
        "Description": "for ops",
        "MaxSessionDuration": 3600,
        "RoleLastUsed": {},
    }


def test_list_roles_omits_tags_boundary_and_last_use(world: World) -> None:
    """Lists show no more than these members (facts 10.9)."""
    world.role(
        "b",
        TRUST,
        Path="/x/",
        Tags=[{"Key": "k", "Value": "v"}],
        PermissionsBoundary=world.policy("p"),
    )
    world.role("A", TRUST)
    roles = world.call("ListRoles")["Roles"]
    assert [role["RoleName"] for role in roles] == ["A", "b"]
    assert [set(role) for role in roles] == [SHOWN_BY_LISTS] * 2
    assert world.call("ListRoles", PathPrefix="/x/")["Roles"] == roles[1:]


def test_role_names_are_unique_whatever_their_case(world: World) -> None:
    """The message shows the name that was sent (facts 10.5)."""
    world.role("Ops", TRUST)
    refusal = world.refused(
        "CreateRole", RoleName="OPS", AssumeRolePolicyDocument=TRUST
    )
    assert refusal == ("EntityAlreadyExists", "Role with name OPS already exists.")


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("GetRole", {}),
        ("UpdateRole", {}),
        ("UpdateRoleDescription", {"Description": ""}),
        ("UpdateAssumeRolePolicy", {"PolicyDocument": TRUST}),
        ("DeleteRole", {}),
    ],
)
def test_an_unknown_role_cannot_be_found(
    world: World, operation: str, more: dict[str, str]
) -> None:
    """The message names the role (facts 10.4)."""
    assert world.refused(operation, RoleName="none", **more) == (
        "NoSuchEntity",
        "The role with name none cannot be found.",
    )


def test_update_role_changes_what_is_sent(world: World) -> None:
    """Description and session limit change independently; the answer is empty."""
    world.role("Ops", TRUST, Description="old", MaxSessionDuration=7200)
    assert world.call("UpdateRole", RoleName="Ops", Description="new") == {}
    world.call("UpdateRole", RoleName="Ops")
    role = world.get(Role, "Ops")
    assert (role.description, role.max_session) == ("new", 7200)
    world.call("UpdateRole", RoleName="Ops", MaxSessionDuration=43200)
    role = world.call("GetRole", RoleName="Ops")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("new", 43200)


def test_update_role_description_answers_with_the_role(world: World) -> None:
    """The older operation shows the role, without the session limit, as recorded."""
    world.role("Ops", TRUST, Description="old")
    role = world.call("UpdateRoleDescription", RoleName="Ops", Description="new")[
        "Role"
    ]
    assert set(role) == SHOWN_BY_LISTS - {"MaxSessionDuration"} | {"Description"}
    assert role["Description"] == "new"


@pytest.mark.parametrize("operation", ["CreateRole", "UpdateRole"])
def test_a_limit_that_would_not_be_kept_is_refused(
    world: World, operation: str
) -> None:
    """MaxSigninSessionDuration limits console sessions, which a role has none of here."""
    more = {"AssumeRolePolicyDocument": TRUST}
    if operation == "UpdateRole":
        world.role("Ops", TRUST)
        more = {}
    assert (
        world.refused(operation, RoleName="Ops", MaxSigninSessionDuration=3600, **more)[
            0
        ]
        == "InvalidInput"
    )


@pytest.mark.threat("T99")
def test_what_hangs_on_a_role_keeps_it(world: World) -> None:
    """Attached and inline policies are conflicts (facts 10.6)."""
    world.role("Ops", TRUST)
    arn = world.policy("managed")
    world.call("AttachRolePolicy", RoleName="Ops", PolicyArn=arn)
    world.call(
        "PutRolePolicy", RoleName="Ops", PolicyName="p", PolicyDocument=ALLOW_ALL
    )
    assert world.refused("DeleteRole", RoleName="Ops") == (
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
    )
    world.call("DetachRolePolicy", RoleName="Ops", PolicyArn=arn)
    assert world.refused("DeleteRole", RoleName="Ops") == (
        "DeleteConflict",
        "Cannot delete entity, must delete policies first.",
    )
    world.call("DeleteRolePolicy", RoleName="Ops", PolicyName="p")
    assert world.call("DeleteRole", RoleName="Ops") == {}


def test_the_account_holds_so_many_roles(world: World) -> None:
    """The 1001st role is refused (facts 10.2)."""
    sample = world.role("r0", TRUST)
    world.fill(
        [
            replace(sample, id=f"AROA{number}", name=f"r{number}")
            for number in range(1, 1000)
        ]
    )
    assert world.refused(
        "CreateRole", RoleName="one-more", AssumeRolePolicyDocument=TRUST
    ) == (
        "LimitExceeded",
        "Cannot exceed quota for RolesPerAccount: 1000",
    )


# -- trust policies -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "This policy contains invalid Json"),
        (
            TRUST.replace("sts:AssumeRole", "s3:GetObject"),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            TRUST.replace('"Action"', '"Resource": "*", "Action"'),
            "Has prohibited field Resource",
        ),
    ],
)
@pytest.mark.parametrize("operation", ["CreateRole", "UpdateAssumeRolePolicy"])
def test_a_trust_policy_must_be_one(
    world: World, operation: str, text: str, message: str
) -> None:
    """Both operations that store a trust policy check it (facts 3.7)."""
    parameter = "AssumeRolePolicyDocument"
    name = "new"
    if operation == "UpdateAssumeRolePolicy":
        parameter, name = "PolicyDocument", "Ops"
        world.role("Ops", TRUST)
    refusal = world.refused(operation, RoleName=name, **{parameter: text})
    assert refusal == ("MalformedPolicyDocument", message)


def test_the_older_language_is_taken_in_trust_policies(world: World) -> None:
    """Only managed policies insist on 2012-10-17 (facts 3.1)."""
    old = TRUST.replace("2012-10-17", "2008-10-17")
    world.role("Ops", old)
    assert trust_of(world, "Ops") == old


def test_a_trust_policy_has_a_size(world: World) -> None:
    """2048 characters without white space (facts 3.6)."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ACCOUNT},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": ""}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    room = 2048 - len(json.dumps(document, separators=(",", ":")))
    statement["Condition"] = {"StringEquals": {"sts:ExternalId": "x" * room}}
    world.role("Ops", json.dumps(document, indent=40))
    statement["Condition"] = {"StringEquals": {"sts:ExternalId": "x" * (room + 1)}}
    refusal = world.refused(
        "UpdateAssumeRolePolicy", RoleName="Ops", PolicyDocument=json.dumps(document)
    )
    assert refusal == ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")


def test_a_user_in_a_trust_policy_is_stored_by_id(world: World) -> None:
    """The stored text has the unique id, the shown one the ARN (facts 3.4)."""
    user = world.user("Alice", Path="/dev/")
    trust = trusting(user.arn)
    role = world.role("Ops", trust)
    assert role.trust == trust.replace(user.arn, user.id)
    [statement] = parse(role.trust, kind=Kind.TRUST).statements
    assert statement.principal is not None
    assert statement.principal.members == (("AWS", user.id),)
    assert trust_of(world, "Ops") == trust
    assert (
        world.call("ListRoles")["Roles"][0]["AssumeRolePolicyDocument"]
        == (world.call("GetRole", RoleName="Ops")["Role"]["AssumeRolePolicyDocument"])
    )


def test_a_trusted_user_who_is_renamed_is_shown_by_the_new_name(world: World) -> None:
    """The policy follows the entity, not the name."""
    user = world.user("Alice")
    world.role("Ops", trusting(user.arn))
    world.call("UpdateUser", UserName="Alice", NewUserName="Alicia")
    assert trust_of(world, "Ops") == trusting(f"arn:aws:iam::{ACCOUNT}:user/Alicia")


@pytest.mark.threat("T34")
def test_a_trusted_user_made_again_is_not_trusted(world: World) -> None:
    """After deletion the raw id stays, also when the name is taken again (facts 3.4)."""
    first = world.user("Alice")
    world.role("Ops", trusting(first.arn))
    world.call("DeleteUser", UserName="Alice")
    world.user("Alice")
    assert trust_of(world, "Ops") == trusting(first.id)
    assert world.get(Role, "Ops").trust == trusting(first.id)


def test_a_policy_with_a_dead_id_cannot_be_saved_again(world: World) -> None:
    """An id that nobody has is no principal; a living one is taken."""
    user = world.user("Alice")
    world.role("Ops", trusting(user.id))
    assert trust_of(world, "Ops") == trusting(user.arn)
    world.call("DeleteUser", UserName="Alice")
    refusal = world.refused(
        "UpdateAssumeRolePolicy", RoleName="Ops", PolicyDocument=trust_of(world, "Ops")
    )
    assert refusal == (
        "MalformedPolicyDocument",
        f'Invalid principal in policy: "AWS":"{user.id}"',
    )


def test_users_of_other_accounts_may_be_trusted(world: World) -> None:
    """The role of one account trusts the user of another (scenario 1 of the guide)."""
    world.call("CreateUser", root_of(OTHER_ACCOUNT), UserName="Richard")
    trust = trusting(f"arn:aws:iam::{OTHER_ACCOUNT}:user/Richard")
    world.role("Ops", trust)
    assert trust_of(world, "Ops") == trust


@pytest.mark.threat("T58")
@pytest.mark.parametrize(
    "principal",
    [
        f"arn:aws:iam::{ACCOUNT}:user/Nobody",
        f"arn:aws:iam::{ACCOUNT}:user/alice",
        f"arn:aws:iam::{ACCOUNT}:user/path/Alice",
        f"arn:aws:iam::{ACCOUNT}:role/Alice",
        f"arn:aws:iam::{OTHER_ACCOUNT}:user/Alice",
        "arn:aws:iam::000000000000:user/Alice",
        f"arn:aws:iam::{ACCOUNT}:group/Devs",
        f"arn:aws:iam::{ACCOUNT}:user/*",
        f"arn:aws-cn:iam::{ACCOUNT}:user/Alice",
        "AIDAAAAAAAAAAAAAAAAAA",
        "Alice",
    ],
)
def test_a_principal_must_exist(world: World, principal: str) -> None:
    """Users and roles that are not there, by exact ARN, are refused by name (facts 3.4)."""
    world.user("Alice")
    world.call("CreateGroup", GroupName="Devs")
    trust = trusting(ACCOUNT, principal)
    refusal = world.refused(
        "CreateRole", RoleName="Ops", AssumeRolePolicyDocument=trust
    )
    assert refusal == (
        "MalformedPolicyDocument",
        f'Invalid principal in policy: "AWS":"{principal}"',
    )


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        "999999999999",
        "arn:aws:iam::999999999999:root",
        "arn:aws:sts::999999999999:assumed-role/Ops/me",
        "arn:aws:sts::999999999999:federated-user/Bob",
    ],
)
def test_what_may_live_elsewhere_is_kept_as_sent(world: World, principal: str) -> None:
    """Accounts, root and sessions stay as they were written."""
    role = world.role("Ops", trusting(principal))
    assert role.trust == trusting(principal)


@pytest.mark.threat("T94")
def test_the_text_of_a_trust_policy_is_kept(world: World) -> None:
    """White space, order and escapes come back as they were sent."""
    user = world.user("Alice")
    trust = (
        '\n{ "Statement" :[ {"Action":"sts:AssumeRole",\t"Effect" : "Allow",\r\n'
        ' "Condition": {"StringLike": {"aws:PrincipalArn": "' + user.arn + '"}},'
        ' "Princip\\u0061l":{"AWS" : [ "' + user.arn + '","' + ACCOUNT + '" ] } }],'
        ' "Version":"2012-10-17", "Id": "\\u00e9 é" }\n'
    )
    role = world.role("Ops", trust)
    assert trust_of(world, "Ops") == trust
    assert role.trust.count(user.arn) == 1
    assert role.trust.count(user.id) == 1
