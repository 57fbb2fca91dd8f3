"""Where the MFA condition may live, and what its two keys say (M10 to M21)."""

import json
import time
from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError

from tests.e2e.sealed import session_token
from tests.e2e.world import (
    MFA,
    Credentials,
    Document,
    Person,
    World,
    allow,
    message,
    not_authorized,
    policy,
    refused,
    trusts,
    unique,
)

PRESENT = "aws:MultiFactorAuthPresent"
AGE = "aws:MultiFactorAuthAge"
LIST = ("dynamodb:ListTables", "*")
DENIED = ("AccessDeniedException", 400)
HOUR = 3600


def may_list(user: Person, session: Credentials | None = None) -> bool:
    """Whether ListTables is allowed; any other answer than yes or no is an error."""
    try:
        user.client("dynamodb", session).list_tables()
    except ClientError as error:
        told = error.response
        code = told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]
        if code != DENIED:
            raise
        return False
    return True


@pytest.mark.rule("M10")
@pytest.mark.parametrize("kind", ["inline", "managed"])
def test_the_condition_may_stand_in_a_users_policy(world: World, kind: str) -> None:
    """M10: in an inline policy of a user, and in a managed one attached to a user."""
    user = world.a.person("User", devices=1)
    statement = allow(*LIST, Condition=MFA)
    iam = world.a.client("iam")
    if kind == "inline":
        user.allow(*LIST, Condition=MFA)
    else:
        made = iam.create_policy(
            PolicyName=unique("mfa"), PolicyDocument=json.dumps(statement)
        )
        arn = made["Policy"]["Arn"]
        iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
    assert not may_list(user)
    assert not may_list(user, user.session(mfa=False))
    assert may_list(user, user.session(mfa=True))


@pytest.mark.rule("M11")
@pytest.mark.parametrize("kind", ["inline", "managed"])
def test_the_condition_may_stand_in_a_groups_policy(world: World, kind: str) -> None:
    """M11: in an inline policy of a group, and in a managed one attached to a group."""
    user = world.a.person("Member", devices=1)
    statement = allow(*LIST, Condition=MFA)
    iam = world.a.client("iam")
    if kind == "inline":
        world.a.group("Readers", statement, user)
    else:
        made = iam.create_policy(
            PolicyName=unique("mfa"), PolicyDocument=json.dumps(statement)
        )
        group = world.a.group("Readers", allow("sqs:ListQueues", "*"), user)
        arn = made["Policy"]["Arn"]
        iam.attach_group_policy(GroupName=group, PolicyArn=arn)
    assert not may_list(user)
    assert may_list(user, user.session(mfa=True))


@dataclass
class Bearer:
    """A user with one session of each kind, and a role with the same policy."""

    world: World
    user: Person
    role: str
    plain: Credentials
    fresh: Credentials
    old: Credentials
    of_role: Credentials

    def decides(self, statement: Document) -> str:
        """For long-term key, no MFA, MFA, old MFA, role session: A when allowed."""
        iam = self.world.a.client("iam")
        text = json.dumps(statement)
        place = {"PolicyName": "own", "PolicyDocument": text}
        iam.put_user_policy(UserName=self.user.name, **place)
        iam.put_role_policy(RoleName=self.role.rpartition("/")[2], **place)
        sessions = (None, self.plain, self.fresh, self.old, self.of_role)
        return "".join("A" if may_list(self.user, one) else "-" for one in sessions)


@pytest.fixture(scope="module")
def bearer(world: World) -> Bearer:
    """Sessions are made once: what they carry does not change."""
    user = world.a.person("Bearer", devices=2)
    role = world.a.role("Bearer", trusts(user.arn), allow("sqs:ListQueues", "*"))
    long_ago = int(time.time()) - HOUR - 60
    return Bearer(
        world,
        user,
        role,
        user.session(mfa=False),
        user.session(mfa=True),
        session_token(world.server, user, mfa=True, seconds=HOUR, mfa_at=long_ago),
        user.assume(role, **user.mfa()),
    )


def denying(operator: str, key: str, value: str) -> Document:
    """Everything allowed, and a Deny with one condition."""
    deny = allow(*LIST, Condition={operator: {key: value}})["Statement"][0]
    return policy(allow(*LIST)["Statement"][0], {**deny, "Effect": "Deny"})


def allowing(operator: str, key: str, value: str) -> Document:
    """An Allow with one condition."""
    return allow(*LIST, Condition={operator: {key: value}})


