"""Closing an account: nobody of it is heard, nothing of it is reached, it stays known."""

from pathlib import Path
from typing import Any

import pytest

from ostiary.identity.model import User
from tests.unit.gate.orgs import SCP, Orgs, deny, founded
from tests.unit.gate.test_whole_root_access import AUDIT, MEMBER, centralized, task
from tests.unit.gate.whole import Keys, Whole, allow, run, trust

GUEST = "444455556666"
INVALID = (403, "InvalidClientTokenId")


async def joined(orgs: Orgs) -> Keys:
    """The root key of an account that was invited and came."""
    guest = await orgs.whole.account("guest", GUEST)
    target = {"Type": "ACCOUNT", "Id": GUEST}
    made = await orgs.good("InviteAccountToOrganization", Target=target)
    handshake = made["Handshake"]["Id"]
    told = await orgs.call(guest, "AcceptHandshake", HandshakeId=handshake)
    assert told.answer.status == 200
    return guest


async def standing(whole: Whole, keys: Keys) -> tuple[int, str]:
    """Status and code of the call that every caller may make."""
    answer = await whole.call(keys, "sts", "GetCallerIdentity")
    return answer.status, answer.code


@pytest.mark.threat("T33")
def test_no_credentials_of_a_closed_account_are_taken(tmp_path: Path) -> None:
    """Root key, user's key, and every kind of session, at the very next request."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        root = await joined(orgs)
        user = await whole.user("Ann", allow("*"), root=root)
        serial = await whole.device("Ann", root=root)
        made = await whole.good(
            root,
            "iam",
            "CreateRole",
            RoleName="r",
            AssumeRolePolicyDocument=trust({"AWS": GUEST}),
        )
        assert made.status == 200
        role = {"RoleArn": f"arn:aws:iam::{GUEST}:role/r", "RoleSessionName": "ann"}
        assumed = (await whole.good(user, "sts", "AssumeRole", **role)).keys
        federated = await whole.good(user, "sts", "GetFederationToken", Name="fed")
        everybody = [
            root,
            user,
            await whole.session(user, serial),
            await whole.session(root),
            assumed,
            federated.keys,
        ]
        for keys in everybody:
            assert await standing(whole, keys) == (200, "")
        await orgs.good("CloseAccount", AccountId=GUEST)
        for keys in everybody:
            assert await standing(whole, keys) == INVALID
        for operation in ("DescribeOrganization", "LeaveOrganization"):
            told = await orgs.call(root, operation)
            assert told.code == "UnrecognizedClientException"
        # The others are heard as before.
        assert await standing(whole, whole.root) == (200, "")

    run(tmp_path, play)


def test_a_closed_account_is_suspended_and_stays_a_member(tmp_path: Path) -> None:
    """It is shown so everywhere, cannot be closed twice, administers nothing new."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        await joined(orgs)
        other = await orgs.account("dev")
        await orgs.good("CloseAccount", AccountId=GUEST)
        listed = (await orgs.good("ListAccounts"))["Accounts"]
        states = {one["Id"]: (one["Status"], one["State"]) for one in listed}
        assert states[GUEST] == ("SUSPENDED", "SUSPENDED")
        assert states[other] == ("ACTIVE", "ACTIVE")
        found = (await orgs.good("DescribeAccount", AccountId=GUEST))["Account"]
        assert found["Status"] == "SUSPENDED"
        [suspended] = [
            one["Status"]
            for one in (await orgs.good("ListAccountsForParent", ParentId=orgs.root))[
                "Accounts"
            ]
            if one["Id"] == GUEST
        ]
        assert suspended == "SUSPENDED"
        again = await orgs.bad("CloseAccount", AccountId=GUEST)
        assert again == "AccountAlreadyClosedException"
        service = {"ServicePrincipal": "sso.amazonaws.com"}
        await orgs.good("EnableAWSServiceAccess", **service)
        refused = await orgs.bad(
            "RegisterDelegatedAdministrator", AccountId=GUEST, **service
        )
        assert refused == (
            "ConstraintViolationException "
            "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR"
        )
        not_empty = await orgs.bad("DeleteOrganization")
        assert not_empty == "OrganizationNotEmptyException"
        unit = await orgs.unit("Closed")
        await orgs.move(GUEST, orgs.root, unit)
        guard = await orgs.policy(SCP, "guard", deny("iam:*"), target=GUEST)
        assert guard

    run(tmp_path, play)


