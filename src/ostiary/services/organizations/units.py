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
    get_parent,
    get_unit,
    managed_organization,
    seen_organization,
)
from ostiary.services.organizations.policy_types import attach_full_access, detach_all
from ostiary.services.organizations.tags import read_tags
from ostiary.store.chart import chart_of
from ostiary.store.port import Change, Reader

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
    chart = chart_of(view, organization.management)
    return listed(
        call,
        "OrganizationalUnits",
        in_memory(view.list_by(Unit, parent=parent), _unit_id),
        _unit_id,
        lambda unit: shown.unit(unit, organization, chart),
    )


def list_children(call: Call, view: Reader) -> Result:
    """The ids of the accounts, or of the units, right under a root or unit."""
    organization = seen_organization(call, view)
    parent, kind = call.text("ParentId"), call.text("ChildType")
    get_parent(view, organization, parent)
    found = (
        [one.account for one in view.list_by(Member, parent=parent)]
        if kind == "ACCOUNT"
        else [one.id for one in view.list_by(Unit, parent=parent)]
    )
    return listed(
        call,
        "Children",
        in_memory(found, str),
        str,
        lambda child: {"Id": child, "Type": kind},
    )


def list_parents(call: Call, view: Reader) -> Result:
    """The one root or unit that an account or unit stands right under."""
    organization = seen_organization(call, view)
    child = call.text("ChildId")
    found = view.find(Member, child) or view.find(Unit, child)
    if found is None or found.organization != organization.id:
        raise not_found("ChildNotFoundException")
    parent = found.parent
    kind = "ROOT" if parent == organization.root else "ORGANIZATIONAL_UNIT"
    return {"Parents": [{"Id": parent, "Type": kind}]}


def _require_room(change: Change, organization: Organization, parent: str) -> None:
    if change.count(Unit, organization=organization.id) >= MOST:
        raise violation(
            "OU_NUMBER_LIMIT_EXCEEDED",
            "You have exceeded the number of organizational units allowed.",
        )
    # The chain begins with the root, and the new unit goes below its last.
    if len(chart_of(change, organization.management).chain_to(parent)) > DEEPEST:
        raise violation(
            "OU_DEPTH_LIMIT_EXCEEDED",
            "You have exceeded the number of levels of organizational units allowed.",
        )


def _told(view: Reader, organization: Organization, unit: Unit) -> Result:
    chart = chart_of(view, organization.management)
    return {"OrganizationalUnit": shown.unit(unit, organization, chart)}


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
