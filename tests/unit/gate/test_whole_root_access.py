"""Root access of an organization's members: who gets it, and what it opens."""

from pathlib import Path
from typing import Any

import pytest

from ostiary.identity.model import MFADevice, OwnedResource, ResourcePolicy
from ostiary.wire.http import Request
from tests.unit.gate.orgs import SCP, Orgs, deny, founded
from tests.unit.gate.whole import Answer, Keys, Whole, allow, document, run, trust

IAM = "iam.amazonaws.com"
MANAGER = "111122223333"
MEMBER = "222222222222"
ROOT = f"arn:aws:iam::{MEMBER}:root"
TASKS = "arn:aws:iam::aws:policy/root-task/"
AUDIT = f"{TASKS}IAMAuditRootUserCredentials"
DELETE = f"{TASKS}IAMDeleteRootUserCredentials"
PASSWORD = f"{TASKS}IAMCreateRootUserPassword"
UNLOCK_BUCKET = f"{TASKS}S3UnlockBucketPolicy"
UNLOCK_QUEUE = f"{TASKS}SQSUnlockQueuePolicy"
ENABLE_CREDENTIALS = "EnableOrganizationsRootCredentialsManagement"
ENABLE_SESSIONS = "EnableOrganizationsRootSessions"
SWITCHES = [
    "DisableOrganizationsRootCredentialsManagement",
    "DisableOrganizationsRootSessions",
    ENABLE_CREDENTIALS,
    ENABLE_SESSIONS,
    "ListOrganizationsFeatures",
]


async def member(orgs: Orgs, name: str = "member", account: str = MEMBER) -> Keys:
    """An account that was here before, and joins; its root key."""
    keys = await orgs.whole.account(name, account)
    made = await orgs.good(
        "InviteAccountToOrganization", Target={"Type": "ACCOUNT", "Id": account}
    )
    joined = await orgs.call(
        keys, "AcceptHandshake", HandshakeId=made["Handshake"]["Id"]
    )
    assert joined.answer.status == 200, joined.answer.body
    return keys


async def centralized(whole: Whole, *types: str) -> Orgs:
    """An organization with one member, and both features on."""
    orgs = await founded(whole, *types)
    await member(orgs)
    await orgs.good("EnableAWSServiceAccess", ServicePrincipal=IAM)
    for operation in (ENABLE_CREDENTIALS, ENABLE_SESSIONS):
        await whole.good(whole.root, "iam", operation)
    return orgs


def task(arn: str, target: str = MEMBER, **more: object) -> dict[str, Any]:
    """The parameters of AssumeRoot."""
    return {"TargetPrincipal": target, "TaskPolicyArn": {"arn": arn}, **more}


async def assumed(whole: Whole, arn: str, **more: object) -> Keys:
    """A session as root of the member, for one task."""
    boss = await whole.user(f"boss-{arn.rpartition('/')[2]}", allow("sts:AssumeRoot"))
    return (await whole.good(boss, "sts", "AssumeRoot", **task(arn, **more))).keys


def features(answer: Answer) -> list[str]:
    """The features that an answer names."""
    known = ("RootCredentialsManagement", "RootSessions")
    return [name for name in known if f"<member>{name}<" in answer.body]


# --- what is switched on -------------------------------------------------------------


