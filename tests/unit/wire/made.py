"""Requests for the tests of this folder, signed by our own signer or by nobody."""

import hashlib
import hmac
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from ostiary.wire import sigv4, stamp
from ostiary.wire.claim import EMPTY_SHA256
from ostiary.wire.http import Request
from ostiary.wire.reasons import AuthenticationError
from ostiary.wire.sigv4 import Signer

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = 1440938160  # 2015-08-30T12:36:00Z
FORM = ("content-type", "application/x-www-form-urlencoded; charset=utf-8")


def request(method: str = "GET", path: str = "/", **told: Any) -> Request:
    """Gives a request; `headers` is a list of pairs and always gains a host."""
    headers = [("host", "localhost:4566"), *told.pop("headers", ())]
    return Request(
        method=method,
        path=path,
        query=told.pop("query", ""),
        headers=tuple(headers),
        body=told.pop("body", b""),
        secure=told.pop("secure", False),
        peer=told.pop("peer", "127.0.0.1"),
    )


def form(version: str, action: str, **params: str) -> Request:
    """Gives an unsigned query request."""
    told = {"Action": action, "Version": version, **params}
    return request("POST", body=urlencode(told).encode(), headers=[FORM])


def signer(service: str = "sts", **told: Any) -> Signer:
    """Gives the signer of the tests for a service."""
    return Signer(
        access_key_id=KEY_ID,
        secret=SECRET,
        session_token=told.get("token"),
        region=told.get("region", "us-east-1"),
        service=service,
    )


def signed(plain: Request, service: str = "sts", **told: Any) -> Request:
    """Gives the request as signed at NOW."""
    payload = told.pop("payload", None)
    now = told.pop("now", NOW)
    headers = sigv4.sign(plain, signer(service, **told), now, payload=payload)
    return replace(plain, headers=headers)


def with_header(plain: Request, name: str, value: str | None) -> Request:
    """Gives the request with a header replaced, added, or (None) dropped."""
    kept = [pair for pair in plain.headers if pair[0] != name]
    if value is not None:
        kept.append((name, value))
    return replace(plain, headers=tuple(kept))


def presigned(plain: Request, service: str = "sts", **told: str) -> Request:
    """Gives the request presigned at NOW; `told` overrides parameters, None drops."""
    date = stamp.format_basic(NOW)
    scope = f"{date[:8]}/us-east-1/{service}/aws4_request"
    names = sorted(n for n, _ in plain.headers if n == "host" or n.startswith("x-amz-"))
    params: dict[str, Any] = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{KEY_ID}/{scope}",
        "X-Amz-Date": date,
        "X-Amz-Expires": "900",
        "X-Amz-SignedHeaders": ";".join(names),
    }
    params |= {name.replace("_", "-"): value for name, value in told.items()}
    params = {name: value for name, value in params.items() if value is not None}
    extra = urlencode(sorted(params.items()))
    query = f"{plain.query}&{extra}" if plain.query else extra
    payload = "UNSIGNED-PAYLOAD" if service == "s3" else EMPTY_SHA256
    pairs = sorted(tuple(part.split("=", 1)) for part in query.split("&"))
    canonical = "\n".join(
        (
            plain.method,
            plain.path,
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{plain.header(name)}" for name in names),
            "",
            ";".join(names),
            payload,
        )
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{params.get('X-Amz-Date', date)}\n{scope}\n{digest}"
    key = sigv4.signing_key(SECRET, date[:8], "us-east-1", service)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return replace(plain, query=f"{query}&X-Amz-Signature={signature}")


def judge(arrived: Request, *, allow_unsigned: bool = False) -> str:
    """Gives `proved`, `anonymous`, or the name of the reason for a refusal."""
    try:
        claim = sigv4.read_claim(arrived)
        if claim is None:
            return "anonymous"
        sigv4.verify(arrived, claim, SECRET, NOW, allow_unsigned=allow_unsigned)
    except AuthenticationError as error:
        return error.reason.name
    return "proved"
