"""Attributes of queues in both protocols of SQS: read, sent on, answered."""

from collections.abc import Mapping
from urllib.parse import urlencode

from ostiary.gate.visit import Visit, has_succeeded, require_whole
from ostiary.wire.faults import Fault
from ostiary.wire.http import Response
from ostiary.wire.json import StrictJSONError, load_object
from ostiary.wire.xml import Element, MalformedXMLError, escape_any, parse

Attributes = dict[str, str]

_MISSING = frozenset({400, 404})
_JSON_CODES = {
    "AWS.SimpleQueueService.NonExistentQueue": "QueueDoesNotExist",
    "InvalidParameterValue": "InvalidParameterValueException",
    "MissingParameter": "MissingRequiredParameterException",
    "QueueAlreadyExists": "QueueNameExists",
}
"""The JSON protocol's name for what the older protocol calls so."""


def read_attributes(visit: Visit) -> Attributes:
    """The attributes of the request, however its protocol spells them.

    Raises:
        Fault: one stands twice, or something else stands there.
    """
    node = visit.params.get("Attributes" if visit.is_json else "Attribute", {})
    if visit.is_json:
        pairs = list(node.items()) if isinstance(node, Mapping) else [(None, None)]
    else:
        # A lone attribute may come without its number.
        entries = node if isinstance(node, list) else [node] if node else []
        pairs = [_pair(entry) for entry in entries]
    found: Attributes = {}
    for name, value in pairs:
        if not isinstance(name, str) or not isinstance(value, str) or name in found:
            # Of two, the upstream could take the other one.
            raise misread(visit)
        found[name] = value
    return found


def _pair(entry: object) -> tuple[object, object]:
    if isinstance(entry, Mapping) and entry.keys() == {"Name", "Value"}:
        return entry["Name"], entry["Value"]
    return None, None


def read_texts(visit: Visit, json_name: str, query_name: str) -> tuple[str, ...]:
    """A list of texts, under the name that the protocol has for it."""
    node = visit.params.get(json_name if visit.is_json else query_name, [])
    values = [node] if isinstance(node, str) else node
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise misread(visit)
    return tuple(values)


async def forward_with(visit: Visit, attributes: Attributes) -> Response:
    """The request again, with these attributes in the place of its own."""
    params = dict(visit.params)
    if "QueueUrl" in params:
        params["QueueUrl"] = _url(visit)
    if visit.is_json:
        params.pop("Attributes", None)
        if attributes:
            params["Attributes"] = attributes
        return await visit.forward_json(visit.admitted.target.operation, params)
    params.pop("Attribute", None)
    params["Attribute"] = [{"Name": n, "Value": v} for n, v in attributes.items()]
    return await _forward_form(visit, visit.admitted.target.operation, params)


async def ask_attributes(visit: Visit, names: tuple[str, ...]) -> Attributes | None:
    """The queue's attributes as the upstream has them; None when it has no queue.

    Raises:
        Fault: an answer that is neither.
    """
    operation = "GetQueueAttributes"
    url = _url(visit)
    if visit.is_json:
        params = {"QueueUrl": url, "AttributeNames": list(names)}
        response = await visit.forward_json(operation, params)
    else:
        response = await _forward_form(
            visit, operation, {"QueueUrl": url, "AttributeName": list(names)}
        )
    body = require_whole(response)
    if has_succeeded(response):
        return _from_json(body) if visit.is_json else _from_xml(visit, body)
    if response.status in _MISSING and _tells_missing(body):
        return None
    raise _not_understood()


def answer_attributes(visit: Visit, found: Attributes) -> Response:
    """The answer of GetQueueAttributes."""
    if visit.is_json:
        return visit.answer_json({"Attributes": found} if found else {})
    return visit.answer_query(
        "".join(
            f"<Attribute><Name>{escape_any(name)}</Name>"
            f"<Value>{escape_any(value)}</Value></Attribute>"
            for name, value in found.items()
        )
    )


def queue_fault(visit: Visit, code: str, message: str) -> Fault:
    """A refusal by SQS; `code` is the older protocol's."""
    return Fault(_JSON_CODES.get(code, code) if visit.is_json else code, message, 400)


def misread(visit: Visit) -> Fault:
    """The refusal of parameters that two readers could read differently."""
    told = "The request's attributes are not understood."
    return queue_fault(visit, "InvalidParameterValue", told)


def flatten(node: object, path: str = "") -> list[tuple[str, str]]:
    """Nested parameters as the fields of the form that they were read from."""
    if isinstance(node, str):
        return [(path, node)]
    if isinstance(node, Mapping):
        pairs = list(node.items())
    elif isinstance(node, list):
        pairs = [(str(number), value) for number, value in enumerate(node, 1)]
    else:
        raise TypeError("a form holds text only")
    dot = f"{path}." if path else ""
    return [field for name, value in pairs for field in flatten(value, f"{dot}{name}")]


def _url(visit: Visit) -> str:
    """A URL of the queue that was decided on; upstreams read its end."""
    return f"http://localhost/{visit.account}/{visit.arn.rpartition(':')[2]}"


async def _forward_form(
    visit: Visit, operation: str, params: Mapping[str, object]
) -> Response:
    version = visit.admitted.target.service.version
    fields = [("Action", operation), ("Version", version), *flatten(params)]
    return await visit.forward_form(urlencode(fields).encode())


def _tells_missing(body: bytes) -> bool:
    return b"NonExistentQueue" in body or b"QueueDoesNotExist" in body


def _from_json(body: bytes) -> Attributes:
    try:
        found = load_object(body).get("Attributes", {})
    except StrictJSONError as error:
        raise _not_understood() from error
    return {str(name): str(value) for name, value in found.items()}


def _from_xml(visit: Visit, body: bytes) -> Attributes:
    try:
        root = parse(body, visit.admitted.target.service.xmlns)
    except MalformedXMLError as error:
        raise _not_understood() from error
    return {
        _child(entry, "Name"): _child(entry, "Value")
        for result in root.children
        if result.name == "GetQueueAttributesResult"
        for entry in result.children
        if entry.name == "Attribute"
    }


def _child(element: Element, name: str) -> str:
    return next((c.text for c in element.children if c.name == name), "")


def _not_understood() -> Fault:
    return Fault("ServiceUnavailable", "The upstream's answer is not understood.", 502)
