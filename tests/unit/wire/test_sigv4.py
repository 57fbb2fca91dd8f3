"""The header form: its grammar, its scope, its time, and what a refusal tells."""

import hashlib
import hmac
import re
from dataclasses import replace

import pytest

from ostiary.wire import canonical, catalog, faults, refusals
from ostiary.wire.claim import Claim
from ostiary.wire.reasons import AuthenticationError
from ostiary.wire.sigv4 import read_claim, signing_key, verify
from tests.unit.wire.made import (
    KEY_ID,
    NOW,
    SECRET,
    form,
    judge,
    request,
    signed,
    with_header,
)

DIGITS = "0" * 64
STS = form("2011-06-15", "GetCallerIdentity")
IAM = form("2010-05-08", "ListUsers")


@pytest.mark.threat("T48")
@pytest.mark.parametrize(
    ("was", "now", "verdict"),
    [
        ("/20150830/", "/20150829/", "SCOPE"),
        ("/20150830/", "/20150831/", "SCOPE"),
        ("/20150830/", "/2015083/", "SCOPE"),
        ("/us-east-1/", "/eu-west-1/", "SIGNATURE"),
        ("/us-east-1/", "/us east/", "SCOPE"),
        ("/us-east-1/", "//", "SCOPE"),
        ("/sts/", "/iam/", "SIGNATURE"),
        ("/sts/", "/s_t/", "SCOPE"),
        ("/aws4_request", "/aws4", "SCOPE"),
        ("/aws4_request", "", "MALFORMED"),
        ("/aws4_request", "/aws4_request/", "MALFORMED"),
    ],
)
def test_scopes(was: str, now: str, verdict: str) -> None:
    """A scope of another day, region, service or terminator is refused."""
    arrived = signed(STS)
    value = (arrived.header("authorization") or "").replace(was, now)

    assert judge(with_header(arrived, "authorization", value)) == verdict


@pytest.mark.threat("T48")
def test_iam_is_signed_for_its_home_region() -> None:
    """IAM has one region; STS is signed for any."""
    assert judge(signed(IAM, "iam", region="eu-west-1")) == "SCOPE"
    assert judge(signed(STS, "sts", region="eu-west-1")) == "proved"


@pytest.mark.threat("T48")
def test_scope_faults_are_told_together() -> None:
    """Query services say everything that is wrong with a scope; S3 says one thing."""
    arrived = signed(STS)
    value = (arrived.header("authorization") or "").replace(
        "/20150830/us-east-1/", "/20150829/us east/"
    )
    arrived = with_header(
        arrived, "authorization", value.replace("aws4_request", "aws9")
    )
    claim = read_claim(arrived)
    assert claim is not None

    with pytest.raises(AuthenticationError) as caught:
        verify(arrived, claim, SECRET, NOW)

    assert caught.value.message == (
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        "'20150829' != '20150830', from '20150830T123600Z'."
        "Credential should be scoped to a valid region, not 'us east'. "
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws9'."
    )
    assert caught.value.s3 == (
        'The authorization header is malformed; Invalid credential date "20150829". '
        'This date is not the same as X-Amz-Date: "20150830".'
    )


@pytest.mark.threat("T49")
@pytest.mark.parametrize(
    ("late", "verdict"),
    [
        (0, "proved"),
        (899, "proved"),
        (900, "proved"),
        (901, "TOO_OLD"),
        (-900, "proved"),
        (-901, "TOO_NEW"),
    ],
)
def test_clock_skew(late: int, verdict: str) -> None:
    """Fifteen minutes either way pass, one second more does not."""
    assert judge(signed(STS, now=NOW - late)) == verdict


@pytest.mark.threat("T49")
def test_skew_is_told_in_each_service_s_words() -> None:
    """STS names both instants, S3 its elements, EC2 one sentence."""
    arrived = signed(STS, now=NOW - 901)
    claim = read_claim(arrived)
    assert claim is not None
    with pytest.raises(AuthenticationError) as caught:
        verify(arrived, claim, SECRET, NOW)

    error = caught.value
    told = refusals.refuse(catalog.BY_NAME["sts"], error)
    assert (told.code, told.status) == ("SignatureDoesNotMatch", 403)
    assert (
        told.message
        == "Signature expired: 20150830T122059Z is now earlier than 20150830T122100Z (20150830T123600Z - 15 min.)"
    )
    s3 = refusals.refuse(catalog.S3, error)
    assert (s3.code, s3.status) == ("RequestTimeTooSkewed", 403)
    assert s3.extra == {
        "RequestTime": "20150830T122059Z",
        "ServerTime": "2015-08-30T12:36:00Z",
        "MaxAllowedSkewMilliseconds": "900000",
    }
    ec2 = refusals.refuse(catalog.BY_NAME["ec2"], error)
    assert (ec2.code, ec2.status, ec2.message) == (
        "RequestExpired",
        400,
        "Request has expired.",
    )


