"""What AWS's simulator does not answer: trust policies and kinds of credentials."""

import json
from typing import Any

import pytest

from ostiary.identity.model import Role
from tests.unit.identity.minting import ACCOUNT
from tests.unit.services.iam.test_simulate import (
    MFA,
    Tree,
    allow,
    custom,
    deny,
    document,
    entry,
    principal,
)
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import ALLOW_ALL, OTHER_ACCOUNT, World, root_of

ASSUME = "sts:AssumeRole"
FRESH = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
NOT_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


def kind(name: str) -> Tree:
    """The entry that says which credentials are simulated."""
    return entry("ostiary:CredentialKind", name)


def trust(who: str, **more: Any) -> str:
    """A trust policy with conditions."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": who},
        "Action": ASSUME,
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# --- kinds of credentials (facts 2)


@pytest.mark.rule("M15", "M17", "M22", "M27", "M31")
@pytest.mark.parametrize(
    ("credentials", "mfa", "fresh", "not_mfa", "temporary"),
    [
        ("long-term", False, False, True, False),
        ("long-term-code", False, False, True, False),
        ("session", False, False, True, True),
        ("session-mfa", True, True, False, True),
        ("role", False, False, True, True),
    ],
)
def test_the_matrix_of_credentials(
    world: World,
    credentials: str,
    *,
    mfa: bool,
    fresh: bool,
    not_mfa: bool,
    temporary: bool,
) -> None:
    """Each kind carries the MFA keys of its row, in conditions of every sort."""
    for condition, applies in (
        (MFA, mfa),
        (FRESH, fresh),
        (NOT_MFA, not_mfa),
        ({"Null": {"aws:TokenIssueTime": "false"}}, temporary),
    ):
        result = custom(
            world,
            document(allow(Condition=condition)),
            ContextEntries=[kind(credentials)],
        )
        assert (result["EvalDecision"] == "allowed") == applies
        assert result["MissingContextValues"] == []


def test_an_age_can_be_asked_about(world: World) -> None:
    """With MFA credentials the age may be given; what the kind says may not."""
    text = document(allow(Condition=FRESH))

    def decided(*entries: Tree) -> str:
        result = custom(world, text, ContextEntries=list(entries))
        return str(result["EvalDecision"])

    age = entry("aws:MultiFactorAuthAge", "3601", kind="numeric")
    assert decided(kind("session-mfa")) == "allowed"
    assert decided(kind("session-mfa"), age) == "implicitDeny"
    present = entry("aws:MultiFactorAuthPresent", "true", kind="boolean")
    for entries in (
        [kind("session"), age],
        [kind("long-term"), present],
        [kind("session-mfa"), present],
    ):
        code, _ = world.refused(
            "SimulateCustomPolicy",
            PolicyInputList=[text],
            ActionNames=["s3:GetObject"],
            ContextEntries=entries,
        )
        assert code == "InvalidInput"


def test_an_entity_brings_its_own_keys(world: World) -> None:
    """With a kind, the keys of the user or role are those of its real requests."""
    tags = [{"Key": "team", "Value": "books"}]
    user = world.user("Sofia", Tags=tags)
    role = world.role("Job", trusting(ACCOUNT), Tags=tags)
    equal = {
        "aws:PrincipalTag/team": "books",
        "aws:PrincipalAccount": ACCOUNT,
    }
    for arn, name, more in (
        (user.arn, "session", {"aws:username": "Sofia", "aws:userid": user.id}),
        (role.arn, "role", {"aws:PrincipalArn": role.arn}),
    ):
        text = document(allow(Condition={"StringEquals": {**equal, **more}}))
        params = {"PolicyInputList": [text]}
        told = principal(world, arn, ContextEntries=[kind(name)], **params)
        assert told["EvalDecision"] == "allowed"
        bare = principal(world, arn, **params)
        assert bare["EvalDecision"] == "implicitDeny"
        assert bare["MissingContextValues"] == [*equal, *more]


def test_credentials_must_be_possible(world: World) -> None:
    """A user has no role session, and a role nothing else."""
    user, role = world.user("Sofia"), world.role("Job", trusting(ACCOUNT))
    for arn, name in ((user.arn, "role"), (role.arn, "session-mfa")):
        code, _ = world.refused(
            "SimulatePrincipalPolicy",
            PolicySourceArn=arn,
            ActionNames=["s3:GetObject"],
            ContextEntries=[kind(name)],
        )
        assert code == "InvalidInput"


def test_a_role_can_meet_a_resource_policy(world: World) -> None:
    """AWS takes users only; said to be a role's, its session is asked about, too."""
    role = world.role("Job", trusting(ACCOUNT))
    statement = allow(Principal={"AWS": role.arn})
    params: Tree = {
        "ResourcePolicy": document(statement),
        "ResourceArns": ["arn:aws:s3:::books/x"],
    }
    code, _ = world.refused(
        "SimulatePrincipalPolicy",
        PolicySourceArn=role.arn,
        ActionNames=["s3:GetObject"],
        **params,
    )
    assert code == "InvalidInput"
    result = principal(world, role.arn, ContextEntries=[kind("role")], **params)
    assert result["EvalDecision"] == "allowed"


