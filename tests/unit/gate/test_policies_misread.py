"""Requests that hide a policy from the door, and answers that make no sense."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.unit.gate.door_house import A, House, open_house, raw
from tests.unit.gate.test_forward_remote import Store, remote_to

FORM = {"content-type": "application/x-www-form-urlencoded"}
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "*",
            "Resource": "*",
        },
    }
)
QUEUE = f"http://localhost/{A}/misread"
TOPIC = f"arn:aws:sns:us-east-1:{A}:misread"
TABLE = f"arn:aws:dynamodb:us-east-1:{A}:table/misread"


def _form(house: House, service: str, action: str, **fields: str) -> tuple[int, bytes]:
    version = {"sqs": "2012-11-05", "sns": "2010-03-31"}[service]
    body = urlencode({"Action": action, "Version": version, **fields}).encode()
    return raw(house, "POST", "/", service=service, body=body, headers=FORM)


def _json(house: House, service: str, action: str, params: object) -> tuple[int, bytes]:
    prefix = {"sqs": "AmazonSQS", "dynamodb": "DynamoDB_20120810"}[service]
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": f"{prefix}.{action}",
    }
    body = json.dumps(params).encode()
    return raw(house, "POST", "/", service=service, body=body, headers=headers)


@pytest.fixture(scope="module", autouse=True)
def _resources(house: House) -> None:
    house.client("sqs").create_queue(QueueName="misread")
    house.client("sns").create_topic(Name="misread")


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "fields",
    [
        {
            "Attribute.1.Name": "DelaySeconds",
            "Attribute.1.Value": "1",
            "Attribute.2.Name": "DelaySeconds",
            "Attribute.2.Value": "2",
        },
        {"Attribute.1.Name": "Policy"},
        {
            "Attribute.1.Name": "Policy",
            "Attribute.1.Value": POLICY,
            "Attribute.1.More": "x",
        },
        {"Attribute.entry.1.key": "Policy", "Attribute.entry.1.value": POLICY},
        {"Attribute.Policy": POLICY},
        {"Attribute.1": "Policy"},
        {"Attribute": "Policy"},
    ],
)
def test_attributes_of_a_queue_in_another_form(
    house: House, fields: dict[str, str]
) -> None:
    """Whatever is not a list of names and values is refused, not forwarded."""
    status, _ = _form(house, "sqs", "SetQueueAttributes", QueueUrl=QUEUE, **fields)
    assert status == 400
    assert f"arn:aws:sqs:us-east-1:{A}:misread" not in house.snapshot.resource_policies


def test_a_lone_attribute_without_its_number(house: House) -> None:
    """Old clients may send one so; it is read as the one it is."""
    fields = {"Attribute.Name": "Policy", "Attribute.Value": POLICY}
    status, _ = _form(house, "sqs", "SetQueueAttributes", QueueUrl=QUEUE, **fields)
    assert status == 200
    arn = f"arn:aws:sqs:us-east-1:{A}:misread"
    assert house.snapshot.resource_policies[arn].text == POLICY
    house.run(house.door._tools.policies.delete(arn))


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "attributes", [None, [], "Policy", {"Policy": None}, {"Policy": {"a": "b"}}]
)
def test_attributes_of_a_queue_that_are_no_texts(
    house: House, attributes: object
) -> None:
    """The same in JSON."""
    params = {"QueueUrl": QUEUE, "Attributes": attributes}
    assert _json(house, "sqs", "SetQueueAttributes", params)[0] == 400


@pytest.mark.parametrize("names", [{"a": "b"}, [1], 1])
def test_names_of_attributes_that_are_no_texts(house: House, names: object) -> None:
    """They could hide the name that the door answers."""
    params = {"QueueUrl": QUEUE, "AttributeNames": names}
    assert _json(house, "sqs", "GetQueueAttributes", params)[0] == 400


def test_permissions_without_accounts(house: House) -> None:
    """Nobody would be let in: MissingParameter."""
    fields = {"Label": "l", "ActionName.1": "SendMessage"}
    status, body = _form(house, "sqs", "AddPermission", QueueUrl=QUEUE, **fields)
    assert (status, b"MissingParameter" in body) == (400, True)


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "fields",
    [
        {
            "Attributes.entry.1.key": "DisplayName",
            "Attributes.entry.1.value": "a",
            "Attributes.entry.2.key": "DisplayName",
            "Attributes.entry.2.value": "b",
        },
        {"Attributes.entry.1.key": "Policy"},
        {"Attributes.entry.key": "Policy", "Attributes.entry.value": POLICY},
        {"Attributes.1.key": "Policy", "Attributes.1.value": POLICY},
        {"Attributes.Policy": POLICY},
        {"Attributes": POLICY},
    ],
)
def test_attributes_of_a_topic_in_another_form(
    house: House, fields: dict[str, str]
) -> None:
    """Whatever is not a list of entries is refused, not forwarded."""
    status, _ = _form(house, "sns", "CreateTopic", Name="unmade", **fields)
    assert status == 400
    assert f"arn:aws:sns:us-east-1:{A}:unmade" not in house.snapshot.resource_policies


@pytest.mark.parametrize(
    "fields",
    [
        {"Label": "", "AWSAccountId.member.1": A, "ActionName.member.1": "Publish"},
        {"Label": "l", "AWSAccountId.member.1": "*", "ActionName.member.1": "Publish"},
        {"Label": "l", "AWSAccountId.member.1": A, "ActionName.member.1": "sns:*"},
        {"Label": "l", "AWSAccountId.1": A, "ActionName.member.1": "Publish"},
        {"Label": "l", "AWSAccountId": A, "ActionName.member.1": "Publish"},
        {"Label": "l", "ActionName.member.1": "Publish"},
    ],
)
def test_permissions_of_a_topic_that_are_refused(
    house: House, fields: dict[str, str]
) -> None:
    """InvalidParameter, and no policy."""
    status, body = _form(house, "sns", "AddPermission", TopicArn=TOPIC, **fields)
    assert (status, b"InvalidParameter" in body) == (400, True)
    assert TOPIC not in house.snapshot.resource_policies


def test_an_empty_topic_policy_removes_it(house: House) -> None:
    """As on AWS."""
    sns = house.client("sns")
    for text in (POLICY, ""):
        sns.set_topic_attributes(
            TopicArn=TOPIC, AttributeName="Policy", AttributeValue=text
        )
        assert (TOPIC in house.snapshot.resource_policies) is bool(text)


def test_a_table_policy_that_is_no_text(house: House) -> None:
    """ValidationException, and no table."""
    params = {"TableName": "unmade", "ResourcePolicy": {"a": "b"}}
    assert _json(house, "dynamodb", "CreateTable", params)[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<x",
        b"<VersioningConfiguration><Status>On</Status></VersioningConfiguration>",
        b"<VersioningConfiguration><MfaDelete>on</MfaDelete></VersioningConfiguration>",
        b"<VersioningConfiguration><A>x</A></VersioningConfiguration>",
        b"<Other><Status>Enabled</Status></Other>",
        b"<VersioningConfiguration><Status>Enabled</Status><Status>Suspended</Status></VersioningConfiguration>",
        b"<VersioningConfiguration>" + b" " * 70_000 + b"</VersioningConfiguration>",
    ],
)
def test_a_versioning_that_is_none(house: House, body: bytes) -> None:
    """MalformedXML: what could hide an MfaDelete is not forwarded."""
    status, told = raw(house, "PUT", "/misread-bucket?versioning", body=body)
    assert (status, b"MalformedXML" in told) == (400, True)


def test_mfa_delete_needs_the_versioning_with_it(house: House) -> None:
    """As S3 says it."""
    body = (
        b"<VersioningConfiguration><MfaDelete>Disabled</MfaDelete>"
        b"</VersioningConfiguration>"
    )
    house.client("s3").create_bucket(Bucket="misread-bucket")
    headers = {"x-amz-mfa": f"arn:aws:iam::{A}:mfa/root-device 123456"}
    path = "/misread-bucket?versioning"
    status, told = raw(house, "PUT", path, body=body, headers=headers)
    assert status == 400
    assert b"IllegalVersioningConfigurationException" in told


# --- answers of an upstream -----------------------------------------------------------


@pytest.fixture
def store() -> Iterator[Store]:
    """An upstream that answers what it is told."""
    made = Store()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def strange(store: Store, tmp_path: Path) -> Iterator[House]:
    """A door before it, for every service."""
    with open_house(tmp_path, remote_to(store.port)) as opened:
        yield opened


@pytest.mark.threat("T69")
@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("body", [b"", b"<x", b"{", b"<a/>", b"y" * 100_000])
def test_answers_that_make_no_sense(
    strange: House, store: Store, status: int, body: bytes
) -> None:
    """The door never stores a policy on an answer that it does not understand."""
    store.special = (status, [], body)
    queue, topic = QUEUE, TOPIC
    answers = [
        _json(
            strange,
            "sqs",
            "GetQueueAttributes",
            {"QueueUrl": queue, "AttributeNames": ["All"]},
        ),
        _form(
            strange,
            "sqs",
            "AddPermission",
            QueueUrl=queue,
            Label="l",
            **{"AWSAccountId.1": A, "ActionName.1": "SendMessage"},
        ),
        _form(
            strange,
            "sqs",
            "SetQueueAttributes",
            QueueUrl=queue,
            **{"Attribute.1.Name": "Policy", "Attribute.1.Value": POLICY},
        ),
        _form(strange, "sns", "GetTopicAttributes", TopicArn=topic),
        _json(strange, "dynamodb", "GetResourcePolicy", {"ResourceArn": TABLE}),
        raw(strange, "GET", "/"),
        raw(strange, "GET", "/old?versioning"),
    ]
    if status != 200 or body != b"<a/>":
        assert {one for one, _ in answers} <= {status, 400, 404, 500, 502}
    statuses = [one for one, _ in answers[:5]]
    assert statuses[0] != 200
    stored = set(strange.snapshot.resource_policies)
    # A well-formed 200 says that the queue is there, whatever else it says.
    assert stored == set() or (status, body) == (200, b"<a/>")
