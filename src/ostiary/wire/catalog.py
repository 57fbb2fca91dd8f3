"""Which service and operation a request is for, and with which parameters.

One URL serves every service. The credential scope says which service a signed
request means, and everything else in the request must agree with it (T48, T53): an
STS scope with an IAM Version, an X-Amz-Target of another service, or a path that
the service does not have is refused, so no request can be read in two ways.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from ostiary.wire import form, json, json_model, json_types, query, s3
from ostiary.wire.claim import Claim
from ostiary.wire.faults import Fault, too_large
from ostiary.wire.http import Request
from ostiary.wire.plain import NOTHING, find_plain, keep_plain
from ostiary.wire.presigned import PARAMETERS
from ostiary.wire.service import (
    BY_NAME,
    BY_VERSION,
    ORGANIZATIONS,
    S3,
    SQS_QUERY,
    UNKNOWN,
    UNKNOWN_JSON,
    Protocol,
    Service,
    find_by_target,
    find_others,
    table,
)
from ostiary.wire.target import Target

__all__ = ["Protocol", "Service", "Target", "read", "route"]

LOCAL_HOSTS = ("localhost",)
LARGEST_BODY = 1024 * 1024
# DynamoDB nests values 32 levels deep, each of them two levels of JSON.
_DEPTHS = {"dynamodb": 72}
_LARGEST_BODIES = {"dynamodb": 16 * 1024 * 1024}
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}", re.ASCII)
_HINT = re.compile(r"/([A-Za-z0-9-]{1,64})/aws4_request", re.ASCII)
_VERSION = re.compile(r"(?:\A|&)Version=([0-9-]{10})(?=&|\Z)", re.ASCII)
_QUEUE_PATH = re.compile(r"/[0-9]{12}/[A-Za-z0-9_-]{1,80}(?:\.fifo)?", re.ASCII)
_FORM_TYPE = "application/x-www-form-urlencoded"
_CHARSETS = frozenset({"", "charset=utf-8"})
_JSON_TYPE = re.compile(r"application/x-amz-json-1\.[01]\Z", re.ASCII)
_READING = ("Get", "List", "Describe")
_RPC_PATH = re.compile(r"/service/[A-Za-z0-9_.]{1,128}/operation/([A-Za-z0-9_]{1,128})")
_LONGEST_ECHO = 128
_LOCAL = frozenset({"iam", "sts"})


def route(request: Request, claim: Claim | None) -> Service:
    """Gives the service that a request addresses. Total: it never raises.

    With a claim, that is the service of its scope, and `read` demands that the rest
    agrees. Without one, the request's own words decide; whoever is refused then is
    refused in words that fit, and whoever is let in is anonymous.
    """
    target = request.index.get("x-amz-target")
    if claim is not None:
        return _by_name(claim.service, request, target)
    if target is not None:
        return find_by_target(target.partition(".")[0]) or UNKNOWN_JSON
    hint = _HINT.search(request.index.get("authorization", "") or request.query)
    if hint:
        return _by_name(hint[1], request, target)
    # Nothing is decoded here: a spelling that this does not know is not a call.
    for text in (request.query, _peek(request)):
        version = _VERSION.search(text)
        if version and version[1] in BY_VERSION:
            return BY_VERSION[version[1]]
    return S3


def _peek(request: Request) -> str:
    body = request.body
    if not isinstance(body, bytes) or not _is_form(request):
        return ""
    return body[:LARGEST_BODY].decode("latin-1")


def _is_form(request: Request) -> bool:
    return _is_form_type(request.index.get("content-type", ""))


@lru_cache(maxsize=64)
def _is_form_type(text: str) -> bool:
    kind, _, rest = text.lower().partition(";")
    return kind.strip() == _FORM_TYPE and rest.replace(" ", "") in _CHARSETS


def _by_name(name: str, request: Request, target: str | None) -> Service:
    if name in BY_NAME:
        if name == "sqs" and target is None and not _is_json_type(request):
            return SQS_QUERY
        return BY_NAME[name]
    others = find_others(name)
    if not others:
        return UNKNOWN if target is None else UNKNOWN_JSON
    if target is not None:
        prefix = target.partition(".")[0]
        return next((s for s in others if s.target == prefix), others[0])
    return others[0]


def _is_json_type(request: Request) -> bool:
    kind = request.index.get("content-type", "")
    return kind.startswith("application/x-amz-json")


def read(
    request: Request, service: Service, *, hosts: tuple[str, ...] = LOCAL_HOSTS
) -> Target:
    """Gives what the request asks of a service, which `route` gave.

    Args:
        request: What arrived.
        service: From `route`.
        hosts: The names under which a host label is an S3 bucket.

    Raises:
        Fault: It cannot be read in exactly one way.
    """
    if not service.modelled:
        return _read_unmodelled(request, service)
    match service.protocol:
        case Protocol.QUERY | Protocol.EC2:
            target = find_plain(request, service)
            return target or keep_plain(request, _read_query(request, service))
        case Protocol.JSON:
            return _read_json(request, service)
        case _:
            return _read_s3(request, service, hosts)


def _target(
    service: Service,
    operation: str,
    request: Request,
    params: Mapping[str, Any],
    *,
    modelled: bool = True,
) -> Target:
    """Gives the target of any service but S3, whose targets say more."""
    return Target(
        service=service,
        operation=operation,
        protocol=service.protocol,
        params=params,
        modelled=modelled,
        bucket=None,
        key=None,
        upload=False,
        resource=request.path,
    )


def peek(request: Request) -> str:
    """Gives the operation that a request of the query protocol seems to name, or `""`.

    For refusals only: what is done is what `read` gives.
    """
    named = ""
    for text in (request.query, _peek(request)):
        found = re.search(r"(?:\A|&)Action=([A-Za-z0-9_]{1,128})(?=&|\Z)", text)
        named = found[1] if found else named
    return named


def _read_unmodelled(request: Request, service: Service) -> Target:
    """Names the operation, so that the refusal can, and reads nothing else."""
    named = request.index.get("x-amz-target", "").rpartition(".")[2]
    path = _RPC_PATH.fullmatch(request.path)
    if path:
        named = path[1]
    elif service.protocol is Protocol.QUERY:
        named = peek(request) or named
    operation = named if _WORD.fullmatch(named) else ""
    return _target(service, operation, request, {}, modelled=False)


def _read_query(request: Request, service: Service) -> Target:
    if "x-amz-target" in request.index or request.index.get("content-encoding"):
        raise Fault("InvalidRequest", "Headers of another protocol.", 400)
    pairs = _query_pairs(request)
    action = pairs.pop("Action", None)
    version = pairs.pop("Version", None)
    if action is None:
        told = "The request must contain the parameter Action"
        raise Fault("MissingAction", told, 400)
    _check_version(service, action, version)
    if request.method != "POST" and not action.startswith(_READING):
        told = "The specified method is not allowed against this resource."
        raise Fault("MethodNotAllowed", told, 405)
    if service.name in _LOCAL:
        if not query.has_operation(service, action):
            raise _invalid_action(action)
        _check_root(request)
        params = query.read(service, action, pairs) or NOTHING
        return _target(service, action, request, params)
    names = _names(service.name, _names_column(service)).get(action)
    if names is None:
        raise _invalid_action(action)
    nested: dict[str, Any] = {**form.read_form(pairs, names)}
    _take_queue_path(request, service, names, nested)
    return _target(service, action, request, nested)


def _query_pairs(request: Request) -> dict[str, str]:
    """Gives the parameters of query and body, which may not share a name (T44)."""
    pairs: dict[str, str] = {}
    if request.query:
        pairs = form.read_pairs(request.query)
        for name in PARAMETERS:
            pairs.pop(name, None)
    body = _body(request, LARGEST_BODY)
    if request.method != "POST" and (request.method != "GET" or body):
        told = "The specified method is not allowed against this resource."
        raise Fault("MethodNotAllowed", told, 405)
    if not body:
        return pairs
    more = _form_pairs(request, body)
    for name in pairs:
        if name in more:
            shown = name[:_LONGEST_ECHO]
            told = f"Parameter '{shown}' is both in the query and in the body."
            raise Fault("ValidationError", told, 400)
    return pairs | more


def _form_pairs(request: Request, body: bytes) -> dict[str, str]:
    if not _is_form(request):
        told = f"The content type of a query request is {_FORM_TYPE}."
        raise Fault("UnsupportedMediaType", told, 415)
    text = body.decode("latin-1")
    # Some readers split at semicolons too; every client encodes those it means.
    if ";" in text:
        told = "The query string contains a syntax error"
        raise Fault("MalformedQueryString", told, 400)
    return form.read_pairs(text)


def _body(request: Request, largest: int) -> bytes:
    body = request.body
    if not isinstance(body, bytes) or len(body) > largest:
        raise Fault("RequestEntityTooLarge", too_large(UNKNOWN_JSON).message, 413)
    return body


def _check_version(service: Service, action: str, version: str | None) -> None:
    if version == service.version:
        return
    other = BY_VERSION.get(version or "")
    if other is not None:
        told = f"Credential should be scoped to correct service: '{other.name}'. "
        raise Fault("SignatureDoesNotMatch", told, 403)
    shown = (version or "NO_VERSION_SPECIFIED")[:_LONGEST_ECHO]
    told = f"Could not find operation {action[:_LONGEST_ECHO]} for version {shown}"
    raise Fault("InvalidAction", told, 400)


def _invalid_action(action: str) -> Fault:
    shown = action[:_LONGEST_ECHO]
    told = f"The action {shown} is not valid for this web service"
    return Fault("InvalidAction", told, 400)


def _check_root(request: Request) -> None:
    if request.path not in {"", "/"}:
        told = "The requested path is not served."
        raise Fault("InvalidRequest", told, 400)


def _names_column(service: Service) -> str:
    if service is ORGANIZATIONS:
        return "names"
    return "query" if service is SQS_QUERY else "operations"


@cache
def _names(service: str, column: str) -> dict[str, frozenset[str]]:
    rows = table(service)[column]
    return {operation: frozenset(names) for operation, names in rows.items()}


def _take_queue_path(
    request: Request,
    service: Service,
    names: frozenset[str],
    params: dict[str, Any],
) -> None:
    """Reads a queue from the path, as clients of the older protocol send it."""
    if request.path in {"", "/"} or service.name != "sqs" or "QueueUrl" not in names:
        _check_root(request)
        return
    url = params.setdefault("QueueUrl", request.path)
    if not _QUEUE_PATH.fullmatch(request.path) or not (
        isinstance(url, str) and url.endswith(request.path)
    ):
        told = "The path and QueueUrl name different queues."
        raise Fault("InvalidRequest", told, 400)


def _read_json(request: Request, service: Service) -> Target:
    prefix, _, operation = request.index.get("x-amz-target", "").rpartition(".")
    names = _names(service.name, _names_column(service)).get(operation)
    if prefix != service.target or names is None:
        known = find_by_target(prefix)
        if known is not None and known.name == service.name and not known.modelled:
            return _read_unmodelled(request, known)
        raise Fault("UnknownOperationException", "", 400)
    _check_json_head(request)
    largest = _LARGEST_BODIES.get(service.name, LARGEST_BODY)
    try:
        depth = _DEPTHS.get(service.name, 20)
        params = json.load_object(_body(request, largest), depth)
    except json.StrictJSONError as error:
        raise Fault("SerializationException", f"{error}", 400) from error
    for name in params:
        if name not in names:
            told = f"Unknown parameter: '{name[:_LONGEST_ECHO]}'"
            raise Fault("SerializationException", told, 400)
    json_types.check(service.name, operation, params)
    if service is ORGANIZATIONS:
        params = json_model.read(service, operation, params)
    _take_queue_path(request, service, names, params)
    return _target(service, operation, request, params)


def _check_json_head(request: Request) -> None:
    if request.method != "POST" or request.index.get("content-encoding"):
        raise Fault("UnknownOperationException", "", 400)
    if not _JSON_TYPE.match(request.index.get("content-type", "")):
        raise Fault("SerializationException", "Not application/x-amz-json-1.0", 415)
    if any(name not in PARAMETERS for name in form.read_pairs(request.query)):
        raise Fault("SerializationException", "A query is not expected", 400)


def _read_s3(request: Request, service: Service, hosts: tuple[str, ...]) -> Target:
    if "x-amz-target" in request.index:
        raise Fault("InvalidRequest", "Headers of another protocol.", 400)
    location = s3.locate(request, hosts)
    operation, params = s3.match(request, location)
    if location.bucket is not None:
        params["Bucket"] = location.bucket
    if location.key is not None:
        params["Key"] = location.key
    if operation.name == "DeleteObjects":
        params["Delete"] = s3.read_deletes(request)
    return Target(
        service=service,
        operation=operation.name,
        protocol=service.protocol,
        params=params,
        modelled=True,
        bucket=location.bucket,
        key=location.key,
        upload=operation.upload,
        resource=request.path,
    )
