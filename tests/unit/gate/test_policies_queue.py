"""Queue policies belong to the door, in both protocols of SQS."""

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.unit.gate.door_house import SECRET, A, B, C, House

NAMESPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "one",
                "Effect": "Allow",
                "Principal": {"AWS": [B, f"arn:aws:iam::{C}:user/Nikhil"]},
                "Action": "sqs:SendMessage",
                "Resource": "*",
            }
        ],
    },
    indent=1,
)


class QueryError(Exception):
    """What the older protocol answers to a wrong request."""


class Query:
    """A client of SQS's older protocol, which boto3 no longer speaks."""

    def __init__(self, house: House) -> None:
        self._house = house

    def call(self, action: str, path: str = "/", **fields: str) -> ET.Element:
        """The answer's XML; raises QueryError with status and code."""
        body = urlencode({"Action": action, "Version": "2012-11-05", **fields})
        request = AWSRequest(
            method="POST",
            url=self._house.url + path,
            data=body.encode(),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        credentials = Credentials(f"AKIAROOT{A}", SECRET)
        SigV4Auth(credentials, "sqs", "us-east-1").add_auth(request)
        place = urlsplit(self._house.url).netloc
        connection = http.client.HTTPConnection(place, timeout=30)
        connection.request("POST", path, body, dict(request.headers.items()))
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        root = ET.fromstring(text)  # noqa: S314 - our own answer
        if answer.status != 200:
            raise QueryError(answer.status, root.findtext(f".//{NAMESPACE}Code"))
        return root

    def create_queue(self, name: str, attributes: dict[str, str]) -> str:
        """The new queue's URL."""
        root = self.call("CreateQueue", QueueName=name, **_numbered(attributes))
        return root.findtext(f".//{NAMESPACE}QueueUrl") or ""

    def set_attributes(self, url: str, attributes: dict[str, str]) -> None:
        """SetQueueAttributes, with the queue in the path as old clients do it."""
        self.call("SetQueueAttributes", urlsplit(url).path, **_numbered(attributes))

    def get_attributes(self, url: str, *names: str) -> dict[str, str]:
        """GetQueueAttributes."""
        fields = {f"AttributeName.{n}": name for n, name in enumerate(names, 1)}
        root = self.call("GetQueueAttributes", QueueUrl=url, **fields)
        return {
            one.findtext(f"{NAMESPACE}Name") or "": one.findtext(f"{NAMESPACE}Value")
            or ""
            for one in root.iter(f"{NAMESPACE}Attribute")
        }

    def add_permission(self, url: str, label: str, account: str, action: str) -> None:
        """AddPermission."""
        fields = {
            "Label": label,
            "AWSAccountId.1": account,
            "ActionName.1": action,
        }
        self.call("AddPermission", QueueUrl=url, **fields)

    def remove_permission(self, url: str, label: str) -> None:
        """RemovePermission."""
        self.call("RemovePermission", QueueUrl=url, Label=label)


class Json:
    """The same calls through boto3, which speaks JSON."""

    def __init__(self, house: House) -> None:
        self._sqs = house.client("sqs")

    def create_queue(self, name: str, attributes: dict[str, str]) -> str:
        """The new queue's URL."""
        made = self._sqs.create_queue(QueueName=name, Attributes=attributes)
        return str(made["QueueUrl"])

    def set_attributes(self, url: str, attributes: dict[str, str]) -> None:
        """SetQueueAttributes."""
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)

    def get_attributes(self, url: str, *names: str) -> dict[str, str]:
        """GetQueueAttributes."""
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[*names])
        return dict(found.get("Attributes", {}))

    def add_permission(self, url: str, label: str, account: str, action: str) -> None:
        """AddPermission."""
        self._sqs.add_permission(
            QueueUrl=url, Label=label, AWSAccountIds=[account], Actions=[action]
        )

    def remove_permission(self, url: str, label: str) -> None:
        """RemovePermission."""
        self._sqs.remove_permission(QueueUrl=url, Label=label)


Client = Query | Json


def _numbered(attributes: dict[str, str]) -> dict[str, str]:
    fields = {}
    for number, (name, value) in enumerate(attributes.items(), 1):
        fields[f"Attribute.{number}.Name"] = name
        fields[f"Attribute.{number}.Value"] = value
    return fields


@pytest.fixture(params=[Query, Json], ids=["query", "json"])
def client(request: pytest.FixtureRequest, house: House) -> Client:
    """A client of either protocol."""
    make: Callable[[House], Client] = request.param
    return make(house)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A queue name of this test's own."""
    words = "".join(c if c.isalnum() else "-" for c in request.node.name)
    return words[-70:]


