"""Which policies let a user, group or role into a service.

A policy is told when one of its statements allows an action of the service; whether
another one denies it, or on what condition, is for the decision to say.
"""

from collections.abc import Iterator, Sequence
from typing import Final, cast

from ostiary.identity.model import (
    PARTITION,
    Attachment,
    Group,
    InlinePolicy,
    Membership,
    Policy,
    PolicyVersion,
    Role,
    User,
)
from ostiary.policy import Effect, Kind, parse
from ostiary.policy.document import Statement
from ostiary.policy.pattern import fold
from ostiary.services.errors import invalid_input, no_such_entity
from ostiary.services.iam.owners import Owner
from ostiary.services.iam.paging import in_memory, paged
from ostiary.services.operation import Call, Operations, ReadOperation, Result
from ostiary.store.port import Reader

_KINDS: Final[dict[str, type[User | Group | Role]]] = {
    "user": User,
    "group": Group,
    "role": Role,
}


def list_policies(call: Call, view: Reader) -> Result:
    """For each service that the call names, the policies that lead there, by name."""
    owner = get_owner_by_arn(call, view)
    told = [(shown, text) for one in _all(view, owner) for shown, text in one]
    asked = cast("Sequence[str]", call.params["ServiceNamespaces"])
    entries: list[Result] = [
        {
            "ServiceNamespace": service,
            "Policies": [shown for shown, text in told if _leads(text, fold(service))],
        }
        for service in dict.fromkeys(asked)
    ]
    source = in_memory(entries, lambda entry: str(entry["ServiceNamespace"]))
    page, rest = paged(call, "ListPoliciesGrantingServiceAccess", source)
    return {"PoliciesGrantingServiceAccess": page, **rest}


def get_owner_by_arn(call: Call, view: Reader) -> Owner:
    """Whom the ARN names; raises InvalidInput, NoSuchEntity."""
    arn, account = call.text("Arn"), call.caller.account
    prefix = f"arn:{PARTITION}:iam::{account}:"
    word, _, name = arn.removeprefix(prefix).partition("/")
    kind = _KINDS.get(word)
    if not arn.startswith(prefix) or kind is None:
        raise invalid_input(f"ARN {arn} is not valid.")
    last = name.rpartition("/")[2]
    found = view.find_by(kind, account=account, name=last)
    # Names in ARNs are compared with their case (T58).
    if found is None or found.arn != arn:
        raise no_such_entity(f"ARN {arn} cannot be found.")
    return found


def texts_of(view: Reader, owner: Owner) -> list[str]:
    """The texts of the owner's policies and, for a user, of those of its groups."""
    return [text for some in _all(view, owner) for _, text in some]


def _all(view: Reader, owner: Owner) -> Iterator[list[tuple[Result, str]]]:
    """The owner's policies and, for a user, those of its groups."""
    yield _of(view, owner)
    if isinstance(owner, User):
        for membership in view.list_by(Membership, user=owner.id):
            group = view.find(Group, membership.group)
            if group is not None:
                yield _of(view, group)


def _of(view: Reader, owner: Owner) -> list[tuple[Result, str]]:
    """Each policy as it is shown, and its text in force."""
    entity = {"EntityType": type(owner).__name__.upper(), "EntityName": owner.name}
    found: list[tuple[Result, str]] = []
    for attachment in view.list_by(Attachment, owner=owner.id):
        policy = view.find(Policy, attachment.policy)
        if policy is not None:
            shown: Result = {
                "PolicyName": policy.name,
                "PolicyType": "MANAGED",
                "PolicyArn": policy.arn,
            }
            found.append((shown, _text(view, policy)))
    for inline in view.list_by(InlinePolicy, owner=owner.id):
        shown = {"PolicyName": inline.name, "PolicyType": "INLINE", **entity}
        found.append((shown, inline.text))
    return found


def _text(view: Reader, policy: Policy) -> str:
    version = view.find_by(
        PolicyVersion, policy=policy.arn, number=policy.default_version
    )
    assert version is not None  # noqa: S101 - the default version is never deleted
    return version.text


def _leads(text: str, service: str) -> bool:
    document = parse(text, kind=Kind.IDENTITY)
    return any(_allows(one, service) for one in document.statements)


def _allows(statement: Statement, service: str) -> bool:
    if statement.effect is not Effect.ALLOW:
        return False
    actions = [fold(action) for action in statement.actions]
    if statement.not_action:
        return not {"*", "*:*", f"{service}:*"} & set(actions)
    return any(one.partition(":")[0] in ("*", service) for one in actions)


OPERATIONS: Operations = {
    "ListPoliciesGrantingServiceAccess": ReadOperation(run=list_policies),
}
