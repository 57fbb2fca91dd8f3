"""The global condition keys of a request: only what was parsed and signed."""

from dataclasses import replace

import pytest

from ostiary.gate.needs import request_context
from ostiary.identity.caller import CLOCK_SLACK, context
from tests.unit.gate.asking import ALICE, NOW, REGION, s3_request

PLAIN = s3_request("GET", "/mine/k")


def test_every_request_has_these_keys() -> None:
    """Address, transport, time and region are always there (facts 5.1)."""
    assert request_context(PLAIN, NOW + 0.9, REGION) == {
        "aws:SourceIp": "127.0.0.1",
        "aws:SecureTransport": "false",
        "aws:CurrentTime": "2026-05-28T20:26:40Z",
        "aws:EpochTime": str(NOW),
        "aws:RequestedRegion": REGION,
        "aws:ViaAWSService": "false",
    }


def test_transport_is_what_it_was() -> None:
    """Over TLS, aws:SecureTransport is true."""
    assert (
        request_context(replace(PLAIN, secure=True), NOW, REGION)["aws:SecureTransport"]
        == "true"
    )


def test_what_the_client_says_of_itself() -> None:
    """User agent and referer are there when they were sent, and not otherwise."""
    told = s3_request(
        "GET", "/mine/k", ("user-agent", "curl/8"), ("referer", "https://a.example")
    )
    found = request_context(told, NOW, REGION)

    assert found["aws:UserAgent"] == "curl/8"
    assert found["aws:referer"] == "https://a.example"


@pytest.mark.threat("T150")
def test_headers_cannot_make_keys() -> None:
    """A header in the shape of a condition key, or of a proxy's, is nothing."""
    forged = s3_request(
        "GET",
        "/mine/k",
        ("aws:multifactorauthpresent", "true"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-amz-source-ip", "10.0.0.1"),
    )

    assert request_context(forged, NOW, REGION) == request_context(PLAIN, NOW, REGION)


@pytest.mark.threat("T149")
def test_request_and_caller_never_say_the_same_key() -> None:
    """The request's keys and the caller's have no name in common, in any letter case."""
    request = s3_request("GET", "/mine/k", ("user-agent", "a"), ("referer", "b"))
    ours = {key.lower() for key in request_context(request, NOW, REGION)}
    callers = {
        key.lower() for key in context(replace(ALICE, mfa_at=NOW - CLOCK_SLACK), NOW)
    }

    assert not ours & callers
