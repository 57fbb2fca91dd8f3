"""Managed policies by their ARN: which ones an account sees, and which are its own."""

import re
from typing import Final

from ostiary.identity.model import (
    AWS,
    Attachment,
    Policy,
    PolicyVersion,
    Role,
    User,
)
from ostiary.services.errors import (
    access_denied,
    no_such_entity,
    validation_error,
)
from ostiary.services.operation import Call
from ostiary.store import catalogue
from ostiary.store.port import Change, Reader

_ARN: Final = re.compile(
    r"arn:aws:iam::([0-9]{12}|aws):policy(?:/[A-Za-z0-9_.,+@=-]+)+", re.ASCII
)

_OF_SERVICES: Final = "/aws-service-role/"
"""The path of policies that only roles of AWS's services have."""


def account_in(arn: str) -> str | None:
    """The account in the ARN of a managed policy; None when it is no such ARN."""
    match = _ARN.fullmatch(arn)
    return None if match is None else match[1]


def find_visible(view: Reader, account: str, arn: str) -> Policy | None:
    """The account's own policy, or AWS's, with this ARN.

    One of AWS's need not be in the store; then nobody has it yet.
    """
    owner = account_in(arn)
    if owner not in (account, AWS):
        return None
    found = view.find(Policy, arn)
    if found is None and owner == AWS:
        return _find_unused(view, arn)
    return found


def _find_unused(view: Reader, arn: str) -> Policy | None:
    """AWS's policy that is not in the store, unless its name is taken there."""
    found = catalogue.find(arn)
    if found is None or view.find_by(Policy, account=AWS, name=found.name) is not None:
        return None
    return found


def versions_of(view: Reader, policy: Policy) -> list[PolicyVersion]:
    """The versions of a policy that `find_visible` found, oldest first."""
    stored = view.list_by(PolicyVersion, policy=policy.arn)
    if stored or policy.account != AWS:
        return stored
    only = catalogue.find_version(policy.arn)
    return [] if only is None else [only]


def keep(change: Change, arn: str) -> None:
    """A policy of AWS is in the store, so that others may refer to it."""
    if account_in(arn) != AWS or change.find(Policy, arn) is not None:
        return
    policy, version = catalogue.find(arn), catalogue.find_version(arn)
    if policy is not None and version is not None:
        change.insert(policy)
        change.insert(version)


def is_of_service(policy: Policy) -> bool:
    """Whether only roles of AWS's services have it, and customers give it to nobody."""
    return policy.account == AWS and policy.path.startswith(_OF_SERVICES)


def policy_arn(call: Call) -> str:
    """The ARN in `PolicyArn`; raises ValidationError when it is that of no policy."""
    arn = call.text("PolicyArn")
    if account_in(arn) is None:
        raise validation_error(f"ARN {arn} is not valid.")
    return arn


def require_own(call: Call, act: str) -> None:
    """Nothing, when `PolicyArn` is one of the caller's account.

    It does not look into the store, so a refusal does not tell what others have.

    Args:
        call: the call.
        act: what is refused for a policy of others, for example `delete policies`.

    Raises:
        ServiceError: ValidationError, AccessDenied.
    """
    if account_in(policy_arn(call)) != call.caller.account:
        raise access_denied(f"Cannot {act} outside your own account.")


def get_visible(call: Call, view: Reader) -> Policy:
    """The policy that `PolicyArn` names, to be read.

    Raises:
        ServiceError: ValidationError, NoSuchEntity.
    """
    arn = policy_arn(call)
    policy = find_visible(view, call.caller.account, arn)
    if policy is None:
        raise no_such_entity(f"Policy {arn} was not found.")
    return policy


def get_attachable(call: Call, view: Reader) -> Policy:
    """The policy that `PolicyArn` names, to be attached.

    Raises:
        ServiceError: ValidationError, NoSuchEntity.
    """
    arn = policy_arn(call)
    policy = find_visible(view, call.caller.account, arn)
    if policy is None:
        raise no_such_entity(f"Policy {arn} does not exist or is not attachable.")
    return policy


def get_own(call: Call, view: Reader, act: str) -> Policy:
    """The account's own policy that `PolicyArn` names, to be changed.

    Raises:
        ServiceError: as `require_own`; NoSuchEntity.
    """
    require_own(call, act)
    arn = policy_arn(call)
    policy = view.find(Policy, arn)
    if policy is None:
        raise no_such_entity(f"Policy {arn} was not found.")
    return policy


def attachment_count(view: Reader, account: str, policy: Policy) -> int:
    """How many users, groups and roles of the account have the policy."""
    return view.count(Attachment, policy=policy.arn, account=account)


def boundary_count(view: Reader, account: str, policy: Policy) -> int:
    """How many users and roles of the account have it as permissions boundary."""
    return sum(
        view.count(kind, account=account, boundary=policy.arn) for kind in (User, Role)
    )
