"""Inline policies: those that live inside one user, group or role."""

from ostiary.identity.model import InlinePolicy
from ostiary.services.errors import limit_exceeded, no_such_entity
from ostiary.services.iam import documents
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
from ostiary.services.iam.paging import Source, paged
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.port import Change, Reader


def _put(kind: OwnerKind[O]) -> ChangeOperation:
    def run(call: Call, change: Change) -> Result:
        owner = get_modifiable(kind, call, change)
        text = call.text("PolicyDocument")
        documents.require_inline(text)
        policy = InlinePolicy(owner=owner.id, name=call.text("PolicyName"), text=text)
        _require_fits(kind, owner, policy, change)
        if change.find(InlinePolicy, policy.key) is None:
            change.insert(policy)
        else:
            change.replace(policy)
        return {}

    return ChangeOperation(run=run)


def _get(kind: OwnerKind[O]) -> ReadOperation:
    def run(call: Call, view: Reader) -> Result:
        owner = get_owner(kind, call, view)
        policy = _get_policy(kind, owner, call, view)
        return {
            kind.parameter: owner.name,
            "PolicyName": policy.name,
            "PolicyDocument": documents.encoded(policy.text),
        }

    return ReadOperation(run=run)


def _delete(kind: OwnerKind[O]) -> ChangeOperation:
    def run(call: Call, change: Change) -> Result:
        owner = get_modifiable(kind, call, change)
        change.delete(_get_policy(kind, owner, call, change))
        return {}

    return ChangeOperation(run=run)


def _list(kind: OwnerKind[O]) -> ReadOperation:
    def run(call: Call, view: Reader) -> Result:
        owner = get_owner(kind, call, view)
        source: Source[InlinePolicy] = Source(
            fetch=lambda page: view.list_by(InlinePolicy, page, owner=owner.id),
            cursor=lambda policy: policy.name,
        )
        policies, rest = paged(call, f"List{kind.title}Policies", source)
        return {"PolicyNames": [policy.name for policy in policies], **rest}

    return ReadOperation(run=run)


def _get_policy(
    kind: OwnerKind[O], owner: Owner, call: Call, view: Reader
) -> InlinePolicy:
    name = call.text("PolicyName")
    policy = view.find_by(InlinePolicy, owner=owner.id, name=name)
    if policy is None:
        raise no_such_entity(
            f"The {kind.word} policy with name {name} cannot be found."
        )
    return policy


def _require_fits(
    kind: OwnerKind[O], owner: Owner, new: InlinePolicy, view: Reader
) -> None:
    """All inline policies of one owner share a size (facts 3.6)."""
    size = documents.size_of(new.text) + sum(
        documents.size_of(policy.text)
        for policy in view.list_by(InlinePolicy, owner=owner.id)
        if policy.name != new.name
    )
    if size > kind.inline_size:
        raise limit_exceeded(
            f"Maximum policy size of {kind.inline_size} bytes exceeded"
            f" for {kind.word} {owner.name}"
        )


def _operations(kind: OwnerKind[O]) -> Operations:
    return {
        f"Put{kind.title}Policy": _put(kind),
        f"Get{kind.title}Policy": _get(kind),
        f"Delete{kind.title}Policy": _delete(kind),
        f"List{kind.title}Policies": _list(kind),
    }


OPERATIONS: Operations = {
    **_operations(USER),
    **_operations(GROUP),
    **_operations(ROLE),
}
