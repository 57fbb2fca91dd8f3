"""An organization with unmodified boto3: accounts, units, and policies that bind."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.world import MFA, Account, Credentials, Document, World, policy, unique

SCP = "SERVICE_CONTROL_POLICY"
RCP = "RESOURCE_CONTROL_POLICY"
ENTRY = "arn:aws:iam::{}:role/OrganizationAccountAccessRole"
WITHOUT_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


@pytest.fixture
def manager(world: World) -> Account:
    """A new account that manages a new organization with both types of policies."""
    account = world.account("manager")
    orgs = account.client("organizations")
    orgs.create_organization(FeatureSet="ALL")
    [root] = orgs.list_roots()["Roots"]
    for kind in (SCP, RCP):
        orgs.enable_policy_type(RootId=root["Id"], PolicyType=kind)
    return account


def root_of(manager: Account) -> str:
    """The id of the organization's root."""
    return str(manager.client("organizations").list_roots()["Roots"][0]["Id"])


def bind(manager: Account, kind: str, target: str, *statements: Document) -> str:
    """A new policy on a target; its id."""
    orgs = manager.client("organizations")
    made = orgs.create_policy(
        Type=kind,
        Name=unique("guard"),
        Description="",
        Content=json.dumps(policy(*statements)),
    )
    policy_id = made["Policy"]["PolicySummary"]["Id"]
    orgs.attach_policy(PolicyId=policy_id, TargetId=target)
    return str(policy_id)


def join(manager: Account, account: Account) -> None:
    """An account that was there before comes into the organization."""
    target = {"Type": "ACCOUNT", "Id": account.id}
    orgs = manager.client("organizations")
    made = orgs.invite_account_to_organization(Target=target)
    account.client("organizations").accept_handshake(
        HandshakeId=made["Handshake"]["Id"]
    )


