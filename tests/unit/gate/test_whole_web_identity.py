"""AssumeRoleWithWebIdentity through the whole gate: who may, and what comes of it."""

import json
from pathlib import Path

import pytest

from tests.unit.gate.web_stage import (
    ACCOUNT,
    DENIED,
    WEB,
    Stage,
    refused,
    staged,
)
from tests.unit.gate.whole import Keys, allow, document
from tests.unit.services.assertions.openid import (
    CLIENT,
)


def test_a_token_opens_a_session_without_any_signature(tmp_path: Path) -> None:
    """The result has AWS's shape, and its credentials act as the role (facts 7.7)."""

    async def play(stage: Stage) -> None:
        whole = stage.whole
        answer = await stage.assume(stage.token())

        assert answer.status == 200, answer.body
        assert answer.field("SubjectFromWebIdentityToken") == (
            "repo:acme/app:ref:refs/heads/main"
        )
        assert answer.field("Audience") == CLIENT
        assert answer.field("Provider") == stage.idp.issuer
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci-run"
        assert answer.field("Arn") == session
        assert answer.field("AssumedRoleId").endswith(":ci-run")
        assert "PackedPolicySize" not in answer.body
        assert "SourceIdentity" not in answer.body
        who = await whole.call(answer.keys, "sts", "GetCallerIdentity")
        assert who.field("Arn") == session
        record = whole.record(answer)
        assert record["userIdentity"] == {
            "type": "WebIdentityUser",
            "principalId": f"{stage.arn}:{CLIENT}:repo:acme/app:ref:refs/heads/main",
            "userName": "repo:acme/app:ref:refs/heads/main",
            "identityProvider": stage.arn,
            "issuer": stage.idp.issuer,
        }
        assert stage.token() not in json.dumps(record)

    staged(tmp_path, play)


def test_a_signed_call_works_as_well(tmp_path: Path) -> None:
    """Whoever signed does not count: root may sign it, and gains nothing by it."""

    async def play(stage: Stage) -> None:
        answer = await stage.assume(stage.token(), by=stage.whole.root)
        assert answer.status == 200, answer.body
        assert stage.whole.record(answer)["userIdentity"]["type"] == "WebIdentityUser"
        stage.role = await stage.trusted(
            "closed", {"Bool": {"aws:SecureTransport": "true"}}
        )
        refused(
            await stage.assume(stage.token(), by=stage.whole.root),
            403,
            "AccessDenied",
            DENIED,
        )

    staged(tmp_path, play)


def test_a_signature_that_is_there_must_be_good(tmp_path: Path) -> None:
    """A bad signature is refused, although none would be needed."""

    async def play(stage: Stage) -> None:
        wrong = Keys(stage.whole.root.key_id, "x" * 40)
        refused(
            await stage.assume(stage.token(), by=wrong), 403, "SignatureDoesNotMatch"
        )

    staged(tmp_path, play)


@pytest.mark.threat("T39")
@pytest.mark.parametrize(
    "operation",
    [
        "GetCallerIdentity",
        "GetSessionToken",
        "AssumeRole",
        "GetFederationToken",
        "Nothing",
    ],
)
def test_no_other_call_of_sts_goes_unsigned(tmp_path: Path, operation: str) -> None:
    """Every other operation is refused as before, an unreadable one too."""

    async def play(stage: Stage) -> None:
        answer = await stage.whole.call(None, "sts", operation, DurationSeconds="x")
        refused(answer, 403, "MissingAuthenticationToken")
        answer = await stage.whole.call(
            None, "sts", operation, RoleArn=stage.role, WebIdentityToken=stage.token()
        )
        refused(answer, 403, "MissingAuthenticationToken")

    staged(tmp_path, play)


