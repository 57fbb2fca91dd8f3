"""AssumeRoleWithSAML through the whole gate: who may, and what comes of it."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gate.saml_stage import (
    ACCOUNT,
    DENIED,
    PROVIDER,
    SAML,
    Stage,
    refused,
    staged,
)
from tests.unit.gate.whole import Keys, allow, document
from tests.unit.services.assertions.openid import RSA
from tests.unit.services.assertions.responses import (
    ENTITY,
    OWN,
    SIGN_IN,
    metadata,
    sign,
)

QUALIFIER = base64.b64encode(
    hashlib.sha1(f"{ENTITY}{ACCOUNT}/Corporate".encode()).digest()  # noqa: S324 - AWS's own
).decode()


@pytest.mark.parametrize("what", ["assertion", "response"])
def test_a_response_opens_a_session_without_any_signature(
    tmp_path: Path, what: str
) -> None:
    """The result has AWS's shape, and its credentials act as the role (facts 7.7)."""

    async def play(stage: Stage) -> None:
        whole = stage.whole
        answer = await stage.assume(what=what)

        assert answer.status == 200, answer.body
        assert answer.field("Subject") == "alice"
        assert answer.field("SubjectType") == "persistent"
        assert answer.field("Issuer") == ENTITY
        assert answer.field("Audience") == SIGN_IN
        assert answer.field("NameQualifier") == QUALIFIER
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/staff/alice@example.org"
        assert answer.field("Arn") == session
        assert "PackedPolicySize" not in answer.body
        who = await whole.call(answer.keys, "sts", "GetCallerIdentity")
        assert who.field("Arn") == session
        assert (await whole.call(answer.keys, "iam", "ListRoles")).status == 200
        record = whole.record(answer)
        assert record["userIdentity"] == {
            "type": "SAMLUser",
            "principalId": f"{QUALIFIER}:alice",
            "userName": "alice",
            "identityProvider": QUALIFIER,
            "issuer": ENTITY,
        }
        assert "SAMLAssertion" not in json.dumps(record)

    staged(tmp_path, play)


def test_a_signed_call_works_as_well(tmp_path: Path) -> None:
    """Whoever signed does not count, though a signature that is there must be good."""

    async def play(stage: Stage) -> None:
        root = stage.whole.root
        answer = await stage.send(sign(stage.said().xml()), by=root)
        assert answer.status == 200
        assert stage.whole.record(answer)["userIdentity"]["type"] == "SAMLUser"
        wrong = Keys(root.key_id, "x" * 40)
        answer = await stage.send(sign(stage.said().xml()), by=wrong)
        refused(answer, 403, "SignatureDoesNotMatch")

    staged(tmp_path, play)


