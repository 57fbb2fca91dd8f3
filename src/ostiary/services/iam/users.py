"""IAM users (facts 10.1, 10.9)."""

from dataclasses import replace

from ostiary.identity.holdings import (
    ServiceCredential,
    SigningCertificate,
    SSHPublicKey,
)
from ostiary.identity.ids import unique_id
from ostiary.identity.model import (
    AccessKey,
    Account,
    LoginProfile,
    Membership,
    MFADevice,
    User,
)
from ostiary.policy import PrincipalKind
from ostiary.services.errors import delete_conflict
from ostiary.services.iam import boundaries, last_used, quotas, tags
from ostiary.services.iam.owners import (
    USER,
    get_owner,
    get_target_user,
    require_free_name,
    require_no_policies,
)
from ostiary.services.iam.paging import Source, paged
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.codec import name_key
from ostiary.store.port import Change, Reader


def summary(user: User) -> Result:
    """A user as lists show it."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created,
    }


def details(user: User) -> Result:
    """A user as it is shown alone: with boundary and tags, where it has them."""
    result = summary(user)
    if user.boundary:
        result["PermissionsBoundary"] = boundaries.shown(user.boundary)
    if user.tags:
        result["Tags"] = tags.shown(user.tags)
    return result


def create_user(call: Call, change: Change) -> Result:
    """A new user, who may do nothing yet."""
    account, name = call.caller.account, call.text("UserName")
    new_tags = tags.new_tags(call, tags.PRINCIPAL_TAGS)
    boundary = boundaries.new_boundary(call, change)
    require_free_name(USER, change, account, name)
    quotas.require_room(quotas.USERS, change.count(User, account=account))
    user = User(
        id=unique_id(call.mint, "AIDA"),
        account=account,
        name=name,
        path=call.text("Path", "/"),
        created=call.now,
        tags=new_tags,
        boundary=boundary,
    )
    change.insert(user)
    return {"User": details(user)}


def get_user(call: Call, view: Reader) -> Result:
    """One user: the one named, or the caller, or the root user to itself."""
    is_root = call.caller.principal.kind is PrincipalKind.ROOT
    if is_root and "UserName" not in call.params:
        shown, id_ = _root(call, view), call.caller.account
    else:
        user = get_target_user(call, view)
        shown, id_ = details(user), user.id
    return {"User": shown | last_used.of_passwords([id_], view)[id_]}


def update_user(call: Call, change: Change) -> Result:
    """A user with another name or path; its id, groups and policies stay."""
    user = get_owner(USER, call, change)
    name = call.text("NewUserName", user.name)
    require_free_name(USER, change, user.account, name, but=user)
    change.replace(replace(user, name=name, path=call.text("NewPath", user.path)))
    return {}


def delete_user(call: Call, change: Change) -> Result:
    """Forget a user that nothing hangs on any more."""
    user = get_owner(USER, call, change)
    require_no_policies(user, change)
    for what, count in (
        ("remove users from group", change.count(Membership, user=user.id)),
        ("delete access keys", change.count(AccessKey, **_owned(user))),
        ("delete login profile", change.count(LoginProfile, user=user.id)),
        ("delete MFA device", change.count(MFADevice, **_owned(user))),
        ("remove referenced objects", _referenced(user, change)),
    ):
        if count:
            raise delete_conflict(f"Cannot delete entity, must {what} first.")
    change.delete(user)
    return {}


def list_users(call: Call, view: Reader) -> Result:
    """The account's users under a path, by name."""
    account = call.caller.account
    source: Source[User] = Source(
        fetch=lambda page: view.list_by(User, page, account=account),
        cursor=lambda user: name_key(user.name),
    )
    users, rest = paged(call, "ListUsers", source)
    passwords = last_used.of_passwords([user.id for user in users], view)
    return {"Users": [summary(user) | passwords[user.id] for user in users], **rest}


def _referenced(user: User, view: Reader) -> int:
    """How many keys and certificates of other sorts the user has (facts 10.6)."""
    kinds = (SSHPublicKey, ServiceCredential, SigningCertificate)
    return sum(view.count(kind, user=user.id) for kind in kinds)


def _owned(user: User) -> dict[str, str]:
    return {"account": user.account, "user": user.id}


def _root(call: Call, view: Reader) -> Result:
    """The root user as it is shown to itself: it has neither name nor path."""
    account = view.find(Account, call.caller.account)
    created = account.created if account is not None else 0
    return {
        "UserId": call.caller.account,
        "Arn": call.caller.arn,
        "CreateDate": created,
    }


OPERATIONS: Operations = {
    "CreateUser": ChangeOperation(run=create_user),
    "GetUser": ReadOperation(run=get_user),
    "UpdateUser": ChangeOperation(run=update_user),
    "DeleteUser": ChangeOperation(run=delete_user),
    "ListUsers": ReadOperation(run=list_users),
}
