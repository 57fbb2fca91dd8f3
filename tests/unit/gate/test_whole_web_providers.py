"""OpenID providers that rotate keys, fail or mislead `AssumeRoleWithWebIdentity`."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.unit.gate.web_stage import (
    NO_KEYS,
    Stage,
    refused,
    staged,
)


def test_keys_are_rotated(tmp_path: Path) -> None:
    """A key that is not known is asked for at once, though not twice in half a minute."""

    async def play(stage: Stage) -> None:
        old = stage.token()
        assert (await stage.assume(old)).status == 200
        assert len(stage.idp.asked) == 2
        assert (await stage.assume(old)).status == 200
        assert len(stage.idp.asked) == 2
        stage.whole.now += 31
        stage.idp.rotate("second")
        assert (await stage.assume(stage.token())).status == 200
        assert len(stage.idp.asked) == 4
        # The key that is gone is good no more.
        refused(await stage.assume(old), 400, "InvalidIdentityToken", NO_KEYS)
        for number in range(20):
            refused(
                await stage.assume(stage.token(kid=f"made-up-{number}")),
                400,
                "InvalidIdentityToken",
                NO_KEYS,
            )
        assert len(stage.idp.asked) == 4
        stage.whole.now += 31
        refused(await stage.assume(old), 400, "InvalidIdentityToken", NO_KEYS)
        assert len(stage.idp.asked) == 6

    staged(tmp_path, play)


def test_many_at_once_ask_once(tmp_path: Path) -> None:
    """Callers that come together share one answer of the provider."""

    async def play(stage: Stage) -> None:
        token = stage.token()
        answers = await asyncio.gather(*(stage.assume(token) for _ in range(20)))
        assert {one.status for one in answers} == {200}
        assert len(stage.idp.asked) == 2

    staged(tmp_path, play)


def test_an_outage_is_bridged_for_a_day(tmp_path: Path) -> None:
    """The last keys are used for 24 hours; then, and without any, AWS's 400 to retry."""

    async def play(stage: Stage) -> None:
        whole = stage.whole
        assert (await stage.assume(stage.token())).status == 200
        begun = whole.now
        stage.idp.is_down = True
        whole.now = begun + 86_399
        assert (await stage.assume(stage.token())).status == 200
        whole.now = begun + 86_400
        refused(await stage.assume(stage.token()), 400, "IDPCommunicationError")
        asked = len(stage.idp.asked)
        refused(await stage.assume(stage.token()), 400, "IDPCommunicationError")
        assert len(stage.idp.asked) == asked
        stage.idp.is_down = False
        whole.now += 31
        assert (await stage.assume(stage.token())).status == 200

    staged(tmp_path, play)


@pytest.mark.parametrize(
    ("place", "document_there"),
    [
        ("/.well-known/openid-configuration", b"{}"),
        ("/.well-known/openid-configuration", b"no json"),
        (
            "/.well-known/openid-configuration",
            b'{"issuer":"https://evil.example.org","jwks_uri":"https://evil.example.org/"}',
        ),
        ("/keys", b"{}"),
        ("/keys", b'{"keys":{}}'),
        ("/keys", b'{"keys":[' + b"{}," * 200 + b"{}]}"),
        ("/keys", b'{"keys":[],"keys":[]}'),
    ],
)
def test_a_provider_that_publishes_nonsense(
    tmp_path: Path, place: str, document_there: bytes
) -> None:
    """Its tokens cannot be verified: AWS's sentence, blanks and all (facts 7.6)."""

    async def play(stage: Stage) -> None:
        stage.idp.documents[place] = document_there
        refused(await stage.assume(stage.token()), 400, "InvalidIdentityToken", NO_KEYS)

    staged(tmp_path, play)


@pytest.mark.threat("T70")
@pytest.mark.parametrize(
    "place",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://127.0.0.1:1/keys",
        "https://169.254.169.254/keys",
        "https://[::ffff:169.254.169.254]/keys",
        "https://10.0.0.1/keys",
        "https://192.168.1.1/keys",
        "https://2130706433/keys",
        "https://0x7f000001/keys",
        "https://user@127.0.0.1/keys",
        "file:///etc/passwd",
        "ftp://example.org/keys",
        "https://localhost/keys",
    ],
)
def test_a_provider_sends_us_nowhere(tmp_path: Path, place: str) -> None:
    """A discovery document cannot make us call what the operator has not named."""

    async def play(stage: Stage) -> None:
        told = {"issuer": stage.idp.issuer, "jwks_uri": place}
        stage.idp.documents["/.well-known/openid-configuration"] = json.dumps(
            told
        ).encode()
        refused(await stage.assume(stage.token()), 400, "IDPCommunicationError")

    staged(tmp_path, play)


@pytest.mark.threat("T70")
def test_a_document_has_a_size(tmp_path: Path) -> None:
    """Half a mebibyte is read, and not a byte more; an endless one ends there."""

    async def play(stage: Stage) -> None:
        stage.idp.documents["/keys"] = b" " * (512 * 1024 + 1)
        refused(await stage.assume(stage.token()), 400, "IDPCommunicationError")

    staged(tmp_path, play)


@pytest.mark.threat("T136")
def test_a_document_has_few_parts(tmp_path: Path) -> None:
    """Good keys among ten thousand other things are none: reading costs by the part."""

    async def play(stage: Stage) -> None:
        told = json.loads(stage.idp.answer("/keys") or b"")
        stage.idp.documents["/keys"] = json.dumps(told | {"x": [0] * 10_000}).encode()
        token = stage.token()
        refused(await stage.assume(token), 400, "InvalidIdentityToken", NO_KEYS)
        stage.idp.documents["/keys"] = json.dumps(told | {"x": [0] * 9_000}).encode()
        stage.whole.now += 31
        assert (await stage.assume(token)).status == 200

    staged(tmp_path, play)


@pytest.mark.threat("T137")
def test_a_token_for_nobody_makes_us_ask_nobody(tmp_path: Path) -> None:
    """A provider is asked only about a token of a registered issuer and client."""

    async def play(stage: Stage) -> None:
        for token in (
            stage.token(aud="elsewhere"),
            stage.token(iss="http://elsewhere.example.org"),
            "a.b.c",
        ):
            refused(await stage.assume(token), 400, "InvalidIdentityToken")
        assert stage.idp.asked == []

    staged(tmp_path, play)


def test_a_provider_below_a_path(tmp_path: Path) -> None:
    """Keycloak's realms and Kubernetes' clusters stand below a path."""

    async def play(stage: Stage) -> None:
        name = stage.idp.name
        assert name.endswith("/realms/acme")
        stage.role = await stage.trusted(
            "realm", {"StringEquals": {f"{name}:sub": "alice"}}
        )
        assert (await stage.assume(stage.token(sub="alice"))).status == 200

    staged(tmp_path, play, idp_path="/realms/acme")
