"""Access keys of users and of root.

A secret access key is in the answer that made it, and nowhere else afterwards
(T107); it is kept sealed, because SigV4 needs it back (T123).
"""

from dataclasses import replace
from typing import Final

from ostiary.identity import ids
from ostiary.identity.model import AccessKey, KeyStatus, User
from ostiary.identity.secret import Secret
from ostiary.policy import PrincipalKind
from ostiary.services.enrolment import Means
from ostiary.services.errors import (
    ServiceError,
    access_denied,
    invalid_input,
    no_such_entity,
)
from ostiary.services.iam import last_used
from ostiary.services.iam.owners import get_target_user
from ostiary.services.iam.paging import in_memory, paged
from ostiary.services.iam.quotas import Quota, require_room
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.port import Change, Reader

KEYS_OF_USER: Final = Quota(name="AccessKeysPerUser", most=2)
"""Active or not; root as well (facts 10.2)."""

PURPOSE: Final = "access-key"
"""What the secret access key is sealed as."""


def new_access_key(means: Means, account: str, user: str) -> tuple[AccessKey, Secret]:
    """An active access key of a user, or of root when `user` is empty."""
    key_id = ids.access_key_id(means.mint, account, "AKIA")
    secret = ids.secret_access_key(means.mint)
    sealed = means.vault.seal(
        secret.reveal().encode(),
        purpose=PURPOSE,
        row=key_id,
        account=account,
        mint=means.mint,
    )
    key = AccessKey(
        id=key_id,
        account=account,
        user=user,
        secret=sealed,
        status=KeyStatus.ACTIVE,
        created=means.now,
    )
    return key, secret


def create_access_key(call: Call, change: Change) -> Result:
    """A new access key, with the only sight of its secret."""
    account = call.caller.account
    user = _owner(call, change)
    owner = "" if user is None else user.id
    require_room(KEYS_OF_USER, change.count(AccessKey, account=account, user=owner))
    key, secret = new_access_key(call, account, owner)
    change.insert(key)
    shown = _shown(key, user) | {"SecretAccessKey": secret.reveal()}
    return {"AccessKey": shown}


def update_access_key(call: Call, change: Change) -> Result:
    """The key signs, or does not, from now on."""
    key = _key(call, change)
    status = call.text("Status")
    if status not in (KeyStatus.ACTIVE, KeyStatus.INACTIVE):
        raise invalid_input(f"Status {status} cannot be set.")
    change.replace(replace(key, status=status))
    return {}


def delete_access_key(call: Call, change: Change) -> Result:
    """The key is gone; its id is never used again."""
    change.delete(_key(call, change))
    return {}


def list_access_keys(call: Call, view: Reader) -> Result:
    """The keys of one user, or root's own, without their secrets: two at most."""
    user = _owner(call, view)
    owner = "" if user is None else user.id
    keys = view.list_by(AccessKey, account=call.caller.account, user=owner)
    source = in_memory(keys, lambda key: f"{key.created:012d} {key.id}")
    page, rest = paged(call, "ListAccessKeys", source)
    return {"AccessKeyMetadata": [_shown(key, user) for key in page], **rest}


def get_access_key_last_used(call: Call, view: Reader) -> Result:
    """Whose key it is, and when it was used last (facts 10.9).

    A key of another account is refused like one that does not exist.
    """
    key_id = call.text("AccessKeyId")
    key = view.find(AccessKey, key_id)
    if key is None or key.account != call.caller.account:
        # AWS has no colon after "perform" here (facts 6.4).
        raise access_denied(
            f"User: {call.caller.arn} is not authorized to perform "
            f"iam:GetAccessKeyLastUsed on resource: access key {key_id}"
        )
    result: Result = {"AccessKeyLastUsed": last_used.of_key(key_id, view)}
    user = view.find(User, key.user)
    if user is not None:
        result["UserName"] = user.name
    return result


def _owner(call: Call, view: Reader) -> User | None:
    """Whose keys the call is about; None for root, who names nobody."""
    is_root = call.caller.principal.kind is PrincipalKind.ROOT
    if is_root and "UserName" not in call.params:
        return None
    return get_target_user(call, view)


def _key(call: Call, view: Reader) -> AccessKey:
    """The key that the call names, if it belongs to whom the call is about."""
    user = _owner(call, view)
    key_id = call.text("AccessKeyId")
    key = view.find(AccessKey, key_id)
    owner = "" if user is None else user.id
    if key is None or (key.account, key.user) != (call.caller.account, owner):
        raise _no_such_key(key_id)
    return key


def _no_such_key(key_id: str) -> ServiceError:
    return no_such_entity(f"The Access Key with id {key_id} cannot be found.")


def _shown(key: AccessKey, user: User | None) -> Result:
    """A key without its secret; root has no user name."""
    shown: Result = {
        "AccessKeyId": key.id,
        "Status": str(key.status),
        "CreateDate": key.created,
    }
    if user is not None:
        shown["UserName"] = user.name
    return shown


OPERATIONS: Operations = {
    "CreateAccessKey": ChangeOperation(run=create_access_key),
    "DeleteAccessKey": ChangeOperation(run=delete_access_key),
    "GetAccessKeyLastUsed": ReadOperation(run=get_access_key_last_used),
    "ListAccessKeys": ReadOperation(run=list_access_keys),
    "UpdateAccessKey": ChangeOperation(run=update_access_key),
}
