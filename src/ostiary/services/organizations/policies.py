"""Policies of an organization: made, changed, shown, and forgotten."""

from dataclasses import replace
from typing import Final

from ostiary.identity.organization import (
    FULL_ACCESS,
    Organization,
    OrganizationPolicy,
    PolicyTarget,
)
from ostiary.identity.organization_ids import new_id
from ostiary.services.errors import ServiceError
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.services.organizations import shown
from ostiary.services.organizations.documents import require_document
from ostiary.services.organizations.errors import conflict, violation
from ostiary.services.organizations.paging import listed
from ostiary.services.organizations.place import (
    get_own_policy,
    get_policy,
    managed_organization,
    seen_organization,
)
from ostiary.services.organizations.policy_types import require_type
from ostiary.services.organizations.tags import read_tags
from ostiary.store.port import Change, Page, Reader

MOST: Final = 10_000
"""Policies of one type in one organization."""
_BEFORE_ALL: Final = "p-"
"""Where AWS's own policy stands in a list: before every id."""


def create(call: Call, change: Change) -> Result:
    """A new policy; it binds nobody until it is attached."""
    organization = managed_organization(call, change)
    policy_type, name = call.text("Type"), call.text("Name")
    require_type(organization, policy_type)
    require_document(call.text("Content"), policy_type)
    _require_free(change, organization, policy_type, name)
    if change.count(OrganizationPolicy, organization=organization.id) >= MOST:
        raise violation(
            "POLICY_NUMBER_LIMIT_EXCEEDED",
            "You have exceeded the number of policies allowed.",
        )
    policy = OrganizationPolicy(
        id=new_id(call.mint, "p"),
        organization=organization.id,
        type=policy_type,
        name=name,
        description=call.text("Description"),
        text=call.text("Content"),
        created=call.now,
        tags=read_tags(call),
    )
    change.insert(policy)
    return shown.policy(policy, organization)


def update(call: Call, change: Change) -> Result:
    """Change name, description or content; what hangs somewhere binds at once."""
    organization = managed_organization(call, change)
    policy = get_own_policy(change, organization, call.text("PolicyId"))
    changed = replace(
        policy,
        name=call.text("Name", policy.name),
        description=call.text("Description", policy.description),
        text=call.text("Content", policy.text),
    )
    if changed.text != policy.text:
        require_document(changed.text, policy.type)
    if changed.name != policy.name:
        _require_free(change, organization, policy.type, changed.name)
    if changed != policy:
        change.replace(changed)
    return shown.policy(changed, organization)


def delete(call: Call, change: Change) -> Result:
    """Forget a policy that hangs nowhere."""
    organization = managed_organization(call, change)
    policy = get_own_policy(change, organization, call.text("PolicyId"))
    if change.count(PolicyTarget, organization=organization.id, policy=policy.id):
        raise conflict(
            "PolicyInUseException",
            "This policy is attached to one or more targets.",
        )
    change.delete(policy)
    return {}


def describe(call: Call, view: Reader) -> Result:
    """One policy with its content."""
    organization = seen_organization(call, view)
    return shown.policy(
        get_policy(view, organization, call.text("PolicyId")), organization
    )


def list_policies(call: Call, view: Reader) -> Result:
    """The policies of a type, AWS's own among them."""
    organization = seen_organization(call, view)
    policy_type = call.text("Filter")
    ours = [FULL_ACCESS[policy_type]] if policy_type in FULL_ACCESS else []

    def fetch(page: Page) -> list[OrganizationPolicy]:
        first = [] if page.after else ours
        own = view.list_by(
            OrganizationPolicy, page, organization=organization.id, type=policy_type
        )
        return [*first, *own][: page.limit]

    return listed(
        call,
        "Policies",
        fetch,
        _key,
        lambda policy: shown.policy_summary(policy, organization),
    )


def _require_free(
    view: Reader, organization: Organization, policy_type: str, name: str
) -> None:
    """Nothing, when no policy of the type has the name; raises DuplicatePolicy…."""
    taken = view.find_by(
        OrganizationPolicy, organization=organization.id, type=policy_type, name=name
    )
    if taken is not None or name == FULL_ACCESS[policy_type].name:
        raise _name_taken()


def _name_taken() -> ServiceError:
    return conflict(
        "DuplicatePolicyException", "A policy with the same name already exists."
    )


def _key(policy: OrganizationPolicy) -> str:
    return _BEFORE_ALL if policy.is_managed else policy.id


OPERATIONS: Operations = {
    "CreatePolicy": ChangeOperation(run=create),
    "UpdatePolicy": ChangeOperation(run=update),
    "DeletePolicy": ChangeOperation(run=delete),
    "DescribePolicy": ReadOperation(run=describe),
    "ListPolicies": ReadOperation(run=list_policies),
}
