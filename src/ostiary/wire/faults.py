"""Errors as the wire shows them: a `Fault`, and how each protocol renders it.

Sources: facts 6.5 (shapes and denials), 9.4 (authentication). The wording of
authentication faults is in `wire.refusals`.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping

from ostiary.wire.http import Response
from ostiary.wire.reasons import AuthenticationError, Reason
from ostiary.wire.service import Protocol, Service
from ostiary.wire.xml import escape_any

__all__ = ["AuthenticationError", "Fault", "Reason", "access_denied", "render"]

_SERVER_FAULT = 500
# Faults that the front end of a JSON service raises before the service sees it.
_FRONT_END = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InternalFailure",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "RequestEntityTooLargeException",
        "SerializationException",
        "ServiceUnavailableException",
        "UnknownOperationException",
        "UnrecognizedClientException",
    }
)
_TYPE_PREFIXES = {
    "dynamodb": "com.amazonaws.dynamodb.v20120810#",
    "sqs": "com.amazonaws.sqs#",
}
_CAPITAL = frozenset({"dynamodb", "organizations"})
_ACTION = {
    name: re.compile(rf"\b{name}:[A-Za-z]+", re.ASCII) for name in ("sqs", "sns")
}


class Fault(Exception):  # noqa: N818  # the glossary's word: an error as the wire shows it
    """An error that the client is to see.

    Attributes:
        code: AWS's code.
        message: AWS's wording.
        status: The HTTP status.
        extra: Elements that the error's body adds, in order, in S3 and Organizations.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, message, status)
        self.code = code
        self.message = message
        self.status = status
        self.extra: Mapping[str, str] = extra or {}


def access_denied(service: Service, sentence: str) -> Fault:
    """Gives a service's own way of saying that the policies do not allow it.

    `sentence` is the whole one: `User: … is not authorized to perform: …`.
    """
    told, code, status = sentence, "AccessDenied", 403
    if is_s3(service):
        told = "Access Denied"
    elif service.name == "sns":
        told = _ACTION["sns"].sub(lambda m: f"SNS{m[0][3:]}", sentence)
        code = "AuthorizationError"
    elif service.protocol is Protocol.EC2:
        told = f"You are not authorized to perform this operation. {sentence}"
        code = "UnauthorizedOperation"
    elif is_json(service):
        code = "AccessDeniedException"
        if service.protocol is not Protocol.REST_JSON:
            status = 400
    if service.name == "sqs":
        told = _ACTION["sqs"].sub(lambda m: m[0].lower(), sentence)
        status = 403
    return Fault(code, told, status)


def with_encoded(fault: Fault, encoded: str) -> Fault:
    """Gives EC2's refusal with the message that STS decodes (facts 6.5)."""
    told = f"{fault.message}. Encoded authorization failure message: {encoded}"
    return Fault(fault.code, told, fault.status)


def is_json(service: Service) -> bool:
    """Tells whether a service's codes end in `Exception`, as JSON services' do."""
    return service.protocol in {Protocol.JSON, Protocol.REST_JSON, Protocol.CBOR}


def is_s3(service: Service) -> bool:
    """Tells whether a service words its faults as S3 does."""
    return service.name in {"s3", "unknown"} and service.protocol is Protocol.REST_XML


def internal_failure(service: Service) -> Fault:
    """Gives the answer to a bug of ours; it says nothing about it."""
    if is_s3(service):
        told = "We encountered an internal error. Please try again."
        return Fault("InternalError", told, 500)
    if service.protocol is Protocol.EC2:
        return Fault("InternalError", "An internal error has occurred", 500)
    told = (
        "The request processing has failed because of an unknown error, "
        "exception or failure."
    )
    return Fault("InternalFailure", told, 500)


def service_unavailable(service: Service) -> Fault:
    """Gives "cannot say", which clients retry; never used for "no"."""
    told = "The request has failed due to a temporary failure of the server."
    if service.protocol is Protocol.EC2:
        return Fault("Unavailable", told, 503)
    code = "ServiceUnavailableException" if is_json(service) else "ServiceUnavailable"
    return Fault(code, told, 503)


def too_large(service: Service) -> Fault:
    """Gives the refusal of a body above the limit."""
    if is_s3(service):
        told = "Your proposed upload exceeds the maximum allowed size"
        return Fault("EntityTooLarge", told, 413)
    suffix = "Exception" if is_json(service) else ""
    told = "Request body exceeds the maximum allowed size."
    return Fault(f"RequestEntityTooLarge{suffix}", told, 413)


def render(
    fault: Fault,
    service: Service,
    request_id: str,
    *,
    resource: str = "",
    head: bool = False,
) -> Response:
    """Gives the answer that the service itself would send.

    Args:
        fault: What to say.
        service: In whose words.
        request_id: For the body and for the header that the service uses.
        resource: The path, which S3 repeats.
        head: Whether the request was a HEAD, whose answer has no body.
    """
    response = _RENDERERS[service.protocol](fault, service, request_id, resource)
    if not head:
        return response
    return Response(status=response.status, headers=response.headers, body=b"")


