"""What sessions may never call: the table of facts 7.2."""

import pytest

from ostiary.gate.session_limits import SessionLimit, check_session
from ostiary.identity.caller import ANONYMOUS, Caller
from ostiary.identity.session import SessionKind
from tests.unit.gate.asking import (
    ALICE,
    NOW,
    ROOT,
    caller,
    federated,
    role_session,
    session,
    user_session,
)

WITH_MFA, WITHOUT_MFA = user_session(NOW), user_session(None)
ROOT_SESSION = caller(
    ROOT.arn, "", session(SessionKind.SESSION_TOKEN, principal=ROOT.account)
)
IAM = {"ListUsers", "GetUser", "EnableMFADevice"}
STS = [
    "AssumeRole",
    "GetCallerIdentity",
    "GetSessionToken",
    "GetFederationToken",
    "DecodeAuthorizationMessage",
    "GetAccessKeyInfo",
]


def refused(who: Caller, service: str, operation: str) -> tuple[str, str, int] | None:
    """What the limit says; None when the call passes."""
    try:
        check_session(who, service, operation)
    except SessionLimit as limit:
        return (limit.code, limit.message, limit.status)
    return None


@pytest.mark.rule("M24", "M29")
@pytest.mark.threat("T30")
@pytest.mark.parametrize(
    ("who", "iam", "sts"),
    [
        (ALICE, IAM, set(STS)),
        (ROOT, IAM, set(STS) - {"AssumeRole"}),
        (WITHOUT_MFA, set(), {"AssumeRole", "GetCallerIdentity"}),
        (WITH_MFA, IAM, {"AssumeRole", "GetCallerIdentity"}),
        (ROOT_SESSION, set(), {"GetCallerIdentity"}),
        (role_session(), IAM, set(STS) - {"GetSessionToken", "GetFederationToken"}),
        (federated(), set(), {"GetCallerIdentity"}),
        (ANONYMOUS, IAM, set(STS)),
    ],
    ids=[
        "user",
        "root",
        "session",
        "session with MFA",
        "root session",
        "role",
        "federated",
        "anonymous",
    ],
)
def test_the_table_of_sessions(who: Caller, iam: set[str], sts: set[str]) -> None:
    """Which credentials may call IAM at all, and which operations of STS."""
    assert {name for name in IAM if refused(who, "iam", name) is None} == iam
    assert {name for name in STS if refused(who, "sts", name) is None} == sts


@pytest.mark.rule("M24")
@pytest.mark.parametrize("who", [WITHOUT_MFA, federated()])
def test_iam_says_that_the_token_is_invalid(who: Caller) -> None:
    """IAM refuses such a session with InvalidClientTokenId, not with AccessDenied."""
    assert refused(who, "iam", "GetUser") == (
        "InvalidClientTokenId",
        "The security token included in the request is invalid",
        403,
    )


@pytest.mark.threat("T30")
@pytest.mark.parametrize("who", [WITHOUT_MFA, WITH_MFA, role_session(), federated()])
@pytest.mark.parametrize("operation", ["GetSessionToken", "GetFederationToken"])
def test_no_session_asks_for_a_session(who: Caller, operation: str) -> None:
    """Both calls take long-term credentials only, and say so."""
    told = f"Cannot call {operation} with session credentials"

    assert refused(who, "sts", operation) == ("AccessDenied", told, 403)


@pytest.mark.parametrize("who", [ROOT, ROOT_SESSION])
def test_root_assumes_no_role(who: Caller) -> None:
    """AssumeRole by root is refused in AWS's words."""
    told = "Roles may not be assumed by root accounts."

    assert refused(who, "sts", "AssumeRole") == ("AccessDenied", told, 403)


def test_other_sts_calls_of_a_session_are_denied_by_name() -> None:
    """The wording is ours, in AWS's grammar; AWS's own is not known."""
    told = f"User: {ALICE.arn} is not authorized to perform: sts:GetAccessKeyInfo"

    assert refused(WITH_MFA, "sts", "GetAccessKeyInfo") == ("AccessDenied", told, 403)


@pytest.mark.parametrize("who", [WITHOUT_MFA, federated(), role_session()])
@pytest.mark.parametrize("service", ["ec2", "s3", "dynamodb", "sqs", "sns"])
def test_other_services_take_every_session(who: Caller, service: str) -> None:
    """The limits are IAM's and STS's own."""
    assert refused(who, service, "Anything") is None
