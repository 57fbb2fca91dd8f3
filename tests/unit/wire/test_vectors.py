"""The published examples of Signature Version 4 come out as published."""

from dataclasses import replace

import pytest

from ostiary.wire import chunks
from ostiary.wire.http import Request
from ostiary.wire.reasons import AuthenticationError
from ostiary.wire.sigv4 import Signer, read_claim, sign, verify

S3_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
S3_NOW = 1369353600  # 2013-05-24T00:00:00Z
SUITE_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SUITE_NOW = 1440938160  # 2015-08-30T12:36:00Z
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SCOPE = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"


def _request(
    method: str,
    path: str,
    query: str,
    headers: list[tuple[str, str]],
    body: bytes = b"",
) -> Request:
    return Request(
        method=method,
        path=path,
        query=query,
        headers=tuple(headers),
        body=body,
        secure=False,
        peer="10.0.0.1",
    )


def _prove(request: Request, secret: str, now: float) -> None:
    claim = read_claim(request)
    assert claim is not None
    verify(request, claim, secret, now)


SUITE = [
    # (method, path, query, further headers, signature), from the suite of aws-sig-v4.
    (
        "GET",
        "/",
        "",
        [],
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "GET",
        "/",
        "Param2=value2&Param1=value1",
        [],
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "POST",
        "/",
        "",
        [],
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    ("GET", "/", "Param1=", [], None),
    (
        "GET",
        "/example/..",
        "",
        [],
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "GET",
        "//",
        "",
        [],
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "GET",
        "/./",
        "",
        [],
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "query", "more", "signature"), [row for row in SUITE if row[4]]
)
@pytest.mark.threat("T46")
def test_suite_requests_are_accepted(
    method: str, path: str, query: str, more: list[tuple[str, str]], signature: str
) -> None:
    """Requests of AWS's own suite verify with its published signatures."""
    authorization = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}"
    )
    headers = [
        ("host", "example.amazonaws.com"),
        ("x-amz-date", "20150830T123600Z"),
        *more,
        ("authorization", authorization),
    ]

    _prove(_request(method, path, query, headers), SUITE_SECRET, SUITE_NOW)


def test_suite_request_is_signed_as_published() -> None:
    """Our signer gives the suite's signature for the plain request."""
    plain = _request("GET", "/", "", [("host", "example.amazonaws.com")])
    signer = Signer(
        access_key_id="AKIDEXAMPLE",
        secret=SUITE_SECRET,
        session_token=None,
        region="us-east-1",
        service="service",
    )

    headers = sign(plain, signer, SUITE_NOW)

    assert dict(headers)["authorization"].endswith(SUITE[0][4] or "")


def test_documented_list_users() -> None:
    """The guide's ListUsers of IAM verifies with its published signature."""
    authorization = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )
    headers = [
        ("host", "iam.amazonaws.com"),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("x-amz-date", "20150830T123600Z"),
        ("authorization", authorization),
    ]

    _prove(
        _request("GET", "/", "Action=ListUsers&Version=2010-05-08", headers),
        SUITE_SECRET,
        SUITE_NOW,
    )


def test_documented_get_object() -> None:
    """S3's documented ranged GET verifies."""
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )
    headers = [
        ("host", "examplebucket.s3.amazonaws.com"),
        ("range", "bytes=0-9"),
        ("x-amz-content-sha256", EMPTY),
        ("x-amz-date", "20130524T000000Z"),
        ("authorization", authorization),
    ]

    _prove(_request("GET", "/test.txt", "", headers), S3_SECRET, S3_NOW)


def test_documented_put_object() -> None:
    """S3's documented PUT, dated by its Date header and with `$` in the key, verifies."""
    digest = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
        "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    )
    headers = [
        ("host", "examplebucket.s3.amazonaws.com"),
        ("date", "Fri, 24 May 2013 00:00:00 GMT"),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", digest),
        ("authorization", authorization),
    ]

    for path in ("/test%24file.text", "/test$file.text"):
        _prove(
            _request("PUT", path, "", headers, b"Welcome to Amazon S3."),
            S3_SECRET,
            S3_NOW,
        )


def test_documented_presigned_get() -> None:
    """S3's documented presigned URL verifies within its day and not after."""
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    request = _request(
        "GET", "/test.txt", query, [("host", "examplebucket.s3.amazonaws.com")]
    )

    _prove(request, S3_SECRET, S3_NOW + 86399)

    with pytest.raises(AuthenticationError):
        _prove(request, S3_SECRET, S3_NOW + 86400)


CHUNK_SIGNATURES = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)


def documented_chunks() -> Request:
    """Gives S3's documented upload of 65 KiB in three chunks."""
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;"
        "x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,"
        "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    )
    headers = [
        ("host", "s3.amazonaws.com"),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("authorization", authorization),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("content-length", "66824"),
    ]
    body = b"".join(
        b"%x;chunk-signature=%s\r\n%s\r\n" % (size, signature.encode(), b"a" * size)
        for size, signature in zip((65536, 1024, 0), CHUNK_SIGNATURES, strict=True)
    )
    return _request("PUT", "/examplebucket/chunkObject.txt", "", headers, body)


@pytest.mark.threat("T40")
def test_documented_chunked_upload() -> None:
    """S3's documented chunked upload verifies chunk by chunk and decodes."""
    request = documented_chunks()
    claim = read_claim(request)
    assert claim is not None
    verify(request, claim, S3_SECRET, S3_NOW)

    opened = chunks.open_chunks(request, claim, S3_SECRET)

    assert opened.body == b"a" * 66560
    assert opened.trailers == ()


@pytest.mark.threat("T40")
@pytest.mark.parametrize("at", [0, 20, 100, 65_000, 65_700, 66_700, 66_820])
def test_documented_chunked_upload_with_one_byte_changed(at: int) -> None:
    """Any changed byte of framing, signature or data is refused."""
    request = documented_chunks()
    assert isinstance(request.body, bytes)
    body = request.body[:at] + bytes([request.body[at] ^ 1]) + request.body[at + 1 :]
    changed = replace(request, body=body)
    claim = read_claim(changed)
    assert claim is not None

    with pytest.raises(AuthenticationError):
        chunks.open_chunks(changed, claim, S3_SECRET)