# --- trust policies


@pytest.mark.rule("M11")
@pytest.mark.parametrize(
    ("credentials", "decision"),
    [
        ("long-term", "implicitDeny"),
        ("long-term-code", "allowed"),
        ("session", "implicitDeny"),
        ("session-mfa", "allowed"),
    ],
)
def test_a_trust_policy_is_asked(world: World, credentials: str, decision: str) -> None:
    """A role's trust policy with MFA decides, as it does when the role is assumed."""
    user = world.user("Sofia")
    role = world.role("Job", trust(user.arn, Condition=MFA))
    result = principal(
        world,
        user.arn,
        ASSUME,
        ResourceArns=[role.arn],
        ContextEntries=[kind(credentials)],
    )
    assert result["EvalDecision"] == decision
    if decision == "allowed":
        (matched,) = result["MatchedStatements"]
        assert matched["SourcePolicyId"] == "AssumeRolePolicyDocument"
        assert matched["SourcePolicyType"] == "Resource Policy"
        # Positions count in the document as it is read back, with ARNs.
        text = trust(user.arn, Condition=MFA)
        assert matched["EndPosition"]["Column"] == len(text) - 2


def test_an_account_in_a_trust_policy_needs_the_users_side(world: World) -> None:
    """Naming the account delegates: the identity policy must allow as well."""
    user = world.user("Sofia")
    role = world.role("Job", trusting(ACCOUNT))
    params = {"ResourceArns": [role.arn]}
    assert principal(world, user.arn, ASSUME, **params)["EvalDecision"] == (
        "implicitDeny"
    )
    params["PolicyInputList"] = [document(allow(ASSUME, role.arn))]
    result = principal(world, user.arn, ASSUME, **params)
    assert result["EvalDecision"] == "allowed"
    names = {one["SourcePolicyId"] for one in result["MatchedStatements"]}
    assert names == {"PolicyInputList.1", "AssumeRolePolicyDocument"}


def test_a_new_trust_policy_can_be_tried(world: World) -> None:
    """ResourcePolicy stands in for the stored one where only roles are assumed."""
    user = world.user("Sofia")
    role = world.role("Job", trusting(ACCOUNT))
    result = principal(
        world,
        user.arn,
        ASSUME,
        ResourceArns=[role.arn],
        ResourcePolicy=trust(user.arn),
    )
    assert result["EvalDecision"] == "allowed"
    (matched,) = result["MatchedStatements"]
    assert matched["SourcePolicyId"] == "ResourcePolicy"


def test_without_a_role_only_the_callers_side_is_asked(world: World) -> None:
    """Where no role is named, the answer is that of AWS's simulator."""
    for arn in ("*", f"arn:aws:iam::{ACCOUNT}:role/*"):
        result = custom(world, ALLOW_ALL, action=ASSUME, ResourceArns=[arn])
        assert result["EvalDecision"] == "allowed"
        names = [one["SourcePolicyId"] for one in result["MatchedStatements"]]
        assert names == ["PolicyInputList.1"]
    nothing = custom(world, document(allow("s3:*")), action=ASSUME)
    assert nothing["EvalDecision"] == "implicitDeny"


