"""Resource policies of DynamoDB tables and streams."""

import hashlib

from ostiary.gate.policy_book import PolicyRefused, check
from ostiary.gate.visit import Handler, Visit, has_succeeded, require_whole
from ostiary.wire.faults import Fault
from ostiary.wire.http import Response
from ostiary.wire.json import StrictJSONError, load_object

LARGEST_POLICY = 20 * 1024
"""Bytes, as on AWS."""
NO_POLICY = "NO_POLICY"
"""What a client expects that wants to be the first."""

_ERROR = 400
_DEPTH = 72


async def create_table(visit: Visit) -> Response:
    """Creates the table without its policy, then stores that."""
    text = visit.params.get("ResourcePolicy")
    if text is None:
        return await visit.forward()
    if not isinstance(text, str):
        raise _invalid("ResourcePolicy is not a text")
    _check(text)
    params = {n: value for n, value in visit.params.items() if n != "ResourcePolicy"}
    response = await visit.forward_json("CreateTable", params)
    if has_succeeded(response):
        await _put(visit, text)
    return response


async def delete_table(visit: Visit) -> Response:
    """Deletes the table upstream, then forgets its policy and those of its streams."""
    response = await visit.forward()
    if has_succeeded(response):
        streams = f"{visit.arn}/stream/"
        known = visit.tools.snapshot.resource_policies
        await visit.tools.policies.delete(
            visit.arn, *(arn for arn in known if arn.startswith(streams))
        )
    return response


async def put_resource_policy(visit: Visit) -> Response:
    """Stores the policy, and tells its revision."""
    text = visit.text("Policy")
    _check(text)
    await _require_table(visit)
    await _put(visit, text)
    stored = await visit.tools.policies.find(visit.arn)
    return visit.answer_json({"RevisionId": revision(stored or text)})


async def get_resource_policy(visit: Visit) -> Response:
    """The policy as it was sent, with the ARNs of today; PolicyNotFoundException."""
    text = await visit.tools.policies.find(visit.arn)
    if text is None:
        await _require_table(visit)
        raise _not_found(visit)
    return visit.answer_json({"Policy": text, "RevisionId": revision(text)})


async def delete_resource_policy(visit: Visit) -> Response:
    """Forgets the policy; tells its revision if there was one."""
    await _require_table(visit)
    text = await visit.tools.policies.find(visit.arn)
    _check_revision(visit, text)
    if text is None:
        return visit.answer_json({})
    await visit.tools.policies.delete(visit.arn)
    return visit.answer_json({"RevisionId": revision(text)})


def revision(text: str) -> str:
    """The revision id of a policy: equal for equal texts, a number as AWS's are."""
    digest = hashlib.sha256(text.encode()).digest()
    return str(1_000_000_000_000 + int.from_bytes(digest[:5], "big"))


def _check_revision(visit: Visit, text: str | None) -> None:
    """Passes when the policy is the one that the client thinks it is."""
    expected = visit.text("ExpectedRevisionId")
    if expected and expected != (NO_POLICY if text is None else revision(text)):
        raise _not_found(visit)


async def _require_table(visit: Visit) -> None:
    """Passes a table that is there; raises what the upstream says instead."""
    table = visit.arn.partition(":table/")[2].partition("/")[0]
    response = await visit.forward_json("DescribeTable", {"TableName": table})
    if has_succeeded(response):
        return
    try:
        told = load_object(require_whole(response), _DEPTH)
    except StrictJSONError as error:
        raise Fault(
            "InternalServerError", "The upstream's answer is not understood.", 502
        ) from error
    code = str(told.get("__type", "")).rpartition("#")[2]
    if code != "ResourceNotFoundException":
        raise Fault(code or "InternalServerError", str(told.get("message", "")), 502)
    raise Fault(code, f"Requested resource not found: {visit.arn}", _ERROR)


def _check(text: str) -> None:
    if len(text.encode("utf-8", "replace")) > LARGEST_POLICY:
        raise _invalid(f"Resource-based policy exceeds {LARGEST_POLICY} bytes")
    try:
        document = check(text)
    except PolicyRefused as error:
        raise _invalid(f"Invalid policy document: {error}") from error
    if any(statement.principal is None for statement in document.statements):
        raise _invalid("Invalid policy document: Missing required field Principal")


async def _put(visit: Visit, text: str) -> None:
    try:
        await visit.tools.policies.put(
            visit.policy(text), lambda before: _check_revision(visit, before)
        )
    except PolicyRefused as error:
        raise _invalid(f"Invalid policy document: {error}") from error


def _invalid(message: str) -> Fault:
    return Fault("ValidationException", message, _ERROR)


def _not_found(visit: Visit) -> Fault:
    return Fault(
        "PolicyNotFoundException",
        f"Resource-based policy not found for the provided ResourceArn: {visit.arn}",
        _ERROR,
    )


HANDLERS: dict[str, Handler] = {
    "CreateTable": create_table,
    "DeleteResourcePolicy": delete_resource_policy,
    "DeleteTable": delete_table,
    "GetResourcePolicy": get_resource_policy,
    "PutResourcePolicy": put_resource_policy,
}
