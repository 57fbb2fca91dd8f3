"""Access advisor: the services that policies open, and who last tried them."""

from typing import Any

import pytest

from ostiary.identity.last_use import REPORTS, ActionUse
from ostiary.identity.model import Role, User
from ostiary.services.iam import reach
from ostiary.store.last_uses import Uses
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.test_service_access import document
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import (
    ALLOW_ALL,
    OTHER_ACCOUNT,
    World,
    caller_of,
    root_of,
    session_of,
)

GENERATE = "GenerateServiceLastAccessedDetails"
DETAILS = "GetServiceLastAccessedDetails"
ENTITIES = "GetServiceLastAccessedDetailsWithEntities"


def did(world: World, who: User | Role, action: str, used: int) -> None:
    """Somebody tried something."""
    use = ActionUse(
        principal=who.id,
        action=action,
        account=who.account,
        used=used,
        region="eu-west-1",
    )
    world.store.note_uses(Uses(actions=[use]))


def job(world: World, arn: str, **more: Any) -> str:
    """A new report's job id."""
    result = world.call(GENERATE, Arn=arn, **more)
    return str(result["JobId"])


def told(world: World, job_id: str) -> dict[str, dict[str, Any]]:
    """A report's services by prefix, all on one page."""
    result = world.call(DETAILS, JobId=job_id, MaxItems=1000)
    assert result["JobStatus"] == "COMPLETED"
    return {one["ServiceNamespace"]: one for one in result["ServicesLastAccessed"]}


def grant(world: World, user: str, text: str) -> None:
    """An inline policy."""
    world.call("PutUserPolicy", UserName=user, PolicyName="own", PolicyDocument=text)


def test_a_user_sees_what_policies_open_used_or_not(world: World) -> None:
    """Each service with its last attempt; what no policy opens is not listed."""
    ann = world.user("ann")
    grant(world, "ann", document(Action=["s3:Get*", "SQS:*", "iam:ListUsers"]))
    did(world, ann, "s3:PutObject", NOW - 50)
    did(world, ann, "s3:GetObject", NOW - 70)
    did(world, ann, "sns:Publish", NOW - 10)
    result = world.call(DETAILS, JobId=job(world, ann.arn))
    assert result == {
        "JobStatus": "COMPLETED",
        "JobType": "SERVICE_LEVEL",
        "JobCreationDate": NOW,
        "JobCompletionDate": NOW,
        "IsTruncated": False,
        "ServicesLastAccessed": [
            {
                "ServiceName": "AWS Identity and Access Management (IAM)",
                "ServiceNamespace": "iam",
                "TotalAuthenticatedEntities": 0,
            },
            {
                "ServiceName": "Amazon S3",
                "ServiceNamespace": "s3",
                "LastAuthenticated": NOW - 50,
                "LastAuthenticatedEntity": ann.arn,
                "LastAuthenticatedRegion": "eu-west-1",
                "TotalAuthenticatedEntities": 1,
            },
            {
                "ServiceName": "Amazon SQS",
                "ServiceNamespace": "sqs",
                "TotalAuthenticatedEntities": 0,
            },
        ],
    }


def test_actions_are_told_when_asked(world: World) -> None:
    """The tracked actions that are allowed, with the last attempt where there is one."""
    ann = world.user("ann")
    grant(world, "ann", document(Action=["s3:GetObject", "s3:GetObjectA*", "lambda:*"]))
    did(world, ann, "s3:GetObject", NOW - 7)
    did(world, ann, "s3:PutObject", NOW - 5)
    found = told(world, job(world, ann.arn, Granularity="ACTION_LEVEL"))
    actions = found["s3"]["TrackedActionsLastAccessed"]
    assert actions[0] == {
        "ActionName": "GetObject",
        "LastAccessedEntity": ann.arn,
        "LastAccessedTime": NOW - 7,
        "LastAccessedRegion": "eu-west-1",
    }
    assert {"ActionName": "GetObjectAcl"} in actions
    assert "PutObject" not in {one["ActionName"] for one in actions}
    assert "TrackedActionsLastAccessed" not in found["lambda"]
    assert found["s3"]["LastAuthenticated"] == NOW - 5


