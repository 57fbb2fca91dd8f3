"""From billing alone to all features: every account that was invited must agree.

Policies can bind it afterwards, and it has only agreed to share a bill. A closed one
cannot answer, so it has to be removed first: it may be opened again. Accounts that the
organization made are not asked, as on AWS.
"""

from dataclasses import replace
from typing import Final

from ostiary.identity.organization import (
    ALL_FEATURES,
    Handshake,
    Member,
    Organization,
)
from ostiary.identity.organization_ids import new_id
from ostiary.services.errors import ServiceError
from ostiary.services.operation import Call, ChangeOperation, Operations, Result
from ostiary.services.organizations.handshake_states import (
    ACCEPTED,
    CANCELED,
    INVITE,
    OPEN,
    PENDING,
    REQUESTED,
    handshake_shown,
    state_of,
)
from ostiary.services.organizations.place import managed_organization
from ostiary.store.port import Change, Reader

LASTS: Final = 90 * 86_400
"""Seconds in which all must agree."""
ENABLE: Final = "ENABLE_ALL_FEATURES"
APPROVE: Final = "APPROVE_ALL_FEATURES"


def enable(call: Call, change: Change) -> Result:
    """A question to each invited account, and one to the manager when all agreed."""
    organization = managed_organization(call, change)
    if organization.features == ALL_FEATURES:
        raise _cannot(
            "ORGANIZATION_ALREADY_HAS_ALL_FEATURES",
            "The organization already has all features enabled.",
        )
    if find_pending(call, change, organization) is not None:
        raise _cannot(
            "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION",
            "All features are being enabled already.",
        )
    _withdraw_invitations(change, organization)
    asked = [
        one.account
        for one in change.list_by(Member, organization=organization.id)
        if one.method == "INVITED" and one.account != organization.management
    ]
    manager = organization.management
    whole = _asked(call, organization, manager, ENABLE, "")
    whole = replace(whole, state=REQUESTED if asked else OPEN)
    change.insert(whole)
    for account in asked:
        change.insert(_asked(call, organization, account, APPROVE, whole.id))
    return {"Handshake": handshake_shown(change, whole, call.now)}


def find_pending(
    call: Call, view: Reader, organization: Organization
) -> Handshake | None:
    """The question that is not answered yet, if there is one."""
    for one in view.list_by(Handshake, organization=organization.id, action=ENABLE):
        if state_of(one, call.now) in PENDING:
            return one
    return None


def approved(change: Change, handshake: Handshake) -> None:
    """A member agreed; the manager finishes it when nobody is left to agree."""
    whole = change.find(Handshake, handshake.parent)
    parts = change.list_by(Handshake, parent=handshake.parent)
    agreed = all(one.state in {ACCEPTED, CANCELED} for one in parts)
    if whole is not None and whole.state == REQUESTED and agreed:
        change.replace(replace(whole, state=OPEN))


def enabled(change: Change, handshake: Handshake) -> None:
    """The manager finished it: the organization has all features."""
    organization = change.find(Organization, handshake.organization)
    assert organization is not None  # noqa: S101 - its handshakes go with it
    change.replace(replace(organization, features=ALL_FEATURES))


def ask_no_more(change: Change, member: Member) -> None:
    """Who is no member any more need not agree."""
    for one in change.list_by(Handshake, account=member.account, action=APPROVE):
        if one.organization == member.organization and one.state != ACCEPTED:
            gone = replace(one, state=CANCELED)
            change.replace(gone)
            approved(change, gone)


def _withdraw_invitations(change: Change, organization: Organization) -> None:
    """Who is invited was told that bills are shared, and nothing else."""
    open_ones = change.list_by(
        Handshake, organization=organization.id, action=INVITE, state=OPEN
    )
    for one in open_ones:
        change.replace(replace(one, state=CANCELED))


def _asked(
    call: Call, organization: Organization, account: str, action: str, parent: str
) -> Handshake:
    return Handshake(
        id=new_id(call.mint, "h"),
        organization=organization.id,
        account=account,
        action=action,
        parent=parent,
        target=account,
        state=OPEN,
        notes="",
        created=call.now,
        expires=call.now + LASTS,
        tags=(),
    )


def _cannot(reason: str, message: str) -> ServiceError:
    return ServiceError("HandshakeConstraintViolationException", message, 400, reason)


OPERATIONS: Operations = {"EnableAllFeatures": ChangeOperation(run=enable)}
