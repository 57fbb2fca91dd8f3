"""What SQS and SNS calls take: accounts from URLs and ARNs, never guessed."""

import pytest

from ostiary.gate.actions import Unmapped
from tests.unit.gate.asking import (
    ACCOUNT,
    ANONYMOUS,
    OTHER,
    REGION,
    form,
    needs,
    needs_of,
    pairs,
)

HOST = "http://localhost:4566"
SQS_VERSION = "2012-11-05"


def queue(account: str, name: str) -> str:
    """The ARN of a queue."""
    return f"arn:aws:sqs:{REGION}:{account}:{name}"


@pytest.mark.parametrize(
    "operation",
    [
        "GetQueueAttributes",
        "ReceiveMessage",
        "PurgeQueue",
        "DeleteQueue",
        "ListQueueTags",
    ],
)
def test_a_queue_belongs_to_the_account_in_its_url(operation: str) -> None:
    """Account and name come from the queue's URL."""
    (need,) = needs("sqs", operation, QueueUrl=f"{HOST}/{OTHER}/jobs.fifo")

    assert (need.action, need.resource, need.resource_account) == (
        f"sqs:{operation}",
        queue(OTHER, "jobs.fifo"),
        OTHER,
    )


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("SendMessageBatch", "SendMessage"),
        ("DeleteMessageBatch", "DeleteMessage"),
        ("ChangeMessageVisibilityBatch", "ChangeMessageVisibility"),
    ],
)
def test_a_batch_takes_the_single_action(operation: str, action: str) -> None:
    """There is no action for a batch; it takes the one of its entries."""
    version = form(SQS_VERSION, operation, QueueUrl=f"{HOST}/{OTHER}/jobs")

    assert pairs(needs_of("sqs", version)) == [(f"sqs:{action}", queue(OTHER, "jobs"))]


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "url",
    [
        f"{HOST}/{OTHER}/a/b",
        f"{HOST}/{OTHER}/",
        f"{HOST}/{OTHER[:5]}/jobs",
        f"{HOST}/{ACCOUNT}/../{OTHER}/jobs",
        f"{HOST}/{OTHER}/jobs?x=y",
        f"{HOST}/{OTHER}/jo%62s",
        f"{HOST}/queue/us-east-1/{OTHER}/jobs",
        "jobs",
        "",
    ],
)
def test_a_url_in_another_form_is_refused(url: str) -> None:
    """Only `/ACCOUNT/NAME` behind a host names a queue."""
    with pytest.raises(Unmapped):
        needs("sqs", "SendMessage", QueueUrl=url, MessageBody="x")


def test_the_older_protocol_posts_to_the_queue() -> None:
    """The path names the queue where QueueUrl is not sent."""
    request = form(SQS_VERSION, "SendMessage", path=f"/{OTHER}/jobs", MessageBody="x")

    assert pairs(needs_of("sqs", request)) == [
        ("sqs:SendMessage", queue(OTHER, "jobs"))
    ]


def test_a_queue_by_name_is_the_callers() -> None:
    """GetQueueUrl looks in the caller's account, or in the one it names."""
    (own,) = needs("sqs", "GetQueueUrl", QueueName="jobs")
    (other,) = needs(
        "sqs", "GetQueueUrl", QueueName="jobs", QueueOwnerAWSAccountId=OTHER
    )

    assert (own.resource, own.resource_account) == (queue(ACCOUNT, "jobs"), ACCOUNT)
    assert (other.resource, other.resource_account) == (queue(OTHER, "jobs"), OTHER)


def test_nobody_has_no_queue_by_name() -> None:
    """An anonymous caller has no account in which a name means something."""
    with pytest.raises(Unmapped, match="anonymous"):
        needs("sqs", "CreateQueue", ANONYMOUS, QueueName="jobs")


@pytest.mark.parametrize(
    "request_",
    [
        form(
            SQS_VERSION,
            "CreateQueue",
            QueueName="jobs",
            **{"Tag.1.Key": "team", "Tag.1.Value": "red"},
        ),
        None,
    ],
)
def test_tags_of_a_new_queue(request_: object) -> None:
    """Both protocols' tags take TagQueue and are keys."""
    if request_ is None:
        found = needs("sqs", "CreateQueue", QueueName="jobs", tags={"team": "red"})
    else:
        found = needs_of("sqs", request_)  # type: ignore[arg-type]

    assert [need.action for need in found] == ["sqs:CreateQueue", "sqs:TagQueue"]
    assert all(need.context["aws:RequestTag/team"] == "red" for need in found)


