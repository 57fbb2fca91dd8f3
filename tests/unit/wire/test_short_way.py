"""The short way of plain calls, held against the way that all others go."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ostiary.wire import sigv4
from ostiary.wire.claim import EMPTY_SHA256
from ostiary.wire.http import Request
from ostiary.wire.reasons import AuthenticationError
from tests.unit.wire.made import FORM, NOW, SECRET, form, signed, with_header

_OTHERWISE: list[Callable[[Request], Request]] = [
    lambda told: told,
    lambda told: replace(told, method="PUT"),
    lambda told: replace(told, path="//"),
    lambda told: replace(told, path=""),
    lambda told: replace(told, query="a=b"),
    lambda told: replace(told, body=b"x"),
    lambda told: with_header(told, "x-amz-date", "20150830T125101Z"),
    lambda told: with_header(told, "x-amz-date", "20150831T123600Z"),
    lambda told: with_header(told, "x-amz-date", None),
    lambda told: with_header(told, "x-amz-security-token", "other"),
    lambda told: with_header(told, "x-amz-security-token", "x" * 9000),
    lambda told: with_header(told, "x-amz-security-token", None),
    lambda told: with_header(told, "x-amz-meta-more", "unsigned"),
    lambda told: with_header(told, "x-amz-content-sha256", "0" * 64),
    lambda told: with_header(told, "x-amz-content-sha256", EMPTY_SHA256),
    lambda told: with_header(told, "host", "other"),
    lambda told: with_header(told, "host", " localhost:4566"),
    lambda told: with_header(told, "host", "local\nhost"),
    lambda told: with_header(told, "host", "loc\u0101l"),
    lambda told: with_header(told, "content-type", f"{FORM[1]}\xe9"),
    lambda told: _reworded(told, "us-east-1", "eu-west-1"),
    lambda told: _reworded(told, "20150830", "20150829"),
    lambda told: _reworded(told, "aws4_request", "aws3_request"),
    lambda told: _reworded(told, "host;", ""),
    lambda told: _reworded(told, "Signature=", "Signature=0"),
    lambda told: _reworded(told, ", ", ","),
    lambda told: _reworded(told, ", ", " ,  "),
]


def _reworded(told: Request, old: str, new: str) -> Request:
    text = (told.header("authorization") or "").replace(old, new)
    return with_header(told, "authorization", text)


@pytest.mark.parametrize("change", _OTHERWISE)
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
@pytest.mark.parametrize("service", ["sts", "iam", "s3"])
def test_the_short_way_says_what_the_long_one_says(
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Request], Request],
    service: str,
    region: str,
) -> None:
    """Plain calls take a short way; it accepts nothing else, and no other claim."""
    plain = form("2011-06-15", "GetCallerIdentity")
    told = change(signed(plain, service, token="token", region=region))
    short = _outcome(told)
    monkeypatch.setattr(sigv4, "_is_usual_proof", lambda *_: False)
    monkeypatch.setattr(sigv4, "read_usual", lambda _: None)
    assert short == _outcome(told)


def _outcome(told: Request) -> tuple[object, ...]:
    try:
        claim = sigv4.read_claim(told)
        assert claim is not None
        sigv4.verify(told, claim, SECRET, NOW)
    except AuthenticationError as error:
        return (error.reason, error.message, error.extra)
    return tuple(claim)


def test_the_short_way_is_taken() -> None:
    """Or the test above would say nothing."""
    told = signed(form("2011-06-15", "GetCallerIdentity"), token="token")
    claim = sigv4.read_claim(told)
    assert claim is not None
    assert sigv4._is_usual_proof(told, claim, SECRET, NOW)
    assert not sigv4._is_usual_proof(told, claim, SECRET + "x", NOW)
    assert not sigv4._is_usual_proof(told, claim, SECRET, NOW + 901)


def test_headers_that_only_the_index_has_are_given_in_order() -> None:
    """A request whose names are all different is made without them."""
    told = signed(form("2011-06-15", "GetCallerIdentity"))
    again = Request(
        method=told.method,
        path=told.path,
        query=told.query,
        body=told.body,
        secure=told.secure,
        peer=told.peer,
        names=told.names,
        index=dict(told.index),
    )
    assert again == told
    assert again.headers == told.headers
    assert replace(again, body=b"").headers == told.headers
    assert again.headers_named("host") == ("localhost:4566",)