@pytest.mark.rule("M37")
def test_the_trust_policy_alone_decides(tmp_path: Path) -> None:
    """It names the provider and tests the token's claims; else AWS's short refusal."""

    async def play(stage: Stage) -> None:
        name = stage.idp.name
        fits = {
            "StringEquals": {f"{name}:aud": CLIENT, f"{name}:oaud": CLIENT},
            "StringLike": {f"{name}:sub": "repo:acme/*"},
        }
        stage.role = await stage.trusted("fits", fits)
        assert (await stage.assume(stage.token())).status == 200
        refused(
            await stage.assume(stage.token(sub="repo:evil/app")),
            403,
            "AccessDenied",
            DENIED,
        )
        # The account's root, everybody in the account and another provider: nobody.
        for number, principal in enumerate(
            (
                {"AWS": ACCOUNT},
                {"Federated": stage.arn + "x"},
                {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/{name}"},
            )
        ):
            statement = {"Effect": "Allow", "Principal": principal, "Action": WEB}
            stage.role = await stage.whole.role(f"no{number}", document(statement))
            refused(await stage.assume(stage.token()), 403, "AccessDenied", DENIED)
        stage.role = stage.role.replace("no2", "nobody")
        refused(await stage.assume(stage.token()), 403, "AccessDenied", DENIED)

    staged(tmp_path, play)


def test_the_action_that_is_trusted_is_this_one(tmp_path: Path) -> None:
    """A trust policy that allows AssumeRole to the provider allows nothing here."""

    async def play(stage: Stage) -> None:
        stage.role = await stage.trusted("other", actions="sts:AssumeRole")
        refused(await stage.assume(stage.token()), 403, "AccessDenied", DENIED)
        stage.role = await stage.trusted("saml", actions="sts:AssumeRoleWithSAML")
        refused(await stage.assume(stage.token()), 403, "AccessDenied", DENIED)
        stage.role = await stage.trusted("any", actions="sts:AssumeRole*")
        assert (await stage.assume(stage.token())).status == 200

    staged(tmp_path, play)


@pytest.mark.rule("M36")
@pytest.mark.rule("M37")
@pytest.mark.threat("T23")
def test_such_a_session_has_no_mfa_keys(tmp_path: Path) -> None:
    """Both keys are absent, whatever `amr` says and whatever parameters are sent."""

    async def play(stage: Stage) -> None:
        whole = stage.whole
        name = stage.idp.name
        asks = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        stage.role = await stage.trusted("asks", asks)
        token = stage.token(amr=["mfa", "otp"])
        refused(await stage.assume(token), 403, "AccessDenied", DENIED)
        stage.role = await stage.trusted(
            "told", {"ForAnyValue:StringEquals": {f"{name}:amr": "mfa"}}
        )
        session = (await stage.assume(token)).keys
        await whole.good(
            whole.root,
            "iam",
            "PutRolePolicy",
            RoleName="told",
            PolicyName="absent",
            PolicyDocument=document(
                allow(
                    "iam:ListRoles",
                    Condition={"Null": {"aws:MultiFactorAuthPresent": "true"}},
                ),
                allow(
                    "iam:ListUsers",
                    Condition={"Null": {"aws:MultiFactorAuthPresent": "false"}},
                ),
                allow(
                    "iam:ListGroups",
                    Condition={"Null": {"aws:TokenIssueTime": "false"}},
                ),
            ),
        )
        assert (await whole.call(session, "iam", "ListRoles")).status == 200
        assert (await whole.call(session, "iam", "ListUsers")).status == 403
        assert (await whole.call(session, "iam", "ListGroups")).status == 200
        # A role that is reached from there is an ordinary role session again.
        answer = await stage.assume(
            token, SerialNumber=f"arn:aws:iam::{ACCOUNT}:mfa/x", TokenCode="123456"
        )
        assert answer.status == 400

    staged(tmp_path, play)


def test_what_the_provider_vouched_for_stays_in_the_session(tmp_path: Path) -> None:
    """`aws:FederatedProvider` and the usual claims can be tested, and used as variables."""

    async def play(stage: Stage) -> None:
        whole, name = stage.whole, stage.idp.name
        session = (await stage.assume(stage.token(sub="alice"))).keys
        tests = {
            "StringEquals": {
                "aws:FederatedProvider": stage.arn,
                f"{name}:sub": "alice",
                f"{name}:aud": CLIENT,
            },
            "Null": {f"{name}:oaud": "true"},
        }
        await whole.good(
            whole.root,
            "iam",
            "PutRolePolicy",
            RoleName="deploy",
            PolicyName="own",
            PolicyDocument=document(
                allow("iam:ListRoles", Condition=tests),
                allow("iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/${{{name}:sub}}"),
            ),
        )
        await whole.user("alice")
        await whole.user("bob")
        assert (await whole.call(session, "iam", "ListRoles")).status == 200
        assert (
            await whole.call(session, "iam", "GetUser", UserName="alice")
        ).status == 200
        assert (
            await whole.call(session, "iam", "GetUser", UserName="bob")
        ).status == 403

    staged(tmp_path, play)


def test_the_facts_end_with_the_session(tmp_path: Path) -> None:
    """A role that is assumed from there carries none of them, and MFA "false" again."""

    async def play(stage: Stage) -> None:
        whole = stage.whole
        session = (await stage.assume(stage.token())).keys
        next_role = await whole.role(
            "next",
            document(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": stage.role},
                    "Action": "sts:AssumeRole",
                }
            ),
            allow(
                "iam:ListRoles", Condition={"Null": {"aws:FederatedProvider": "true"}}
            ),
            allow(
                "iam:ListUsers",
                Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}},
            ),
        )
        chained = await whole.good(
            session, "sts", "AssumeRole", RoleArn=next_role, RoleSessionName="on"
        )
        assert (await whole.call(chained.keys, "iam", "ListRoles")).status == 200
        assert (await whole.call(chained.keys, "iam", "ListUsers")).status == 200

    staged(tmp_path, play)


