"""Do two tellings agree? Requests of an unmodified boto3, read and verified by us."""

import io
import time
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.awsrequest import AWSRequest

from ostiary.wire import catalog, chunks, sigv4
from ostiary.wire.http import Request
from ostiary.wire.reasons import AuthenticationError, Reason
from tests.differential.wire.captured import SECRET, as_request, capture, client

BODY = b"x" * 100_000
CALLS: list[tuple[str, str, dict[str, Any], str, dict[str, Any]]] = [
    ("sts", "get_caller_identity", {}, "GetCallerIdentity", {}),
    (
        "sts",
        "get_session_token",
        {
            "SerialNumber": "arn:aws:iam::111122223333:mfa/ana",
            "TokenCode": "123456",
            "DurationSeconds": 900,
        },
        "GetSessionToken",
        {
            "SerialNumber": "arn:aws:iam::111122223333:mfa/ana",
            "TokenCode": "123456",
            "DurationSeconds": 900,
        },
    ),
    (
        "iam",
        "create_user",
        {"UserName": "ana", "Tags": [{"Key": "a b", "Value": "é+"}]},
        "CreateUser",
        {"UserName": "ana", "Tags": [{"Key": "a b", "Value": "é+"}]},
    ),
    (
        "sns",
        "publish",
        {"TopicArn": "arn:aws:sns:us-east-1:111122223333:t", "Message": "m;n"},
        "Publish",
        {"TopicArn": "arn:aws:sns:us-east-1:111122223333:t", "Message": "m;n"},
    ),
    (
        "sqs",
        "send_message",
        {"QueueUrl": "http://localhost:4566/111122223333/q", "MessageBody": "é"},
        "SendMessage",
        {"QueueUrl": "http://localhost:4566/111122223333/q", "MessageBody": "é"},
    ),
    (
        "dynamodb",
        "get_item",
        {"TableName": "t", "Key": {"k": {"S": "v"}}},
        "GetItem",
        {"TableName": "t", "Key": {"k": {"S": "v"}}},
    ),
    (
        "ec2",
        "describe_instances",
        {
            "InstanceIds": ["i-1", "i-2"],
            "Filters": [{"Name": "n", "Values": ["a", "b"]}],
        },
        "DescribeInstances",
        {"InstanceId": ["i-1", "i-2"], "Filter": [{"Name": "n", "Value": ["a", "b"]}]},
    ),
    ("s3", "list_buckets", {}, "ListBuckets", {}),
    (
        "s3",
        "list_objects_v2",
        {"Bucket": "buck", "Prefix": "a b+c/é"},
        "ListObjectsV2",
        {"Bucket": "buck", "Prefix": "a b+c/é", "EncodingType": "url"},
    ),
    (
        "s3",
        "head_object",
        {"Bucket": "buck", "Key": "a//b/../c é+%"},
        "HeadObject",
        {"Bucket": "buck", "Key": "a//b/../c é+%"},
    ),
    (
        "s3",
        "get_bucket_policy",
        {"Bucket": "buck"},
        "GetBucketPolicy",
        {"Bucket": "buck"},
    ),
    (
        "s3",
        "copy_object",
        {
            "Bucket": "buck",
            "Key": "k",
            "CopySource": {"Bucket": "other", "Key": "s é/+"},
        },
        "CopyObject",
        {
            "Bucket": "buck",
            "Key": "k",
            "CopySource": {"Bucket": "other", "Key": "s é/+"},
        },
    ),
    (
        "s3",
        "delete_objects",
        {
            "Bucket": "buck",
            "Delete": {
                "Objects": [{"Key": "a&b"}, {"Key": "c", "VersionId": "v"}],
                "Quiet": True,
            },
        },
        "DeleteObjects",
        {
            "Bucket": "buck",
            "Delete": {
                "Objects": [{"Key": "a&b"}, {"Key": "c", "VersionId": "v"}],
                "Quiet": True,
            },
        },
    ),
]


def prove(request: Request, *, allow_unsigned: bool = False) -> sigv4.Claim:
    """Gives the proven claim of a request."""
    claim = sigv4.read_claim(request)
    assert claim is not None
    sigv4.verify(request, claim, SECRET, time.time(), allow_unsigned=allow_unsigned)
    return claim


