"""Invitations: how an account that was there before comes into an organization."""

from dataclasses import replace
from typing import Final, cast

from ostiary.identity.model import Account
from ostiary.identity.organization import Handshake, Member, Organization
from ostiary.identity.organization_ids import new_id
from ostiary.services.errors import ServiceError
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.services.organizations.errors import conflict, invalid, not_found
from ostiary.services.organizations.organizations import address_of
from ostiary.services.organizations.paging import in_memory, listed
from ostiary.services.organizations.place import (
    find_organization,
    get_member,
    managed_organization,
    seen_organization,
)
from ostiary.services.organizations.policy_types import attach_full_access
from ostiary.services.organizations.tags import read_tags
from ostiary.store.port import Change, Reader

LASTS: Final = 15 * 86_400
"""Seconds for which an invitation stands open."""
OPEN, ACCEPTED, DECLINED, CANCELED, EXPIRED = (
    "OPEN",
    "ACCEPTED",
    "DECLINED",
    "CANCELED",
    "EXPIRED",
)


def invite(call: Call, change: Change) -> Result:
    """An invitation to an account, named by its id."""
    organization = managed_organization(call, change)
    target = cast("dict[str, str]", call.params["Target"])
    if target["Type"] != "ACCOUNT":
        raise invalid(
            "INVALID_PARTY_TYPE_TARGET",
            "You specified the wrong type of entity as a party: an account is named "
            "by its id.",
        )
    account, tags = target["Id"], read_tags(call)
    if change.find(Account, account) is None:
        raise _cannot("TARGET_ACCOUNT_VALIDATION_FAILURE", "The account is not there.")
    if change.find(Member, account) is not None:
        raise _already_in()
    pending = change.list_by(Handshake, account=account, organization=organization.id)
    if any(state_of(one, call.now) == OPEN for one in pending):
        raise conflict(
            "DuplicateHandshakeException",
            "A handshake with the same action and target already exists.",
        )
    handshake = Handshake(
        id=new_id(call.mint, "h"),
        organization=organization.id,
        account=account,
        target=account,
        state=OPEN,
        notes=call.text("Notes"),
        created=call.now,
        expires=call.now + LASTS,
        tags=tags,
    )
    change.insert(handshake)
    return _told(call, change, handshake)


def accept(call: Call, change: Change) -> Result:
    """The caller's account becomes a member, bound like all of them."""
    handshake = _own(call, change)
    account = handshake.account
    if change.find(Member, account) is not None:
        raise _already_in()
    accepted = _moved(call, change, handshake, ACCEPTED)
    organization = change.find(Organization, handshake.organization)
    owner = change.find(Account, account)
    assert organization is not None  # noqa: S101 - its handshakes go with it
    member = Member(
        account=account,
        organization=organization.id,
        parent=organization.root,
        name=account if owner is None else owner.name,
        email=address_of(account),
        method="INVITED",
        joined=call.now,
        tags=handshake.tags,
    )
    change.insert(member)
    attach_full_access(change, organization, account)
    return _told(call, change, accepted)


def decline(call: Call, change: Change) -> Result:
    """The caller's account does not join."""
    handshake = _own(call, change)
    return _told(call, change, _moved(call, change, handshake, DECLINED))


def cancel(call: Call, change: Change) -> Result:
    """The organization takes its invitation back."""
    handshake = change.find(Handshake, call.text("HandshakeId"))
    organization = find_organization(change, call.caller.account)
    if (
        handshake is None
        or organization is None
        or handshake.organization != organization.id
        or organization.management != call.caller.account
    ):
        raise not_found("HandshakeNotFoundException")
    return _told(call, change, _moved(call, change, handshake, CANCELED))


def describe(call: Call, view: Reader) -> Result:
    """An invitation, for either side of it."""
    handshake = view.find(Handshake, call.text("HandshakeId"))
    if handshake is not None:
        if handshake.account == call.caller.account:
            return _told(call, view, handshake)
        organization = find_organization(view, call.caller.account)
        if organization is not None and organization.id == handshake.organization:
            seen_organization(call, view)
            return _told(call, view, handshake)
    raise not_found("HandshakeNotFoundException")


