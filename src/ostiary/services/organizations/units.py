"""The tree: its root, its units, and who stands under whom."""

from dataclasses import replace
from typing import Final

from ostiary.identity.organization import Member, Organization, Unit
from ostiary.identity.organization_ids import new_unit_id
from ostiary.services.errors import ServiceError
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.services.organizations import shown
from ostiary.services.organizations.errors import conflict, not_found, violation
from ostiary.services.organizations.paging import in_memory, listed
from ostiary.services.organizations.place import (
    chain_to,
    get_parent,
    get_unit,
    managed_organization,
    path_to,
    seen_organization,
)
from ostiary.services.organizations.policy_types import attach_full_access, detach_all
from ostiary.services.organizations.tags import read_tags
from ostiary.store.port import Change, Page, Reader

DEEPEST: Final = 5
"""Units above one another, under the root."""
MOST: Final = 2000
"""Units in one organization."""


def list_roots(call: Call, view: Reader) -> Result:
    """The one root."""
    organization = seen_organization(call, view)
    fetch = in_memory([organization], _root_id)
    return listed(call, "Roots", fetch, _root_id, shown.root)


def create(call: Call, change: Change) -> Result:
    """A new unit under a root or unit."""
    organization = managed_organization(call, change)
    parent, name = call.text("ParentId"), call.text("Name")
    get_parent(change, organization, parent)
    _require_room(change, organization, parent)
    if change.find_by(Unit, parent=parent, name=name) is not None:
        raise _name_taken()
    unit = Unit(
        id=new_unit_id(call.mint, organization.root),
        organization=organization.id,
        parent=parent,
        name=name,
        created=call.now,
        tags=read_tags(call),
    )
    change.insert(unit)
    attach_full_access(change, organization, unit.id)
    return _told(change, organization, unit)


def update(call: Call, change: Change) -> Result:
    """Give a unit another name."""
    organization = managed_organization(call, change)
    unit = get_unit(change, organization, call.text("OrganizationalUnitId"))
    name = call.text("Name", unit.name)
    if name != unit.name:
        if change.find_by(Unit, parent=unit.parent, name=name) is not None:
            raise _name_taken()
        unit = replace(unit, name=name)
        change.replace(unit)
    return _told(change, organization, unit)


def delete(call: Call, change: Change) -> Result:
    """Forget a unit under which nothing stands."""
    organization = managed_organization(call, change)
    unit = get_unit(change, organization, call.text("OrganizationalUnitId"))
    if change.count(Unit, parent=unit.id) or change.count(Member, parent=unit.id):
        raise conflict(
            "OrganizationalUnitNotEmptyException",
            "The organizational unit that you specified is not empty.",
        )
    detach_all(change, unit.id)
    change.delete(unit)
    return {}


def describe(call: Call, view: Reader) -> Result:
    """One unit."""
    organization = seen_organization(call, view)
    unit = get_unit(view, organization, call.text("OrganizationalUnitId"))
    return _told(view, organization, unit)


def list_for_parent(call: Call, view: Reader) -> Result:
    """The units right under a root or unit."""
    organization = seen_organization(call, view)
    parent = call.text("ParentId")
    get_parent(view, organization, parent)
    above = path_to(view, organization, parent)
    return listed(
        call,
        "OrganizationalUnits",
        lambda page: view.list_by(Unit, page, parent=parent),
        _unit_id,
        lambda unit: shown.unit(unit, organization, f"{above}{unit.id}/"),
    )


def list_children(call: Call, view: Reader) -> Result:
    """The ids of the accounts, or of the units, right under a root or unit."""
    organization = seen_organization(call, view)
    parent, kind = call.text("ParentId"), call.text("ChildType")
    get_parent(view, organization, parent)

    def fetch(page: Page) -> list[str]:
        if kind == "ACCOUNT":
            return [one.account for one in view.list_by(Member, page, parent=parent)]
        return [one.id for one in view.list_by(Unit, page, parent=parent)]

    return listed(
        call, "Children", fetch, str, lambda child: {"Id": child, "Type": kind}
    )


def list_parents(call: Call, view: Reader) -> Result:
    """The one root or unit that an account or unit stands right under."""
    organization = seen_organization(call, view)
    child = call.text("ChildId")
    found = view.find(Member, child) or view.find(Unit, child)
    if found is None or found.organization != organization.id:
        raise not_found("ChildNotFoundException")
    kind = "ROOT" if found.parent == organization.root else "ORGANIZATIONAL_UNIT"
    return listed(
        call,
        "Parents",
        in_memory([found.parent], str),
        str,
        lambda parent: {"Id": parent, "Type": kind},
    )


def _require_room(change: Change, organization: Organization, parent: str) -> None:
    if change.count(Unit, organization=organization.id) >= MOST:
        raise violation(
            "OU_NUMBER_LIMIT_EXCEEDED",
            "You have exceeded the number of organizational units allowed.",
        )
    # The chain begins with the root, and the new unit goes below its last.
    if len(chain_to(change, parent)) > DEEPEST:
        raise violation(
            "OU_DEPTH_LIMIT_EXCEEDED",
            "You have exceeded the number of levels of organizational units allowed.",
        )


def _told(view: Reader, organization: Organization, unit: Unit) -> Result:
    path = path_to(view, organization, unit.id)
    return {"OrganizationalUnit": shown.unit(unit, organization, path)}


def _name_taken() -> ServiceError:
    return conflict(
        "DuplicateOrganizationalUnitException",
        "An OU with the same name already exists.",
    )


def _unit_id(unit: Unit) -> str:
    return unit.id


def _root_id(organization: Organization) -> str:
    return organization.root


OPERATIONS: Operations = {
    "ListRoots": ReadOperation(run=list_roots),
    "CreateOrganizationalUnit": ChangeOperation(run=create),
    "UpdateOrganizationalUnit": ChangeOperation(run=update),
    "DeleteOrganizationalUnit": ChangeOperation(run=delete),
    "DescribeOrganizationalUnit": ReadOperation(run=describe),
    "ListOrganizationalUnitsForParent": ReadOperation(run=list_for_parent),
    "ListChildren": ReadOperation(run=list_children),
    "ListParents": ReadOperation(run=list_parents),
}