@pytest.mark.threat("T33")
def test_who_is_removed_stays_closed(tmp_path: Path) -> None:
    """Leaving the organization opens no account, and nobody invites a closed one."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        root = await joined(orgs)
        await orgs.good("CloseAccount", AccountId=GUEST)
        await orgs.good("RemoveAccountFromOrganization", AccountId=GUEST)
        assert await standing(whole, root) == INVALID
        refused = await orgs.bad(
            "InviteAccountToOrganization", Target={"Type": "ACCOUNT", "Id": GUEST}
        )
        assert refused == (
            "HandshakeConstraintViolationException TARGET_ACCOUNT_VALIDATION_FAILURE"
        )
        await orgs.good("DeleteOrganization")

    run(tmp_path, play)


@pytest.mark.threat("T33")
def test_nobody_enters_or_reaches_a_closed_account(tmp_path: Path) -> None:
    """Its roles cannot be assumed from outside, not those that trust everybody either."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        await joined(orgs)
        account = await orgs.account("dev")
        boss = await whole.user("Boss", allow("*"))
        role = {
            "RoleArn": f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole",
            "RoleSessionName": "boss",
        }
        session = (await whole.good(boss, "sts", "AssumeRole", **role)).keys
        open_to_all = await whole.good(
            session,
            "iam",
            "CreateRole",
            RoleName="Open",
            AssumeRolePolicyDocument=trust({"AWS": "*"}),
        )
        open_role = {"RoleArn": open_to_all.field("Arn"), "RoleSessionName": "boss"}
        await whole.good(boss, "sts", "AssumeRole", **open_role)
        await orgs.good("CloseAccount", AccountId=account)
        shut = await whole.bad(boss, "sts", "AssumeRole", **open_role)
        assert (shut.status, shut.code) == (403, "AccessDenied")
        refused = await whole.bad(boss, "sts", "AssumeRole", **role)
        assert (refused.status, refused.code) == (403, "AccessDenied")
        assert await standing(whole, session) == INVALID
        again = await whole.bad(session, "iam", "ListUsers")
        assert again.code == "InvalidClientTokenId"

    run(tmp_path, play)


def test_only_the_manager_closes_and_never_itself(tmp_path: Path) -> None:
    """A member's administrator cannot, and a policy can name who is spared."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        root = await joined(orgs)
        told = await orgs.call(root, "CloseAccount", AccountId=GUEST)
        assert told.code == "AccessDeniedException"
        itself = await orgs.bad("CloseAccount", AccountId="111122223333")
        assert itself == "ConstraintViolationException CANNOT_CLOSE_MANAGEMENT_ACCOUNT"
        tagged = await orgs.account("dev")
        key = [{"Key": "closable", "Value": "yes"}]
        await orgs.good("TagResource", ResourceId=tagged, Tags=key)
        condition = {"StringEquals": {"aws:ResourceTag/closable": "yes"}}
        janitor = await whole.user(
            "Janitor", allow("organizations:CloseAccount", Condition=condition)
        )
        spared = await orgs.call(janitor, "CloseAccount", AccountId=GUEST)
        assert spared.code == "AccessDeniedException"
        closed = await orgs.call(janitor, "CloseAccount", AccountId=tagged)
        assert (closed.answer.status, closed.answer.body) == (200, "")
        assert await standing(whole, root) == (200, "")

    run(tmp_path, play)


@pytest.mark.threat("T117")
def test_a_change_of_a_closed_account_is_refused_in_its_transaction(
    tmp_path: Path,
) -> None:
    """A node that has not heard of it yet decides, and the change looks again."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        root = await joined(orgs)
        await orgs.good("CloseAccount", AccountId=GUEST)
        accounts: dict[str, Any] = whole.home.snapshot.accounts
        stale = accounts[GUEST]
        accounts[GUEST] = type(stale)(
            id=GUEST, name=stale.name, alias="", created=stale.created
        )
        late = await whole.bad(root, "iam", "CreateUser", UserName="Late")
        assert (late.status, late.code) == INVALID
        with whole.home.store.read() as view:
            assert view.list_by(User, account=GUEST) == []

    run(tmp_path, play)


@pytest.mark.threat("T33")
def test_nobody_becomes_root_of_a_closed_account(tmp_path: Path) -> None:
    """AssumeRoot is refused, and whoever was root of it for a task is no more."""

    async def play(whole: Whole) -> None:
        orgs = await centralized(whole)
        boss = await whole.user("Boss", allow("sts:AssumeRoot"))
        session = await whole.good(boss, "sts", "AssumeRoot", **task(AUDIT))
        await whole.good(session.keys, "iam", "GetAccountSummary")
        await orgs.good("CloseAccount", AccountId=MEMBER)
        late = await whole.bad(session.keys, "iam", "GetAccountSummary")
        assert (late.status, late.code) == INVALID
        refused = await whole.bad(boss, "sts", "AssumeRoot", **task(AUDIT))
        assert (refused.status, refused.code) == (403, "AccessDenied")

    run(tmp_path, play)
