"""AWS Organizations through the whole gate: what each operation does and refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from ostiary.services.organizations.handshakes import LASTS
from tests.unit.gate.orgs import RCP, SCP, Orgs, deny, founded
from tests.unit.gate.whole import Keys, Whole, allow, run

MANAGER = "111122223333"
GUEST = "444455556666"
OTHER = "777788889999"
EMPTY = json.dumps({"Version": "2012-10-17", "Statement": deny("iam:*")})


async def invited(orgs: Orgs, account: str = GUEST) -> str:
    """The id of a new invitation."""
    target = {"Type": "ACCOUNT", "Id": account}
    made = await orgs.good("InviteAccountToOrganization", Target=target)
    return str(made["Handshake"]["Id"])


async def state(orgs: Orgs, handshake: str) -> str:
    """The state of an invitation."""
    found = await orgs.good("DescribeHandshake", HandshakeId=handshake)
    return str(found["Handshake"]["State"])


def test_an_organization_is_made_and_forgotten(tmp_path: Path) -> None:
    """One account is in one organization; only an empty one can be deleted."""

    async def play(whole: Whole) -> None:
        orgs = Orgs(whole)
        assert (
            await orgs.bad("DescribeOrganization")
            == "AWSOrganizationsNotInUseException"
        )
        made = (await orgs.good("CreateOrganization", FeatureSet="ALL"))["Organization"]
        name = made["Id"]
        assert made["Arn"] == f"arn:aws:organizations::{MANAGER}:organization/{name}"
        assert made["MasterAccountId"] == MANAGER
        assert (await orgs.good("DescribeOrganization"))["Organization"] == made
        assert await orgs.bad("CreateOrganization") == "AlreadyInOrganizationException"
        account = await orgs.account("dev")
        assert await orgs.bad("DeleteOrganization") == "OrganizationNotEmptyException"
        await orgs.good("RemoveAccountFromOrganization", AccountId=account)
        await orgs.good("DeleteOrganization")
        assert (
            await orgs.bad("DescribeOrganization")
            == "AWSOrganizationsNotInUseException"
        )
        assert not whole.home.snapshot.chart.members
        again = (await orgs.good("CreateOrganization"))["Organization"]
        assert again["Id"] != name

    run(tmp_path, play)


def test_billing_alone_has_no_policies(tmp_path: Path) -> None:
    """Without all features no type of policies can be had."""

    async def play(whole: Whole) -> None:
        orgs = Orgs(whole)
        made = await orgs.good("CreateOrganization", FeatureSet="CONSOLIDATED_BILLING")
        assert made["Organization"]["AvailablePolicyTypes"] == []
        [root] = (await orgs.good("ListRoots"))["Roots"]
        refused = await orgs.bad("EnablePolicyType", RootId=root["Id"], PolicyType=SCP)
        assert refused == "PolicyTypeNotAvailableForOrganizationException"
        trust = await orgs.bad(
            "EnableAWSServiceAccess", ServicePrincipal="x.amazonaws.com"
        )
        assert trust == (
            "ConstraintViolationException ORGANIZATION_NOT_IN_ALL_FEATURES_MODE"
        )

    run(tmp_path, play)


def test_a_new_account_can_be_entered_and_has_no_root_key(tmp_path: Path) -> None:
    """The role of the given name trusts the management account, and administers."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        made = await orgs.good(
            "CreateAccount",
            Email="dev@corp.example",
            AccountName="Dev & Co",
            RoleName="Entry",
            Tags=[{"Key": "team", "Value": "a"}],
        )
        status = made["CreateAccountStatus"]
        account = status["AccountId"]
        found = await orgs.good(
            "DescribeCreateAccountStatus", CreateAccountRequestId=status["Id"]
        )
        assert found["CreateAccountStatus"] == status
        boss = await whole.user("Boss", allow("sts:AssumeRole"))
        entry = f"arn:aws:iam::{account}:role/Entry"
        session = await whole.good(
            boss, "sts", "AssumeRole", RoleArn=entry, RoleSessionName="boss"
        )
        await whole.good(session.keys, "iam", "CreateUser", UserName="First")
        summary = await whole.good(session.keys, "iam", "GetAccountSummary")
        assert "<key>AccountAccessKeysPresent</key><value>0</value>" in summary.body
        tags = await orgs.good("ListTagsForResource", ResourceId=account)
        assert tags["Tags"] == [{"Key": "team", "Value": "a"}]

    run(tmp_path, play)


