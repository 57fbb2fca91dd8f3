"""Which web identity tokens prove something, through the whole gate."""

import hmac
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.unit.gate.web_stage import (
    NO_KEYS,
    NOT_A_TOKEN,
    Stage,
    refused,
    staged,
)
from tests.unit.services.assertions.openid import (
    CURVES,
    RSA,
    by_hand,
    jwk,
    segment,
)

OPEN = b"{"
TWICE = b'{"iss":"a","iss":"b"}'
CRITICAL = b'{"alg":"RS256","crit":["x"]}'
UNENCODED = b'{"alg":"RS256","b64":false}'


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", *CURVES])
def test_each_algorithm_that_aws_takes(tmp_path: Path, algorithm: str) -> None:
    """RSA with PKCS #1, and ECDSA each on its own curve."""

    async def play(stage: Stage) -> None:
        if algorithm in CURVES:
            stage.idp.rotate("curve", ec.generate_private_key(CURVES[algorithm]))
        answer = await stage.assume(stage.token(algorithm=algorithm))
        assert answer.status == 200, answer.body

    staged(tmp_path, play)


def test_no_other_algorithm(tmp_path: Path) -> None:
    """`none` in every spelling, PSS, and shared secrets: the public key is none."""

    async def play(stage: Stage) -> None:
        claims = jwt.decode(stage.token(), options={"verify_signature": False})
        for name in ("none", "None", "NONE", "nOnE"):
            for signature in (b"", b"x"):
                token = by_hand({"alg": name, "kid": "first"}, claims, signature)
                refused(await stage.assume(token), 400, "InvalidIdentityToken")
        public = stage.idp.keys["first"].public_key()
        for secret in (
            public.public_bytes(
                serialization.Encoding.PEM,
                serialization.PublicFormat.SubjectPublicKeyInfo,
            ),
            public.public_bytes(
                serialization.Encoding.DER,
                serialization.PublicFormat.SubjectPublicKeyInfo,
            ),
            json.dumps(jwk(stage.idp.keys["first"], "first")).encode(),
        ):
            for number, digest in ((256, "sha256"), (512, "sha512")):
                header = {"alg": f"HS{number}", "kid": "first"}
                signed = ".".join(
                    segment(json.dumps(one).encode()) for one in (header, claims)
                )
                mac = hmac.digest(secret, signed.encode(), digest)
                token = f"{signed}.{segment(mac)}"
                refused(
                    await stage.assume(token),
                    400,
                    "InvalidIdentityToken",
                    "Token uses an unsupported signing algorithm",
                )
        refused(
            await stage.assume(stage.token(algorithm="PS256")),
            400,
            "InvalidIdentityToken",
            "Token uses an unsupported signing algorithm",
        )

    staged(tmp_path, play)


def test_a_key_is_used_as_what_it_is(tmp_path: Path) -> None:
    """A key on another curve, for another algorithm, for encryption or of text is none."""

    async def play(stage: Stage) -> None:
        stage.idp.rotate("other", ec.generate_private_key(ec.SECP256R1()))
        token = stage.token(algorithm="ES256")
        stage.idp.rotate("other", ec.generate_private_key(ec.SECP384R1()))
        refused(await stage.assume(token), 400, "InvalidIdentityToken", NO_KEYS)
        for keys in (
            [jwk(RSA[0], "k", alg="RS512")],
            [jwk(RSA[0], "k", use="enc")],
            [jwk(RSA[0], "k", key_ops=["sign"])],
            [jwk(RSA[0], "k", d="AQAB")],
            [jwk(RSA[0], "k"), jwk(RSA[1], "k")],
            [{"kty": "oct", "kid": "k", "k": "c2VjcmV0"}],
            [],
        ):
            stage.whole.now += 1000
            stage.idp.documents["/keys"] = json.dumps({"keys": keys}).encode()
            refused(
                await stage.assume(stage.token(kid="k")),
                400,
                "InvalidIdentityToken",
                NO_KEYS,
            )
        stage.whole.now += 1000
        stage.idp.documents["/keys"] = json.dumps(
            {"keys": [jwk(RSA[0], "k", alg="RS256")]}
        ).encode()
        assert (await stage.assume(stage.token(kid="k"))).status == 200

    staged(tmp_path, play)