@pytest.mark.rule("M6", "M14", "M15", "M16", "M17", "M25", "M31", "M34", "M40")
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        pytest.param(allowing("Bool", PRESENT, "true"), "--AA-", id="allow-bool"),
        pytest.param(
            allowing("BoolIfExists", PRESENT, "true"), "A-AA-", id="allow-boolifexists"
        ),
        pytest.param(denying("Bool", PRESENT, "false"), "A-AA-", id="deny-bool"),
        pytest.param(
            denying("BoolIfExists", PRESENT, "false"), "--AA-", id="deny-boolifexists"
        ),
        pytest.param(allowing("Null", PRESENT, "false"), "-AAAA", id="allow-null"),
        pytest.param(denying("Null", PRESENT, "true"), "-AAAA", id="deny-null"),
        pytest.param(allowing("NumericLessThan", AGE, "3600"), "--A--", id="allow-age"),
        pytest.param(
            denying("NumericGreaterThan", AGE, "3600"), "AAA-A", id="deny-age"
        ),
        pytest.param(
            denying("NumericGreaterThanIfExists", AGE, "3600"),
            "--A--",
            id="deny-age-ifexists",
        ),
        pytest.param(allowing("Null", AGE, "false"), "--AA-", id="allow-age-null"),
    ],
)
def test_the_truth_table_of_the_two_keys(
    bearer: Bearer, statement: Document, expected: str
) -> None:
    """Facts 2: absent for long-term keys, `false` without MFA and for roles, else `true`."""
    assert bearer.decides(statement) == expected


@pytest.mark.rule("M16", "M17")
@pytest.mark.threat("T32")
@pytest.mark.parametrize(("age", "allowed"), [(3590, True), (3605, False)])
def test_the_age_is_counted_from_the_code(
    world: World, age: int, *, allowed: bool
) -> None:
    """M16: seconds since the code was verified, whatever the session's own age."""
    window = {"NumericLessThan": {AGE: "3600"}}
    user = world.a.person("Age", allow(*LIST, Condition=window))
    at = int(time.time()) - age
    session = session_token(world.server, user, mfa=True, seconds=HOUR, mfa_at=at)
    assert may_list(user, session) is allowed
    assert not may_list(user)


@pytest.mark.rule("M18", "M19")
def test_the_sample_trust_policy_in_its_short_forms(world: World) -> None:
    """M18: one statement object, a bare account id, one action, the string `true`."""
    text = json.dumps(trusts(world.b.id, Condition=MFA))
    assert '"Statement": {' in text
    assert f'{{"AWS": "{world.b.id}"}}' in text
    role = world.a.role("Short", json.loads(text), allow(*LIST))
    kept = world.a.client("iam").get_role(RoleName=role.rpartition("/")[2])
    statement = kept["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    may = allow("sts:AssumeRole", role)
    user = world.b.person("Short", may, devices=1)
    refused(
        "AccessDenied",
        403,
        user.client("sts").assume_role,
        RoleArn=role,
        RoleSessionName="short",
    )
    assert may_list(user, user.assume(role, **user.mfa()))


@pytest.mark.rule("M20")
def test_a_device_alone_enforces_nothing(world: World) -> None:
    """M20: whoever has a device is asked for it by a policy only."""
    user = world.a.person("Owner", allow(*LIST), devices=1)
    assert may_list(user)
    world.a.client("iam").put_user_policy(
        UserName=user.name,
        PolicyName="own",
        PolicyDocument=json.dumps(allow(*LIST, Condition=MFA)),
    )
    assert not may_list(user)
    assert may_list(user, user.session(mfa=True))


@pytest.mark.rule("M13", "M21", "M30", "M31")
def test_for_a_role_the_condition_belongs_into_the_trust_policy(world: World) -> None:
    """M21: in the role's own policy it shuts everybody out; in the trust policy it guards."""
    inside = world.a.role("Inside", trusts(world.b.id), allow(*LIST, Condition=MFA))
    guarded = world.a.role("Guarded", trusts(world.b.id, Condition=MFA), allow(*LIST))
    user = world.b.person(
        "Delegate", allow("sts:AssumeRole", [inside, guarded]), devices=2
    )
    assert not may_list(user, user.assume(inside, **user.mfa()))
    answer = refused(
        "AccessDenied",
        403,
        user.client("sts").assume_role,
        RoleArn=guarded,
        RoleSessionName="x1",
    )
    assert message(answer) == not_authorized(user.arn, "sts:AssumeRole", guarded)
    assert may_list(user, user.assume(guarded, **user.mfa()))


@pytest.mark.rule("M13")
def test_the_callers_own_policy_may_ask_for_mfa_too(world: World) -> None:
    """Facts 2 row 6: a code given to AssumeRole is seen by the caller's policy as well."""
    role = world.a.role("Open", trusts(world.b.id), allow(*LIST))
    user = world.b.person(
        "Careful", allow("sts:AssumeRole", role, Condition=MFA), devices=1
    )
    asked = {"RoleArn": role, "RoleSessionName": "x1"}
    refused("AccessDenied", 403, user.client("sts").assume_role, **asked)
    assert may_list(user, user.assume(role, **user.mfa()))
