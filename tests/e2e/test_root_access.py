"""Root of a member account, from the organization's making to an unlocked bucket."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.server import start
from tests.e2e.world import Account, Credentials, World, allow

TASKS = "arn:aws:iam::aws:policy/root-task/"
IAM = "iam.amazonaws.com"


class Estate:
    """An organization of two accounts: one manages, the other is a member."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.member = world.account("member")
        orgs = world.a.client("organizations")
        orgs.create_organization()
        made = orgs.invite_account_to_organization(
            Target={"Type": "ACCOUNT", "Id": self.member.id}
        )
        self.member.client("organizations").accept_handshake(
            HandshakeId=made["Handshake"]["Id"]
        )
        orgs.enable_aws_service_access(ServicePrincipal=IAM)
        iam = world.a.client("iam")
        iam.enable_organizations_root_credentials_management()
        iam.enable_organizations_root_sessions()
        self.boss = world.a.person("boss", allow("sts:AssumeRoot", "*"))

    def root(self, task: str) -> Account:
        """The member's root user, for one task."""
        made = self.boss.client("sts").assume_root(
            TargetPrincipal=self.member.id, TaskPolicyArn={"arn": f"{TASKS}{task}"}
        )
        return Account(self.world, self.member.id, Credentials.of(made))


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """A server of its own, since an organization binds its accounts."""
    server = start(tmp_path_factory.mktemp("root-access") / "home")
    yield Estate(World(server))
    assert server.stop() == 0


def refused(call: Any, **params: Any) -> str:
    """The code that a call is refused with."""
    with pytest.raises(ClientError) as error:
        call(**params)
    return str(error.value.response["Error"]["Code"])


def test_a_member_loses_its_root_credentials(estate: Estate) -> None:
    """Its root key is found and deleted by the management account, and signs no more."""
    iam = estate.root("IAMDeleteRootUserCredentials").client("iam")
    [key] = iam.list_access_keys()["AccessKeyMetadata"]
    extra = estate.member.client("iam").create_access_key()["AccessKey"]
    iam.delete_access_key(AccessKeyId=extra["AccessKeyId"])
    dead = estate.world.client(
        "sts", Credentials(extra["AccessKeyId"], extra["SecretAccessKey"])
    )

    assert key["AccessKeyId"] == estate.member.root.key_id
    assert refused(dead.get_caller_identity) == "InvalidClientTokenId"
    assert refused(iam.list_users) == "AccessDenied"


def test_a_locked_bucket_is_unlocked(estate: Estate) -> None:
    """A policy that denies everybody is taken away, and the bucket works again."""
    bucket = estate.member.bucket()
    admin = estate.member.person("admin", admin=True).client("s3")
    lock = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    lock["Resource"] = f"arn:aws:s3:::{bucket}"
    text = json.dumps({"Version": "2012-10-17", "Statement": [lock]})
    admin.put_bucket_policy(Bucket=bucket, Policy=text)
    assert refused(admin.delete_bucket_policy, Bucket=bucket) == "AccessDenied"
    s3 = estate.root("S3UnlockBucketPolicy").client("s3")

    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert refused(s3.list_objects_v2, Bucket=bucket) == "AccessDenied"
    s3.delete_bucket_policy(Bucket=bucket)
    assert admin.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_locked_queue_is_unlocked(estate: Estate) -> None:
    """Likewise for a queue, whose policy is one of its attributes."""
    admin = estate.member.person("admin", admin=True).client("sqs")
    url = admin.create_queue(QueueName="locked")["QueueUrl"]
    lock = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [lock]})
    admin.set_queue_attributes(QueueUrl=url, Attributes={"Policy": text})
    assert "AccessDenied" in refused(
        admin.set_queue_attributes, QueueUrl=url, Attributes={"Policy": ""}
    )
    sqs = estate.root("SQSUnlockQueuePolicy").client("sqs")
    assert "AccessDenied" in refused(sqs.receive_message, QueueUrl=url)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})

    assert "Messages" not in admin.receive_message(QueueUrl=url)


def test_why_tells_what_stopped_a_root_session(estate: Estate) -> None:
    """The record of a refusal names the task's policy as what denied."""
    iam = estate.root("IAMAuditRootUserCredentials").client("iam")
    with pytest.raises(ClientError) as error:
        iam.create_user(UserName="eve")
    request_id = error.value.response["ResponseMetadata"]["RequestId"]
    told = estate.world.server.run("why", request_id)

    assert told.returncode == 0
    assert "root-task/IAMAuditRootUserCredentials" in told.stdout
