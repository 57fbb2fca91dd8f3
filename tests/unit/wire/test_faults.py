"""Faults look as each service sends them, byte for byte."""

from xml.parsers import expat

import pytest

from ostiary.wire import faults, refusals
from ostiary.wire.faults import Fault
from ostiary.wire.reasons import AuthenticationError, Reason
from ostiary.wire.service import (
    BY_NAME,
    SQS_QUERY,
    UNKNOWN,
    UNKNOWN_JSON,
    Protocol,
    Service,
    find_others,
)

LAMBDA, KMS, ROUTE53 = (find_others(name)[0] for name in ("lambda", "kms", "route53"))
MONITORING, CLOUDFORMATION = (
    find_others(name)[0] for name in ("monitoring", "cloudformation")
)
FAULT = Fault("Code", "A <b> & é", 400, {"BucketName": "b<"})
SNAPSHOTS: list[tuple[Service, tuple[tuple[str, str], ...], bytes]] = [
    (
        BY_NAME["iam"],
        (("content-type", "text/xml"), ("x-amzn-RequestId", "rid")),
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>Code</Code><Message>A &lt;b&gt; &amp; é</Message></Error><RequestId>rid</RequestId></ErrorResponse>'.encode(),
    ),
    (
        BY_NAME["sts"],
        (("content-type", "text/xml"), ("x-amzn-RequestId", "rid")),
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>Code</Code><Message>A &lt;b&gt; &amp; é</Message></Error><RequestId>rid</RequestId></ErrorResponse>'.encode(),
    ),
    (
        SQS_QUERY,
        (("content-type", "text/xml"), ("x-amzn-RequestId", "rid")),
        '<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type><Code>Code</Code><Message>A &lt;b&gt; &amp; é</Message></Error><RequestId>rid</RequestId></ErrorResponse>'.encode(),
    ),
    (
        BY_NAME["ec2"],
        (("content-type", "text/xml;charset=UTF-8"), ("x-amzn-RequestId", "rid")),
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>Code</Code><Message>A &lt;b&gt; &amp; é</Message></Error></Errors><RequestID>rid</RequestID></Response>'.encode(),
    ),
    (
        BY_NAME["s3"],
        (
            ("content-type", "application/xml"),
            ("x-amz-request-id", "rid"),
            ("x-amz-id-2", "HOSTID"),
        ),
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>Code</Code><Message>A &lt;b&gt; &amp; é</Message><BucketName>b&lt;</BucketName><Resource>/b/k</Resource><RequestId>rid</RequestId><HostId>HOSTID</HostId></Error>'.encode(),
    ),
    (
        BY_NAME["dynamodb"],
        (("content-type", "application/x-amz-json-1.0"), ("x-amzn-RequestId", "rid")),
        b'{"__type": "com.amazonaws.dynamodb.v20120810#Code", "message": "A <b> & \\u00e9"}',
    ),
    (
        BY_NAME["sqs"],
        (
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amzn-RequestId", "rid"),
            ("x-amzn-query-error", "Code;Sender"),
        ),
        b'{"__type": "com.amazonaws.sqs#Code", "message": "A <b> & \\u00e9"}',
    ),
    (
        KMS,
        (("content-type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", "rid")),
        b'{"__type": "Code", "message": "A <b> & \\u00e9"}',
    ),
    (
        LAMBDA,
        (
            ("content-type", "application/json"),
            ("x-amzn-RequestId", "rid"),
            ("x-amzn-errortype", "Code"),
        ),
        b'{"message": "A <b> & \\u00e9"}',
    ),
    (
        MONITORING,
        (
            ("content-type", "application/cbor"),
            ("smithy-protocol", "rpc-v2-cbor"),
            ("x-amzn-RequestId", "rid"),
        ),
        b"\xa2\x7a\x00\x00\x00\x06__type\x7a\x00\x00\x00\x04Code\x7a\x00\x00\x00\x07message\x7a\x00\x00\x00\x0aA <b> & \xc3\xa9",
    ),
    (
        ROUTE53,
        (("content-type", "text/xml"), ("x-amzn-RequestId", "rid")),
        "<ErrorResponse><Error><Type>Sender</Type><Code>Code</Code><Message>A &lt;b&gt; &amp; é</Message></Error><RequestId>rid</RequestId></ErrorResponse>".encode(),
    ),
    (
        UNKNOWN_JSON,
        (("content-type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", "rid")),
        b'{"__type": "Code", "message": "A <b> & \\u00e9"}',
    ),
]


