"""The chapter's flow, and what a failed MFA condition looks like (M1 to M9)."""

import json
import re
import time
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.session import Session

from tests.e2e.wire import SERVICES, Answer, call, send, without_request_id
from tests.e2e.world import (
    MFA,
    NOT_BOTH,
    NOT_THE_CODE,
    NOT_THEIRS,
    Account,
    Credentials,
    World,
    allow,
    message,
    refused,
    trusts,
    unique,
)


@dataclass
class Read:
    """One operation of a service that temporary credentials may call."""

    action: str
    params: dict[str, str]
    denied: tuple[str, int]


READS = {
    "iam": Read("iam:ListUsers", {}, ("AccessDenied", 403)),
    "sts": Read("sts:AssumeRole", {}, ("AccessDenied", 403)),
    "ec2": Read("ec2:DescribeInstances", {}, ("UnauthorizedOperation", 403)),
    "s3": Read("s3:ListAllMyBuckets", {}, ("AccessDenied", 403)),
    "sns": Read("sns:ListTopics", {}, ("AuthorizationError", 403)),
    "sqs": Read("sqs:ListQueues", {}, ("AccessDenied", 403)),
    "dynamodb": Read("dynamodb:ListTables", {}, ("AccessDeniedException", 400)),
    "organizations": Read(
        "organizations:ListHandshakesForAccount", {}, ("AccessDeniedException", 400)
    ),
}


@pytest.mark.rule("M1")
def test_the_three_acts_of_the_chapter(world: World) -> None:
    """M1: a device, a policy with the condition, a call with serial number and code."""
    statement = allow("dynamodb:ListTables", "*", Condition=MFA)
    user = world.a.person("Acts", statement)
    sts = user.client("sts")
    refused("AccessDeniedException", 400, user.client("dynamodb").list_tables)
    # Without a device there is nothing to call with.
    serial, seed = world.a.virtual_device(unique("phone"))
    given = {"SerialNumber": serial, "TokenCode": "123456"}
    answer = refused("AccessDenied", 403, sts.get_session_token, **given)
    assert message(answer) == NOT_THEIRS
    device = user.enrol()
    assert device.seed != seed
    made = sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())
    tables = user.client("dynamodb", Credentials.of(made))
    assert "TableNames" in tables.list_tables()


@pytest.mark.rule("M2")
def test_only_two_calls_of_sts_take_mfa_parameters(world: World) -> None:
    """M2: AssumeRole and GetSessionToken verify them; every other call has no such parameter."""
    operations = Session().get_service_model("sts").operation_names
    others = sorted(set(operations) - {"AssumeRole", "GetSessionToken"})
    assert "AssumeRoleWithSAML" in others
    user = world.a.person("Two", allow("sts:*", "*"), devices=2)
    for operation in others:
        draft = call("sts", operation, SerialNumber="GAHT12345678", TokenCode="123456")
        answer = send(world.server, draft, user.credentials)
        code, said = answer.error("sts")
        assert (answer.status, code) == (400, "ValidationError"), operation
        assert "Unknown parameter: 'SerialNumber'" in said
    assert send(world.server, call("sts"), user.credentials).status == 200
    role = world.a.role("Two", trusts(world.a.id), allow("sts:*", "*"))
    assert user.session(mfa=True).token
    assert user.assume(role, **user.mfa()).token