def test_an_address_is_one_accounts(tmp_path: Path) -> None:
    """A second account with the address is not made; the status says why."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        account = await orgs.account("dev")
        made = await orgs.good(
            "CreateAccount", Email="dev@corp.example", AccountName="again"
        )
        status = made["CreateAccountStatus"]
        assert (status["State"], status["FailureReason"]) == (
            "FAILED",
            "EMAIL_ALREADY_EXISTS",
        )
        listed = await orgs.good("ListCreateAccountStatus", States=["FAILED"])
        assert listed["CreateAccountStatuses"] == [status]
        accounts = (await orgs.good("ListAccounts"))["Accounts"]
        assert {one["Id"] for one in accounts} == {MANAGER, account}
        bad = await orgs.bad(
            "CreateAccount",
            Email="a@b.example",
            AccountName="x",
            RoleName="AWSServiceRoleForX",
        )
        assert bad == "InvalidInputException INVALID_ROLE_NAME"

    run(tmp_path, play)


def test_the_tree(tmp_path: Path) -> None:
    """Units nest five deep, names are unique under a parent, only empty ones go."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        chain = [orgs.root]
        for depth in range(5):
            chain.append(await orgs.unit(f"L{depth}", chain[-1]))
        too_deep = await orgs.bad(
            "CreateOrganizationalUnit", ParentId=chain[-1], Name="L5"
        )
        assert too_deep == "ConstraintViolationException OU_DEPTH_LIMIT_EXCEEDED"
        taken = await orgs.bad(
            "CreateOrganizationalUnit", ParentId=orgs.root, Name="L0"
        )
        assert taken == "DuplicateOrganizationalUnitException"
        unit = (
            await orgs.good("DescribeOrganizationalUnit", OrganizationalUnitId=chain[2])
        )["OrganizationalUnit"]
        assert unit["Path"].split("/")[1:] == [*chain[:3], ""]
        renamed = await orgs.good(
            "UpdateOrganizationalUnit", OrganizationalUnitId=chain[2], Name="Second"
        )
        assert renamed["OrganizationalUnit"]["Name"] == "Second"
        full = await orgs.bad("DeleteOrganizationalUnit", OrganizationalUnitId=chain[1])
        assert full == "OrganizationalUnitNotEmptyException"
        await orgs.good("DeleteOrganizationalUnit", OrganizationalUnitId=chain[5])
        [child] = (
            await orgs.good(
                "ListChildren", ParentId=chain[1], ChildType="ORGANIZATIONAL_UNIT"
            )
        )["Children"]
        assert child == {"Id": chain[2], "Type": "ORGANIZATIONAL_UNIT"}
        [below] = (
            await orgs.good("ListOrganizationalUnitsForParent", ParentId=chain[1])
        )["OrganizationalUnits"]
        assert below["Name"] == "Second"
        parents = await orgs.good("ListParents", ChildId=chain[2])
        assert parents["Parents"] == [{"Id": chain[1], "Type": "ORGANIZATIONAL_UNIT"}]
        missing = await orgs.bad("ListParents", ChildId="ou-abcd-12345678")
        assert missing == "ChildNotFoundException"

    run(tmp_path, play)


