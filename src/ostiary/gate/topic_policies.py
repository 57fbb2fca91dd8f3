"""Topic policies: the attribute `Policy` of SNS.

A topic without a policy of its own shows AWS's default one. Its condition needs a
key that only AWS's own services bring, so it allows nothing to anybody here.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from ostiary.gate.policy_book import PolicyRefused, check
from ostiary.gate.queue_attributes import flatten
from ostiary.gate.statements import (
    LabelMissing,
    LabelTaken,
    Permission,
    add,
    remove,
)
from ostiary.gate.visit import Handler, Visit, has_succeeded, require_whole
from ostiary.wire.faults import Fault
from ostiary.wire.http import Response
from ostiary.wire.xml import Element, MalformedXMLError, escape_any, parse

POLICY = "Policy"

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_ACTION = re.compile(r"[A-Za-z]{1,64}", re.ASCII)
_MISSING = 404
_DEFAULT_ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)


async def create_topic(visit: Visit) -> Response:
    """Creates the topic without its policy, then stores that.

    Raises:
        Fault: the topic is there already, with another policy: who may create
            topics may not by that change one.
    """
    attributes = _read_attributes(visit)
    if POLICY not in attributes:
        return await visit.forward()
    text = attributes.pop(POLICY)
    if text:
        _check(text)
    params = {name: v for name, v in visit.params.items() if name != "Attributes"}
    if attributes:
        entries = [{"key": key, "value": value} for key, value in attributes.items()]
        params["Attributes"] = {"entry": entries}
    exists = await _ask_attributes(visit) is not None
    if exists and (await visit.tools.policies.find(visit.arn) or "") != text:
        raise _invalid("Attributes Reason: Topic already exists with different values")
    response = await _forward(visit, "CreateTopic", params)
    if has_succeeded(response) and text and not exists:
        await _put(visit, text)
    return response


async def set_topic_attributes(visit: Visit) -> Response:
    """Stores the policy; every other attribute is forwarded."""
    if visit.text("AttributeName") != POLICY:
        return await visit.forward()
    text = visit.text("AttributeValue")
    if text:
        _check(text)
    await _require_topic(visit)
    if text:
        await _put(visit, text)
    else:
        await visit.tools.policies.delete(visit.arn)
    return visit.answer_empty()


async def get_topic_attributes(visit: Visit) -> Response:
    """The upstream's attributes, with our policy in the place of its own."""
    found = await _require_topic(visit)
    text = await visit.tools.policies.find(visit.arn)
    found[POLICY] = text or default_policy(visit.arn, visit.account)
    entries = "".join(
        f"<entry><key>{escape_any(key)}</key><value>{escape_any(value)}</value></entry>"
        for key, value in found.items()
    )
    return visit.answer_query(f"<Attributes>{entries}</Attributes>")


async def delete_topic(visit: Visit) -> Response:
    """Deletes the topic upstream, then forgets its policy."""
    response = await visit.forward()
    if has_succeeded(response):
        await visit.tools.policies.delete(visit.arn)
    return response


async def add_permission(visit: Visit) -> Response:
    """Adds a statement for other accounts to the policy."""
    permission = Permission(
        label=_label(visit),
        accounts=_members(visit, "AWSAccountId", _ACCOUNT),
        actions=_members(visit, "ActionName", _ACTION),
        arn=visit.arn,
        policy_id="__default_policy_ID",
    )
    prefixed = replace(
        permission, actions=tuple(f"SNS:{name}" for name in permission.actions)
    )
    await _require_topic(visit)
    try:
        await visit.tools.policies.edit(
            visit.arn,
            visit.account,
            lambda text: add(text, prefixed),
            visit.admitted.now,
        )
    except LabelTaken as error:
        raise _invalid("Statement already exists") from error
    return visit.answer_empty()


