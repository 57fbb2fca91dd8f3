"""Bucket policies: set, shown and deleted here.

The upstream is only asked whether the bucket is there.
"""

import re

from ostiary.gate.ownership import remember_state, require_bucket
from ostiary.gate.policy_book import PolicyRefused, check
from ostiary.gate.visit import Handler, Visit
from ostiary.policy import Document, Effect
from ostiary.policy.document import Condition, Statement
from ostiary.policy.pattern import fold
from ostiary.wire.faults import Fault
from ostiary.wire.http import Request, Response
from ostiary.wire.s3 import XMLNS

LARGEST_POLICY = 20 * 1024
"""Bytes, as on AWS."""

_ARN = re.compile(r"arn:[a-z-]+:s3:::(.*)", re.ASCII | re.DOTALL)
_NARROWING = frozenset(
    fold(key)
    for key in (
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceIp",
        "aws:SourceVpc",
        "aws:SourceVpce",
        "aws:userid",
        "s3:DataAccessPointAccount",
        "s3:DataAccessPointArn",
    )
)
"""Keys that keep a policy for everybody from being public, with fixed values."""
_NO_JSON = "Policies must be valid JSON and the first byte must be '{'"
_WORDS = {
    "Policy statement must contain actions.": "Missing required field Action",
    "Policy statement must contain resources.": "Missing required field Resource",
}
"""S3's own words, where they differ from those of IAM."""
_EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})


async def put_bucket_policy(visit: Visit) -> Response:
    """Stores the body as the bucket's policy.

    Raises:
        Fault: MalformedPolicy in S3's words, or NoSuchBucket.
    """
    text = _body_text(visit.admitted.request)
    try:
        _check_bucket(check(text), visit.bucket)
        await require_bucket(visit)
        await visit.tools.policies.put(visit.policy(text, visit.bucket_arn))
    except PolicyRefused as error:
        raise malformed(_WORDS.get(str(error), str(error))) from error
    if visit.owned is None:
        # A bucket that the upstream had before: from now on decisions know its
        # owner, so that the policy can speak about other accounts.
        await remember_state(visit, {})
    return Response(status=204, headers=(), body=b"")


async def get_bucket_policy(visit: Visit) -> Response:
    """The policy as it was sent, with the ARNs of today; NoSuchBucketPolicy."""
    text = await _get(visit)
    headers = (("content-type", "application/json"),)
    return Response(status=200, headers=headers, body=text.encode())


async def delete_bucket_policy(visit: Visit) -> Response:
    """Forgets the policy; there need not be one."""
    await require_bucket(visit)
    await visit.tools.policies.delete(visit.bucket_arn)
    return Response(status=204, headers=(), body=b"")


async def get_bucket_policy_status(visit: Visit) -> Response:
    """Whether the policy makes the bucket public; NoSuchBucketPolicy."""
    text = await _get(visit)
    word = "true" if is_public(check(text)) else "false"
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<PolicyStatus xmlns="{XMLNS}">'
        f"<IsPublic>{word}</IsPublic></PolicyStatus>"
    )
    headers = (("content-type", "application/xml"),)
    return Response(status=200, headers=headers, body=body.encode())


def is_public(document: Document) -> bool:
    """Whether a statement lets everybody in, from everywhere."""
    return any(_is_open(statement) for statement in document.statements)


def malformed(message: str) -> Fault:
    """S3's refusal of a policy."""
    return Fault("MalformedPolicy", message, 400)


async def _get(visit: Visit) -> str:
    text = await visit.tools.policies.find(visit.bucket_arn)
    if text is not None:
        return text
    await require_bucket(visit)
    raise Fault(
        "NoSuchBucketPolicy",
        "The bucket policy does not exist",
        404,
        {"BucketName": visit.bucket},
    )


def _body_text(request: Request) -> str:
    body = request.body
    if not isinstance(body, bytes) or len(body) > LARGEST_POLICY:
        raise malformed("Policy exceeds the maximum allowed document size.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed(_NO_JSON) from error
    if not text.startswith("{"):
        raise malformed(_NO_JSON)
    return text


def _check_bucket(document: Document, bucket: str) -> None:
    """Passes a policy that speaks about this bucket and its objects only."""
    for statement in document.statements:
        for action in statement.actions:
            if action != "*" and not fold(action).startswith("s3:"):
                raise PolicyRefused("Policy has invalid action")
        for resource in statement.resources:
            found = _ARN.fullmatch(resource)
            if found is None or not _is_in(found[1], bucket):
                raise PolicyRefused("Policy has invalid resource")
        if statement.principal is None:
            raise PolicyRefused("Missing required field Principal")


def _is_in(name: str, bucket: str) -> bool:
    return name == bucket or name.startswith((f"{bucket}/", f"{bucket}*"))


def _is_open(statement: Statement) -> bool:
    principal = statement.principal
    if statement.effect is not Effect.ALLOW or principal is None:
        return False
    everybody = principal.negated or ("AWS", "*") in principal.members
    return everybody and not any(map(_narrows, statement.conditions))


def _narrows(condition: Condition) -> bool:
    operator = fold(condition.operator)
    if "not" in operator or operator.endswith("ifexists"):
        return False
    if fold(condition.key) not in _NARROWING or not condition.values:
        return False
    return not any(
        value in _EVERYWHERE or "*" in value or "?" in value or "$" in value
        for value in condition.values
    )


HANDLERS: dict[str, Handler] = {
    "DeleteBucketPolicy": delete_bucket_policy,
    "GetBucketPolicy": get_bucket_policy,
    "GetBucketPolicyStatus": get_bucket_policy_status,
    "PutBucketPolicy": put_bucket_policy,
}
