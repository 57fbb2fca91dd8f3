"""Every kind of credential, at every service: proved, anonymous, or refused by name."""

import json
from collections.abc import Callable
from dataclasses import replace
from xml.parsers import expat

import pytest

from ostiary.wire import catalog, faults, refusals
from ostiary.wire.http import Request, Response
from ostiary.wire.reasons import AuthenticationError, Reason
from ostiary.wire.service import Protocol, Service
from ostiary.wire.sigv4 import read_claim
from tests.unit.wire.made import (
    FORM,
    form,
    judge,
    presigned,
    request,
    signed,
    with_header,
)

DIGITS = "0" * 64
V4 = (
    "Credential=AKIDEXAMPLE/20150830/us-east-1/{}/aws4_request, SignedHeaders=host;x-amz-date, Signature="
    + DIGITS
)
JSON = ("content-type", "application/x-amz-json-1.0")
ROUTES: dict[str, tuple[str, Request]] = {
    "iam": ("iam", form("2010-05-08", "ListUsers")),
    "sts": ("sts", form("2011-06-15", "GetCallerIdentity")),
    "sns": ("sns", form("2010-03-31", "ListTopics")),
    "sqs": ("sqs", form("2012-11-05", "ListQueues")),
    "ec2": ("ec2", form("2016-11-15", "DescribeInstances")),
    "sqs-json": (
        "sqs",
        request(
            "POST", body=b"{}", headers=[("x-amz-target", "AmazonSQS.ListQueues"), JSON]
        ),
    ),
    "dynamodb": (
        "dynamodb",
        request(
            "POST",
            body=b"{}",
            headers=[("x-amz-target", "DynamoDB_20120810.ListTables"), JSON],
        ),
    ),
    "s3": ("s3", request("PUT", "/buck/key", body=b"data")),
    "lambda": ("lambda", request("GET", "/2015-03-31/functions/")),
    "nobody": ("nobody", request("GET", "/")),
}


def _authorized(value: str) -> Callable[[Request, str], Request]:
    def change(plain: Request, service: str) -> Request:
        dated = with_header(plain, "x-amz-date", "20150830T123600Z")
        return with_header(dated, "authorization", value.format(service))

    return change


def _payload(literal: str) -> Callable[[Request, str], Request]:
    def change(plain: Request, service: str) -> Request:
        declared = with_header(plain, "x-amz-content-sha256", literal)
        made = signed(declared, service, payload=literal)
        if service != "s3":
            made = with_header(made, "x-amz-content-sha256", literal)
        return made

    return change


