"""IAM roles and their trust policies (facts 3.4, 10.9)."""

import re
from dataclasses import replace
from functools import cache
from typing import Final

from ostiary.identity.holdings import InstanceProfile
from ostiary.identity.ids import unique_id
from ostiary.identity.model import Role, User
from ostiary.services.errors import delete_conflict, invalid_input, malformed_policy
from ostiary.services.iam import boundaries, documents, last_used, quotas, tags
from ostiary.services.iam.owners import (
    LINKED_PATH,
    ROLE,
    get_modifiable,
    get_owner,
    require_free_name,
    require_no_policies,
)
from ostiary.services.iam.paging import Source, paged
from ostiary.services.iam.principals import (
    Find,
    InvalidPrincipal,
    resolve,
    restore,
)
from ostiary.services.iam.signin import require_no_signin_limit
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.codec import name_key
from ostiary.store.port import Change, Reader

DEFAULT_SESSION: Final = 3600
_ENTITY_ARN: Final = re.compile(
    r"arn:aws:iam::([0-9]{12}):(user|role)/(?:.*/)?([^/]+)", re.ASCII | re.DOTALL
)


def create_role(call: Call, change: Change) -> Result:
    """A new role; the answer has no description and no session limit (facts 10.9)."""
    account, name = call.caller.account, call.text("RoleName")
    require_no_signin_limit(call)
    if call.text("Path", "/").startswith(LINKED_PATH):
        raise invalid_input(f"Path {LINKED_PATH} is for service-linked roles only.")
    new_tags = tags.new_tags(call, tags.PRINCIPAL_TAGS)
    trust = _trust(call.text("AssumeRolePolicyDocument"), change)
    boundary = boundaries.new_boundary(call, change)
    require_free_name(ROLE, change, account, name)
    quotas.require_room(quotas.ROLES, change.count(Role, account=account))
    role = Role(
        id=unique_id(call.mint, "AROA"),
        account=account,
        name=name,
        path=call.text("Path", "/"),
        created=call.now,
        description=call.text("Description"),
        trust=trust,
        max_session=call.number("MaxSessionDuration", DEFAULT_SESSION),
        tags=new_tags,
        boundary=boundary,
    )
    change.insert(role)
    return {"Role": {**_new(role, _arns(change)), **extras(role)}}


def get_role(call: Call, view: Reader) -> Result:
    """One role."""
    role = get_owner(ROLE, call, view)
    shown = {**_listed(role, _arns(view)), **extras(role)}
    return {"Role": {**shown, "RoleLastUsed": last_used.of_role(role.id, view)}}


def update_role(call: Call, change: Change) -> Result:
    """A role with another description or session limit; what is not sent stays."""
    # Of a service-linked role, too, the description is the account's to change.
    find = get_modifiable if "MaxSessionDuration" in call.params else get_owner
    role = find(ROLE, call, change)
    require_no_signin_limit(call)
    updated = replace(
        role,
        description=call.text("Description", role.description),
        max_session=call.number("MaxSessionDuration", role.max_session),
    )
    change.replace(updated)
    return {}


def update_role_description(call: Call, change: Change) -> Result:
    """A role with another description; the answer has no session limit."""
    role = get_owner(ROLE, call, change)
    role = replace(role, description=call.text("Description"))
    change.replace(role)
    return {"Role": _described(role, _arns(change))}


def update_assume_role_policy(call: Call, change: Change) -> Result:
    """A role that trusts others than before; the new text stands as a whole (T100)."""
    role = get_modifiable(ROLE, call, change)
    change.replace(replace(role, trust=_trust(call.text("PolicyDocument"), change)))
    return {}


def delete_role(call: Call, change: Change) -> Result:
    """Forget a role without policies that no instance profile holds."""
    role = get_modifiable(ROLE, call, change)
    require_no_policies(role, change)
    if change.count(InstanceProfile, role=role.id):
        raise delete_conflict(
            "Cannot delete entity, must remove roles from instance profile first."
        )
    change.delete(role)
    return {}


def list_roles(call: Call, view: Reader) -> Result:
    """The account's roles under a path, by name."""
    account = call.caller.account
    source: Source[Role] = Source(
        fetch=lambda page: view.list_by(Role, page, account=account),
        cursor=lambda role: name_key(role.name),
    )
    roles, rest = paged(call, "ListRoles", source)
    find = _arns(view)
    return {"Roles": [_listed(role, find) for role in roles], **rest}


def embedded(role: Role, view: Reader) -> Result:
    """A role as it is shown inside something else."""
    return _new(role, _arns(view))


def find_principal(view: Reader, text: str) -> str | None:
    """The unique id of the user or role behind an ARN, or behind its own id.

    Names are compared with case here, as everywhere in ARNs (T58).
    """
    match = _ENTITY_ARN.fullmatch(text)
    if match is None:
        return text if find_arn(view, text) is not None else None
    account, word, name = match.groups()
    kind: type[User | Role] = User if word == "user" else Role
    found = view.find_by(kind, account=account, name=name)
    return found.id if found is not None and found.arn == text else None


def find_arn(view: Reader, unique_id: str) -> str | None:
    """The ARN of the user or role that has this unique id now."""
    kind: type[User | Role] = User if unique_id.startswith("AIDA") else Role
    found = view.find(kind, unique_id)
    return None if found is None else found.arn


def _trust(text: str, view: Reader) -> str:
    """The trust policy as it is stored."""
    documents.require_trust(text)
    try:
        return resolve(text, lambda principal: find_principal(view, principal))
    except InvalidPrincipal as error:
        raise malformed_policy(
            f'Invalid principal in policy: "AWS":{error.spelled}'
        ) from None


def _arns(view: Reader) -> Find:
    """A function that finds the ARN behind a unique id, and looks each up once."""
    return cache(lambda unique_id: find_arn(view, unique_id))


def _new(role: Role, find: Find) -> Result:
    """What every answer says of a role."""
    text = restore(role.trust, find)
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": documents.encoded(text),
    }


def _described(role: Role, find: Find) -> Result:
    """What answers say of a role that is not new: its description, too."""
    result = _new(role, find)
    if role.description:
        result["Description"] = role.description
    return result


def _listed(role: Role, find: Find) -> Result:
    """A role as lists show it."""
    return {**_described(role, find), "MaxSessionDuration": role.max_session}


def extras(role: Role) -> Result:
    """Boundary and tags, where the role has them: lists leave them out."""
    result: Result = {}
    if role.boundary:
        result["PermissionsBoundary"] = boundaries.shown(role.boundary)
    if role.tags:
        result["Tags"] = tags.shown(role.tags)
    return result


OPERATIONS: Operations = {
    "CreateRole": ChangeOperation(run=create_role),
    "GetRole": ReadOperation(run=get_role),
    "UpdateRole": ChangeOperation(run=update_role),
    "UpdateRoleDescription": ChangeOperation(run=update_role_description),
    "UpdateAssumeRolePolicy": ChangeOperation(run=update_assume_role_policy),
    "DeleteRole": ChangeOperation(run=delete_role),
    "ListRoles": ReadOperation(run=list_roles),
}
