"""Which SAML assertions are good for a call, through the whole gate."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.gate.saml_stage import (
    DENIED,
    INVALID,
    PROVIDER,
    Stage,
    refused,
    staged,
)
from tests.unit.services.assertions.responses import OWN, SIGN_IN, sign

EARLY = "The SAML assertion is not valid yet"
AUDIENCE = "Response does not contain the required audience"
ISSUER = "Issuer not present in specified provider"
STALE = "Token must be redeemed within 5 minutes of issuance"
SOURCE = 'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"'
SESSION = "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"


@pytest.mark.parametrize("what", ["assertion", "response"])
@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"issuer": "https://evil.example.org"}, ISSUER),
        ({"response_issuer": "https://evil.example.org"}, ISSUER),
        ({"issuer": ""}, ""),
        ({"audience": "urn:example:elsewhere"}, AUDIENCE),
        ({"audience": None}, AUDIENCE),
        ({"audience": "URN:AMAZON:WEBSERVICES"}, AUDIENCE),
        ({"recipient": "https://evil.example.org/saml"}, INVALID),
        ({"recipient": "https://signin.aws.amazon.com.evil.example.org/saml"}, INVALID),
        ({"recipient": f"{SIGN_IN}/x"}, INVALID),
        ({"recipient": None}, INVALID),
        ({"destination": "https://evil.example.org/saml"}, INVALID),
        ({"confirmed_until": None}, INVALID),
        ({"method": "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"}, INVALID),
        ({"not_before": 61}, EARLY),
        ({"issued": 61}, EARLY),
        ({"name_id": ""}, INVALID),
        ({"session_name": None}, "RoleSessionName is required in AuthnResponse"),
        ({"session_name": "a"}, SESSION),
        ({"session_name": "John Doe"}, SESSION),
        ({"session_name": "ä" * 3}, SESSION),
        ({"session_name": "x" * 65}, SESSION),
        ({"attributes": {f"{OWN}SourceIdentity": ["aws:x"]}}, SOURCE),
        ({"attributes": {f"{OWN}SourceIdentity": ["x"]}}, SOURCE),
        ({"attributes": {f"{OWN}SourceIdentity": ["al", "bo"]}}, ""),
        ({"attributes": {f"{OWN}RoleSessionName": ["al", "bo"]}}, ""),
        ({"attributes": {f"{OWN}SessionDuration": ["899"]}}, ""),
        ({"attributes": {f"{OWN}SessionDuration": ["43201"]}}, ""),
        ({"attributes": {f"{OWN}SessionDuration": ["1e4"]}}, ""),
        ({"attributes": {f"{OWN}SessionDuration": ["１８００"]}}, ""),
        ({"attributes": {f"{OWN}PrincipalTag:Team": ["a", "b"]}}, ""),
    ],
)
def test_what_makes_an_assertion_invalid(
    tmp_path: Path, what: str, said: dict[str, Any], message: str
) -> None:
    """Each part that AWS asks for is looked at, in what was signed."""

    async def play(stage: Stage) -> None:
        stage.role = await stage.trusted("all", actions="sts:*")
        refused(
            await stage.assume(what=what, **said), 400, "InvalidIdentityToken", message
        )

    staged(tmp_path, play)


@pytest.mark.parametrize(
    "said",
    [
        {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"},
        {"attributes": {f"{OWN}PrincipalTag:aws:x": ["y"]}},
        {"attributes": {f"{OWN}PrincipalTag:": ["y"]}},
        {"attributes": {f"{OWN}PrincipalTag:a": ["x"], f"{OWN}PrincipalTag:A": ["y"]}},
        {"attributes": {f"{OWN}PrincipalTag:a": ["x" * 257]}},
        {"attributes": {f"{OWN}TransitiveTagKeys": ["a"]}},
    ],
)
def test_what_the_provider_cannot_mean(tmp_path: Path, said: dict[str, Any]) -> None:
    """The provider says no, or gives a session what no session can have."""

    async def play(stage: Stage) -> None:
        stage.role = await stage.trusted("all", actions="sts:*")
        refused(await stage.assume(**said), 403, "IDPRejectedClaim")

    staged(tmp_path, play)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({}, 300),
        ({"confirmed_until": 60}, 60),
        ({"not_on_or_after": 30}, 30),
        ({"issued": -200}, 100),
        ({"session_until": 20}, 20),
    ],
)
def test_an_assertion_ends_on_its_second(
    tmp_path: Path, said: dict[str, Any], seconds: int
) -> None:
    """It is good until the first of its ends, and five minutes after its issue at most."""

    async def play(stage: Stage) -> None:
        begun = stage.whole.now
        first, second = (sign(stage.said(**said).xml()) for _ in range(2))
        stage.whole.now = begun + seconds - 1
        assert (await stage.send(first)).status == 200
        stage.whole.now = begun + seconds
        refused(await stage.send(second), 400, "ExpiredTokenException")

    staged(tmp_path, play)


def test_the_words_for_an_end(tmp_path: Path) -> None:
    """Five minutes after its issue AWS says so; before, it names both times."""

    async def play(stage: Stage) -> None:
        begun = int(stage.whole.now)
        late, short = (
            sign(stage.said(confirmed_until=seconds).xml()) for seconds in (900, 60)
        )
        stage.whole.now = begun + 60
        refused(
            await stage.send(short),
            400,
            "ExpiredTokenException",
            f"Token expired: current date/time {begun + 60} must be before the "
            f"expiration date/time {begun + 60}",
        )
        stage.whole.now = begun + 300
        refused(await stage.send(late), 400, "ExpiredTokenException", STALE)

    staged(tmp_path, play)


@pytest.mark.parametrize(
    "said",
    [
        {"not_before": 60},
        {"not_before": None},
        {"not_on_or_after": None},
        {"destination": None},
        {"audience": SIGN_IN},
        {"recipient": "https://eu-west-1.signin.aws.amazon.com/saml"},
        {"recipient": f"{SIGN_IN}/acs/SAMLSP12AB"},
        {"response_issuer": ""},
        {"issued": 60},
    ],
)
def test_what_a_response_may_leave_out_or_say_otherwise(
    tmp_path: Path, said: dict[str, Any]
) -> None:
    """A minute of a fast clock, AWS's other names, and what SAML does not ask for."""

    async def play(stage: Stage) -> None:
        answer = await stage.assume(**said)
        assert answer.status == 200, answer.body

    staged(tmp_path, play)


