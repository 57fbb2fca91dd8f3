"""A partner is granted temporary access; the token really comes over SNS.

Topic, queue and subscription are the sandbox's; the partner reads its own queue.
"""

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.e2e.server import start
from tests.e2e.world import Account, Credentials, World, allow, policy


def allow_notices(partner: Account, topic: str) -> None:
    """IAM may publish to the topic."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "iam.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    partner.client("sns").set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=json.dumps(policy(statement)),
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_partner_configures_a_customer_s_bucket(tmp_path: Path, workers: int) -> None:
    """From the request to the bucket, with boto3 on both sides."""
    home = tmp_path / "home"
    first = start(home)
    world = World(first)
    partner = world.account("partner-to-be")
    assert first.stop() == 0
    (home / "ostiary.toml").write_text(
        f'[delegation]\npartners = {{ "{partner.id}" = "Example Corp" }}\n'
    )
    server = start(home, "--workers", str(workers))
    try:
        _play(World(server), partner)
    finally:
        server.stop()


def _play(world: World, known: Account) -> None:
    partner = Account(world, known.id, known.root)
    sns, sqs = partner.client("sns"), partner.client("sqs")
    topic = sns.create_topic(Name="grants")["TopicArn"]
    queue = sqs.create_queue(QueueName="grants")["QueueUrl"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:us-east-1:{partner.id}:grants",
        Attributes={"RawMessageDelivery": "true"},
    )
    template = partner.client("iam").create_policy(
        PolicyName="onboarding",
        PolicyDocument=json.dumps(
            allow("s3:PutBucketTagging", "arn:aws:s3:::@{bucketName}")
        ),
    )["Policy"]["Arn"]
    bucket = world.a.bucket()
    owner = world.a.person("Olga", admin=True).client("iam")
    asked = {
        "OwnerAccountId": world.a.id,
        "Description": "Tags your bucket",
        "RequestorWorkflowId": "workflow-1",
        "NotificationChannel": topic,
        "SessionDuration": 900,
        "Permissions": {
            "PolicyTemplateArn": template,
            "Parameters": [
                {"Name": "bucketName", "Values": [bucket], "Type": "string"}
            ],
        },
    }
    iam = partner.client("iam")
    with pytest.raises(ClientError) as error:
        iam.create_delegation_request(**asked)
    assert error.value.response["Error"]["Code"] == "InvalidInput"
    allow_notices(partner, topic)
    request = iam.create_delegation_request(**asked)["DelegationRequestId"]
    owner.associate_delegation_request(DelegationRequestId=request)
    shown = owner.get_delegation_request(DelegationRequestId=request)
    owner.accept_delegation_request(DelegationRequestId=request)
    owner.send_delegation_token(DelegationRequestId=request)
    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    notice = json.loads(message["Body"])
    made = partner.client("sts").get_delegated_access_token(
        TradeInToken=notice["TradeInToken"]
    )
    s3 = world.client("s3", Credentials.of(made))
    s3.put_bucket_tagging(
        Bucket=bucket, Tagging={"TagSet": [{"Key": "by", "Value": "partner"}]}
    )
    with pytest.raises(ClientError) as error:
        s3.delete_bucket(Bucket=bucket)

    told = shown["DelegationRequest"]
    assert told["RequestorName"] == "Example Corp"
    assert bucket in told["PermissionPolicy"]
    assert notice["DelegationRequestId"] == request
    assert error.value.response["Error"]["Code"] == "AccessDenied"
    tags = world.a.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]
    assert tags == [{"Key": "by", "Value": "partner"}]
