"""Everything that says who may do what in an account, in one list (facts 10.3).

Users, groups, roles, the account's own policies, and those of AWS that it uses, one
sort after the other. A page ends anywhere among them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from ostiary.identity.holdings import InstanceProfile
from ostiary.identity.model import (
    AWS,
    Attachment,
    Group,
    InlinePolicy,
    Membership,
    Policy,
    PolicyVersion,
    Role,
    User,
)
from ostiary.services.iam import (
    documents,
    groups,
    instance_profiles,
    last_used,
    managed,
    policies,
    roles,
    users,
    versions,
)
from ostiary.services.iam.owners import Owner
from ostiary.services.iam.paging import Source, paged
from ostiary.services.operation import Call, Operations, ReadOperation, Result
from ostiary.store.codec import name_key
from ostiary.store.port import Page, Reader

CHUNK: Final = 1000
"""Rows of AWS's policies that are read at a time."""

Entity = User | Group | Role | Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sort:
    """One of the filter's values."""

    member: str
    """Where its entities stand in the answer."""
    fetch: Callable[[Reader, str, Page], Sequence[Entity]]
    show: Callable[[Reader, str, Entity], Result]


def get_details(call: Call, view: Reader) -> Result:
    """One page of everything, or of the sorts that the call asks for."""
    asked = cast("Sequence[str]", call.params.get("Filter") or tuple(_SORTS))
    account = call.caller.account
    sorts = [sort for name, sort in _SORTS.items() if name in asked]
    found, rest = paged(
        call,
        "GetAccountAuthorizationDetails",
        *(_source(view, account, sort) for sort in sorts),
    )
    result: dict[str, list[Result]] = {sort.member: [] for sort in _SORTS.values()}
    for sort, entity in found:
        result[sort.member].append(sort.show(view, account, entity))
    return {**result, **rest}


def _source(view: Reader, account: str, sort: _Sort) -> Source[tuple[_Sort, Entity]]:
    return Source(
        fetch=lambda page: [(sort, one) for one in sort.fetch(view, account, page)],
        cursor=lambda pair: name_key(pair[1].name),
    )


def _used_of_aws(view: Reader, account: str, page: Page) -> list[Policy]:
    """As many of AWS's policies as fill the page, and somebody in the account has."""
    used: list[Policy] = []
    rows = Page(after=page.after, limit=CHUNK)
    while len(used) < page.limit:
        chunk = view.list_by(Policy, rows, account=AWS)
        used += (one for one in chunk if _is_used(view, account, one))
        if len(chunk) < rows.limit:
            break
        rows = replace(rows, after=name_key(chunk[-1].name))
    return used[: page.limit]


def _is_used(view: Reader, account: str, policy: Policy) -> bool:
    return bool(
        managed.attachment_count(view, account, policy)
        or managed.boundary_count(view, account, policy)
    )


def _user(view: Reader, _: str, entity: Entity) -> Result:
    user = cast("User", entity)
    result = {
        **users.details(user),
        "GroupList": _groups_of(view, user),
        "AttachedManagedPolicies": _attached(view, user),
    }
    # Unlike the lists of groups and roles, an empty one is left out.
    if inline := _inline(view, user):
        result["UserPolicyList"] = inline
    result.setdefault("Tags", [])
    return result


def _group(view: Reader, _: str, entity: Entity) -> Result:
    group = cast("Group", entity)
    return {
        **groups.summary(group),
        "GroupPolicyList": _inline(view, group),
        "AttachedManagedPolicies": _attached(view, group),
    }


def _role(view: Reader, _: str, entity: Entity) -> Result:
    role = cast("Role", entity)
    profiles = view.list_by(InstanceProfile, role=role.id)
    return {
        "Tags": [],
        **roles.embedded(role, view),
        **roles.extras(role),
        "InstanceProfileList": [instance_profiles.shown(one, view) for one in profiles],
        "RolePolicyList": _inline(view, role),
        "AttachedManagedPolicies": _attached(view, role),
        "RoleLastUsed": last_used.of_role(role.id, view),
    }


def _policy(view: Reader, account: str, entity: Entity) -> Result:
    policy = cast("Policy", entity)
    result = policies.summary(policy, view, account)
    if policy.description:
        result["Description"] = policy.description
    newest_first = reversed(view.list_by(PolicyVersion, policy=policy.arn))
    result["PolicyVersionList"] = [
        {"Document": documents.encoded(one.text), **versions.summary(one, policy)}
        for one in newest_first
    ]
    return result


def _inline(view: Reader, owner: Owner) -> list[Result]:
    return [
        {"PolicyName": one.name, "PolicyDocument": documents.encoded(one.text)}
        for one in view.list_by(InlinePolicy, owner=owner.id)
    ]


def _attached(view: Reader, owner: Owner) -> list[Result]:
    attached = view.list_by(Attachment, owner=owner.id)
    return [
        {"PolicyName": one.policy.rpartition("/")[2], "PolicyArn": one.policy}
        for one in attached
    ]


def _groups_of(view: Reader, user: User) -> list[str]:
    return sorted(_group_names(view, user), key=name_key)


def _group_names(view: Reader, user: User) -> Iterator[str]:
    for membership in view.list_by(Membership, user=user.id):
        group = view.find(Group, membership.group)
        if group is not None:
            yield group.name


_SORTS: Final[Mapping[str, _Sort]] = {
    "User": _Sort(
        member="UserDetailList",
        fetch=lambda view, account, page: view.list_by(User, page, account=account),
        show=_user,
    ),
    "Group": _Sort(
        member="GroupDetailList",
        fetch=lambda view, account, page: view.list_by(Group, page, account=account),
        show=_group,
    ),
    "Role": _Sort(
        member="RoleDetailList",
        fetch=lambda view, account, page: view.list_by(Role, page, account=account),
        show=_role,
    ),
    "LocalManagedPolicy": _Sort(
        member="Policies",
        fetch=lambda view, account, page: view.list_by(Policy, page, account=account),
        show=_policy,
    ),
    "AWSManagedPolicy": _Sort(member="Policies", fetch=_used_of_aws, show=_policy),
}

OPERATIONS: Operations = {
    "GetAccountAuthorizationDetails": ReadOperation(run=get_details),
}
