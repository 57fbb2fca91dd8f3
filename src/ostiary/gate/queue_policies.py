"""Queue policies: the attribute `Policy` of SQS, in both of its protocols.

The attribute is taken out of what goes upstream and put into what comes back; the
other attributes pass.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from ostiary.gate.policy_book import PolicyRefused, check
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
from ostiary.wire.json import StrictJSONError, load_object
from ostiary.wire.xml import Element, MalformedXMLError, escape_any, parse

POLICY = "Policy"
ARN_NAME = "QueueArn"
ALL = "All"

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_ACTION = re.compile(r"\*|[A-Za-z]{1,64}", re.ASCII)
_MISSING = frozenset({400, 404})

Attributes = dict[str, str]


async def create_queue(visit: Visit) -> Response:
    """Creates the queue without its policy, then stores that.

    Raises:
        Fault: the queue is there already, with another policy: who may create
            queues may not by that change one.
    """
    attributes = _attributes(visit)
    if POLICY not in attributes:
        return await visit.forward()
    text = attributes.pop(POLICY)
    if text:
        _check(text)
    if await _ask_attributes(visit, _url(visit), (ARN_NAME,)) is not None:
        if (await visit.tools.policies.find(visit.arn) or "") != text:
            raise _fault(
                visit,
                "QueueAlreadyExists",
                "A queue already exists with the same name and a different value for "
                "attribute Policy",
            )
        return await _forward_with(visit, attributes)
    response = await _forward_with(visit, attributes)
    if has_succeeded(response) and text:
        await _put(visit, text)
    return response


async def set_queue_attributes(visit: Visit) -> Response:
    """Sets the other attributes upstream, then the policy here."""
    attributes = _attributes(visit)
    if POLICY not in attributes:
        return await visit.forward()
    text = attributes.pop(POLICY)
    if text:
        _check(text)
    if attributes:
        response = await _forward_with(visit, attributes)
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
    names = _names(visit)
    if not {ALL, POLICY} & set(names):
        return await visit.forward()
    others = tuple(name for name in names if name != POLICY)
    found = await _ask_attributes(visit, _url(visit), others or (ARN_NAME,))
    if found is None:
        raise _no_queue(visit)
    if not others:
        found = {}
    found.pop(POLICY, None)
    text = await visit.tools.policies.find(visit.arn)
    if text is not None:
        found[POLICY] = text
    return _answer_attributes(visit, found)


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
        accounts=_texts(visit, "AWSAccountIds", "AWSAccountId"),
        actions=_texts(visit, "Actions", "ActionName"),
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
        raise _fault(visit, "MissingParameter", told)
    await _require_queue(visit)

    def edit(text: str | None) -> str:
        prefixed = tuple(f"SQS:{name}" for name in permission.actions)
        return add(
            text,
            Permission(
                label=permission.label,
                accounts=permission.accounts,
                actions=prefixed,
                arn=permission.arn,
                policy_id=permission.policy_id,
            ),
        )

    try:
        await visit.tools.policies.edit(
            visit.arn, visit.account, edit, visit.admitted.now
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


# --- what the request says ----------------------------------------------------------


def _attributes(visit: Visit) -> Attributes:
    """The attributes of the request, however its protocol spells them."""
    node = visit.params.get("Attributes" if visit.is_json else "Attribute", {})
    if isinstance(node, Mapping):
        if all(isinstance(value, str) for value in node.values()):
            if visit.is_json:
                return dict(node)
            if not node:
                return {}
            if node.keys() == {"Name", "Value"}:
                return {node["Name"]: node["Value"]}
        raise _misread(visit)
    if not isinstance(node, list):
        raise _misread(visit)
    found: Attributes = {}
    for entry in node:
        if not isinstance(entry, Mapping) or entry.keys() != {"Name", "Value"}:
            raise _misread(visit)
        if entry["Name"] in found:
            # Of two, the upstream could take the other one.
            raise _misread(visit)
        found[entry["Name"]] = entry["Value"]
    return found


def _names(visit: Visit) -> tuple[str, ...]:
    return _texts(visit, "AttributeNames", "AttributeName")


def _texts(visit: Visit, json_name: str, query_name: str) -> tuple[str, ...]:
    node = visit.params.get(json_name if visit.is_json else query_name, [])
    values = [node] if isinstance(node, str) else node
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise _misread(visit)
    return tuple(values)


def _label(visit: Visit) -> str:
    label = visit.text("Label")
    if not _LABEL.fullmatch(label):
        raise _invalid(visit, label[:80], "Label", "Only simple names.")
    return label


def _url(visit: Visit) -> str:
    """The queue as the upstream finds it: by its name, in our account's header."""
    return visit.text("QueueUrl") or _name(visit)


def _name(visit: Visit) -> str:
    return visit.arn.rpartition(":")[2]


# --- what goes upstream and comes back ----------------------------------------------


async def _forward_with(visit: Visit, attributes: Attributes) -> Response:
    """The request again, with these attributes in the place of its own."""
    if visit.is_json:
        params = {**visit.params, "Attributes": attributes}
        if not attributes:
            del params["Attributes"]
        return await visit.forward_json(visit.admitted.target.operation, params)
    fields = _fields(visit, visit.admitted.target.operation)
    fields += _flat(
        {name: value for name, value in visit.params.items() if name != "Attribute"}
    )
    for number, (name, value) in enumerate(attributes.items(), 1):
        fields.append((f"Attribute.{number}.Name", name))
        fields.append((f"Attribute.{number}.Value", value))
    return await visit.forward_form(urlencode(fields).encode())


