"""What a verified token claims, as AWS reads it: an `Assertion` (facts 5.3, 7.6)."""

import json
import re
from collections.abc import Mapping
from typing import Final

from ostiary.identity.assertion import Assertion
from ostiary.identity.facts import Facts
from ostiary.identity.holdings import OIDCProvider
from ostiary.services.assertions import faults
from ostiary.services.assertions.session_tags import (
    check_source_identity,
    check_tags,
    check_transitive,
)

TAGS: Final = "https://aws.amazon.com/tags"
SOURCE_IDENTITY: Final = "https://aws.amazon.com/source_identity"
LONGEST_SUBJECT: Final = 255

_GITHUB: Final = (
    "actor",
    "actor_id",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "repository_owner_id",
    "workflow",
)
_GITLAB: Final = (
    "namespace_id",
    "pipeline_source",
    "project_id",
    "ref_protected",
    "runner_environment",
    "user_access_level",
    "user_email",
    "user_id",
    "user_login",
)
_BUILDKITE: Final = (
    "build_branch",
    "cluster_id",
    "cluster_name",
    "organization_id",
    "organization_slug",
    "pipeline_id",
    "pipeline_slug",
)
_OWN_CLAIMS: Final = (
    (re.compile(r"token\.actions\.githubusercontent\.com", re.ASCII), _GITHUB),
    (re.compile(r"token\.actions\.[a-z0-9-]+\.ghe\.com", re.ASCII), _GITHUB),
    (re.compile(r"gitlab\.com", re.ASCII), _GITLAB),
    (re.compile(r"agent\.buildkite\.com", re.ASCII), _BUILDKITE),
    (re.compile(r"oidc\.circleci\.com", re.ASCII), ("oidc.circleci.com/project-id",)),
)
"""Claims beyond the usual that AWS gives to trust policies, by the provider's host."""


def clients_of(provider: OIDCProvider) -> list[str]:
    """The clients that the provider's tokens may be made for."""
    clients: list[str] = json.loads(provider.clients)
    return clients


def check_audience(claims: Mapping[str, object], clients: list[str]) -> str:
    """The client that the token is for, one that the provider is registered with.

    That is `azp` where the token has one, else the only `aud` (facts 5.3).

    Raises:
        ServiceError: InvalidIdentityToken.
    """
    named = claims.get("azp")
    if named is None:
        among = audiences(claims)
        named = among[0] if len(among) == 1 else None
    if not isinstance(named, str) or named not in clients:
        raise faults.invalid_token("Incorrect token audience")
    return named


def audiences(claims: Mapping[str, object]) -> tuple[str, ...]:
    """Every audience of the token.

    Raises:
        ServiceError: InvalidIdentityToken.
    """
    given = claims["aud"]
    listed = given if isinstance(given, list) else [given]
    texts = tuple(one for one in listed if isinstance(one, str) and one)
    if not texts or len(texts) != len(listed):
        raise faults.invalid_token("Incorrect token audience")
    return texts


def assertion_of(
    claims: Mapping[str, object],
    provider: OIDCProvider,
    audience: str,
    session_name: str,
) -> Assertion:
    """The claims of a verified token as an assertion.

    Args:
        claims: all of them, verified.
        provider: whose token it is.
        audience: what `check_audience` has found.
        session_name: of the request; a token names no session.

    Raises:
        ServiceError: IDPRejectedClaim, InvalidIdentityToken.
    """
    subject = claims["sub"]
    if (
        not isinstance(subject, str)
        or len(subject) > LONGEST_SUBJECT
        # What XML cannot hold cannot be in the answer (T56).
        or not subject.isprintable()
    ):
        raise faults.rejected("The claim sub is invalid")
    given, transitive = _tags(claims)
    tags = check_tags(given)
    source_identity = claims.get(SOURCE_IDENTITY, "")
    if not isinstance(source_identity, str):
        raise faults.rejected(f"The claim {SOURCE_IDENTITY} is invalid")
    usual: Facts = (
        (f"{provider.url}:aud", audience),
        (f"{provider.url}:sub", subject),
        *_methods(claims, provider.url),
    )
    federated: Facts = (("aws:FederatedProvider", provider.arn),)
    return Assertion(
        provider=provider.arn,
        issuer=str(claims["iss"]),
        subject=subject,
        audience=audience,
        session_name=session_name,
        tags=tags,
        transitive=check_transitive(transitive, tags),
        source_identity=check_source_identity(source_identity),
        facts=(
            *federated,
            *usual,
            (f"{provider.url}:oaud", _one_or_many(audiences(claims))),
            *_own_claims(claims, provider.url),
        ),
        kept=(*federated, *usual),
        ends_itself=_whole(claims["exp"]),
    )


def _methods(claims: Mapping[str, object], url: str) -> Facts:
    """How the subject was authenticated: always a multivalued key (facts 4.4)."""
    given = claims.get("amr")
    listed = given if isinstance(given, list) else [given]
    texts = tuple(one for one in listed if isinstance(one, str))
    return ((f"{url}:amr", texts),) if texts else ()


def _own_claims(claims: Mapping[str, object], url: str) -> Facts:
    host = url.partition("/")[0]
    names = next((some for shape, some in _OWN_CLAIMS if shape.fullmatch(host)), ())
    return tuple(
        (f"{url}:{name}", str(claims[name]))
        for name in names
        if isinstance(claims.get(name), str | int)
        and not isinstance(claims[name], bool)
    )


def _one_or_many(texts: tuple[str, ...]) -> str | tuple[str, ...]:
    return texts[0] if len(texts) == 1 else texts


def _whole(value: object) -> int:
    assert isinstance(value, int | float)  # noqa: S101 - its time was checked
    return int(value)


def _tags(claims: Mapping[str, object]) -> tuple[list[tuple[str, str]], list[str]]:
    """Tags and transitive keys: in one claim, or in a claim each."""
    told = claims.get(TAGS, {})
    if not isinstance(told, dict):
        raise faults.rejected(f"The claim {TAGS} is invalid")
    pairs = _structure(told.get("principal_tags", {}))
    keys = _texts(told.get("transitive_tag_keys", []))
    prefix = f"{TAGS}/principal_tags/"
    tags = [(key, _text(value)) for key, value in pairs.items()]
    tags += [
        (name.removeprefix(prefix), _text(value))
        for name, value in claims.items()
        if name.startswith(prefix)
    ]
    return tags, keys + _texts(claims.get(f"{TAGS}/transitive_tag_keys", []))


def _structure(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise faults.rejected(f"The claim {TAGS} is invalid")
    return value


def _text(value: object) -> str:
    """A tag's value: a text, or a list of one text."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        raise faults.rejected(f"The claim {TAGS} is invalid")
    return value


def _texts(value: object) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    texts = [one for one in listed if isinstance(one, str)]
    if len(texts) != len(listed):
        raise faults.rejected(f"The claim {TAGS} is invalid")
    return texts
