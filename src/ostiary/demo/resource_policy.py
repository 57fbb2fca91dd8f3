"""Scenario 3: MFA for resources with a policy of their own (M55 to M60)."""

import json
from functools import partial
from typing import Any

from ostiary.demo.people import (
    MFA,
    Account,
    Credentials,
    Person,
    allow,
    credentials_of,
    trusts,
)
from ostiary.demo.report import ALLOWED
from ostiary.demo.stage import Stage

REFUSED = "403 AccessDenied"
BUCKET = "account-a-bucket"


def play(stage: Stage, home: Account, accounts: dict[str, Account]) -> None:
    """Anaya's bucket is open to accounts A, B and C, for users with MFA."""
    stage.report.chapter("Scenario 3: MFA protection for resources with policies")
    anaya = home.administrator("Anaya-S3")
    third = accounts["C"]
    trusted = [home.id, accounts["B"].id, third.id]
    s3 = anaya.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(_bucket_policy(trusted)))
    puts = allow(["s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{BUCKET}/*")
    nikhil = third.person("Nikhil", devices=2, policy=puts)
    nobody = third.person("Nadia", devices=1)
    dana = accounts["D"].person("Dana", devices=1, policy=puts)
    with_mfa = nikhil.session(mfa=True)
    _bucket_rows(stage, nikhil, with_mfa)
    _refused_rows(stage, nikhil, nobody, dana, with_mfa)
    _role_row(stage, third, nikhil)
    _queue_and_topic(stage, anaya, nikhil, with_mfa, trusted)


def _bucket_policy(accounts: list[str]) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": accounts},
        "Action": ["s3:PutObject", "s3:DeleteObject"],
        "Resource": [f"arn:aws:s3:::{BUCKET}/*"],
        "Condition": MFA,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _put(person: Person, credentials: Credentials | None) -> Any:
    client = person.client("s3", credentials)
    return lambda: client.put_object(Bucket=BUCKET, Key="report.txt", Body=b"done")


def _bucket_rows(stage: Stage, nikhil: Person, with_mfa: Credentials) -> None:
    step = stage.expect
    step(
        "M60a",
        "Nikhil",
        "session with MFA: PutObject into another account's bucket",
        ALLOWED,
        _put(nikhil, with_mfa),
    )
    step("M60b", "Nikhil", "long-term key: PutObject", REFUSED, _put(nikhil, None))
    step(
        "M60c",
        "Nikhil",
        "session without MFA: PutObject",
        REFUSED,
        _put(nikhil, nikhil.session(mfa=False)),
    )


def _refused_rows(
    stage: Stage, nikhil: Person, nobody: Person, dana: Person, with_mfa: Credentials
) -> None:
    step = stage.expect
    step(
        "M60d",
        "Nadia",
        "session with MFA, but no policy of her own: PutObject",
        REFUSED,
        _put(nobody, nobody.session(mfa=True)),
    )
    step(
        "M60f",
        "Dana",
        "user of account D with MFA: PutObject",
        REFUSED,
        _put(dana, dana.session(mfa=True)),
    )
    anonymous = stage.client("s3", None)
    step(
        "M60g",
        "nobody",
        "unsigned: PutObject",
        REFUSED,
        lambda: anonymous.put_object(Bucket=BUCKET, Key="report.txt", Body=b"x"),
    )
    s3 = nikhil.client("s3", with_mfa)
    step(
        "M60h",
        "Nikhil",
        "session with MFA: GetObject, which the bucket does not list",
        REFUSED,
        lambda: s3.get_object(Bucket=BUCKET, Key="report.txt"),
    )
    step(
        "M55",
        "Nikhil",
        "session with MFA: DeleteObject, listed, but not in his policy",
        REFUSED,
        lambda: s3.delete_object(Bucket=BUCKET, Key="report.txt"),
    )


def _role_row(stage: Stage, third: Account, nikhil: Person) -> None:
    puts = allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/*")
    role = third.role("Uploader", trusts(third.id, Condition=MFA), puts)
    third.root("iam").put_user_policy(
        UserName="Nikhil",
        PolicyName="assume",
        PolicyDocument=json.dumps(allow("sts:AssumeRole", role)),
    )
    session = credentials_of(nikhil.assume(role, **nikhil.mfa()))
    stage.expect(
        "M60e",
        "Nikhil",
        "role session, MFA given to AssumeRole: PutObject",
        REFUSED,
        _put(nikhil, session),
    )


def _queue_and_topic(
    stage: Stage,
    anaya: Person,
    nikhil: Person,
    with_mfa: Credentials,
    trusted: list[str],
) -> None:
    """The same for a queue and a topic (M12)."""
    url, topic = _make_queue_and_topic(anaya, trusted)
    own = allow(["sqs:SendMessage", "sns:Publish"], "*")
    nikhil.account.root("iam").put_user_policy(
        UserName="Nikhil", PolicyName="messages", PolicyDocument=json.dumps(own)
    )
    for kind, credentials in (("long-term key", None), ("session with MFA", with_mfa)):
        sqs = nikhil.client("sqs", credentials)
        sns = nikhil.client("sns", credentials)
        is_open = credentials is not None
        stage.expect(
            "M12",
            "Nikhil",
            f"{kind}: SendMessage to another account's queue",
            ALLOWED if is_open else "403 AccessDenied",
            partial(sqs.send_message, QueueUrl=url, MessageBody="hello"),
        )
        stage.expect(
            "M12",
            "Nikhil",
            f"{kind}: Publish to another account's topic",
            ALLOWED if is_open else "403 AuthorizationError",
            partial(sns.publish, TopicArn=topic, Message="hello"),
        )


def _make_queue_and_topic(anaya: Person, trusted: list[str]) -> tuple[str, str]:
    sqs, sns = anaya.client("sqs"), anaya.client("sns")
    url = str(sqs.create_queue(QueueName="orders")["QueueUrl"])
    topic = str(sns.create_topic(Name="alerts")["TopicArn"])
    queue = topic.replace(":sns:", ":sqs:").replace(":alerts", ":orders")
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": trusted},
        "Condition": MFA,
    }
    for arn, action, put in (
        (queue, "sqs:SendMessage", _queue_setter(sqs, url)),
        (topic, "sns:Publish", _topic_setter(sns, topic)),
    ):
        policy = {
            "Version": "2012-10-17",
            "Statement": [{**statement, "Action": action, "Resource": arn}],
        }
        put(json.dumps(policy))
    return url, topic


def _queue_setter(sqs: Any, url: str) -> Any:
    return lambda text: sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": text}
    )


def _topic_setter(sns: Any, topic: str) -> Any:
    return lambda text: sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=text
    )