def test_an_account_is_moved(tmp_path: Path) -> None:
    """From where it stands to what is there; the lists follow."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        account, unit = await orgs.account("dev"), await orgs.unit("Dev")
        nowhere = "ou-abcd-12345678"
        for source, goal, code in (
            (nowhere, unit, "SourceParentNotFoundException"),
            (orgs.root, nowhere, "DestinationParentNotFoundException"),
            (unit, orgs.root, "DuplicateAccountException"),
        ):
            refused = await orgs.bad(
                "MoveAccount",
                AccountId=account,
                SourceParentId=source,
                DestinationParentId=goal,
            )
            assert refused == code
        await orgs.move(account, orgs.root, unit)
        [found] = (await orgs.good("ListAccountsForParent", ParentId=unit))["Accounts"]
        assert found["Id"] == account
        told = (await orgs.good("DescribeAccount", AccountId=account))["Account"]
        assert told["Paths"][0].endswith(f"/{orgs.root}/{unit}/{account}/")
        [parent] = (await orgs.good("ListParents", ChildId=account))["Parents"]
        assert parent["Id"] == unit
        missing = await orgs.bad("DescribeAccount", AccountId=OTHER)
        assert missing == "AccountNotFoundException"

    run(tmp_path, play)


def test_policies_of_a_type_are_switched_for_the_whole_tree(tmp_path: Path) -> None:
    """Enabled, everything has AWS's own policy, and what is new gets it; disabled, nothing."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        account, unit = await orgs.account("dev"), await orgs.unit("Dev")
        again = await orgs.bad("EnablePolicyType", RootId=orgs.root, PolicyType=SCP)
        assert again == "PolicyTypeAlreadyEnabledException"
        listed = await orgs.good("ListTargetsForPolicy", PolicyId="p-FullAWSAccess")
        targets = {one["TargetId"]: one["Type"] for one in listed["Targets"]}
        assert targets == {
            orgs.root: "ROOT",
            unit: "ORGANIZATIONAL_UNIT",
            account: "ACCOUNT",
            MANAGER: "ACCOUNT",
        }
        [root] = (await orgs.good("ListRoots"))["Roots"]
        assert root["PolicyTypes"] == [{"Type": SCP, "Status": "ENABLED"}]
        other = await orgs.bad(
            "EnablePolicyType", RootId=orgs.root, PolicyType="TAG_POLICY"
        )
        assert other == "InvalidInputException INVALID_ENUM_POLICY_TYPE"
        guard = await orgs.policy(SCP, "guard", deny("iam:*"), target=unit)
        off = await orgs.good("DisablePolicyType", RootId=orgs.root, PolicyType=SCP)
        assert off["Root"]["PolicyTypes"] == []
        left = await orgs.good("ListPoliciesForTarget", TargetId=unit, Filter=SCP)
        assert left["Policies"] == []
        refused = await orgs.bad("AttachPolicy", PolicyId=guard, TargetId=unit)
        assert refused == "PolicyTypeNotEnabledException"
        await orgs.good("DeletePolicy", PolicyId=guard)

    run(tmp_path, play)


