"""GetDelegatedAccessToken: the access that an account has granted to a partner.

The session is the approver's, with its permissions as they are at any time, limited by
the policy that was asked for; it ends when the granted time is over, however late or
often the token is traded in.
"""

import hmac
from typing import Final

from ostiary.identity.delegation import (
    DelegationRequest,
    State,
    digest_of,
    session_ends_at,
    state_of,
)
from ostiary.identity.session import Session, SessionKind
from ostiary.services.errors import ServiceError, access_denied
from ostiary.services.operation import Call, Result
from ostiary.services.sts.shared import credentials, new_access_key_id
from ostiary.store.snapshot import Snapshot

_UNKNOWN: Final = DelegationRequest(
    id="",
    partner="",
    workflow="",
    created=0,
    asked="",
    policy="",
    duration=0,
    owner_account="",
    owner="",
    approver="",
    approver_id="",
    state=State.EXPIRED,
    notes="",
    updated=0,
    sent=0,
    token="",
)


def get_delegated_access_token(call: Call, snapshot: Snapshot) -> Result:
    """Credentials for what an account has granted to the caller's account."""
    request = _verified(call, snapshot)
    ends = session_ends_at(request)
    if call.now >= ends or state_of(request, call.now) is not State.FINALIZED:
        raise ServiceError(
            "ExpiredTradeInTokenException",
            "The trade-in token provided in the request has expired.",
            400,
        )
    principal, _, name = request.approver_id.partition(":")
    session = Session(
        access_key_id=new_access_key_id(call, request.owner_account),
        kind=SessionKind.DELEGATED,
        account=request.owner_account,
        principal=principal,
        name=name,
        # As old as the grant: who revokes sessions by age reaches it, too (T33).
        issued_at=request.sent,
        expires_at=ends,
        mfa_at=None,
        issuer=call.caller.access_key_id,
        source_identity="",
        tags=(),
        transitive=(),
        policy=request.policy,
        policy_arns=(),
    )
    return {
        "Credentials": credentials(call, session),
        "AssumedPrincipal": request.approver,
    }


def _verified(call: Call, snapshot: Snapshot) -> DelegationRequest:
    """The request whose token this is; one answer for all that is wrong with it."""
    token = call.text("TradeInToken")
    held = snapshot.issuers.requests.get(token.partition(".")[0], _UNKNOWN)
    same = hmac.compare_digest(held.token.encode(), digest_of(token).encode())
    partner = call.caller.account
    if not same or held.partner != partner or partner not in call.estate.partners:
        raise access_denied(
            f"User: {call.caller.arn} is not authorized to perform: "
            "sts:GetDelegatedAccessToken"
        )
    return held