def test_a_role_that_is_not_there_trusts_nobody(world: World) -> None:
    """A role nobody made is refused, as STS refuses it; so is one of another path."""
    role = world.role("Job", trusting(ACCOUNT))
    for arn in (role.arn + "s", role.arn.replace("role/", "role/path/")):
        result = custom(world, ALLOW_ALL, action=ASSUME, ResourceArns=[arn])
        assert result["EvalDecision"] == "implicitDeny"


def test_a_role_of_another_account(world: World) -> None:
    """Both sides are asked; what the other side wrote is not shown."""
    user = world.user("Richard")
    there = root_of(OTHER_ACCOUNT)
    for name, text in (
        ("Open", trust(user.arn)),
        ("Mfa", trust(user.arn, Condition=MFA)),
        ("Shut", trusting(OTHER_ACCOUNT)),
    ):
        world.call("CreateRole", there, RoleName=name, AssumeRolePolicyDocument=text)

    def told(name: str, credentials: str, *policies: str) -> Tree:
        return principal(
            world,
            user.arn,
            ASSUME,
            PolicyInputList=list(policies),
            ResourceArns=[f"arn:aws:iam::{OTHER_ACCOUNT}:role/{name}"],
            ContextEntries=[kind(credentials)],
        )

    assert told("Open", "session", ALLOW_ALL)["EvalDecision"] == "allowed"
    assert told("Open", "session")["EvalDecision"] == "implicitDeny"
    assert told("Shut", "session", ALLOW_ALL)["EvalDecision"] == "implicitDeny"
    assert told("Mfa", "session", ALLOW_ALL)["EvalDecision"] == "implicitDeny"
    result = told("Mfa", "long-term-code", ALLOW_ALL)
    assert result["EvalDecision"] == "allowed"
    names = [one["SourcePolicyId"] for one in result["MatchedStatements"]]
    assert names == ["PolicyInputList.1"]


def test_what_another_account_says_of_others_stays_there(world: World) -> None:
    """Nobody learns whom a foreign role trusts or denies, beside one's own users."""
    richard = world.user("Richard")
    there = root_of(OTHER_ACCOUNT)
    world.call("CreateUser", there, UserName="Anaya")
    anaya = f"arn:aws:iam::{OTHER_ACCOUNT}:user/Anaya"
    refusing = json.loads(trust(richard.arn))
    refusing["Statement"].append({**refusing["Statement"][0], "Effect": "Deny"})
    for name, text in (("Hers", trust(anaya)), ("Deny", json.dumps(refusing))):
        world.call("CreateRole", there, RoleName=name, AssumeRolePolicyDocument=text)
    for name, caller in (("Hers", anaya), ("Deny", richard.arn)):
        result = custom(
            world,
            ALLOW_ALL,
            action=ASSUME,
            CallerArn=caller,
            ResourceArns=[f"arn:aws:iam::{OTHER_ACCOUNT}:role/{name}"],
        )
        assert result["EvalDecision"] == "implicitDeny"
        assert result["MatchedStatements"] == []


def test_a_role_goes_on_to_a_role(world: World) -> None:
    """Role chaining: the session of one role, and the trust policy of the next."""
    first = world.role("First", trusting(ACCOUNT))
    second = world.role("Second", trust(first.arn, Condition=MFA))
    third = world.role("Third", trust(first.arn))
    for role, decision in ((second, "implicitDeny"), (third, "allowed")):
        assert isinstance(role, Role)
        result = principal(
            world,
            first.arn,
            ASSUME,
            ResourceArns=[role.arn],
            ContextEntries=[kind("role")],
        )
        assert result["EvalDecision"] == decision


def test_a_deny_of_the_trust_policy_is_told_at_home(world: World) -> None:
    """In one's own account an explicit deny of a trust policy is one."""
    user = world.user("Sofia")
    text = json.loads(trust(user.arn))
    text["Statement"].append({**deny(ASSUME), "Principal": "*", "Condition": NOT_MFA})
    del text["Statement"][1]["Resource"]
    role = world.role("Job", json.dumps(text))
    for credentials, decision in (
        ("long-term", "explicitDeny"),
        ("long-term-code", "allowed"),
    ):
        result = principal(
            world,
            user.arn,
            ASSUME,
            ResourceArns=[role.arn],
            ContextEntries=[kind(credentials)],
        )
        assert result["EvalDecision"] == decision
