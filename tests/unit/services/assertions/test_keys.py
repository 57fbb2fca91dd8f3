"""Keys that a provider publishes: which of them may sign, and which one a token means."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ostiary.services.assertions.keys import (
    MalformedAnswer,
    find_key,
    parse_discovery,
    parse_keys,
)
from tests.unit.services.assertions.openid import CURVES, RSA, jwk, segment

SMALL = rsa.generate_private_key(65537, 1024)  # noqa: S505 - what must be refused
OTHER_CURVE = ec.generate_private_key(ec.SECP256K1())


def wide_exponent() -> dict[str, Any]:
    """A public key whose exponent makes each check slow."""
    return {**jwk(RSA[0], "k"), "e": segment(b"\x01" + b"\x00" * 15 + b"\x01")}


@pytest.mark.parametrize(
    "told",
    [
        jwk(SMALL, "k"),
        jwk(OTHER_CURVE, "k"),
        wide_exponent(),
        {**jwk(RSA[0], "k"), "n": segment(b"\xff" * 1025)},
        {**jwk(RSA[0], "k"), "n": "!"},
        {**jwk(RSA[0], "k"), "kty": "EC"},
        {"kty": "RSA"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k"},
        {"kty": ["RSA"]},
        {},
        "text",
        None,
    ],
)
def test_keys_that_may_not_sign(told: Any) -> None:
    """Weak, oversized, symmetric, broken: they are left out, and the others stay."""
    found = parse_keys({"keys": [told, jwk(RSA[1], "good")]})
    assert [key.id for key in found] == ["good"]


def test_the_key_that_a_token_means() -> None:
    """By its id and its kind; without an id only where there is no choice."""
    curve = ec.generate_private_key(CURVES["ES256"])
    keys = parse_keys({"keys": [jwk(RSA[0], "r"), jwk(curve, "c")]})
    told = [
        find_key(keys, key_id, algorithm)
        for key_id, algorithm in (
            ("r", "RS256"),
            ("c", "ES256"),
            (None, "RS512"),
            (None, "ES256"),
            ("c", "RS256"),
            ("c", "ES384"),
            ("x", "RS256"),
            ("", "RS256"),
        )
    ]
    assert [key and key.id for key in told] == ["r", "c", "r", "c", *[None] * 4]
    two = parse_keys({"keys": [jwk(RSA[0], "a"), jwk(RSA[1], "b")]})
    assert find_key(two, None, "RS256") is None


@pytest.mark.parametrize("keys", [None, {}, "x", [{}] * 201])
def test_what_is_no_set_of_keys(keys: Any) -> None:
    """No list, or one of far too many."""
    with pytest.raises(MalformedAnswer):
        parse_keys({"keys": keys})


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"issuer": "https://a"},
        {"issuer": "https://a", "jwks_uri": 1},
        {"issuer": "https://a/", "jwks_uri": "https://a/keys"},
        {"issuer": ["https://a"], "jwks_uri": "https://a/keys"},
    ],
)
def test_a_discovery_document_of_somebody_else(told: dict[str, Any]) -> None:
    """The issuer in it is the one that was asked, to the letter."""
    with pytest.raises(MalformedAnswer):
        parse_discovery(told, "https://a")
    good = {"issuer": "https://a", "jwks_uri": "https://b/keys"}
    assert parse_discovery(good, "https://a") == "https://b/keys"
