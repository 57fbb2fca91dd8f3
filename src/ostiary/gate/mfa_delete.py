"""MFA Delete of S3: the root user's token code, in a header, for each such request.

It has nothing to do with `aws:MultiFactorAuthPresent` (M61). Where it is on, only
the root user of the account that owns the bucket changes the bucket's versioning or
deletes a version for good, each time with a new code in `x-amz-mfa`; what policies
allow to others does not count. The upstream never hears of it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from ostiary.gate.ownership import remember_state, state_of, xml_document
from ostiary.gate.visit import Handler, Visit, has_succeeded, require_whole
from ostiary.policy import PrincipalKind
from ostiary.wire.faults import Fault
from ostiary.wire.http import Request, Response, is_private
from ostiary.wire.s3 import XMLNS
from ostiary.wire.xml import Element, MalformedXMLError, escape_any, parse

STATE = "mfa_delete"
ENABLED = "Enabled"
DISABLED = "Disabled"

# One blank between the serial number and the code (M62).
_HEADER = re.compile(r"([!-~]{9,256}) ([0-9]{6})", re.ASCII)
_BODY_HEADERS = re.compile(
    r"content-md5|content-length|x-amz-checksum-.*|x-amz-sdk-checksum-algorithm",
    re.ASCII,
)
_LARGEST_CONFIGURATION = 64 * 1024


async def put_bucket_versioning(visit: Visit) -> Response:
    """Switches versioning upstream, and MFA Delete here.

    Raises:
        Fault: AccessDenied without the root user's code where it is asked for.
    """
    configuration = _read_configuration(visit.admitted.request)
    wanted = configuration.get("MfaDelete", "")
    if wanted or is_on(visit):
        await require_code(visit)
    if not wanted:
        return await visit.forward()
    status = configuration.get("Status")
    if status is None:
        raise Fault(
            "IllegalVersioningConfigurationException",
            "The Versioning element must be specified",
            400,
        )
    response = await visit.forward(_with_status(visit.admitted.request, status))
    if has_succeeded(response):
        await remember_state(visit, {STATE: wanted})
    return response


async def get_bucket_versioning(visit: Visit) -> Response:
    """The upstream's answer with our MFA Delete in it, once it was ever set."""
    response = await visit.forward()
    if not has_succeeded(response):
        return response
    try:
        root = parse(require_whole(response), XMLNS)
    except MalformedXMLError as error:
        told = "The upstream's answer is not understood."
        raise Fault("ServiceUnavailable", told, 502) from error
    root.children = [c for c in root.children if c.name.lower() != "mfadelete"]
    state = state_of(visit.owned).get(STATE)
    if state is not None:
        root.children.append(Element("MfaDelete", state))
    body = xml_document(root)
    headers = (
        ("content-type", "application/xml"),
        ("content-length", str(len(body))),
    )
    return Response(status=200, headers=headers, body=body)


async def delete_object(visit: Visit) -> Response:
    """Deletes an object; a version of it for good, where asked, with a code."""
    if "VersionId" in visit.params and is_on(visit):
        await require_code(visit)
    return await visit.forward()


async def delete_objects(visit: Visit) -> Response:
    """Deletes objects; one code serves all versions of one request."""
    deletes = visit.params.get("Delete")
    objects = deletes.get("Objects", ()) if isinstance(deletes, Mapping) else ()
    if any("VersionId" in one for one in objects) and is_on(visit):
        await require_code(visit)
    return await visit.forward()


async def put_lifecycle(visit: Visit) -> Response:
    """Sets a lifecycle, unless it could delete versions that need a code."""
    if is_on(visit):
        raise Fault(
            "InvalidBucketState",
            "Lifecycle configuration is not allowed on a bucket with MFA Delete "
            "enabled.",
            409,
        )
    return await visit.forward()


def is_on(visit: Visit) -> bool:
    """Whether the bucket has MFA Delete."""
    return state_of(visit.owned).get(STATE) == ENABLED


async def require_code(visit: Visit) -> None:
    """Passes the root user of the bucket's account with a valid code.

    Raises:
        Fault: AccessDenied, whatever is missing. What `verify` raises passes.
    """
    admitted = visit.admitted
    principal = admitted.caller.principal
    if (
        principal.kind is not PrincipalKind.ROOT
        or principal.account != visit.account
        or not is_private(admitted.request)
    ):
        raise _denied()
    found = _HEADER.fullmatch(admitted.request.index.get("x-amz-mfa", ""))
    if found is None:
        raise _denied()
    await visit.tools.verify(found[1], found[2], admitted.caller)


def _denied() -> Fault:
    return Fault(
        "AccessDenied", "Mfa Authentication must be used for this request", 403
    )


def _read_configuration(request: Request) -> dict[str, str]:
    """The elements of a VersioningConfiguration, each at most once."""
    body = request.body
    try:
        if not isinstance(body, bytes) or len(body) > _LARGEST_CONFIGURATION:
            raise _malformed()
        root = parse(body, XMLNS)
    except MalformedXMLError as error:
        raise _malformed() from error
    told = {child.name: child.text for child in root.children}
    if (
        root.name != "VersioningConfiguration"
        or len(told) != len(root.children)
        or not told.keys() <= {"Status", "MfaDelete"}
        or told.get("Status", ENABLED) not in {ENABLED, "Suspended"}
        or told.get("MfaDelete", ENABLED) not in {ENABLED, DISABLED}
    ):
        raise _malformed()
    return told


def _malformed() -> Fault:
    return Fault(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our "
        "published schema",
        400,
    )


def _with_status(request: Request, status: str) -> Request:
    """The same request without its MFA Delete, and without sums of the old body."""
    body = (
        f'<VersioningConfiguration xmlns="{XMLNS}"><Status>{escape_any(status)}'
        "</Status></VersioningConfiguration>"
    )
    headers = tuple(
        pair for pair in request.headers if not _BODY_HEADERS.fullmatch(pair[0])
    )
    return replace(request, headers=headers, body=body.encode())


HANDLERS: dict[str, Handler] = {
    "DeleteObject": delete_object,
    "DeleteObjects": delete_objects,
    "GetBucketVersioning": get_bucket_versioning,
    "PutBucketLifecycleConfiguration": put_lifecycle,
    "PutBucketVersioning": put_bucket_versioning,
}
