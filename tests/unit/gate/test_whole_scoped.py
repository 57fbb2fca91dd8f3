"""GetScopedCredentials: the same session with less, and never with more."""

from pathlib import Path
from typing import Any

import pytest

from ostiary.identity.model import OwnedResource, ResourcePolicy
from tests.unit.gate.whole import (
    MFA,
    Answer,
    Keys,
    Whole,
    allow,
    document,
    run,
    trust,
)

SCOPE = ("sts", "GetScopedCredentials")
ACCOUNT = "111122223333"
BUCKET = "arn:aws:s3:::data"


async def role_session(whole: Whole, *statements: dict[str, Any]) -> Keys:
    """A session of a role that may do this, and scope itself down."""
    user = await whole.user("Alice", allow("sts:*"))
    role = await whole.role(
        "Work", trust({"AWS": ACCOUNT}), allow("sts:GetScopedCredentials"), *statements
    )
    made = await whole.good(
        user,
        "sts",
        "AssumeRole",
        RoleArn=role,
        RoleSessionName="alice",
        SourceIdentity="alice",
        DurationSeconds=3600,
    )
    return made.keys


async def scoped(whole: Whole, keys: Keys, **asked: Any) -> Answer:
    """The scoped credentials."""
    return await whole.good(keys, *SCOPE, **asked)


def only(action: Any, resource: Any = "*", **more: Any) -> dict[str, str]:
    """The parameter that leaves this."""
    return {"Policy": document(allow(action, resource, **more))}


def test_a_session_does_less_and_is_who_it_was(tmp_path: Path) -> None:
    """Identity, source identity and end stay; what the scope leaves out is denied."""

    async def play(whole: Whole) -> None:
        keys = await role_session(whole, allow("iam:*"))
        whole.now += 60
        made = await scoped(whole, keys, **only("iam:ListUsers"))
        before = await whole.good(keys, "sts", "GetCallerIdentity")
        after = await whole.good(made.keys, "sts", "GetCallerIdentity")

        for name in ("Arn", "UserId", "Account"):
            assert before.field(name) == after.field(name)
        assert made.field("ScopedSessionId") == before.field("UserId")
        assert made.field("SourceIdentity") == "alice"
        assert made.field("ScopedPoliciesCount") == "1"
        await whole.good(made.keys, "iam", "ListUsers")
        answer = await whole.bad(made.keys, "iam", "ListRoles")
        assert answer.code == "AccessDenied"
        assert "no session policy allows the iam:ListRoles action" in answer.message
        decision = whole.record(answer)["decisions"][-1]
        assert decision["missing"] == ["session"]
        await whole.good(keys, "iam", "ListRoles")

    run(tmp_path, play)


def test_a_scope_grants_nothing(tmp_path: Path) -> None:
    """What the session may not do, it may not do with a scope that allows it."""

    async def play(whole: Whole) -> None:
        keys = await role_session(whole, allow("iam:ListUsers"))
        made = await scoped(whole, keys, **only("*"))
        await whole.good(made.keys, "iam", "ListUsers")
        answer = await whole.bad(made.keys, "iam", "CreateUser", UserName="eve")

        assert "no identity-based policy" in answer.message

    run(tmp_path, play)


def test_scopes_are_layers(tmp_path: Path) -> None:
    """Each must allow; there are three at most, and a shorter life needs none."""

    async def play(whole: Whole) -> None:
        keys = await role_session(whole, allow("iam:*"))
        one = await scoped(
            whole, keys, **only(["iam:List*", "sts:GetScopedCredentials"])
        )
        two = await scoped(
            whole, one.keys, **only(["iam:ListUsers", "iam:GetUser", "sts:*"])
        )
        await whole.good(two.keys, "iam", "ListUsers")
        for operation, params in (
            ("ListRoles", {}),
            ("GetUser", {"UserName": "Alice"}),
        ):
            assert (await whole.bad(two.keys, "iam", operation, **params)).status == 403
        three = await scoped(whole, two.keys, **only("*"))
        assert three.field("ScopedPoliciesCount") == "3"
        answer = await whole.bad(three.keys, *SCOPE, **only("*"))
        assert (answer.status, answer.code) == (403, "AccessDenied")
        shorter = await scoped(whole, three.keys, DurationSeconds=60)
        assert shorter.field("ScopedPoliciesCount") == "3"

    run(tmp_path, play)


