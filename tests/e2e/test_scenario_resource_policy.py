"""Scenario 3 of the chapter: MFA for resources with policies (M55 to M60, M12)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.world import (
    MFA,
    Credentials,
    Document,
    Person,
    World,
    allow,
    message,
    policy,
    refused,
    trusts,
    unique,
)


@dataclass
class Scene:
    """Anaya's bucket in A, open to accounts A, B and C; Nikhil of account C."""

    world: World
    bucket: str
    nikhil: Person
    with_mfa: Credentials

    @property
    def objects(self) -> str:
        """The ARN of everything in the bucket."""
        return f"arn:aws:s3:::{self.bucket}/*"

    def s3(self, who: Person, credentials: Credentials | None = None) -> Any:
        """An S3 client."""
        return who.client("s3", credentials)

    def put(self, client: Any) -> Any:
        """Put an object into the bucket."""
        return client.put_object(Bucket=self.bucket, Key="report.txt", Body=b"done")

    def refused(self, client: Any) -> None:
        """PutObject is refused with one of S3's two sentences, without a hint of MFA."""
        answer = refused("AccessDenied", 403, self.put, client=client)
        said = message(answer)
        assert said == "Access Denied" or (
            'is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::'
            in said
        )
        assert "MultiFactor" not in said


def bucket_policy(accounts: list[str]) -> Callable[[str], Document]:
    """The chapter's bucket policy."""

    def written(bucket: str) -> Document:
        return policy(
            {
                "Effect": "Allow",
                "Principal": {"AWS": accounts},
                "Action": ["s3:PutObject", "s3:DeleteObject"],
                "Resource": [f"arn:aws:s3:::{bucket}/*"],
                "Condition": MFA,
            }
        )

    return written


@pytest.fixture(scope="module")
def scene(world: World) -> Scene:
    """The bucket, and Nikhil with his own policy (M59) and a session with MFA."""
    trusted = [world.a.id, world.b.id, world.c.id]
    bucket = world.a.bucket(bucket_policy(trusted))
    own = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"]
    may = allow(own, f"arn:aws:s3:::{bucket}/*")
    nikhil = world.c.person("Nikhil", may, devices=2)
    return Scene(world, bucket, nikhil, nikhil.session(mfa=True))


@pytest.mark.rule("M12", "M23", "M55", "M56", "M57", "M60")
def test_a_session_with_mfa_writes_into_another_accounts_bucket(scene: Scene) -> None:
    """M60 a: GetSessionToken with MFA and a trusted account suffice; no role is needed."""
    s3 = scene.s3(scene.nikhil, scene.with_mfa)
    scene.put(s3)
    stored = scene.world.a.client("s3").get_object(
        Bucket=scene.bucket, Key="report.txt"
    )
    assert stored["Body"].read() == b"done"
    assert s3.delete_object(Bucket=scene.bucket, Key="other.txt")


@pytest.mark.rule("M40", "M56", "M60")
def test_long_term_keys_cannot_write(scene: Scene) -> None:
    """M60 b: the same user with the long-term key is refused."""
    scene.refused(scene.s3(scene.nikhil))
    scene.put(scene.s3(scene.nikhil, scene.with_mfa))


@pytest.mark.rule("M27", "M56", "M60")
def test_a_session_without_mfa_cannot_write(scene: Scene) -> None:
    """M60 c: a session without MFA is refused, one with MFA is not."""
    scene.refused(scene.s3(scene.nikhil, scene.nikhil.session(mfa=False)))
    scene.put(scene.s3(scene.nikhil, scene.with_mfa))


@pytest.mark.rule("M59", "M60")
def test_the_callers_own_account_must_allow_too(scene: Scene) -> None:
    """M60 d: without a policy in C it is refused; with one the same session may."""
    nadia = scene.world.c.person("Nadia", devices=1)
    s3 = scene.s3(nadia, nadia.session(mfa=True))
    scene.refused(s3)
    nadia.allow("s3:PutObject", scene.objects)
    scene.put(s3)


@pytest.mark.rule("M59")
def test_a_user_of_the_owning_account_needs_a_policy_too(scene: Scene) -> None:
    """M59: an account id as principal only delegates, to users of A as well."""
    amy = scene.world.a.person("Amy", devices=1)
    s3 = scene.s3(amy, amy.session(mfa=True))
    scene.refused(s3)
    amy.allow("s3:PutObject", scene.objects)
    scene.put(s3)


@pytest.mark.rule("M31", "M32", "M58", "M60")
def test_a_role_session_cannot_write(scene: Scene) -> None:
    """M60 e: AssumeRole credentials carry no MFA, even when a code was given."""
    may = allow("s3:PutObject", scene.objects)
    role = scene.world.c.role("Uploader", trusts(scene.world.c.id, Condition=MFA), may)
    scene.nikhil.allow("sts:AssumeRole", role)
    session = scene.nikhil.assume(role, **scene.nikhil.mfa())
    scene.refused(scene.s3(scene.nikhil, session))
    # The role may write where no policy asks for MFA.
    free = scene.world.a.bucket(
        lambda name: allow(
            "s3:PutObject",
            f"arn:aws:s3:::{name}/*",
            Principal={"AWS": scene.world.c.id},
        )
    )
    own = allow("s3:PutObject", [scene.objects, f"arn:aws:s3:::{free}/*"])
    place = {"RoleName": role.rpartition("/")[2], "PolicyName": "own"}
    iam = scene.world.c.client("iam")
    iam.put_role_policy(**place, PolicyDocument=json.dumps(own))
    s3 = scene.s3(scene.nikhil, session)
    assert s3.put_object(Bucket=free, Key="k", Body=b"x")
    scene.refused(s3)


