"""What an OpenID provider publishes: its discovery document and its public keys.

Both are a stranger's texts. Whatever in them is no key that may sign a token is left
out, so it cannot be taken for one: symmetric keys, private keys, keys for encryption,
weak and oversized ones (RFC 7517, 7518).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeGuard

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from ostiary.services.assertions.strict_json import NotStrict, load_object

ALGORITHMS: Final[Mapping[str, str]] = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "ES256": "secp256r1",
    "ES384": "secp384r1",
    "ES512": "secp521r1",
}
"""The algorithms that AWS takes, and the one kind of key that each of them has."""

MOST_KEYS: Final = 200
MOST_PARTS: Final = 10_000
"""Members and items of a document, all that are nested counted: what reading costs."""
_LEAST_BITS: Final = 2048
_MOST_BITS: Final = 8192
_LARGEST_EXPONENT: Final = 1 << 32

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


class MalformedAnswer(Exception):  # noqa: N818 - it says what the answer is
    """The provider does not publish what a provider of its name must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKey:
    """A public key that may sign tokens.

    Attributes:
        id: its `kid`; empty when it has none.
        kind: `RSA`, or the name of its curve.
        algorithm: the only one that it is for; empty when it does not say.
        key: the key itself.
    """

    id: str
    kind: str
    algorithm: str
    key: PublicKey


def read_discovery(text: bytes, issuer: str) -> str:
    """What `parse_discovery` makes of the text of a document; raises the same."""
    return parse_discovery(_object(text), issuer)


def read_keys(text: bytes) -> tuple[ProviderKey, ...]:
    """What `parse_keys` makes of the text of a document; raises the same."""
    return parse_keys(_object(text))


def parse_discovery(document: Mapping[str, object], issuer: str) -> str:
    """Where the provider's keys are.

    Args:
        document: the discovery document.
        issuer: whose document it must be, to the letter (OpenID Discovery 4.3).

    Raises:
        MalformedAnswer: it is another's, or names no place.
    """
    if document.get("issuer") != issuer:
        raise MalformedAnswer("the discovery document is another issuer's")
    place = document.get("jwks_uri")
    if not isinstance(place, str):
        raise MalformedAnswer("the discovery document does not say where the keys are")
    return place


def parse_keys(document: Mapping[str, object]) -> tuple[ProviderKey, ...]:
    """The keys that may sign; the others are left out.

    Raises:
        MalformedAnswer: it is no set of keys, or one of far too many.
    """
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise MalformedAnswer("no set of keys, or one of too many")
    found = (_key(one) for one in listed if isinstance(one, dict))
    return tuple(one for one in found if one is not None)


def find_key(
    keys: tuple[ProviderKey, ...], key_id: str | None, algorithm: str
) -> ProviderKey | None:
    """The one key that a token means; None when there is none, or more than one.

    Args:
        keys: what the provider publishes.
        key_id: the `kid` of the token; None without one.
        algorithm: of the token, one of `ALGORITHMS`.
    """
    found = [
        one
        for one in keys
        if (key_id is None or one.id == key_id)
        and one.kind == ALGORITHMS[algorithm]
        and one.algorithm in {"", algorithm}
    ]
    return found[0] if len(found) == 1 else None


def _object(text: bytes) -> dict[str, object]:
    # Signs inside of texts are counted, too: no true document has many there.
    if sum(map(text.count, (b",", b":", b"[", b"{"))) > MOST_PARTS:
        raise MalformedAnswer("a document of too many parts")
    try:
        return load_object(text)
    except NotStrict as error:
        raise MalformedAnswer(str(error)) from None


def _key(told: Mapping[str, object]) -> ProviderKey | None:
    if told.get("use", "sig") != "sig" or "d" in told or not _may_verify(told):
        return None
    try:
        key = _read(told)
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
    if key is None:
        return None
    return ProviderKey(
        id=_text(told, "kid"), kind=_kind(key), algorithm=_text(told, "alg"), key=key
    )


def _read(told: Mapping[str, object]) -> PublicKey | None:
    """The key, if it is strong enough and not too much work."""
    match told.get("kty"):
        case "RSA":
            rsa_key = RSAAlgorithm.from_jwk(json.dumps(told))
            return rsa_key if _is_sound(rsa_key) else None
        case "EC":
            ec_key = ECAlgorithm.from_jwk(json.dumps(told))
            return ec_key if _is_on_known_curve(ec_key) else None
        case _:
            return None


def _may_verify(told: Mapping[str, object]) -> bool:
    uses = told.get("key_ops")
    return uses is None or (isinstance(uses, list) and "verify" in uses)


def _is_sound(key: object) -> TypeGuard[rsa.RSAPublicKey]:
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    exponent = key.public_numbers().e
    return _LEAST_BITS <= key.key_size <= _MOST_BITS and exponent < _LARGEST_EXPONENT


def _is_on_known_curve(key: object) -> TypeGuard[ec.EllipticCurvePublicKey]:
    known = ALGORITHMS.values()
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in known


def _kind(key: PublicKey) -> str:
    return "RSA" if isinstance(key, rsa.RSAPublicKey) else key.curve.name


def _text(told: Mapping[str, object], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""
