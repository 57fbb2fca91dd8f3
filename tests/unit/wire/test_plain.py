"""What is kept from one request to the next changes no answer."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from ostiary.wire import catalog, plain
from ostiary.wire.claim import Claim
from ostiary.wire.faults import Fault
from ostiary.wire.http import LONGEST_KEPT, Request, read_names
from ostiary.wire.reasons import AuthenticationError
from ostiary.wire.service import EC2, IAM, STS, Service
from ostiary.wire.sigv4 import read_claim
from tests.unit.wire.made import FORM, form, signed, with_header

CALL = form("2011-06-15", "GetCallerIdentity")


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    plain._targets.clear()


def _read(arrived: Request, service: Service = STS) -> object:
    try:
        return catalog.read(arrived, service)
    except Fault as fault:
        return fault.code, fault.status


def test_a_call_without_parameters_is_read_once() -> None:
    """The second one gets the very same target, which nobody can change."""
    first = catalog.read(CALL, STS)

    assert catalog.read(replace(CALL), STS) is first
    with pytest.raises(TypeError):
        first.params["RoleArn"] = "a"  # type: ignore[index]  # it must not


@pytest.mark.threat("T44")
@pytest.mark.threat("T53")
@pytest.mark.parametrize(
    ("changed", "service"),
    [
        (replace(CALL, method="GET"), STS),
        (replace(CALL, method="PUT"), STS),
        (replace(CALL, path="/x"), STS),
        (replace(CALL, path=""), STS),
        (replace(CALL, query="Action=AssumeRole"), STS),
        (replace(CALL, query="a=1"), STS),
        (replace(CALL, body=CALL.body + b"&A=1"), STS),
        (replace(CALL, body=CALL.body + b"&Version=2011-06-15"), STS),
        (replace(CALL, body=CALL.body.lower()), STS),
        (with_header(CALL, "x-amz-target", "A.B"), STS),
        (with_header(CALL, "content-encoding", "gzip"), STS),
        (with_header(CALL, "content-type", "text/plain"), STS),
        (with_header(CALL, "content-type", None), STS),
        (CALL, IAM),
        (CALL, EC2),
    ],
)
def test_whatever_else_differs_is_read_anew(changed: Request, service: Service) -> None:
    """A kept target answers only for what it was read from."""
    alone = _read(changed, service)
    plain._targets.clear()
    kept = catalog.read(CALL, STS)

    assert _read(changed, service) == alone
    assert _read(changed, service) is not kept


@pytest.mark.threat("T139")
def test_only_calls_without_parameters_are_kept_and_not_too_many() -> None:
    """Nothing of a client's own stays, however much it sends."""
    catalog.read(form("2010-05-08", "GetUser", UserName="a"), IAM)
    assert plain._targets == {}

    for blanks in range(1, 2 * plain._MOST):
        kind = FORM[1].replace(" ", " " * blanks)
        catalog.read(with_header(CALL, "content-type", kind), STS)
    assert 0 < len(plain._targets) <= plain._MOST
    assert all(len(kind) <= plain._LONGEST for _, kind, _ in plain._targets)


def test_names_are_read_as_if_each_request_were_the_first() -> None:
    """Known and unknown names, few and many, say the same."""
    few = ("host", "x-amz-date", "x-amz-meta-a_b", "x-amz-date")
    many = (*few, *(f"x-{'a' * 50}-{n}" for n in range(LONGEST_KEPT // 50)))

    for names in (few, many):
        read = read_names(names)
        assert read == read_names(tuple(names))
        assert (read.single, read.ambiguous) == (False, "x-amz-date")
        assert read.aws == ("x-amz-date", "x-amz-meta-a_b")


@pytest.mark.threat("T43")
def test_a_known_head_gives_no_signature() -> None:
    """What is kept of an Authorization header ends before its signature."""
    arrived = signed(CALL)
    value = arrived.index["authorization"]
    head, _, signature = value.rpartition("Signature=")
    claim = read_claim(arrived)
    other = "0" * 64

    assert isinstance(claim, Claim)
    assert claim.signature == signature
    changed = read_claim(
        with_header(arrived, "authorization", f"{head}Signature={other}")
    )
    assert changed == claim._replace(signature=other)
    for wrong in ("", other[:-1], f"{other}0", "A" * 64, f"{signature}, {value}"):
        broken = with_header(arrived, "authorization", f"{head}Signature={wrong}")
        with pytest.raises(AuthenticationError):
            read_claim(broken)


def test_a_form_with_an_escape_is_another_body() -> None:
    """Bodies are compared byte by byte, so each spelling is read by itself."""
    body = urlencode({"Action": "GetCallerIdentity", "Version": "2011-06-15"})
    escaped = replace(CALL, body=body.replace("G", "%47").encode())

    assert catalog.read(escaped, STS) == catalog.read(CALL, STS)
    assert len(plain._targets) == 2