def test_features_are_switched_one_by_one(tmp_path: Path) -> None:
    """Each answer tells what is on; once more changes nothing."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        await orgs.good("EnableAWSServiceAccess", ServicePrincipal=IAM)
        seen = []
        for operation in (
            "ListOrganizationsFeatures",
            ENABLE_SESSIONS,
            ENABLE_SESSIONS,
            ENABLE_CREDENTIALS,
            "DisableOrganizationsRootSessions",
            "ListOrganizationsFeatures",
            "DisableOrganizationsRootCredentialsManagement",
        ):
            answer = await whole.good(whole.root, "iam", operation)
            assert answer.field("OrganizationId").startswith("o-")
            seen.append(features(answer))

        credentials, sessions = "RootCredentialsManagement", "RootSessions"
        assert seen == [
            [],
            [sessions],
            [sessions],
            [credentials, sessions],
            [credentials],
            [credentials],
            [],
        ]

    run(tmp_path, play)


@pytest.mark.parametrize("operation", SWITCHES)
def test_without_an_organization_there_is_nothing_to_switch(
    tmp_path: Path, operation: str
) -> None:
    """An account alone has no members whose root it could be."""

    async def play(whole: Whole) -> None:
        answer = await whole.bad(whole.root, "iam", operation)

        assert answer.code == "OrganizationNotFoundException"
        assert answer.status == 400

    run(tmp_path, play)


@pytest.mark.parametrize("operation", SWITCHES)
def test_iam_must_be_trusted(tmp_path: Path, operation: str) -> None:
    """Without trusted access for IAM nothing is centralized."""

    async def play(whole: Whole) -> None:
        await founded(whole)
        answer = await whole.bad(whole.root, "iam", operation)

        assert answer.code == "ServiceAccessNotEnabledException"

    run(tmp_path, play)


@pytest.mark.parametrize("operation", SWITCHES)
def test_the_organization_must_have_all_features(
    tmp_path: Path, operation: str
) -> None:
    """One for billing alone has no root access."""

    async def play(whole: Whole) -> None:
        orgs = Orgs(whole)
        await orgs.good("CreateOrganization", FeatureSet="CONSOLIDATED_BILLING")
        answer = await whole.bad(whole.root, "iam", operation)

        assert answer.code == "OrganizationNotInAllFeaturesModeException"

    run(tmp_path, play)


@pytest.mark.parametrize("operation", SWITCHES)
def test_a_member_switches_nothing(tmp_path: Path, operation: str) -> None:
    """Not even its root user; an administrator for IAM may switch off and look."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        keys = await member(orgs)
        await orgs.good("EnableAWSServiceAccess", ServicePrincipal=IAM)
        answer = await whole.bad(keys, "iam", operation)
        assert answer.code == "AccountNotManagementOrDelegatedAdministratorException"

        await orgs.good(
            "RegisterDelegatedAdministrator", AccountId=MEMBER, ServicePrincipal=IAM
        )
        answer = await whole.call(keys, "iam", operation)
        if operation.startswith("Enable"):
            assert answer.code == "CallerIsNotManagementAccountException"
        else:
            assert answer.status == 200

    run(tmp_path, play)


@pytest.mark.parametrize("operation", SWITCHES)
def test_switching_takes_its_action(tmp_path: Path, operation: str) -> None:
    """A user of the management account needs the permission of that very name."""

    async def play(whole: Whole) -> None:
        await centralized(whole)
        able = await whole.user("able", allow(f"iam:{operation}"))
        unable = await whole.user("unable", allow("iam:Get*"))

        assert (await whole.call(able, "iam", operation)).status == 200
        assert (await whole.bad(unable, "iam", operation)).code == "AccessDenied"

    run(tmp_path, play)


# --- who gets a session --------------------------------------------------------------


@pytest.mark.parametrize("target", [MEMBER, ROOT])
def test_a_permitted_principal_becomes_root_of_a_member(
    tmp_path: Path, target: str
) -> None:
    """By account or by ARN; the session is root of that account, for 15 minutes."""

    async def play(whole: Whole) -> None:
        await centralized(whole)
        boss = await whole.user("boss", allow("sts:AssumeRoot", ROOT))
        made = await whole.good(boss, "sts", "AssumeRoot", **task(AUDIT, target))
        told = await whole.good(made.keys, "sts", "GetCallerIdentity")
        record = whole.record(told)["userIdentity"]

        assert (told.field("Arn"), told.field("UserId")) == (ROOT, MEMBER)
        assert record["type"] == "Root"
        assert record["sessionContext"]["assumedRoot"] == "true"
        assert record["sessionContext"]["issuer"] == boss.key_id
        whole.now += 900
        answer = await whole.bad(made.keys, "sts", "GetCallerIdentity")
        assert answer.code == "ExpiredToken"

    run(tmp_path, play)


