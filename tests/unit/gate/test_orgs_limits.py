"""What an organization's policies do at the gate: they bind members, level by level."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostiary.gate.needs import Need
from ostiary.gate.organization_limits import Bounds
from ostiary.gate.telling import tell
from ostiary.identity.caller import ANONYMOUS
from ostiary.policy import Principal
from ostiary.store.limits import Limits
from tests.unit.gate.orgs import RCP, SCP, Orgs, deny, founded
from tests.unit.gate.whole import Answer, Keys, Whole, allow, run, trust

GUEST = "444455556666"


async def joined(orgs: Orgs) -> Keys:
    """An account that was there before comes in; its root key."""
    root = await orgs.whole.account("guest", GUEST)
    invited = await orgs.good(
        "InviteAccountToOrganization", Target={"Type": "ACCOUNT", "Id": GUEST}
    )
    handshake = invited["Handshake"]["Id"]
    told = await orgs.call(root, "AcceptHandshake", HandshakeId=handshake)
    assert told.answer.status == 200, told.answer.body
    return root


async def lists(whole: Whole, keys: Keys) -> Answer:
    """A call that takes `iam:ListUsers`."""
    return await whole.call(keys, "iam", "ListUsers")


def test_a_member_is_bound_from_its_next_request_on(tmp_path: Path) -> None:
    """A move, a change of the policy and its detachment each count at once."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        account = await orgs.account("dev")
        admin = await orgs.admin(account)
        unit = await orgs.unit("Guarded")
        guard = await orgs.policy(SCP, "guard", deny("iam:ListUsers"), target=unit)
        assert (await lists(whole, admin)).status == 200

        await orgs.move(account, orgs.root, unit)
        refused = await lists(whole, admin)
        assert (refused.status, refused.code) == (403, "AccessDenied")
        assert refused.message.endswith(
            "is not authorized to perform: iam:ListUsers on resource: * "
            "with an explicit deny in a service control policy"
        )

        await orgs.good(
            "UpdatePolicy",
            PolicyId=guard,
            Content='{"Version":"2012-10-17","Statement":'
            '{"Effect":"Deny","Action":"iam:ListRoles","Resource":"*"}}',
        )
        assert (await lists(whole, admin)).status == 200
        assert (await whole.call(admin, "iam", "ListRoles")).status == 403
        await orgs.good("DetachPolicy", PolicyId=guard, TargetId=unit)
        assert (await whole.call(admin, "iam", "ListRoles")).status == 200

    run(tmp_path, play)


@pytest.mark.parametrize("level", ["root", "unit", "account"])
def test_every_level_must_allow(tmp_path: Path, level: str) -> None:
    """A level without an Allow stops what the two others allow."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        account = await orgs.account("dev")
        unit = await orgs.unit("Dev")
        await orgs.move(account, orgs.root, unit)
        admin = await orgs.admin(account)
        target = {"root": orgs.root, "unit": unit, "account": account}[level]
        await orgs.policy(SCP, "few", allow("iam:ListRoles"), target=target)
        assert (await lists(whole, admin)).status == 200

        await orgs.good("DetachPolicy", PolicyId="p-FullAWSAccess", TargetId=target)
        refused = await lists(whole, admin)
        assert refused.message.endswith(
            "because no service control policy allows the iam:ListUsers action"
        )
        assert (await whole.call(admin, "iam", "ListRoles")).status == 200

    run(tmp_path, play)


def test_a_service_control_policy_never_grants(tmp_path: Path) -> None:
    """A user without policies stays without rights, whatever the levels allow."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        root = await joined(orgs)
        nobody = await whole.user("Nobody", root=root)
        refused = await lists(whole, nobody)
        assert "because no identity-based policy allows" in refused.message

    run(tmp_path, play)