@pytest.mark.rule("M38")
def test_the_trust_policy_alone_decides(tmp_path: Path) -> None:
    """It names the provider and tests the assertion; else AWS's short refusal."""

    async def play(stage: Stage) -> None:
        fits = {
            "StringEquals": {
                "saml:aud": SIGN_IN,
                "saml:iss": ENTITY,
                "saml:sub": "alice",
                "saml:sub_type": "persistent",
                "saml:doc": f"{ACCOUNT}/Corporate",
                "saml:namequalifier": QUALIFIER,
                "saml:mail": "alice@example.org",
                "sts:RoleSessionName": "alice@example.org",
            },
            "ForAnyValue:StringEquals": {"saml:edupersonaffiliation": "staff"},
            "Null": {"aws:MultiFactorAuthPresent": "true", "aws:PrincipalArn": "true"},
        }
        told = {
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.1": ["member", "staff"],
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": [
                "alice@example.org"
            ],
        }
        stage.role = await stage.trusted("fits", fits)
        assert (await stage.assume(attributes=told)).status == 200
        refused(await stage.assume(), 403, "AccessDenied", DENIED)
        answer = await stage.assume(attributes=told, name_id="bob")
        refused(answer, 403, "AccessDenied", DENIED)
        for number, principal in enumerate(
            (
                {"AWS": ACCOUNT},
                {"Federated": PROVIDER.lower()},
                {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/Corporate"},
            )
        ):
            statement = {"Effect": "Allow", "Principal": principal, "Action": SAML}
            stage.role = await stage.whole.role(f"no{number}", document(statement))
            refused(await stage.assume(), 403, "AccessDenied", DENIED)
        stage.role = await stage.trusted("web", actions="sts:AssumeRoleWithWebIdentity")
        refused(await stage.assume(), 403, "AccessDenied", DENIED)
        stage.role = stage.role.replace("web", "nobody")
        refused(await stage.assume(), 403, "AccessDenied", DENIED)

    staged(tmp_path, play)


@pytest.mark.rule("M36")
@pytest.mark.rule("M38")
@pytest.mark.threat("T23")
def test_what_remains_in_the_session(tmp_path: Path) -> None:
    """Three `saml:` keys and no MFA key; a trust policy that asks for MFA is not met."""

    async def play(stage: Stage) -> None:
        whole = stage.whole
        asks = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        stage.role = await stage.trusted("asks", asks)
        refused(await stage.assume(), 403, "AccessDenied", DENIED)
        stage.role = await stage.trusted("kept")
        session = (await stage.assume()).keys
        await whole.good(
            whole.root,
            "iam",
            "PutRolePolicy",
            RoleName="kept",
            PolicyName="own",
            PolicyDocument=document(
                allow(
                    "iam:ListRoles",
                    Condition={
                        "StringEquals": {
                            "saml:sub": "alice",
                            "saml:sub_type": "persistent",
                            "saml:namequalifier": QUALIFIER,
                        },
                        "Null": {
                            "saml:aud": "true",
                            "saml:doc": "true",
                            "aws:FederatedProvider": "true",
                            "aws:MultiFactorAuthPresent": "true",
                            "aws:MultiFactorAuthAge": "true",
                            "aws:TokenIssueTime": "false",
                        },
                    },
                )
            ),
        )
        assert (await whole.call(session, "iam", "ListRoles")).status == 200

    staged(tmp_path, play)


def test_tags_and_source_identity(tmp_path: Path) -> None:
    """They are asked of the trust policy, named in the result, and stay in the session."""

    async def play(stage: Stage) -> None:
        whole = stage.whole
        told = {
            f"{OWN}PrincipalTag:Team": ["red"],
            f"{OWN}PrincipalTag:Cost": ["42"],
            f"{OWN}TransitiveTagKeys": ["Team"],
            f"{OWN}SourceIdentity": ["alice"],
        }
        answer = await stage.assume(attributes=told)
        refused(answer, 403, "AccessDenied", "Not authorized to perform sts:TagSession")
        stage.role = await stage.trusted("tagged", actions=[SAML, "sts:TagSession"])
        refused(
            await stage.assume(attributes=told),
            403,
            "AccessDenied",
            "Not authorized to perform sts:SetSourceIdentity",
        )
        condition = {
            "StringEquals": {
                "aws:RequestTag/Team": "red",
                "sts:SourceIdentity": "alice",
            },
            "ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "Team"},
        }
        stage.role = await stage.trusted("full", condition, actions="sts:*")
        answer = await stage.assume(attributes=told)
        assert answer.status == 200, answer.body
        assert answer.field("SourceIdentity") == "alice"
        assert int(answer.field("PackedPolicySize")) > 0
        tests = {
            "StringEquals": {
                "aws:PrincipalTag/team": "red",
                "aws:SourceIdentity": "alice",
            }
        }
        next_role = await whole.role(
            "next",
            document(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": stage.role},
                    "Action": [
                        "sts:AssumeRole",
                        "sts:TagSession",
                        "sts:SetSourceIdentity",
                    ],
                }
            ),
            allow("iam:ListRoles", Condition=tests),
        )
        chained = await whole.good(
            answer.keys, "sts", "AssumeRole", RoleArn=next_role, RoleSessionName="on"
        )
        assert (await whole.call(chained.keys, "iam", "ListRoles")).status == 200

    staged(tmp_path, play)


def test_an_assertion_is_used_once(tmp_path: Path) -> None:
    """The second use is refused, also in other words, for another role, much later."""

    async def play(stage: Stage) -> None:
        said = stage.said(id="_same")
        document_sent = sign(said.xml())
        refused(
            await stage.send(document_sent, DurationSeconds=3601),
            400,
            "ValidationError",
        )
        # A call that failed has used nothing up.
        assert (await stage.send(document_sent)).status == 200
        message = "The SAML assertion has been used before"
        again = await stage.send(document_sent)
        refused(again, 400, "InvalidIdentityToken", message)
        again = await stage.send(sign(said.xml(), "response"))
        refused(again, 400, "InvalidIdentityToken", message)
        stage.whole.now += 299
        again = await stage.send(document_sent)
        refused(again, 400, "InvalidIdentityToken", message)
        stage.whole.now += 1
        refused(await stage.send(document_sent), 400, "ExpiredTokenException")

    staged(tmp_path, play)