def test_a_group_counts_its_members(world: World) -> None:
    """The last of them is named; each is told of, the latest first."""
    world.call("CreateGroup", GroupName="devs")
    world.call(
        "PutGroupPolicy",
        GroupName="devs",
        PolicyName="p",
        PolicyDocument=document(Action="s3:*"),
    )
    people = {name: world.user(name) for name in ("ann", "bob", "cat", "dan")}
    for name in ("ann", "bob", "cat"):
        world.call("AddUserToGroup", GroupName="devs", UserName=name)
    did(world, people["ann"], "s3:GetObject", NOW - 20)
    did(world, people["bob"], "s3:GetObject", NOW - 10)
    did(world, people["dan"], "s3:GetObject", NOW - 1)
    job_id = job(world, f"arn:aws:iam::{ACCOUNT}:group/devs")
    found = told(world, job_id)
    assert list(found) == ["s3"]
    assert found["s3"]["LastAuthenticatedEntity"] == people["bob"].arn
    assert found["s3"]["TotalAuthenticatedEntities"] == 2
    pages = world.pages(
        ENTITIES, "EntityDetailsList", JobId=job_id, ServiceNamespace="s3", MaxItems=2
    )
    entries = [entry for page in pages for entry in page]
    assert [one["EntityInfo"]["Name"] for one in entries] == ["bob", "ann", "cat"]
    assert entries[0] == {
        "EntityInfo": {
            "Arn": people["bob"].arn,
            "Name": "bob",
            "Type": "USER",
            "Id": people["bob"].id,
            "Path": "/",
        },
        "LastAuthenticated": NOW - 10,
    }
    assert "LastAuthenticated" not in entries[2]


def test_a_policy_counts_all_who_have_it(world: World) -> None:
    """Users, roles and members of groups, each once."""
    arn = world.policy("p", document(Action="sqs:*"))
    ann = world.user("ann")
    role = world.role("r", trusting(ACCOUNT))
    world.call("CreateGroup", GroupName="devs")
    world.call("AddUserToGroup", GroupName="devs", UserName="ann")
    world.call("AttachGroupPolicy", GroupName="devs", PolicyArn=arn)
    world.call("AttachUserPolicy", UserName="ann", PolicyArn=arn)
    world.call("AttachRolePolicy", RoleName="r", PolicyArn=arn)
    did(world, role, "sqs:SendMessage", NOW - 3)
    did(world, ann, "sqs:SendMessage", NOW - 4)
    job_id = job(world, arn)
    assert told(world, job_id)["sqs"]["LastAuthenticatedEntity"] == role.arn
    entries = world.call(ENTITIES, JobId=job_id, ServiceNamespace="sqs")
    shown = [
        (one["EntityInfo"]["Name"], one["EntityInfo"]["Type"])
        for one in entries["EntityDetailsList"]
    ]
    assert shown == [("r", "ROLE"), ("ann", "USER")]
    none = world.call(ENTITIES, JobId=job_id, ServiceNamespace="s3")
    assert none["EntityDetailsList"] == []


def test_a_report_stays_what_it_was(world: World) -> None:
    """Later uses and changes are for the next report."""
    ann = world.user("ann")
    grant(world, "ann", document(Action="s3:*"))
    job_id = job(world, ann.arn)
    before = told(world, job_id)
    did(world, ann, "s3:GetObject", NOW)
    world.call("DeleteUserPolicy", UserName="ann", PolicyName="own")
    assert told(world, job_id) == before


