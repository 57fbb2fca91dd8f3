"""Handshakes: an account is asked something, and accepts or declines.

Most are invitations: how an account that was there before comes into an organization.
"""

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
from ostiary.services.organizations import features
from ostiary.services.organizations.errors import conflict, invalid, not_found
from ostiary.services.organizations.handshake_states import (
    ACCEPTED,
    CANCELED,
    DECLINED,
    INVITE,
    OPEN,
    handshake_shown,
    moved,
    not_open,
    state_of,
)
from ostiary.services.organizations.organizations import address_of
from ostiary.services.organizations.paging import listed
from ostiary.services.organizations.place import (
    find_organization,
    is_closed,
    managed_organization,
    seen_organization,
)
from ostiary.services.organizations.policy_types import attach_full_access
from ostiary.services.organizations.tags import read_tags
from ostiary.store.port import Change, Reader

LASTS: Final = 15 * 86_400
"""Seconds for which an invitation stands open."""


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
    if is_closed(change, account):
        raise _cannot("TARGET_ACCOUNT_VALIDATION_FAILURE", "The account is closed.")
    if features.find_pending(call, change, organization) is not None:
        raise _cannot(
            "INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES",
            "You can't invite accounts while all features are being enabled.",
        )
    pending = change.list_by(
        Handshake, account=account, organization=organization.id, action=INVITE
    )
    if any(state_of(one, call.now) == OPEN for one in pending):
        raise conflict(
            "DuplicateHandshakeException",
            "A handshake with the same action and target already exists.",
        )
    handshake = Handshake(
        id=new_id(call.mint, "h"),
        organization=organization.id,
        account=account,
        action=INVITE,
        parent="",
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
    """The caller's account does what it is asked."""
    handshake = _own(call, change)
    accepted = moved(call, change, handshake, ACCEPTED)
    if handshake.action == INVITE and change.find(Member, handshake.account):
        raise _already_in()
    match handshake.action:
        case features.APPROVE:
            features.approved(change, accepted)
        case features.ENABLE:
            features.enabled(change, accepted)
        case _:
            _join(call, change, accepted)
    return _told(call, change, accepted)


def _join(call: Call, change: Change, handshake: Handshake) -> None:
    """The account becomes a member, bound like all of them."""
    organization = change.find(Organization, handshake.organization)
    owner = change.find(Account, handshake.account)
    assert organization is not None  # noqa: S101 - its handshakes go with it
    member = Member(
        account=handshake.account,
        organization=organization.id,
        parent=organization.root,
        name=handshake.account if owner is None else owner.name,
        email=address_of(handshake.account),
        method="INVITED",
        joined=call.now,
        tags=handshake.tags,
    )
    change.insert(member)
    attach_full_access(change, organization, handshake.account)


def decline(call: Call, change: Change) -> Result:
    """The caller's account does not join."""
    handshake = _own(call, change)
    if handshake.action == features.ENABLE:
        raise not_open()
    return _told(call, change, moved(call, change, handshake, DECLINED))


def cancel(call: Call, change: Change) -> Result:
    """The organization takes back what it has asked."""
    handshake = change.find(Handshake, call.text("HandshakeId"))
    organization = find_organization(change, call.caller.account)
    if (
        handshake is None
        or organization is None
        or handshake.organization != organization.id
        or organization.management != call.caller.account
    ):
        raise not_found("HandshakeNotFoundException")
    if handshake.parent:
        raise not_open()
    canceled = moved(call, change, handshake, CANCELED)
    for one in change.list_by(Handshake, parent=handshake.id):
        if one.state == OPEN:
            change.replace(replace(one, state=CANCELED))
    return _told(call, change, canceled)


def describe(call: Call, view: Reader) -> Result:
    """A handshake, for either side of it."""
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
    """The handshakes of the caller's account."""
    return _listed(call, view, account=call.caller.account)


def list_for_organization(call: Call, view: Reader) -> Result:
    """The handshakes of the caller's organization."""
    organization = seen_organization(call, view)
    return _listed(call, view, organization=organization.id)


def _own(call: Call, change: Change) -> Handshake:
    """What the caller's account is asked; raises HandshakeNotFoundException."""
    found = change.find(Handshake, call.text("HandshakeId"))
    if found is None or found.account != call.caller.account:
        raise not_found("HandshakeNotFoundException")
    return found


def _listed(call: Call, view: Reader, **whose: str) -> Result:
    told = cast("dict[str, str]", call.params.get("Filter") or {})
    if "ActionType" in told:
        whose["action"] = told["ActionType"]
    if "ParentHandshakeId" in told:
        whose["parent"] = told["ParentHandshakeId"]
    return listed(
        call,
        "Handshakes",
        lambda page: view.list_by(Handshake, page, **whose),
        lambda one: one.id,
        lambda one: handshake_shown(view, one, call.now),
    )


def _told(call: Call, view: Reader, handshake: Handshake) -> Result:
    return {"Handshake": handshake_shown(view, handshake, call.now)}


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
