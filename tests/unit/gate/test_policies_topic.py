"""Topic policies belong to the door."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.gate.door_house import A, B, C, House

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "one",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{C}:user/Nikhil"},
                "Action": "sns:Publish",
                "Resource": "*",
            }
        ],
    },
    indent=1,
)


@pytest.fixture
def sns(house: House) -> Any:
    """A client of account A."""
    return house.client("sns")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A topic name of this test's own."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name)


def _code(caught: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def _policy_of(sns: Any, arn: str) -> Any:
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    return json.loads(found)


def test_set_and_get(house: House, sns: Any, name: str) -> None:
    """The policy comes back as it was sent, among the upstream's attributes."""
    arn = sns.create_topic(Name=name, Attributes={"DisplayName": "D & <d>"})["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=POLICY
    )
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert found["Policy"] == POLICY
    assert found["DisplayName"] == "D & <d>"
    assert found["TopicArn"] == arn
    assert "AIDA" + "N" * 17 in house.snapshot.resource_policies[arn].text


def test_other_attributes_pass(sns: Any, name: str) -> None:
    """They are the upstream's."""
    arn = sns.create_topic(Name=name)["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=arn, AttributeName="DisplayName", AttributeValue="later"
    )
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert found["DisplayName"] == "later"


def test_a_topic_without_a_policy_shows_the_default(
    house: House, sns: Any, name: str
) -> None:
    """It is shown, as AWS shows it, and allows nothing to anybody here."""
    arn = sns.create_topic(Name=name)["TopicArn"]
    policy = _policy_of(sns, arn)
    assert policy["Id"] == "__default_policy_ID"
    assert policy["Statement"][0]["Condition"] == {
        "StringEquals": {"AWS:SourceOwner": A}
    }
    assert arn not in house.snapshot.resource_policies


def test_a_topic_made_with_a_policy(house: House, sns: Any, name: str) -> None:
    """The other attributes arrive upstream, the policy here."""
    arn = sns.create_topic(
        Name=name, Attributes={"Policy": POLICY, "DisplayName": "shown"}
    )["TopicArn"]
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert (found["Policy"], found["DisplayName"]) == (POLICY, "shown")
    assert arn in house.snapshot.resource_policies


@pytest.mark.threat("T65")
def test_creating_again_does_not_change_the_policy(
    house: House, sns: Any, name: str
) -> None:
    """CreateTopic gives no right to set the policy of a topic that is there."""
    arn = sns.create_topic(Name=name)["TopicArn"]
    with pytest.raises(ClientError) as caught:
        sns.create_topic(Name=name, Attributes={"Policy": POLICY})
    assert _code(caught)[0] == 400
    assert arn not in house.snapshot.resource_policies


def test_deleting_the_topic_deletes_its_policy(
    house: House, sns: Any, name: str
) -> None:
    """A new topic of that name begins with the default."""
    arn = sns.create_topic(Name=name, Attributes={"Policy": POLICY})["TopicArn"]
    sns.delete_topic(TopicArn=arn)
    assert arn not in house.snapshot.resource_policies


@pytest.mark.parametrize("text", ["{", "x", POLICY.replace("Nikhil", "Nobody")])
def test_policies_that_are_refused(sns: Any, name: str, text: str) -> None:
    """InvalidParameter 400, and the policy stays."""
    arn = sns.create_topic(Name=name)["TopicArn"]
    with pytest.raises(ClientError) as caught:
        sns.set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=text
        )
    assert _code(caught) == (400, "InvalidParameter")
    assert _policy_of(sns, arn)["Id"] == "__default_policy_ID"


def test_a_topic_that_is_not_there(house: House, sns: Any, name: str) -> None:
    """NotFound 404 for all of them; no policy waits for a topic."""
    arn = f"arn:aws:sns:us-east-1:{A}:{name}"
    calls: list[tuple[str, dict[str, Any]]] = [
        ("get_topic_attributes", {}),
        (
            "set_topic_attributes",
            {"AttributeName": "Policy", "AttributeValue": POLICY},
        ),
        (
            "add_permission",
            {"Label": "l", "AWSAccountId": [B], "ActionName": ["Publish"]},
        ),
        ("remove_permission", {"Label": "l"}),
    ]
    for operation, arguments in calls:
        with pytest.raises(ClientError) as caught:
            getattr(sns, operation)(TopicArn=arn, **arguments)
        assert _code(caught) == (404, "NotFound")
    assert arn not in house.snapshot.resource_policies


def test_permissions_are_statements(sns: Any, name: str) -> None:
    """AddPermission makes and extends the policy, RemovePermission ends it."""
    arn = sns.create_topic(Name=name)["TopicArn"]
    sns.add_permission(
        TopicArn=arn,
        Label="two",
        AWSAccountId=[B, C],
        ActionName=["Publish", "Subscribe"],
    )
    (statement,) = _policy_of(sns, arn)["Statement"]
    assert statement == {
        "Sid": "two",
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{B}:root", f"arn:aws:iam::{C}:root"]},
        "Action": ["SNS:Publish", "SNS:Subscribe"],
        "Resource": arn,
    }
    with pytest.raises(ClientError) as caught:
        sns.add_permission(
            TopicArn=arn, Label="two", AWSAccountId=[B], ActionName=["Publish"]
        )
    assert _code(caught) == (400, "InvalidParameter")
    sns.remove_permission(TopicArn=arn, Label="two")
    sns.remove_permission(TopicArn=arn, Label="two")
    assert _policy_of(sns, arn)["Id"] == "__default_policy_ID"