@pytest.mark.rule("M55", "M56", "M60")
def test_an_account_that_the_policy_does_not_name_cannot_write(scene: Scene) -> None:
    """M60 f: a user of D with MFA and a policy of their own is refused; one of B is not."""
    own = allow("s3:PutObject", scene.objects)
    dana = scene.world.d.person("Dana", own, devices=1)
    scene.refused(scene.s3(dana, dana.session(mfa=True)))
    bea = scene.world.b.person("Bea", own, devices=1)
    scene.put(scene.s3(bea, bea.session(mfa=True)))


@pytest.mark.rule("M60")
def test_nobody_unsigned_can_write(scene: Scene) -> None:
    """M60 g: an anonymous request is refused, where a policy for everyone would allow."""
    anonymous = scene.world.client("s3", None)
    scene.refused(anonymous)
    bucket = scene.world.a.bucket(
        lambda name: allow("s3:PutObject", f"arn:aws:s3:::{name}/*", Principal="*")
    )
    assert anonymous.put_object(Bucket=bucket, Key="k", Body=b"x")


@pytest.mark.rule("M55", "M60")
def test_an_action_that_the_policy_does_not_list_is_refused(scene: Scene) -> None:
    """M60 h: GetObject is not listed, so only PutObject and DeleteObject are allowed."""
    s3 = scene.s3(scene.nikhil, scene.with_mfa)
    scene.put(s3)
    place = {"Bucket": scene.bucket, "Key": "report.txt"}
    refused("AccessDenied", 403, s3.get_object, **place)
    assert s3.delete_object(**place)


def message_policy(accounts: list[str], action: str, arn: str) -> str:
    """The chapter's policy for a queue or a topic."""
    return json.dumps(allow(action, arn, Principal={"AWS": accounts}, Condition=MFA))


@pytest.mark.rule("M12", "M23", "M56")
def test_the_same_holds_for_a_queue(world: World) -> None:
    """M12: a queue policy with the MFA condition opens for MFA sessions only."""
    owner = world.a.client("sqs")
    name = unique("orders")
    url = owner.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{world.a.id}:{name}"
    text = message_policy([world.a.id, world.c.id], "sqs:SendMessage", arn)
    owner.set_queue_attributes(QueueUrl=url, Attributes={"Policy": text})
    own = allow("sqs:SendMessage", "*")
    nikhil = world.c.person("Nikhil", own, devices=1)
    dana = world.d.person("Dana", own, devices=1)
    sent = {"QueueUrl": url, "MessageBody": "hello"}
    for who, session in (
        (nikhil, None),
        (nikhil, nikhil.session(mfa=False)),
        (dana, dana.session(mfa=True)),
    ):
        sqs = who.client("sqs", session)
        answer = refused("AccessDenied", 403, sqs.send_message, **sent)
        assert f"User: {who.arn} is not authorized to perform: " in message(answer)
    sqs = nikhil.client("sqs", nikhil.session(mfa=True))
    assert sqs.send_message(**sent)["MessageId"]
    refused("AccessDenied", 403, sqs.receive_message, QueueUrl=url)
    got = owner.receive_message(QueueUrl=url)["Messages"]
    assert [one["Body"] for one in got] == ["hello"]


@pytest.mark.rule("M12", "M23", "M56")
def test_the_same_holds_for_a_topic(world: World) -> None:
    """M12: a topic policy with the MFA condition opens for MFA sessions only."""
    owner = world.a.client("sns")
    arn = owner.create_topic(Name=unique("alerts"))["TopicArn"]
    text = message_policy([world.a.id, world.c.id], "sns:Publish", arn)
    owner.set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=text
    )
    own = allow("sns:Publish", "*")
    nikhil = world.c.person("Nikhil", own, devices=1)
    dana = world.d.person("Dana", own, devices=1)
    told = {"TopicArn": arn, "Message": "hello"}
    for who, session in (
        (nikhil, None),
        (nikhil, nikhil.session(mfa=False)),
        (dana, dana.session(mfa=True)),
    ):
        sns = who.client("sns", session)
        answer = refused("AuthorizationError", 403, sns.publish, **told)
        start = f"User: {who.arn} is not authorized to perform: SNS:Publish"
        assert message(answer).startswith(start)
    sns = nikhil.client("sns", nikhil.session(mfa=True))
    assert sns.publish(**told)["MessageId"]
    refused("AuthorizationError", 403, sns.get_topic_attributes, TopicArn=arn)