def test_an_administrator_for_iam_becomes_root_too(tmp_path: Path) -> None:
    """The organization's word is enough; without it the same call is refused."""

    async def play(whole: Whole) -> None:
        orgs = await centralized(whole)
        keys = await member(orgs, "admin", "333333333333")
        user = await whole.user("boss", allow("sts:AssumeRoot"), root=keys)
        refused = await whole.bad(user, "sts", "AssumeRoot", **task(AUDIT))
        assert refused.code == "AccessDenied"

        await orgs.good(
            "RegisterDelegatedAdministrator",
            AccountId="333333333333",
            ServicePrincipal=IAM,
        )
        await whole.good(user, "sts", "AssumeRoot", **task(AUDIT))
        await orgs.good(
            "DeregisterDelegatedAdministrator",
            AccountId="333333333333",
            ServicePrincipal=IAM,
        )
        await whole.bad(user, "sts", "AssumeRoot", **task(AUDIT))

    run(tmp_path, play)


def test_a_role_hands_its_source_identity_on(tmp_path: Path) -> None:
    """Who is behind the root session is in the answer, in policies and in records."""

    async def play(whole: Whole) -> None:
        await centralized(whole)
        user = await whole.user("alice", allow("sts:*"))
        role = await whole.role(
            "Break", trust({"AWS": MANAGER}), allow("sts:AssumeRoot")
        )
        session = await whole.good(
            user,
            "sts",
            "AssumeRole",
            RoleArn=role,
            RoleSessionName="glass",
            SourceIdentity="alice",
        )
        made = await whole.good(session.keys, "sts", "AssumeRoot", **task(AUDIT))
        told = await whole.good(made.keys, "iam", "ListAccessKeys")

        assert made.field("SourceIdentity") == "alice"
        context = whole.record(told)["userIdentity"]["sessionContext"]
        assert context["sourceIdentity"] == "alice"

    run(tmp_path, play)


@pytest.mark.threat("T30")
def test_who_never_gets_a_root_session(tmp_path: Path) -> None:
    """Root itself, sessions of GetSessionToken, strangers, members; no existence leak."""

    async def play(whole: Whole) -> None:
        orgs = await centralized(whole)
        stranger = await whole.account("stranger", "444444444444")
        other = await member(orgs, "other", "333333333333")
        mine = await whole.user("boss", allow("sts:AssumeRoot"))
        theirs = await whole.user("boss", allow("sts:*"), root=stranger)
        members = await whole.user("boss", allow("sts:*"), root=other)
        weak = await whole.user("weak", allow("sts:AssumeRole"))
        token = await whole.session(mine)
        calls = [
            (whole.root, MEMBER),
            (token, MEMBER),
            (theirs, MEMBER),
            (theirs, "999999999999"),
            (members, MEMBER),
            (weak, MEMBER),
            (mine, MANAGER),
            (mine, "444444444444"),
            (mine, "999999999999"),
            (mine, "arn:aws:iam::222222222222:user/x"),
        ]
        for keys, target in calls:
            answer = await whole.bad(keys, "sts", "AssumeRoot", **task(AUDIT, target))
            assert (answer.status, answer.code) == (403, "AccessDenied"), target
        known, unknown = [
            (
                await whole.bad(theirs, "sts", "AssumeRoot", **task(AUDIT, target))
            ).message.replace(target, "…")
            for target in (MEMBER, "999999999999")
        ]
        assert known == unknown

    run(tmp_path, play)


@pytest.mark.parametrize(
    ("off", "refused", "granted"),
    [
        ("CredentialsManagement", [AUDIT, DELETE, PASSWORD], [UNLOCK_BUCKET]),
        ("Sessions", [UNLOCK_BUCKET, UNLOCK_QUEUE], [AUDIT]),
    ],
)
def test_each_task_needs_its_feature(
    tmp_path: Path, off: str, refused: list[str], granted: list[str]
) -> None:
    """Credentials need one feature, locked buckets and queues the other."""

    async def play(whole: Whole) -> None:
        await centralized(whole)
        await whole.good(whole.root, "iam", f"DisableOrganizationsRoot{off}")
        boss = await whole.user("boss", allow("sts:AssumeRoot"))
        for arn in refused:
            answer = await whole.bad(boss, "sts", "AssumeRoot", **task(arn))
            assert answer.code == "AccessDenied"
        for arn in granted:
            await whole.good(boss, "sts", "AssumeRoot", **task(arn))

    run(tmp_path, play)