def test_the_members_root_user_is_bound_and_the_manager_is_not(
    tmp_path: Path,
) -> None:
    """One Deny at the root: a member's root user feels it, the manager's users do not."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        root = await joined(orgs)
        await orgs.policy(SCP, "guard", deny("iam:ListUsers"), target=orgs.root)
        await orgs.good(
            "AttachPolicy",
            PolicyId=(await orgs.policy(SCP, "more", deny("iam:*"))),
            TargetId="111122223333",
        )
        refused = await lists(whole, root)
        assert refused.message == (
            f"User: arn:aws:iam::{GUEST}:root is not authorized to perform: "
            "iam:ListUsers on resource: * with an explicit deny in a service control "
            "policy"
        )
        assert (await lists(whole, whole.root)).status == 200
        manager = await whole.user("Boss", allow("iam:*"))
        assert (await lists(whole, manager)).status == 200

    run(tmp_path, play)


def test_who_leaves_is_free(tmp_path: Path) -> None:
    """An account that was removed is bound no more, nor one whose type is disabled."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        root = await joined(orgs)
        await orgs.policy(SCP, "guard", deny("iam:ListUsers"), target=orgs.root)
        assert (await lists(whole, root)).status == 403
        await orgs.good("RemoveAccountFromOrganization", AccountId=GUEST)
        assert (await lists(whole, root)).status == 200
        await joined_again(orgs, root)
        assert (await lists(whole, root)).status == 403
        await orgs.good("DisablePolicyType", RootId=orgs.root, PolicyType=SCP)
        assert (await lists(whole, root)).status == 200

    async def joined_again(orgs: Orgs, root: Keys) -> None:
        made = await orgs.good(
            "InviteAccountToOrganization", Target={"Type": "ACCOUNT", "Id": GUEST}
        )
        await orgs.call(root, "AcceptHandshake", HandshakeId=made["Handshake"]["Id"])

    run(tmp_path, play)


def test_mfa_can_be_demanded_of_a_whole_organization(tmp_path: Path) -> None:
    """A member's user with MFA passes; its key alone and a session without it do not."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        root = await joined(orgs)
        sofia = await whole.user("Sofia", allow("sts:AssumeRole"), root=root)
        serial = await whole.device("Sofia", root=root)
        made = await whole.good(
            root,
            "iam",
            "CreateRole",
            RoleName="Job",
            AssumeRolePolicyDocument=trust({"AWS": GUEST}),
        )
        role = {"RoleArn": made.field("Arn"), "RoleSessionName": "sofia"}
        condition = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
        guard = deny(["sts:Assume*", "iam:Get*"], Condition=condition)
        await orgs.policy(SCP, "mfa", guard, target=orgs.root)
        without = await whole.session(sofia)
        with_mfa = await whole.session(sofia, serial)
        await whole.good(with_mfa, "sts", "AssumeRole", **role)
        for keys in (sofia, without):
            refused = await whole.bad(keys, "sts", "AssumeRole", **role)
            assert refused.code == "AccessDenied"
            assert "service control policy" in whole.record(refused)["why"]
        refused = await whole.bad(root, "iam", "GetUser", UserName="Sofia")
        assert refused.message == (
            f"User: arn:aws:iam::{GUEST}:root is not authorized to perform: iam:GetUser "
            f"on resource: arn:aws:iam::{GUEST}:user/Sofia with an explicit deny in a "
            "service control policy"
        )

    run(tmp_path, play)


def test_a_resource_control_policy_guards_what_a_member_owns(tmp_path: Path) -> None:
    """A stranger may not take a member's role, whatever its trust policy says."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, RCP)
        account = await orgs.account("dev")
        admin = await orgs.admin(account)
        stranger = await whole.account("stranger", "777788889999")
        eve = await whole.user("Eve", allow("sts:AssumeRole"), root=stranger)
        made = await whole.good(
            admin,
            "iam",
            "CreateRole",
            RoleName="Open",
            AssumeRolePolicyDocument=trust({"AWS": "777788889999"}),
        )
        role = {"RoleArn": made.field("Arn"), "RoleSessionName": "eve"}
        assert (await whole.call(eve, "sts", "AssumeRole", **role)).status == 200

        outside = {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": await orgs_id(orgs)}
        }
        await orgs.policy(
            RCP,
            "ours",
            deny("sts:AssumeRole", Principal="*", Condition=outside),
            target=orgs.root,
        )
        refused = await whole.call(eve, "sts", "AssumeRole", **role)
        assert (refused.status, refused.code) == (403, "AccessDenied")
        record = whole.record(refused)
        [verdict] = record["decisions"]
        assert verdict["determining"][0]["kind"] == "rcp"
        assert "resource control policy p-" in tell(record)
        boss = f"boss{account}"
        again = await whole.good(whole.root, "iam", "CreateAccessKey", UserName=boss)
        keys = Keys(again.field("AccessKeyId"), again.field("SecretAccessKey"))
        entry = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        await whole.good(
            keys, "sts", "AssumeRole", RoleArn=entry, RoleSessionName="boss"
        )

    run(tmp_path, play)