@pytest.mark.parametrize(("service", "headers", "body"), SNAPSHOTS)
def test_a_rendered_fault(
    service: Service, headers: tuple[tuple[str, str], ...], body: bytes
) -> None:
    """Status, headers and whole body, per protocol."""
    response = faults.render(FAULT, service, "rid", resource="/b/k")

    host_id = dict(response.headers).get("x-amz-id-2", "")
    expected = tuple((n, v.replace("HOSTID", host_id)) for n, v in headers)
    assert response.status == 400
    assert response.headers == expected
    assert response.body == body.replace(b"HOSTID", host_id.encode())


@pytest.mark.parametrize("service", [row[0] for row in SNAPSHOTS])
def test_a_head_has_no_body(service: Service) -> None:
    """The answer to a HEAD keeps status and headers."""
    full, head = (
        faults.render(FAULT, service, "rid", head=head) for head in (False, True)
    )

    assert (head.status, head.headers, head.body) == (full.status, full.headers, b"")


@pytest.mark.threat("T56")
def test_a_fault_can_echo_anything() -> None:
    """Control characters and half pairs in a message leave well-formed XML."""
    fault = Fault("Code", "a\x00b\x1fc\ud800d\ufffee]]>", 400)

    for service in (BY_NAME["sts"], BY_NAME["ec2"], BY_NAME["s3"], UNKNOWN):
        body = faults.render(fault, service, "rid").body
        assert isinstance(body, bytes)
        expat.ParserCreate().Parse(body, 1)


SENTENCE = "User: arn:aws:iam::111122223333:user/a is not authorized to perform: {0} on resource: r because no identity-based policy allows the {0} action"


@pytest.mark.parametrize(
    ("service", "action", "code", "status", "message"),
    [
        (
            BY_NAME["iam"],
            "iam:GetUser",
            "AccessDenied",
            403,
            SENTENCE.format("iam:GetUser"),
        ),
        (
            BY_NAME["sts"],
            "sts:AssumeRole",
            "AccessDenied",
            403,
            SENTENCE.format("sts:AssumeRole"),
        ),
        (
            SQS_QUERY,
            "sqs:SendMessage",
            "AccessDenied",
            403,
            SENTENCE.format("sqs:sendmessage"),
        ),
        (
            BY_NAME["sqs"],
            "sqs:SendMessage",
            "AccessDeniedException",
            403,
            SENTENCE.format("sqs:sendmessage"),
        ),
        (
            BY_NAME["sns"],
            "sns:Publish",
            "AuthorizationError",
            403,
            SENTENCE.format("SNS:Publish"),
        ),
        (
            BY_NAME["ec2"],
            "ec2:StopInstances",
            "UnauthorizedOperation",
            403,
            "You are not authorized to perform this operation. "
            + SENTENCE.format("ec2:StopInstances"),
        ),
        (BY_NAME["s3"], "s3:GetObject", "AccessDenied", 403, "Access Denied"),
        (UNKNOWN, "x:Y", "AccessDenied", 403, "Access Denied"),
        (
            BY_NAME["dynamodb"],
            "dynamodb:GetItem",
            "AccessDeniedException",
            400,
            SENTENCE.format("dynamodb:GetItem"),
        ),
        (
            KMS,
            "kms:Decrypt",
            "AccessDeniedException",
            400,
            SENTENCE.format("kms:Decrypt"),
        ),
        (
            LAMBDA,
            "lambda:Invoke",
            "AccessDeniedException",
            403,
            SENTENCE.format("lambda:Invoke"),
        ),
        (
            CLOUDFORMATION,
            "cloudformation:ListStacks",
            "AccessDenied",
            403,
            SENTENCE.format("cloudformation:ListStacks"),
        ),
    ],
)
def test_denials(
    service: Service, action: str, code: str, status: int, message: str
) -> None:
    """Each service says "no" with its own code, status and spelling of the action."""
    fault = faults.access_denied(service, SENTENCE.format(action))

    assert (fault.code, fault.status, fault.message) == (code, status, message)


def test_a_denial_of_dynamodb_has_a_capital_message() -> None:
    """DynamoDB's front end names the service framework and capitalises Message."""
    body = faults.render(
        faults.access_denied(BY_NAME["dynamodb"], "no"), BY_NAME["dynamodb"], "rid"
    ).body

    assert (
        body
        == b'{"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "no"}'
    )


def test_a_denial_of_sqs_tells_the_older_code() -> None:
    """SQS's JSON answer carries the query protocol's code in a header."""
    response = faults.render(
        faults.access_denied(BY_NAME["sqs"], "no"), BY_NAME["sqs"], "rid"
    )

    assert dict(response.headers)["x-amzn-query-error"] == "AccessDenied;Sender"


