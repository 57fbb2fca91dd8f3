"""The door in front of the sandbox: paths, accounts, owners, request ids."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ostiary.gate.actions import required
from ostiary.gate.door import resource_owner
from ostiary.gate.visit import NOBODY, Admitted
from ostiary.identity.caller import ANONYMOUS
from ostiary.identity.model import OwnedResource, ResourcePolicy
from ostiary.store.snapshot import Snapshot
from ostiary.wire import catalog
from ostiary.wire.faults import Fault
from ostiary.wire.http import Request
from ostiary.wire.service import DYNAMODB
from tests.unit.gate.door_house import REQUEST_ID, A, B, C, House, raw

KEYS = [
    "a//b",
    "/leading",
    "a/../b",
    "./a",
    "../up",
    "trailing/",
    "moto-api/reset",
    "q?x#y;z&a=b",
    "per%2Fcent",
    "a b+c",
    "back\\slash",
    "é/ü",
    "s3.cn-north-1.amazonaws.com.cn/x",
    "..",
]


def _code(caught: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@pytest.fixture(scope="module")
def bucket(house: House) -> str:
    """A bucket of account A."""
    house.client("s3").create_bucket(Bucket="paths")
    return "paths"


@pytest.mark.threat("T47")
@pytest.mark.parametrize("key", KEYS)
def test_keys_are_never_normalised(house: House, bucket: str, key: str) -> None:
    """What is stored under a key is found under that key, and listed as it."""
    s3 = house.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]
    assert key in {entry["Key"] for entry in listed}


@pytest.mark.threat("T47")
def test_keys_that_look_alike_are_different_objects(house: House, bucket: str) -> None:
    """No two spellings of keys meet, and all spellings of one key do."""
    s3 = house.client("s3")
    s3.put_object(Bucket=bucket, Key="x/secret", Body=b"1")
    s3.put_object(Bucket=bucket, Key="x//secret", Body=b"2")
    s3.put_object(Bucket=bucket, Key="x/./secret", Body=b"3")
    assert raw(house, "GET", f"/{bucket}/x/%73ecret") == (200, b"1")
    assert raw(house, "GET", f"/{bucket}/x//secret") == (200, b"2")
    assert raw(house, "GET", f"/{bucket}/x/%2e/secret") == (200, b"3")
    assert raw(house, "GET", f"/{bucket}/x/secret/")[0] == 404


@pytest.mark.threat("T47")
@pytest.mark.parametrize("path", ["/moto-api/reset", "/latest/meta-data/iam"])
def test_no_path_reaches_the_controls_of_the_sandbox(house: House, path: str) -> None:
    """They are keys of buckets, which are not there."""
    status, body = raw(house, "GET", path)
    assert status == 404
    assert b"<Code>NoSuchBucket</Code>" in body


@pytest.mark.threat("T47")
def test_a_bucket_may_be_called_moto_api(house: House) -> None:
    """And then it is a bucket like any other."""
    s3 = house.client("s3")
    s3.create_bucket(Bucket="moto-api")
    s3.put_object(Bucket="moto-api", Key="reset", Body=b"mine")
    assert s3.get_object(Bucket="moto-api", Key="reset")["Body"].read() == b"mine"
    s3.delete_object(Bucket="moto-api", Key="reset")
    s3.delete_bucket(Bucket="moto-api")


@pytest.mark.threat("T73")
def test_a_bucket_in_the_host_is_the_bucket_in_the_path(
    house: House, bucket: str
) -> None:
    """The sandbox finds the bucket by the path that we make, not by the host."""
    house.client("s3").put_object(Bucket=bucket, Key="paths/k", Body=b"deep")
    headers = {"host": f"{bucket}.localhost"}
    assert raw(house, "GET", "/paths/k", headers=headers) == (200, b"deep")


@pytest.mark.threat("T73")
def test_a_host_is_no_access_point(house: House) -> None:
    """Moto would read one from the host; the bucket is the one that was decided on."""
    s3 = house.client("s3")
    s3.create_bucket(Bucket="pointed.s3-accesspoint")
    s3.put_object(Bucket="pointed.s3-accesspoint", Key="k", Body=b"x")
    headers = {"host": "pointed.s3-accesspoint.localhost"}
    assert raw(house, "GET", "/k", headers=headers) == (200, b"x")


@pytest.mark.threat("T61", "T62")
def test_a_client_cannot_choose_the_account(house: House) -> None:
    """The sandbox's account header is ours, whatever a client sends and signs."""
    form = b"Action=CreateQueue&Version=2012-11-05&QueueName=whose"
    status, body = raw(
        house,
        "POST",
        "/",
        service="sqs",
        body=form,
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "x-moto-account-id": B,
            "x_moto_account_id": B,
        },
    )
    assert (status, f"/{A}/whose".encode() in body) == (200, True)
    with pytest.raises(ClientError):
        house.client("sqs", B).get_queue_url(QueueName="whose")


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "trick",
    [
        {"headers": {"user-agent": "x region/eu-west-1"}},
        {"unsigned": {"user-agent": "x region/eu-west-1"}},
    ],
)
def test_a_client_cannot_choose_another_region_than_it_signed(
    house: House, trick: dict[str, Any]
) -> None:
    """Moto would take the region from the User-Agent; the door sends its own."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    settings = {**trick, "headers": {**headers, **trick.get("headers", {})}}
    queue = b"Action=CreateQueue&Version=2012-11-05&QueueName=regional"
    status, _ = raw(house, "POST", "/", service="sqs", body=queue, **settings)
    assert status == 200
    url = house.client("sqs").get_queue_url(QueueName="regional")["QueueUrl"]
    attributes = house.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"]
    )["Attributes"]
    assert attributes["QueueArn"] == f"arn:aws:sqs:us-east-1:{A}:regional"


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "text",
    [
        "&Action=DeleteQueue&x=",
        "&Action=PurgeQueue&x=",
        "Action=DeleteQueue",
        "Action=DeleteQueue&QueueUrl=",
    ],
)
def test_a_message_is_not_an_action(house: House, text: str) -> None:
    """Moto would look for one in the text of a JSON body; the target header decides."""
    sqs = house.client("sqs")
    url = sqs.create_queue(QueueName="texts")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=text)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == text
    sqs.delete_queue(QueueUrl=url)


@pytest.mark.threat("T65")
def test_an_item_is_not_an_action(house: House) -> None:
    """PutItem with the words of DeleteTable in it puts an item."""
    dynamodb = house.client("dynamodb")
    dynamodb.create_table(
        TableName="items",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"k": {"S": "&Action=DeleteTable&TableName=items"}}
    dynamodb.put_item(TableName="items", Item=item)
    assert dynamodb.get_item(TableName="items", Key=item)["Item"] == item


@pytest.mark.threat("T65")
@pytest.mark.rule("M61")
def test_a_form_says_nothing_to_s3(house: House) -> None:
    """A body of the form type is bytes: no version is deleted by what stands in it."""
    s3 = house.client("s3")
    s3.create_bucket(Bucket="forms")
    s3.put_bucket_versioning(
        Bucket="forms", VersioningConfiguration={"Status": "Enabled"}
    )
    version = s3.put_object(Bucket="forms", Key="k", Body=b"x")["VersionId"]
    form = {"content-type": "application/x-www-form-urlencoded"}
    body = f"versionId={version}".encode()
    assert raw(house, "DELETE", "/forms/k", body=body, headers=form)[0] == 204
    kept = s3.list_object_versions(Bucket="forms")["Versions"]
    assert [one["VersionId"] for one in kept] == [version]
    assert raw(house, "PUT", "/forms/f", body=b"acl=", headers=form)[0] == 200
    assert s3.get_object(Bucket="forms", Key="f")["Body"].read() == b"acl="


@pytest.mark.threat("T65")
def test_a_multipart_form_is_an_object(house: House, bucket: str) -> None:
    """PutObject stores the bytes under the decided key, whatever form they are."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nother\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        b"content\r\n--b--\r\n"
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    path = f"/{bucket}/multi"
    assert raw(house, "PUT", path, body=body, headers=headers)[0] == 200
    assert raw(house, "GET", path) == (200, body)


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/?QueueName=both&Tag.1.Key=k&Tag.1.Value=v", "Action=CreateQueue"),
        ("POST", "/?Action=CreateQueue&Tag.1.Key=k", "QueueName=both&Tag.1.Value=v"),
        ("POST", "/", "Action=CreateQueue&QueueName=both&Tag.1.Key=k&Tag.1.Value=v"),
    ],
)
def test_parameters_in_two_places_are_one_list(
    house: House, method: str, path: str, body: str
) -> None:
    """A tag that the decision saw is a tag that the queue gets."""
    sent = f"{body}&Version=2012-11-05".encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    status, _ = raw(house, method, path, service="sqs", body=sent, headers=headers)
    assert status == 200
    sqs = house.client("sqs")
    url = sqs.get_queue_url(QueueName="both")["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"k": "v"}
    sqs.delete_queue(QueueUrl=url)


def test_a_get_with_parameters(house: House) -> None:
    """Reading may come as GET; the upstream gets the same list as a form."""
    path = "/?Action=DescribeRegions&Version=2016-11-15&RegionName.1=eu-west-1"
    headers = {"content-type": "application/json"}
    status, body = raw(house, "GET", path, service="ec2", headers=headers)
    assert status == 200
    assert body.count(b"<regionName>") == 1


@pytest.mark.threat("T70")
def test_the_sandbox_posts_nothing_to_anybody(house: House) -> None:
    """A subscription with an address of the client's choice reaches nobody."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.3)
        sns = house.client("sns")
        topic = sns.create_topic(Name="outward")["TopicArn"]
        sns.subscribe(
            TopicArn=topic,
            Protocol="http",
            Endpoint=f"http://127.0.0.1:{listener.getsockname()[1]}/",
        )
        sns.publish(TopicArn=topic, Message="hello")
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.threat("T63")
def test_a_connection_header_with_other_names_is_refused(house: House) -> None:
    """400 before anything is asked upstream."""
    headers = {"connection": "x-amz-security-token"}
    status, _ = raw(house, "GET", "/", unsigned=headers)
    assert status == 400


def test_accounts_have_their_own_queues_topics_and_tables(house: House) -> None:
    """The same names in two accounts are two resources."""
    for account, text in ((A, "from A"), (B, "from B")):
        sqs = house.client("sqs", account)
        url = sqs.create_queue(QueueName="same")["QueueUrl"]
        assert url == f"{house.url}/{account}/same"
        sqs.send_message(QueueUrl=url, MessageBody=text)
        topic = house.client("sns", account).create_topic(Name="same")["TopicArn"]
        assert topic == f"arn:aws:sns:us-east-1:{account}:same"
        table = house.client("dynamodb", account).create_table(
            TableName="same",
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )["TableDescription"]["TableArn"]
        assert table == f"arn:aws:dynamodb:us-east-1:{account}:table/same"
    for account, text in ((A, "from A"), (B, "from B")):
        sqs = house.client("sqs", account)
        url = f"{house.url}/{account}/same"
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        assert message["Body"] == text


@pytest.mark.rule("M60")
def test_a_request_acts_in_the_account_that_owns_the_resource(house: House) -> None:
    """Nikhil of C writes to A's bucket and A's queue, and A finds it there."""
    house.client("s3").create_bucket(Bucket="shared")
    house.client_of("s3", "AKIANIKHIL").put_object(Bucket="shared", Key="k", Body=b"n")
    found = house.client("s3").get_object(Bucket="shared", Key="k")
    assert found["Body"].read() == b"n"
    sqs = house.client("sqs")
    url = sqs.create_queue(QueueName="shared")["QueueUrl"]
    house.client_of("sqs", "AKIANIKHIL").send_message(QueueUrl=url, MessageBody="n")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "n"


def test_each_account_lists_its_own_buckets(house: House) -> None:
    """A name of another account is not even told."""
    house.client("s3", B).create_bucket(Bucket="only-b")
    listed = {
        account: {
            one["Name"] for one in house.client("s3", account).list_buckets()["Buckets"]
        }
        for account in (A, B, C)
    }
    assert "only-b" not in listed[A]
    assert listed[B] == {"only-b"}
    assert listed[C] == set()


def test_the_name_of_a_bucket_is_taken_once(house: House) -> None:
    """Another account's: BucketAlreadyExists; the own one: as S3 in us-east-1, fine."""
    house.client("s3").create_bucket(Bucket="taken")
    with pytest.raises(ClientError) as caught:
        house.client("s3", B).create_bucket(Bucket="taken")
    assert _code(caught) == (409, "BucketAlreadyExists")
    house.client("s3").create_bucket(Bucket="taken")
    assert house.snapshot.owned["arn:aws:s3:::taken"].account == A


@pytest.mark.threat("T101")
def test_two_accounts_that_race_for_a_name(house: House) -> None:
    """One gets the bucket, and is its owner; the other is refused."""

    def create(name: str, account: str) -> str:
        try:
            house.client("s3", account).create_bucket(Bucket=name)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(6) as threads:
        for number in range(5):
            name = f"race-{number}"
            tries = [
                (account, threads.submit(create, name, account))
                for account in (A, B, C) * 2
            ]
            results = [(account, one.result()) for account, one in tries]
            winners = {account for account, result in results if result == "created"}
            assert winners == {house.snapshot.owned[f"arn:aws:s3:::{name}"].account}
            assert {result for _, result in results} <= {
                "created",
                "BucketAlreadyExists",
                "OperationAborted",
            }


def test_a_deleted_bucket_is_forgotten(house: House) -> None:
    """Whoever takes the name next gets neither the owner nor the policy of before."""
    s3 = house.client("s3")
    s3.create_bucket(Bucket="again")
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::again/*",
        },
    }
    s3.put_bucket_policy(Bucket="again", Policy=json.dumps(policy))
    s3.put_object(Bucket="again", Key="k")
    with pytest.raises(ClientError) as caught:
        s3.delete_bucket(Bucket="again")
    assert _code(caught) == (409, "BucketNotEmpty")
    assert s3.get_bucket_policy(Bucket="again")["Policy"]
    s3.delete_object(Bucket="again", Key="k")
    s3.delete_bucket(Bucket="again")
    assert "arn:aws:s3:::again" not in house.snapshot.owned
    house.client("s3", B).create_bucket(Bucket="again")
    with pytest.raises(ClientError) as caught:
        house.client("s3", B).get_bucket_policy(Bucket="again")
    assert _code(caught) == (404, "NoSuchBucketPolicy")


def test_a_bucket_that_the_upstream_lost_is_free(house: House) -> None:
    """An owner and a policy that outlived their bucket do not come back with it."""
    arn = "arn:aws:s3:::lost"

    def leave(change: Any) -> None:
        change.insert(OwnedResource(arn=arn, account=A, created=1, state=""))
        change.insert(ResourcePolicy(arn=arn, account=A, text="{}", updated=1))

    house.run(house.work.change(leave))
    house.client("s3", B).create_bucket(Bucket="lost")
    assert house.snapshot.owned[arn].account == B
    assert arn not in house.snapshot.resource_policies


def test_a_bucket_that_is_being_made_is_nobodys(house: House) -> None:
    """A reservation gives its account nothing yet, even if the upstream has a bucket."""
    s3 = house.client("s3")
    s3.create_bucket(Bucket="in-making")
    arn = "arn:aws:s3:::in-making"
    made = house.snapshot.owned[arn]
    reserved = replace(made, state='{"reserved": "r"}', created=int(time.time()))
    house.run(house.work.change(lambda change: change.replace(reserved)))
    source = {"Bucket": "in-making", "Key": "k"}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("put_object", {"Bucket": "in-making", "Key": "k"}),
        ("copy_object", {"Bucket": "paths", "Key": "k", "CopySource": source}),
        ("delete_bucket", {"Bucket": "in-making"}),
        ("get_bucket_policy", {"Bucket": "in-making"}),
    ]
    for operation, arguments in calls:
        with pytest.raises(ClientError) as caught:
            getattr(s3, operation)(**arguments)
        assert _code(caught) == (404, "NoSuchBucket")
    with pytest.raises(ClientError) as caught:
        s3.create_bucket(Bucket="in-making")
    assert _code(caught) == (409, "OperationAborted")


def test_a_reservation_without_an_answer_runs_out(house: House) -> None:
    """Then its account may try again, and gets the bucket that was made after all."""
    s3 = house.client("s3")
    s3.create_bucket(Bucket="unanswered")
    arn = "arn:aws:s3:::unanswered"
    left = replace(house.snapshot.owned[arn], state='{"reserved": "r"}', created=1)
    house.run(house.work.change(lambda change: change.replace(left)))
    with pytest.raises(ClientError) as caught:
        house.client("s3", B).create_bucket(Bucket="unanswered")
    assert _code(caught) == (409, "BucketAlreadyExists")
    assert house.snapshot.owned[arn] == left
    s3.create_bucket(Bucket="unanswered")
    s3.put_object(Bucket="unanswered", Key="k")


def test_a_reservation_that_failed_is_taken_back(house: House) -> None:
    """A bucket that the upstream refuses leaves nothing behind."""
    with pytest.raises(ClientError):
        house.client("s3").create_bucket(
            Bucket="refused",
            CreateBucketConfiguration={"LocationConstraint": "us-east-1"},
        )
    assert "arn:aws:s3:::refused" not in house.snapshot.owned


def test_the_expected_owner_of_a_bucket(house: House, bucket: str) -> None:
    """A client that expects another account than the owner is refused."""
    s3 = house.client("s3")
    s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner=A)
    with pytest.raises(ClientError) as caught:
        s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner=B)
    assert _code(caught) == (403, "AccessDenied")


@pytest.mark.threat("T65")
def test_copying_reads_what_was_decided(house: House, bucket: str) -> None:
    """The source goes on as it was read; its expected owner is held against ours."""
    s3 = house.client("s3")
    s3.put_object(Bucket=bucket, Key="from//x", Body=b"source")
    source = {"Bucket": bucket, "Key": "from//x"}
    s3.copy_object(Bucket=bucket, Key="to", CopySource=source)
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == b"source"
    s3.copy_object(
        Bucket=bucket, Key="to", CopySource=source, ExpectedSourceBucketOwner=A
    )
    with pytest.raises(ClientError) as caught:
        s3.copy_object(
            Bucket=bucket, Key="to", CopySource=source, ExpectedSourceBucketOwner=B
        )
    assert _code(caught) == (403, "AccessDenied")


def test_large_objects_pass_both_ways(house: House, bucket: str) -> None:
    """Bytes are streamed, and arrive as they were."""
    body = bytes(range(256)) * 12_000
    s3 = house.client("s3")
    s3.put_object(Bucket=bucket, Key="large", Body=body)
    assert s3.get_object(Bucket=bucket, Key="large")["Body"].read() == body
    part = s3.get_object(Bucket=bucket, Key="large", Range="bytes=5-9")
    assert part["Body"].read() == bytes([5, 6, 7, 8, 9])
    head = s3.head_object(Bucket=bucket, Key="large")
    assert head["ContentLength"] == len(body)


@pytest.mark.parametrize(
    ("service", "good", "bad", "arguments"),
    [
        ("s3", "list_buckets", "get_object", {"Bucket": "none", "Key": "k"}),
        ("sqs", "list_queues", "get_queue_url", {"QueueName": "none"}),
        (
            "sns",
            "list_topics",
            "publish",
            {"TopicArn": f"arn:aws:sns:us-east-1:{A}:none", "Message": "m"},
        ),
        (
            "ec2",
            "describe_instances",
            "stop_instances",
            {"InstanceIds": ["i-0123456789abcdef0"]},
        ),
        ("dynamodb", "list_tables", "describe_table", {"TableName": "none"}),
    ],
)
def test_every_answer_carries_our_request_id(
    house: House, service: str, good: str, bad: str, arguments: dict[str, Any]
) -> None:
    """In the place where each protocol's clients look, on success and on failure."""
    client = house.client(service)
    assert getattr(client, good)()["ResponseMetadata"]["RequestId"] == REQUEST_ID
    with pytest.raises(ClientError) as caught:
        getattr(client, bad)(**arguments)
    assert caught.value.response["ResponseMetadata"]["RequestId"] == REQUEST_ID


def _admitted(house: House, **accounts: str) -> Admitted:
    """A DynamoDB batch over tables of these accounts."""
    items = {
        f"arn:aws:dynamodb:us-east-1:{account}:table/{name}": {"Keys": []}
        for name, account in accounts.items()
    }
    request = Request(
        method="POST",
        path="/",
        query="",
        headers=(
            ("host", "localhost"),
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", "DynamoDB_20120810.BatchGetItem"),
        ),
        body=json.dumps({"RequestItems": items}).encode(),
        secure=False,
        peer="127.0.0.1",
    )
    caller = house.callers[f"AKIAROOT{A}"]
    target = catalog.read(request, DYNAMODB)
    return Admitted(
        target=target,
        request=request,
        caller=caller,
        needs=required(target, request, caller, house.snapshot, "us-east-1"),
        claim=None,
        region="us-east-1",
        request_id=REQUEST_ID,
        now=0,
        note=lambda _change: None,
    )


@pytest.mark.threat("T65")
def test_resources_of_two_accounts_in_one_request(house: House) -> None:
    """No upstream could do as was decided: refused, rather than done in one of them."""
    snapshot = Snapshot()
    assert resource_owner(_admitted(house, one=B, two=B), snapshot, None) == B
    with pytest.raises(Fault) as caught:
        resource_owner(_admitted(house, one=A, two=B), snapshot, None)
    assert caught.value.code == "ValidationException"


@pytest.mark.threat("T65")
def test_a_resource_of_another_region(house: House) -> None:
    """Upstreams would act in the region of the signature: refused."""
    admitted = _admitted(house, one=A)
    elsewhere = replace(
        admitted.needs[0], resource=f"arn:aws:dynamodb:eu-west-1:{A}:table/one"
    )
    with pytest.raises(Fault) as caught:
        house.run(house.door.perform(replace(admitted, needs=(elsewhere,))))
    assert caught.value.code == "ValidationException"


def test_an_anonymous_caller_acts_in_nobodys_account(house: House) -> None:
    """Where no resource says whose, there is none."""
    request = Request(
        method="GET",
        path="/unknown/key",
        query="",
        headers=(("host", "localhost"),),
        body=b"",
        secure=False,
        peer="127.0.0.1",
    )
    admitted = Admitted(
        target=catalog.read(request, catalog.route(request, None)),
        request=request,
        caller=ANONYMOUS,
        needs=(),
        claim=None,
        region="us-east-1",
        request_id=REQUEST_ID,
        now=0,
        note=lambda _change: None,
    )
    assert resource_owner(admitted, house.snapshot, None) == NOBODY
