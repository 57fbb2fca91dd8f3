"""Requests for temporary access: how they come, and how they are shown.

Only accounts that the operator has named partners may ask. A request says what it
wants as a policy, which never changes afterwards.
"""

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ostiary.identity import ids
from ostiary.identity.delegation import (
    OPEN_FOR,
    DelegationRequest,
    State,
    expires_at,
    state_of,
)
from ostiary.identity.model import ResourcePolicy
from ostiary.policy import (
    AuthorizationRequest,
    Context,
    Kind,
    PolicySet,
    Principal,
    PrincipalKind,
    decide,
)
from ostiary.services.errors import (
    ServiceError,
    access_denied,
    already_exists,
    invalid_input,
    limit_exceeded,
    no_such_entity,
)
from ostiary.services.iam.delegation_cover import covers
from ostiary.services.iam.delegation_template import rendered, restrictions
from ostiary.services.iam.paging import Source, paged
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
    SnapshotOperation,
)
from ostiary.store.applicable import compiled
from ostiary.store.port import Change, Reader
from ostiary.store.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

OPEN_REQUESTS: Final = 1000
"""Requests of one partner that have not expired."""
_KEPT: Final = 4 * OPEN_FOR
"""Seconds after which an expired request is forgotten."""
_SHOWN: Final = (
    "Description",
    "RequestMessage",
    "Permissions",
    "RedirectUrl",
    "OnlySendByOwner",
)
_TOPIC: Final = re.compile(r"arn:aws:sns:[a-z0-9-]+:([0-9]{12}):[A-Za-z0-9_-]{1,256}")
_SERVICE: Final = "iam.amazonaws.com"


def create(call: Call, change: Change) -> Result:
    """A partner asks for access to an account, or to whoever takes the request up."""
    partner = call.caller.account
    if partner not in call.estate.partners:
        raise access_denied(
            f"User: {call.caller.arn} is not authorized to perform: "
            "iam:CreateDelegationRequest"
        )
    channel = call.text("NotificationChannel")
    require_channel(change, channel, partner)
    _make_room(call, change)
    workflow = call.text("RequestorWorkflowId")
    if change.find_by(DelegationRequest, partner=partner, workflow=workflow):
        raise already_exists(
            f"Delegation request with workflow id {workflow} already exists."
        )
    asked = {name: call.params[name] for name in _SHOWN if name in call.params}
    request = DelegationRequest(
        id=ids.request_ids(call.mint, 1)[0],
        partner=partner,
        workflow=workflow,
        created=call.now,
        asked=json.dumps(asked | {"NotificationChannel": channel}),
        policy=rendered(call, change),
        duration=call.number("SessionDuration", 0),
        owner_account=call.text("OwnerAccountId"),
        owner="",
        approver="",
        approver_id="",
        state=State.UNASSIGNED,
        notes="",
        updated=call.now,
        sent=0,
        token="",
    )
    change.insert(request)
    return {"DelegationRequestId": request.id}


def get(call: Call, snapshot: Snapshot) -> Result:
    """One request, as those may see it whom it is for."""
    name = call.text("DelegationRequestId")
    request = _require_visible(call, name, snapshot.issuers.requests.get(name))
    result: Result = {"DelegationRequest": shown(call, request)}
    if call.flag("DelegationPermissionCheck"):
        result["PermissionCheckStatus"] = "COMPLETE"
        result["PermissionCheckResult"] = covers(
            call.caller, request.policy, snapshot, call.now
        )
    return result


def list_requests(call: Call, view: Reader) -> Result:
    """The requests that principals of the account have taken up."""
    equal = {"owner_account": call.caller.account}
    if "OwnerId" in call.params:
        equal["owner"] = call.text("OwnerId")
    source = Source(
        fetch=lambda page: view.list_by(
            DelegationRequest, replace(page, filled="owner"), **equal
        ),
        cursor=lambda one: one.id,
    )
    page, rest = paged(call, "ListDelegationRequests", source)
    # The model spells this one member otherwise than all lists of IAM.
    truncated = rest.pop("IsTruncated")
    return {
        "DelegationRequests": [shown(call, one) for one in page],
        "isTruncated": truncated,
        **rest,
    }