async def orgs_id(orgs: Orgs) -> str:
    """The organization's id."""
    return str((await orgs.good("DescribeOrganization"))["Organization"]["Id"])


def test_resource_control_policies_guard_some_services_only(tmp_path: Path) -> None:
    """What a member's users do in IAM is no matter of theirs; in SQS it is."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, RCP)
        root = await joined(orgs)
        standing = Limits(whole.home.snapshot).of(GUEST)
        assert [len(level) for level in standing.rcps] == [1, 1]
        await orgs.policy(RCP, "none", deny("sqs:*", Principal="*"), target=orgs.root)
        limits = Limits(whole.home.snapshot)
        caller = replace(
            ANONYMOUS, principal=Principal.from_arn(f"arn:aws:iam::{GUEST}:root")
        )
        bounds = Bounds(limits)
        assert bounds.on(caller, need_of("iam:ListUsers")).rcps == ()
        bound = bounds.on(caller, need_of("sqs:SendMessage"))
        assert [len(one) for one in bound.rcps] == [
            2,
            1,
        ]
        assert (await lists(whole, root)).status == 200

    run(tmp_path, play)


def need_of(action: str) -> Need:
    """A need of the guest's account."""
    return Need(action=action, resource="*", resource_account=GUEST, context={})


def test_service_linked_roles_are_bound_by_nothing(tmp_path: Path) -> None:
    """Neither kind of policy holds a role that a service was given."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP, RCP)
        await joined(orgs)
        arn = f"arn:aws:iam::{GUEST}:role/aws-service-role/x.amazonaws.com/R"
        # Paths may have colons, and one of the account's own making frees nobody.
        like = f"arn:aws:iam::{GUEST}:role/x:role/aws-service-role/R"
        user = f"arn:aws:iam::{GUEST}:user/x:role/aws-service-role/U"
        plain = Principal.from_arn(f"arn:aws:sts::{GUEST}:assumed-role/R/s")
        limits = Limits(whole.home.snapshot)
        for principal, is_bound in (
            (replace(plain, role_arn=arn), False),
            (replace(plain, role_arn=like), True),
            (replace(plain, role_arn=user), True),
            (plain, True),
        ):
            caller = replace(ANONYMOUS, principal=principal)
            bound = Bounds(limits).on(caller, need_of("sqs:SendMessage"))
            assert (bool(bound.scps), bool(bound.rcps)) == (is_bound, is_bound)

    run(tmp_path, play)


def test_the_keys_of_an_organization(tmp_path: Path) -> None:
    """Id and path of the caller's and the resource's account; absent outside."""

    async def play(whole: Whole) -> None:
        root = await whole.account("guest", GUEST)
        orgs = await founded(whole)
        name = await orgs_id(orgs)
        unit = await orgs.unit("Dev")
        path = f"{name}/{orgs.root}/{unit}/"
        for user, condition in {
            "Id": {"StringEquals": {"aws:PrincipalOrgID": name}},
            "Path": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{path}*"}},
            "Owner": {"StringEquals": {"aws:ResourceOrgID": name}},
            "Place": {"ForAnyValue:StringEquals": {"aws:ResourceOrgPaths": path}},
        }.items():
            keys = await whole.user(
                user, allow("iam:ListUsers", Condition=condition), root=root
            )
            refused = await lists(whole, keys)
            assert refused.status == 403
            whole.seeds[user] = json.dumps([keys.key_id, keys.secret])
        invited = await orgs.good(
            "InviteAccountToOrganization", Target={"Type": "ACCOUNT", "Id": GUEST}
        )
        await orgs.call(root, "AcceptHandshake", HandshakeId=invited["Handshake"]["Id"])
        await orgs.move(GUEST, orgs.root, unit)
        for user in ("Id", "Path", "Owner", "Place"):
            assert (
                await lists(whole, Keys(*json.loads(whole.seeds[user])))
            ).status == 200

    run(tmp_path, play)


def test_an_encoded_refusal_names_the_statement(tmp_path: Path) -> None:
    """EC2's sealed message holds the Deny of a service control policy."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        root = await joined(orgs)
        await orgs.policy(
            SCP, "guard", deny("ec2:StopInstances", Sid="Guard"), target=orgs.root
        )
        stop = {"InstanceId.1": "i-1234567890abcdef0"}
        refused = await whole.call(root, "ec2", "StopInstances", **stop)
        assert refused.code == "UnauthorizedOperation"
        text, _, blob = refused.message.rpartition(" ")
        assert "with an explicit deny in a service control policy." in text
        # The member cannot read it while it is bound by nothing that forbids it.
        told = await whole.good(
            root, "sts", "DecodeAuthorizationMessage", EncodedMessage=blob
        )
        message: dict[str, Any] = json.loads(
            told.field("DecodedMessage").replace("&quot;", '"')
        )
        [statement] = message["matchedStatements"]["items"]
        assert message["explicitDeny"] is True
        assert (statement["statementId"], statement["effect"]) == ("Guard", "DENY")
        keys = {one["key"] for one in message["context"]["conditions"]["items"]}
        assert {"aws:PrincipalOrgID", "aws:ResourceOrgPaths"} <= keys

    run(tmp_path, play)


