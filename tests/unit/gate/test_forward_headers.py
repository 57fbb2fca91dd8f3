"""What of a request goes on, and what of an answer comes back."""

import string
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.gate.outgoing import (
    check_connection,
    client_host,
    headers_from_upstream,
    headers_to_upstream,
    query_to_upstream,
    s3_path,
)
from ostiary.wire.faults import Fault
from ostiary.wire.http import Request


def _request(*headers: tuple[str, str], path: str = "/", query: str = "") -> Request:
    return Request(
        method="PUT",
        path=path,
        query=query,
        headers=headers,
        body=b"",
        secure=False,
        peer="127.0.0.1",
    )


def _sent(*names: str, signed: bool = True) -> set[str]:
    request = _request(*((name, "v") for name in names))
    covered = frozenset(names) if signed else frozenset({"host"})
    return {name for name, _ in headers_to_upstream(request, covered)}


@pytest.mark.threat("T62")
@pytest.mark.parametrize(
    "name",
    [
        "x-gateway-principal",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "forwarded",
        "via",
        "x-real-ip",
        "x-original-url",
        "x-http-method-override",
        "x-moto-account-id",
        "x_moto_account_id",
        "x-moto_account-id",
        "x-ostiary-sandbox-key",
        "x-ostiary-scheme",
        "x_ostiary_sandbox_key",
        "x_amz_security_token",
        "cookie",
        "origin",
        "user-agent",
        "host",
        "accept-encoding",
        "expect",
        "content-length",
        "x-amzn-trace-id",
    ],
)
def test_headers_that_say_who_calls_never_go_on(name: str) -> None:
    """Not even a signature makes an identity or routing header pass."""
    assert _sent(name, "x-amz-meta-a") == {"x-amz-meta-a"}


@pytest.mark.threat("T62")
@given(
    st.text(string.ascii_lowercase + "-_", min_size=1, max_size=20),
    st.sampled_from(["x-moto-", "x_moto_", "x-moto_", "x-ostiary-", "x-forwarded-"]),
)
def test_no_spelling_of_our_own_headers_goes_on(rest: str, start: str) -> None:
    """The allow-list has no name that begins like one of ours."""
    assert _sent(start + rest) == set()


@pytest.mark.threat("T61")
@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-content-sha256",
        "x-amz-signature",
        "x-amz-credential",
        "x-amz-expires",
        "x-amz-trailer",
        "x-amz-decoded-content-length",
        "x-amz-mfa",
        "x-amz-expected-bucket-owner",
    ],
)
def test_what_the_gate_consumed_ends_here(name: str) -> None:
    """The client's credentials and the door's own parameters are not forwarded."""
    assert _sent(name) == set()


@pytest.mark.threat("T41", "T61")
@pytest.mark.parametrize(
    "name",
    [
        "x-amz-acl",
        "x-amz-copy-source",
        "x-amz-grant-full-control",
        "x-amz-meta-a",
        "x-amz-tagging",
        "x-amz-target",
        "x-amz-website-redirect-location",
    ],
)
def test_an_unsigned_amz_header_is_refused(name: str) -> None:
    """Our signature must not cover what the client's did not; 403, nothing dropped."""
    with pytest.raises(Fault) as caught:
        _sent(name, signed=False)
    assert (caught.value.status, caught.value.code) == (403, "AccessDenied")
    assert caught.value.message == (
        "There were headers present in the request which were not signed"
    )


def test_an_anonymous_request_keeps_its_headers() -> None:
    """Nobody's signature vouches for any header, so they say what they said."""
    request = _request(("x-amz-acl", "private"), ("x-amz-meta-a", "1"))
    assert headers_to_upstream(request, None) == request.headers


def test_object_headers_go_on_in_order() -> None:
    """Repeated and transport headers arrive as they came."""
    request = _request(
        ("content-type", "text/plain"),
        ("x-amz-meta-my_key", "1"),
        ("cache-control", "no-cache"),
        ("if-none-match", "*"),
        ("x-amz-checksum-crc32", "AAAAAA=="),
    )
    names = frozenset(name for name, _ in request.headers)
    assert headers_to_upstream(request, names) == request.headers


@pytest.mark.threat("T40")
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("aws-chunked", ()),
        ("gzip, aws-chunked", (("content-encoding", "gzip"),)),
        ("AWS-Chunked,gzip", (("content-encoding", "gzip"),)),
        ("gzip", (("content-encoding", "gzip"),)),
    ],
)
def test_aws_chunked_is_not_stored(sent: str, kept: tuple[object, ...]) -> None:
    """The chunks are opened already; the coding that remains is the object's."""
    assert headers_to_upstream(_request(("content-encoding", sent)), None) == kept


@pytest.mark.threat("T63")
@pytest.mark.parametrize(
    "value",
    [
        "x-amz-security-token",
        "close, Authorization",
        "keep-alive,x-gateway-principal",
        "host",
        "content-length",
        "\tX-Amz-Date",
    ],
)
def test_connection_may_not_list_other_headers(value: str) -> None:
    """A header that a proxy would drop on the client's word is refused: 400."""
    with pytest.raises(Fault) as caught:
        check_connection(_request(("connection", value)))
    assert caught.value.status == 400