def test_a_move_task_reads_one_queue_and_writes_another() -> None:
    """StartMessageMoveTask takes messages out of its source and sends them on (T65)."""
    found = needs(
        "sqs",
        "StartMessageMoveTask",
        SourceArn=queue(ACCOUNT, "dead"),
        DestinationArn=queue(OTHER, "jobs"),
    )

    assert pairs(found)[-1] == ("sqs:SendMessage", queue(OTHER, "jobs"))
    assert {resource for _, resource in pairs(found)[:-1]} == {queue(ACCOUNT, "dead")}


def topic(account: str = ACCOUNT, name: str = "news") -> str:
    """The ARN of a topic."""
    return f"arn:aws:sns:{REGION}:{account}:{name}"


@pytest.mark.parametrize(
    "operation", ["GetTopicAttributes", "DeleteTopic", "ListSubscriptionsByTopic"]
)
def test_a_topic_belongs_to_the_account_in_its_arn(operation: str) -> None:
    """The topic's ARN is the resource."""
    (need,) = needs("sns", operation, TopicArn=topic(OTHER))

    assert (need.action, need.resource, need.resource_account) == (
        f"sns:{operation}",
        topic(OTHER),
        OTHER,
    )


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "arn",
    [
        "news",
        f"arn:aws:sns:eu-west-1:{ACCOUNT}:news",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:news",
        f"{topic()}:sub",
        topic("12"),
        topic(name="*"),
    ],
)
def test_what_is_no_topic_of_this_region_is_refused(arn: str) -> None:
    """An upstream may look at the ARN's region or at the scope's; they must agree."""
    with pytest.raises(Unmapped):
        needs("sns", "Publish", TopicArn=arn, Message="x")


@pytest.mark.parametrize(
    ("where", "resource"),
    [
        ({"TopicArn": topic()}, topic()),
        ({"TargetArn": topic()}, topic()),
        (
            {"TargetArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:endpoint/GCM/app/ab-12"},
            f"arn:aws:sns:{REGION}:{ACCOUNT}:endpoint/GCM/app/ab-12",
        ),
        ({"PhoneNumber": "+15550100"}, "*"),
    ],
)
def test_publish_goes_to_one_place(where: dict[str, str], resource: str) -> None:
    """A topic, an endpoint, or a phone, which has no resource level."""
    assert pairs(needs("sns", "Publish", **where, Message="x")) == [
        ("sns:Publish", resource)
    ]


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "where",
    [
        {"TopicArn": topic(), "TargetArn": topic(OTHER)},
        {"TopicArn": topic(), "PhoneNumber": "+15550100"},
        {},
    ],
)
def test_publish_to_two_places_is_refused(where: dict[str, str]) -> None:
    """Nobody knows which of two an upstream takes; of none, nothing is asked."""
    with pytest.raises(Unmapped):
        needs("sns", "Publish", **where, Message="x")


def test_a_subscription_is_about_its_topic() -> None:
    """Unsubscribe is decided on the topic that the subscription's ARN begins with."""
    arn = f"{topic(OTHER)}:11112222-3333-4444-5555-666677778888"
    (need,) = needs("sns", "Unsubscribe", SubscriptionArn=arn)

    assert (need.resource, need.resource_account) == (topic(OTHER), OTHER)


def test_subscribe_says_where_messages_go() -> None:
    """sns:Protocol and sns:Endpoint come from the request."""
    (need,) = needs(
        "sns",
        "Subscribe",
        TopicArn=topic(),
        Protocol="https",
        Endpoint="https://example.com/hook",
    )

    assert need.context["sns:Protocol"] == "https"
    assert need.context["sns:Endpoint"] == "https://example.com/hook"


def test_tags_of_a_new_topic() -> None:
    """CreateTopic with tags needs TagResource, on the topic of that name."""
    found = needs(
        "sns", "CreateTopic", Name="news", Tags=[{"Key": "team", "Value": "red"}]
    )

    assert pairs(found) == [("sns:CreateTopic", topic()), ("sns:TagResource", topic())]
    assert found[0].context["aws:RequestTag/team"] == "red"
