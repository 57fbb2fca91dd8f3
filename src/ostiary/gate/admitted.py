"""What passes from the decision to the door: a request that has been allowed."""

from dataclasses import dataclass

from ostiary.gate.needs import Need
from ostiary.gate.recorded import Note
from ostiary.identity.caller import Caller
from ostiary.wire.catalog import Target
from ostiary.wire.claim import Claim
from ostiary.wire.http import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A request that every one of its needs was allowed, as it was decided on.

    Attributes:
        target: what it asks.
        request: as it arrived, its body out of its framing.
        caller: who asks.
        needs: what was decided; the resources among them are what it acts on.
        claim: what was verified; None when anonymous.
        region: of the verified credential scope.
        request_id: for the answer.
        now: seconds since the epoch, UTC.
        note: puts the audit record into a change that the request makes.
    """

    target: Target
    request: Request
    caller: Caller
    needs: tuple[Need, ...]
    claim: Claim | None
    region: str
    request_id: str
    now: float
    note: Note
