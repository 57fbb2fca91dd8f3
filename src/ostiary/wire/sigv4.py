"""Signature Version 4: `read_claim`, `verify`, `sign` (facts 9).

`read_claim` says what a request presents, without believing it. `verify` proves it
with the secret, or raises. Nothing here looks a key up: identity is an output of
the caller's lookup followed by `verify`, never of `read_claim` alone (T43).
"""

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ostiary.wire import stamp
from ostiary.wire.authorization import (
    read_authorization,
    read_usual,
    refuse_mechanism,
)
from ostiary.wire.canonical import canonical_requests, signed_part
from ostiary.wire.claim import (
    ALGORITHM,
    HASHED,
    LONGEST_TOKEN,
    TERMINATOR,
    Claim,
    Payload,
)
from ostiary.wire.freshness import SKEW, check_scope, check_time, is_place
from ostiary.wire.http import Request, body_sha256
from ostiary.wire.payload import check_body, payload_line, read_payload
from ostiary.wire.plain import body_hash
from ostiary.wire.presigned import find_presigned, read_presigned
from ostiary.wire.reasons import AuthenticationError, Reason

__all__ = ["Claim", "Payload", "Signer", "read_claim", "sign", "signing_key", "verify"]

_LONGEST_ECHO = 128
_new = tuple.__new__
_sha256 = hashlib.sha256
_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