def test_an_explicit_deny_of_a_scope_counts(tmp_path: Path) -> None:
    """Whatever else allows the request, also what the scope itself allows."""

    async def play(whole: Whole) -> None:
        keys = await role_session(whole, allow("iam:*"))
        deny = {"Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"}
        made = await scoped(whole, keys, Policy=document(allow("*"), deny))
        answer = await whole.bad(made.keys, "iam", "ListUsers")

        assert "explicit deny in a session policy" in answer.message
        await whole.good(made.keys, "iam", "ListRoles")

    run(tmp_path, play)


@pytest.mark.threat("T30")
@pytest.mark.parametrize("principal", ["*", "role", "session"])
def test_a_scope_narrows_what_a_resource_policy_gives(
    tmp_path: Path, principal: str
) -> None:
    """Even where the bucket's policy names everybody or the session itself."""

    async def play(whole: Whole) -> None:
        keys = await role_session(whole)
        told = (await whole.good(keys, "sts", "GetCallerIdentity")).field("Arn")
        named = {
            "*": "*",
            "role": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/Work"},
            "session": {"AWS": told},
        }[principal]
        statement = {
            "Effect": "Allow",
            "Principal": named,
            "Action": "s3:*",
            "Resource": BUCKET,
        }

        def make(change: Any) -> None:
            change.insert(
                OwnedResource(arn=BUCKET, account=ACCOUNT, created=1, state="{}")
            )
            change.insert(
                ResourcePolicy(
                    arn=BUCKET, account=ACCOUNT, text=document(statement), updated=1
                )
            )

        await whole.work.change(make)
        less = await scoped(whole, keys, **only("s3:ListBucket"))
        same = await scoped(whole, keys, **only("s3:GetBucketPolicy", BUCKET))

        assert await _policy(whole, keys) == 200
        assert await _policy(whole, same.keys) == 200
        assert await _policy(whole, less.keys) == 403

    run(tmp_path, play)


async def _policy(whole: Whole, keys: Keys) -> int:
    """The status of GetBucketPolicy."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    request = whole.signed(
        keys,
        "s3",
        b"",
        method="GET",
        path="/data",
        query="policy",
        headers=(("x-amz-content-sha256", empty),),
    )
    return (await whole.send(request)).status


def test_a_role_can_be_assumed_when_the_scope_says_so(tmp_path: Path) -> None:
    """A trust policy is a resource's policy, and the scope is asked beside it."""

    async def play(whole: Whole) -> None:
        keys = await role_session(whole, allow("sts:*"))
        role = await whole.role("Next", trust({"AWS": ACCOUNT}))
        params = {"RoleArn": role, "RoleSessionName": "next"}
        may = await scoped(whole, keys, **only("sts:*", role))
        may_not = await scoped(whole, keys, **only("iam:*"))

        await whole.good(may.keys, "sts", "AssumeRole", **params)
        await whole.bad(may_not.keys, "sts", "AssumeRole", **params)

    run(tmp_path, play)


def test_the_life_is_shortened_never_extended(tmp_path: Path) -> None:
    """Asking for more than is left is an error; at the end both are over."""

    async def play(whole: Whole) -> None:
        keys = await role_session(whole, allow("iam:*"))
        whole.now += 600
        answer = await whole.bad(keys, *SCOPE, DurationSeconds=3001)
        assert (answer.status, answer.code) == (400, "InsufficientSessionLifetime")
        short = (await scoped(whole, keys, DurationSeconds=60)).keys
        whole_rest = (await scoped(whole, keys, **only("*"))).keys
        whole.now += 60
        assert (await whole.bad(short, "iam", "ListUsers")).code == "ExpiredToken"
        await whole.good(whole_rest, "iam", "ListUsers")
        whole.now += 2940
        assert (await whole.bad(whole_rest, "iam", "ListUsers")).code == "ExpiredToken"

    run(tmp_path, play)