def test_a_changed_token_is_refused(tmp_path: Path) -> None:
    """One character in the claims or the signature, another's key, another spelling."""

    async def play(stage: Stage) -> None:
        token = stage.token()
        header, claims, signature = token.split(".")
        told = json.loads(jwt.utils.base64url_decode(claims))
        told["sub"] = "repo:evil/app"
        for bad in (
            f"{header}.{segment(json.dumps(told).encode())}.{signature}",
            f"{header}.{claims}.{segment(b'x' * 256)}",
        ):
            refused(
                await stage.assume(bad),
                400,
                "InvalidIdentityToken",
                "Token signature invalid",
            )
        other = stage.idp.token(stage.whole.now)
        stage.idp.keys["first"] = (
            RSA[1] if stage.idp.keys["first"] is RSA[0] else RSA[0]
        )
        forged = stage.idp.token(stage.whole.now)
        refused(
            await stage.assume(forged),
            400,
            "InvalidIdentityToken",
            "Token signature invalid",
        )
        assert (await stage.assume(other)).status == 200
        for bad in (
            f"{token}=",
            f" {token}x.y",
            token.replace(".", ""),
            f"{header}.{claims}",
            f"{header}.{claims}.",
            f"{token}.x",
            "abcd",
            f"{segment(b'[]')}.{claims}.{signature}",
            f"{header}.{segment(OPEN)}.{signature}",
            f"{header}.{segment(TWICE)}.{signature}",
            f"{segment(CRITICAL)}.{claims}.{signature}",
            f"{segment(UNENCODED)}.{claims}.{signature}",
        ):
            refused(await stage.assume(bad), 400, "InvalidIdentityToken", NOT_A_TOKEN)

    staged(tmp_path, play)


@pytest.mark.parametrize(
    ("seconds", "good"), [(3599, True), (3600, False), (3601, False)]
)
def test_a_token_ends_on_its_second(tmp_path: Path, seconds: int, good: bool) -> None:
    """It is good while now < exp, by our clock; then AWS's words say both times."""

    async def play(stage: Stage) -> None:
        token = stage.token()
        begun = int(stage.whole.now)
        stage.whole.now = begun + seconds
        answer = await stage.assume(token)
        if good:
            assert answer.status == 200
            return
        refused(
            answer,
            400,
            "ExpiredTokenException",
            f"Token expired: current date/time {begun + seconds} must be before the "
            f"expiration date/time {begun + 3600}",
        )

    staged(tmp_path, play)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"iat": 100}, "Token is not valid yet: iat"),
        ({"nbf": 100}, "Token is not valid yet: nbf"),
        ({"nbf": 50}, ""),
        ({"exp": "tomorrow"}, NOT_A_TOKEN),
        ({"exp": True}, NOT_A_TOKEN),
        ({"exp": None}, "Missing a required claim: exp"),
        ({"iat": None}, "Missing a required claim: iat"),
        ({"sub": None}, "Missing a required claim: sub"),
        ({"sub": ""}, "Missing a required claim: sub"),
        ({"aud": None}, "Missing a required claim: aud"),
        ({"iss": None}, "Missing a required claim: iss"),
    ],
)
def test_claims_that_a_token_must_have(
    tmp_path: Path, claims: dict[str, Any], message: str
) -> None:
    """Times may be a minute ahead of ours; without the five claims nothing is proven."""

    async def play(stage: Stage) -> None:
        now = int(stage.whole.now)
        given = {
            name: value + now if type(value) is int else value
            for name, value in claims.items()
        }
        try:
            token = stage.token(**given)
        except TypeError:
            # The library does not sign everything that another one might.
            token = by_hand(
                {"alg": "RS256", "kid": "first"},
                {
                    **jwt.decode(stage.token(), options={"verify_signature": False}),
                    **given,
                },
                b"x",
            )
        answer = await stage.assume(token)
        if message and "signature" not in answer.message:
            refused(answer, 400, "InvalidIdentityToken", message)
        elif not message:
            assert answer.status == 200

    staged(tmp_path, play)
