"""Where policies hang: on the root, on units, on accounts."""

from typing import Final

from ostiary.identity.organization import (
    FULL_ACCESS,
    RCP,
    Member,
    Organization,
    OrganizationPolicy,
    PolicyTarget,
    Unit,
)
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.services.organizations import shown
from ostiary.services.organizations.errors import conflict, invalid, violation
from ostiary.services.organizations.paging import in_memory, listed
from ostiary.services.organizations.place import (
    Target,
    get_policy,
    get_target,
    id_of,
    managed_organization,
    seen_organization,
)
from ostiary.services.organizations.policy_types import require_enabled
from ostiary.store.port import Change, Reader

MOST: Final = 5
"""Policies of one type on one target."""


def attach(call: Call, change: Change) -> Result:
    """The policy binds the target from now on, and all that stands below it."""
    organization, policy, target = _asked(call, change)
    hanging = _on(change, target, policy.type)
    if policy in hanging:
        raise conflict(
            "DuplicatePolicyAttachmentException",
            "A policy with the specified ID is already attached to the specified "
            "target.",
        )
    if len(hanging) >= MOST:
        raise violation(
            "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            "You have attached the maximum number of policies to the target.",
        )
    change.insert(
        PolicyTarget(
            target=id_of(target), policy=policy.id, organization=organization.id
        )
    )
    return {}


def detach(call: Call, change: Change) -> Result:
    """The policy binds the target no more; the last of its type stays."""
    _, policy, target = _asked(call, change)
    hanging = _on(change, target, policy.type)
    if policy not in hanging:
        raise conflict(
            "PolicyNotAttachedException",
            "The policy isn't attached to the specified target.",
        )
    if policy is FULL_ACCESS[RCP]:
        raise invalid(
            "NON_DETACHABLE_POLICY", "You can't detach this AWS managed policy."
        )
    if len(hanging) == 1:
        raise violation(
            "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            "You cannot remove the last policy attached to the specified target. You "
            "must have at least one attached at all times.",
        )
    for one in change.list_by(PolicyTarget, target=id_of(target), policy=policy.id):
        change.delete(one)
    return {}


def list_for_target(call: Call, view: Reader) -> Result:
    """The policies of a type that hang on the target itself."""
    organization = seen_organization(call, view)
    target = get_target(view, organization, call.text("TargetId"))
    found = _on(view, target, call.text("Filter"))
    return listed(
        call,
        "Policies",
        in_memory(found, _policy_id),
        _policy_id,
        lambda policy: shown.policy_summary(policy, organization),
    )


def list_targets(call: Call, view: Reader) -> Result:
    """What a policy hangs on."""
    organization = seen_organization(call, view)
    policy = get_policy(view, organization, call.text("PolicyId"))
    mine = {"organization": organization.id, "policy": policy.id}
    return listed(
        call,
        "Targets",
        lambda page: view.list_by(PolicyTarget, page, **mine),
        lambda row: row.target,
        lambda row: _shown(get_target(view, organization, row.target), organization),
    )


def _asked(
    call: Call, change: Change
) -> tuple[Organization, OrganizationPolicy, Target]:
    """What the call is about, in the order in which AWS looks."""
    organization = managed_organization(call, change)
    policy = get_policy(change, organization, call.text("PolicyId"))
    target = get_target(change, organization, call.text("TargetId"))
    require_enabled(organization, policy.type)
    return organization, policy, target


def _on(view: Reader, target: Target, policy_type: str) -> list[OrganizationPolicy]:
    """The policies of a type on a target."""
    managed = FULL_ACCESS.get(policy_type)
    found: list[OrganizationPolicy] = []
    for row in view.list_by(PolicyTarget, target=id_of(target)):
        if managed is not None and row.policy == managed.id:
            found.append(managed)
            continue
        policy = view.find(OrganizationPolicy, row.policy)
        if policy is not None and policy.type == policy_type:
            found.append(policy)
    return found


def _shown(target: Target, organization: Organization) -> Result:
    name, kind, word = "Root", "ROOT", "root"
    if isinstance(target, Unit):
        name, kind, word = target.name, "ORGANIZATIONAL_UNIT", "ou"
    elif isinstance(target, Member):
        name, kind, word = target.name, "ACCOUNT", "account"
    key = id_of(target)
    return {
        "TargetId": key,
        "Arn": organization.arn_of(word, key),
        "Name": name,
        "Type": kind,
    }


def _policy_id(policy: OrganizationPolicy) -> str:
    return policy.id


OPERATIONS: Operations = {
    "AttachPolicy": ChangeOperation(run=attach),
    "DetachPolicy": ChangeOperation(run=detach),
    "ListPoliciesForTarget": ReadOperation(run=list_for_target),
    "ListTargetsForPolicy": ReadOperation(run=list_targets),
}