def test_attachments_have_limits(tmp_path: Path) -> None:
    """Five policies of a type on a target, one at least; none twice; none in use goes."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP, RCP)
        unit = await orgs.unit("Dev")
        made = [
            await orgs.policy(SCP, f"p{n}", deny("iam:*"), target=unit)
            for n in range(4)
        ]
        sixth = await orgs.policy(SCP, "sixth", deny("iam:*"))
        for policy, code in (
            (made[0], "DuplicatePolicyAttachmentException"),
            (
                sixth,
                "ConstraintViolationException MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            ),
            ("p-12345678", "PolicyNotFoundException"),
        ):
            refused = await orgs.bad("AttachPolicy", PolicyId=policy, TargetId=unit)
            assert refused == code
        assert (
            await orgs.bad("DeletePolicy", PolicyId=made[0]) == "PolicyInUseException"
        )
        for policy in made:
            await orgs.good("DetachPolicy", PolicyId=policy, TargetId=unit)
        for policy, code in (
            (made[0], "PolicyNotAttachedException"),
            (
                "p-FullAWSAccess",
                "ConstraintViolationException MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            ),
            ("p-RCPFullAWSAccess", "InvalidInputException NON_DETACHABLE_POLICY"),
        ):
            refused = await orgs.bad("DetachPolicy", PolicyId=policy, TargetId=unit)
            assert refused == code
        missing = await orgs.bad("AttachPolicy", PolicyId=sixth, TargetId=OTHER)
        assert missing == "TargetNotFoundException"

    run(tmp_path, play)


def test_policies_are_made_and_changed(tmp_path: Path) -> None:
    """Names are unique in a type; AWS's own cannot be changed; content is kept as sent."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        made = await orgs.good(
            "CreatePolicy", Type=SCP, Name="guard", Description="d", Content=EMPTY
        )
        summary = made["Policy"]["PolicySummary"]
        policy, name = summary["Id"], whole.home.snapshot.chart.members[MANAGER]
        assert summary["Arn"] == (
            f"arn:aws:organizations::{MANAGER}:policy/{name.organization}/"
            f"service_control_policy/{policy}"
        )
        assert made["Policy"]["Content"] == EMPTY
        found = await orgs.good("DescribePolicy", PolicyId=policy)
        assert found == made
        for taken in ("guard", "FullAWSAccess"):
            refused = await orgs.bad(
                "CreatePolicy", Type=SCP, Name=taken, Description="", Content=EMPTY
            )
            assert refused == "DuplicatePolicyException"
        changed = await orgs.good("UpdatePolicy", PolicyId=policy, Name="other")
        assert changed["Policy"]["PolicySummary"]["Name"] == "other"
        listed = await orgs.good("ListPolicies", Filter=SCP)
        names = [one["Name"] for one in listed["Policies"]]
        assert sorted(names) == ["FullAWSAccess", "other"]
        fixed = await orgs.bad("UpdatePolicy", PolicyId="p-FullAWSAccess", Name="x")
        assert fixed == "InvalidInputException IMMUTABLE_POLICY"
        whole_text = (await orgs.good("DescribePolicy", PolicyId="p-RCPFullAWSAccess"))[
            "Policy"
        ]
        assert whole_text["PolicySummary"]["AwsManaged"] is True
        assert json.loads(whole_text["Content"])["Statement"][0]["Principal"] == "*"

    run(tmp_path, play)


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        (SCP, {"Effect": "Deny", "Action": "iam:*"}),
        (SCP, {**deny("iam:*"), "Principal": "*"}),
        (SCP, {**deny("iam:*"), "Condition": {"Nope": {"a:b": "c"}}}),
        (RCP, deny("s3:*")),
        (RCP, {**allow("s3:*"), "Principal": "*"}),
        (RCP, {**deny("s3:*"), "Principal": {"AWS": "111122223333"}}),
        (RCP, {**deny("*"), "Principal": "*"}),
        (RCP, {**deny("iam:*"), "Principal": "*"}),
        (
            RCP,
            {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*", "Principal": "*"},
        ),
    ],
)
def test_a_document_that_is_none_is_refused(
    tmp_path: Path, kind: str, statement: dict[str, Any]
) -> None:
    """What a service or resource control policy cannot say is malformed."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        text = json.dumps({"Version": "2012-10-17", "Statement": statement})
        refused = await orgs.bad(
            "CreatePolicy", Type=kind, Name="x", Description="", Content=text
        )
        assert refused == "MalformedPolicyDocumentException"

    run(tmp_path, play)


def test_a_document_has_a_size(tmp_path: Path) -> None:
    """5,120 characters fit, one more does not."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        fits = EMPTY + " " * (5120 - len(EMPTY))
        made = {"Type": SCP, "Description": ""}
        await orgs.good("CreatePolicy", Name="fits", Content=fits, **made)
        refused = await orgs.bad("CreatePolicy", Name="x", Content=fits + " ", **made)
        assert refused == "ConstraintViolationException POLICY_CONTENT_LIMIT_EXCEEDED"

    run(tmp_path, play)


def test_an_invitation(tmp_path: Path) -> None:
    """Either side sees it; the account declines or accepts, the manager cancels."""

    async def play(whole: Whole) -> None:
        guest = await whole.account("guest", GUEST)
        orgs = await founded(whole, SCP)
        first = await invited(orgs)
        target = {"Type": "ACCOUNT", "Id": GUEST}
        twice = await orgs.bad("InviteAccountToOrganization", Target=target)
        assert twice == "DuplicateHandshakeException"
        told = await orgs.call(guest, "DescribeHandshake", HandshakeId=first)
        assert told.json["Handshake"]["State"] == "OPEN"
        await orgs.call(guest, "DeclineHandshake", HandshakeId=first)
        assert await state(orgs, first) == "DECLINED"
        late = await orgs.call(guest, "AcceptHandshake", HandshakeId=first)
        assert late.code == "InvalidHandshakeTransitionException"

        second = await invited(orgs)
        await orgs.good("CancelHandshake", HandshakeId=second)
        again = await orgs.bad("CancelHandshake", HandshakeId=second)
        assert again == "HandshakeAlreadyInStateException"

        third = await invited(orgs)
        strange = await orgs.bad("AcceptHandshake", HandshakeId=third)
        assert strange == "HandshakeNotFoundException"
        mine = await orgs.call(guest, "ListHandshakesForAccount")
        assert len(mine.json["Handshakes"]) == 3
        await orgs.call(guest, "AcceptHandshake", HandshakeId=third)
        found = (await orgs.good("DescribeAccount", AccountId=GUEST))["Account"]
        assert found["JoinedMethod"] == "INVITED"
        hanging = await orgs.good("ListPoliciesForTarget", TargetId=GUEST, Filter=SCP)
        assert [one["Name"] for one in hanging["Policies"]] == ["FullAWSAccess"]
        member = await orgs.bad("InviteAccountToOrganization", Target=target)
        assert member == (
            "HandshakeConstraintViolationException ALREADY_IN_AN_ORGANIZATION"
        )
        listed = await orgs.good("ListHandshakesForOrganization")
        assert len(listed["Handshakes"]) == 3

    run(tmp_path, play)