@pytest.mark.threat("T36")
def test_a_session_policy_limits(tmp_path: Path) -> None:
    """It never grants, and one that is malformed is refused."""

    async def play(stage: Stage) -> None:
        policy = document(allow("iam:*"))
        answer = await stage.assume(stage.token(), Policy=policy)
        assert answer.status == 200
        assert int(answer.field("PackedPolicySize")) > 0
        listed = await stage.whole.call(answer.keys, "iam", "ListRoles")
        assert listed.status == 403
        refused(
            await stage.assume(stage.token(), Policy="{}"),
            400,
            "MalformedPolicyDocument",
        )

    staged(tmp_path, play)


def test_durations_and_sizes(tmp_path: Path) -> None:
    """As for AssumeRole: up to the role's maximum, an error above; sizes by the model."""

    async def play(stage: Stage) -> None:
        token = stage.token()
        assert (await stage.assume(token, DurationSeconds=3600)).status == 200
        refused(
            await stage.assume(token, DurationSeconds=3601),
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
        refused(await stage.assume(token, DurationSeconds=899), 400, "ValidationError")
        refused(await stage.assume("x" * 20_001), 400, "ValidationError")
        refused(await stage.assume("x" * 20_000), 400, "InvalidIdentityToken")
        refused(
            await stage.assume(token, ProviderId="www.amazon.com"),
            400,
            "ValidationError",
        )
        answer = await stage.assume(token, RoleArn="arn:aws:iam::1:role/x" + "x" * 10)
        refused(answer, 400, "ValidationError")

    staged(tmp_path, play)


def test_what_why_tells(tmp_path: Path) -> None:
    """A refusal by the trust policy is explained from the record, with the claims seen."""

    async def play(stage: Stage) -> None:
        name = stage.idp.name
        stage.role = await stage.trusted(
            "never", {"StringEquals": {f"{name}:sub": "bob"}}
        )
        answer = await stage.assume(stage.token(sub="alice"))
        record = stage.whole.record(answer)
        assert record["decisions"][0]["action"] == WEB
        keys = record["decisions"][0]["explanation"]["keys"]
        assert {
            "key": f"{name}:sub",
            "present": True,
            "value": "alice",
        }.items() <= keys[0].items()

    staged(tmp_path, play)
