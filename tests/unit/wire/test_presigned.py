"""The presigned form: its parameters, its life, its grammar."""

from dataclasses import replace

import pytest

from ostiary.wire import catalog, refusals
from ostiary.wire.reasons import AuthenticationError
from ostiary.wire.sigv4 import read_claim, verify
from tests.unit.wire.made import (
    NOW,
    SECRET,
    judge,
    presigned,
    request,
    with_header,
)

DIGITS = "0" * 64


@pytest.mark.threat("T49")
@pytest.mark.parametrize(
    ("expires", "late", "verdict"),
    [
        ("900", 899, "proved"),
        ("900", 900, "PRESIGNED_EXPIRED"),
        ("604800", 604799, "proved"),
        ("604800", -901, "TOO_NEW"),
        ("604801", 0, "EXPIRES"),
        ("0", 0, "PRESIGNED_EXPIRED"),
        ("-1", 0, "EXPIRES"),
        ("1e3", 0, "EXPIRES"),
        ("\uff19\uff10\uff10", 0, "EXPIRES"),
        (" 900", 0, "EXPIRES"),
        ("99999999999", 0, "EXPIRES"),
        ("", 0, "MALFORMED"),
    ],
)
@pytest.mark.parametrize("service", ["s3", "sts"])
def test_presigned_life(service: str, expires: str, late: int, verdict: str) -> None:
    """A presigned request lives from its date for its seconds, a week at most."""
    arrived = presigned(
        request("GET", "/b/k" if service == "s3" else "/"),
        service,
        X_Amz_Expires=expires,
    )
    try:
        claim = read_claim(arrived)
        assert claim is not None
        verify(arrived, claim, SECRET, NOW + late)
        got = "proved"
    except AuthenticationError as error:
        got = error.reason.name

    assert got == verdict


@pytest.mark.threat("T49", "T51")
@pytest.mark.parametrize(
    "name",
    [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
    ],
)
def test_presigned_without_a_parameter(name: str) -> None:
    """Each parameter of the presigned form must be there."""
    arrived = presigned(request(), "s3", **{name: None})  # type: ignore[arg-type]  # None drops it

    with pytest.raises(AuthenticationError) as caught:
        read_claim(arrived)

    fault = refusals.refuse(catalog.S3, caught.value)
    assert (fault.code, fault.status) == ("AuthorizationQueryParametersError", 400)
    assert fault.message.startswith(
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential"
    )


@pytest.mark.threat("T44")
@pytest.mark.parametrize(
    "extra",
    [
        "X-Amz-Credential=x",
        "x-amz-signature=" + DIGITS,
        "X%2DAmz%2DDate=1",
        "X-AMZ-EXPIRES=1",
        "X-Amz-Security-Token=a&X-Amz-Security-Token=b",
    ],
)
def test_presigned_parameters_may_stand_once(extra: str) -> None:
    """A protocol parameter said again, also in another case or encoding, is refused."""
    arrived = presigned(request())

    assert judge(replace(arrived, query=f"{arrived.query}&{extra}")) == "MALFORMED"


@pytest.mark.threat("T41", "T42")
def test_a_presigned_token_may_not_be_said_in_a_header_too() -> None:
    """Query and header cannot both carry a session token."""
    arrived = presigned(
        request("GET", "/b/k"),
        "s3",
        X_Amz_Security_Token="t",
        X_Amz_SignedHeaders="host;x-amz-security-token",
    )

    assert judge(with_header(arrived, "x-amz-security-token", "u")) == "TWO_MECHANISMS"


@pytest.mark.threat("T49", "T50")
@pytest.mark.parametrize(
    ("name", "value", "verdict"),
    [
        ("X_Amz_Date", "20150830", "MALFORMED"),
        ("X_Amz_Date", "20150230T123600Z", "MALFORMED"),
        ("X_Amz_Date", "2015-08-30T12:36:00Z", "MALFORMED"),
        ("X_Amz_Algorithm", "AWS4-HMAC-SHA1", "UNSUPPORTED"),
        ("X_Amz_Algorithm", "aws4-hmac-sha256", "UNSUPPORTED"),
        ("X_Amz_Algorithm", "AWS4-ECDSA-P256-SHA256", "UNSUPPORTED"),
        ("X_Amz_Credential", "AKIDEXAMPLE", "MALFORMED"),
        ("X_Amz_Credential", "/20150830/us-east-1/s3/aws4_request", "UNKNOWN_KEY"),
        ("X_Amz_SignedHeaders", "Host", "MALFORMED"),
        ("X_Amz_SignedHeaders", "host;host", "MALFORMED"),
        (
            "X_Amz_Content_Sha256",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "PAYLOAD_INVALID",
        ),
        (
            "X_Amz_Content_Sha256",
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "PAYLOAD_INVALID",
        ),
        ("X_Amz_Content_Sha256", "none", "PAYLOAD_INVALID"),
        ("X_Amz_Content_Sha256", "UNSIGNED-PAYLOAD", "proved"),
    ],
)
def test_presigned_grammar(name: str, value: str, verdict: str) -> None:
    """Each parameter has one grammar; a chunked body cannot be presigned."""
    arrived = presigned(request("GET", "/b/k"), "s3", **{name: value})

    assert judge(arrived) == verdict


@pytest.mark.threat("T51")
@pytest.mark.parametrize("signature", ["", "0" * 63, "0" * 65, "A" * 64, "%C3%A9" * 64])
def test_presigned_signatures(signature: str) -> None:
    """Anything but 64 lower-case digits is no signature."""
    arrived = presigned(request("GET", "/b/k"), "s3")
    query = f"{arrived.query.rpartition('=')[0]}={signature}"

    assert judge(replace(arrived, query=query)) in {"SIGNATURE", "MALFORMED"}


@pytest.mark.threat("T40")
def test_presigned_payload_is_said_once() -> None:
    """Header and query must declare the same payload, or the request is refused."""
    digest = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"
    arrived = presigned(
        request("GET", "/b/k"), "s3", X_Amz_Content_Sha256="UNSIGNED-PAYLOAD"
    )

    assert (
        judge(with_header(arrived, "x-amz-content-sha256", digest)) == "PAYLOAD_INVALID"
    )
    assert (
        judge(with_header(arrived, "x-amz-content-sha256", "UNSIGNED-PAYLOAD"))
        == "proved"
    )