def _flat(node: object, path: str = "") -> list[tuple[str, str]]:
    """Nested parameters as the form that they were read from."""
    if isinstance(node, str):
        return [(path, node)]
    if isinstance(node, Mapping):
        pairs = list(node.items())
    elif isinstance(node, list):
        pairs = [(str(number), value) for number, value in enumerate(node, 1)]
    else:
        raise TypeError("a form holds text only")
    dot = f"{path}." if path else ""
    return [field for name, value in pairs for field in _flat(value, f"{dot}{name}")]


def _fields(visit: Visit, operation: str) -> list[tuple[str, str]]:
    version = visit.admitted.target.service.version
    return [("Action", operation), ("Version", version)]


async def _ask_attributes(
    visit: Visit, url: str, names: tuple[str, ...]
) -> Attributes | None:
    """The queue's attributes as the upstream has them; None when it has no queue.

    Raises:
        Fault: an answer that is neither.
    """
    if visit.is_json:
        response = await visit.forward_json(
            "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": list(names)}
        )
    else:
        fields = _fields(visit, "GetQueueAttributes")
        fields.append(("QueueUrl", url))
        for number, name in enumerate(names, 1):
            fields.append((f"AttributeName.{number}", name))
        response = await visit.forward_form(urlencode(fields).encode())
    body = require_whole(response)
    if has_succeeded(response):
        return _from_json(body) if visit.is_json else _from_xml(visit, body)
    if response.status in _MISSING and _tells_missing(body):
        return None
    raise Fault("ServiceUnavailable", "The upstream's answer is not understood.", 502)


def _tells_missing(body: bytes) -> bool:
    return b"NonExistentQueue" in body or b"QueueDoesNotExist" in body


def _from_json(body: bytes) -> Attributes:
    try:
        found = load_object(body).get("Attributes", {})
    except StrictJSONError as error:
        raise Fault("ServiceUnavailable", f"{error}", 502) from error
    return {str(name): str(value) for name, value in found.items()}


def _from_xml(visit: Visit, body: bytes) -> Attributes:
    try:
        root = parse(body, visit.admitted.target.service.xmlns)
    except MalformedXMLError as error:
        raise Fault("ServiceUnavailable", f"{error}", 502) from error
    return {
        _child(entry, "Name"): _child(entry, "Value")
        for result in root.children
        if result.name == "GetQueueAttributesResult"
        for entry in result.children
        if entry.name == "Attribute"
    }


def _child(element: Element, name: str) -> str:
    return next((c.text for c in element.children if c.name == name), "")


def _answer_attributes(visit: Visit, found: Attributes) -> Response:
    if visit.is_json:
        return visit.answer_json({"Attributes": found} if found else {})
    return visit.answer_query(
        "".join(
            f"<Attribute><Name>{escape_any(name)}</Name>"
            f"<Value>{escape_any(value)}</Value></Attribute>"
            for name, value in found.items()
        )
    )


async def _require_queue(visit: Visit) -> None:
    if await _ask_attributes(visit, _url(visit), (ARN_NAME,)) is None:
        raise _no_queue(visit)


# --- the policy itself, and faults ----------------------------------------------------


def _check(text: str) -> None:
    try:
        check(text)
    except PolicyRefused as error:
        raise _invalid_policy() from error


async def _put(visit: Visit, text: str) -> None:
    try:
        await visit.tools.policies.put(
            visit.arn, visit.account, text, visit.admitted.now
        )
    except PolicyRefused as error:
        raise _invalid_policy() from error


def _invalid_policy() -> Fault:
    return Fault(
        "InvalidAttributeValue", "Invalid value for the parameter Policy.", 400
    )


def _invalid(visit: Visit, value: str, name: str, why: str) -> Fault:
    told = f"Value {value} for parameter {name} is invalid. Reason: {why}"
    return _fault(visit, "InvalidParameterValue", told)


def _misread(visit: Visit) -> Fault:
    return _fault(visit, "InvalidParameterValue", "The attributes are not understood.")


def _no_queue(visit: Visit) -> Fault:
    code = "QueueDoesNotExist" if visit.is_json else _QUERY_CODES["QueueDoesNotExist"]
    return _fault(visit, code, "The specified queue does not exist.")


def _fault(visit: Visit, code: str, message: str) -> Fault:
    if visit.is_json:
        code = _JSON_CODES.get(code, code)
    return Fault(code, message, 400)


_QUERY_CODES = {"QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue"}
_JSON_CODES = {
    "InvalidParameterValue": "InvalidParameterValueException",
    "MissingParameter": "MissingRequiredParameterException",
    "QueueAlreadyExists": "QueueNameExists",
}

HANDLERS: dict[str, Handler] = {
    "AddPermission": add_permission,
    "CreateQueue": create_queue,
    "DeleteQueue": delete_queue,
    "GetQueueAttributes": get_queue_attributes,
    "RemovePermission": remove_permission,
    "SetQueueAttributes": set_queue_attributes,
}