# Kind of credential: how to make it, verdict at S3, verdict at every other service.
KINDS: dict[str, tuple[Callable[[Request, str], Request], str, str]] = {
    "header": (signed, "proved", "proved"),
    "presigned": (
        lambda plain, service: presigned(replace(plain, body=b""), service),
        "proved",
        "proved",
    ),
    "chunked, signed": (
        _payload("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        "proved",
        "PAYLOAD_MISMATCH",
    ),
    "chunked, signed, trailer": (
        _payload("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
        "proved",
        "PAYLOAD_MISMATCH",
    ),
    "unsigned payload": (
        _payload("UNSIGNED-PAYLOAD"),
        "PAYLOAD_UNSIGNED",
        "PAYLOAD_MISMATCH",
    ),
    "unsigned payload, trailer": (
        _payload("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        "PAYLOAD_UNSIGNED",
        "PAYLOAD_MISMATCH",
    ),
    "chunked, SigV4A": (
        _payload("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"),
        "PAYLOAD_INVALID",
        "PAYLOAD_MISMATCH",
    ),
    "POST form": (
        lambda plain, _: with_header(
            replace(plain, method="POST"),
            "content-type",
            "multipart/form-data; boundary=b",
        ),
        "UNSUPPORTED",
        "UNSUPPORTED",
    ),
    "SigV4A": (
        _authorized("AWS4-ECDSA-P256-SHA256 " + V4),
        "UNSUPPORTED",
        "UNSUPPORTED",
    ),
    "SigV2": (
        _authorized("AWS AKIDEXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg="),
        "UNSUPPORTED",
        "UNSUPPORTED",
    ),
    "SigV2 query": (
        lambda plain, _: replace(
            plain, query="AWSAccessKeyId=AKIDEXAMPLE&Signature=x&Expires=9"
        ),
        "UNSUPPORTED",
        "UNSUPPORTED",
    ),
    "anonymous": (lambda plain, _: plain, "anonymous", "anonymous"),
    "header and query": (
        lambda plain, service: replace(
            signed(plain, service),
            query="X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=" + DIGITS,
        ),
        "TWO_MECHANISMS",
        "TWO_MECHANISMS",
    ),
    "bearer": (
        _authorized("Bearer eyJhbGciOiJub25lIn0.e30."),
        "UNSUPPORTED",
        "UNSUPPORTED",
    ),
    "basic": (_authorized("Basic QUtJRDpzZWNyZXQ="), "UNSUPPORTED", "UNSUPPORTED"),
    "lower case": (_authorized("aws4-hmac-sha256 " + V4), "UNSUPPORTED", "UNSUPPORTED"),
    "SHA-1": (_authorized("AWS4-HMAC-SHA1 " + V4), "UNSUPPORTED", "UNSUPPORTED"),
    "other": (_authorized("OTHER " + V4), "UNSUPPORTED", "UNSUPPORTED"),
    "nothing in it": (_authorized(""), "UNSUPPORTED", "UNSUPPORTED"),
}


@pytest.mark.threat("T39", "T40", "T50")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("route", ROUTES)
def test_every_kind_of_credential_has_a_verdict_at_every_service(
    route: str, kind: str
) -> None:
    """No cell of the table is left to chance, and every refusal renders."""
    service, plain = ROUTES[route]
    change, at_s3, elsewhere = KINDS[kind]
    arrived = change(plain, service)

    verdict = judge(arrived)

    assert verdict == (at_s3 if service == "s3" else elsewhere)
    if verdict not in {"proved", "anonymous"}:
        routed = catalog.route(arrived, None)
        fault = refusals.refuse(routed, AuthenticationError(Reason[verdict], "m", "s"))
        response = faults.render(fault, routed, "rid")
        assert response.status >= 400
        assert_parses(routed, response)


def assert_parses(service: Service, response: Response) -> None:
    """Holds if the body is what a strict parser of the protocol reads."""
    assert isinstance(response.body, bytes)
    if service.protocol in {Protocol.JSON, Protocol.REST_JSON}:
        json.loads(response.body)
    elif service.protocol is not Protocol.CBOR:
        expat.ParserCreate().Parse(response.body, 1)


@pytest.mark.threat("T39", "T40")
@pytest.mark.parametrize("kind", ["unsigned payload", "unsigned payload, trailer"])
def test_unsigned_object_data_passes_with_leave(kind: str) -> None:
    """The same modes pass at S3 when the caller of verify gave leave."""
    arrived = KINDS[kind][0](ROUTES["s3"][1], "s3")

    assert judge(arrived, allow_unsigned=True) == "proved"


@pytest.mark.threat("T40", "T60")
def test_an_empty_body_needs_no_leave() -> None:
    """UNSIGNED-PAYLOAD over nothing is proved, and refused once a byte is added."""
    arrived = signed(request("GET", "/buck/key"), "s3", payload="UNSIGNED-PAYLOAD")

    assert judge(arrived) == "proved"
    assert judge(replace(arrived, body=b"x")) == "PAYLOAD_UNSIGNED"


@pytest.mark.threat("T42")
def test_two_mechanisms_are_told_as_s3_tells_them() -> None:
    """Header and query together are 400 InvalidArgument, whichever is right."""
    for arrived in (
        replace(signed(request(), "s3"), query="X-Amz-Signature=" + DIGITS),
        with_header(
            presigned(request(), "s3"),
            "authorization",
            "AWS4-HMAC-SHA256 " + V4.format("s3"),
        ),
    ):
        with pytest.raises(AuthenticationError) as caught:
            read_claim(arrived)

        fault = refusals.refuse(catalog.S3, caught.value)
        assert (fault.status, fault.code) == (400, "InvalidArgument")
        assert fault.message.startswith(
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter"
        )


@pytest.mark.threat("T42", "T45")
@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("authorization", "AWS4-HMAC-SHA256 x", "TWO_MECHANISMS"),
        ("host", "other", "AMBIGUOUS_HEADER"),
        ("x-amz-date", "20150830T123600Z", "AMBIGUOUS_HEADER"),
        ("x-amz-security-token", "t", "AMBIGUOUS_HEADER"),
        ("content-length", "3", "AMBIGUOUS_HEADER"),
        ("content-type", "text/plain", "AMBIGUOUS_HEADER"),
        ("x-amz-content-sha256", DIGITS, "AMBIGUOUS_HEADER"),
    ],
)
def test_a_header_that_may_stand_once_is_refused_twice(
    name: str, value: str, reason: str
) -> None:
    """Repeating a header that means one thing is a refusal, also for the right value."""
    arrived = signed(
        request(
            "PUT", "/b/k", headers=[("content-length", "3"), ("content-type", "a/b")]
        ),
        "s3",
        token="t",
    )

    assert judge(replace(arrived, headers=(*arrived.headers, (name, value)))) == reason


@pytest.mark.threat("T45")
@pytest.mark.parametrize(
    "name",
    [
        "x_amz_date",
        "x-amz_security-token",
        "x_amz_copy_source",
        "content_length",
        "x-amz-target_",
    ],
)
def test_underscore_twins_are_refused(name: str) -> None:
    """A name that a CGI-style reader would take for one of AWS's is refused."""
    assert judge(with_header(signed(request()), name, "1")) == "AMBIGUOUS_HEADER"


@pytest.mark.threat("T45")
def test_metadata_may_have_underscores_and_others_may_repeat() -> None:
    """The client's own names keep their underscores; repeats are joined by commas."""
    headers = [("x-amz-meta-a_b", "1"), ("x-amz-meta-c", "1"), ("x-amz-meta-c", "2")]
    arrived = signed(request("PUT", "/b/k", headers=headers), "s3")

    assert judge(arrived) == "proved"
    assert arrived.header("x-amz-meta-c") == "1,2"
    assert arrived.headers_named("x-amz-meta-c") == ("1", "2")
    swapped = [pair for pair in arrived.headers if pair[0] != "x-amz-meta-c"]
    swapped += [("x-amz-meta-c", "2"), ("x-amz-meta-c", "1")]
    assert judge(replace(arrived, headers=tuple(swapped))) == "SIGNATURE"


@pytest.mark.threat("T41")
@pytest.mark.parametrize(
    "name",
    [
        "copy-source",
        "acl",
        "tagging",
        "security-token",
        "date",
        "website-redirect-location",
        "mfa",
        "anything",
    ],
)
@pytest.mark.parametrize("service", ["s3", "sts", "dynamodb"])
@pytest.mark.parametrize("form_of", [signed, presigned])
def test_an_added_x_amz_header_is_refused(
    name: str, service: str, form_of: Callable[[Request, str], Request]
) -> None:
    """Any x-amz- header outside SignedHeaders is refused, in both forms."""
    arrived = form_of(request("GET", "/b/k" if service == "s3" else "/"), service)
    added = f"x-amz-{name}"
    if arrived.header(added) is None:
        arrived = with_header(arrived, added, "x")
        assert judge(arrived) == "HEADERS_NOT_SIGNED"

    with pytest.raises(AuthenticationError) as caught:
        read_claim(with_header(arrived, "x-amz-zz", "x"))

    fault = refusals.refuse(catalog.S3, caught.value)
    assert (fault.status, fault.code) == (403, "AccessDenied")
    assert (
        fault.message
        == "There were headers present in the request which were not signed"
    )
    assert "x-amz-zz" in fault.extra["HeadersNotSigned"]


@pytest.mark.threat("T41")
def test_the_payload_header_may_be_unsigned_since_it_is_bound_otherwise() -> None:
    """x-amz-content-sha256 outside SignedHeaders passes, and changing it does not."""
    arrived = presigned(request("GET", "/b/k"), "s3")

    assert (
        judge(with_header(arrived, "x-amz-content-sha256", "UNSIGNED-PAYLOAD"))
        == "proved"
    )
    assert judge(with_header(arrived, "x-amz-content-sha256", DIGITS)) == "SIGNATURE"


@pytest.mark.threat("T41")
def test_host_must_be_signed() -> None:
    """A signature that leaves the host out is refused."""
    arrived = presigned(request(), X_Amz_SignedHeaders="accept")

    assert judge(arrived) == "HOST_NOT_SIGNED"


@pytest.mark.threat("T40", "T60")
@pytest.mark.parametrize(
    ("literal", "reason"),
    [
        (None, "PAYLOAD_MISSING"),
        ("", "PAYLOAD_INVALID"),
        (
            "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
            "PAYLOAD_INVALID",
        ),
        ("unsigned-payload", "PAYLOAD_INVALID"),
        (DIGITS, "PAYLOAD_MISMATCH"),
        (
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "PAYLOAD_MISMATCH",
        ),
    ],
)
def test_s3_payload_hashes(literal: str | None, reason: str) -> None:
    """S3's header must be there and be the lower-case hash of the body."""
    plain = request("PUT", "/b/k", body=b"data")
    arrived = signed(plain, "s3", payload=literal)
    if literal is None:
        arrived = with_header(arrived, "x-amz-content-sha256", None)

    assert judge(arrived) == reason


@pytest.mark.threat("T40", "T60")
@pytest.mark.parametrize(
    "literal", ["UNSIGNED-PAYLOAD", DIGITS, "", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"]
)
def test_query_services_take_only_the_true_hash(literal: str) -> None:
    """IAM and STS refuse any declared hash but the body's own, however it is signed."""
    plain = with_header(ROUTES["sts"][1], "x-amz-content-sha256", literal)
    arrived = with_header(
        signed(plain, payload=literal), "x-amz-content-sha256", literal
    )

    assert judge(arrived) == "PAYLOAD_MISMATCH"


@pytest.mark.threat("T60")
def test_the_hash_of_nothing() -> None:
    """An empty body, its hash, and no hash are the same; another body is not."""
    arrived = signed(request("GET"))
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    assert judge(arrived) == "proved"
    assert judge(with_header(arrived, "x-amz-content-sha256", empty)) == "proved"
    assert judge(replace(arrived, body=b" ")) == "SIGNATURE"


def test_form_content_type_is_not_a_credential() -> None:
    """A plain form without credentials is anonymous, not a POST form upload."""
    assert judge(request("POST", body=b"Action=A", headers=[FORM])) == "anonymous"
