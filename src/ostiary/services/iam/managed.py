"""Managed policies by their ARN: which ones an account sees, and which are its own."""

import re
from typing import Final

from ostiary.identity.model import AWS, Attachment, Policy, Role, User
from ostiary.services.errors import access_denied, no_such_entity, validation_error
from ostiary.services.operation import Call
from ostiary.store.port import Reader

_ARN: Final = re.compile(
    r"arn:aws:iam::([0-9]{12}|aws):policy(?:/[A-Za-z0-9_.,+@=-]+)+", re.ASCII
)


def account_in(arn: str) -> str | None:
    """The account in the ARN of a managed policy; None when it is no such ARN."""
    match = _ARN.fullmatch(arn)
    return None if match is None else match[1]


def find_visible(view: Reader, account: str, arn: str) -> Policy | None:
    """The account's own policy, or AWS's, with this ARN."""
    if account_in(arn) not in (account, AWS):
        return None
    return view.find(Policy, arn)


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
