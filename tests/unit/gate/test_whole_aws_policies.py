"""Every policy of AWS can be read, listed, attached and enforced, though none is stored."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from ostiary.identity.model import AWS, Attachment, Policy, PolicyVersion, User
from ostiary.store import catalogue
from ostiary.store.port import EVERYTHING
from tests.unit.gate.whole import Answer, Keys, Whole, allow, document, run, trust

ACCOUNT = "111122223333"
PREFIX = "arn:aws:iam::aws:policy/"
QUEUES = f"{PREFIX}service-role/AWSLambdaSQSQueueExecutionRole"
USERS = f"{PREFIX}IAMReadOnlyAccess"
SERVICE = f"{PREFIX}aws-service-role/AmazonECSServiceRolePolicy"
UNREADABLE = f"{PREFIX}aws-service-role/AmazonTimestreamInfluxDBServiceRolePolicy"


def stored(whole: Whole) -> set[str]:
    """AWS's policies in the store, but for the tasks of root."""
    with whole.home.store.read() as view:
        found = view.list_by(Policy, account=AWS)
    return {one.arn for one in found if one.path != "/root-task/"}


def names(answer: Answer) -> list[str]:
    """The policies of a list."""
    return re.findall("<PolicyName>(.*?)</PolicyName>", answer.body)


async def listed(whole: Whole, **params: Any) -> list[str]:
    """All names, page by page."""
    found, marker = [], {}
    while True:
        answer = await whole.good(whole.root, "iam", "ListPolicies", **params, **marker)
        found += names(answer)
        if answer.field("IsTruncated") == "false":
            return found
        marker = {"Marker": answer.field("Marker")}


def test_reading_one_stores_nothing(tmp_path: Path) -> None:
    """GetPolicy, versions, entities and tags tell a policy that nobody has."""

    async def play(whole: Whole) -> None:
        root, known = whole.root, catalogue.find(QUEUES)
        assert known is not None
        got = await whole.good(root, "iam", "GetPolicy", PolicyArn=QUEUES)
        assert got.field("PolicyId") == known.id
        assert got.field("Path") == "/service-role/"
        assert got.field("AttachmentCount") == "0"
        assert got.field("CreateDate").startswith("20")
        version = got.field("DefaultVersionId")
        versions = await whole.good(root, "iam", "ListPolicyVersions", PolicyArn=QUEUES)
        assert versions.field("VersionId") == version
        text = await whole.good(
            root, "iam", "GetPolicyVersion", PolicyArn=QUEUES, VersionId=version
        )
        said = json.loads(unquote(text.field("Document")))
        assert "sqs:ReceiveMessage" in said["Statement"][0]["Action"]
        again = await whole.bad(
            root, "iam", "GetPolicyVersion", PolicyArn=QUEUES, VersionId="v99"
        )
        assert again.code == "NoSuchEntity"
        await whole.good(root, "iam", "ListEntitiesForPolicy", PolicyArn=QUEUES)
        await whole.good(root, "iam", "ListPolicyTags", PolicyArn=QUEUES)
        await whole.good(root, "iam", "GenerateServiceLastAccessedDetails", Arn=QUEUES)
        gone = await whole.bad(root, "iam", "GetPolicy", PolicyArn=f"{PREFIX}Nothing")
        assert gone.code == "NoSuchEntity"
        assert stored(whole) == set()

    run(tmp_path, play)


def test_nobody_changes_one(tmp_path: Path) -> None:
    """It belongs to AWS, stored or not."""

    async def play(whole: Whole) -> None:
        for action in ("DeletePolicy", "ListPolicyVersions"):
            answer = await whole.call(whole.root, "iam", action, PolicyArn=QUEUES)
            assert answer.status == (403 if action == "DeletePolicy" else 200)
        refused = await whole.bad(
            whole.root,
            "iam",
            "TagPolicy",
            PolicyArn=QUEUES,
            Tags=[{"Key": "k", "Value": "v"}],
        )
        assert refused.code == "AccessDenied"

    run(tmp_path, play)


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("User", {}),
        ("Group", {}),
        ("Role", {"AssumeRolePolicyDocument": trust({"AWS": ACCOUNT})}),
    ],
)
def test_attaching_one_stores_it(
    tmp_path: Path, kind: str, make: dict[str, Any]
) -> None:
    """With its document and AWS's version number, once; then it counts as used."""

    async def play(whole: Whole) -> None:
        root, owner = whole.root, {f"{kind}Name": "x"}
        await whole.good(root, "iam", f"Create{kind}", **owner, **make)
        before = await whole.good(root, "iam", "GetPolicy", PolicyArn=QUEUES)
        for _ in range(2):
            await whole.good(
                root, "iam", f"Attach{kind}Policy", **owner, PolicyArn=QUEUES
            )
        assert stored(whole) == {QUEUES}
        with whole.home.store.read() as view:
            assert view.find(Policy, QUEUES) == catalogue.find(QUEUES)
            versions = view.list_by(PolicyVersion, policy=QUEUES)
        assert versions == [catalogue.find_version(QUEUES)]
        after = await whole.good(root, "iam", "GetPolicy", PolicyArn=QUEUES)
        assert after.field("PolicyId") == before.field("PolicyId")
        assert after.field("AttachmentCount") == "1"
        shown = await whole.good(root, "iam", f"ListAttached{kind}Policies", **owner)
        assert names(shown) == ["AWSLambdaSQSQueueExecutionRole"]
        details = await whole.good(root, "iam", "GetAccountAuthorizationDetails")
        assert details.body.count(f"<Arn>{QUEUES}</Arn>") == 1
        await whole.good(root, "iam", f"Detach{kind}Policy", **owner, PolicyArn=QUEUES)
        details = await whole.good(root, "iam", "GetAccountAuthorizationDetails")
        assert QUEUES not in details.body

    run(tmp_path, play)


