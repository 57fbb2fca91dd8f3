"""From billing alone to all features: who was invited must agree, who was made need not."""

from pathlib import Path
from typing import Any

from ostiary.services.organizations.features import LASTS
from tests.unit.gate.orgs import SCP, Orgs, deny
from tests.unit.gate.whole import Keys, Whole, run

MANAGER = "111122223333"
GUESTS = ("444455556666", "777788889999")


async def billing(whole: Whole) -> Orgs:
    """An organization that shares a bill and nothing else."""
    orgs = Orgs(whole)
    await orgs.good("CreateOrganization", FeatureSet="CONSOLIDATED_BILLING")
    [root] = (await orgs.good("ListRoots"))["Roots"]
    orgs.root = root["Id"]
    return orgs


async def invited(orgs: Orgs, account: str) -> str:
    """The id of a new invitation."""
    target = {"Type": "ACCOUNT", "Id": account}
    made = await orgs.good("InviteAccountToOrganization", Target=target)
    return str(made["Handshake"]["Id"])


async def joined(orgs: Orgs, account: str) -> Keys:
    """The root key of an account that was invited and came."""
    keys = await orgs.whole.account(f"a{account}", account)
    await accepted(orgs, keys, await invited(orgs, account))
    return keys


async def accepted(orgs: Orgs, keys: Keys, handshake: str) -> None:
    """The account does what it is asked."""
    told = await orgs.call(keys, "AcceptHandshake", HandshakeId=handshake)
    assert told.answer.status == 200, told.answer.body


async def enabling(orgs: Orgs) -> dict[str, Any]:
    """The handshake that begins it."""
    made = await orgs.good("EnableAllFeatures")
    return dict(made["Handshake"])


async def asked(orgs: Orgs, keys: Keys) -> str:
    """The id of what the account is asked to approve."""
    told = await orgs.call(
        keys, "ListHandshakesForAccount", Filter={"ActionType": "APPROVE_ALL_FEATURES"}
    )
    return str(told.json["Handshakes"][-1]["Id"])


async def state(orgs: Orgs, handshake: str) -> str:
    """The state of a handshake."""
    found = await orgs.good("DescribeHandshake", HandshakeId=handshake)
    return str(found["Handshake"]["State"])


async def features(orgs: Orgs) -> str:
    """What the organization has."""
    return str((await orgs.good("DescribeOrganization"))["Organization"]["FeatureSet"])


def test_all_features_come_when_everybody_agreed(tmp_path: Path) -> None:
    """Each invited account approves, the manager finishes, and policies can be had."""

    async def play(whole: Whole) -> None:
        orgs = await billing(whole)
        members = [await joined(orgs, one) for one in GUESTS]
        await orgs.account("made")
        whole_one = await enabling(orgs)
        name = whole.home.snapshot.chart.members[MANAGER].organization
        assert whole_one["Action"] == "ENABLE_ALL_FEATURES"
        assert whole_one["State"] == "REQUESTED"
        assert whole_one["Arn"] == (
            f"arn:aws:organizations::{MANAGER}:handshake/{name}/enable_all_features/"
            f"{whole_one['Id']}"
        )
        assert [one["Type"] for one in whole_one["Parties"]] == ["ORGANIZATION"]
        parts = await orgs.good(
            "ListHandshakesForOrganization",
            Filter={"ParentHandshakeId": whole_one["Id"]},
        )
        assert sorted(
            party["Id"]
            for one in parts["Handshakes"]
            for party in one["Parties"]
            if party["Type"] == "ACCOUNT"
        ) == sorted(GUESTS)
        early = await orgs.bad("AcceptHandshake", HandshakeId=whole_one["Id"])
        assert early == "InvalidHandshakeTransitionException"
        for keys in members:
            assert await state(orgs, whole_one["Id"]) == "REQUESTED"
            await accepted(orgs, keys, await asked(orgs, keys))
        assert await state(orgs, whole_one["Id"]) == "OPEN"
        assert await features(orgs) == "CONSOLIDATED_BILLING"
        await accepted(orgs, orgs.manager, whole_one["Id"])
        assert await features(orgs) == "ALL"
        await orgs.good("EnablePolicyType", RootId=orgs.root, PolicyType=SCP)
        guard = await orgs.policy(SCP, "guard", deny("iam:*"), target=orgs.root)
        assert guard
        bound = await whole.bad(members[0], "iam", "ListUsers")
        assert bound.code == "AccessDenied"

    run(tmp_path, play)


