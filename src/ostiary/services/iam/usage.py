"""Who has a managed policy: the users, groups and roles of one account."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ostiary.identity.model import Attachment, Policy, Role, User
from ostiary.services.iam import managed
from ostiary.services.iam.owners import GROUP, ROLE, USER, O, Owner, OwnerKind
from ostiary.services.iam.paging import Source, paged
from ostiary.services.operation import Call, Operations, ReadOperation, Result
from ostiary.store.codec import name_key
from ostiary.store.port import Page, Reader

_MEMBERS: Final = {
    "Group": "PolicyGroups",
    "User": "PolicyUsers",
    "Role": "PolicyRoles",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """An entity that has the policy, attached or as its boundary."""

    owner: Owner
    is_boundary: bool


def list_entities_for_policy(call: Call, view: Reader) -> Result:
    """The entities that have the policy, each once.

    A page may hold fewer than `MaxItems` though more follow: what a path prefix
    leaves out, or was shown already, is left out after the page was cut.
    """
    policy = managed.get_attachable(call, view)
    sources = [*_attached(call, view, policy), *_bounded(call, view, policy)]
    uses, rest = paged(call, "ListEntitiesForPolicy", *sources)
    prefix = call.text("PathPrefix", "/")
    result: dict[str, list[dict[str, str]]] = {name: [] for name in _MEMBERS.values()}
    for use in uses:
        owner = use.owner
        again = use.is_boundary and _shows_attached(call) and _has(view, owner, policy)
        if owner.path.startswith(prefix) and not again:
            title = type(owner).__name__
            shown = {f"{title}Name": owner.name, f"{title}Id": owner.id}
            result[_MEMBERS[title]].append(shown)
    return {**result, **rest}


def _attached(call: Call, view: Reader, policy: Policy) -> Iterator[Source[_Use]]:
    """Those on whom the policy hangs, by kind and unique id."""
    if not _shows_attached(call):
        return
    if _wants(call, GROUP):
        yield _attached_to(GROUP, call, view, policy)
    if _wants(call, USER):
        yield _attached_to(USER, call, view, policy)
    if _wants(call, ROLE):
        yield _attached_to(ROLE, call, view, policy)


def _bounded(call: Call, view: Reader, policy: Policy) -> Iterator[Source[_Use]]:
    """Those whom the policy bounds, by kind and name."""
    if call.text("PolicyUsageFilter") == "PermissionsPolicy":
        return
    if _wants(call, USER):
        yield _bounding(USER, call, view, policy)
    if _wants(call, ROLE):
        yield _bounding(ROLE, call, view, policy)


def _attached_to(
    kind: OwnerKind[O], call: Call, view: Reader, policy: Policy
) -> Source[_Use]:
    account = call.caller.account

    def fetch(page: Page) -> Sequence[_Use]:
        # Unique ids tell the kind and are listed in their order, so one kind is one
        # stretch of the list.
        start = replace(page, after=page.after or kind.id_prefix, path_prefix="/")
        rows = view.list_by(Attachment, start, policy=policy.arn, account=account)
        owners = (
            view.find(kind.entity, row.owner)
            for row in rows
            if row.owner.startswith(kind.id_prefix)
        )
        return [_Use(owner=one, is_boundary=False) for one in owners if one is not None]

    return Source(fetch=fetch, cursor=lambda use: use.owner.id)


def _bounding(
    kind: OwnerKind[User] | OwnerKind[Role], call: Call, view: Reader, policy: Policy
) -> Source[_Use]:
    account = call.caller.account

    def fetch(page: Page) -> Sequence[_Use]:
        owners = view.list_by(kind.entity, page, account=account, boundary=policy.arn)
        return [_Use(owner=one, is_boundary=True) for one in owners]

    return Source(fetch=fetch, cursor=lambda use: name_key(use.owner.name))


def _wants(call: Call, kind: OwnerKind[O]) -> bool:
    return call.text("EntityFilter", kind.title) == kind.title


def _shows_attached(call: Call) -> bool:
    return call.text("PolicyUsageFilter") != "PermissionsBoundary"


def _has(view: Reader, owner: Owner, policy: Policy) -> bool:
    attached = view.count(Attachment, owner=owner.id, policy=policy.arn)
    return attached > 0


OPERATIONS: Operations = {
    "ListEntitiesForPolicy": ReadOperation(run=list_entities_for_policy),
}
