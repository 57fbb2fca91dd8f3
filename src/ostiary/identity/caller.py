"""The caller: who signed this request, by which credentials, with which MFA facts.

Only `gate.authenticate` makes one, after the signature has been verified.
`context` is the one function that says which credential carries which MFA key
(facts 2, rows 1 to 14). Absent is not false.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from ostiary.identity.assertion import Assertion
from ostiary.identity.model import PARTITION, Tags
from ostiary.identity.session import Session, SessionKind
from ostiary.policy import Principal, PrincipalKind

CLOCK_SLACK = 5
"""Seconds by which an MFA age may be negative before the keys vanish (T32)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A proven principal with its session."""

    principal: Principal
    """The principal as policies match it."""
    user_id: str
    """`aws:userid`: AIDA…, AROA…:name, the account id for root (facts 5.2)."""
    name: str
    """IAM user name; empty for everybody else, as `aws:username` is."""
    principal_arn: str
    """`aws:PrincipalArn`: the role's ARN for a role session."""
    access_key_id: str
    session: Session | None
    """None for long-term credentials and for anonymous requests."""
    mfa_at: int | None
    """When a token code was verified: in the session, or in this very call."""
    tags: Tags
    assertion: Assertion | None = None
    """What was proven of a caller without credentials: the one thing it has."""

    def __hash__(self) -> int:
        # Callers are looked up in caches on every request; their access key tells
        # nearly all of them apart, and its hash is kept in the text.
        return hash(self.access_key_id)

    @property
    def account(self) -> str:
        """The account of the principal; empty when anonymous."""
        return self.principal.account

    @property
    def arn(self) -> str:
        """The ARN that messages and GetCallerIdentity show."""
        return self.principal.arn

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody is known: neither signature nor assertion came."""
        return self.principal.kind is PrincipalKind.ANONYMOUS


ANONYMOUS = Caller(
    principal=Principal.from_arn("anonymous"),
    user_id="anonymous",
    name="",
    principal_arn="",
    access_key_id="",
    session=None,
    mfa_at=None,
    tags=(),
)

_TYPES = {
    PrincipalKind.ROOT: "Account",
    PrincipalKind.USER: "User",
    PrincipalKind.ROLE_SESSION: "AssumedRole",
    PrincipalKind.FEDERATED_USER: "FederatedUser",
    PrincipalKind.ANONYMOUS: "Anonymous",
}


def context(caller: Caller, now: float) -> dict[str, str | tuple[str, ...]]:
    """The condition keys that the caller's credentials carry (facts 2, 5.1, 5.2)."""
    if caller.assertion is not None:
        # No principal of ours asks, so nothing is known of one.
        return dict(caller.assertion.facts)
    keys: dict[str, str | tuple[str, ...]] = {
        "aws:PrincipalType": "User" if caller.name else _TYPES[caller.principal.kind],
        "aws:userid": caller.user_id,
        "aws:PrincipalAccount": caller.account or "anonymous",
    }
    if caller.is_anonymous:
        return keys
    keys["aws:PrincipalArn"] = caller.principal_arn
    keys["aws:PrincipalIsAWSService"] = "false"
    if caller.name:
        keys["aws:username"] = caller.name
    for name, value in caller.tags:
        keys[f"aws:PrincipalTag/{name}"] = value
    session = caller.session
    if session is not None:
        keys["aws:TokenIssueTime"] = timestamp(session.issued_at)
        if session.source_identity:
            keys["aws:SourceIdentity"] = session.source_identity
        if session.kind is SessionKind.ASSUMED_ROOT:
            keys["aws:AssumedRoot"] = "true"
        keys.update(session.facts)
    keys.update(_mfa_keys(caller, now))
    return keys


def _mfa_keys(caller: Caller, now: float) -> dict[str, str]:
    """The two MFA keys, for the rows of facts 2 that have them."""
    if caller.mfa_at is not None:
        age = int(now) - caller.mfa_at
        if age < -CLOCK_SLACK:
            return {}
        return {
            "aws:MultiFactorAuthPresent": "true",
            "aws:MultiFactorAuthAge": str(max(age, 0)),
        }
    session = caller.session
    if session is None or session.kind is SessionKind.FEDERATED or session.facts:
        return {}
    return {"aws:MultiFactorAuthPresent": "false"}


@lru_cache(maxsize=4096)
def timestamp(seconds: int) -> str:
    """Seconds since the epoch as ISO 8601 in UTC, the form policies compare."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def session_arn(session: Session, role_name: str) -> str:
    """The ARN of a role session or federated user; role paths do not appear."""
    if session.kind is not SessionKind.FEDERATED:
        tail = f"assumed-role/{role_name}/{session.name}"
    else:
        tail = f"federated-user/{session.name}"
    return f"arn:{PARTITION}:sts::{session.account}:{tail}"
