"""AddPermission and RemovePermission: statements of a policy that have labels.

SQS and SNS share these two operations; each says in its own words what is wrong.
"""

import json
from dataclasses import dataclass

Tree = dict[str, object]


class LabelTaken(Exception):  # noqa: N818 - each service says what that means
    """A statement has this label already."""


class LabelMissing(Exception):  # noqa: N818 - each service says what that means
    """No statement has this label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What AddPermission adds.

    Attributes:
        label: becomes the statement's Sid.
        accounts: twelve digits each.
        actions: with their prefix.
        arn: the resource.
        policy_id: of the policy, when this makes a new one.
    """

    label: str
    accounts: tuple[str, ...]
    actions: tuple[str, ...]
    arn: str
    policy_id: str


def add(text: str | None, permission: Permission) -> str:
    """The policy with one more statement; raises LabelTaken."""
    tree = _load(text, permission.policy_id)
    statements = _statements(tree)
    if any(one.get("Sid") == permission.label for one in statements):
        raise LabelTaken(permission.label)
    accounts = [f"arn:aws:iam::{account}:root" for account in permission.accounts]
    statements.append(
        {
            "Sid": permission.label,
            "Effect": "Allow",
            "Principal": {"AWS": _one_or_all(accounts)},
            "Action": _one_or_all(list(permission.actions)),
            "Resource": permission.arn,
        }
    )
    return json.dumps({**tree, "Statement": statements}, separators=(",", ":"))


def remove(text: str | None, label: str) -> str | None:
    """The policy without a statement, None after its last; raises LabelMissing."""
    if text is None:
        raise LabelMissing(label)
    tree = _load(text, "")
    statements = _statements(tree)
    kept = [one for one in statements if one.get("Sid") != label]
    if len(kept) == len(statements):
        raise LabelMissing(label)
    if not kept:
        return None
    return json.dumps({**tree, "Statement": kept}, separators=(",", ":"))


def _load(text: str | None, policy_id: str) -> Tree:
    if text is None:
        return {"Version": "2012-10-17", "Id": policy_id, "Statement": []}
    tree: Tree = json.loads(text)
    return tree


def _statements(tree: Tree) -> list[Tree]:
    found = tree["Statement"]
    # One statement may stand without its list.
    return list(found) if isinstance(found, list) else [dict(found)]  # type: ignore[call-overload]  # a policy was parsed


def _one_or_all(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