def test_services_come_in_pages(world: World) -> None:
    """A policy that allows everything opens every service of AWS, in order."""
    role = world.role("r", trusting(ACCOUNT))
    world.call("PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=ALLOW_ALL)
    job_id = job(world, role.arn)
    pages = list(world.pages(DETAILS, "ServicesLastAccessed", JobId=job_id))
    names = [one["ServiceNamespace"] for page in pages for one in page]
    assert names == sorted(reach.service_names())
    assert len(pages[0]) == 100


def test_whose_report_it_is(world: World) -> None:
    """Another account, another principal, a job that is no job, and a report's end."""
    ann, bob = world.user("ann"), world.user("bob")
    role = world.role("r", trusting(ACCOUNT))
    job_id = str(world.call(GENERATE, session_of(role), Arn=ann.arn)["JobId"])
    missing = "NoSuchEntity", f"Job with ID {job_id} does not exist"
    assert world.call(DETAILS, session_of(role), JobId=job_id)["JobStatus"]
    assert world.refused(DETAILS, caller_of(bob), JobId=job_id) == missing
    stranger = root_of(OTHER_ACCOUNT)
    for operation, more in ((DETAILS, {}), (ENTITIES, {"ServiceNamespace": "s3"})):
        assert world.refused(operation, stranger, JobId=job_id, **more) == missing
        code, _ = world.refused(operation, JobId="0" * 36, **more)
        assert code == "NoSuchEntity"
    world.now += REPORTS + 1
    assert world.refused(DETAILS, session_of(role), JobId=job_id) == missing


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (f"arn:aws:iam::{ACCOUNT}:user/nobody", "NoSuchEntity"),
        (f"arn:aws:iam::{ACCOUNT}:group/nobody", "NoSuchEntity"),
        (f"arn:aws:iam::{ACCOUNT}:policy/nothing", "NoSuchEntity"),
        (f"arn:aws:iam::{OTHER_ACCOUNT}:policy/nothing", "NoSuchEntity"),
        (f"arn:aws:iam::{ACCOUNT}:mfa/phone-of-ann", "InvalidInput"),
        (f"arn:aws:iam::{OTHER_ACCOUNT}:user/somebody", "InvalidInput"),
    ],
)
def test_a_report_is_on_somebody_of_the_account(
    world: World, arn: str, code: str
) -> None:
    """What is not there, and what is nothing that policies hang on."""
    assert world.refused(GENERATE, Arn=arn)[0] == code


def test_a_namespace_is_one_of_aws(world: World) -> None:
    """A word that is no service is refused."""
    ann = world.user("ann")
    job_id = job(world, ann.arn)
    code, _ = world.refused(ENTITIES, JobId=job_id, ServiceNamespace="teapot")
    assert code == "InvalidInput"


@pytest.mark.parametrize(
    ("statement", "inside", "outside"),
    [
        ({"Action": "*"}, {"s3", "ec2", "account"}, set()),
        ({"Action": "*:*"}, {"s3", "ec2"}, set()),
        ({"Action": "S3:get*"}, {"s3"}, {"ec2"}),
        ({"NotAction": ["s3:*", "ec2:Run*"]}, {"ec2", "iam"}, {"s3"}),
        ({"NotAction": "*"}, set(), {"s3"}),
        ({"Action": "teapot:*"}, set(), {"teapot"}),
    ],
)
def test_what_a_statement_opens(
    statement: dict[str, Any], inside: set[str], outside: set[str]
) -> None:
    """Actions, wildcards, and everything but some."""
    found = set(reach.open_services([document(**statement)]))
    assert inside <= found
    assert not outside & found
    assert reach.open_services([document("Deny", **statement)]) == []


def test_actions_that_are_left_out(world: World) -> None:
    """NotAction leaves the rest of a service."""
    found = reach.open_actions([document(NotAction=["sqs:Send*", "ec2:*"])], "sqs")
    assert "ReceiveMessage" in found
    assert "SendMessage" not in found
    assert reach.open_actions([document(NotAction="ec2:*")], "ec2") == []
