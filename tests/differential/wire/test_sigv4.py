"""Do two tellings agree? Ours and botocore's signer, on requests of every spelling."""

import random
import re
import time
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote_to_bytes, urlsplit

import pytest
from botocore.auth import (
    S3SigV4Auth,
    S3SigV4QueryAuth,
    SigV4Auth,
    SigV4QueryAuth,
)
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import normalize_url_path

from ostiary.wire.http import Request
from ostiary.wire.reasons import AuthenticationError
from ostiary.wire.sigv4 import Signer, read_claim, verify
from ostiary.wire.sigv4 import sign as ours_sign

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SEGMENTS = (
    *("a", "b%20c", "x+y", "%2F", "%2e%2e", "..", ".", "", "", "%C3%A9", "~t-_.", "A"),
    *("%41", "k=v", "a:b", "q@", "!'()*", "$,", "%2f", "é"),
)
QUERY_WORDS = (
    *("a", "b", "A", "", "prefix", "list-type", "é", "x y", "p+q", "s/t", "~", "%"),
    *("=", "&", "a;b", "2", "-_.", "日本", "*", "'"),
)
RAW_QUERY_WORDS = ("a", "b", "x%20y", "x+y", "%2F", "%2f", "", "~", "%7E", "%C3%A9")
RUN = re.compile(r"[ \t]+")
HEADER_VALUES = ("v", " v ", "a  b", "a\tb", "a   b  c", "ü", "a,b", '"q  r"', "")


@dataclass(frozen=True)
class Signed:
    """One signed request with what it was signed for."""

    request: Request
    s3: bool
    presigned: bool


def _path(rng: random.Random) -> str:
    return "/" + "/".join(rng.choices(SEGMENTS, k=rng.randrange(6)))


def _headers(rng: random.Random) -> dict[str, str]:
    headers = {}
    for name in (
        "X-Amz-Meta-One",
        "Content-Type",
        "x-amz-acl",
        "X-Amz-Target",
        "Range",
    ):
        if rng.random() < 0.4:
            headers[name] = rng.choice(HEADER_VALUES)
    return headers


