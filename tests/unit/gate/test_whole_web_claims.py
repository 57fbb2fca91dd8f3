"""What the claims of a web identity token mean, through the whole gate."""

from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.unit.gate.web_stage import (
    ACCOUNT,
    WEB,
    Stage,
    refused,
    staged,
)
from tests.unit.gate.whole import allow, document
from tests.unit.services.assertions.openid import (
    CLIENT,
    by_hand,
    segment,
)


@pytest.mark.parametrize(
    ("claims", "audience"),
    [
        ({"aud": CLIENT}, CLIENT),
        ({"aud": [CLIENT]}, CLIENT),
        ({"aud": "elsewhere", "azp": CLIENT}, CLIENT),
        ({"aud": ["account", "elsewhere"], "azp": "other-client"}, "other-client"),
        ({"aud": CLIENT, "azp": "elsewhere"}, ""),
        ({"aud": "elsewhere"}, ""),
        ({"aud": [CLIENT, "other-client"]}, ""),
        ({"aud": []}, ""),
        ({"aud": [CLIENT, 1]}, ""),
        ({"aud": CLIENT.upper()}, ""),
    ],
)
def test_the_audience_is_a_registered_client(
    tmp_path: Path, claims: dict[str, Any], audience: str
) -> None:
    """`azp` counts where there is one, else the only `aud` (facts 5.3)."""

    async def play(stage: Stage) -> None:
        name = stage.idp.name
        stage.role = await stage.trusted(
            "client", {"StringEquals": {f"{name}:aud": audience or "x"}}
        )
        answer = await stage.assume(stage.token(**claims))
        if audience:
            assert answer.status == 200, answer.body
            assert answer.field("Audience") == audience
        else:
            refused(answer, 400, "InvalidIdentityToken", "Incorrect token audience")

    staged(tmp_path, play)


def test_the_issuer_is_a_provider_of_the_role_s_account(tmp_path: Path) -> None:
    """Another issuer, another account's provider, another spelling: none was found."""

    async def play(stage: Stage) -> None:
        whole = stage.whole
        for issuer in (
            "https://elsewhere.example.org/",
            stage.idp.issuer + "/",
            stage.idp.url,
            stage.idp.issuer.upper(),
            "nonsense",
        ):
            refused(
                await stage.assume(stage.token(iss=issuer)),
                400,
                "InvalidIdentityToken",
                f"No OpenIDConnect provider found in your account for {issuer}",
            )
        other = await whole.account("other", "444455556666")
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": stage.arn},
            "Action": WEB,
        }
        made = await whole.good(
            other,
            "iam",
            "CreateRole",
            RoleName="theirs",
            AssumeRolePolicyDocument=document(statement),
        )
        stage.role = made.field("Arn")
        refused(await stage.assume(stage.token()), 400, "InvalidIdentityToken")
        await whole.good(
            whole.root,
            "iam",
            "DeleteOpenIDConnectProvider",
            OpenIDConnectProviderArn=stage.arn,
        )
        stage.role = f"arn:aws:iam::{ACCOUNT}:role/deploy"
        refused(await stage.assume(stage.token()), 400, "InvalidIdentityToken")

    staged(tmp_path, play)


