"""A request is for one service and one operation, or it is refused."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from ostiary.wire import catalog, service
from ostiary.wire.faults import Fault
from ostiary.wire.http import Request
from ostiary.wire.sigv4 import read_claim
from tests.unit.wire.made import FORM, form, presigned, request, signed, with_header

JSON = ("content-type", "application/x-amz-json-1.0")


def json_request(target: str, body: bytes = b"{}", **told: Any) -> Request:
    """Gives an unsigned JSON request."""
    return request("POST", body=body, headers=[("x-amz-target", target), JSON], **told)


def read(arrived: Request, name: str) -> catalog.Target:
    """Gives the target of a request signed for the service."""
    claim = read_claim(signed(arrived, name))
    return catalog.read(arrived, catalog.route(arrived, claim))


def refused(arrived: Request, name: str) -> tuple[str, int]:
    """Gives code and status of the refusal of a request signed for the service."""
    with pytest.raises(Fault) as caught:
        read(arrived, name)
    return caught.value.code, caught.value.status


@pytest.mark.parametrize(
    ("arrived", "name", "operation", "params"),
    [
        (form("2011-06-15", "GetCallerIdentity"), "sts", "GetCallerIdentity", {}),
        (
            form("2010-05-08", "GetUser", UserName="a"),
            "iam",
            "GetUser",
            {"UserName": "a"},
        ),
        (
            form("2010-03-31", "Subscribe", TopicArn="t", Protocol="sqs"),
            "sns",
            "Subscribe",
            {"TopicArn": "t", "Protocol": "sqs"},
        ),
        (
            form("2012-11-05", "SendMessage", QueueUrl="q", MessageBody="m"),
            "sqs",
            "SendMessage",
            {"QueueUrl": "q", "MessageBody": "m"},
        ),
        (
            form(
                "2012-11-05",
                "SendMessageBatch",
                **{
                    "QueueUrl": "q",
                    "SendMessageBatchRequestEntry.1.Id": "1",
                    "SendMessageBatchRequestEntry.1.MessageBody": "m",
                },
            ),
            "sqs",
            "SendMessageBatch",
            {
                "QueueUrl": "q",
                "SendMessageBatchRequestEntry": [{"Id": "1", "MessageBody": "m"}],
            },
        ),
        (
            form(
                "2016-11-15", "StopInstances", **{"InstanceId.1": "i", "DryRun": "true"}
            ),
            "ec2",
            "StopInstances",
            {"InstanceId": ["i"], "DryRun": "true"},
        ),
        (
            json_request("DynamoDB_20120810.GetItem", b'{"TableName": "t"}'),
            "dynamodb",
            "GetItem",
            {"TableName": "t"},
        ),
        (
            json_request(
                "AmazonSQS.SendMessage", b'{"QueueUrl": "q", "MessageBody": "m"}'
            ),
            "sqs",
            "SendMessage",
            {"QueueUrl": "q", "MessageBody": "m"},
        ),
        (request("GET", "/b/k"), "s3", None, None),
    ],
)
def test_operations_are_read(
    arrived: Request, name: str, operation: str | None, params: dict[str, Any] | None
) -> None:
    """Each protocol gives service, operation and parameters."""
    if operation is None:
        assert refused(arrived, name) == ("InvalidBucketName", 400)
        return

    target = read(arrived, name)

    assert (target.service.name, target.operation, target.params) == (
        name,
        operation,
        params,
    )
    assert target.modelled


@pytest.mark.threat("T48", "T53")
@pytest.mark.parametrize(
    ("arrived", "name", "code", "status"),
    [
        (form("2010-05-08", "ListUsers"), "sts", "SignatureDoesNotMatch", 403),
        (form("2011-06-15", "GetCallerIdentity"), "iam", "SignatureDoesNotMatch", 403),
        (form("2010-05-08", "ListUsers"), "ec2", "SignatureDoesNotMatch", 403),
        (form("2011-06-15", "ListUsers"), "sts", "InvalidAction", 400),
        (form("2012-01-01", "GetCallerIdentity"), "sts", "InvalidAction", 400),
        (
            request("POST", body=b"Action=GetCallerIdentity", headers=[FORM]),
            "sts",
            "InvalidAction",
            400,
        ),
        (
            request("POST", body=b"Version=2011-06-15", headers=[FORM]),
            "sts",
            "MissingAction",
            400,
        ),
        (request("POST"), "sts", "MissingAction", 400),
        (form("2010-03-31", "ListUsers"), "sns", "InvalidAction", 400),
        (form("2016-11-15", "describeInstances"), "ec2", "InvalidAction", 400),
        (form("2012-11-05", "GetItem"), "sqs", "InvalidAction", 400),
        (
            form("2016-11-15", "DescribeInstances", instanceId="i"),
            "ec2",
            "ValidationError",
            400,
        ),
        (
            form("2016-11-15", "DescribeInstances", **{"InstanceId.01": "i"}),
            "ec2",
            "ValidationError",
            400,
        ),
        (form("2011-06-15", "getCallerIdentity"), "sts", "InvalidAction", 400),
        (
            replace(form("2011-06-15", "GetCallerIdentity"), path="/x"),
            "sts",
            "InvalidRequest",
            400,
        ),
        (
            replace(form("2010-03-31", "ListTopics"), path="/111122223333/q"),
            "sns",
            "InvalidRequest",
            400,
        ),
        (
            replace(form("2011-06-15", "GetCallerIdentity"), method="PUT"),
            "sts",
            "MethodNotAllowed",
            405,
        ),
        (
            replace(form("2011-06-15", "GetCallerIdentity"), method="GET"),
            "sts",
            "MethodNotAllowed",
            405,
        ),
        (
            request("GET", query="Action=AssumeRole&Version=2011-06-15"),
            "sts",
            "MethodNotAllowed",
            405,
        ),
        (
            request("GET", query="Action=DeleteUser&Version=2010-05-08"),
            "iam",
            "MethodNotAllowed",
            405,
        ),
        (
            with_header(
                form("2011-06-15", "GetCallerIdentity"), "content-type", "text/plain"
            ),
            "sts",
            "UnsupportedMediaType",
            415,
        ),
        (
            with_header(form("2011-06-15", "GetCallerIdentity"), "content-type", None),
            "sts",
            "UnsupportedMediaType",
            415,
        ),
        (
            with_header(
                form("2011-06-15", "GetCallerIdentity"),
                "content-type",
                f"{FORM[1][:33]}; charset=utf-7",
            ),
            "sts",
            "UnsupportedMediaType",
            415,
        ),
        (
            with_header(
                form("2011-06-15", "GetCallerIdentity"), "content-encoding", "gzip"
            ),
            "sts",
            "InvalidRequest",
            400,
        ),
        (
            with_header(
                form("2011-06-15", "GetCallerIdentity"),
                "x-amz-target",
                "DynamoDB_20120810.GetItem",
            ),
            "sts",
            "InvalidRequest",
            400,
        ),
        (json_request("DynamoDB_20120810.GetItem"), "sts", "InvalidRequest", 400),
        (
            json_request("AmazonSQS.SendMessage"),
            "dynamodb",
            "UnknownOperationException",
            400,
        ),
        (
            json_request("DynamoDB_20120810.getItem"),
            "dynamodb",
            "UnknownOperationException",
            400,
        ),
        (json_request("GetItem"), "dynamodb", "UnknownOperationException", 400),
        (
            json_request("DynamoDB_20120810.GetItem", b"[]"),
            "dynamodb",
            "SerializationException",
            400,
        ),
        (
            json_request("DynamoDB_20120810.GetItem", b'{"A":1,"A":2}'),
            "dynamodb",
            "SerializationException",
            400,
        ),
        (
            json_request("DynamoDB_20120810.GetItem", b'{"tableName":"t"}'),
            "dynamodb",
            "SerializationException",
            400,
        ),
        (
            json_request("DynamoDB_20120810.GetItem", query="Action=GetItem"),
            "dynamodb",
            "SerializationException",
            400,
        ),
        (
            with_header(
                json_request("DynamoDB_20120810.GetItem"),
                "content-type",
                "application/json",
            ),
            "dynamodb",
            "SerializationException",
            415,
        ),
        (
            replace(json_request("DynamoDB_20120810.GetItem"), method="GET"),
            "dynamodb",
            "UnknownOperationException",
            400,
        ),
        (form("2011-06-15", "GetCallerIdentity"), "s3", "MethodNotAllowed", 405),
        (json_request("DynamoDB_20120810.GetItem"), "s3", "InvalidRequest", 400),
    ],
)
def test_what_does_not_agree_is_refused(
    arrived: Request, name: str, code: str, status: int
) -> None:
    """Scope, method, path, headers, Version and Action must all mean one operation."""
    assert refused(arrived, name) == (code, status)


@pytest.mark.threat("T44")
@pytest.mark.parametrize(
    "body",
    [
        "Action=GetUser&Action=DeleteUser&Version=2010-05-08",
        "Action=GetUser&A%63tion=DeleteUser&Version=2010-05-08",
        "Action=GetUser&action=DeleteUser&Version=2010-05-08",
        "Action=GetUser&ACTION=DeleteUser&Version=2010-05-08",
        "Action=GetUser&Action[]=DeleteUser&Version=2010-05-08",
        "Action=GetUser;Action=DeleteUser&Version=2010-05-08",
        "Action=GetUser&Version=2010-05-08&Version=2010-05-08",
        "Action=GetUser&Version=2010-05-08&UserName=a&UserName=b",
        "Action=GetUser&Version=2010-05-08&UserName=a&UserName.1=b",
        "Action=GetUser&Version=2010-05-08&username=a",
        "Action=GetUser&Version=2010-05-08&UserName=a%00",
        "Action=GetUser&Version=2010-05-08&UserName=%ff",
        "Action=GetUser&Version=2010-05-08&UserName=%zz",
        "Action=GetUser&Version=2010-05-08&=a",
        "Action=GetUser&Version=2010-05-08&&UserName=a",
        "Action=GetUser&Version=2010-05-08&UserName.=a",
        "Action=GetUser&Version=2010-05-08&.UserName=a",
        "Action=GetUser&Version=2010-05-08&X-Amz-Date=20150830T123600Z",
    ],
)
def test_doubled_and_near_doubled_parameters_are_refused(body: str) -> None:
    """A form that two readers could read differently is a 400, whatever its rest."""
    arrived = request("POST", body=body.encode(), headers=[FORM])

    assert refused(arrived, "iam")[1] == 400


@pytest.mark.threat("T44")
def test_a_semicolon_in_a_form_is_refused() -> None:
    """Some readers split there; clients encode the ones they mean."""
    body = b"Action=CreateUser&Version=2010-05-08&UserName=a;Path=/"

    assert refused(request("POST", body=body, headers=[FORM]), "iam") == (
        "MalformedQueryString",
        400,
    )


@pytest.mark.threat("T39", "T44")
def test_version_2_in_a_form_is_refused() -> None:
    """Credentials of Signature Version 2 in the body are parameters nobody knows."""
    told = {
        "AWSAccessKeyId": "A",
        "SignatureVersion": "2",
        "SignatureMethod": "HmacSHA256",
        "Signature": "x",
    }
    arrived = form("2011-06-15", "GetCallerIdentity", **told)

    with pytest.raises(Fault) as caught:
        catalog.read(arrived, catalog.route(arrived, read_claim(arrived)))

    assert caught.value.status == 400


@pytest.mark.threat("T44")
def test_query_and_body_may_not_share_a_name() -> None:
    """They may both carry parameters, but not the same one."""
    arrived = request(
        "POST",
        query="Action=GetUser&Version=2010-05-08",
        body=b"UserName=a",
        headers=[FORM],
    )

    assert read(arrived, "iam").params == {"UserName": "a"}
    assert refused(replace(arrived, body=b"UserName=a&Action=GetUser"), "iam") == (
        "ValidationError",
        400,
    )


@pytest.mark.threat("T38")
def test_presigned_parameters_are_no_parameters_of_the_operation() -> None:
    """The signature's own query parameters are taken away, and only they."""
    plain = request("GET", query="Action=GetCallerIdentity&Version=2011-06-15")
    arrived = presigned(plain, X_Amz_Security_Token="t")
    claim = read_claim(arrived)

    target = catalog.read(arrived, catalog.route(arrived, claim))

    assert (target.operation, target.params) == ("GetCallerIdentity", {})