@lru_cache(maxsize=1024)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Gives the key of one secret for one day, region and service.

    The cache is bounded, and holds keys only of secrets that the caller looked up.
    """
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def read_claim(request: Request) -> Claim | None:
    """Gives what the request presents, or None when it presents nothing at all.

    Raises:
        AuthenticationError: It presents something that is not served, not well
            formed, ambiguous, or that leaves an x-amz- header unsigned.
    """
    name = request.names.ambiguous
    if name is not None:
        raise _refuse_ambiguous(name)
    authorization = request.index.get("authorization")
    found = find_presigned(request.query) if request.query else None
    if authorization is not None:
        if found is not None:
            raise AuthenticationError(Reason.TWO_MECHANISMS)
        return _read_header_claim(request, authorization)
    if found is not None:
        return _read_presigned_claim(request, found)
    kind = request.index.get("content-type", "")
    if request.method == "POST" and kind.lower().startswith("multipart/form-data"):
        raise refuse_mechanism("POST form", presigned=False)
    return None


def _refuse_ambiguous(name: str) -> AuthenticationError:
    if name == "authorization":
        return AuthenticationError(Reason.TWO_MECHANISMS)
    return AuthenticationError(
        Reason.AMBIGUOUS_HEADER, f"Header '{name[:_LONGEST_ECHO]}' is ambiguous."
    )


def _read_header_claim(request: Request, authorization: str) -> Claim:
    index = request.index
    usual = read_usual(authorization)
    timestamp = index.get("x-amz-date", "")
    signed_at = stamp.parse_basic(timestamp)
    token = index.get("x-amz-security-token")
    if (
        usual is None
        or signed_at is None
        or usual.service == "s3"
        or "host" not in usual.signed_headers
        or _loose(request.names.aws, usual.signed_headers)
        or (token is not None and len(token) > LONGEST_TOKEN)
    ):
        return _read_any_header_claim(request, authorization)
    # The same as the general way gives, without its detours.
    more = (timestamp, signed_at, False, None, token, HASHED, "")
    return _new(Claim, usual + more)


def _read_any_header_claim(request: Request, authorization: str) -> Claim:
    index = request.index
    timestamp = index.get("x-amz-date")
    if timestamp is not None:
        signed_at = stamp.parse_basic(timestamp)
    else:
        signed_at = stamp.parse_date_header(index.get("date", ""))
        timestamp = "" if signed_at is None else stamp.format_basic(signed_at)
    presented = read_authorization(authorization, has_date=signed_at is not None)
    if signed_at is None:  # read_authorization has refused it; this tells the types
        raise AuthenticationError(Reason.DATE_MISSING)
    _check_signed(request, presented[5], presigned=False)
    payload, line = read_payload(request, presented[3], None)
    token = _token(index.get("x-amz-security-token"), presigned=False)
    return Claim(*presented, timestamp, signed_at, False, None, token, payload, line)  # noqa: FBT003  # by keyword it takes twice as long


def _read_presigned_claim(request: Request, found: dict[str, str]) -> Claim:
    presented, expires = read_presigned(found)
    signed_at = stamp.parse_basic(found["X-Amz-Date"])
    if signed_at is None:
        raise AuthenticationError(
            Reason.MALFORMED,
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
            presigned=True,
        )
    _check_signed(request, presented.signed_headers, presigned=True)
    token = found.get("X-Amz-Security-Token")
    echoed = request.index.get("x-amz-security-token")
    if token is not None and echoed is not None:
        raise AuthenticationError(Reason.TWO_MECHANISMS, presigned=True)
    payload, line = read_payload(request, presented.service, found)
    return Claim(
        *presented,
        timestamp=found["X-Amz-Date"],
        signed_at=signed_at,
        presigned=True,
        expires=expires,
        session_token=_token(token if echoed is None else echoed, presigned=True),
        payload=payload,
        payload_line=line,
    )


def _token(token: str | None, *, presigned: bool) -> str | None:
    if token is not None and len(token) > LONGEST_TOKEN:
        raise AuthenticationError(Reason.INVALID_TOKEN, presigned=presigned)
    return token


def _check_signed(
    request: Request, signed: tuple[str, ...], *, presigned: bool
) -> None:
    if "host" not in signed:
        raise AuthenticationError(
            Reason.HOST_NOT_SIGNED,
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
            extra=(("HeadersNotSigned", "host"),),
            presigned=presigned,
        )
    loose = _loose(request.names.aws, signed)
    if loose:
        raise AuthenticationError(
            Reason.HEADERS_NOT_SIGNED,
            "There were headers present in the request which were not signed",
            extra=(("HeadersNotSigned", ", ".join(sorted(loose))),),
            presigned=presigned,
        )


@lru_cache(maxsize=128)
def _loose(names: tuple[str, ...], signed: tuple[str, ...]) -> tuple[str, ...]:
    # The payload's hash is bound by being the last line of the canonical request.
    covered = {*signed, "x-amz-content-sha256"}
    return tuple(name for name in names if name not in covered)


def verify(
    request: Request,
    claim: Claim,
    secret: str,
    now: float,
    *,
    allow_unsigned: bool = False,
) -> None:
    """Proves that the holder of `secret` signed this request, or raises.

    A chunked body is proved by `wire.chunks.open_chunks`, which has to read it; its
    head is proved here.

    Args:
        request: What arrived.
        claim: What `read_claim` gave for it.
        secret: The secret of `claim.access_key_id`.
        now: Seconds since the epoch, UTC.
        allow_unsigned: Whether a body that no signature covers may pass: the
            connection is private (`http.is_private`) and the operation takes
            object data. An empty body needs no such leave.

    Raises:
        AuthenticationError: Whatever was wrong; which of several comes first is not
            promised.
    """
    if _is_usual_proof(request, claim, secret, now):
        return
    check_scope(claim)
    check_time(claim, now)
    line = payload_line(request, claim)
    _, date, region, service, end, names, presented, timestamp = claim[:8]
    head = f"{ALGORITHM}\n{timestamp}\n{date}/{region}/{service}/{end}\n"
    begun = _begun(secret, date, region, service)
    likeliest = ""
    for canonical in canonical_requests(
        request, names, line, s3=service == "s3", presigned=claim.presigned
    ):
        text = head + hashlib.sha256(canonical).hexdigest()
        if hmac.compare_digest(_ended(begun, text), presented):
            check_body(request, claim, allow_unsigned=allow_unsigned)
            return
        likeliest = likeliest or text
    raise _mismatch(claim, likeliest)


def _is_usual_proof(request: Request, claim: Claim, secret: str, now: float) -> bool:
    """Tells whether this is a plain call with a right signature, as nearly all are.

    What is true here `verify` would accept, too, after more steps. False says
    nothing: `verify` then goes the whole way, and tells what is wrong.
    """
    _, date, region, service, end, names, presented, timestamp = claim[:8]
    signed_at, presigned, _, _, payload, line = claim[8:]
    body, index = request.body, request.index
    if (
        request.path != "/"
        or request.query
        or line
        or presigned
        or payload is not HASHED
        or type(body) is not bytes
        or "x-amz-content-sha256" in index
        or date != timestamp[:8]
        or end != TERMINATOR
        or not is_place(region, service)
        or not -SKEW <= now - signed_at <= SKEW
    ):
        return False
    part = signed_part(index, names, body_hash(body))
    if part is None or not part.isascii():
        return False
    digest = _sha256(f"{request.method}\n/\n\n{part}".encode()).hexdigest()
    text = f"{ALGORITHM}\n{timestamp}\n{date}/{region}/{service}/{end}\n{digest}"
    return hmac.compare_digest(
        _ended(_begun(secret, date, region, service), text), presented
    )


def _ended(begun: tuple["hashlib._Hash", "hashlib._Hash"], text: str) -> str:
    inner, outer = begun[0].copy(), begun[1].copy()
    inner.update(text.encode())
    outer.update(inner.digest())
    return outer.hexdigest()


@lru_cache(maxsize=1024)
def _begun(
    secret: str, date: str, region: str, service: str
) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """Gives the two hashes of an HMAC, begun with the signing key (RFC 2104).

    Going on from here takes half the time of an HMAC from its beginning.
    """
    block = signing_key(secret, date, region, service).ljust(_BLOCK, b"\0")
    return hashlib.sha256(block.translate(_INNER)), hashlib.sha256(
        block.translate(_OUTER)
    )


def _mismatch(claim: Claim, text: str) -> AuthenticationError:
    # S3 tells the string to sign. The canonical request, which it tells too, would
    # put the session token into whatever logs the answer, so that is left out.
    return AuthenticationError(
        Reason.SIGNATURE,
        extra=(
            ("AWSAccessKeyId", claim.access_key_id),
            ("StringToSign", text),
            ("SignatureProvided", claim.signature),
            ("StringToSignBytes", text.encode().hex(" ")),
        ),
        presigned=claim.presigned,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Whose signature to make, and for which region and service."""

    access_key_id: str
    secret: str = field(repr=False)
    session_token: str | None = field(repr=False)
    region: str
    service: str


