"""What is known of a request so far, and the audit record that is made of it.

A trail is filled step by step while the request passes the gate; the record is
made of it at the end, so even a request that failed at the first step has one.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from ostiary.gate.audit import encode
from ostiary.gate.audit import field as cut
from ostiary.identity.assertion import Assertion
from ostiary.identity.caller import ANONYMOUS, Caller, timestamp
from ostiary.identity.ids import account_of
from ostiary.identity.session import SessionKind
from ostiary.policy import Decision
from ostiary.policy.explain import Names
from ostiary.store.port import Change
from ostiary.wire.http import Request
from ostiary.wire.service import UNKNOWN, Service

if TYPE_CHECKING:
    from ostiary.gate.needs import Need

Record = dict[str, object]
_OK = 200

_TYPES = {
    "root": "Root",
    "user": "IAMUser",
    "role session": "AssumedRole",
    "federated user": "FederatedUser",
    "anonymous": "AWSAccount",
}


# Without slots: what a request leaves at its default costs nothing then.
class Trail:
    """The state of one request; the one value at the gate that is filled in."""

    service: Service = UNKNOWN
    operation: str = ""
    region: str = ""
    access_key_id: str = ""
    """As claimed; not proven while `caller` is anonymous."""
    caller: Caller = ANONYMOUS
    verdicts: list[Record]
    marks: list[str]
    """Short words for what happened on the way: `throttled`, `unmapped`."""
    why: str = ""
    """One sentence for `ostiary why`."""
    error_code: str = ""
    error_message: str = ""
    error_id: str = ""
    is_stored: bool = False
    """Whether its record was committed with a change: the log's is a copy (P6)."""

    def __init__(
        self, *, request_id: str, request: Request, now: float, revision: int
    ) -> None:
        self.request_id = request_id
        self.request = request
        self.now = now
        self.revision = revision
        self.verdicts = []
        self.marks = []

    def store_in(self, change: Change) -> None:
        """Put the record into the change that this request makes (P6)."""
        self.revision = change.revision
        change.record(self.request_id, record_of(self, _OK))
        self.is_stored = True


def record_of(trail: Trail, status: int) -> str:
    """The audit record as JSON, CloudTrail-shaped where CloudTrail has a field (T131).

    Most of a record repeats from one request of a caller to the next, so those parts
    are encoded once.
    """
    request = trail.request
    source = (
        trail.service.name,
        trail.operation,
        trail.region,
        request.peer,
        request.index.get("user-agent", ""),
    )
    return (
        f'{{"eventVersion":"1.10","eventTime":"{timestamp(int(trail.now))}",'
        f"{_source_of(source)},{_identity_of(trail.caller, trail.access_key_id)},"
        f'"requestID":"{trail.request_id}","revision":{trail.revision},'
        f'"status":{status}{_rest_of(trail)}}}'
    )


def _rest_of(trail: Trail) -> str:
    """What only some records have: members, each with its comma before it."""
    rest: Record = {}
    if trail.verdicts:
        rest["decisions"] = trail.verdicts
    if trail.error_code:
        rest["errorCode"] = trail.error_code
        rest["errorMessage"] = cut(trail.error_message)
    if trail.marks:
        rest["marks"] = trail.marks
    if trail.why:
        rest["why"] = trail.why
    return f",{encode(rest)[1:-1]}" if rest else ""


@lru_cache(maxsize=4096)
def _source_of(source: tuple[str, str, str, str, str]) -> str:
    """What was called, and from where: members of a record's object."""
    service, operation, region, peer, agent = source
    members = {
        "eventSource": f"{service}.amazonaws.com",
        "eventName": operation,
        "awsRegion": region,
        "sourceIPAddress": peer,
        "userAgent": cut(agent),
    }
    return encode(members)[1:-1]


def _identity_of(caller: Caller, claimed: str) -> str:
    """Who called, or who claimed to: members of a record's object."""
    if caller.assertion is not None:
        return _encoded_identity(caller, claimed)
    return _known_identity(caller, claimed)


def _encoded_identity(caller: Caller, claimed: str) -> str:
    members: Record = {"userIdentity": identity_of(caller)}
    if claimed and not caller.access_key_id:
        members["claimedAccessKeyId"] = cut(claimed)
    return encode(members)[1:-1]


_known_identity = lru_cache(maxsize=4096)(_encoded_identity)


def _asserted_identity(caller: Caller, assertion: Assertion) -> Record:
    """Who was vouched for, as CloudTrail has it; nothing of it is an ARN of ours."""
    is_saml = bool(assertion.name_qualifier)
    return {
        "type": "SAMLUser" if is_saml else "WebIdentityUser",
        "principalId": cut(caller.user_id),
        "userName": cut(assertion.subject),
        "identityProvider": assertion.name_qualifier or assertion.provider,
        "issuer": cut(assertion.issuer),
    }


def identity_of(caller: Caller) -> Record:
    """Who did it: the `userIdentity` of a record."""
    if caller.assertion is not None:
        return _asserted_identity(caller, caller.assertion)
    identity: Record = {
        "type": _TYPES.get(caller.principal.kind.value, "Unknown"),
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account,
        "accessKeyId": caller.access_key_id,
    }
    if caller.name:
        identity["userName"] = caller.name
    session = caller.session
    if session is not None:
        told: Record = {
            "attributes": {
                "creationDate": timestamp(session.issued_at),
                "mfaAuthenticated": "false" if caller.mfa_at is None else "true",
            }
        }
        if session.kind is SessionKind.ASSUMED_ROOT:
            # Root of a member is somebody else: who, the record of this key tells.
            told |= {"assumedRoot": "true", "issuer": session.issuer}
        if session.kind is SessionKind.DELEGATED:
            partner = account_of(session.issuer) or ""
            identity["type"] = "IAMUser" if caller.name else "AssumedRole"
            identity["invokedByDelegate"] = {"accountId": partner}
        if session.source_identity:
            told["sourceIdentity"] = session.source_identity
        identity["sessionContext"] = told
    elif caller.mfa_at is not None:
        identity["mfaAuthenticatedInCall"] = True
    return identity


def verdict_of(need: "Need", decision: Decision, names: Names) -> Record:
    """One decision in a record: what was needed, and which statements decided."""
    return {
        "action": need.action,
        "resource": cut(need.resource),
        "outcome": decision.outcome.value,
        "determining": [
            {
                "kind": one.kind.value,
                "policy": names(one.kind, one.policy),
                "statement": one.statement,
                "sid": one.sid,
            }
            for one in decision.determining
        ],
        "missing": [kind.value for kind in decision.missing],
    }
