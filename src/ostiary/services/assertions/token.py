"""A web identity token: read as a stranger's text, then verified (RFC 7515, 7519).

Reading proves nothing; it only says whose keys could. The algorithm is one of a fixed
list of asymmetric ones, and each goes with one kind of key, so neither `none` nor a
public key taken for a shared secret can pass.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Final

import jwt

from ostiary.services.assertions import faults
from ostiary.services.assertions.keys import ALGORITHMS, ProviderKey
from ostiary.services.assertions.strict_json import NotStrict, load_object

FUTURE: Final = 60
"""Seconds by which a provider's clock may be ahead of ours."""

_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_MALFORMED: Final = (
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an "
    "Access Token)"
)
_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadToken:
    """A token as it says of itself; nobody has verified it."""

    text: str = field(repr=False)
    algorithm: str
    key_id: str | None
    claims: dict[str, object] = field(repr=False)

    @property
    def issuer(self) -> str:
        """Who it says has issued it."""
        return str(self.claims["iss"])


def read_token(text: str) -> ReadToken:
    """The token, if it is one that anybody could verify.

    Raises:
        ServiceError: InvalidIdentityToken.
    """
    segments = text.split(".")
    if len(segments) != 3:  # noqa: PLR2004 - a JWS in its compact form (RFC 7515, 3.1)
        raise faults.invalid_token(_MALFORMED)
    header, claims = _object(segments[0]), _object(segments[1])
    _decode(segments[2])
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise faults.invalid_token("Token uses an unsupported signing algorithm")
    # What is critical is not known here, whatever it is; b64 changes what is signed.
    if not header.keys().isdisjoint({"crit", "b64"}):
        raise faults.invalid_token(_MALFORMED)
    key_id = header.get("kid")
    if key_id is not None and not isinstance(key_id, str):
        raise faults.invalid_token(_MALFORMED)
    for name in _REQUIRED:
        if claims.get(name) in (None, ""):
            raise faults.invalid_token(f"Missing a required claim: {name}")
    if not isinstance(claims["iss"], str):
        raise faults.invalid_token(_MALFORMED)
    return ReadToken(text=text, algorithm=algorithm, key_id=key_id, claims=claims)


def verify_token(token: ReadToken, key: ProviderKey, now: float) -> dict[str, object]:
    """The claims of a token that this key has signed, and that is good now.

    Args:
        token: as it was read.
        key: the one that the token means.
        now: seconds since the epoch, UTC.

    Raises:
        ServiceError: InvalidIdentityToken, ExpiredTokenException.
    """
    assert key.kind == ALGORITHMS[token.algorithm]  # noqa: S101 - `find_key` looks
    try:
        jwt.PyJWS(algorithms=[token.algorithm]).decode_complete(
            token.text, key=key.key, algorithms=[token.algorithm]
        )
    except jwt.PyJWTError:
        raise faults.invalid_token("Token signature invalid") from None
    _check_times(token.claims, now)
    return token.claims


def _check_times(claims: dict[str, object], now: float) -> None:
    ends = _seconds(claims, "exp")
    if now >= ends:
        raise faults.expired(
            f"Token expired: current date/time {int(now)} must be before the "
            f"expiration date/time {int(ends)}"
        )
    for name in ("iat", "nbf"):
        if name in claims and _seconds(claims, name) > now + FUTURE:
            raise faults.invalid_token(f"Token is not valid yet: {name}")


def _seconds(claims: dict[str, object], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise faults.invalid_token(_MALFORMED)
    return value


def _object(segment: str) -> dict[str, object]:
    try:
        return load_object(_decode(segment))
    except NotStrict:
        raise faults.invalid_token(_MALFORMED) from None


def _decode(segment: str) -> bytes:
    """The bytes of a segment that spells them in the one way there is (T26)."""
    if not _SEGMENT.fullmatch(segment):
        raise faults.invalid_token(_MALFORMED)
    try:
        data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error:
        raise faults.invalid_token(_MALFORMED) from None
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != segment:
        raise faults.invalid_token(_MALFORMED)
    return data