def test_an_invitation_ends(tmp_path: Path) -> None:
    """After fifteen days it cannot be accepted, and another can be sent."""

    async def play(whole: Whole) -> None:
        guest = await whole.account("guest", GUEST)
        orgs = await founded(whole)
        handshake = await invited(orgs)
        whole.now += LASTS
        assert await state(orgs, handshake) == "EXPIRED"
        late = await orgs.call(guest, "AcceptHandshake", HandshakeId=handshake)
        assert late.code == "InvalidHandshakeTransitionException"
        await invited(orgs)

    run(tmp_path, play)


def test_who_can_be_invited(tmp_path: Path) -> None:
    """An account that is here, by its id."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        for target, code in (
            (
                {"Type": "EMAIL", "Id": "a@b.example"},
                "InvalidInputException INVALID_PARTY_TYPE_TARGET",
            ),
            (
                {"Type": "ACCOUNT", "Id": OTHER},
                "HandshakeConstraintViolationException TARGET_ACCOUNT_VALIDATION_FAILURE",
            ),
        ):
            refused = await orgs.bad("InviteAccountToOrganization", Target=target)
            assert refused == code

    run(tmp_path, play)


def test_a_member_leaves_and_the_manager_cannot(tmp_path: Path) -> None:
    """LeaveOrganization is the member's own; an administrator of a service stays."""

    async def play(whole: Whole) -> None:
        guest = await whole.account("guest", GUEST)
        orgs = await founded(whole)
        handshake = await invited(orgs)
        await orgs.call(guest, "AcceptHandshake", HandshakeId=handshake)
        assert await orgs.bad("LeaveOrganization") == (
            "MasterCannotLeaveOrganizationException"
        )
        service = {"ServicePrincipal": "access-analyzer.amazonaws.com"}
        await orgs.good("EnableAWSServiceAccess", **service)
        await orgs.good("RegisterDelegatedAdministrator", AccountId=GUEST, **service)
        told = await orgs.call(guest, "LeaveOrganization")
        assert told.code == (
            "ConstraintViolationException CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
        )
        await orgs.good("DeregisterDelegatedAdministrator", AccountId=GUEST, **service)
        assert (await orgs.call(guest, "LeaveOrganization")).answer.status == 200
        gone = await orgs.call(guest, "DescribeOrganization")
        assert gone.code == "AWSOrganizationsNotInUseException"

    run(tmp_path, play)


