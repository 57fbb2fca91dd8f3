"""What GetSessionToken and AssumeRole give, and to whom (M22 to M33)."""

import json

import pytest

from tests.e2e.world import (
    MFA,
    Credentials,
    World,
    allow,
    message,
    policy,
    refused,
    trusts,
)

LIST = ("dynamodb:ListTables", "*")
NO_TABLES = ("AccessDeniedException", 400)


@pytest.mark.rule("M22")
def test_a_session_of_get_session_token_is_the_user(world: World) -> None:
    """M22: it acts in the user's own account, as that user, and in no other account."""
    user = world.a.person("Same", allow(*LIST), devices=1)
    session = user.session(mfa=True)
    who = user.client("sts", session).get_caller_identity()
    assert who["Arn"] == user.arn
    assert who["UserId"] == user.id
    assert who["Account"] == world.a.id
    mine, theirs = world.a.table("Mine"), world.b.table("Theirs")
    listed = user.client("dynamodb", session).list_tables()["TableNames"]
    assert mine in listed
    assert theirs not in listed


@pytest.mark.rule("M24")
@pytest.mark.threat("T30")
def test_iam_takes_sessions_with_mfa_only(world: World) -> None:
    """M24: without MFA data every IAM call is 403 InvalidClientTokenId, not AccessDenied."""
    user = world.a.person("Admin", admin=True, devices=1)
    plain = user.client("iam", user.session(mfa=False))
    answer = refused("InvalidClientTokenId", 403, plain.list_users)
    said = message(answer)
    assert said == "The security token included in the request is invalid"
    refused("InvalidClientTokenId", 403, plain.get_user)
    with_mfa = user.client("iam", user.session(mfa=True))
    assert with_mfa.get_user()["User"]["Arn"] == user.arn
    assert with_mfa.list_users()["Users"]


@pytest.mark.rule("M24")
@pytest.mark.threat("T30")
@pytest.mark.parametrize("mfa", [False, True])
def test_sts_takes_two_calls_of_such_sessions(world: World, *, mfa: bool) -> None:
    """M24, facts 7.2: AssumeRole and GetCallerIdentity only, with MFA or without."""
    user = world.a.person("Limited", admin=True, devices=1)
    role = world.a.role("Limited", trusts(world.a.id), allow(*LIST))
    session = user.session(mfa=mfa)
    sts = user.client("sts", session)
    assert sts.get_caller_identity()["Arn"] == user.arn
    assert user.assume(role, session).token
    answer = refused("AccessDenied", 403, sts.get_session_token)
    assert message(answer) == "Cannot call GetSessionToken with session credentials"
    answer = refused("AccessDenied", 403, sts.get_federation_token, Name="fed")
    assert message(answer) == (
        "Cannot call GetFederationToken with session credentials"
    )
    key = {"AccessKeyId": user.credentials.key_id}
    refused("AccessDenied", 403, sts.get_access_key_info, **key)
    assert user.client("sts").get_access_key_info(**key)["Account"] == world.a.id


@pytest.mark.rule("M25")
def test_every_call_of_an_mfa_session_is_checked_by_itself(world: World) -> None:
    """M25: one session meets a call with the condition, one without, and one that denies."""
    statements = [
        allow(*LIST, Condition=MFA),
        allow("sqs:ListQueues", "*"),
        allow(
            "sns:ListTopics",
            "*",
            Condition={"Bool": {next(iter(MFA["Bool"])): "false"}},
        ),
    ]
    user = world.a.person(
        "Each", policy(*(one["Statement"][0] for one in statements)), devices=1
    )
    session, plain = user.session(mfa=True), user.session(mfa=False)
    assert "TableNames" in user.client("dynamodb", session).list_tables()
    assert user.client("sqs", session).list_queues()
    refused("AuthorizationError", 403, user.client("sns", session).list_topics)
    refused(*NO_TABLES, user.client("dynamodb", plain).list_tables)
    assert user.client("sqs", plain).list_queues()
    assert user.client("sns", plain).list_topics()


@pytest.mark.rule("M26", "M27")
def test_no_policy_decides_get_session_token(world: World) -> None:
    """M26: neither a missing Allow nor an explicit Deny has an effect on it."""
    user = world.a.person("Denied", devices=1)
    assert user.session(mfa=False).token
    deny = policy({"Effect": "Deny", "Action": "*", "Resource": "*"})
    world.a.client("iam").put_user_policy(
        UserName=user.name, PolicyName="no", PolicyDocument=json.dumps(deny)
    )
    sts = user.client("sts")
    refused("AccessDenied", 403, sts.get_federation_token, Name="fed")
    assert user.session(mfa=False).token
    assert user.session(mfa=True).token
    assert sts.get_caller_identity()["Arn"] == user.arn


@pytest.mark.rule("M27")
def test_without_mfa_data_the_session_does_not_say_mfa(world: World) -> None:
    """M27: credentials come back, and the condition is false for them."""
    statements = [allow(*LIST, Condition=MFA), allow("sqs:ListQueues", "*")]
    user = world.a.person(
        "Without", policy(*(one["Statement"][0] for one in statements)), devices=1
    )
    session = user.session(mfa=False)
    assert session.key_id.startswith("ASIA")
    assert user.client("sqs", session).list_queues()
    refused(*NO_TABLES, user.client("dynamodb", session).list_tables)
    with_mfa = user.client("dynamodb", user.session(mfa=True))
    assert "TableNames" in with_mfa.list_tables()