@pytest.mark.rule("M3", "M8", "M9")
@pytest.mark.threat("T7", "T8")
def test_both_parameters_are_needed_and_must_fit(world: World) -> None:
    """M3, M9: one of the two, a foreign device or a wrong code fails the call: 403."""
    user = world.a.person("Both", devices=1)
    other = world.a.person("Other", devices=1)
    sts, device = user.client("sts"), user.device()
    code = device.code()
    for given, said in (
        ({"SerialNumber": device.serial}, NOT_BOTH),
        ({"TokenCode": code}, NOT_BOTH),
        (
            {"SerialNumber": device.serial, "TokenCode": device.wrong_code()},
            NOT_THE_CODE,
        ),
        ({"SerialNumber": other.devices[0].serial, "TokenCode": code}, NOT_THEIRS),
        ({"SerialNumber": "GAHT12345678", "TokenCode": code}, NOT_THEIRS),
    ):
        answer = refused("AccessDenied", 403, sts.get_session_token, **given)
        assert message(answer) == said
    made = sts.get_session_token(SerialNumber=device.serial, TokenCode=code)
    assert made["Credentials"]["SessionToken"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.rule("M4", "M5", "M6", "M8", "M14")
def test_a_failed_mfa_condition_looks_like_any_refusal(
    world: World, service: str
) -> None:
    """M5: to the byte the answer of a user without a policy; with MFA it is allowed (M4, M6)."""
    read = READS[service]
    user = world.a.person("Plain", devices=1)
    draft = call(service)
    if service == "sts":
        role = world.a.role("Plain", trusts(world.a.id), allow("sts:*", "*"))
        params = {"RoleArn": role, "RoleSessionName": "one"}
        draft = call("sts", "AssumeRole", **params)
    without = send(world.server, draft, user.credentials)
    user.allow(read.action, "*", Condition=MFA)
    answer = send(world.server, draft, user.credentials)
    assert (answer.error(service)[0], answer.status) == read.denied
    assert readable(answer) == readable(without)
    assert b"MultiFactor" not in readable(answer)[2]
    assert b"mfa" not in readable(answer)[2].lower()
    with_mfa = send(world.server, draft, user.session(mfa=True))
    assert with_mfa.status == 200


def readable(answer: Answer) -> tuple[int, Any, bytes]:
    """The answer without its request id, and without EC2's sealed message.

    The sealed message differs each time; its length, which the headers tell, does not.
    """
    status, headers, body = without_request_id(answer)
    sealed = rb"(failure message: )[A-Za-z0-9_=-]+"
    return status, headers, re.sub(sealed, rb"\1(sealed)", body)


@pytest.mark.rule("M4")
def test_a_call_that_takes_no_temporary_credentials_cannot_be_protected(
    world: World,
) -> None:
    """M4: GetFederationToken takes long-term keys only, so its MFA condition never holds."""
    user = world.a.person(
        "Protected", allow("sts:GetFederationToken", "*", Condition=MFA), devices=1
    )
    call = user.client("sts").get_federation_token
    refused("AccessDenied", 403, call, Name="fed")
    with_mfa = user.client("sts", user.session(mfa=True)).get_federation_token
    answer = refused("AccessDenied", 403, with_mfa, Name="fed")
    assert message(answer) == (
        "Cannot call GetFederationToken with session credentials"
    )
    user.allow("sts:GetFederationToken", "*")
    assert call(Name="fed")["Credentials"]


def windowed(account: Account, seconds: int) -> Any:
    """A user who may list tables within a window of time after the code."""
    window = {"NumericLessThan": {"aws:MultiFactorAuthAge": str(seconds)}}
    return account.person("Window", allow("dynamodb:ListTables", "*", Condition=window))


@pytest.mark.rule("M7", "M16")
def test_an_old_mfa_session_is_refused_and_a_new_one_is_not(world: World) -> None:
    """M7: beyond the policy's window the same session is denied; new credentials cure it."""
    user = windowed(world.a, 3)
    session = user.session(mfa=True)
    tables = user.client("dynamodb", session)
    assert "TableNames" in tables.list_tables()
    time.sleep(3.1)
    refused("AccessDeniedException", 400, tables.list_tables)
    fresh = user.client("dynamodb", user.session(mfa=True))
    assert "TableNames" in fresh.list_tables()
    refused("AccessDeniedException", 400, tables.list_tables)


@pytest.mark.rule("M52")
def test_a_condition_that_is_added_counts_for_live_sessions(world: World) -> None:
    """M52, API half: policies are read per request, for long-term keys as well."""
    user = world.a.person("Changing", allow("dynamodb:ListTables", "*"), devices=1)
    tables = user.client("dynamodb")
    assert "TableNames" in tables.list_tables()
    protected = allow("dynamodb:ListTables", "*", Condition=MFA)
    world.a.client("iam").put_user_policy(
        UserName=user.name, PolicyName="own", PolicyDocument=json.dumps(protected)
    )
    refused("AccessDeniedException", 400, tables.list_tables)
    session = user.session(mfa=True)
    assert "TableNames" in user.client("dynamodb", session).list_tables()