@pytest.mark.parametrize(
    ("service", "failure", "unavailable", "large"),
    [
        (
            BY_NAME["iam"],
            "InternalFailure",
            "ServiceUnavailable",
            "RequestEntityTooLarge",
        ),
        (BY_NAME["ec2"], "InternalError", "Unavailable", "RequestEntityTooLarge"),
        (BY_NAME["s3"], "InternalError", "ServiceUnavailable", "EntityTooLarge"),
        (
            BY_NAME["dynamodb"],
            "InternalFailure",
            "ServiceUnavailableException",
            "RequestEntityTooLargeException",
        ),
        (
            LAMBDA,
            "InternalFailure",
            "ServiceUnavailableException",
            "RequestEntityTooLargeException",
        ),
    ],
)
def test_faults_of_the_house(
    service: Service, failure: str, unavailable: str, large: str
) -> None:
    """A bug is 500, "cannot say" is 503, too much is 413, in the service's words."""
    made = [
        faults.internal_failure(service),
        faults.service_unavailable(service),
        faults.too_large(service),
    ]

    assert [(fault.code, fault.status) for fault in made] == [
        (failure, 500),
        (unavailable, 503),
        (large, 413),
    ]
    body = faults.render(made[0], BY_NAME["iam"], "rid").body
    assert isinstance(body, bytes)
    assert b"<Type>Receiver</Type>" in body


