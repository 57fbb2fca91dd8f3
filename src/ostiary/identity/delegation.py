"""Requests of partners for temporary access to an account, as frozen values."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DAY: Final = 86_400

OPEN_FOR: Final = 7 * DAY
"""How long a request stays where it is before it expires, in seconds."""

UNASSIGNED_FOR: Final = DAY
"""The same, for one that nobody has taken up."""


class State(StrEnum):
    """How far a request has come."""

    UNASSIGNED = "UNASSIGNED"
    ASSIGNED = "ASSIGNED"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    ACCEPTED = "ACCEPTED"
    FINALIZED = "FINALIZED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationRequest:
    """What a partner asks of an account, and what the account has answered."""

    id: str
    partner: str
    """The partner's account."""
    workflow: str
    """The partner's own name for it, unique among the partner's requests."""
    created: int
    asked: str
    """What the partner sent, as JSON: it never changes."""
    policy: str
    """The permissions asked for, as a policy; made when the request was."""
    duration: int
    """Seconds that the session may last, from the sending of the token."""
    owner_account: str
    """Empty until it is known whom the request is for."""
    owner: str
    """ARN of the principal that took it up; empty before."""
    approver: str
    """ARN of the principal that accepted; empty before."""
    approver_id: str
    """Unique id of the approver, whose permissions are lent: `AIDA…`, `AROA…:name`."""
    state: str
    """As last written; whether it has expired depends on the time."""
    notes: str
    """For the approver; after a rejection, the reason."""
    updated: int
    sent: int
    """When the token was sent; 0 before."""
    token: str
    """SHA-256 of the token in hexadecimal digits; empty before."""

    @property
    def key(self) -> str:
        """The request's id."""
        return self.id


def state_of(request: DelegationRequest, now: int) -> State:
    """The state at a time: a request that nobody finished in time has expired."""
    return State.EXPIRED if now >= expires_at(request) else State(request.state)


def expires_at(request: DelegationRequest) -> int:
    """When the request expires, if it stays as it is."""
    unassigned = request.state == State.UNASSIGNED
    return request.updated + (UNASSIGNED_FOR if unassigned else OPEN_FOR)


def session_ends_at(request: DelegationRequest) -> int:
    """When the access ends that a finalized request gives."""
    return request.sent + request.duration


def digest_of(token: str) -> str:
    """What is remembered of a token: it is random, so its hash needs no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