def test_without_trust_in_iam_no_session_begins(tmp_path: Path) -> None:
    """Taking trusted access away stops it, whatever was switched on before."""

    async def play(whole: Whole) -> None:
        orgs = await centralized(whole)
        boss = await whole.user("boss", allow("sts:AssumeRoot"))
        await orgs.good("DisableAWSServiceAccess", ServicePrincipal=IAM)
        answer = await whole.bad(boss, "sts", "AssumeRoot", **task(AUDIT))

        assert answer.code == "AccessDenied"

    run(tmp_path, play)


@pytest.mark.parametrize(
    "asked",
    [
        task(AUDIT, DurationSeconds=901),
        task("arn:aws:iam::aws:policy/AdministratorAccess"),
        task(f"arn:aws:iam::{MANAGER}:policy/root-task/IAMAuditRootUserCredentials"),
    ],
)
def test_what_no_root_session_can_be_made_of(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    """Longer than 15 minutes, or for anything but the five tasks."""

    async def play(whole: Whole) -> None:
        await centralized(whole)
        boss = await whole.user("boss", allow("sts:AssumeRoot"))
        answer = await whole.bad(boss, "sts", "AssumeRoot", **asked)

        assert (answer.status, answer.code) == (400, "ValidationError")

    run(tmp_path, play)


def test_policies_choose_task_and_owner(tmp_path: Path) -> None:
    """`sts:TaskPolicyArn` and `aws:ResourceAccount` say for what and of whom."""

    async def play(whole: Whole) -> None:
        await centralized(whole)
        only = {"StringEquals": {"sts:TaskPolicyArn": AUDIT}}
        of = {"StringEquals": {"aws:ResourceAccount": MEMBER}}
        boss = await whole.user("boss", allow("sts:AssumeRoot", Condition={**only}))
        near = await whole.user("near", allow("sts:AssumeRoot", Condition=of))

        await whole.good(boss, "sts", "AssumeRoot", **task(AUDIT))
        await whole.good(near, "sts", "AssumeRoot", **task(DELETE))
        answer = await whole.bad(boss, "sts", "AssumeRoot", **task(DELETE))
        assert answer.code == "AccessDenied"

    run(tmp_path, play)


# --- what a session opens ------------------------------------------------------------


def test_root_credentials_are_found_and_deleted(tmp_path: Path) -> None:
    """Access keys, MFA devices and the login profile, by the ordinary calls."""

    async def play(whole: Whole) -> None:
        await centralized(whole)
        theirs = whole.profile("member")
        await _give_root_a_device(whole)
        look = await assumed(whole, AUDIT)
        keys = await whole.good(look, "iam", "ListAccessKeys")
        devices = await whole.good(look, "iam", "ListMFADevices")
        certificates = await whole.good(look, "iam", "ListSigningCertificates")
        summary = await whole.good(look, "iam", "GetAccountSummary")
        assert keys.field("AccessKeyId") == theirs.key_id
        serial = devices.field("SerialNumber")
        assert "<CertificateId>" not in certificates.body
        assert "<key>AccountAccessKeysPresent</key><value>1<" in summary.body
        refused = await whole.bad(look, "iam", "DeleteAccessKey", AccessKeyId="A" * 20)
        assert refused.code == "AccessDenied"

        remove = await assumed(whole, DELETE)
        await whole.good(remove, "iam", "DeleteAccessKey", AccessKeyId=theirs.key_id)
        await whole.good(remove, "iam", "DeactivateMFADevice", SerialNumber=serial)
        await whole.good(remove, "iam", "DeleteVirtualMFADevice", SerialNumber=serial)
        gone = await whole.bad(remove, "iam", "DeleteLoginProfile")
        assert gone.code == "NoSuchEntity"
        dead = await whole.bad(theirs, "sts", "GetCallerIdentity")
        assert dead.code == "InvalidClientTokenId"
        for operation in ("ListAccessKeys", "ListMFADevices"):
            left = await whole.good(remove, "iam", operation)
            assert "<member>" not in left.body

    run(tmp_path, play)


async def _give_root_a_device(whole: Whole) -> None:
    """A virtual device of the member's root user, as an operator assigns it."""
    theirs = whole.profile("member")
    made = await whole.good(
        theirs, "iam", "CreateVirtualMFADevice", VirtualMFADeviceName="root-phone"
    )
    serial = made.field("SerialNumber")

    def assign(change: Any) -> None:
        held = change.find(MFADevice, serial)
        fields = {name: getattr(held, name) for name in MFADevice.__slots__}
        change.replace(MFADevice(**fields | {"user": MEMBER, "enabled": 1}))

    await whole.work.change(assign)


def test_root_gets_and_loses_a_login_profile(tmp_path: Path) -> None:
    """It says that root may get a password; the call that makes it sets none."""

    async def play(whole: Whole) -> None:
        await centralized(whole)
        keys = await assumed(whole, PASSWORD)
        bad = await whole.bad(
            keys, "iam", "CreateLoginProfile", Password="Correct-Horse-1"
        )
        assert bad.code == "ValidationError"
        await whole.good(keys, "iam", "CreateLoginProfile")
        twice = await whole.bad(keys, "iam", "CreateLoginProfile")
        assert twice.code == "EntityAlreadyExists"
        await whole.good(keys, "iam", "GetLoginProfile")
        look = await assumed(whole, AUDIT)
        summary = await whole.good(look, "iam", "GetAccountSummary")
        assert "<key>AccountPasswordPresent</key><value>1<" in summary.body
        remove = await assumed(whole, DELETE)
        await whole.good(remove, "iam", "DeleteLoginProfile")
        gone = await whole.bad(keys, "iam", "GetLoginProfile")
        assert gone.code == "NoSuchEntity"

    run(tmp_path, play)


def test_ordinary_root_must_name_a_user(tmp_path: Path) -> None:
    """Only a session of AssumeRoot may leave the name out and mean root."""

    async def play(whole: Whole) -> None:
        for operation in ("GetLoginProfile", "DeleteLoginProfile"):
            answer = await whole.bad(whole.root, "iam", operation)
            assert answer.code == "ValidationError"

    run(tmp_path, play)


@pytest.mark.threat("T30")
@pytest.mark.parametrize("arn", [AUDIT, DELETE, PASSWORD, UNLOCK_BUCKET, UNLOCK_QUEUE])
def test_a_root_session_does_nothing_but_its_task(tmp_path: Path, arn: str) -> None:
    """No other call, no user of the account, no further session."""

    async def play(whole: Whole) -> None:
        orgs = await centralized(whole)
        theirs = whole.profile("member")
        await whole.user("Bob", root=theirs)
        keys = await assumed(whole, arn)
        for service, operation, params in (
            ("iam", "ListUsers", {}),
            ("iam", "CreateUser", {"UserName": "eve"}),
            ("iam", "CreateAccessKey", {}),
            ("iam", "ListAccessKeys", {"UserName": "Bob"}),
            ("iam", "DeleteLoginProfile", {"UserName": "Bob"}),
            ("sts", "GetSessionToken", {}),
            ("sts", "GetFederationToken", {"Name": "eve"}),
            ("sts", "AssumeRoot", task(AUDIT)),
            (
                "sts",
                "AssumeRole",
                {"RoleArn": f"arn:aws:iam::{MEMBER}:role/x", "RoleSessionName": "ab"},
            ),
            ("ec2", "DescribeInstances", {}),
        ):
            answer = await whole.bad(keys, service, operation, **params)
            assert answer.status == 403, (operation, answer.body)
        told = await orgs.call(keys, "LeaveOrganization")
        assert told.answer.status == 400
        assert told.code.startswith("AccessDenied")

    run(tmp_path, play)


@pytest.mark.threat("T66")
def test_service_control_policies_bind_a_root_session(tmp_path: Path) -> None:
    """They are the member's own limit, also for who is root by the organization."""

    async def play(whole: Whole) -> None:
        orgs = await centralized(whole, SCP)
        await orgs.policy(
            SCP,
            "no-keys",
            deny(
                "iam:DeleteAccessKey",
                Condition={"Bool": {"aws:AssumedRoot": "true"}},
            ),
            target=MEMBER,
        )
        theirs = whole.profile("member")
        remove = await assumed(whole, DELETE)
        answer = await whole.bad(
            remove, "iam", "DeleteAccessKey", AccessKeyId=theirs.key_id
        )

        assert answer.code == "AccessDenied"
        assert "service control policy" in answer.message
        # The condition is about such sessions only: root's own key is still its own.
        await whole.good(theirs, "iam", "DeleteAccessKey", AccessKeyId=theirs.key_id)

    run(tmp_path, play)


# --- locked buckets and queues -------------------------------------------------------

BUCKET = "arn:aws:s3:::locked"


async def _bucket(whole: Whole, *statements: dict[str, Any]) -> None:
    """A bucket of the member with a policy."""

    def make(change: Any) -> None:
        change.insert(OwnedResource(arn=BUCKET, account=MEMBER, created=1, state="{}"))
        text = document(*statements)
        change.insert(ResourcePolicy(arn=BUCKET, account=MEMBER, text=text, updated=1))

    await whole.work.change(make)


def _s3(whole: Whole, keys: Keys, method: str, query: str = "policy") -> Request:
    """A request about the bucket's policy, or an object in it."""
    return whole.signed(
        keys,
        "s3",
        b"",
        method=method,
        path="/locked",
        query=query,
        headers=(
            (
                "x-amz-content-sha256",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
        ),
    )


LOCKED = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": BUCKET}
OPEN = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": BUCKET}


def test_a_locked_bucket_s_policy_is_its_owner_s(tmp_path: Path) -> None:
    """It denies everybody; the owner's root user gets at it all the same."""

    async def play(whole: Whole) -> None:
        await centralized(whole)
        await _bucket(whole, LOCKED)
        theirs = whole.profile("member")
        admin = await whole.user("admin", allow("*"), root=theirs)
        for keys in (admin, whole.root, await assumed(whole, AUDIT)):
            for method in ("GET", "DELETE"):
                answer = await whole.send(_s3(whole, keys, method))
                assert (answer.status, answer.code) == (403, "AccessDenied")
        for keys in (theirs, await assumed(whole, UNLOCK_BUCKET)):
            assert (await whole.send(_s3(whole, keys, "GET"))).status == 200

    run(tmp_path, play)


def test_what_else_the_policy_denies_stays_denied_to_root(tmp_path: Path) -> None:
    """An explicit Deny binds root in everything but the way out (facts 6.1)."""

    async def play(whole: Whole) -> None:
        await centralized(whole)
        await _bucket(whole, LOCKED)
        theirs = whole.profile("member")
        other = await whole.send(_s3(whole, theirs, "GET", "policyStatus"))

        assert (other.status, other.code) == (403, "AccessDenied")

    run(tmp_path, play)


def test_a_policy_that_opens_a_bucket_opens_no_more_to_the_session(
    tmp_path: Path,
) -> None:
    """Everybody is named directly there, which no session policy limits but by denying."""

    async def play(whole: Whole) -> None:
        await centralized(whole)
        await _bucket(whole, OPEN)
        keys = await assumed(whole, AUDIT)
        for query in ("policy", "policyStatus"):
            answer = await whole.send(_s3(whole, keys, "GET", query))
            assert (answer.status, answer.code) == (403, "AccessDenied")

    run(tmp_path, play)


def test_the_task_ends_at_the_member_s_own_buckets(tmp_path: Path) -> None:
    """A bucket of another account stays shut, even if its policy is open to all."""

    async def play(whole: Whole) -> None:
        await centralized(whole)

        def make(change: Any) -> None:
            change.insert(
                OwnedResource(arn=BUCKET, account=MANAGER, created=1, state="{}")
            )
            change.insert(
                ResourcePolicy(
                    arn=BUCKET, account=MANAGER, text=document(OPEN), updated=1
                )
            )

        await whole.work.change(make)
        keys = await assumed(whole, UNLOCK_BUCKET)
        answer = await whole.send(_s3(whole, keys, "DELETE"))

        assert (answer.status, answer.code) == (403, "AccessDenied")

    run(tmp_path, play)
