"""What verified claims become: condition keys, tags, a source identity."""

import json
from typing import Any

import pytest

from ostiary.identity.holdings import OIDCProvider
from ostiary.services.assertions.claims import assertion_of
from ostiary.services.errors import ServiceError

ARN = "arn:aws:iam::111122223333:oidc-provider/"
CLAIMS: dict[str, Any] = {
    "iss": "https://idp.example.org",
    "sub": "alice",
    "aud": "client",
    "iat": 1,
    "exp": 10.5,
}


def provider(url: str = "idp.example.org") -> OIDCProvider:
    """A registered provider."""
    return OIDCProvider(
        arn=ARN + url,
        account="111122223333",
        url=url,
        clients=json.dumps(["client"]),
        thumbprints="[]",
        created=1,
        tags=(),
    )


def keys(url: str = "idp.example.org", **claims: Any) -> dict[str, Any]:
    """The condition keys of a trust evaluation."""
    made = assertion_of({**CLAIMS, **claims}, provider(url), "client", "name")
    return dict(made.facts)


def test_the_usual_keys() -> None:
    """Client, subject and audience are texts; methods are always a list (facts 5.3)."""
    assert keys(amr="pwd", aud=["a", "b"]) == {
        "aws:FederatedProvider": ARN + "idp.example.org",
        "idp.example.org:aud": "client",
        "idp.example.org:sub": "alice",
        "idp.example.org:amr": ("pwd",),
        "idp.example.org:oaud": ("a", "b"),
    }
    assert "idp.example.org:amr" not in keys(amr=[])
    assert "idp.example.org:amr" not in keys(amr={"a": 1})
    assert keys("a.example/realms/x", aud=["a"])["a.example/realms/x:oaud"] == "a"


def test_no_claim_is_a_key_because_it_is_there() -> None:
    """A provider cannot give itself keys, neither ours nor its own inventions."""
    told = keys(
        **{
            "aws:PrincipalArn": "x",
            "aws:MultiFactorAuthPresent": "true",
            "email": "x",
            "environment": "production",
            "repository": "acme/app",
        }
    )
    assert {name.partition(":")[2] for name in told} == {
        "FederatedProvider",
        "aud",
        "sub",
        "oaud",
    }


@pytest.mark.parametrize(
    ("url", "claim"),
    [
        ("token.actions.githubusercontent.com", "environment"),
        ("token.actions.githubusercontent.com/acme", "repository"),
        ("token.actions.acme.ghe.com", "actor"),
        ("gitlab.com", "project_id"),
        ("agent.buildkite.com", "pipeline_slug"),
        ("oidc.circleci.com/org/1", "oidc.circleci.com/project-id"),
    ],
)
def test_claims_that_aws_lists_at_the_hosts_that_it_lists(url: str, claim: str) -> None:
    """Texts and numbers, as texts; what is something else is absent."""
    assert keys(url, **{claim: "x"})[f"{url}:{claim}"] == "x"
    assert keys(url, **{claim: 7})[f"{url}:{claim}"] == "7"
    for odd in (True, None, ["x"], {"a": "x"}):
        assert f"{url}:{claim}" not in keys(url, **{claim: odd})
    assert f"evil-{url}:{claim}" not in keys(f"evil-{url}", **{claim: "x"})


def test_tags_in_one_claim_or_in_a_claim_each() -> None:
    """Both spellings that AWS documents, and what is transitive of them."""
    prefix = "https://aws.amazon.com/tags"
    nested = {
        prefix: {
            "principal_tags": {"Team": ["red"], "Empty": ""},
            "transitive_tag_keys": ["team"],
        }
    }
    flat = {
        f"{prefix}/principal_tags/Team": "red",
        f"{prefix}/principal_tags/Empty": [""],
        f"{prefix}/transitive_tag_keys": "team",
    }
    for claims in (nested, flat):
        made = assertion_of({**CLAIMS, **claims}, provider(), "client", "name")
        assert made.tags == (("Team", "red"), ("Empty", ""))
        assert made.transitive == ("team",)
    for bad in ({"Team": ["a", "b"]}, {"Team": []}, {"": "x"}, {"a*": "x"}):
        with pytest.raises(ServiceError, match="IDPRejectedClaim"):
            assertion_of(
                {**CLAIMS, prefix: {"principal_tags": bad}}, provider(), "client", "n"
            )


def test_an_assertion_may_be_used_again() -> None:
    """A token has no name under which it is used up, and ends when it says."""
    made = assertion_of(CLAIMS, provider(), "client", "name")
    assert (made.once, made.ends_itself, made.ends, made.longest) == (
        "",
        10,
        None,
        None,
    )
    assert made.kept == made.facts[:3]
