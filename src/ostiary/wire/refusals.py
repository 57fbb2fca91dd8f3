"""How each kind of service words an authentication failure (facts 6.5, 7.6, 9.4).

A reason and a family of services give code, status and sentence. Where the
sentence is None, it is the one that the failure itself carries.
"""

from typing import TypeAlias

from ostiary.wire.faults import Fault, is_s3
from ostiary.wire.reasons import AuthenticationError, Reason
from ostiary.wire.service import Protocol, Service

_Row: TypeAlias = tuple[str, int, str | None]

_ONE_MECHANISM = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
    "Signature query string parameter or the Authorization header should be specified"
)
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. "
    "Consult the service documentation for details."
)
_S3_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)
_MISSING = "Request is missing Authentication Token"
_INVALID = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"
_NOT_SIGNED = "There were headers present in the request which were not signed"
_EC2_REFUSED = "AWS was not able to validate the provided access credentials"
_EC2_EXPIRED = "Request has expired."
_PAYLOAD_VALUES = (
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
)

_QUERY_MISMATCH: _Row = ("SignatureDoesNotMatch", 403, _MISMATCH)
_QUERY_SAYS: _Row = ("SignatureDoesNotMatch", 403, None)
_INCOMPLETE: _Row = ("IncompleteSignature", 400, None)
_QUERY: dict[Reason, _Row] = {
    Reason.ANONYMOUS: ("MissingAuthenticationToken", 403, _MISSING),
    Reason.TWO_MECHANISMS: ("InvalidArgument", 400, _ONE_MECHANISM),
    Reason.UNSUPPORTED: _INCOMPLETE,
    Reason.MALFORMED: _INCOMPLETE,
    Reason.AMBIGUOUS_HEADER: _INCOMPLETE,
    Reason.HOST_NOT_SIGNED: _QUERY_SAYS,
    Reason.HEADERS_NOT_SIGNED: ("AccessDenied", 403, _NOT_SIGNED),
    Reason.DATE_MISSING: _INCOMPLETE,
    Reason.SCOPE: _QUERY_SAYS,
    Reason.EXPIRES: _INCOMPLETE,
    Reason.TOO_OLD: _QUERY_SAYS,
    Reason.TOO_NEW: _QUERY_SAYS,
    Reason.PRESIGNED_EXPIRED: _QUERY_SAYS,
    Reason.UNKNOWN_KEY: ("InvalidClientTokenId", 403, _INVALID),
    Reason.SIGNATURE: _QUERY_MISMATCH,
    Reason.INVALID_TOKEN: ("InvalidClientTokenId", 403, _INVALID),
    Reason.EXPIRED_TOKEN: ("ExpiredToken", 403, _EXPIRED),
    Reason.PAYLOAD_MISSING: _QUERY_MISMATCH,
    Reason.PAYLOAD_INVALID: _QUERY_MISMATCH,
    Reason.PAYLOAD_MISMATCH: _QUERY_MISMATCH,
    Reason.PAYLOAD_UNSIGNED: _QUERY_MISMATCH,
    Reason.CHUNKS: _QUERY_MISMATCH,
    Reason.TRAILER: _QUERY_MISMATCH,
}

_JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "InvalidArgument": "InvalidArgumentException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}

_EC2_FAILURE: _Row = ("AuthFailure", 401, _EC2_REFUSED)
_EC2_LATE: _Row = ("RequestExpired", 400, _EC2_EXPIRED)
_EC2: dict[Reason, _Row] = {
    **dict.fromkeys(Reason, _EC2_FAILURE),
    Reason.ANONYMOUS: ("MissingAuthenticationToken", 403, _MISSING),
    Reason.TWO_MECHANISMS: ("InvalidArgument", 400, _ONE_MECHANISM),
    Reason.UNSUPPORTED: _INCOMPLETE,
    Reason.MALFORMED: _INCOMPLETE,
    Reason.AMBIGUOUS_HEADER: _INCOMPLETE,
    Reason.HEADERS_NOT_SIGNED: ("AccessDenied", 403, _NOT_SIGNED),
    Reason.DATE_MISSING: _INCOMPLETE,
    Reason.EXPIRES: _INCOMPLETE,
    Reason.TOO_OLD: _EC2_LATE,
    Reason.TOO_NEW: _EC2_LATE,
    Reason.PRESIGNED_EXPIRED: _EC2_LATE,
    Reason.EXPIRED_TOKEN: _EC2_LATE,
}

