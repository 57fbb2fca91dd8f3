"""The chapter's three scenarios, as far as they are decisions (facts 1.6-1.8)."""

import pytest

from tests.spec.decision import decide
from tests.spec.test_decision import (
    LONG_TERM,
    MFA,
    NO_MFA,
    OPEN,
    REQUIRED,
    A,
    B,
    C,
    D,
    Json,
    allow,
    ask,
    document,
)

CROSS_ROLE = f"arn:aws:iam::{A}:role/CrossAccountRole"
RICHARD = f"arn:aws:iam::{B}:user/Richard"
NIKHIL = f"arn:aws:iam::{C}:user/Nikhil"
SOFIA = f"arn:aws:iam::{A}:user/Sofia"
BOOKS, MOVIES = (
    f"arn:aws:dynamodb:us-east-1:{A}:table/{name}" for name in ("Books", "Movies")
)
TRUST: Json = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": B},
        "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    },
}
MAY_ASSUME = [document(allow("sts:AssumeRole", CROSS_ROLE))]


@pytest.mark.rule("M13", "M18", "M19", "M21", "M43", "M47", "M49")
def test_assuming_the_role_across_accounts() -> None:
    """M49 a, b, e, f, j: both sides are needed, and MFA at the moment of assuming."""

    def assume(context: Json, principal: str = RICHARD, **own: list[Json]) -> str:
        return ask(
            "sts:AssumeRole",
            CROSS_ROLE,
            principal,
            context,
            resource_policy=TRUST,
            **own,
        )

    assert assume(MFA, identity_policies=MAY_ASSUME) == "Allowed"
    assert assume(LONG_TERM, identity_policies=MAY_ASSUME) == "ImplicitlyDenied"
    assert assume(NO_MFA, identity_policies=MAY_ASSUME) == "ImplicitlyDenied"
    assert assume(MFA) == "ImplicitlyDenied"
    assert assume(MFA, NIKHIL, identity_policies=MAY_ASSUME) == "ImplicitlyDenied"


@pytest.mark.rule("M31", "M44", "M45", "M49", "M50")
def test_using_the_role_across_accounts() -> None:
    """M49 g, h, i: no further check of MFA; a per-call check in the role's policy fails."""
    session = f"arn:aws:sts::{A}:assumed-role/CrossAccountRole/richard"
    books = allow("dynamodb:*", "arn:aws:dynamodb:*:*:table/Books")
    role = [document(books, allow("dynamodb:ListTables"))]
    for action, resource, answer in (
        ("dynamodb:GetItem", BOOKS, "Allowed"),
        ("dynamodb:ListTables", "*", "Allowed"),
        ("dynamodb:GetItem", MOVIES, "ImplicitlyDenied"),
        ("dynamodb:ListBackups", "*", "ImplicitlyDenied"),
    ):
        assert ask(action, resource, session, NO_MFA, identity_policies=role) == answer
    per_call = [document({**books, "Condition": REQUIRED})]
    assert (
        ask("dynamodb:GetItem", BOOKS, session, NO_MFA, identity_policies=per_call)
        == "ImplicitlyDenied"
    )


@pytest.mark.rule("M10", "M11", "M51", "M53", "M54", "M63")
def test_same_account() -> None:
    """M54 a, b, c, e: stopping needs MFA; what is allowed without it stays allowed."""
    guarded = allow(
        ["ec2:StopInstances", "ec2:TerminateInstances"], ["*"], Condition=REQUIRED
    )
    policies = [document(guarded), document(allow("ec2:DescribeInstances"))]
    instance = f"arn:aws:ec2:us-east-1:{A}:instance/i-1"
    session = f"arn:aws:sts::{A}:assumed-role/Ops/one"
    for principal, context, answer in (
        (SOFIA, LONG_TERM, "ImplicitlyDenied"),
        (SOFIA, NO_MFA, "ImplicitlyDenied"),
        (SOFIA, MFA, "Allowed"),
        (session, NO_MFA, "ImplicitlyDenied"),
    ):
        for action in ("ec2:StopInstances", "ec2:TerminateInstances"):
            assert (
                ask(action, instance, principal, context, identity_policies=policies)
                == answer
            )
        assert (
            ask(
                "ec2:DescribeInstances",
                "*",
                principal,
                context,
                identity_policies=policies,
            )
            == "Allowed"
        )


@pytest.mark.rule("M12", "M23", "M32", "M55", "M56", "M58", "M59", "M60")
def test_bucket_policy_across_accounts() -> None:
    """M60 a-h: MFA, a trusted account, and the identity side in the caller's own account."""
    bucket = document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": [A, B, C]},
            "Action": ["s3:PutObject", "s3:DeleteObject"],
            "Resource": "arn:aws:s3:::books/*",
            "Condition": REQUIRED,
        }
    )
    session = f"arn:aws:sts::{C}:assumed-role/Writer/one"
    stranger = f"arn:aws:iam::{D}:user/Eve"

    def put(
        principal: str,
        context: Json,
        action: str = "s3:PutObject",
        own: list[Json] = OPEN,
    ) -> str:
        request = {
            "action": action,
            "resource": "arn:aws:s3:::books/x",
            "principal": principal,
        }
        request |= {"context": context, "resource_account": A}
        case = {"request": request, "resource_policy": bucket, "identity_policies": own}
        answer: str = decide(case)["decision"]
        return answer

    assert put(NIKHIL, MFA) == "Allowed"
    assert put(NIKHIL, LONG_TERM) == "ImplicitlyDenied"
    assert put(NIKHIL, NO_MFA) == "ImplicitlyDenied"
    assert put(NIKHIL, MFA, own=[]) == "ImplicitlyDenied"
    assert put(session, NO_MFA) == "ImplicitlyDenied"
    assert put(stranger, MFA) == "ImplicitlyDenied"
    assert put("anonymous", {}) == "ImplicitlyDenied"
    assert put(NIKHIL, MFA, action="s3:GetObject") == "ImplicitlyDenied"
    # M59: in the bucket's own account an account principal only delegates.
    assert put(SOFIA, MFA, own=[]) == "ImplicitlyDenied"
    assert put(SOFIA, MFA) == "Allowed"
