"""What a session may never call, whatever policies say (facts 7.2, T30).

These are rules of IAM and STS about kinds of credentials, not about permissions,
so they come before the decision and no policy changes them.
"""

from ostiary.identity.caller import Caller
from ostiary.identity.session import Session, SessionKind
from ostiary.policy import PrincipalKind

_LONG_TERM_ONLY = frozenset({"GetSessionToken", "GetFederationToken"})

# Which STS operations a session of each kind may call; a role session: all others.
_STS_OF_SESSION = {
    SessionKind.SESSION_TOKEN: frozenset(
        {"AssumeRole", "GetCallerIdentity", "GetScopedCredentials"}
    ),
    SessionKind.FEDERATED: frozenset({"GetCallerIdentity", "GetScopedCredentials"}),
    SessionKind.ASSUMED_ROOT: frozenset({"GetCallerIdentity"}),
    SessionKind.DELEGATED: frozenset({"GetCallerIdentity", "GetScopedCredentials"}),
}

# What these may call of IAM is what their policies say.
_IAM_BY_POLICY = frozenset(
    {SessionKind.ROLE, SessionKind.ASSUMED_ROOT, SessionKind.DELEGATED}
)


class SessionLimit(Exception):  # noqa: N818 - the rule that stopped the call, in the service's words
    """A call that these credentials can never make.

    Args:
        code: the AWS error code.
        message: the AWS message, exactly.
        status: the HTTP status.
    """

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def check_session(caller: Caller, service: str, operation: str) -> None:
    """Passes a call that this kind of credentials may make at all.

    Raises:
        SessionLimit: the credentials are of a kind that this call never takes.
    """
    if service == "iam":
        _check_iam(caller.session)
    elif service == "sts":
        _check_sts(caller, operation)


def _check_iam(session: Session | None) -> None:
    """IAM takes no federated session, and no GetSessionToken one without MFA (M24)."""
    if session is None or session.kind in _IAM_BY_POLICY:
        return
    if session.kind is SessionKind.SESSION_TOKEN and session.mfa_at is not None:
        return
    raise SessionLimit(
        "InvalidClientTokenId",
        "The security token included in the request is invalid",
        403,
    )


def _check_sts(caller: Caller, operation: str) -> None:
    if operation == "AssumeRole" and caller.principal.kind is PrincipalKind.ROOT:
        raise _denied("Roles may not be assumed by root accounts.")
    if operation == "AssumeRoot" and caller.principal.kind is PrincipalKind.ROOT:
        # AWS's own words for this are not known (compatibility).
        raise _denied("AssumeRoot may not be called by root accounts.")
    session = caller.session
    if session is None:
        return
    if operation in _LONG_TERM_ONLY:
        raise _denied(f"Cannot call {operation} with session credentials")
    allowed = _STS_OF_SESSION.get(session.kind)
    if allowed is not None and operation not in allowed:
        # AWS's own words for this are not known; these follow its grammar (facts 6.4).
        raise _denied(
            f"User: {caller.arn} is not authorized to perform: sts:{operation}"
        )


def _denied(message: str) -> SessionLimit:
    return SessionLimit("AccessDenied", message, 403)
