"""Permissions boundaries of users and roles."""

from dataclasses import replace
from typing import TypeVar

from ostiary.identity.model import Role, User
from ostiary.services.errors import invalid_input, no_such_entity
from ostiary.services.iam import managed
from ostiary.services.iam.owners import ROLE, USER, OwnerKind, get_modifiable
from ostiary.services.operation import Call, ChangeOperation, Operations, Result
from ostiary.store.port import Change

B = TypeVar("B", User, Role)


def new_boundary(call: Call, change: Change) -> str:
    """The ARN of the boundary that the call sets; empty when it sets none.

    The policy is in the store afterwards.

    Raises:
        ServiceError: InvalidInput for no ARN of a policy, NoSuchEntity (facts 10.4).
    """
    arn = call.text("PermissionsBoundary")
    if not arn:
        return ""
    if managed.account_in(arn) is None:
        raise invalid_input(f"ARN {arn} is not valid.")
    policy = managed.find_visible(change, call.caller.account, arn)
    if policy is None or managed.is_of_service(policy):
        raise no_such_entity(f"Scope ARN: {arn} does not exist or is not attachable.")
    managed.keep(change, arn)
    return arn


def shown(arn: str) -> dict[str, str]:
    """A boundary as answers carry it; the type is the recorded one (facts 10.9)."""
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}


def _put(kind: OwnerKind[B]) -> ChangeOperation:
    def run(call: Call, change: Change) -> Result:
        owner = get_modifiable(kind, call, change)
        change.replace(replace(owner, boundary=new_boundary(call, change)))
        return {}

    return ChangeOperation(run=run)


def _delete(kind: OwnerKind[B]) -> ChangeOperation:
    def run(call: Call, change: Change) -> Result:
        owner = get_modifiable(kind, call, change)
        if owner.boundary:
            change.replace(replace(owner, boundary=""))
        return {}

    return ChangeOperation(run=run)


OPERATIONS: Operations = {
    "PutUserPermissionsBoundary": _put(USER),
    "DeleteUserPermissionsBoundary": _delete(USER),
    "PutRolePermissionsBoundary": _put(ROLE),
    "DeleteRolePermissionsBoundary": _delete(ROLE),
}