_REMADE = frozenset(
    {"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}
)
_ALSO_SIGNED = frozenset({"host", "content-type", "content-md5"})


def sign(
    request: Request, signer: Signer, now: float, *, payload: str | None = None
) -> tuple[tuple[str, str], ...]:
    """Gives the request's headers with a signature of the header form.

    What it carried of another signature is dropped. `payload` is the literal for
    the last line, such as `UNSIGNED-PAYLOAD`; without it the body's hash stands.
    """
    line = body_sha256(request) if payload is None else payload
    timestamp = stamp.format_basic(now)
    kept = [pair for pair in request.headers if pair[0] not in _REMADE]
    kept.append(("x-amz-date", timestamp))
    if signer.session_token is not None:
        kept.append(("x-amz-security-token", signer.session_token))
    if signer.service == "s3":
        kept.append(("x-amz-content-sha256", line))
    names = tuple(
        sorted({n for n, _ in kept if n in _ALSO_SIGNED or n.startswith("x-amz-")})
    )
    dressed = replace(request, headers=tuple(kept))
    # The last candidate is the spelling that AWS computes with.
    *_, canonical = canonical_requests(
        dressed, names, line, s3=signer.service == "s3", presigned=False
    )
    date = timestamp[:8]
    area = f"{date}/{signer.region}/{signer.service}/{TERMINATOR}"
    digest = hashlib.sha256(canonical).hexdigest()
    key = signing_key(signer.secret, date, signer.region, signer.service)
    text = f"{ALGORITHM}\n{timestamp}\n{area}\n{digest}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    authorization = (
        f"{ALGORITHM} Credential={signer.access_key_id}/{area}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return (*dressed.headers, ("authorization", authorization))
