"""The ARNs of IAM's entities, with the paths that only the snapshot knows.

A name that the snapshot does not know still makes an ARN: the decision comes
first, and only a caller who would be allowed may learn that nothing is there.
"""

import re
from collections.abc import Mapping

from ostiary.gate.needs import Asked, Kind, Named, Resource, Unclear
from ostiary.identity import holdings, model
from ostiary.identity.model import Entity
from ostiary.policy import PrincipalKind
from ostiary.policy.arn import split

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_PROVIDER_URL = re.compile(r"https://([A-Za-z0-9.:/_~-]{1,247})", re.ASCII)
_REQUEST = re.compile(r"delegation-request/[\w-]{16,128}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]+", re.ASCII)
_DELETION_TASK = re.compile(r"task/(aws-service-role/[\w+=,.@/-]+)/[\w-]+", re.ASCII)


def user(asked: Asked, name: str) -> Resource:
    """A user of the caller's account."""
    account = asked.caller.account
    found = asked.snapshot.user_named(account, name)
    arn = found.arn if found else model.iam_arn(account, "user", "/", name)
    return Resource(arn, account, found)


def own_user(asked: Asked) -> Resource:
    """The user behind the credentials, where the request names none.

    Root is its own target. A role session has no user; the permission is then asked
    on all users, and the service answers that a name is missing (facts 8.6, T95).
    """
    caller = asked.caller
    match caller.principal.kind:
        case PrincipalKind.USER:
            found = asked.snapshot.user_named(caller.account, caller.name)
            return Resource(caller.arn, caller.account, found)
        case PrincipalKind.ROOT:
            return Resource(caller.arn, caller.account)
        case _:
            return _users_of(caller.account)


def all_users(asked: Asked) -> Resource:
    """Every user of the caller's account at once."""
    return _users_of(asked.caller.account)


def _users_of(account: str) -> Resource:
    return Resource(model.iam_arn(account, "user", "/", "*"), account)


def key_owner(asked: Asked, key_id: str) -> Resource:
    """The user to whom an access key belongs, all users for one that is not here.

    A refusal names the resource, so a key of another account is like one that does not
    exist: whose it is, is nobody else's business (T132).
    """
    key = asked.snapshot.access_keys.get(key_id)
    if key is None or key.account != asked.caller.account:
        return all_users(asked)
    if not key.user:
        owner = asked.snapshot.accounts.get(key.account)
        arn = f"arn:{model.PARTITION}:iam::{key.account}:root"
        return Resource(owner.root_arn if owner else arn, key.account)
    found = asked.snapshot.users.get(key.user)
    if found is None:
        return _users_of(key.account)
    return Resource(found.arn, key.account, found)


def role(asked: Asked, name: str) -> Resource:
    """A role of the caller's account."""
    account = asked.caller.account
    found = asked.snapshot.role_named(account, name)
    arn = found.arn if found else model.iam_arn(account, "role", "/", name)
    return Resource(arn, account, found)


def group(asked: Asked, name: str) -> Resource:
    """A group of the caller's account."""
    account = asked.caller.account
    found = asked.snapshot.group_named(account, name)
    arn = found.arn if found else model.iam_arn(account, "group", "/", name)
    return Resource(arn, account)


def policy(asked: Asked, arn: str) -> Resource:
    """A managed policy; AWS's own belong to everybody, so to the caller too."""
    account, _ = _iam_parts(arn, "policy/")
    found = asked.snapshot.policies.get(arn)
    return Resource(arn, _owner(asked, account), found)


def mfa_device(asked: Asked, serial: str) -> Resource:
    """An MFA device: an ARN names itself, printed text becomes part of one."""
    parts = split(serial)
    account = asked.caller.account
    if parts is None:
        return Resource(model.iam_arn(account, "mfa", "/", serial), account)
    if parts[2] != "iam" or _ACCOUNT.fullmatch(parts[4]) is None:
        raise Unclear(f"`{serial}` is not the ARN of an MFA device")
    return Resource(serial, parts[4])


def role_by_arn(asked: Asked, arn: str) -> Resource:
    """A role of any account, by the ARN that AssumeRole gives.

    Names in AssumeRole keep their letter case (facts 7.4), so only a role with this
    very ARN lends its tags.
    """
    account, name = _iam_parts(arn, "role/")
    found = asked.snapshot.role_named(account, name.rpartition("/")[2])
    return Resource(arn, account, found if found and found.arn == arn else None)


def entity(asked: Asked, arn: str) -> Resource:
    """A user, group, role or policy, by ARN."""
    account, resource = _iam_parts(arn, "")
    kind, _, name = resource.partition("/")
    last = name.rpartition("/")[2]
    found: model.User | model.Role | model.Policy | None
    match kind:
        case "user":
            found = asked.snapshot.user_named(account, last)
        case "role":
            found = asked.snapshot.role_named(account, last)
        case "policy":
            found = asked.snapshot.policies.get(arn)
        case "group":
            found = None
        case _:
            raise Unclear(f"`{arn}` is not a user, group, role or policy")
    known = found if found and found.arn == arn else None
    return Resource(arn, _owner(asked, account), known)