def test_trusted_services_and_their_administrators(tmp_path: Path) -> None:
    """Trust comes first, then a member; what is administered cannot lose its trust."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        account = await orgs.account("dev")
        service = {"ServicePrincipal": "sso.amazonaws.com"}
        both = {"AccountId": account, **service}
        early = await orgs.bad("RegisterDelegatedAdministrator", **both)
        assert early == "ConstraintViolationException SERVICE_ACCESS_NOT_ENABLED"
        strange = await orgs.bad(
            "EnableAWSServiceAccess", ServicePrincipal="example.com"
        )
        assert strange == "InvalidInputException UNRECOGNIZED_SERVICE_PRINCIPAL"
        for _ in range(2):
            await orgs.good("EnableAWSServiceAccess", **service)
        [trusted] = (await orgs.good("ListAWSServiceAccessForOrganization"))[
            "EnabledServicePrincipals"
        ]
        assert trusted["ServicePrincipal"] == "sso.amazonaws.com"
        boss = await orgs.bad(
            "RegisterDelegatedAdministrator", AccountId=MANAGER, **service
        )
        assert boss.endswith("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR")
        none = await orgs.bad("ListDelegatedServicesForAccount", AccountId=account)
        assert none == "AccountNotRegisteredException"
        await orgs.good("RegisterDelegatedAdministrator", **both)
        twice = await orgs.bad("RegisterDelegatedAdministrator", **both)
        assert twice == "AccountAlreadyRegisteredException"
        [found] = (await orgs.good("ListDelegatedAdministrators", **service))[
            "DelegatedAdministrators"
        ]
        assert found["Id"] == account
        [one] = (await orgs.good("ListDelegatedServicesForAccount", AccountId=account))[
            "DelegatedServices"
        ]
        assert one["ServicePrincipal"] == "sso.amazonaws.com"
        needed = await orgs.bad("DisableAWSServiceAccess", **service)
        assert needed.endswith("DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE")
        await orgs.good("DeregisterDelegatedAdministrator", **both)
        await orgs.good("DisableAWSServiceAccess", **service)

    run(tmp_path, play)


def test_tags(tmp_path: Path) -> None:
    """Root, units, accounts and policies have tags; bad ones are refused."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        things = [
            orgs.root,
            await orgs.unit("Dev"),
            await orgs.account("dev"),
            await orgs.policy(SCP, "guard", deny("iam:*")),
        ]
        for one in things:
            tags = [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}]
            await orgs.good("TagResource", ResourceId=one, Tags=tags)
            await orgs.good(
                "TagResource", ResourceId=one, Tags=[{"Key": "b", "Value": "2"}]
            )
            await orgs.good("UntagResource", ResourceId=one, TagKeys=["a", "none"])
            found = await orgs.good("ListTagsForResource", ResourceId=one)
            assert found["Tags"] == [{"Key": "b", "Value": "2"}]
        for tags, code in (
            ([{"Key": "B", "Value": ""}], "DUPLICATE_TAG_KEY"),
            ([{"Key": "aws:x", "Value": ""}], "INVALID_SYSTEM_TAGS_PARAMETER"),
            (
                [{"Key": f"k{n}", "Value": ""} for n in range(50)],
                "MAX_TAG_LIMIT_EXCEEDED",
            ),
        ):
            refused = await orgs.bad("TagResource", ResourceId=orgs.root, Tags=tags)
            assert refused.endswith(code)

    run(tmp_path, play)


def test_lists_come_in_pages(tmp_path: Path) -> None:
    """Each account once; a token is good for its list alone."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        made = {MANAGER} | {await orgs.account(f"a{n}") for n in range(4)}
        seen: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = await orgs.good("ListAccounts", MaxResults=2, **token)
            seen += [one["Id"] for one in page["Accounts"]]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        assert sorted(seen) == sorted(made)
        strange = await orgs.bad("ListRoots", **token)
        assert strange == "InvalidInputException INVALID_NEXT_TOKEN"
        many = await orgs.bad("ListAccounts", MaxResults=21)
        assert many == "InvalidInputException MAX_VALUE_EXCEEDED"

    run(tmp_path, play)


def test_members_may_ask_where_they_are_and_little_else(tmp_path: Path) -> None:
    """A member's root user reads nothing more until it administers a service."""

    async def play(whole: Whole) -> None:
        guest = await whole.account("guest", GUEST)
        orgs = await founded(whole)
        await orgs.call(guest, "AcceptHandshake", HandshakeId=await invited(orgs))
        assert (await orgs.call(guest, "DescribeOrganization")).answer.status == 200
        denied = await orgs.call(guest, "ListAccounts")
        assert denied.error == (
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
            "",
        )
        service = {"ServicePrincipal": "sso.amazonaws.com"}
        await orgs.good("EnableAWSServiceAccess", **service)
        await orgs.good("RegisterDelegatedAdministrator", AccountId=GUEST, **service)
        assert (await orgs.call(guest, "ListAccounts")).answer.status == 200
        account = {"AccountId": GUEST}
        assert (
            await orgs.call(guest, "DescribeAccount", **account)
        ).answer.status == 200
        for operation, params in (
            ("CreateAccount", {"Email": "a@b.example", "AccountName": "x"}),
            ("RemoveAccountFromOrganization", account),
            ("EnableAWSServiceAccess", service),
            ("DeleteOrganization", {}),
        ):
            told = await orgs.call(guest, operation, **params)
            assert told.code == "AccessDeniedException"

    run(tmp_path, play)


