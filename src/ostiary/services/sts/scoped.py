"""GetScopedCredentials: the calling session once more, with less.

Who it is stays as it was, and when it began, so that whoever revokes sessions by
their age (`aws:TokenIssueTime`) reaches it, too; MFA facts stay as they were.
"""

from dataclasses import replace
from typing import Final

from ostiary.identity.session import Session, SessionKind
from ostiary.identity.session_token import MINT_LIMIT
from ostiary.services.errors import ServiceError, access_denied, validation_error
from ostiary.services.operation import Call, Result
from ostiary.services.sts.shared import (
    credentials,
    new_access_key_id,
    packed_size,
    session_policy,
)
from ostiary.store.snapshot import Snapshot

MOST_SCOPES: Final = 3
"""Scope-down policies of one session."""


def get_scoped_credentials(call: Call, _snapshot: Snapshot) -> Result:
    """Credentials of the same session that may do less, or end sooner."""
    session = _session(call)
    policy = session_policy(call)
    if policy is None and "DurationSeconds" not in call.params:
        raise validation_error("At least one of Policy or DurationSeconds is required.")
    scopes = session.scopes
    if policy is not None:
        packed_size(policy, (), ())
        scopes = (*scopes, policy)
    if len(scopes) > MOST_SCOPES:
        raise access_denied(
            f"User: {call.caller.arn} is not authorized to perform: "
            "sts:GetScopedCredentials"
        )
    scoped = replace(
        session,
        access_key_id=new_access_key_id(call, session.account),
        expires_at=_end(call, session),
        scopes=scopes,
    )
    made = credentials(call, scoped)
    size = len(str(made["SessionToken"]))
    result: Result = {
        "Credentials": made,
        "SessionInfo": {
            "ScopedSessionId": call.caller.user_id,
            "Arn": call.caller.arn,
        },
        "SessionTokenSize": size,
        "SessionTokenUtilization": -(-size * 100 // MINT_LIMIT),
        "ScopedPoliciesCount": len(scopes),
    }
    if session.source_identity:
        result["SourceIdentity"] = session.source_identity
    return result


def _session(call: Call) -> Session:
    """The calling session; raises InvalidSubjectCredentials without one."""
    session = call.caller.session
    if session is None or session.kind is SessionKind.ASSUMED_ROOT:
        raise ServiceError(
            "InvalidSubjectCredentials",
            "The request was rejected because the session used to call "
            "GetScopedCredentials is not a valid session.",
            400,
        )
    return session


def _end(call: Call, session: Session) -> int:
    """When the credentials end: never after the session that asks."""
    left = session.expires_at - call.now
    seconds = call.number("DurationSeconds", left)
    if seconds > left:
        raise ServiceError(
            "InsufficientSessionLifetime",
            "The request was rejected because the requested DurationSeconds is greater "
            "than the remaining lifetime of the calling session.",
            400,
        )
    return call.now + seconds
