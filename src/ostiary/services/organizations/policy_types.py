"""Types of policies: switched on and off in the root, for the whole tree.

While a type is on, everything in the tree has at least one policy of it; what is new
has AWS's own, which allows all.
"""

from collections.abc import Iterator
from dataclasses import replace

from ostiary.identity.organization import (
    ALL_FEATURES,
    FULL_ACCESS,
    MANAGED,
    POLICY_TYPES,
    Member,
    Organization,
    OrganizationPolicy,
    PolicyTarget,
    Unit,
)
from ostiary.services.operation import Call, ChangeOperation, Operations, Result
from ostiary.services.organizations import shown
from ostiary.services.organizations.errors import conflict, invalid, not_found
from ostiary.services.organizations.place import managed_organization
from ostiary.store.port import Change, Reader


def require_type(organization: Organization, policy_type: str) -> None:
    """Nothing, when such policies can be here.

    Raises:
        ServiceError: InvalidInputException for a type that Ostiary does not have,
            PolicyTypeNotAvailableForOrganizationException.
    """
    if policy_type not in POLICY_TYPES:
        raise invalid(
            "INVALID_ENUM_POLICY_TYPE", "You specified an invalid policy type string."
        )
    if organization.features != ALL_FEATURES:
        raise conflict(
            "PolicyTypeNotAvailableForOrganizationException",
            "This operation can be performed only for organizations that have all "
            "features enabled.",
        )


def require_enabled(organization: Organization, policy_type: str) -> None:
    """Nothing, when the type is enabled; raises PolicyTypeNotEnabledException."""
    if not organization.has_type(policy_type):
        raise conflict(
            "PolicyTypeNotEnabledException",
            "This operation can be performed only for enabled policy types.",
        )


def attach_full_access(change: Change, organization: Organization, target: str) -> None:
    """Give a new target AWS's own policy of each type that is enabled."""
    for policy_type in POLICY_TYPES:
        if organization.has_type(policy_type):
            _attach(change, organization, policy_type, target)


def detach_all(change: Change, target: str) -> None:
    """Take all policies from a target that goes."""
    for one in change.list_by(PolicyTarget, target=target):
        change.delete(one)


def enable(call: Call, change: Change) -> Result:
    """Policies of the type bind from now on; each target has AWS's own at first."""
    organization, policy_type = _asked(call, change)
    require_type(organization, policy_type)
    if organization.has_type(policy_type):
        raise conflict(
            "PolicyTypeAlreadyEnabledException",
            "The specified policy type is already enabled.",
        )
    for target in _targets(change, organization):
        _attach(change, organization, policy_type, target)
    enabled = f"{organization.policy_types} {policy_type}".strip()
    return _switched(change, organization, enabled)


def disable(call: Call, change: Change) -> Result:
    """Policies of the type bind no more, and hang on nothing."""
    organization, policy_type = _asked(call, change)
    require_enabled(organization, policy_type)
    for one in change.list_by(PolicyTarget, organization=organization.id):
        if type_of(change, one.policy) == policy_type:
            change.delete(one)
    left = [one for one in organization.policy_types.split() if one != policy_type]
    return _switched(change, organization, " ".join(left))


def type_of(view: Reader, policy_id: str) -> str:
    """The type of a policy that hangs somewhere."""
    found = MANAGED.get(policy_id) or view.find(OrganizationPolicy, policy_id)
    return "" if found is None else found.type


def _asked(call: Call, change: Change) -> tuple[Organization, str]:
    organization = managed_organization(call, change)
    if call.text("RootId") != organization.root:
        raise not_found("RootNotFoundException")
    return organization, call.text("PolicyType")


def _switched(change: Change, organization: Organization, types: str) -> Result:
    changed = replace(organization, policy_types=types)
    change.replace(changed)
    return {"Root": shown.root(changed)}


def _targets(view: Reader, organization: Organization) -> Iterator[str]:
    yield organization.root
    for unit in view.list_by(Unit, organization=organization.id):
        yield unit.id
    for member in view.list_by(Member, organization=organization.id):
        yield member.account


def _attach(
    change: Change, organization: Organization, policy_type: str, target: str
) -> None:
    change.insert(
        PolicyTarget(
            target=target,
            policy=FULL_ACCESS[policy_type].id,
            organization=organization.id,
        )
    )


OPERATIONS: Operations = {
    "EnablePolicyType": ChangeOperation(run=enable),
    "DisablePolicyType": ChangeOperation(run=disable),
}
