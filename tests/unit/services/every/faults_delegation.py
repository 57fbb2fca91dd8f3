"""As `faults`, for temporary access of partners and for sessions that do less."""

from collections.abc import Mapping

from tests.unit.gate.whole import allow, document
from tests.unit.services.every.calls_delegation import (
    ASSOCIATED,
    REJECTED,
    TAKEN_UP,
    granted,
)
from tests.unit.services.every.provoked import (
    UNPACKABLE,
    Place,
    Provoked,
    anew,
    other,
)

_DELEGATION = "tests/unit/gate/test_whole_delegation.py"
_WORDY = document(allow("*", ["*"] * 480))
"""A policy that a request can hold, and that no session token can carry."""
_NO_TOPIC = "arn:aws:sns:us-east-1:{account}:nothing"

PROVOKED: Mapping[Place, Provoked] = {
    ("AssociateDelegationRequest", "InvalidInput"): other(ASSOCIATED),
    ("CreateDelegationRequest", "InvalidInput"): other(NotificationChannel=_NO_TOPIC),
    ("GetHumanReadableSummary", "InvalidInput"): other(
        EntityArn="arn:aws:iam::{account}:user/somebody"
    ),
    ("ListDelegationRequests", "InvalidInput"): other(OwnerId="AIDAIOSFODNN7EXAMPLE"),
    ("RejectDelegationRequest", "InvalidInput"): other(REJECTED),
    ("SendDelegationToken", "InvalidInput"): anew(*TAKEN_UP),
    ("UpdateDelegationRequest", "InvalidInput"): other(REJECTED),
    ("GetDelegatedAccessToken", "PackedPolicyTooLarge"): anew(*granted(_WORDY)),
    ("GetScopedCredentials", "InsufficientSessionLifetime"): Provoked(
        params={"DurationSeconds": 129_600}, by_user=True
    ),
    ("GetScopedCredentials", "InvalidSubjectCredentials"): other(),
    ("GetScopedCredentials", "PackedPolicyTooLarge"): Provoked(
        params={"Policy": UNPACKABLE}, by_user=True
    ),
    ("GetScopedCredentials", "MalformedPolicyDocument"): Provoked(
        params={"Policy": "{}"}, by_user=True
    ),
}
SHOWN: Mapping[Place, str] = {
    ("CreateDelegationRequest", "LimitExceeded"): (
        f"{_DELEGATION}::test_a_partner_has_so_many_open_requests"
    ),
    ("GetDelegatedAccessToken", "ExpiredTradeInTokenException"): (
        f"{_DELEGATION}::test_the_session_ends_with_the_granted_time"
    ),
}