def list_for_account(call: Call, view: Reader) -> Result:
    """The invitations to the caller's account."""
    return _listed(call, view, view.list_by(Handshake, account=call.caller.account))


def list_for_organization(call: Call, view: Reader) -> Result:
    """The invitations by the caller's organization."""
    organization = seen_organization(call, view)
    return _listed(call, view, view.list_by(Handshake, organization=organization.id))


def state_of(handshake: Handshake, now: int) -> str:
    """The state as it is now: nobody has to note that time has run out."""
    is_late = handshake.state == OPEN and handshake.expires <= now
    return EXPIRED if is_late else handshake.state


def _own(call: Call, change: Change) -> Handshake:
    """The invitation to the caller's account; raises HandshakeNotFoundException."""
    found = change.find(Handshake, call.text("HandshakeId"))
    if found is None or found.account != call.caller.account:
        raise not_found("HandshakeNotFoundException")
    return found


def _moved(call: Call, change: Change, handshake: Handshake, state: str) -> Handshake:
    """The invitation in its last state; raises for one that is not open."""
    now_in = state_of(handshake, call.now)
    if now_in == state:
        raise conflict(
            "HandshakeAlreadyInStateException",
            "The specified handshake is already in the requested state.",
        )
    if now_in != OPEN:
        raise conflict(
            "InvalidHandshakeTransitionException",
            "You can't perform the operation on the handshake in its current state.",
        )
    moved = replace(handshake, state=state)
    change.replace(moved)
    return moved


def _listed(call: Call, view: Reader, found: list[Handshake]) -> Result:
    told = cast("dict[str, str]", call.params.get("Filter") or {})
    if told.get("ActionType", "INVITE") != "INVITE" or "ParentHandshakeId" in told:
        found = []
    fetch = in_memory(found, _key)
    return listed(call, "Handshakes", fetch, _key, lambda one: _shown(call, view, one))


def _key(handshake: Handshake) -> str:
    return handshake.id


def _told(call: Call, view: Reader, handshake: Handshake) -> Result:
    return {"Handshake": _shown(call, view, handshake)}


def _shown(call: Call, view: Reader, handshake: Handshake) -> Result:
    organization = view.find(Organization, handshake.organization)
    assert organization is not None  # noqa: S101 - its handshakes go with it
    manager = get_member(view, organization, organization.management)
    inviting = {
        "Type": "ORGANIZATION",
        "Value": organization.id,
        "Resources": [
            {"Type": "MASTER_EMAIL", "Value": manager.email},
            {"Type": "MASTER_NAME", "Value": manager.name},
            {"Type": "ORGANIZATION_FEATURE_SET", "Value": organization.features},
        ],
    }
    resources = [inviting, {"Type": "ACCOUNT", "Value": handshake.account}]
    if handshake.notes:
        resources.append({"Type": "NOTES", "Value": handshake.notes})
    return {
        "Id": handshake.id,
        "Arn": organization.arn_of("handshake", f"invite/{handshake.id}"),
        "Parties": [
            {"Id": organization.id.removeprefix("o-"), "Type": "ORGANIZATION"},
            {"Id": handshake.account, "Type": "ACCOUNT"},
        ],
        "State": state_of(handshake, call.now),
        "RequestedTimestamp": handshake.created,
        "ExpirationTimestamp": handshake.expires,
        "Action": "INVITE",
        "Resources": resources,
    }


def _cannot(reason: str, message: str) -> ServiceError:
    return ServiceError("HandshakeConstraintViolationException", message, 400, reason)


def _already_in() -> ServiceError:
    return _cannot(
        "ALREADY_IN_AN_ORGANIZATION",
        "The account is already a member of an organization.",
    )


OPERATIONS: Operations = {
    "InviteAccountToOrganization": ChangeOperation(run=invite),
    "AcceptHandshake": ChangeOperation(run=accept),
    "DeclineHandshake": ChangeOperation(run=decline),
    "CancelHandshake": ChangeOperation(run=cancel),
    "DescribeHandshake": ReadOperation(run=describe),
    "ListHandshakesForAccount": ReadOperation(run=list_for_account),
    "ListHandshakesForOrganization": ReadOperation(run=list_for_organization),
}
