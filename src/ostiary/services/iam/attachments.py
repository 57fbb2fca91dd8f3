"""Managed policies on users, groups and roles."""

from collections.abc import Iterator

from ostiary.identity.model import Attachment, Policy
from ostiary.services.errors import no_such_entity, policy_not_attachable
from ostiary.services.iam import managed, quotas
from ostiary.services.iam.owners import (
    GROUP,
    ROLE,
    USER,
    O,
    Owner,
    OwnerKind,
    get_modifiable,
    get_owner,
)
from ostiary.services.iam.paging import in_memory, paged
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.codec import name_key
from ostiary.store.port import Change, Reader


def _attach(kind: OwnerKind[O]) -> ChangeOperation:
    """An attached policy may be attached again (facts 10.9)."""

    def run(call: Call, change: Change) -> Result:
        owner = get_modifiable(kind, call, change)
        policy = managed.get_attachable(call, change)
        if managed.is_of_service(policy):
            raise policy_not_attachable(
                "Cannot attach a Service Role Policy to a customer role."
            )
        attachment = _attachment(owner, policy)
        if change.find(Attachment, attachment.key) is None:
            present = change.count(Attachment, owner=owner.id)
            quotas.require_room(kind.attachments, present)
            managed.keep(change, policy.arn)
            change.insert(attachment)
        return {}

    return ChangeOperation(run=run)


def _detach(kind: OwnerKind[O]) -> ChangeOperation:
    """A policy that is not attached cannot be detached (facts 10.9)."""

    def run(call: Call, change: Change) -> Result:
        owner = get_modifiable(kind, call, change)
        policy = managed.get_visible(call, change)
        attachment = change.find(Attachment, _attachment(owner, policy).key)
        if attachment is None:
            raise no_such_entity(f"Policy {policy.arn} was not found.")
        change.delete(attachment)
        return {}

    return ChangeOperation(run=run)


def _attachment(owner: Owner, policy: Policy) -> Attachment:
    return Attachment(account=owner.account, owner=owner.id, policy=policy.arn)


def _list(kind: OwnerKind[O]) -> ReadOperation:
    """The policies under a path, by name; a quota keeps them few."""

    def run(call: Call, view: Reader) -> Result:
        owner = get_owner(kind, call, view)
        prefix = call.text("PathPrefix", "/")
        attached = [
            policy
            for policy in _policies_of(owner, view)
            if policy.path.startswith(prefix)
        ]
        source = in_memory(attached, _cursor)
        page, rest = paged(call, f"ListAttached{kind.title}Policies", source)
        shown = [{"PolicyName": one.name, "PolicyArn": one.arn} for one in page]
        return {"AttachedPolicies": shown, **rest}

    return ReadOperation(run=run)


def _policies_of(owner: Owner, view: Reader) -> Iterator[Policy]:
    for attachment in view.list_by(Attachment, owner=owner.id):
        policy = view.find(Policy, attachment.policy)
        if policy is not None:
            yield policy


def _cursor(policy: Policy) -> str:
    # AWS's policies and the account's own may have the same names.
    return f"{name_key(policy.name)} {policy.account}"


def _operations(kind: OwnerKind[O]) -> Operations:
    return {
        f"Attach{kind.title}Policy": _attach(kind),
        f"Detach{kind.title}Policy": _detach(kind),
        f"ListAttached{kind.title}Policies": _list(kind),
    }


OPERATIONS: Operations = {
    **_operations(USER),
    **_operations(GROUP),
    **_operations(ROLE),
}
