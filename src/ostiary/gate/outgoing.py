"""What of a request goes on to an upstream: an allow-list, and the same path.

The upstream sees our signature, so whatever we pass on becomes signed by us. Of the
client's headers it gets those that AWS services read and that the client's own
signature covered, and a short list that carries no authority (T61, T62, T63). Path
and query go on byte for byte, without what was authentication (T47).
"""

import re
from dataclasses import replace
from urllib.parse import unquote, unquote_to_bytes

from ostiary.wire.faults import Fault
from ostiary.wire.http import Request

_UNSIGNED_ALLOWED = frozenset(
    {
        "accept",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-md5",
        "content-type",
        "expires",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-unmodified-since",
        "range",
        "x-amzn-query-mode",
    }
)
"""Headers that services take without a signature, as AWS itself does."""

_SIGNED_PREFIX = "x-amz-"
_CONSUMED = frozenset(
    {
        # Authentication, which we have verified and make anew.
        "x-amz-algorithm",
        "x-amz-content-sha256",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-security-token",
        "x-amz-signature",
        "x-amz-signedheaders",
        # The chunks are opened, their trailer is checked.
        "x-amz-decoded-content-length",
        "x-amz-trailer",
        # The door answers these itself.
        "x-amz-expected-bucket-owner",
        "x-amz-mfa",
        "x-amz-source-expected-bucket-owner",
        "x-amz-user-agent",
    }
)
_HOP_BY_HOP = frozenset(
    {
        "close",
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",  # codespell:ignore te
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_AUTHENTICATION_QUERY = frozenset(
    {
        "awsaccesskeyid",
        "signature",
        "x-amz-algorithm",
        "x-amz-content-sha256",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-security-token",
        "x-amz-signature",
        "x-amz-signedheaders",
    }
)
_ANSWER_DROPPED = _HOP_BY_HOP | {
    "alt-svc",
    "content-length",
    "date",
    "server",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "via",
    # What we said of our own body; moto keeps it as if it were metadata.
    "x-amz-content-sha256",
    # The gate gives each answer its own request id.
    "x-amz-id-2",
    "x-amz-request-id",
    "x-amzn-requestid",
    "x-powered-by",
}
_FORM_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)

Headers = tuple[tuple[str, str], ...]


def headers_to_upstream(request: Request, signed: frozenset[str] | None) -> Headers:
    """The client's headers that go on; Host and length are not among them.

    Args:
        request: as it arrived.
        signed: names of the headers that the signature covers; None when the
            request is anonymous, for then nobody's signature vouches for any.

    Raises:
        Fault: a header would take authority or meaning that the client's
            signature did not give it.
    """
    kept: list[tuple[str, str]] = []
    for name, value in request.headers:
        if name == "content-encoding":
            coding = _without_aws_chunked(value)
            if coding:
                kept.append((name, coding))
        elif name in _UNSIGNED_ALLOWED:
            kept.append((name, value))
        elif name.startswith(_SIGNED_PREFIX) and name not in _CONSUMED:
            # Dropping it instead would change what the request means (T65).
            if signed is not None and name not in signed:
                raise Fault(
                    "AccessDenied",
                    "There were headers present in the request which were not signed",
                    403,
                )
            kept.append((name, value))
    return tuple(kept)


def check_connection(request: Request) -> None:
    """Passes a request whose Connection header names hop-by-hop headers only.

    Raises:
        Fault: it names another, which a proxy would then drop (T63).
    """
    value = request.index.get("connection")
    if value is None:
        return
    names = {name.strip().lower() for name in value.split(",")} - {""}
    if not names <= _HOP_BY_HOP:
        raise Fault(
            "InvalidRequest",
            "The Connection header lists a header that is not hop-by-hop.",
            400,
        )


def query_to_upstream(query: str) -> str:
    """The raw query without what was authentication; the rest byte for byte."""
    if not query:
        return ""
    return "&".join(
        part
        for part in query.split("&")
        if unquote(part.partition("=")[0]).lower() not in _AUTHENTICATION_QUERY
    )


def as_one_form(request: Request) -> Request:
    """A request of a query service with all its parameters in one place, the body.

    They may come in the query, in the body or in both, and were decided on as one
    list; an upstream that looks in one of the places only would do something else
    (T65). The parameters' bytes stay as they are.
    """
    query = query_to_upstream(request.query)
    body = request.body if isinstance(request.body, bytes) else b""
    if request.method == "POST" and not query:
        return request
    kept = tuple(pair for pair in request.headers if pair[0] != "content-type")
    return replace(
        request,
        method="POST",
        query="",
        headers=(*kept, ("content-type", _FORM_TYPE)),
        body=b"&".join(part for part in (query.encode("latin-1"), body) if part),
    )


def s3_path(path: str, bucket: str, key: str) -> str:
    """The raw path with the bucket in it, whatever form the client used.

    Raises:
        Fault: bucket and key, on which was decided, are not what the path
            says; then nothing may be forwarded (P4).
    """
    decided = f"/{bucket}/{key}" if key else f"/{bucket}" if bucket else "/"
    said = unquote_to_bytes(path.encode("latin-1"))
    if said in {decided.encode(), decided.encode() + (b"" if key else b"/")}:
        return path
    if bucket and said == f"/{key}".encode():
        return f"/{bucket}{path}"
    raise Fault("InvalidURI", "Couldn't parse the specified URI.", 400)


def client_host(request: Request) -> str:
    """The host that the client called, for services that put it into their answers."""
    host = request.index.get("host", "")
    return host if _HOST.fullmatch(host) else "localhost"


def headers_from_upstream(headers: Headers) -> Headers:
    """The upstream's headers that go back; the length is not among them (T69)."""
    listed: set[str] = set()
    for name, value in headers:
        if name == "connection":
            listed.update(part.strip().lower() for part in value.split(","))
    dropped = _ANSWER_DROPPED | listed
    return tuple(
        (name, value)
        for name, value in headers
        if name not in dropped and not name.startswith("x-moto-")
    )


def _without_aws_chunked(value: str) -> str:
    codings = [coding.strip() for coding in value.split(",")]
    return ",".join(c for c in codings if c and c.lower() != "aws-chunked")