def test_tags_and_source_identity_come_from_claims(tmp_path: Path) -> None:
    """They are asked of the trust policy, named in the result, and stay in the session."""

    async def play(stage: Stage) -> None:
        whole = stage.whole
        token = stage.token(
            **{
                "https://aws.amazon.com/tags": {
                    "principal_tags": {"Team": ["red"], "Cost": "42"},
                    "transitive_tag_keys": ["Team"],
                },
                "https://aws.amazon.com/source_identity": "alice",
            }
        )
        refused(
            await stage.assume(token),
            403,
            "AccessDenied",
            "Not authorized to perform sts:TagSession",
        )
        stage.role = await stage.trusted("tagged", actions=[WEB, "sts:TagSession"])
        refused(
            await stage.assume(token),
            403,
            "AccessDenied",
            "Not authorized to perform sts:SetSourceIdentity",
        )
        condition = {
            "StringEquals": {
                "aws:RequestTag/team": "red",
                "sts:SourceIdentity": "alice",
                "sts:RoleSessionName": "ci-run",
            },
            "ForAllValues:StringEquals": {
                "sts:TransitiveTagKeys": ["Team"],
                "aws:TagKeys": ["Team", "Cost"],
            },
            "Null": {"sts:TransitiveTagKeys": "false"},
        }
        stage.role = await stage.trusted(
            "full", condition, actions=[WEB, "sts:TagSession", "sts:SetSourceIdentity"]
        )
        answer = await stage.assume(token)
        assert answer.status == 200, answer.body
        assert answer.field("SourceIdentity") == "alice"
        assert int(answer.field("PackedPolicySize")) > 0
        tests = {
            "StringEquals": {
                "aws:PrincipalTag/Team": "red",
                "aws:PrincipalTag/Cost": "42",
                "aws:SourceIdentity": "alice",
            }
        }
        await whole.good(
            whole.root,
            "iam",
            "PutRolePolicy",
            RoleName="full",
            PolicyName="own",
            PolicyDocument=document(allow("iam:ListRoles", Condition=tests)),
        )
        assert (await whole.call(answer.keys, "iam", "ListRoles")).status == 200

    staged(tmp_path, play)


@pytest.mark.parametrize(
    "claims",
    [
        {"https://aws.amazon.com/tags": "x"},
        {"https://aws.amazon.com/tags": {"principal_tags": ["x"]}},
        {"https://aws.amazon.com/tags": {"principal_tags": {"a": ["x", "y"]}}},
        {"https://aws.amazon.com/tags": {"principal_tags": {"a": 1}}},
        {"https://aws.amazon.com/tags": {"principal_tags": {"aws:a": "x"}}},
        {"https://aws.amazon.com/tags": {"principal_tags": {"a": "x", "A": "y"}}},
        {"https://aws.amazon.com/tags": {"principal_tags": {"a\n": "x"}}},
        {
            "https://aws.amazon.com/tags": {
                "principal_tags": {f"t{n}": "" for n in range(51)}
            }
        },
        {"https://aws.amazon.com/tags": {"transitive_tag_keys": ["a"]}},
        {"https://aws.amazon.com/tags": {"transitive_tag_keys": [1]}},
        {"https://aws.amazon.com/source_identity": ["x"]},
        {"sub": "x" * 256},
        {"sub": ["x"]},
        # XML has no way to say these, so no answer could (T56).
        {"sub": "x\x00"},
        {"sub": "\x1b[2Jx"},
        {"sub": "x\ufffe"},
    ],
)
def test_claims_that_cannot_be_meant(tmp_path: Path, claims: dict[str, Any]) -> None:
    """A claim of another form than AWS's is rejected; none is taken in part."""

    async def play(stage: Stage) -> None:
        stage.role = await stage.trusted("all", actions="sts:*")
        subject = claims.get("sub")
        if isinstance(subject, list):
            header = {"alg": "RS256", "kid": "first"}
            told = jwt.decode(stage.token(), options={"verify_signature": False})
            token = by_hand(header, told | claims, b"")
            signed = token.rpartition(".")[0]
            key = stage.idp.keys["first"]
            signature = jwt.algorithms.RSAAlgorithm(
                jwt.algorithms.RSAAlgorithm.SHA256
            ).sign(signed.encode(), key)
            token = f"{signed}.{segment(signature)}"
        else:
            token = stage.token(**claims)
        refused(await stage.assume(token), 403, "IDPRejectedClaim")

    staged(tmp_path, play)


@pytest.mark.parametrize("identity", ["a", "aws:x", "AWS:x", "a b", "x" * 65, "ä" * 4])
def test_a_source_identity_that_is_none(tmp_path: Path, identity: str) -> None:
    """AWS's own words for it."""

    async def play(stage: Stage) -> None:
        stage.role = await stage.trusted("all", actions="sts:*")
        token = stage.token(**{"https://aws.amazon.com/source_identity": identity})
        refused(
            await stage.assume(token),
            400,
            "InvalidIdentityToken",
            'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"',
        )

    staged(tmp_path, play)