def test_no_revision_is_taken_by_a_sign_in(tmp_path: Path) -> None:
    """Nobody reads anything again because somebody signed in; the record is kept."""

    async def play(stage: Stage) -> None:
        whole = stage.whole
        before = whole.home.snapshot.revision
        answer = await stage.assume()
        assert answer.status == 200
        assert whole.home.snapshot.revision == before
        assert whole.record(answer)["eventName"] == "AssumeRoleWithSAML"
        kept = [request for _, request, _ in whole.home.store.audit_records()]
        assert answer.request_id in kept

    staged(tmp_path, play)


@pytest.mark.parametrize(
    ("more", "duration", "seconds"),
    [
        ({}, None, 3600),
        ({}, 900, 900),
        ({"attributes": {f"{OWN}SessionDuration": ["1800"]}}, None, 1800),
        ({"attributes": {f"{OWN}SessionDuration": ["43200"]}}, None, 3600),
        ({"attributes": {f"{OWN}SessionDuration": ["1800"]}}, 900, 900),
        ({"session_until": 1200}, None, 1200),
        ({"session_until": 60}, 3600, 60),
        ({"session_until": 7200}, 3600, 3600),
    ],
)
def test_how_long_a_session_lasts(
    tmp_path: Path, more: dict[str, Any], duration: int | None, seconds: int
) -> None:
    """As asked, and no longer than the provider lets it (facts 7.1)."""

    async def play(stage: Stage) -> None:
        asked = {} if duration is None else {"DurationSeconds": duration}
        answer = await stage.send(sign(stage.said(**more).xml()), **asked)
        assert answer.status == 200, answer.body
        stage.whole.now += seconds - 1
        call = stage.whole.call
        assert (await call(answer.keys, "sts", "GetCallerIdentity")).status == 200
        stage.whole.now += 1
        assert (await call(answer.keys, "sts", "GetCallerIdentity")).status == 403

    staged(tmp_path, play)


def test_keys_are_rotated_by_metadata(tmp_path: Path) -> None:
    """Any key of the metadata signs; one that left it does not; encryption keys never."""

    async def play(stage: Stage) -> None:
        whole = stage.whole
        refused(await stage.assume(key=RSA[1]), 400, "InvalidIdentityToken")

        async def update(text: str) -> None:
            await whole.good(
                whole.root,
                "iam",
                "UpdateSAMLProvider",
                SAMLProviderArn=PROVIDER,
                SAMLMetadataDocument=text,
            )

        await update(metadata(*RSA))
        assert (await stage.assume(key=RSA[0])).status == 200
        assert (await stage.assume(key=RSA[1])).status == 200
        await update(metadata(RSA[1]))
        refused(await stage.assume(key=RSA[0]), 400, "InvalidIdentityToken")
        await update(metadata(RSA[1], use=""))
        assert (await stage.assume(key=RSA[1])).status == 200
        await update(metadata(RSA[1], use=' use="encryption"'))
        refused(await stage.assume(key=RSA[1]), 400, "InvalidIdentityToken")
        await whole.good(
            whole.root, "iam", "DeleteSAMLProvider", SAMLProviderArn=PROVIDER
        )
        refused(
            await stage.assume(),
            400,
            "InvalidIdentityToken",
            "Specified provider doesn't exist",
        )

    staged(tmp_path, play)


def test_the_provider_is_the_role_s_account_s(tmp_path: Path) -> None:
    """Another account's provider vouches for nobody here; other ARNs name none."""

    async def play(stage: Stage) -> None:
        await stage.whole.account("other", "444455556666")
        mine = stage.role
        stage.role = mine.replace(ACCOUNT, "444455556666")
        refused(await stage.assume(), 400, "InvalidIdentityToken")
        stage.role = mine
        response = sign(stage.said().xml())
        for arn in ("arn:aws:iam::1:saml-provider/x", PROVIDER.replace("saml", "oidc")):
            refused(
                await stage.send(response, PrincipalArn=arn), 400, "ValidationError"
            )
        refused(await stage.send("x" * 100_001), 400, "ValidationError")
        refused(await stage.send("x" * 100_000), 400, "InvalidIdentityToken")
        refused(await stage.send("abc"), 400, "ValidationError")

    staged(tmp_path, play)


def test_a_recipient_of_one_s_own(tmp_path: Path) -> None:
    """Where the operator names audiences and recipients, AWS's are taken no more."""
    own = "https://iam.example.org/saml"
    settings = (
        '[federation]\nsaml_audiences = ["urn:example:ostiary"]\n'
        f'saml_recipients = ["{own}"]\n'
    )

    async def play(stage: Stage) -> None:
        refused(await stage.assume(), 400, "InvalidIdentityToken")
        answer = await stage.assume(
            audience="urn:example:ostiary", recipient=own, destination=own
        )
        assert answer.status == 200, answer.body
        assert answer.field("Audience") == own

    staged(tmp_path, play, settings=settings)
