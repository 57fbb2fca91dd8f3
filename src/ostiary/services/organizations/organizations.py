"""An organization as a whole: made, shown, and forgotten."""

from typing import Final

from ostiary.identity import organization as org
from ostiary.identity.model import Account
from ostiary.identity.organization import Member, Organization
from ostiary.identity.organization_ids import new_id, new_root_id
from ostiary.identity.root_access import RootAccess
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.services.organizations import shown
from ostiary.services.organizations.errors import conflict
from ostiary.services.organizations.place import (
    find_organization,
    get_member,
    managed_organization,
    own_organization,
)
from ostiary.store.port import Change, Reader

_CONTENTS: Final = (
    org.PolicyTarget,
    org.OrganizationPolicy,
    org.Unit,
    org.AccountCreation,
    org.Handshake,
    org.TrustedService,
    org.Member,
)
"""What goes with an organization."""


def address_of(account: str) -> str:
    """The mail address of an account that was made without one: nobody reads it."""
    return f"root@{account}.invalid"


def create(call: Call, change: Change) -> Result:
    """A new organization, which the caller's account manages."""
    account = call.caller.account
    if find_organization(change, account) is not None:
        raise conflict(
            "AlreadyInOrganizationException",
            "The provided account is already a member of an organization.",
        )
    organization = Organization(
        id=new_id(call.mint, "o"),
        management=account,
        features=call.text("FeatureSet", org.ALL_FEATURES),
        root=new_root_id(call.mint),
        policy_types="",
        created=call.now,
        tags=(),
    )
    owner = change.find(Account, account)
    manager = Member(
        account=account,
        organization=organization.id,
        parent=organization.root,
        name=account if owner is None else owner.name,
        email=address_of(account),
        method="INVITED",
        joined=call.now,
        tags=(),
    )
    change.insert(organization)
    change.insert(manager)
    return {"Organization": shown.organization(organization, manager)}


def describe(call: Call, view: Reader) -> Result:
    """The organization that the caller's account is in."""
    organization = own_organization(call, view)
    manager = get_member(view, organization, organization.management)
    return {"Organization": shown.organization(organization, manager)}


def delete(call: Call, change: Change) -> Result:
    """Forget the organization, when no account is left in it but the one that manages.

    Its units and policies go with it, and the root access to its members.
    """
    organization = managed_organization(call, change)
    if change.count(Member, organization=organization.id) > 1:
        raise conflict(
            "OrganizationNotEmptyException",
            "To delete an organization you must first remove all member accounts "
            "(except the master).",
        )
    for kind in _CONTENTS:
        for entity in change.list_by(kind, organization=organization.id):
            change.delete(entity)
    access = change.find(RootAccess, organization.id)
    if access is not None:
        change.delete(access)
    change.delete(organization)
    return {}


OPERATIONS: Operations = {
    "CreateOrganization": ChangeOperation(run=create),
    "DescribeOrganization": ReadOperation(run=describe),
    "DeleteOrganization": ChangeOperation(run=delete),
}