_S3_MALFORMED: _Row = ("AuthorizationHeaderMalformed", 400, None)
_S3: dict[Reason, _Row] = {
    Reason.ANONYMOUS: ("AccessDenied", 403, "Access Denied"),
    Reason.TWO_MECHANISMS: ("InvalidArgument", 400, _ONE_MECHANISM),
    Reason.UNSUPPORTED: (
        "InvalidRequest",
        400,
        (
            "The authorization mechanism you have provided is not supported. "
            "Please use AWS4-HMAC-SHA256."
        ),
    ),
    Reason.MALFORMED: _S3_MALFORMED,
    Reason.AMBIGUOUS_HEADER: (
        "InvalidRequest",
        400,
        "A header of this request is ambiguous.",
    ),
    Reason.HOST_NOT_SIGNED: ("AccessDenied", 403, _NOT_SIGNED),
    Reason.HEADERS_NOT_SIGNED: ("AccessDenied", 403, _NOT_SIGNED),
    Reason.DATE_MISSING: (
        "AccessDenied",
        403,
        "AWS authentication requires a valid Date or x-amz-date header",
    ),
    Reason.SCOPE: _S3_MALFORMED,
    Reason.EXPIRES: _S3_MALFORMED,
    Reason.TOO_OLD: (
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    ),
    Reason.TOO_NEW: (
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    ),
    Reason.PRESIGNED_EXPIRED: ("AccessDenied", 403, "Request has expired"),
    Reason.UNKNOWN_KEY: (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    Reason.SIGNATURE: ("SignatureDoesNotMatch", 403, _S3_MISMATCH),
    Reason.INVALID_TOKEN: (
        "InvalidToken",
        400,
        "The provided token is malformed or otherwise invalid.",
    ),
    Reason.EXPIRED_TOKEN: ("ExpiredToken", 400, "The provided token has expired."),
    Reason.PAYLOAD_MISSING: (
        "InvalidRequest",
        400,
        "Missing required header for this request: x-amz-content-sha256",
    ),
    Reason.PAYLOAD_INVALID: ("InvalidArgument", 400, _PAYLOAD_VALUES),
    Reason.PAYLOAD_MISMATCH: (
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    ),
    Reason.PAYLOAD_UNSIGNED: (
        "InvalidRequest",
        400,
        "An unsigned payload is accepted over TLS and for object data only.",
    ),
    Reason.CHUNKS: (
        "IncompleteBody",
        400,
        "The request body terminated unexpectedly",
    ),
    Reason.TRAILER: (
        "MalformedTrailerError",
        400,
        (
            "The request contained trailing data that was not well-formed or did not "
            "conform to our published schema."
        ),
    ),
}


def refuse(service: Service, error: AuthenticationError) -> Fault:
    """Gives an authentication failure in the words of the service."""
    if is_s3(service):
        return _refuse_s3(error)
    if service.protocol is Protocol.EC2:
        code, status, sentence = _EC2[error.reason]
        return Fault(code, sentence or error.message, status)
    code, status, sentence = _QUERY[error.reason]
    told = sentence or error.message
    if service.protocol in {Protocol.QUERY, Protocol.REST_XML}:
        return Fault(code, told, status)
    # JSON services say 400 where the others say 403, but for a header that was
    # added on the way, which is a refusal everywhere.
    front = service.protocol is not Protocol.REST_JSON
    if front and error.reason is not Reason.HEADERS_NOT_SIGNED:
        status = 400
    return Fault(_JSON_CODES[code], told, status)


def _refuse_s3(error: AuthenticationError) -> Fault:
    code, status, sentence = _S3[error.reason]
    if error.presigned and error.reason is Reason.TOO_NEW:
        code, sentence = "AccessDenied", "Request is not yet valid"
    if error.presigned and code == "AuthorizationHeaderMalformed":
        code = "AuthorizationQueryParametersError"
    return Fault(code, sentence or error.s3 or error.message, status, dict(error.extra))