def sign(rng: random.Random, now: float) -> Signed:
    """Gives a random request that botocore signed."""
    s3, presigned = rng.random() < 0.5, rng.random() < 0.3
    token = "FwoGZXIvYXdzE+/=" * 8 if rng.random() < 0.5 else None
    credentials = Credentials("AKIDEXAMPLE", SECRET, token)
    kind = (SigV4Auth, SigV4QueryAuth, S3SigV4Auth, S3SigV4QueryAuth)[
        2 * s3 + presigned
    ]
    service = "s3" if s3 else rng.choice(("sts", "iam", "ec2", "dynamodb", "sns"))
    host = rng.choice(("localhost:4566", "example.amazonaws.com", "b.localhost"))
    body = b"" if presigned else rng.choice((b"", b"Action=A&Version=1", b"\x00\xff"))
    url = f"http://{host}{_path(rng)}"
    params = {}
    if rng.random() < 0.5:
        count = rng.randrange(4)
        params = dict(
            zip(
                rng.choices(QUERY_WORDS, k=count),
                rng.choices(QUERY_WORDS, k=count),
                strict=True,
            )
        )
    elif rng.random() < 0.5 and not presigned:
        pairs = rng.choices(RAW_QUERY_WORDS, k=2 * rng.randrange(4))
        parts = [f"{a}={b}" for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
        url += "?" + "&".join(parts)
    method = rng.choice(("GET", "POST", "PUT", "DELETE", "HEAD"))
    aws = AWSRequest(method, url, data=body, params=params, headers=_headers(rng))
    signer = kind(credentials, service, "us-east-1")
    signer.add_auth(aws)
    prepared = aws.prepare()
    parts = urlsplit(prepared.url)
    arrived = [("host", host)]
    for name, value in aws.headers.items():
        raw = value.encode().decode("latin-1") if isinstance(value, str) else value
        arrived.append((name.lower(), raw.strip(" \t")))
    rng.shuffle(arrived)
    request = Request(
        method=method,
        path=(parts.path or "/").encode().decode("latin-1"),
        query=parts.query.encode().decode("latin-1"),
        headers=tuple(arrived),
        body=body,
        secure=False,
        peer="127.0.0.1",
    )
    return Signed(request=request, s3=s3, presigned=presigned)


def is_accepted(request: Request, now: float, secret: str = SECRET) -> bool:
    """Tells whether the request proves the holder of the secret."""
    try:
        claim = read_claim(request)
        if claim is None or claim.access_key_id != "AKIDEXAMPLE":
            return False
        verify(request, claim, secret, now)
    except AuthenticationError:
        return False
    return True


def _meaning(signed: Signed, request: Request) -> object:
    """Gives what a request says, told with botocore's and the stdlib's readers."""
    path = request.path
    if signed.s3:
        raw = path.encode("latin-1")
        meant = "/".join(
            quote(unquote_to_bytes(part), safe="") for part in raw.split(b"/")
        )
    else:
        meant = normalize_url_path(path)
    query = request.query.encode("latin-1").replace(b"+", b" ")
    parts = [part.partition(b"=") for part in query.split(b"&")] if query else []
    pairs = sorted((unquote_to_bytes(n), unquote_to_bytes(v)) for n, _, v in parts)
    headers = sorted((n, _said(n, v)) for n, v in request.headers)
    return request.method, meant, pairs, headers, request.body


def _said(name: str, value: str) -> str:
    if name == "authorization":
        # Blanks around its parts are the sender's liberty.
        return re.sub(" *, *", ",", RUN.sub(" ", value)).strip(" ")
    return RUN.sub(" ", value).strip(" ")


def mutate(rng: random.Random, signed: Signed) -> Request:
    """Gives the request with one thing changed."""
    request = signed.request
    kinds = ["method", "path", "query", "header", "drop", "add"]
    if not signed.presigned or not signed.s3:
        kinds.append("body")
    match rng.choice(kinds):
        case "method":
            others = [m for m in ("GET", "POST", "PUT", "PATCH") if m != request.method]
            changed = replace(request, method=rng.choice(others))
        case "path":
            changed = replace(request, path="/" + _edited(rng, request.path[1:]))
        case "query":
            changed = replace(request, query=_edited(rng, request.query))
        case "body":
            changed = replace(request, body=request.body + b"x")
        case kind:
            changed = replace(request, headers=_rearranged(rng, request, kind))
    return changed


def _rearranged(
    rng: random.Random, request: Request, kind: str
) -> tuple[tuple[str, str], ...]:
    if kind == "add":
        return (*request.headers, ("x-amz-copy-source", "/other/key"))
    headers = list(request.headers)
    at = rng.choice([i for i, (n, _) in enumerate(headers) if _is_bound(n)])
    name, value = headers.pop(at)
    if kind == "header":
        headers.insert(at, (name, _edited(rng, value)))
    return tuple(headers)


def _is_bound(name: str) -> bool:
    return name in {"host", "authorization"} or name.startswith("x-amz-")


def _edited(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    new = rng.choice("aZ09%/.+=&~-_ \x7fé")
    match rng.randrange(3):
        case 0:
            return text[:at] + new + text[at:]
        case 1:
            return text[:at] + text[at + 1 :]
        case _:
            return text[:at] + new + text[at + 1 :]


def _shown(*requests: Request) -> str:
    return "\n".join(f"{r} {r.query} {r.headers} {r.body!r}" for r in requests)


def _agree(seed: int, requests: int, changes: int) -> None:
    rng = random.Random(seed)  # values for tests
    now = time.time()
    tried = 0
    for number in range(requests):
        if number % 1000 == 0:
            now = time.time()
        signed = sign(rng, now)
        assert is_accepted(signed.request, now), _shown(signed.request)
        assert not is_accepted(signed.request, now, SECRET + "x")
        said = _meaning(signed, signed.request)
        for _ in range(changes):
            changed = mutate(rng, signed)
            if _meaning(signed, changed) != said:
                tried += 1
                assert not is_accepted(changed, now), _shown(signed.request, changed)
    assert tried > requests * changes * 0.8


@pytest.mark.threat("T46")
def test_sign_then_verify_accepts_and_any_change_refuses() -> None:
    """2,000 requests that botocore signed are accepted, 10,000 changes refused."""
    _agree(seed=1, requests=2_000, changes=6)


@pytest.mark.long
@pytest.mark.threat("T46")
def test_sign_then_verify_at_length() -> None:
    """100,000 signed requests are accepted, and 1,000,000 changes refused."""
    _agree(seed=2, requests=100_000, changes=12)


@pytest.mark.parametrize("seed", range(5))
def test_our_signer_gives_botocore_s_signature(seed: int) -> None:
    """For 200 requests in AWS's own spelling, the two signers give one signature."""
    rng = random.Random(seed)  # values for tests
    now = 1440938160
    for _ in range(200):
        service, kind = rng.choice((("s3", S3SigV4Auth), ("sts", SigV4Auth)))
        token = rng.choice((None, "FwoGZXIvYXdzE+/="))
        path = quote(f"/{'/'.join(rng.choices(QUERY_WORDS, k=3))}", safe="/-_.~")
        words = rng.choices(QUERY_WORDS, k=4)
        pairs = zip(words[::2], words[1::2], strict=True)
        query = "&".join(
            f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in pairs
        )
        body = rng.choice((b"", b"\x00data"))
        plain = Request(
            method="PUT",
            path=path,
            query=query,
            headers=(("host", "localhost:4566"), ("x-amz-meta-a", "b  c")),
            body=body,
            secure=False,
            peer="127.0.0.1",
        )
        signer = Signer(
            access_key_id="AKIDEXAMPLE",
            secret=SECRET,
            session_token=token,
            region="eu-west-1",
            service=service,
        )
        url = f"http://localhost:4566{path}?{query}"
        aws = AWSRequest("PUT", url, data=body, headers={"x-amz-meta-a": "b  c"})
        aws.context["timestamp"] = "20150830T123600Z"
        oracle = kind(Credentials("AKIDEXAMPLE", SECRET, token), service, "eu-west-1")
        oracle._modify_request_before_signing(aws)
        canonical = oracle.canonical_request(aws)
        expected = oracle.signature(oracle.string_to_sign(aws, canonical), aws)

        ours = dict(ours_sign(plain, signer, now))["authorization"]

        assert ours.endswith(f"Signature={expected}"), canonical
