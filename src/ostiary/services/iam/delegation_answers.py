"""How an account answers a request for temporary access.

  unassigned -> assigned -> (pending approval) -> accepted -> finalized
                                 or rejected, until the token was sent

Whoever accepts lends its own permissions, and no more of them than was asked for.
"""

import json
from collections.abc import Iterable
from dataclasses import replace

from ostiary.identity.delegation import (
    DelegationRequest,
    State,
    digest_of,
    state_of,
)
from ostiary.identity.session import Session, SessionKind
from ostiary.policy import PrincipalKind
from ostiary.services.errors import ServiceError, access_denied, invalid_input
from ostiary.services.iam.delegation_requests import (
    get_visible,
    no_such,
    require_channel,
)
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Notice,
    Operations,
    Prepared,
    Result,
    SendingOperation,
)
from ostiary.store.port import Change, Reader

_LENDS = frozenset({PrincipalKind.USER, PrincipalKind.ROLE_SESSION})
_TOKEN_BYTES = 32


def associate(call: Call, change: Change) -> Result:
    """The caller takes the request up for its account."""
    request = get_visible(call, change)
    _require_state(call, request, [State.UNASSIGNED])
    _move(
        call,
        change,
        replace(request, owner_account=call.caller.account, owner=call.caller.arn),
        State.ASSIGNED,
    )
    return {}


def update(call: Call, change: Change) -> Result:
    """The request waits for the approval of somebody who may give it."""
    request = _get_own(call, change)
    _require_state(call, request, [State.ASSIGNED, State.PENDING_APPROVAL])
    notes = call.text("Notes", request.notes)
    _move(call, change, replace(request, notes=notes), State.PENDING_APPROVAL)
    return {}


def accept(call: Call, change: Change) -> Result:
    """The caller lends its permissions, as far as they were asked for."""
    request = _get_own(call, change)
    _require_state(call, request, [State.ASSIGNED, State.PENDING_APPROVAL])
    caller = call.caller
    # Root is limited by too little.
    if caller.principal.kind not in _LENDS or not _lends_all(caller.session):
        raise access_denied(
            f"User: {caller.arn} is not authorized to perform: "
            "iam:AcceptDelegationRequest"
        )
    lent = replace(request, approver=caller.arn, approver_id=caller.user_id)
    _move(call, change, lent, State.ACCEPTED)
    return {}


def reject(call: Call, change: Change) -> Result:
    """Nothing is lent; the request cannot be accepted any more."""
    request = _get_own(call, change)
    _require_state(
        call, request, [State.ASSIGNED, State.PENDING_APPROVAL, State.ACCEPTED]
    )
    _move(call, change, replace(request, notes=call.text("Notes")), State.REJECTED)
    return {}


def send(call: Call, view: Reader) -> Prepared:
    """The partner gets the token, over its own topic and in no answer.

    The token is good for nothing before the change has happened.
    """
    request = _sendable(call, view)
    asked = json.loads(request.asked)
    channel = str(asked["NotificationChannel"])
    require_channel(view, channel, request.partner)
    token = f"{request.id}.{call.mint.random(_TOKEN_BYTES).hex()}"
    message = {
        "DelegationRequestId": request.id,
        "RequestorWorkflowId": request.workflow,
        "OwnerAccountId": request.owner_account,
        "State": State.FINALIZED,
        "TradeInToken": token,
        "ExpirationTime": call.now + request.duration,
    }

    def finish(change: Change) -> Result:
        sent = replace(_sendable(call, change), sent=call.now, token=digest_of(token))
        _move(call, change, sent, State.FINALIZED)
        return {}

    notice = Notice(topic=channel, text=json.dumps(message))
    return Prepared(notice=notice, finish=finish)


def _lends_all(session: Session | None) -> bool:
    """Whether a session has nothing of its own that would be lost when it lends.

    A partner gets the permissions of the user or role; what limits this session alone
    would not limit the partner (T36). What is lent cannot be lent on.
    """
    return session is None or not (
        session.kind is SessionKind.DELEGATED
        or session.policy is not None
        or session.policy_arns
        or session.scopes
        or session.tags
    )


def _sendable(call: Call, view: Reader) -> DelegationRequest:
    request = _get_own(call, view)
    _require_state(call, request, [State.ACCEPTED])
    asked = json.loads(request.asked)
    if asked.get("OnlySendByOwner") and call.caller.arn != request.owner:
        raise access_denied(
            f"User: {call.caller.arn} is not authorized to perform: "
            "iam:SendDelegationToken"
        )
    return request


def _get_own(call: Call, view: Reader) -> DelegationRequest:
    """The request, if the caller's account has taken it up; raises NoSuchEntity."""
    request = get_visible(call, view)
    if request.owner_account != call.caller.account or not request.owner:
        raise no_such(request.id)
    return request


def _require_state(
    call: Call, request: DelegationRequest, allowed: Iterable[State]
) -> None:
    state = state_of(request, call.now)
    if state not in allowed:
        raise _wrong_state(request, state)


def _wrong_state(request: DelegationRequest, state: State) -> ServiceError:
    return invalid_input(
        f"Delegation request with id {request.id} is in state {state}."
    )


def _move(call: Call, change: Change, request: DelegationRequest, state: State) -> None:
    change.replace(replace(request, state=state, updated=call.now))


OPERATIONS: Operations = {
    "AcceptDelegationRequest": ChangeOperation(run=accept),
    "AssociateDelegationRequest": ChangeOperation(run=associate),
    "RejectDelegationRequest": ChangeOperation(run=reject),
    "SendDelegationToken": SendingOperation(prepare=send),
    "UpdateDelegationRequest": ChangeOperation(run=update),
}