def _refused(act: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises((ClientError, QueryError)) as caught:
        act()
    error: Any = caught.value
    if isinstance(error, ClientError):
        response = error.response
        return (
            response["ResponseMetadata"]["HTTPStatusCode"],
            response["Error"]["Code"],
        )
    return error.args[0], error.args[1]


def _stored(house: House, name: str) -> str | None:
    found = house.snapshot.resource_policies.get(f"arn:aws:sqs:us-east-1:{A}:{name}")
    return None if found is None else found.text


def test_set_and_get(house: House, client: Client, name: str) -> None:
    """The policy comes back as it was sent, among the upstream's attributes."""
    url = client.create_queue(name, {"DelaySeconds": "7"})
    client.set_attributes(url, {"Policy": POLICY, "VisibilityTimeout": "44"})
    found = client.get_attributes(url, "All")
    assert found["Policy"] == POLICY
    assert (found["DelaySeconds"], found["VisibilityTimeout"]) == ("7", "44")
    assert client.get_attributes(url, "Policy") == {"Policy": POLICY}
    assert set(client.get_attributes(url, "Policy", "DelaySeconds")) == {
        "Policy",
        "DelaySeconds",
    }
    assert client.get_attributes(url, "DelaySeconds") == {"DelaySeconds": "7"}
    assert "AIDA" + "N" * 17 in (_stored(house, name) or "")


def test_the_policy_alone(client: Client, name: str) -> None:
    """Setting nothing but the policy asks the upstream only if the queue is there."""
    url = client.create_queue(name, {})
    assert client.get_attributes(url, "Policy") == {}
    client.set_attributes(url, {"Policy": POLICY})
    assert client.get_attributes(url, "Policy") == {"Policy": POLICY}


def test_an_empty_policy_removes_it(house: House, client: Client, name: str) -> None:
    """As on AWS."""
    url = client.create_queue(name, {"Policy": POLICY})
    assert _stored(house, name)
    client.set_attributes(url, {"Policy": ""})
    assert _stored(house, name) is None
    assert "Policy" not in client.get_attributes(url, "All")


def test_a_queue_made_with_a_policy(house: House, client: Client, name: str) -> None:
    """The other attributes arrive upstream, the policy here."""
    url = client.create_queue(name, {"Policy": POLICY, "DelaySeconds": "9"})
    found = client.get_attributes(url, "Policy", "DelaySeconds")
    assert found == {"Policy": POLICY, "DelaySeconds": "9"}
    assert _stored(house, name)


@pytest.mark.threat("T65")
def test_creating_again_does_not_change_the_policy(
    house: House, client: Client, name: str
) -> None:
    """CreateQueue gives no right to set the policy of a queue that is there."""
    open_to_all = POLICY.replace(B, "*")
    client.create_queue(name, {})
    code = "QueueAlreadyExists" if isinstance(client, Query) else "QueueNameExists"
    for text in (POLICY, open_to_all):
        status, told = _refused(
            lambda text=text: client.create_queue(name, {"Policy": text})
        )
        assert status == 400
        assert told in {code, "QueueAlreadyExists"}
    assert _stored(house, name) is None


def test_deleting_the_queue_deletes_its_policy(house: House, name: str) -> None:
    """A new queue of that name begins without."""
    sqs = house.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": POLICY})["QueueUrl"]
    sqs.delete_queue(QueueUrl=url)
    assert _stored(house, name) is None


@pytest.mark.parametrize(
    "text",
    ["{", "x", POLICY.replace("Nikhil", "Nobody"), POLICY.replace("Allow", "allow")],
)
def test_policies_that_are_refused(client: Client, name: str, text: str) -> None:
    """InvalidAttributeValue, and nothing is set: not even the other attributes."""
    url = client.create_queue(name, {})
    status, code = _refused(
        lambda: client.set_attributes(url, {"Policy": text, "DelaySeconds": "1"})
    )
    assert (status, code) == (400, "InvalidAttributeValue")
    assert "Policy" not in client.get_attributes(url, "All")


def test_a_queue_that_is_not_there(house: House, client: Client, name: str) -> None:
    """NonExistentQueue for all of them; no policy waits for a queue."""
    url = f"{house.url}/{A}/{name}"
    acts: list[Callable[[], object]] = [
        lambda: client.set_attributes(url, {"Policy": POLICY}),
        lambda: client.get_attributes(url, "Policy"),
        lambda: client.get_attributes(url, "All"),
        lambda: client.add_permission(url, "l", B, "SendMessage"),
        lambda: client.remove_permission(url, "l"),
    ]
    for act in acts:
        status, code = _refused(act)
        assert status == 400
        assert code in {
            "AWS.SimpleQueueService.NonExistentQueue",
            "QueueDoesNotExist",
        }
    assert _stored(house, name) is None


def test_permissions_are_statements(client: Client, name: str) -> None:
    """AddPermission makes and extends the policy, RemovePermission ends it."""
    url = client.create_queue(name, {})
    client.add_permission(url, "send", B, "SendMessage")
    client.add_permission(url, "all", C, "*")
    policy = json.loads(client.get_attributes(url, "Policy")["Policy"])
    arn = f"arn:aws:sqs:us-east-1:{A}:{name}"
    assert policy["Id"] == f"{arn}/SQSDefaultPolicy"
    assert policy["Statement"] == [
        {
            "Sid": "send",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{B}:root"},
            "Action": "SQS:SendMessage",
            "Resource": arn,
        },
        {
            "Sid": "all",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{C}:root"},
            "Action": "SQS:*",
            "Resource": arn,
        },
    ]
    client.remove_permission(url, "send")
    client.remove_permission(url, "all")
    assert "Policy" not in client.get_attributes(url, "All")


def test_permissions_that_are_refused(client: Client, name: str) -> None:
    """A label twice, a label that is not there, an account or action that is none."""
    url = client.create_queue(name, {})
    client.add_permission(url, "one", B, "SendMessage")
    acts: list[Callable[[], object]] = [
        lambda: client.add_permission(url, "one", C, "SendMessage"),
        lambda: client.remove_permission(url, "two"),
        lambda: client.add_permission(url, "x", "*", "SendMessage"),
        lambda: client.add_permission(url, "x", B, "iam:Create"),
        lambda: client.add_permission(url, "a b", B, "SendMessage"),
    ]
    for act in acts:
        status, code = _refused(act)
        assert status == 400
        assert code.removesuffix("Exception") == "InvalidParameterValue"