@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzE+/="])
@pytest.mark.parametrize(
    ("service", "method", "arguments", "operation", "params"), CALLS
)
def test_boto3_calls_are_proved_and_read(  # noqa: PLR0917  # a row of the table each
    service: str,
    method: str,
    arguments: dict[str, Any],
    operation: str,
    params: dict[str, Any],
    token: str | None,
) -> None:
    """What boto3 sends verifies, and reads back as the arguments of the call."""
    request = capture(
        lambda: getattr(client(service, token=token), method)(**arguments)
    )

    claim = prove(request)
    target = catalog.read(request, catalog.route(request, claim))

    assert claim.session_token == token
    assert (target.service.name, target.operation) == (service, operation)
    got = {name: target.params[name] for name in params}
    assert got == params


def test_boto3_names_the_bucket_in_the_host() -> None:
    """Virtual-host addressing under localhost gives bucket and key."""
    s3 = client("s3", style="virtual")
    request = capture(lambda: s3.put_object(Bucket="buck", Key="buck/k", Body=b"x"))

    claim = prove(request)
    target = catalog.read(request, catalog.route(request, claim))

    assert request.header("host") == "buck.localhost:4566"
    assert (target.bucket, target.key) == ("buck", "buck/k")


def test_boto3_upload_in_one_piece() -> None:
    """PutObject is an upload whose key is decoded and whose body is hashed."""
    request = capture(
        lambda: client("s3").put_object(
            Bucket="buck", Key="k+ é", Body=BODY, Metadata={"a_b": "c"}
        )
    )

    claim = prove(request)
    target = catalog.read(request, catalog.route(request, claim))

    assert (target.operation, target.key, target.upload) == ("PutObject", "k+ é", True)
    assert target.params["Metadata"] == {"a_b": "c"}
    assert chunks.open_chunks(request, claim, SECRET).body == BODY


def test_boto3_upload_over_tls_is_chunked_with_a_trailer() -> None:
    """Over TLS boto3 streams without signing the body; the trailer comes out."""
    tls = client("s3", endpoint="https://localhost:4566")
    request = capture(
        lambda: tls.upload_fileobj(
            io.BytesIO(BODY), "buck", "k", Config=TransferConfig(use_threads=False)
        )
    )

    claim = prove(request, allow_unsigned=True)
    opened = chunks.open_chunks(request, claim, SECRET)

    assert claim.payload is sigv4.Payload.UNSIGNED_CHUNKS_TRAILER
    assert opened.body == BODY
    assert [name for name, _ in opened.trailers] == [request.header("x-amz-trailer")]


@pytest.mark.parametrize("http_method", ["GET", "POST"])
@pytest.mark.threat("T38")
def test_boto3_presigned_caller_identity(http_method: str) -> None:
    """A presigned GetCallerIdentity verifies, in the method it was signed for."""
    url = client("sts").generate_presigned_url(
        "get_caller_identity", HttpMethod=http_method
    )
    request = _fetch(http_method, url)

    claim = prove(request)
    target = catalog.read(request, catalog.route(request, claim))

    assert claim.presigned
    assert target.operation == "GetCallerIdentity"


def test_boto3_presigned_object() -> None:
    """A presigned S3 URL verifies and names the object."""
    s3 = client("s3", token="FwoG+/=", version="s3v4")
    url = s3.generate_presigned_url(
        "get_object", Params={"Bucket": "buck", "Key": "a b/é"}
    )
    request = _fetch("GET", url)
    claim = prove(request)

    target = catalog.read(request, catalog.route(request, claim))

    assert (target.operation, target.bucket, target.key) == (
        "GetObject",
        "buck",
        "a b/é",
    )


@pytest.mark.threat("T39")
def test_boto3_presigns_with_version_2_by_default_and_is_refused() -> None:
    """S3 URLs in Signature Version 2 are refused by name, before any key lookup."""
    url = client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": "buck", "Key": "k"}
    )

    with pytest.raises(AuthenticationError) as caught:
        sigv4.read_claim(_fetch("GET", url))

    assert caught.value.reason is Reason.UNSUPPORTED


def _fetch(method: str, url: str) -> Request:
    return as_request(AWSRequest(method, url).prepare())


@pytest.mark.parametrize(
    ("service", "method", "operation"),
    [
        ("lambda", "list_functions", ""),
        ("kms", "list_keys", "ListKeys"),
        ("cloudformation", "list_stacks", "ListStacks"),
        ("cloudwatch", "list_metrics", "ListMetrics"),
        ("route53", "list_hosted_zones", ""),
    ],
)
def test_boto3_calls_of_other_services_are_named(
    service: str, method: str, operation: str
) -> None:
    """A call that nobody here has read is named where it names itself, and not modelled."""
    request = capture(getattr(client(service), method))
    claim = prove(request)

    target = catalog.read(request, catalog.route(request, claim))

    assert not target.modelled
    assert target.operation == operation