@pytest.mark.parametrize(
    ("path", "url", "expected"),
    [
        ("/", "http://h/111122223333/q", "http://h/111122223333/q"),
        ("/111122223333/q.fifo", None, "/111122223333/q.fifo"),
        ("/111122223333/q", "http://h/111122223333/q", "http://h/111122223333/q"),
        ("/111122223333/q", "http://h/111122223333/other", None),
        ("/111122223333/q/", None, None),
        ("/q", None, None),
    ],
)
def test_a_queue_is_named_once(
    path: str, url: str | None, expected: str | None
) -> None:
    """Path and QueueUrl name the same queue, or the request is refused."""
    told = {} if url is None else {"QueueUrl": url}
    arrived = replace(form("2012-11-05", "PurgeQueue", **told), path=path)
    if expected is None:
        assert refused(arrived, "sqs") == ("InvalidRequest", 400)
        return

    assert read(arrived, "sqs").params["QueueUrl"] == expected


def test_a_call_that_is_for_no_queue_has_no_queue_path() -> None:
    """ListQueues stands at the root, in both protocols."""
    path = "/111122223333/q"

    assert refused(replace(form("2012-11-05", "ListQueues"), path=path), "sqs") == (
        "InvalidRequest",
        400,
    )
    assert refused(replace(json_request("AmazonSQS.ListQueues"), path=path), "sqs") == (
        "InvalidRequest",
        400,
    )


