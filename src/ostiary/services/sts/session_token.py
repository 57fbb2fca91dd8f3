"""GetSessionToken: temporary credentials of the calling user itself.

The one call whose credentials can carry MFA facts (M22 to M27).
"""

from ostiary.identity.session import Session, SessionKind
from ostiary.policy import PrincipalKind
from ostiary.services.operation import Call, Result
from ostiary.services.sts.shared import credentials, new_access_key_id
from ostiary.store.snapshot import Snapshot

DEFAULT_SECONDS = 43200
ROOT_SECONDS = 3600


def lifetime(call: Call) -> int:
    """Seconds that the credentials last; root never gets more than an hour.

    Root asking for more is silently given an hour (facts 7.1).
    """
    seconds = call.number("DurationSeconds", DEFAULT_SECONDS)
    if call.caller.principal.kind is PrincipalKind.ROOT:
        return min(seconds, ROOT_SECONDS)
    return seconds


def get_session_token(call: Call, _snapshot: Snapshot) -> Result:
    """Credentials for the caller, MFA-true when a token code was verified."""
    caller = call.caller
    session = Session(
        access_key_id=new_access_key_id(call, caller.account),
        kind=SessionKind.SESSION_TOKEN,
        account=caller.account,
        principal=caller.user_id,
        name="",
        issued_at=call.now,
        expires_at=call.now + lifetime(call),
        mfa_at=caller.mfa_at,
        issuer=caller.access_key_id,
        source_identity="",
        tags=(),
        transitive=(),
        policy=None,
        policy_arns=(),
    )
    return {"Credentials": credentials(call, session)}