COMPLETE = f"Credential={KEY_ID}/20150830/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature={DIGITS}"


GRAMMAR = [
    ("", "MALFORMED"),
    ("Credential", "MALFORMED"),
    (COMPLETE.replace("Credential=", "Credentials="), "MALFORMED"),
    (COMPLETE + ", Signature=" + DIGITS, "MALFORMED"),
    (COMPLETE + ", Extra=1", "MALFORMED"),
    (COMPLETE + ",", "MALFORMED"),
    (COMPLETE.replace("SignedHeaders=host;x-amz-date", "SignedHeaders="), "MALFORMED"),
    (COMPLETE.replace("host;x-amz-date", "x-amz-date;host"), "MALFORMED"),
    (COMPLETE.replace("host;x-amz-date", "Host;X-Amz-Date"), "MALFORMED"),
    (COMPLETE.replace("host;x-amz-date", "host;host;x-amz-date"), "MALFORMED"),
    (COMPLETE.replace("host;x-amz-date", "host;;x-amz-date"), "MALFORMED"),
    (
        COMPLETE.replace(
            "host;x-amz-date", ";".join(f"h{n:05}" for n in range(10_000))
        ),
        "MALFORMED",
    ),
    (COMPLETE.replace("host;x-amz-date", "host;missing;x-amz-date"), "SIGNATURE"),
    (COMPLETE.replace(DIGITS, DIGITS[1:]), "SIGNATURE"),
    (COMPLETE.replace(DIGITS, DIGITS + "0"), "SIGNATURE"),
    (COMPLETE.replace(DIGITS, "A" * 64), "SIGNATURE"),
    (COMPLETE.replace(DIGITS, "é" * 64), "SIGNATURE"),
    (COMPLETE.replace(DIGITS, "٣" * 64), "SIGNATURE"),
    (COMPLETE, "SIGNATURE"),
    (COMPLETE.replace(KEY_ID, ""), "UNKNOWN_KEY"),
    (COMPLETE.replace(KEY_ID, "é\x00\x7f"), "UNKNOWN_KEY"),
    (COMPLETE.replace(KEY_ID, "A" * 129), "UNKNOWN_KEY"),
    (COMPLETE.replace(KEY_ID, "a/b"), "MALFORMED"),
]


@pytest.mark.threat("T51")
@pytest.mark.parametrize(("rest", "verdict"), GRAMMAR)
def test_authorization_grammar(rest: str, verdict: str) -> None:
    """Whatever is wrong with an Authorization header is a refusal, never an exception."""
    dated = with_header(STS, "x-amz-date", "20150830T123600Z")

    assert (
        judge(with_header(dated, "authorization", f"AWS4-HMAC-SHA256 {rest}"))
        == verdict
    )


@pytest.mark.threat("T51")
@pytest.mark.parametrize(
    ("order", "blank"),
    [((0, 1, 2), ", "), ((0, 1, 2), ","), ((2, 1, 0), ", "), ((1, 0, 2), ",  ")],
)
def test_authorization_parts_stand_in_any_order(
    order: tuple[int, ...], blank: str
) -> None:
    """Order and blanks of the three parts do not matter."""
    arrived = signed(STS)
    parts = (
        (arrived.header("authorization") or "")
        .removeprefix("AWS4-HMAC-SHA256 ")
        .split(", ")
    )
    value = "AWS4-HMAC-SHA256 " + blank.join(parts[i] for i in order)

    assert judge(with_header(arrived, "authorization", value)) == "proved"


def test_missing_parts_are_listed_as_aws_lists_them() -> None:
    """Only the missing parts are named, and the date with them."""
    arrived = with_header(
        request(), "authorization", "AWS4-HMAC-SHA256 SignedHeaders=host"
    )

    with pytest.raises(AuthenticationError) as caught:
        read_claim(arrived)

    fault = refusals.refuse(catalog.BY_NAME["iam"], caught.value)
    assert (fault.code, fault.status) == ("IncompleteSignature", 400)
    assert fault.message == (
        "Authorization header requires 'Credential' parameter. "
        "Authorization header requires 'Signature' parameter. "
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        "Authorization=AWS4-HMAC-SHA256 SignedHeaders=host"
    )