def test_why_names_policy_and_place(tmp_path: Path) -> None:
    """The record says which policy denied, and on what it hangs."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        root = await joined(orgs)
        guard = await orgs.policy(SCP, "guard", deny("iam:ListUsers"), target=GUEST)
        told = tell(whole.record(await lists(whole, root)))
        name = f"service control policy {guard} `guard` on {GUEST}"
        assert f"denied by statement 0 of {name}" in told

    run(tmp_path, play)


@pytest.mark.threat("T93")
def test_the_simulator_knows_the_organization(tmp_path: Path) -> None:
    """Simulated and real calls of a member's user agree; the detail tells why."""

    async def simulated(whole: Whole, root: Keys, action: str) -> tuple[str, str]:
        answer = await whole.good(
            root,
            "iam",
            "SimulatePrincipalPolicy",
            PolicySourceArn=f"arn:aws:iam::{GUEST}:user/Sofia",
            ActionNames=[action],
        )
        detail = (
            answer.field("AllowedByOrganizations")
            if "<OrganizationsDecisionDetail>" in answer.body
            else ""
        )
        assert "SourcePolicyId>p-" not in answer.body
        return answer.field("EvalDecision"), detail

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP, RCP)
        root = await whole.account("guest", GUEST)
        sofia = await whole.user("Sofia", allow("iam:List*"), root=root)
        assert await simulated(whole, root, "iam:ListUsers") == ("allowed", "")
        made = await orgs.good(
            "InviteAccountToOrganization", Target={"Type": "ACCOUNT", "Id": GUEST}
        )
        await orgs.call(root, "AcceptHandshake", HandshakeId=made["Handshake"]["Id"])
        await orgs.policy(SCP, "guard", deny("iam:ListUsers"), target=orgs.root)
        assert await simulated(whole, root, "iam:ListUsers") == (
            "explicitDeny",
            "false",
        )
        assert await simulated(whole, root, "iam:ListRoles") == ("allowed", "true")
        assert await simulated(whole, root, "sqs:ListQueues") == (
            "implicitDeny",
            "true",
        )
        assert (await lists(whole, sofia)).status == 403
        assert (await whole.call(sofia, "iam", "ListRoles")).status == 200

    run(tmp_path, play)


@pytest.mark.threat("T80")
def test_a_broken_policy_of_the_organization_refuses_all(tmp_path: Path) -> None:
    """What cannot be evaluated stops the members it binds, and nobody else."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        root = await joined(orgs)
        guard = await orgs.policy(SCP, "guard", deny("iam:ListUsers"), target=GUEST)
        broken = replace(whole.home.snapshot.chart.policies[guard], text="{")
        await whole.work.change(lambda change: change.replace(broken))
        refused = await whole.call(root, "iam", "ListRoles")
        assert (refused.status, refused.code) == (403, "AccessDenied")
        assert "invalid_policy" in whole.record(refused)["marks"]
        assert (await lists(whole, whole.root)).status == 200

    run(tmp_path, play)


def test_nothing_is_looked_up_where_there_is_no_organization(tmp_path: Path) -> None:
    """Without a member anywhere there is nothing to bind, and no key to give."""

    async def play(whole: Whole) -> None:
        assert not Limits(whole.home.snapshot).are_any
        await founded(whole)
        limits = Limits(whole.home.snapshot)
        assert limits.are_any
        assert limits.of(GUEST).principal_keys == {}

    run(tmp_path, play)