def test_a_refused_change_stores_nothing(tmp_path: Path) -> None:
    """Neither for a user who is not there, nor at the quota."""

    async def play(whole: Whole) -> None:
        await whole.bad(
            whole.root, "iam", "AttachUserPolicy", UserName="x", PolicyArn=QUEUES
        )
        await whole.bad(
            whole.root,
            "iam",
            "CreateUser",
            UserName="x",
            PermissionsBoundary=f"{PREFIX}Nothing",
        )
        assert stored(whole) == set()

    run(tmp_path, play)


def test_one_allows_what_it_says(tmp_path: Path) -> None:
    """Attached, it grants; bounding, it limits."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("Alice")
        await whole.bad(alice, "iam", "ListUsers")
        await whole.good(
            whole.root, "iam", "AttachUserPolicy", UserName="Alice", PolicyArn=USERS
        )
        await whole.good(alice, "iam", "ListUsers")
        await whole.bad(alice, "iam", "CreateUser", UserName="Carol")
        bob = await whole.user("Bob", allow("iam:*"))
        await whole.good(bob, "iam", "CreateGroup", GroupName="g")
        await whole.good(
            whole.root,
            "iam",
            "PutUserPermissionsBoundary",
            UserName="Bob",
            PermissionsBoundary=USERS,
        )
        await whole.good(bob, "iam", "ListUsers")
        await whole.bad(bob, "iam", "CreateGroup", GroupName="h")

    run(tmp_path, play)


@pytest.mark.parametrize("operation", ["CreateUser", "CreateRole"])
def test_one_bounds_from_the_start(tmp_path: Path, operation: str) -> None:
    """A boundary of a new user or role is stored with it."""

    async def play(whole: Whole) -> None:
        more = {"UserName": "x"}
        if operation == "CreateRole":
            more = {
                "RoleName": "x",
                "AssumeRolePolicyDocument": trust({"AWS": ACCOUNT}),
            }
        await whole.good(
            whole.root, "iam", operation, **more, PermissionsBoundary=QUEUES
        )
        assert stored(whole) == {QUEUES}
        got = await whole.good(whole.root, "iam", "GetPolicy", PolicyArn=QUEUES)
        assert got.field("PermissionsBoundaryUsageCount") == "1"
        assert await listed(whole, PolicyUsageFilter="PermissionsBoundary") == [
            "AWSLambdaSQSQueueExecutionRole"
        ]

    run(tmp_path, play)


def test_those_of_services_are_for_services(tmp_path: Path) -> None:
    """A policy under /aws-service-role/ is shown, and given to nobody."""

    async def play(whole: Whole) -> None:
        await whole.user("Alice")
        for arn in (SERVICE, UNREADABLE):
            await whole.good(whole.root, "iam", "GetPolicy", PolicyArn=arn)
            attached = await whole.bad(
                whole.root, "iam", "AttachUserPolicy", UserName="Alice", PolicyArn=arn
            )
            assert attached.code == "PolicyNotAttachable"
            assert attached.message == (
                "Cannot attach a Service Role Policy to a customer role."
            )
            bounding = await whole.bad(
                whole.root,
                "iam",
                "PutUserPermissionsBoundary",
                UserName="Alice",
                PermissionsBoundary=arn,
            )
            assert bounding.code == "NoSuchEntity"
        assert stored(whole) == set()

    run(tmp_path, play)


async def assumed(whole: Whole, by: Keys, *arns: str) -> Answer:
    """A session of the role, with these session policies."""
    return await whole.call(
        by,
        "sts",
        "AssumeRole",
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/Work",
        RoleSessionName="session",
        PolicyArns=[{"arn": arn} for arn in arns],
    )


def test_one_limits_a_session(tmp_path: Path) -> None:
    """As a session policy it need not be stored, and is as strict as when it is."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("Alice", allow("sts:*"))
        await whole.role("Work", trust({"AWS": ACCOUNT}), allow("iam:*"))
        for _ in range(2):
            keys = (await assumed(whole, alice, USERS)).keys
            await whole.good(keys, "iam", "ListUsers")
            await whole.bad(keys, "iam", "CreateGroup", GroupName="g")
            keys = (await assumed(whole, alice, QUEUES)).keys
            await whole.bad(keys, "iam", "ListUsers")
            keys = (await assumed(whole, alice, QUEUES, USERS)).keys
            await whole.good(keys, "iam", "ListUsers")
            await whole.good(
                whole.root, "iam", "AttachUserPolicy", UserName="Alice", PolicyArn=USERS
            )

    run(tmp_path, play)


