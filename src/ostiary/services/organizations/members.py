"""The accounts of an organization: shown, moved, and let go."""

from dataclasses import replace

from ostiary.identity.model import Account
from ostiary.identity.organization import Delegation, Member, Organization
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.services.organizations import features, shown
from ostiary.services.organizations.errors import conflict, not_found, violation
from ostiary.services.organizations.paging import listed
from ostiary.services.organizations.place import (
    get_member,
    get_parent,
    managed_organization,
    own_organization,
    path_to,
    seen_organization,
)
from ostiary.services.organizations.policy_types import detach_all
from ostiary.store.port import Change, Reader


def list_accounts(call: Call, view: Reader) -> Result:
    """All accounts, the management account among them."""
    organization = seen_organization(call, view)
    return listed(
        call,
        "Accounts",
        lambda page: view.list_by(Member, page, organization=organization.id),
        _key,
        shown.accounts_of(view, organization),
    )


def list_for_parent(call: Call, view: Reader) -> Result:
    """The accounts that stand right under a root or unit."""
    organization = seen_organization(call, view)
    parent = call.text("ParentId")
    get_parent(view, organization, parent)
    return listed(
        call,
        "Accounts",
        lambda page: view.list_by(Member, page, parent=parent),
        _key,
        shown.accounts_of(view, organization),
    )


def describe(call: Call, view: Reader) -> Result:
    """One account, and where it stands."""
    organization = seen_organization(call, view)
    member = get_member(view, organization, call.text("AccountId"))
    told = shown.account(view, member, organization)
    told["Paths"] = [path_to(view, organization, member.parent, member.account)]
    return {"Account": told}


def move(call: Call, change: Change) -> Result:
    """Put the account under another root or unit; it is bound there at once."""
    organization = managed_organization(call, change)
    member = get_member(change, organization, call.text("AccountId"))
    source, goal = call.text("SourceParentId"), call.text("DestinationParentId")
    get_parent(change, organization, source, "SourceParentNotFoundException")
    get_parent(change, organization, goal, "DestinationParentNotFoundException")
    if member.parent == goal:
        raise conflict(
            "DuplicateAccountException",
            "The account is already present in the specified destination.",
        )
    if member.parent != source:
        raise not_found("SourceParentNotFoundException")
    change.replace(replace(member, parent=goal))
    return {}


def remove(call: Call, change: Change) -> Result:
    """Let a member go; it stands by itself afterwards."""
    organization = managed_organization(call, change)
    member = get_member(change, organization, call.text("AccountId"))
    return _let_go(change, organization, member)


def leave(call: Call, change: Change) -> Result:
    """Let the caller's own account go."""
    organization = own_organization(call, change)
    member = get_member(change, organization, call.caller.account)
    return _let_go(change, organization, member)


def close(call: Call, change: Change) -> Result:
    """Nobody of a member account is heard any more; what it owns stays, unreachable."""
    organization = managed_organization(call, change)
    member = get_member(change, organization, call.text("AccountId"))
    if member.account == organization.management:
        raise violation(
            "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
            "You cannot close the management account.",
        )
    account = change.find(Account, member.account)
    if account is None or account.closed:
        raise conflict(
            "AccountAlreadyClosedException",
            "You attempted to close an account that is already closed.",
        )
    change.replace(replace(account, closed=call.now))
    return {}


def _let_go(change: Change, organization: Organization, member: Member) -> Result:
    if member.account == organization.management:
        raise conflict(
            "MasterCannotLeaveOrganizationException",
            "You cannot remove the master account from the organization.",
        )
    if change.count(Delegation, account=member.account):
        raise violation(
            "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
            "You must first deregister this account as a delegated administrator.",
        )
    features.ask_no_more(change, member)
    detach_all(change, member.account)
    change.delete(member)
    return {}


def _key(member: Member) -> str:
    return member.account


OPERATIONS: Operations = {
    "ListAccounts": ReadOperation(run=list_accounts),
    "ListAccountsForParent": ReadOperation(run=list_for_parent),
    "DescribeAccount": ReadOperation(run=describe),
    "MoveAccount": ChangeOperation(run=move),
    "RemoveAccountFromOrganization": ChangeOperation(run=remove),
    "CloseAccount": ChangeOperation(run=close),
    "LeaveOrganization": ChangeOperation(run=leave),
}