@pytest.mark.threat("T63")
@pytest.mark.parametrize(
    "value", ["close", "keep-alive", "Keep-Alive, TE", ""]
)  # codespell:ignore te
def test_connection_with_hop_by_hop_headers_passes(value: str) -> None:
    """Ordinary clients say so."""
    check_connection(_request(("connection", value)))


@pytest.mark.threat("T61")
@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("", ""),
        ("versionId=a%2Fb&x", "versionId=a%2Fb&x"),
        (
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Date=b&X-Amz-Expires=60&X-Amz-SignedHeaders=host&prefix=a%20b+c&X-Amz-Signature=c&X-Amz-Security-Token=d",
            "prefix=a%20b+c",
        ),
        ("x%2Damz-signature=c&list-type=2", "list-type=2"),
        ("x-amz-acl=private", "x-amz-acl=private"),
        ("&&a=1&", "&&a=1&"),
        ("AWSAccessKeyId=a&Signature=b&uploads", "uploads"),
    ],
)
def test_the_query_loses_its_authentication_only(query: str, sent: str) -> None:
    """However presigned parameters are spelled they go; the rest keeps its bytes."""
    assert query_to_upstream(query) == sent


@pytest.mark.threat("T47", "T73")
@pytest.mark.parametrize(
    ("path", "key", "sent"),
    [
        ("/b", "", "/b"),
        ("/b/", "", "/b/"),
        ("/", "", "/b/"),
        ("/b/a//b", "a//b", "/b/a//b"),
        ("/b/a/../b", "a/../b", "/b/a/../b"),
        ("/b/%2e%2e/x", "../x", "/b/%2e%2e/x"),
        ("/b/%73ecret", "secret", "/b/%73ecret"),
        ("/b//x", "/x", "/b//x"),
        ("/b/x", "b/x", "/b/b/x"),
        ("/k/%C3%A9", "k/é", "/b/k/%C3%A9"),
        ("//x", "/x", "/b//x"),
    ],
)
def test_the_path_says_what_was_decided_on(path: str, key: str, sent: str) -> None:
    """Raw bytes go on, with the bucket before them where the host named it."""
    assert s3_path(path, "b", key) == sent


@pytest.mark.threat("T47", "T65")
@pytest.mark.parametrize(
    ("path", "bucket", "key"),
    [
        ("/other/x", "b", "x"),
        ("/b/y", "b", "x"),
        ("/b/x/", "b", "x"),
        ("//b/x", "b", "x"),
        ("/b/%ff", "b", "\N{REPLACEMENT CHARACTER}"),
        ("/b", "", ""),
        ("", "b", ""),
    ],
)
def test_a_path_that_says_something_else_goes_nowhere(
    path: str, bucket: str, key: str
) -> None:
    """If decision and path ever disagree, nothing is forwarded."""
    with pytest.raises(Fault) as caught:
        s3_path(path, bucket, key)
    assert caught.value.code == "InvalidURI"


@pytest.mark.threat("T47")
@given(st.text("ab/.%2eE-", max_size=12), st.booleans())
def test_the_forwarded_path_always_decodes_to_the_decided_key(
    raw: str,
    in_host: bool,
) -> None:
    """For every spelling: either refused, or the upstream reads bucket and key."""
    path = f"/{raw}" if in_host else f"/b/{raw}"
    key = unquote(raw)
    try:
        sent = s3_path(path, "b", key)
    except Fault:
        return
    assert unquote(sent) in {f"/b/{key}", "/b" if not key else f"/b/{key}"}


@pytest.mark.threat("T69")
def test_the_upstreams_own_headers_stay_behind() -> None:
    """Cookies, hop-by-hop headers and those that Connection lists do not pass."""
    headers = (
        ("content-type", "application/xml"),
        ("set-cookie", "a=b"),
        ("server", "Werkzeug"),
        ("date", "now"),
        ("transfer-encoding", "chunked"),
        ("connection", "close, X-Internal"),
        ("x-internal", "secret"),
        ("x-moto-thing", "1"),
        ("x-amzn-requestid", "theirs"),
        ("content-length", "5"),
        ("location", "http://169.254.169.254/"),
        ("etag", '"e"'),
    )
    kept = headers_from_upstream(headers)
    assert [name for name, _ in kept] == ["content-type", "location", "etag"]


@pytest.mark.threat("T62")
@pytest.mark.parametrize(
    ("sent", "used"),
    [
        ("127.0.0.1:4566", "127.0.0.1:4566"),
        ("[::1]:4566", "[::1]:4566"),
        ("sqs.example", "sqs.example"),
        ("evil/..", "localhost"),
        ("a b", "localhost"),
        ("user@host", "localhost"),
        ("", "localhost"),
    ],
)
def test_the_host_is_a_host(sent: str, used: str) -> None:
    """Answers contain it, so it can be nothing but a name and a port."""
    assert client_host(_request(("host", sent))) == used