def test_what_cannot_limit_a_session_is_refused(tmp_path: Path) -> None:
    """An unknown policy, and one that cannot be evaluated here: no session is made."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("Alice", allow("sts:*"))
        await whole.role("Work", trust({"AWS": ACCOUNT}), allow("iam:*"))
        unknown = await assumed(whole, alice, f"{PREFIX}Nothing")
        assert (unknown.status, unknown.code) == (400, "ValidationError")
        unread = await assumed(whole, alice, UNREADABLE)
        assert (unread.status, unread.code) == (400, "MalformedPolicyDocument")
        assert unread.message.startswith(f"{UNREADABLE} cannot be evaluated: ")

    run(tmp_path, play)


@pytest.mark.threat("T102")
def test_all_are_listed_once(tmp_path: Path) -> None:
    """Scope, path and paging hold over those that are stored and those that are not."""

    async def play(whole: Whole) -> None:
        everything = {one.name for one in catalogue.listed(EVERYTHING)}
        await whole.user("Alice")
        for arn in (USERS, QUEUES):
            await whole.good(
                whole.root, "iam", "AttachUserPolicy", UserName="Alice", PolicyArn=arn
            )
        for size in (1000, 333):
            found = await listed(whole, Scope="AWS", MaxItems=size)
            assert len(found) == len(set(found)) == len(everything) + 5
            assert set(found) > everything
            assert found == sorted(found, key=str.lower)
        under = await listed(
            whole, Scope="All", PathPrefix="/service-role/", MaxItems=50
        )
        assert under == [
            one.name
            for one in catalogue.listed(EVERYTHING)
            if one.path == "/service-role/"
        ]
        assert await listed(whole, Scope="Local") == []
        used = ["AWSLambdaSQSQueueExecutionRole", "IAMReadOnlyAccess"]
        assert await listed(whole, OnlyAttached="true") == used
        assert await listed(whole, PolicyUsageFilter="PermissionsPolicy") == used
        assert await listed(whole, PolicyUsageFilter="PermissionsBoundary") == []

    run(tmp_path, play)


def test_the_largest_one_can_be_simulated(tmp_path: Path) -> None:
    """A long document hangs on a user as any other does."""

    async def play(whole: Whole) -> None:
        await whole.user("Alice")
        await whole.good(
            whole.root,
            "iam",
            "AttachUserPolicy",
            UserName="Alice",
            PolicyArn=f"{PREFIX}ReadOnlyAccess",
        )
        told = await whole.good(
            whole.root,
            "iam",
            "SimulatePrincipalPolicy",
            PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:user/Alice",
            ActionNames=["s3:GetObject", "s3:PutObject"],
        )
        found = re.findall("<EvalDecision>(.*?)</EvalDecision>", told.body)
        assert found == ["allowed", "implicitDeny"]

    run(tmp_path, play)


def test_a_home_that_has_an_older_one_keeps_it(tmp_path: Path) -> None:
    """What is stored is not changed by a newer catalogue, and is the one that is told."""

    async def play(whole: Whole) -> None:
        known = catalogue.find(USERS)
        assert known is not None
        old = PolicyVersion(
            policy=USERS,
            number=known.default_version,
            text=document(allow("iam:ListRoles")),
            created=1,
        )

        def found(change: Any) -> None:
            change.insert(known)
            change.insert(old)

        await whole.work.change(found)
        alice = await whole.user("Alice")
        await whole.good(
            whole.root, "iam", "AttachUserPolicy", UserName="Alice", PolicyArn=USERS
        )
        await whole.good(alice, "iam", "ListRoles")
        await whole.bad(alice, "iam", "ListUsers")
        with whole.home.store.read() as view:
            assert view.list_by(PolicyVersion, policy=USERS) == [old]

    run(tmp_path, play)


@pytest.mark.threat("T80")
def test_a_stored_document_that_nobody_can_read_denies_everything(
    tmp_path: Path,
) -> None:
    """Skipping it would drop its Denys, so its holder is refused all else, too (6.1)."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("Alice", allow("*"))
        assert (await whole.call(alice, "iam", "ListUsers")).status == 200
        with whole.home.store.change() as change:
            user = change.find_by(User, name="Alice")
            policy, version = (
                catalogue.find(UNREADABLE),
                catalogue.find_version(UNREADABLE),
            )
            assert user is not None
            assert policy is not None
            assert version is not None
            change.insert(policy)
            change.insert(version)
            change.insert(
                Attachment(owner=user.id, policy=UNREADABLE, account=user.account)
            )
        whole.home.snapshot.load(*whole.home.store.everything())
        refused = await whole.call(alice, "iam", "ListUsers")
        assert (refused.status, refused.code) == (403, "AccessDenied")

    run(tmp_path, play)