def test_who_was_made_is_not_asked(tmp_path: Path) -> None:
    """Without invited accounts the manager can finish it at once."""

    async def play(whole: Whole) -> None:
        orgs = await billing(whole)
        await orgs.account("made")
        begun = await enabling(orgs)
        assert begun["State"] == "OPEN"
        await accepted(orgs, orgs.manager, begun["Id"])
        assert await features(orgs) == "ALL"
        again = await orgs.bad("EnableAllFeatures")
        assert again == (
            "HandshakeConstraintViolationException ORGANIZATION_ALREADY_HAS_ALL_FEATURES"
        )

    run(tmp_path, play)


def test_who_declines_keeps_the_organization_as_it_is(tmp_path: Path) -> None:
    """Nobody else can say yes for it, and the manager cannot take its question away."""

    async def play(whole: Whole) -> None:
        orgs = await billing(whole)
        first, second = [await joined(orgs, one) for one in GUESTS]
        begun = await enabling(orgs)
        question = await asked(orgs, first)
        for keys in (second, orgs.manager):
            told = await orgs.call(keys, "AcceptHandshake", HandshakeId=question)
            assert told.code == "HandshakeNotFoundException"
        taken = await orgs.bad("CancelHandshake", HandshakeId=question)
        assert taken == "InvalidHandshakeTransitionException"
        told = await orgs.call(first, "DeclineHandshake", HandshakeId=question)
        assert told.json["Handshake"]["State"] == "DECLINED"
        await accepted(orgs, second, await asked(orgs, second))
        assert await state(orgs, begun["Id"]) == "REQUESTED"
        stopped = await orgs.bad("AcceptHandshake", HandshakeId=begun["Id"])
        assert stopped == "InvalidHandshakeTransitionException"
        # Who declined leaves, and is asked no more.
        await orgs.good("RemoveAccountFromOrganization", AccountId=GUESTS[0])
        assert await state(orgs, begun["Id"]) == "OPEN"

    run(tmp_path, play)


def test_it_is_one_at_a_time_and_can_be_taken_back(tmp_path: Path) -> None:
    """Meanwhile nobody is invited; what was open is withdrawn; afterwards it begins anew."""

    async def play(whole: Whole) -> None:
        orgs = await billing(whole)
        member = await joined(orgs, GUESTS[0])
        late = await whole.account("late", GUESTS[1])
        pending = await invited(orgs, GUESTS[1])
        begun = await enabling(orgs)
        assert await state(orgs, pending) == "CANCELED"
        gone = await orgs.call(late, "AcceptHandshake", HandshakeId=pending)
        assert gone.code == "InvalidHandshakeTransitionException"
        again = await orgs.bad("EnableAllFeatures")
        assert again == (
            "HandshakeConstraintViolationException "
            "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION"
        )
        closed = await orgs.bad(
            "InviteAccountToOrganization", Target={"Type": "ACCOUNT", "Id": GUESTS[1]}
        )
        assert closed == (
            "HandshakeConstraintViolationException "
            "INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES"
        )
        itself = await orgs.bad("DeclineHandshake", HandshakeId=begun["Id"])
        assert itself == "InvalidHandshakeTransitionException"
        question = await asked(orgs, member)
        await orgs.good("CancelHandshake", HandshakeId=begun["Id"])
        assert await state(orgs, question) == "CANCELED"
        await invited(orgs, GUESTS[1])
        assert (await enabling(orgs))["State"] == "REQUESTED"

    run(tmp_path, play)


def test_a_closed_account_agrees_to_nothing(tmp_path: Path) -> None:
    """It may be opened again, so it is not passed over: only removing it helps."""

    async def play(whole: Whole) -> None:
        orgs = await billing(whole)
        await joined(orgs, GUESTS[0])
        await orgs.good("CloseAccount", AccountId=GUESTS[0])
        begun = await enabling(orgs)
        assert begun["State"] == "REQUESTED"
        await orgs.good("RemoveAccountFromOrganization", AccountId=GUESTS[0])
        assert await state(orgs, begun["Id"]) == "OPEN"

    run(tmp_path, play)


def test_it_ends_after_ninety_days(tmp_path: Path) -> None:
    """What nobody finished is over, and can be begun anew."""

    async def play(whole: Whole) -> None:
        orgs = await billing(whole)
        member = await joined(orgs, GUESTS[0])
        begun = await enabling(orgs)
        question = await asked(orgs, member)
        whole.now += LASTS
        assert await state(orgs, begun["Id"]) == "EXPIRED"
        late = await orgs.call(member, "AcceptHandshake", HandshakeId=question)
        assert late.code == "InvalidHandshakeTransitionException"
        assert await features(orgs) == "CONSOLIDATED_BILLING"
        assert (await enabling(orgs))["Id"] != begun["Id"]

    run(tmp_path, play)
