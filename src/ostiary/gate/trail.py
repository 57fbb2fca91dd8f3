"""What is known of a request so far, and the audit record that is made of it.

A trail is filled step by step while the request passes the gate; the record is
made of it at the end, so even a request that failed at the first step has one.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from ostiary.gate.audit import field as cut
from ostiary.identity.caller import ANONYMOUS, Caller, timestamp
from ostiary.policy import Decision
from ostiary.wire.http import Request
from ostiary.wire.service import UNKNOWN, Service

if TYPE_CHECKING:
    from ostiary.gate.needs import Need

Record = dict[str, object]

_TYPES = {
    "root": "Root",
    "user": "IAMUser",
    "role session": "AssumedRole",
    "federated user": "FederatedUser",
    "anonymous": "AWSAccount",
}


@dataclass(slots=True, kw_only=True)
class Trail:
    """The state of one request; the one value at the gate that is filled in."""

    request_id: str
    request: Request
    now: float
    revision: int
    service: Service = UNKNOWN
    operation: str = ""
    region: str = ""
    access_key_id: str = ""
    """As claimed; not proven while `caller` is anonymous."""
    caller: Caller = ANONYMOUS
    verdicts: list[Record] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    """Short words for what happened on the way: `throttled`, `unmapped`."""
    why: str = ""
    """One sentence for `ostiary why`."""
    error_code: str = ""
    error_message: str = ""
    error_id: str = ""


def record_of(trail: Trail, status: int) -> Record:
    """The audit record, CloudTrail-shaped where CloudTrail has a field (T131)."""
    request = trail.request
    record: Record = {
        "eventVersion": "1.10",
        "eventTime": timestamp(int(trail.now)),
        "eventSource": f"{trail.service.name}.amazonaws.com",
        "eventName": trail.operation,
        "awsRegion": trail.region,
        "sourceIPAddress": request.peer,
        "userAgent": cut(request.index.get("user-agent", "")),
        "requestID": trail.request_id,
        "userIdentity": identity_of(trail.caller),
        "revision": trail.revision,
        "status": status,
    }
    if trail.caller.is_anonymous and trail.access_key_id:
        record["claimedAccessKeyId"] = cut(trail.access_key_id)
    if trail.verdicts:
        record["decisions"] = trail.verdicts
    if trail.error_code:
        record["errorCode"] = trail.error_code
        record["errorMessage"] = cut(trail.error_message)
    if trail.marks:
        record["marks"] = trail.marks
    if trail.why:
        record["why"] = trail.why
    return record


@lru_cache(maxsize=4096)
def identity_of(caller: Caller) -> Record:
    """Who did it: the `userIdentity` of a record."""
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
        identity["sessionContext"] = {
            "attributes": {
                "creationDate": timestamp(session.issued_at),
                "mfaAuthenticated": "false" if caller.mfa_at is None else "true",
            }
        }
    elif caller.mfa_at is not None:
        identity["mfaAuthenticatedInCall"] = True
    return identity


def verdict_of(need: "Need", decision: Decision, sources: dict[str, str]) -> Record:
    """One decision in a record: what was needed, and which statements decided."""
    return {
        "action": need.action,
        "resource": cut(need.resource),
        "outcome": decision.outcome.value,
        "determining": [
            {
                "kind": one.kind.value,
                "policy": sources.get(f"{one.kind.value} {one.policy}", ""),
                "statement": one.statement,
                "sid": one.sid,
            }
            for one in decision.determining
        ],
        "missing": [kind.value for kind in decision.missing],
    }
