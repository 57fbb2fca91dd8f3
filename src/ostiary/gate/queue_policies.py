"""Queue policies: the attribute `Policy` of SQS, in both of its protocols.

The attribute is taken out of what goes upstream and put into what comes back; the
other attributes pass.
"""

import re
from dataclasses import replace

from ostiary.gate.policy_book import PolicyRefused, check
from ostiary.gate.queue_attributes import (
    answer_attributes,
    ask_attributes,
    forward_with,
    queue_fault,
    read_attributes,
    read_texts,
)
from ostiary.gate.statements import (
    LabelMissing,
    LabelTaken,
    Permission,
    add,
    remove,
)
from ostiary.gate.visit import Handler, Visit, has_succeeded
from ostiary.wire.faults import Fault
from ostiary.wire.http import Response

POLICY = "Policy"
ARN_NAME = "QueueArn"
ALL = "All"

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_ACTION = re.compile(r"\*|[A-Za-z]{1,64}", re.ASCII)


async def create_queue(visit: Visit) -> Response:
    """Creates the queue without its policy, then stores that.

    Raises:
        Fault: the queue is there already, with another policy: who may create
            queues may not by that change one.
    """
    attributes = read_attributes(visit)
    if POLICY not in attributes:
        return await visit.forward()
    text = attributes.pop(POLICY)
    if text:
        _check(text)
    if await ask_attributes(visit, (ARN_NAME,)) is not None:
        if (await visit.tools.policies.find(visit.arn) or "") != text:
            raise queue_fault(
                visit,
                "QueueAlreadyExists",
                "A queue already exists with the same name and a different value for "
                "attribute Policy",
            )
        return await forward_with(visit, attributes)
    response = await forward_with(visit, attributes)
    if has_succeeded(response) and text:
        await _put(visit, text)
    return response


async def set_queue_attributes(visit: Visit) -> Response:
    """Sets the other attributes upstream, then the policy here."""
    attributes = read_attributes(visit)
    if POLICY not in attributes:
        return await visit.forward()
    text = attributes.pop(POLICY)
    if text:
        _check(text)
    if attributes:
        response = await forward_with(visit, attributes)
        if not has_succeeded(response):
            return response
    else:
        await _require_queue(visit)
    if text:
        await _put(visit, text)
    else:
        await visit.tools.policies.delete(visit.arn)
    return visit.answer_empty()


async def get_queue_attributes(visit: Visit) -> Response:
    """The upstream's attributes, with our policy among them when it was asked for."""
    names = read_texts(visit, "AttributeNames", "AttributeName")
    if not {ALL, POLICY} & set(names):
        return await visit.forward()
    others = tuple(name for name in names if name != POLICY)
    found = await ask_attributes(visit, others or (ARN_NAME,))
    if found is None:
        raise _no_queue(visit)
    if not others:
        found = {}
    found.pop(POLICY, None)
    text = await visit.tools.policies.find(visit.arn)
    if text is not None:
        found[POLICY] = text
    return answer_attributes(visit, found)


async def delete_queue(visit: Visit) -> Response:
    """Deletes the queue upstream, then forgets its policy."""
    response = await visit.forward()
    if has_succeeded(response):
        await visit.tools.policies.delete(visit.arn)
    return response


async def add_permission(visit: Visit) -> Response:
    """Adds a statement for other accounts to the policy."""
    permission = Permission(
        label=_label(visit),
        accounts=read_texts(visit, "AWSAccountIds", "AWSAccountId"),
        actions=read_texts(visit, "Actions", "ActionName"),
        arn=visit.arn,
        policy_id=f"{visit.arn}/SQSDefaultPolicy",
    )
    for account in permission.accounts:
        if not _ACCOUNT.fullmatch(account):
            raise _invalid(visit, account, "PrincipalId", "Unable to verify.")
    for action in permission.actions:
        if not _ACTION.fullmatch(action):
            raise _invalid(visit, action, "ActionName", "Only simple names.")
    if not permission.accounts or not permission.actions:
        told = "The request must contain the parameter Actions."
        raise queue_fault(visit, "MissingParameter", told)
    await _require_queue(visit)

    prefixed = replace(
        permission, actions=tuple(f"SQS:{name}" for name in permission.actions)
    )
    try:
        await visit.tools.policies.edit(
            visit.arn,
            visit.account,
            lambda text: add(text, prefixed),
            visit.admitted.now,
        )
    except LabelTaken as error:
        raise _invalid(visit, permission.label, "Label", "Already exists.") from error
    return visit.answer_empty()


async def remove_permission(visit: Visit) -> Response:
    """Removes a statement from the policy, by its label."""
    label = _label(visit)
    await _require_queue(visit)
    try:
        await visit.tools.policies.edit(
            visit.arn,
            visit.account,
            lambda text: remove(text, label),
            visit.admitted.now,
        )
    except LabelMissing as error:
        why = "can't find label on existing policy."
        raise _invalid(visit, label, "Label", why) from error
    return visit.answer_empty()


def _label(visit: Visit) -> str:
    label = visit.text("Label")
    if not _LABEL.fullmatch(label):
        raise _invalid(visit, label[:80], "Label", "Only simple names.")
    return label


async def _require_queue(visit: Visit) -> None:
    if await ask_attributes(visit, (ARN_NAME,)) is None:
        raise _no_queue(visit)


def _check(text: str) -> None:
    try:
        check(text)
    except PolicyRefused as error:
        raise _invalid_policy() from error


async def _put(visit: Visit, text: str) -> None:
    try:
        await visit.tools.policies.put(visit.policy(text))
    except PolicyRefused as error:
        raise _invalid_policy() from error


def _invalid_policy() -> Fault:
    return Fault(
        "InvalidAttributeValue", "Invalid value for the parameter Policy.", 400
    )


def _invalid(visit: Visit, value: str, name: str, why: str) -> Fault:
    told = f"Value {value} for parameter {name} is invalid. Reason: {why}"
    return queue_fault(visit, "InvalidParameterValue", told)


def _no_queue(visit: Visit) -> Fault:
    code = "AWS.SimpleQueueService.NonExistentQueue"
    return queue_fault(visit, code, "The specified queue does not exist.")


HANDLERS: dict[str, Handler] = {
    "AddPermission": add_permission,
    "CreateQueue": create_queue,
    "DeleteQueue": delete_queue,
    "GetQueueAttributes": get_queue_attributes,
    "RemovePermission": remove_permission,
    "SetQueueAttributes": set_queue_attributes,
}