@pytest.mark.parametrize(
    ("date", "verdict"),
    [
        ("Sun, 30 Aug 2015 12:36:00 GMT", "proved"),
        ("20150830T123600Z", "proved"),
        ("2015-08-30T12:36:00Z", "proved"),
        ("Sun, 30 Foo 2015 12:36:00 GMT", "DATE_MISSING"),
        ("20150230T123600Z", "DATE_MISSING"),
        ("20150830T126100Z", "DATE_MISSING"),
        ("\uff12\uff10\uff11\uff150830T123600Z", "DATE_MISSING"),
        ("2015-W35-7T12:36:00Z", "DATE_MISSING"),
        ("", "DATE_MISSING"),
        (None, "DATE_MISSING"),
    ],
)
def test_the_date_header_serves_where_x_amz_date_is_absent(
    date: str | None, verdict: str
) -> None:
    """HTTP dates and ISO dates are read; anything else is no date."""
    sent = with_header(signed(request("GET"), "sts"), "x-amz-date", None)
    value = re.sub(
        "SignedHeaders=[^,]*", "SignedHeaders=host", sent.header("authorization") or ""
    )
    # The signature of a GET / with `host` alone at NOW, made by the presigned helper's rule.
    value = re.sub("Signature=.*", f"Signature={_plain_signature()}", value)
    arrived = with_header(with_header(sent, "authorization", value), "date", date)

    assert judge(arrived) == verdict


def _plain_signature() -> str:
    empty = hashlib.sha256(b"").hexdigest()
    canonical = f"GET\n/\n\nhost:localhost:4566\n\nhost\n{empty}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/sts/aws4_request\n{digest}"
    return hmac.digest(
        signing_key(SECRET, "20150830", "us-east-1", "sts"), text.encode(), "sha256"
    ).hex()


@pytest.mark.threat("T51")
def test_a_line_break_cannot_forge_the_canonical_request() -> None:
    """A value, path or query with a line break in it never verifies."""
    arrived = signed(request("GET", headers=[("x-amz-meta-a", "1")]), "sts")
    for broken in (
        with_header(arrived, "x-amz-meta-a", "1\nx-amz-meta-b:2"),
        replace(arrived, path="/\n"),
        replace(arrived, query="a=1\n"),
    ):
        assert judge(broken) in {"SIGNATURE", "HEADERS_NOT_SIGNED"}


def test_a_claim_hides_its_credentials() -> None:
    """Neither signature nor session token shows in a claim's or request's repr."""
    arrived = signed(STS, token="FwoGsecret")
    claim = read_claim(arrived)
    assert isinstance(claim, Claim)

    shown = repr(claim) + repr(arrived)

    assert "FwoGsecret" not in shown
    assert claim.signature not in shown
    assert KEY_ID in shown


def test_a_token_is_at_most_8192_bytes() -> None:
    """A longer session token is no token of ours."""
    assert judge(signed(STS, token="t" * 8192)) == "proved"
    assert judge(signed(STS, token="t" * 8193)) == "INVALID_TOKEN"


@pytest.mark.threat("T55")
def test_a_bad_signature_tells_iam_and_sts_nothing() -> None:
    """The answer holds the sentence only; S3 adds the string to sign, and no token."""
    arrived = signed(STS, token="FwoGsecret")
    claim = read_claim(arrived)
    assert claim is not None
    with pytest.raises(AuthenticationError) as caught:
        verify(arrived, claim, "another", NOW)

    told = faults.render(
        refusals.refuse(catalog.BY_NAME["sts"], caught.value),
        catalog.BY_NAME["sts"],
        "rid",
    )
    s3 = faults.render(refusals.refuse(catalog.S3, caught.value), catalog.S3, "rid")

    assert isinstance(told.body, bytes)
    assert isinstance(s3.body, bytes)
    for word in (b"AWS4-HMAC", b"20150830", b"FwoGsecret", KEY_ID.encode()):
        assert word not in told.body
    assert b"<StringToSign>AWS4-HMAC-SHA256" in s3.body
    assert b"FwoGsecret" not in s3.body


@pytest.mark.threat("T51")
def test_lines_that_no_client_can_send_have_no_canonical_request() -> None:
    """A line break or a character beyond a byte gives no candidate at all."""
    names = ("host", "x-amz-meta-a")
    plain = request("GET", headers=[("x-amz-meta-a", "1")])

    def candidates(arrived: object) -> int:
        return len(
            list(
                canonical.canonical_requests(
                    arrived, names, "p", s3=True, presigned=False
                )
            )
        )  # type: ignore[arg-type]  # a request

    assert candidates(plain) == 1
    for broken in (
        with_header(plain, "x-amz-meta-a", "1\nx-amz-meta-b:2"),
        with_header(plain, "x-amz-meta-a", "\u0100"),
        with_header(plain, "x-amz-meta-a", None),
        replace(plain, path="/\n"),
        replace(plain, query="\n"),
        replace(plain, path="/\u0100"),
    ):
        assert candidates(broken) == 0


def test_a_part_without_an_equal_sign_is_named() -> None:
    """The grammar's sentence names the part and shows the header."""
    arrived = with_header(signed(STS), "authorization", "AWS4-HMAC-SHA256 Credential")

    with pytest.raises(AuthenticationError) as caught:
        read_claim(arrived)

    assert caught.value.message == (
        "'Credential' not a valid key=value pair (missing equal-sign) in "
        "Authorization header: 'AWS4-HMAC-SHA256 Credential'."
    )