def test_what_is_anothers_is_not_there(tmp_path: Path) -> None:
    """Ids of another organization are not found in one's own."""

    async def play(whole: Whole) -> None:
        other = await whole.account("other", OTHER)
        orgs = await founded(whole, SCP)
        unit = await orgs.unit("Dev")
        policy = await orgs.policy(SCP, "guard", deny("iam:*"))
        account = await orgs.account("dev")
        await orgs.call(other, "CreateOrganization")
        handshake = await orgs.bad(
            "InviteAccountToOrganization", Target={"Type": "ACCOUNT", "Id": OTHER}
        )
        assert handshake.endswith("ALREADY_IN_AN_ORGANIZATION")
        for operation, params, code in (
            ("DescribeAccount", {"AccountId": account}, "AccountNotFoundException"),
            ("DescribePolicy", {"PolicyId": policy}, "PolicyNotFoundException"),
            ("ListAccountsForParent", {"ParentId": unit}, "ParentNotFoundException"),
            ("ListTagsForResource", {"ResourceId": unit}, "TargetNotFoundException"),
            (
                "EnablePolicyType",
                {"RootId": orgs.root, "PolicyType": SCP},
                "RootNotFoundException",
            ),
        ):
            told = await orgs.call(other, operation, **params)
            assert told.code == code

    run(tmp_path, play)


def test_policies_decide_who_may_organize(tmp_path: Path) -> None:
    """A manager's user needs the action on the thing, and the keys are there."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        unit, other = await orgs.unit("Dev"), await orgs.unit("Other")
        guard = await orgs.policy(SCP, "guard", deny("iam:*"))
        await orgs.good(
            "TagResource", ResourceId=other, Tags=[{"Key": "open", "Value": "yes"}]
        )
        start = f"arn:aws:organizations::{MANAGER}:"
        boss = await whole.user(
            "Boss",
            allow("organizations:AttachPolicy", f"{start}ou/*/{unit}"),
            allow(
                "organizations:AttachPolicy",
                f"{start}policy/*/service_control_policy/*",
                Condition={"StringEquals": {"organizations:PolicyType": SCP}},
            ),
            allow(
                "organizations:DescribeOrganizationalUnit",
                Condition={"StringEquals": {"aws:ResourceTag/open": "yes"}},
            ),
        )

        async def call(keys: Keys, operation: str, **params: Any) -> str:
            told = await orgs.call(keys, operation, **params)
            return "" if told.answer.status == 200 else " ".join(told.error)

        assert await call(boss, "AttachPolicy", PolicyId=guard, TargetId=unit) == ""
        refused = await call(boss, "AttachPolicy", PolicyId=guard, TargetId=other)
        assert refused.startswith(
            f"AccessDeniedException User: arn:aws:iam::{MANAGER}:user/Boss is not "
            "authorized to perform: organizations:AttachPolicy on resource: "
            f"arn:aws:organizations::{MANAGER}:ou/"
        )
        describe = "DescribeOrganizationalUnit"
        assert await call(boss, describe, OrganizationalUnitId=other) == ""
        assert await call(boss, describe, OrganizationalUnitId=unit) != ""
        assert "organizations:ListAccounts" in await call(boss, "ListAccounts")

    run(tmp_path, play)


@pytest.mark.threat("T66")
@pytest.mark.parametrize(
    "operation", ["DescribeResourcePolicy", "DeleteResourcePolicy", "NoSuch"]
)
def test_what_is_not_served_is_refused(tmp_path: Path, operation: str) -> None:
    """Nobody gets an operation without a row, the root user neither."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        refused = await orgs.bad(operation)
        assert refused in {"AccessDeniedException", "UnknownOperationException"}

    run(tmp_path, play)


@pytest.mark.parametrize(
    ("operation", "params", "reason"),
    [
        ("DescribeAccount", {"AccountId": "1"}, "INVALID_PATTERN"),
        ("DescribeAccount", {}, "INPUT_REQUIRED"),
        ("DescribeAccount", {"AccountId": None}, "INPUT_REQUIRED"),
        ("CreateOrganization", {"FeatureSet": "SOME"}, "INVALID_ENUM"),
        ("ListAccounts", {"MaxResults": 0}, "MIN_VALUE_EXCEEDED"),
        ("TagResource", {"ResourceId": OTHER, "Tags": [None]}, "INVALID_LIST_MEMBER"),
    ],
)
def test_parameters_keep_their_constraints(
    tmp_path: Path, operation: str, params: dict[str, Any], reason: str
) -> None:
    """What the model forbids is InvalidInputException, with its reason."""

    async def play(whole: Whole) -> None:
        refused = await Orgs(whole).bad(operation, **params)
        assert refused == f"InvalidInputException {reason}"

    run(tmp_path, play)