def _render_query(
    fault: Fault, service: Service, request_id: str, _resource: str
) -> Response:
    kind = "Receiver" if fault.status >= _SERVER_FAULT else "Sender"
    xmlns = f' xmlns="{service.xmlns}"' if service.xmlns else ""
    body = (
        f"<ErrorResponse{xmlns}><Error><Type>{kind}</Type>"
        f"<Code>{escape_any(fault.code)}</Code>"
        f"<Message>{escape_any(fault.message)}</Message></Error>"
        f"<RequestId>{escape_any(request_id)}</RequestId></ErrorResponse>"
    )
    headers = (("content-type", "text/xml"), ("x-amzn-RequestId", request_id))
    return Response(status=fault.status, headers=headers, body=body.encode())


def _render_ec2(
    fault: Fault, _service: Service, request_id: str, _resource: str
) -> Response:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Response><Errors><Error><Code>{escape_any(fault.code)}</Code>"
        f"<Message>{escape_any(fault.message)}</Message></Error></Errors>"
        f"<RequestID>{escape_any(request_id)}</RequestID></Response>"
    )
    headers = (
        ("content-type", "text/xml;charset=UTF-8"),
        ("x-amzn-RequestId", request_id),
    )
    return Response(status=fault.status, headers=headers, body=body.encode())


def _render_rest_xml(
    fault: Fault, service: Service, request_id: str, resource: str
) -> Response:
    if not is_s3(service):
        return _render_query(fault, service, request_id, resource)
    # AWS's host id is opaque; ours follows from the request id, so it says nothing.
    digest = hashlib.sha384(request_id.encode()).digest()
    host_id = base64.b64encode(digest).decode()
    told = {"Code": fault.code, "Message": fault.message, **fault.extra}
    if resource:
        told["Resource"] = resource
    told |= {"RequestId": request_id, "HostId": host_id}
    inner = "".join(
        f"<{name}>{escape_any(text)}</{name}>" for name, text in told.items()
    )
    headers = (
        ("content-type", "application/xml"),
        ("x-amz-request-id", request_id),
        ("x-amz-id-2", host_id),
    )
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'
    return Response(status=fault.status, headers=headers, body=body.encode())


def _render_json(
    fault: Fault, service: Service, request_id: str, _resource: str
) -> Response:
    prefix = _TYPE_PREFIXES.get(service.name, "")
    if prefix and fault.code in _FRONT_END:
        prefix = "com.amazon.coral.service#"
    denied = fault.code == "AccessDeniedException"
    own = service.name == "organizations" and fault.code not in _FRONT_END
    capital = own or (denied and service.name in _CAPITAL)
    key = "Message" if capital else "message"
    extra = fault.extra if own else {}
    body = json.dumps({"__type": f"{prefix}{fault.code}", key: fault.message, **extra})
    version = service.json_version or "1.1"
    headers = [
        ("content-type", f"application/x-amz-json-{version}"),
        ("x-amzn-RequestId", request_id),
    ]
    if service.name == "sqs":
        # Clients of the older protocol knew the code without its suffix.
        kind = "Receiver" if fault.status >= _SERVER_FAULT else "Sender"
        code = fault.code.removesuffix("Exception")
        headers.append(("x-amzn-query-error", f"{code};{kind}"))
    return Response(status=fault.status, headers=tuple(headers), body=body.encode())


def _render_rest_json(
    fault: Fault, _service: Service, request_id: str, _resource: str
) -> Response:
    headers = (
        ("content-type", "application/json"),
        ("x-amzn-RequestId", request_id),
        ("x-amzn-errortype", fault.code),
    )
    body = json.dumps({"message": fault.message})
    return Response(status=fault.status, headers=headers, body=body.encode())


def _render_cbor(
    fault: Fault, _service: Service, request_id: str, _resource: str
) -> Response:
    # A map of two pairs of text, RFC 8949 section 3.
    words = ("__type", fault.code, "message", fault.message)
    body = b"\xa2" + b"".join(_cbor_text(word) for word in words)
    headers = (
        ("content-type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("x-amzn-RequestId", request_id),
    )
    return Response(status=fault.status, headers=headers, body=body)


def _cbor_text(text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    return b"\x7a" + len(raw).to_bytes(4, "big") + raw


_RENDERERS: dict[Protocol, Callable[[Fault, Service, str, str], Response]] = {
    Protocol.QUERY: _render_query,
    Protocol.EC2: _render_ec2,
    Protocol.JSON: _render_json,
    Protocol.REST_JSON: _render_rest_json,
    Protocol.REST_XML: _render_rest_xml,
    Protocol.CBOR: _render_cbor,
}
