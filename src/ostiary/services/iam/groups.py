"""IAM groups, and who is in them."""

from dataclasses import replace

from ostiary.identity.ids import unique_id
from ostiary.identity.model import Group, Membership, User
from ostiary.services.errors import delete_conflict
from ostiary.services.iam import quotas, users
from ostiary.services.iam.owners import (
    GROUP,
    USER,
    get_owner,
    require_free_name,
    require_no_policies,
)
from ostiary.services.iam.paging import Source, in_memory, paged
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.codec import name_key
from ostiary.store.port import Change, Reader


def summary(group: Group) -> Result:
    """A group as answers show it."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.created,
    }


def create_group(call: Call, change: Change) -> Result:
    """A new group without members."""
    account, name = call.caller.account, call.text("GroupName")
    require_free_name(GROUP, change, account, name)
    quotas.require_room(quotas.GROUPS, change.count(Group, account=account))
    group = Group(
        id=unique_id(call.mint, "AGPA"),
        account=account,
        name=name,
        path=call.text("Path", "/"),
        created=call.now,
    )
    change.insert(group)
    return {"Group": summary(group)}


def get_group(call: Call, view: Reader) -> Result:
    """One group and a page of its users, in the order of their ids."""
    group = get_owner(GROUP, call, view)
    source: Source[Membership] = Source(
        fetch=lambda page: view.list_by(Membership, page, group=group.id),
        cursor=lambda membership: membership.user,
    )
    members, rest = paged(call, "GetGroup", source)
    found = (view.find(User, member.user) for member in members)
    return {
        "Group": summary(group),
        "Users": [users.summary(user) for user in found if user is not None],
        **rest,
    }


def update_group(call: Call, change: Change) -> Result:
    """A group with another name or path; its id, users and policies stay."""
    group = get_owner(GROUP, call, change)
    name = call.text("NewGroupName", group.name)
    require_free_name(GROUP, change, group.account, name, but=group)
    change.replace(replace(group, name=name, path=call.text("NewPath", group.path)))
    return {}


def delete_group(call: Call, change: Change) -> Result:
    """Forget a group without users and policies."""
    group = get_owner(GROUP, call, change)
    require_no_policies(group, change)
    if change.count(Membership, group=group.id):
        raise delete_conflict(
            "Cannot delete entity, must remove users from group first."
        )
    change.delete(group)
    return {}


def list_groups(call: Call, view: Reader) -> Result:
    """The account's groups under a path, by name."""
    account = call.caller.account
    source: Source[Group] = Source(
        fetch=lambda page: view.list_by(Group, page, account=account),
        cursor=_cursor,
    )
    groups, rest = paged(call, "ListGroups", source)
    return {"Groups": [summary(group) for group in groups], **rest}


def list_groups_for_user(call: Call, view: Reader) -> Result:
    """The groups that a user is in, by name; a quota keeps them few."""
    user = get_owner(USER, call, view)
    memberships = view.list_by(Membership, user=user.id)
    found = (view.find(Group, membership.group) for membership in memberships)
    source = in_memory([group for group in found if group is not None], _cursor)
    groups, rest = paged(call, "ListGroupsForUser", source)
    return {"Groups": [summary(group) for group in groups], **rest}


def add_user_to_group(call: Call, change: Change) -> Result:
    """The user is in the group afterwards; it may have been before."""
    membership = _membership(call, change)
    if change.find(Membership, membership.key) is None:
        present = change.count(Membership, user=membership.user)
        quotas.require_room(quotas.GROUPS_OF_USER, present)
        change.insert(membership)
    return {}


def remove_user_from_group(call: Call, change: Change) -> Result:
    """The user is not in the group afterwards; it may not have been before."""
    membership = _membership(call, change)
    if change.find(Membership, membership.key) is not None:
        change.delete(membership)
    return {}


def _membership(call: Call, change: Change) -> Membership:
    """The membership that the call is about; an unknown user is reported first."""
    user = get_owner(USER, call, change)
    group = get_owner(GROUP, call, change)
    return Membership(user=user.id, group=group.id)


def _cursor(group: Group) -> str:
    return name_key(group.name)


OPERATIONS: Operations = {
    "CreateGroup": ChangeOperation(run=create_group),
    "GetGroup": ReadOperation(run=get_group),
    "UpdateGroup": ChangeOperation(run=update_group),
    "DeleteGroup": ChangeOperation(run=delete_group),
    "ListGroups": ReadOperation(run=list_groups),
    "ListGroupsForUser": ReadOperation(run=list_groups_for_user),
    "AddUserToGroup": ChangeOperation(run=add_user_to_group),
    "RemoveUserFromGroup": ChangeOperation(run=remove_user_from_group),
}