def test_a_format_that_is_not_of_saml_2(tmp_path: Path) -> None:
    """It stays as it is; SAML 2's own loses its prefix."""

    async def play(stage: Stage) -> None:
        email = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
        assert (await stage.assume(format=email)).field("SubjectType") == email
        told = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
        assert (await stage.assume(format=told)).field("SubjectType") == "transient"

    staged(tmp_path, play)


def test_the_role_must_be_named_with_the_provider(tmp_path: Path) -> None:
    """In either order and among others, but as a pair, to the letter."""

    async def play(stage: Stage) -> None:
        role = stage.role
        for pair in (
            f"{role},{PROVIDER}",
            f"{PROVIDER},{role}",
            f"  {role} , {PROVIDER} ",
        ):
            assert (await stage.assume(role_pair=pair)).status == 200
        many = [f"{role}-other,{PROVIDER}", f"{role},{PROVIDER}"]
        answer = await stage.assume(attributes={f"{OWN}Role": many})
        assert answer.status == 200
        for pair in (
            "",
            role,
            PROVIDER,
            f"{role},{role}",
            f"{role},{PROVIDER}x",
            f"{role}x,{PROVIDER}",
            f"{role.upper()},{PROVIDER}",
            f"{role},{PROVIDER},{role}",
        ):
            refused(await stage.assume(role_pair=pair), 403, "AccessDenied", DENIED)

    staged(tmp_path, play)