def provider(asked: Asked, arn: str) -> Resource:
    """An identity provider or another thing that IAM names by ARN."""
    account, _ = _iam_parts(arn, "")
    return Resource(arn, _owner(asked, account))


def delegation_request(asked: Asked, arn: str) -> Resource:
    """A delegation request of the caller's account, by ARN."""
    account, resource = _iam_parts(arn, "delegation-request/")
    if account != asked.caller.account or _REQUEST.fullmatch(resource) is None:
        raise Unclear(f"`{arn}` is not a delegation request of the account")
    return Resource(arn, account)


def root(_: Asked, target: str) -> Resource:
    """The root user of the account that AssumeRoot names, by id or by ARN."""
    if _ACCOUNT.fullmatch(target) is not None:
        account = target
    else:
        account, resource = _iam_parts(target, "root")
        if resource != "root":
            raise Unclear(f"`{target}` is not a root user")
    return Resource(f"arn:{model.PARTITION}:iam::{account}:root", account)


def deleted_role(asked: Asked, task: str) -> Resource:
    """The service-linked role that a deletion task is about."""
    found = _DELETION_TASK.fullmatch(task)
    if found is None:
        raise Unclear(f"`{task}` is not a deletion task")
    account = asked.caller.account
    return Resource(model.iam_arn(account, "role", "/", found[1]), account)


def _iam_parts(arn: str, start: str) -> tuple[str, str]:
    """Account and resource in an ARN of IAM whose resource begins with `start`."""
    parts = split(arn)
    if (
        parts is None
        or parts[1:4] != [model.PARTITION, "iam", ""]
        or (parts[4] != model.AWS and _ACCOUNT.fullmatch(parts[4]) is None)
        or not parts[5].startswith(start)
    ):
        raise Unclear(f"`{arn}` is not an ARN of IAM that fits here")
    return parts[4], parts[5]


def _owner(asked: Asked, account: str) -> str:
    return asked.caller.account if account == model.AWS else account


def moved_user(asked: Asked, name: str) -> Resource:
    """The ARN that a user will have after a rename or a move."""
    found = asked.snapshot.user_named(asked.caller.account, _text(asked, "UserName"))
    return _moved(asked, "user", name, found.path if found else "/")


def moved_group(asked: Asked, name: str) -> Resource:
    """The ARN that a group will have after a rename or a move."""
    found = asked.snapshot.group_named(asked.caller.account, _text(asked, "GroupName"))
    return _moved(asked, "group", name, found.path if found else "/")


def _moved(asked: Asked, kind: str, name: str, path: str) -> Resource:
    account = asked.caller.account
    new_path = _text(asked, "NewPath") or path
    return Resource(model.iam_arn(account, kind, new_path, name), account)


def instance_profile(asked: Asked, name: str) -> Resource:
    """An instance profile of the caller's account."""
    return _placed(asked, holdings.InstanceProfile, "instance-profile", name)


def server_certificate(asked: Asked, name: str) -> Resource:
    """A server certificate of the caller's account."""
    return _placed(asked, holdings.ServerCertificate, "server-certificate", name)


def moved_server_certificate(asked: Asked, name: str) -> Resource:
    """The ARN that a server certificate will have after a rename or a move."""
    _require_name(name)
    word, old = "server-certificate", _text(asked, "ServerCertificateName")
    arn = _placed(asked, holdings.ServerCertificate, word, old).arn
    path = arn.partition(f":{word}")[2].rpartition("/")[0] + "/"
    return _moved(asked, word, name, path)


def _placed(asked: Asked, kind: type[Entity], word: str, name: str) -> Resource:
    """What has a name and a path, by its name."""
    _require_name(name)
    account = asked.caller.account
    found = asked.snapshot.arn_named(kind, account, name)
    return Resource(found or model.iam_arn(account, word, "/", name), account)


def _require_name(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise Unclear(f"`{name}` is not a name")


def _text(asked: Asked, name: str) -> str:
    value = asked.target.params.get(name, "")
    return value if isinstance(value, str) else ""


def new_oidc_provider(asked: Asked, url: str) -> Resource:
    """An identity provider that is named by its URL, without the scheme."""
    account = asked.caller.account
    found = _PROVIDER_URL.fullmatch(url)
    if found is None:
        raise Unclear(f"`{url}` is not the URL of an identity provider")
    return Resource(model.iam_arn(account, "oidc-provider", "/", found[1]), account)


KINDS: Mapping[str, Kind] = {
    "user": Kind(user, {Named.ALL: all_users, Named.SELF: own_user}),
    "key_owner": Kind(key_owner),
    "role": Kind(role),
    "group": Kind(group),
    "policy": Kind(policy),
    "mfa_device": Kind(mfa_device),
    "role_by_arn": Kind(role_by_arn),
    "entity": Kind(entity),
    "provider": Kind(provider),
    "delegation_request": Kind(delegation_request),
    "root": Kind(root),
    "deleted_role": Kind(deleted_role),
    "moved_user": Kind(moved_user),
    "moved_group": Kind(moved_group),
    "instance_profile": Kind(instance_profile),
    "server_certificate": Kind(server_certificate),
    "moved_server_certificate": Kind(moved_server_certificate),
    "new_oidc_provider": Kind(new_oidc_provider),
}