@pytest.mark.threat("T135")
def test_bodies_are_bounded() -> None:
    """A megabyte of form is read, one byte more is 413."""
    head = urlencode(
        {"Action": "GetUser", "Version": "2010-05-08", "UserName": ""}
    ).encode()
    room = catalog.LARGEST_BODY - len(head)
    arrived = request("POST", body=head + b"a" * room, headers=[FORM])

    assert refused(arrived, "iam") == ("ValidationError", 400)
    assert refused(replace(arrived, body=arrived.body + b"a"), "iam") == (
        "RequestEntityTooLarge",
        413,
    )  # type: ignore[operator]  # bytes here


@pytest.mark.parametrize(
    ("arrived", "name"),
    [
        (form("2011-06-15", "AssumeRoleWithWebIdentity"), "sts"),
        (form("2010-05-08", "GetUser"), "iam"),
        (request(query="Action=ListTopics&Version=2010-03-31"), "sns"),
        (json_request("DynamoDB_20120810.GetItem"), "dynamodb"),
        (json_request("TrentService.ListKeys"), "kms"),
        (json_request("Nobody.Knows"), "unknown"),
        (request("GET", "/bucket/key"), "s3"),
        (
            with_header(
                request(),
                "authorization",
                "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/lambda/aws4_request",
            ),
            "lambda",
        ),
        (
            with_header(
                request(),
                "authorization",
                "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/nobody/aws4_request",
            ),
            "unknown",
        ),
        (request("POST", body=b"\xff\xfe", headers=[FORM]), "s3"),
        (request("PATCH", "nonsense", query="%zz&&&"), "s3"),
    ],
)
def test_without_a_claim_the_request_s_own_words_decide(
    arrived: Request, name: str
) -> None:
    """Routing never fails, and words a refusal as the service meant would."""
    assert catalog.route(arrived, None).name == name


def test_scopes_of_other_services_are_not_modelled() -> None:
    """Another service's call is named where it can be, and marked as not read."""
    arrived = json_request("TrentService.ListKeys")

    target = read(arrived, "kms")

    assert (target.operation, target.modelled, target.params) == ("ListKeys", False, {})
    assert (
        read(json_request("DynamoDBStreams_20120810.ListStreams"), "dynamodb").modelled
        is False
    )
    assert (
        read(
            request(query="Action=ListStacks&Version=2010-05-15"), "cloudformation"
        ).operation
        == "ListStacks"
    )
    assert read(request("GET", "/2015-03-31/functions"), "lambda").operation == ""
    assert (
        read(
            request(
                "POST", "/service/GraniteServiceVersion20100801/operation/ListMetrics"
            ),
            "monitoring",
        ).operation
        == "ListMetrics"
    )
    assert read(request(), "nobody").service is service.UNKNOWN


def test_shared_signing_names_are_told_apart_by_their_target() -> None:
    """An X-Amz-Target picks among the APIs that share a signing name."""
    found = catalog.route(
        json_request("KinesisAnalytics_20180523.ListApplications"),
        read_claim(signed(request(), "kinesisanalytics")),
    )

    assert found.target == "KinesisAnalytics_20180523"