def refusal_of(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    """Code and message of a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def entered(manager: Account, account: str) -> Credentials:
    """A session of the role that every new account has."""
    boss = manager.person("Boss", admin=True)
    return boss.assume(ENTRY.format(account))


def test_a_member_is_made_entered_and_bound(world: World, manager: Account) -> None:
    """CreateAccount, AssumeRole into it, and a policy that counts after the move."""
    orgs = manager.client("organizations")
    made = orgs.create_account(
        Email=f"{unique('dev')}@corp.example", AccountName="Dev"
    )["CreateAccountStatus"]
    status = orgs.describe_create_account_status(CreateAccountRequestId=made["Id"])
    assert status["CreateAccountStatus"]["State"] == "SUCCEEDED"
    account = made["AccountId"]
    iam = world.client("iam", entered(manager, account))
    iam.create_user(UserName="First")
    unit = orgs.create_organizational_unit(ParentId=root_of(manager), Name="Dev")
    unit_id = unit["OrganizationalUnit"]["Id"]
    guard = {"Effect": "Deny", "Action": "iam:DeleteUser", "Resource": "*"}
    bind(manager, SCP, unit_id, guard)
    orgs.move_account(
        AccountId=account, SourceParentId=root_of(manager), DestinationParentId=unit_id
    )
    code, message = refusal_of(iam.delete_user, UserName="First")
    assert code == "AccessDenied"
    assert message.endswith("with an explicit deny in a service control policy")
    pages = orgs.get_paginator("list_accounts").paginate(
        PaginationConfig={"PageSize": 1}
    )
    found = [one["Id"] for page in pages for one in page["Accounts"]]
    assert sorted(found) == sorted([manager.id, account])
    [parent] = orgs.list_parents(ChildId=account)["Parents"]
    assert parent == {"Id": unit_id, "Type": "ORGANIZATIONAL_UNIT"}


def test_mfa_is_demanded_of_a_whole_organization(
    world: World, manager: Account
) -> None:
    """A member's user without MFA is stopped by the root's policy; with MFA it passes."""
    member = world.account("member")
    sofia = member.person("Sofia", admin=True, devices=1)
    table = member.table("Orders")
    join(manager, member)
    guard = {"Effect": "Deny", "NotAction": "sts:*", "Resource": "*"}
    bind(manager, SCP, root_of(manager), {**guard, "Condition": WITHOUT_MFA})
    with_mfa = sofia.client("dynamodb", sofia.session(mfa=True))
    assert with_mfa.describe_table(TableName=table)["Table"]["TableName"] == table
    for credentials in (None, sofia.session(mfa=False)):
        client = sofia.client("dynamodb", credentials)
        code, message = refusal_of(client.describe_table, TableName=table)
        assert code == "AccessDeniedException"
        assert message.endswith("with an explicit deny in a service control policy")
    # The member's root user is bound too, and the manager is not.
    code, _ = refusal_of(member.client("dynamodb").describe_table, TableName=table)
    assert code == "AccessDeniedException"
    own = manager.table("Own")
    manager.client("dynamodb").describe_table(TableName=own)


def test_what_members_own_is_kept_in_the_organization(
    world: World, manager: Account
) -> None:
    """A bucket policy that lets a stranger in counts no more under such a policy."""
    member = world.account("member")
    stranger = world.d.person("Eve", admin=True)

    def open_to_all(name: str) -> Document:
        return policy(
            {
                "Effect": "Allow",
                "Principal": {"AWS": [world.d.id, manager.id]},
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{name}/*",
            }
        )

    bucket = member.bucket(open_to_all)
    member.client("s3").put_object(Bucket=bucket, Key="k", Body=b"data")
    fetch = {"Bucket": bucket, "Key": "k"}
    assert stranger.client("s3").get_object(**fetch)["Body"].read() == b"data"
    join(manager, member)
    organization = manager.client("organizations").describe_organization()
    outside = {
        "StringNotEqualsIfExists": {
            "aws:PrincipalOrgID": organization["Organization"]["Id"]
        }
    }
    bind(
        manager,
        RCP,
        root_of(manager),
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "*",
            "Condition": outside,
        },
    )
    code, _ = refusal_of(stranger.client("s3").get_object, **fetch)
    assert code == "AccessDenied"
    code, _ = refusal_of(world.client("s3", None).get_object, **fetch)
    assert code == "AccessDenied"
    boss = manager.person("Boss", admin=True)
    assert boss.client("s3").get_object(**fetch)["Body"].read() == b"data"


def test_a_closed_account_is_not_heard_and_not_reached(
    world: World, manager: Account
) -> None:
    """Its keys sign for nobody and its bucket is shut; `account reopen` gives both back."""
    member = world.account("member")
    sofia = member.person("Sofia", admin=True)

    def open_to_manager(name: str) -> Document:
        return policy(
            {
                "Effect": "Allow",
                "Principal": {"AWS": manager.id},
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{name}/*",
            }
        )

    bucket = member.bucket(open_to_manager)
    member.client("s3").put_object(Bucket=bucket, Key="k", Body=b"data")
    fetch = {"Bucket": bucket, "Key": "k"}
    boss = manager.person("Boss", admin=True).client("s3")
    assert boss.get_object(**fetch)["Body"].read() == b"data"
    join(manager, member)
    orgs = manager.client("organizations")
    orgs.close_account(AccountId=member.id)
    assert orgs.describe_account(AccountId=member.id)["Account"]["Status"] == (
        "SUSPENDED"
    )
    for who in (member, sofia):
        code, _ = refusal_of(who.client("sts").get_caller_identity)
        assert code == "InvalidClientTokenId"
    code, _ = refusal_of(boss.get_object, **fetch)
    assert code == "AccessDenied"
    listed = json.loads(world.server.run("account", "list", "--json").stdout)
    states = {one["account_id"]: one["state"] for one in listed}
    assert (states[member.id], states[manager.id]) == ("SUSPENDED", "ACTIVE")
    assert f"{member.id}  " in world.server.run("account", "list").stdout
    done = world.server.run("account", "reopen", member.id)
    assert (done.returncode, done.stderr) == (0, "")
    world.await_account(member)
    assert boss.get_object(**fetch)["Body"].read() == b"data"
    for account, message in (
        (member.id, f"account `{member.id}` is open"),
        ("000000000000", "there is no account `000000000000`"),
    ):
        done = world.server.run("account", "reopen", account)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"ostiary: {message}\n"


def test_a_manager_with_mfa_alone_may_organize(world: World, manager: Account) -> None:
    """The chapter's condition on organizations: actions: key, session, session with MFA."""
    allowed = {
        "Effect": "Allow",
        "Action": "organizations:*",
        "Resource": "*",
        "Condition": MFA,
    }
    boss = manager.person("Boss", policy(allowed), devices=1)
    for credentials in (None, boss.session(mfa=False)):
        orgs = boss.client("organizations", credentials)
        code, message = refusal_of(orgs.list_accounts)
        assert code == "AccessDeniedException"
        assert message.endswith(
            "because no identity-based policy allows the organizations:ListAccounts "
            "action"
        )
    orgs = boss.client("organizations", boss.session(mfa=True))
    assert [one["Id"] for one in orgs.list_accounts()["Accounts"]] == [manager.id]
    with pytest.raises(orgs.exceptions.InvalidInputException) as caught:
        orgs.describe_policy(PolicyId="nothing")
    assert caught.value.response["Reason"] == "INVALID_PATTERN"
