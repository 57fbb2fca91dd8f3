"""Answers are XML by the model, and nothing else can be written."""

import datetime as dt
from typing import Any

import pytest

from ostiary.wire import answer
from ostiary.wire.service import IAM, STS


def test_a_whole_answer() -> None:
    """GetCallerIdentity's answer, byte for byte."""
    result = {
        "UserId": "AIDAEXAMPLE",
        "Account": "111122223333",
        "Arn": "arn:aws:iam::111122223333:user/a&b",
    }

    response = answer.write(STS, "GetCallerIdentity", result, "rid-1")

    assert response.status == 200
    assert response.headers == (
        ("content-type", "text/xml"),
        ("cache-control", "no-store"),
        ("x-amzn-RequestId", "rid-1"),
    )
    assert response.body == (
        b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        b"<UserId>AIDAEXAMPLE</UserId><Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/a&amp;b</Arn>"
        b"</GetCallerIdentityResult><ResponseMetadata><RequestId>rid-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )


def test_an_operation_without_output() -> None:
    """DeleteUser answers with its request id alone."""
    assert answer.write(IAM, "DeleteUser", {}, "rid-1").body == (
        b'<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        b"<ResponseMetadata><RequestId>rid-1</RequestId></ResponseMetadata></DeleteUserResponse>"
    )


@pytest.mark.parametrize(
    "when",
    [
        1440938160,
        1440938160.9,
        dt.datetime(2015, 8, 30, 12, 36, tzinfo=dt.UTC),
    ],
)
def test_times_are_whole_seconds_in_utc(when: Any) -> None:
    """Seconds and datetimes come out as ISO 8601 with a Z."""
    body = answer.write(IAM, "GetUser", {"User": {"CreateDate": when}}, "r").body

    assert isinstance(body, bytes)
    assert b"<CreateDate>2015-08-30T12:36:00Z</CreateDate>" in body


def test_absent_and_empty_members() -> None:
    """None leaves a member out; an empty list or structure stays as an empty element."""
    body = answer.write(
        IAM,
        "GetRole",
        {"Role": {"Tags": [], "RoleLastUsed": {}, "Description": None}},
        "r",
    ).body

    assert isinstance(body, bytes)
    assert b"<Role><Tags></Tags><RoleLastUsed></RoleLastUsed></Role>" in body


@pytest.mark.threat("T56")
@pytest.mark.parametrize("code", [0x0, 0x8, 0xB, 0x1F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF])
def test_what_xml_cannot_say_is_a_bug(code: int) -> None:
    """Control characters, half pairs and non-characters are never written."""
    with pytest.raises(ValueError, match="cannot carry"):
        answer.write(IAM, "GetUser", {"User": {"UserName": chr(code)}}, "r")


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        ({"User": {"Nonsense": "x"}}, ValueError),
        ({"IsTruncated": "true"}, ValueError),
        ({"User": {"UserName": 1}}, TypeError),
    ],
)
def test_what_the_model_does_not_know_is_a_bug(
    result: dict[str, Any], kind: type[Exception]
) -> None:
    """A stray member or a value of another type is never written."""
    with pytest.raises(kind):
        answer.write(IAM, "GetUser", result, "r")
    with pytest.raises(TypeError):
        answer.write(IAM, "ListUsers", {"Users": [], "IsTruncated": "false"}, "r")
    with pytest.raises(TypeError):
        answer.write(IAM, "GetRole", {"Role": {"MaxSessionDuration": True}}, "r")
