"""What `ostiary why` says of credentials: a contract with whoever reads it."""

from typing import Any

import pytest

from ostiary.gate.telling import credentials_of, tell

KEY = {"accessKeyId": "AKIA1"}


def _session(mfa: str) -> dict[str, Any]:
    attributes = {"creationDate": "2026-11-24T00:00:00Z", "mfaAuthenticated": mfa}
    return {"accessKeyId": "ASIA1", "sessionContext": {"attributes": attributes}}


@pytest.mark.rule("M15", "M25", "M27", "M31")
@pytest.mark.parametrize(
    ("who", "told"),
    [
        ({"type": "AWSAccount"}, "none: `aws:MultiFactorAuthPresent` is absent"),
        (
            {"type": "IAMUser", **KEY},
            "long-term access key AKIA1: `aws:MultiFactorAuthPresent` is absent, since the request was signed with a long-term access key",
        ),
        (
            {"type": "IAMUser", "mfaAuthenticatedInCall": True, **KEY},
            "long-term access key AKIA1 with a token code in this call: `aws:MultiFactorAuthPresent` is `true` for this decision",
        ),
        (
            {"type": "IAMUser", **_session("true")},
            "temporary ASIA1 since 2026-11-24T00:00:00Z, with MFA",
        ),
        (
            {"type": "IAMUser", **_session("false")},
            "temporary ASIA1 since 2026-11-24T00:00:00Z, without MFA",
        ),
        (
            {"type": "AssumedRole", **_session("false")},
            "temporary ASIA1 since 2026-11-24T00:00:00Z: a role session carries no MFA, whatever led to it",
        ),
        (
            {"type": "FederatedUser", **_session("false")},
            "temporary ASIA1 since 2026-11-24T00:00:00Z: a federated user has no MFA keys",
        ),
    ],
)
def test_credentials_are_told(who: dict[str, Any], told: str) -> None:
    """Each kind of credential says what it means for the MFA keys."""
    assert credentials_of(who) == told


def test_a_whole_record() -> None:
    """The lines that people read, as they stand."""
    record = {
        "eventSource": "ec2.amazonaws.com",
        "eventName": "StopInstances",
        "eventTime": "2026-11-24T00:00:00Z",
        "status": 403,
        "errorCode": "UnauthorizedOperation",
        "errorMessage": "You are not authorized",
        "userIdentity": {"type": "IAMUser", "arn": "arn:…:user/Sofia", **KEY},
        "revision": 7,
        "marks": ["mark"],
        "why": "because",
        "decisions": [
            {
                "action": "ec2:StopInstances",
                "resource": "arn:i-1",
                "outcome": "ImplicitlyDenied",
                "determining": [],
                "explanation": {
                    "keys": [
                        {"key": "aws:MultiFactorAuthPresent", "present": False},
                        {"key": "ec2:Region", "present": True, "value": "us-east-1"},
                    ]
                },
            }
        ],
    }

    assert tell(record).splitlines() == [
        "ec2:StopInstances at 2026-11-24T00:00:00Z: refused (403 UnauthorizedOperation)",
        "  caller       IAMUser arn:…:user/Sofia",
        "  credentials  long-term access key AKIA1: `aws:MultiFactorAuthPresent` is absent, since the request was signed with a long-term access key",
        "  decision     ImplicitlyDenied: ec2:StopInstances on arn:i-1",
        "               key aws:MultiFactorAuthPresent is absent",
        "               key ec2:Region is `us-east-1`",
        "  marks        mark",
        "  why          because",
        "  on the wire  UnauthorizedOperation: You are not authorized",
        "  revision     7",
    ]