async def remove_permission(visit: Visit) -> Response:
    """Removes a statement from the policy, by its label; an unknown one is no fault."""
    label = _label(visit)
    await _require_topic(visit)

    def edit(text: str | None) -> str | None:
        try:
            return remove(text, label)
        except LabelMissing:
            return text

    await visit.tools.policies.edit(visit.arn, visit.account, edit, visit.admitted.now)
    return visit.answer_empty()


def default_policy(arn: str, account: str) -> str:
    """The policy that AWS shows where nobody has set one."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{name}" for name in _DEFAULT_ACTIONS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }
    tree = {
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [statement],
    }
    return json.dumps(tree, separators=(",", ":"))


def _read_attributes(visit: Visit) -> dict[str, str]:
    """The attributes of CreateTopic, which a form spells as numbered entries."""
    node = visit.params.get("Attributes", {"entry": []})
    if not isinstance(node, Mapping) or node.keys() != {"entry"}:
        raise _invalid("Attributes")
    entries = node["entry"]
    if not isinstance(entries, list):
        raise _invalid("Attributes")
    found: dict[str, str] = {}
    for entry in entries:
        if not isinstance(entry, Mapping) or entry.keys() != {"key", "value"}:
            raise _invalid("Attributes")
        if entry["key"] in found:
            # Of two, the upstream could take the other one.
            raise _invalid("Attributes")
        found[entry["key"]] = entry["value"]
    return found


def _label(visit: Visit) -> str:
    label = visit.text("Label")
    if not _LABEL.fullmatch(label):
        raise _invalid("Label")
    return label


def _members(visit: Visit, name: str, shape: re.Pattern[str]) -> tuple[str, ...]:
    node = visit.params.get(name, {})
    values = node.get("member", []) if isinstance(node, Mapping) else []
    if not isinstance(values, list) or not values:
        raise _invalid(name)
    if not all(isinstance(value, str) and shape.fullmatch(value) for value in values):
        raise _invalid(name)
    return tuple(values)


async def _forward(
    visit: Visit, operation: str, params: Mapping[str, object]
) -> Response:
    version = visit.admitted.target.service.version
    fields = [("Action", operation), ("Version", version), *flatten(params)]
    return await visit.forward_form(urlencode(fields).encode())


async def _ask_attributes(visit: Visit) -> dict[str, str] | None:
    """The topic's attributes as the upstream has them; None when it has no topic.

    Raises:
        Fault: an answer that is neither.
    """
    response = await _forward(visit, "GetTopicAttributes", {"TopicArn": visit.arn})
    if response.status == _MISSING:
        return None
    if not has_succeeded(response):
        raise _not_understood()
    try:
        root = parse(require_whole(response), visit.admitted.target.service.xmlns)
    except MalformedXMLError as error:
        raise _not_understood() from error
    return {
        _child(entry, "key"): _child(entry, "value")
        for result in root.children
        for attributes in result.children
        if attributes.name == "Attributes"
        for entry in attributes.children
    }


async def _require_topic(visit: Visit) -> dict[str, str]:
    found = await _ask_attributes(visit)
    if found is None:
        raise Fault("NotFound", "Topic does not exist", _MISSING)
    return found


def _child(element: Element, name: str) -> str:
    return next((c.text for c in element.children if c.name == name), "")


def _check(text: str) -> None:
    try:
        check(text)
    except PolicyRefused as error:
        raise _invalid(f"Policy Error: {error}") from error


async def _put(visit: Visit, text: str) -> None:
    try:
        await visit.tools.policies.put(visit.policy(text))
    except PolicyRefused as error:
        raise _invalid(f"Policy Error: {error}") from error


def _invalid(what: str) -> Fault:
    return Fault("InvalidParameter", f"Invalid parameter: {what}", 400)


def _not_understood() -> Fault:
    return Fault("ServiceUnavailable", "The upstream's answer is not understood.", 502)


HANDLERS: dict[str, Handler] = {
    "AddPermission": add_permission,
    "CreateTopic": create_topic,
    "DeleteTopic": delete_topic,
    "GetTopicAttributes": get_topic_attributes,
    "RemovePermission": remove_permission,
    "SetTopicAttributes": set_topic_attributes,
}