def summarize(call: Call, view: Reader) -> Result:
    """No summary: nothing here writes one, and the state says so."""
    name = call.text("EntityArn").rpartition("/")[2]
    get_visible(call, view, name)
    return {"SummaryState": "NOT_SUPPORTED", "Locale": call.text("Locale", "en")}


def get_visible(call: Call, view: Reader, name: str = "") -> DelegationRequest:
    """The request that the call names, if it is for the caller; else NoSuchEntity.

    One that nobody has taken up and that names no account is for everybody.
    """
    name = name or call.text("DelegationRequestId")
    return _require_visible(call, name, view.find(DelegationRequest, name))


def _require_visible(
    call: Call, name: str, found: DelegationRequest | None
) -> DelegationRequest:
    if found is None or found.owner_account not in {"", call.caller.account}:
        raise no_such(name)
    return found


def no_such(name: str) -> ServiceError:
    """NoSuchEntity, also for a request that is another account's."""
    return no_such_entity(f"Delegation request with id {name} cannot be found.")


def require_channel(view: Reader, channel: str, partner: str) -> None:
    """Nothing, when IAM may publish to the partner's topic; raises InvalidInput."""
    found = _TOPIC.fullmatch(channel)
    if found is None or found[1] != partner:
        raise invalid_input(f"NotificationChannel {channel} is not a topic of yours.")
    policy = view.find(ResourcePolicy, channel)
    request = AuthorizationRequest(
        principal=Principal(kind=PrincipalKind.SERVICE, account="", arn=_SERVICE),
        action="sns:Publish",
        resource=channel,
        resource_account=partner,
        context=Context(
            {
                "aws:PrincipalServiceName": _SERVICE,
                "aws:PrincipalIsAWSService": "true",
                "aws:SourceAccount": partner,
            }
        ),
    )
    text = None if policy is None else compiled(policy.text, Kind.RESOURCE)
    if not decide(request, PolicySet(resource=text)).is_allowed:
        raise invalid_input(
            f"The policy of NotificationChannel {channel} does not allow {_SERVICE} "
            "to publish."
        )


def shown(call: Call, request: DelegationRequest) -> Result:
    """The request as answers show it; what it does not have is absent."""
    asked: Mapping[str, object] = json.loads(request.asked)
    state = state_of(request, call.now)
    told: Result = {
        "DelegationRequestId": request.id,
        "OwnerAccountId": request.owner_account,
        "OwnerId": request.owner,
        "ApproverId": request.approver,
        "State": str(state),
        "RequestorId": request.partner,
        "RequestorName": call.estate.partners.get(request.partner, ""),
        "PermissionPolicy": request.policy,
        "RolePermissionRestrictionArns": restrictions(request.policy),
        "CreateDate": request.created,
        "UpdatedTime": request.updated,
        "ExpirationTime": expires_at(request),
        "SessionDuration": request.duration,
        **{name: asked[name] for name in _SHOWN if name in asked},
    }
    rejected = request.state == State.REJECTED
    told["RejectionReason" if rejected else "Notes"] = request.notes
    return {name: value for name, value in told.items() if value not in ("", [])}


def _make_room(call: Call, change: Change) -> None:
    """Forgets the partner's requests that expired long ago; raises LimitExceeded."""
    held = change.list_by(DelegationRequest, partner=call.caller.account)
    for one in held:
        if call.now > expires_at(one) + _KEPT:
            change.delete(one)
    present = sum(state_of(one, call.now) is not State.EXPIRED for one in held)
    if present >= OPEN_REQUESTS:
        raise limit_exceeded(
            f"Cannot exceed quota for DelegationRequestsPerAccount: {OPEN_REQUESTS}"
        )


OPERATIONS: Operations = {
    "CreateDelegationRequest": ChangeOperation(run=create),
    "GetDelegationRequest": SnapshotOperation(run=get, issues=False),
    "GetHumanReadableSummary": ReadOperation(run=summarize),
    "ListDelegationRequests": ReadOperation(run=list_requests),
}