@pytest.mark.rule("M28", "M33")
@pytest.mark.parametrize("where", ["same", "other"])
def test_a_role_may_be_assumed_in_the_same_and_in_another_account(
    world: World, where: str
) -> None:
    """M28, M33: with a code, and without one where the trust policy does not ask."""
    home = world.a
    account = home if where == "same" else world.b
    role = home.role("Any", trusts(account.id), allow(*LIST))
    user = account.person("Any", allow("sts:AssumeRole", role), devices=1)
    stranger = account.person("None")
    for given in ({}, user.mfa()):
        session = user.assume(role, **given)
        who = user.client("sts", session).get_caller_identity()
        assert who["Account"] == home.id
        assert ":assumed-role/Any-" in who["Arn"]
        assert "TableNames" in user.client("dynamodb", session).list_tables()
    refused(
        "AccessDenied",
        403,
        stranger.client("sts").assume_role,
        RoleArn=role,
        RoleSessionName="x1",
    )


@pytest.mark.rule("M29")
def test_a_role_session_calls_iam_and_sts_as_its_policies_say(world: World) -> None:
    """M29: no MFA is needed for IAM; GetSessionToken and GetFederationToken stay closed."""
    may = allow(["iam:ListUsers", "sts:GetAccessKeyInfo"], "*")
    role = world.a.role("Iam", trusts(world.a.id), may)
    user = world.a.person("Iam", allow("sts:AssumeRole", role))
    session = user.assume(role)
    iam, sts = user.client("iam", session), user.client("sts", session)
    assert iam.list_users()["Users"]
    refused("AccessDenied", 403, iam.list_roles)
    key = {"AccessKeyId": session.key_id}
    assert sts.get_access_key_info(**key)["Account"] == world.a.id
    answer = refused("AccessDenied", 403, sts.get_session_token)
    assert message(answer) == "Cannot call GetSessionToken with session credentials"
    refused("AccessDenied", 403, sts.get_federation_token, Name="fed")


@pytest.mark.rule("M30", "M45")
def test_mfa_is_enforced_when_a_role_is_assumed_and_never_after(world: World) -> None:
    """M30: without the condition in the trust policy nobody asks, then or later."""
    unguarded = world.a.role("Unguarded", trusts(world.b.id), allow(*LIST))
    guarded = world.a.role("Guarded", trusts(world.b.id, Condition=MFA), allow(*LIST))
    user = world.b.person(
        "Entering", allow("sts:AssumeRole", [unguarded, guarded]), devices=1
    )
    assert user.client("dynamodb", user.assume(unguarded)).list_tables()
    asked = {"RoleArn": guarded, "RoleSessionName": "x1"}
    refused("AccessDenied", 403, user.client("sts").assume_role, **asked)
    session = user.assume(guarded, **user.mfa())
    assert user.client("dynamodb", session).list_tables()


@pytest.mark.rule("M31", "M32")
@pytest.mark.threat("T31")
def test_a_role_session_carries_no_mfa_whatever_led_to_it(world: World) -> None:
    """M31: from a key with a code, and from an MFA session: present, `false`, no age."""
    present = next(iter(MFA["Bool"]))
    is_false = {"Bool": {present: "false"}, "Null": {"aws:MultiFactorAuthAge": "true"}}
    statements = [
        allow(*LIST, Condition=MFA),
        allow("sqs:ListQueues", "*", Condition=is_false),
    ]
    granted = policy(*(one["Statement"][0] for one in statements))
    role = world.a.role("Carrying", trusts(world.a.id, Condition=MFA), granted)
    user = world.a.person("Carrying", granted, devices=2)
    user.allow("sts:AssumeRole", role)
    own = user.session(mfa=True)
    sessions: list[Credentials] = [
        user.assume(role, **user.mfa()),
        user.assume(role, own),
    ]
    for session in sessions:
        refused(*NO_TABLES, user.client("dynamodb", session).list_tables)
        assert user.client("sqs", session).list_queues()
    # The MFA session itself is the other way round.
    assert "TableNames" in user.client("dynamodb", own).list_tables()
    refused("AccessDenied", 403, user.client("sqs", own).list_queues)


@pytest.mark.rule("M33")
def test_a_code_that_is_given_is_verified_even_if_nobody_asks(world: World) -> None:
    """Facts 7.5: a wrong code fails the call though it would succeed without any."""
    role = world.a.role("Unasked", trusts(world.a.id), allow(*LIST))
    user = world.a.person("Unasked", allow("sts:AssumeRole", role), devices=1)
    device = user.device()
    given = {"SerialNumber": device.serial, "TokenCode": device.wrong_code()}
    sts = user.client("sts")
    asked = {"RoleArn": role, "RoleSessionName": "x1"}
    refused("AccessDenied", 403, sts.assume_role, **asked, **given)
    refused("AccessDenied", 403, sts.get_session_token, **given)
    assert sts.assume_role(**asked)["Credentials"]
    given["TokenCode"] = device.code()
    assert sts.assume_role(**asked, **given)["Credentials"]