@pytest.mark.threat("T33")
def test_scoping_does_not_make_a_session_younger(tmp_path: Path) -> None:
    """A policy that revokes older sessions reaches what was made of them later."""

    async def play(whole: Whole) -> None:
        keys = await role_session(whole, allow("iam:*"))
        whole.now += 600
        made = await scoped(whole, keys, **only("*"))
        await whole.good(made.keys, "iam", "ListUsers")
        cut = "2026-11-18T11:10:00Z"
        revoke = {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": cut}},
        }
        await whole.good(
            whole.root,
            "iam",
            "PutRolePolicy",
            RoleName="Work",
            PolicyName="AWSRevokeOlderSessions",
            PolicyDocument=document(revoke),
        )
        assert (await whole.bad(made.keys, "iam", "ListUsers")).code == "AccessDenied"

    run(tmp_path, play)


@pytest.mark.parametrize("mfa", [True, False])
def test_a_user_s_session_keeps_its_mfa_facts(tmp_path: Path, mfa: bool) -> None:
    """True stays true, absent stays absent; without MFA IAM is still shut (M24)."""

    async def play(whole: Whole) -> None:
        user = await whole.user(
            "Alice",
            allow("sts:GetScopedCredentials"),
            allow("iam:ListUsers", Condition=MFA),
        )
        serial = await whole.device("Alice") if mfa else ""
        session = await whole.session(user, serial)
        made = await scoped(whole, session, **only("iam:*"))
        answer = await whole.call(made.keys, "iam", "ListUsers")

        assert answer.code == ("" if mfa else "InvalidClientTokenId")

    run(tmp_path, play)


def test_a_federated_session_is_scoped_too(tmp_path: Path) -> None:
    """Its own policy and the scope must both allow."""

    async def play(whole: Whole) -> None:
        user = await whole.user("Alice", allow(["sts:*", "s3:*"]))
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "s3:*",
            "Resource": BUCKET,
        }

        def make(change: Any) -> None:
            change.insert(
                OwnedResource(arn=BUCKET, account=ACCOUNT, created=1, state="{}")
            )
            change.insert(
                ResourcePolicy(
                    arn=BUCKET, account=ACCOUNT, text=document(statement), updated=1
                )
            )

        await whole.work.change(make)
        made = await whole.good(
            user,
            "sts",
            "GetFederationToken",
            Name="bob",
            Policy=document(allow(["s3:*", "sts:GetScopedCredentials"])),
        )
        same = await scoped(whole, made.keys, **only("s3:*"))
        less = await scoped(whole, made.keys, **only("s3:ListBucket"))

        assert await _policy(whole, same.keys) == 200
        assert await _policy(whole, less.keys) == 403

    run(tmp_path, play)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"DurationSeconds": 0}, "ValidationError"),
        ({"DurationSeconds": 129601}, "ValidationError"),
    ],
)
def test_what_is_no_scope(tmp_path: Path, asked: dict[str, Any], code: str) -> None:
    """Nothing at all, no policy, or a life that no session can have."""

    async def play(whole: Whole) -> None:
        keys = await role_session(whole)
        answer = await whole.bad(keys, *SCOPE, **asked)

        assert (answer.status, answer.code) == (400, code)

    run(tmp_path, play)


def test_long_term_keys_cannot_be_scoped(tmp_path: Path) -> None:
    """Neither a user's nor root's; a session is asked for first."""

    async def play(whole: Whole) -> None:
        user = await whole.user("Alice", allow("sts:*"))
        for keys in (user, whole.root):
            answer = await whole.bad(keys, *SCOPE, **only("*"))
            assert (answer.status, answer.code) == (400, "InvalidSubjectCredentials")

    run(tmp_path, play)


def test_scoping_takes_its_action(tmp_path: Path) -> None:
    """A session whose policies do not allow it cannot pass itself on."""

    async def play(whole: Whole) -> None:
        user = await whole.user("Alice", allow("iam:*"))
        session = await whole.session(user)
        answer = await whole.bad(session, *SCOPE, **only("*"))

        assert (answer.status, answer.code) == (403, "AccessDenied")

    run(tmp_path, play)