EVERYWHERE = (
    BY_NAME["iam"],
    BY_NAME["ec2"],
    BY_NAME["s3"],
    BY_NAME["dynamodb"],
    LAMBDA,
)
WORDED: dict[Reason, tuple[tuple[str, int], ...]] = {
    # (code, status) of IAM and STS, EC2, S3, DynamoDB, Lambda
    Reason.ANONYMOUS: (
        ("MissingAuthenticationToken", 403),
        ("MissingAuthenticationToken", 403),
        ("AccessDenied", 403),
        ("MissingAuthenticationTokenException", 400),
        ("MissingAuthenticationTokenException", 403),
    ),
    Reason.TWO_MECHANISMS: (
        ("InvalidArgument", 400),
        ("InvalidArgument", 400),
        ("InvalidArgument", 400),
        ("InvalidArgumentException", 400),
        ("InvalidArgumentException", 400),
    ),
    Reason.UNSUPPORTED: (
        ("IncompleteSignature", 400),
        ("IncompleteSignature", 400),
        ("InvalidRequest", 400),
        ("IncompleteSignatureException", 400),
        ("IncompleteSignatureException", 400),
    ),
    Reason.MALFORMED: (
        ("IncompleteSignature", 400),
        ("IncompleteSignature", 400),
        ("AuthorizationHeaderMalformed", 400),
        ("IncompleteSignatureException", 400),
        ("IncompleteSignatureException", 400),
    ),
    Reason.AMBIGUOUS_HEADER: (
        ("IncompleteSignature", 400),
        ("IncompleteSignature", 400),
        ("InvalidRequest", 400),
        ("IncompleteSignatureException", 400),
        ("IncompleteSignatureException", 400),
    ),
    Reason.HOST_NOT_SIGNED: (
        ("SignatureDoesNotMatch", 403),
        ("AuthFailure", 401),
        ("AccessDenied", 403),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Reason.HEADERS_NOT_SIGNED: (
        ("AccessDenied", 403),
        ("AccessDenied", 403),
        ("AccessDenied", 403),
        ("AccessDeniedException", 403),
        ("AccessDeniedException", 403),
    ),
    Reason.DATE_MISSING: (
        ("IncompleteSignature", 400),
        ("IncompleteSignature", 400),
        ("AccessDenied", 403),
        ("IncompleteSignatureException", 400),
        ("IncompleteSignatureException", 400),
    ),
    Reason.SCOPE: (
        ("SignatureDoesNotMatch", 403),
        ("AuthFailure", 401),
        ("AuthorizationHeaderMalformed", 400),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Reason.EXPIRES: (
        ("IncompleteSignature", 400),
        ("IncompleteSignature", 400),
        ("AuthorizationHeaderMalformed", 400),
        ("IncompleteSignatureException", 400),
        ("IncompleteSignatureException", 400),
    ),
    Reason.TOO_OLD: (
        ("SignatureDoesNotMatch", 403),
        ("RequestExpired", 400),
        ("RequestTimeTooSkewed", 403),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Reason.TOO_NEW: (
        ("SignatureDoesNotMatch", 403),
        ("RequestExpired", 400),
        ("RequestTimeTooSkewed", 403),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Reason.PRESIGNED_EXPIRED: (
        ("SignatureDoesNotMatch", 403),
        ("RequestExpired", 400),
        ("AccessDenied", 403),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Reason.UNKNOWN_KEY: (
        ("InvalidClientTokenId", 403),
        ("AuthFailure", 401),
        ("InvalidAccessKeyId", 403),
        ("UnrecognizedClientException", 400),
        ("UnrecognizedClientException", 403),
    ),
    Reason.SIGNATURE: (
        ("SignatureDoesNotMatch", 403),
        ("AuthFailure", 401),
        ("SignatureDoesNotMatch", 403),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Reason.INVALID_TOKEN: (
        ("InvalidClientTokenId", 403),
        ("AuthFailure", 401),
        ("InvalidToken", 400),
        ("UnrecognizedClientException", 400),
        ("UnrecognizedClientException", 403),
    ),
    Reason.EXPIRED_TOKEN: (
        ("ExpiredToken", 403),
        ("RequestExpired", 400),
        ("ExpiredToken", 400),
        ("ExpiredTokenException", 400),
        ("ExpiredTokenException", 403),
    ),
    Reason.PAYLOAD_MISSING: (
        ("SignatureDoesNotMatch", 403),
        ("AuthFailure", 401),
        ("InvalidRequest", 400),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Reason.PAYLOAD_INVALID: (
        ("SignatureDoesNotMatch", 403),
        ("AuthFailure", 401),
        ("InvalidArgument", 400),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Reason.PAYLOAD_MISMATCH: (
        ("SignatureDoesNotMatch", 403),
        ("AuthFailure", 401),
        ("XAmzContentSHA256Mismatch", 400),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Reason.PAYLOAD_UNSIGNED: (
        ("SignatureDoesNotMatch", 403),
        ("AuthFailure", 401),
        ("InvalidRequest", 400),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Reason.CHUNKS: (
        ("SignatureDoesNotMatch", 403),
        ("AuthFailure", 401),
        ("IncompleteBody", 400),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Reason.TRAILER: (
        ("SignatureDoesNotMatch", 403),
        ("AuthFailure", 401),
        ("MalformedTrailerError", 400),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
}


@pytest.mark.threat("T55")
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_worded_by_every_kind_of_service(reason: Reason) -> None:
    """Code and status of every authentication failure, for five kinds of service."""
    error = AuthenticationError(reason, "told", "told to S3")

    got = tuple(
        (f.code, f.status) for f in (refusals.refuse(s, error) for s in EVERYWHERE)
    )

    assert got == WORDED[reason]
    assert all(refusals.refuse(s, error).message for s in EVERYWHERE)


@pytest.mark.parametrize(
    ("reason", "service", "message"),
    [
        (Reason.ANONYMOUS, "iam", "Request is missing Authentication Token"),
        (
            Reason.UNKNOWN_KEY,
            "sts",
            "The security token included in the request is invalid.",
        ),
        (
            Reason.EXPIRED_TOKEN,
            "sts",
            "The security token included in the request is expired",
        ),
        (
            Reason.EXPIRED_TOKEN,
            "dynamodb",
            "The security token included in the request is expired",
        ),
        (Reason.EXPIRED_TOKEN, "ec2", "Request has expired."),
        (Reason.EXPIRED_TOKEN, "s3", "The provided token has expired."),
        (
            Reason.INVALID_TOKEN,
            "s3",
            "The provided token is malformed or otherwise invalid.",
        ),
        (
            Reason.UNKNOWN_KEY,
            "s3",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        (
            Reason.UNKNOWN_KEY,
            "ec2",
            "AWS was not able to validate the provided access credentials",
        ),
        (
            Reason.SIGNATURE,
            "iam",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        ),
        (
            Reason.SIGNATURE,
            "s3",
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        ),
        (Reason.PRESIGNED_EXPIRED, "s3", "Request has expired"),
        (
            Reason.TOO_OLD,
            "s3",
            "The difference between the request time and the current time is too large.",
        ),
        (
            Reason.DATE_MISSING,
            "s3",
            "AWS authentication requires a valid Date or x-amz-date header",
        ),
        (
            Reason.PAYLOAD_MISSING,
            "s3",
            "Missing required header for this request: x-amz-content-sha256",
        ),
        (
            Reason.PAYLOAD_MISMATCH,
            "s3",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ),
    ],
)
def test_sentences_of_the_facts(reason: Reason, service: str, message: str) -> None:
    """The sentences that the facts sheet gives word for word."""
    assert (
        refusals.refuse(BY_NAME[service], AuthenticationError(reason)).message
        == message
    )


def test_a_presigned_request_that_is_not_yet_valid() -> None:
    """S3 tells a presigned request from the future so, and names its parameters' code."""
    told = refusals.refuse(
        BY_NAME["s3"], AuthenticationError(Reason.TOO_NEW, presigned=True)
    )
    malformed = refusals.refuse(
        BY_NAME["s3"], AuthenticationError(Reason.MALFORMED, "m", "s", presigned=True)
    )

    assert (told.code, told.message) == ("AccessDenied", "Request is not yet valid")
    assert (malformed.code, malformed.message) == (
        "AuthorizationQueryParametersError",
        "s",
    )


def test_protocols_all_render() -> None:
    """No protocol is left without a renderer."""
    assert set(faults._RENDERERS) == set(Protocol)
