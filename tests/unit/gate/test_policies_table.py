"""Resource policies of DynamoDB belong to the door."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.gate.door_house import A, C, House

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{C}:user/Nikhil"},
                "Action": "dynamodb:GetItem",
                "Resource": "*",
            }
        ],
    },
    indent=1,
)


@pytest.fixture
def dynamodb(house: House) -> Any:
    """A client of account A."""
    return house.client("dynamodb")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A table name of this test's own."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name)


def _create(dynamodb: Any, name: str, **more: Any) -> str:
    made = dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )
    return str(made["TableDescription"]["TableArn"])


def _code(caught: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_put_get_delete(house: House, dynamodb: Any, name: str) -> None:
    """The policy comes back as it was sent, with its revision."""
    arn = _create(dynamodb, name)
    put = dynamodb.put_resource_policy(ResourceArn=arn, Policy=POLICY)
    got = dynamodb.get_resource_policy(ResourceArn=arn)
    assert got["Policy"] == POLICY
    assert got["RevisionId"] == put["RevisionId"]
    assert "AIDA" + "N" * 17 in house.snapshot.resource_policies[arn].text
    gone = dynamodb.delete_resource_policy(ResourceArn=arn)
    assert gone["RevisionId"] == put["RevisionId"]
    assert "RevisionId" not in dynamodb.delete_resource_policy(ResourceArn=arn)
    with pytest.raises(ClientError) as caught:
        dynamodb.get_resource_policy(ResourceArn=arn)
    assert _code(caught) == (400, "PolicyNotFoundException")


def test_a_table_made_with_a_policy(house: House, dynamodb: Any, name: str) -> None:
    """The upstream makes the table, the policy stays here; with the table it goes."""
    arn = _create(dynamodb, name, ResourcePolicy=POLICY)
    assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == POLICY
    dynamodb.delete_table(TableName=name)
    assert arn not in house.snapshot.resource_policies


@pytest.mark.threat("T100")
def test_only_the_expected_revision_is_replaced(dynamodb: Any, name: str) -> None:
    """Who has seen an older policy changes nothing."""
    arn = _create(dynamodb, name)
    first = dynamodb.put_resource_policy(
        ResourceArn=arn, Policy=POLICY, ExpectedRevisionId="NO_POLICY"
    )["RevisionId"]
    other = POLICY.replace("GetItem", "PutItem")
    for expected in ("NO_POLICY", "1"):
        with pytest.raises(ClientError) as caught:
            dynamodb.put_resource_policy(
                ResourceArn=arn, Policy=other, ExpectedRevisionId=expected
            )
        assert _code(caught) == (400, "PolicyNotFoundException")
    assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == POLICY
    dynamodb.put_resource_policy(
        ResourceArn=arn, Policy=other, ExpectedRevisionId=first
    )
    with pytest.raises(ClientError) as caught:
        dynamodb.delete_resource_policy(ResourceArn=arn, ExpectedRevisionId=first)
    assert _code(caught) == (400, "PolicyNotFoundException")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        POLICY.replace("Nikhil", "Nobody"),
        POLICY.replace('"Effect"', '"Sid": "' + "x" * 21_000 + '", "Effect"'),
    ],
)
def test_policies_that_are_refused(dynamodb: Any, name: str, text: str) -> None:
    """ValidationException 400, with or without a table."""
    arn = _create(dynamodb, name)
    with pytest.raises(ClientError) as caught:
        dynamodb.put_resource_policy(ResourceArn=arn, Policy=text)
    assert _code(caught) == (400, "ValidationException")
    dynamodb.delete_table(TableName=name)


def test_a_table_that_is_not_there(house: House, dynamodb: Any, name: str) -> None:
    """ResourceNotFoundException for all of them; no policy waits for a table."""
    arn = f"arn:aws:dynamodb:us-east-1:{A}:table/{name}"
    for operation, more in (
        ("get_resource_policy", {}),
        ("put_resource_policy", {"Policy": POLICY}),
        ("delete_resource_policy", {}),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(dynamodb, operation)(ResourceArn=arn, **more)
        assert _code(caught) == (400, "ResourceNotFoundException")
    assert arn not in house.snapshot.resource_policies
