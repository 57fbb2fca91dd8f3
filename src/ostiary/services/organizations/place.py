"""Who is calling: the account's place in its organization, and what it may ask there.

Only the management account changes an organization; an account that administers some
service for it may look at it, too.
"""

from ostiary.identity.model import Account
from ostiary.identity.organization import (
    ALL_FEATURES,
    MANAGED,
    Delegation,
    Member,
    Organization,
    OrganizationPolicy,
    Unit,
)
from ostiary.services.operation import Call
from ostiary.services.organizations.errors import (
    access_denied,
    invalid,
    not_found,
    not_in_use,
    violation,
)
from ostiary.store.port import Page, Reader

Target = Organization | Unit | Member
"""What a policy hangs on; the organization stands for its root."""


def find_organization(view: Reader, account: str) -> Organization | None:
    """The organization that the account manages or is a member of."""
    member = view.find(Member, account)
    return None if member is None else view.find(Organization, member.organization)


def own_organization(call: Call, view: Reader) -> Organization:
    """The caller's organization; raises AWSOrganizationsNotInUseException."""
    organization = find_organization(view, call.caller.account)
    if organization is None:
        raise not_in_use()
    return organization


def managed_organization(call: Call, view: Reader) -> Organization:
    """The organization that the caller manages; raises AccessDeniedException."""
    organization = own_organization(call, view)
    if organization.management != call.caller.account:
        raise access_denied()
    return organization


def full_organization(call: Call, view: Reader) -> Organization:
    """The same, with all features; raises ConstraintViolationException."""
    organization = managed_organization(call, view)
    if organization.features != ALL_FEATURES:
        raise violation(
            "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE",
            "The organization does not have all features enabled.",
        )
    return organization


def seen_organization(call: Call, view: Reader) -> Organization:
    """The organization that the caller may look at; raises AccessDeniedException."""
    organization = own_organization(call, view)
    account = call.caller.account
    if organization.management == account:
        return organization
    if not view.list_by(Delegation, Page(limit=1), account=account):
        raise access_denied()
    return organization


def get_member(view: Reader, organization: Organization, account: str) -> Member:
    """The member; raises AccountNotFoundException."""
    member = view.find(Member, account)
    if member is None or member.organization != organization.id:
        raise not_found("AccountNotFoundException")
    return member


def is_closed(view: Reader, account: str) -> bool:
    """Whether nobody of the account is heard any more."""
    found = view.find(Account, account)
    return found is not None and found.closed > 0


def find_parent(
    view: Reader, organization: Organization, parent: str
) -> Organization | Unit | None:
    """The root or unit of this id, if it is in the organization."""
    if parent == organization.root:
        return organization
    unit = view.find(Unit, parent)
    return unit if unit and unit.organization == organization.id else None


def get_parent(
    view: Reader,
    organization: Organization,
    parent: str,
    code: str = "ParentNotFoundException",
) -> Organization | Unit:
    """The root or unit; raises what `code` says."""
    found = find_parent(view, organization, parent)
    if found is None:
        raise not_found(code)
    return found


def get_unit(view: Reader, organization: Organization, unit_id: str) -> Unit:
    """The unit; raises OrganizationalUnitNotFoundException."""
    found = find_parent(view, organization, unit_id)
    if not isinstance(found, Unit):
        raise not_found("OrganizationalUnitNotFoundException")
    return found


def get_target(view: Reader, organization: Organization, target: str) -> Target:
    """The root, unit or account; raises TargetNotFoundException."""
    found: Target | None = find_parent(view, organization, target)
    if found is None:
        found = view.find(Member, target)
        if found is None or found.organization != organization.id:
            raise not_found("TargetNotFoundException")
    return found


def get_policy(
    view: Reader, organization: Organization, policy_id: str
) -> OrganizationPolicy:
    """The policy, AWS's own too; raises PolicyNotFoundException."""
    found = MANAGED.get(policy_id) or view.find(OrganizationPolicy, policy_id)
    ours = found is not None and found.organization == organization.id
    if found is None or not (ours or found.is_managed):
        raise not_found("PolicyNotFoundException")
    return found


def get_own_policy(
    view: Reader, organization: Organization, policy_id: str
) -> OrganizationPolicy:
    """The policy, of the organization's own; raises InvalidInputException for AWS's."""
    found = get_policy(view, organization, policy_id)
    if found.is_managed:
        raise invalid(
            "IMMUTABLE_POLICY",
            "You specified a policy that is managed by AWS and can't be modified.",
        )
    return found


def chain_to(view: Reader, parent: str) -> list[str]:
    """The ids from the root down to a root or unit, itself the last."""
    chain = [parent]
    while (unit := view.find(Unit, chain[-1])) is not None:
        chain.append(unit.parent)
    return chain[::-1]


def path_to(view: Reader, organization: Organization, *below: str) -> str:
    """Where something stands, `o-…/r-…/ou-…/`: its parent, and the ids below that."""
    parent, *rest = below
    return "/".join((organization.id, *chain_to(view, parent), *rest, ""))


def id_of(target: Target) -> str:
    """The id that the target is named by: of an organization, its root's."""
    match target:
        case Organization():
            return target.root
        case Unit():
            return target.id
        case Member():
            return target.account
