"""Abuse of signatures and of the wire, with raw bytes (threats T39 to T51)."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

import pytest

from tests.e2e.wire import (
    ALGORITHM,
    EMPTY,
    PROTOCOLS,
    REGION,
    SERVICES,
    VERSIONS,
    Answer,
    Draft,
    Headers,
    call,
    exchange,
    host_of,
    presigned,
    raw,
    send,
    signed,
)
from tests.e2e.world import Credentials, Person, World, allow, policy, refused

FORM = ("content-type", "application/x-www-form-urlencoded; charset=utf-8")
NOT_SIGNED = "There were headers present in the request which were not signed"
ONE_MECHANISM = "Only one auth mechanism allowed"


@dataclass
class Gate:
    """The server, and an administrator who can do everything a request asks for."""

    world: World
    admin: Person
    bucket: str

    def sends(self, draft: Draft) -> Answer:
        """The answer to a signed request."""
        return send(self.world.server, draft, self.admin.credentials)

    def sends_raw(self, draft: Draft, headers: Headers) -> Answer:
        """The answer to a request with these headers and no others."""
        return exchange(self.world.server, raw(draft, headers), draft.method)

    def signs(self, draft: Draft) -> Headers:
        """The headers of a signed request."""
        return signed(self.world.server, draft, self.admin.credentials)

    def refuses(self, answer: Answer, service: str, codes: set[int]) -> str:
        """A refusal in the service's own shape; the next request works."""
        assert answer.status in codes, (answer.status, answer.body)
        code, _ = answer.error(service)
        assert code not in {"", "InternalFailure", "InternalError"}
        assert code != str(answer.status), answer.body
        assert self.sends(call(service)).status == 200
        return code


@pytest.fixture(scope="module")
def gate(world: World) -> Gate:
    """One administrator and one bucket for all of it."""
    admin = world.a.person("Wire", admin=True)
    return Gate(world, admin, world.a.bucket())


def object_of(gate: Gate, method: str, key: str, body: bytes = b"") -> Draft:
    """A request for an object."""
    digest = hashlib.sha256(body).hexdigest()
    return Draft(
        service="s3",
        method=method,
        path=f"/{gate.bucket}/{key}",
        headers=(("x-amz-content-sha256", digest),),
        body=body,
    )


def authorized(draft: Draft, headers: Headers, value: str) -> Headers:
    """The headers with another Authorization header."""
    kept = tuple(pair for pair in headers if pair[0] != "authorization")
    return (*kept, ("authorization", value))


def of(headers: Headers, name: str) -> str:
    """A header's value."""
    return next(value for found, value in headers if found == name)


# T39 ------------------------------------------------------------------------------


@pytest.mark.threat("T39")
@pytest.mark.parametrize("service", SERVICES)
def test_the_two_forms_of_signature_version_4_are_served(
    gate: Gate, service: str
) -> None:
    """T39: header and presigned form are accepted; the same without a signature is not."""
    draft = call(service)
    assert gate.sends(draft).status == 200
    there = presigned(gate.world.server, draft, gate.admin.credentials)
    assert send(gate.world.server, there, None).status == 200
    anonymous = send(gate.world.server, draft, None)
    codes = {400, 401, 403}
    code = gate.refuses(anonymous, service, codes)
    assert code in {
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "AccessDenied",
        "AuthorizationError",
    }


def other_mechanisms(gate: Gate, headers: Headers) -> dict[str, str]:
    """Authorization headers of mechanisms that are not served."""
    key = gate.admin.credentials
    value = of(headers, "authorization")
    return {
        "SigV4A": value.replace(ALGORITHM, "AWS4-ECDSA-P256-SHA256"),
        "SigV2": f"AWS {key.key_id}:{'c2lnbmF0dXJl' * 2}",
        "bearer": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.",
        "basic": "Basic cm9vdDpyb290",
        "unknown": value.replace(ALGORITHM, "OTHER"),
        "lower case": value.replace(ALGORITHM, ALGORITHM.lower()),
        "SHA-1": value.replace(ALGORITHM, "AWS4-HMAC-SHA1"),
        "none": value.replace(f"{ALGORITHM} ", ""),
        "empty": "",
    }


@pytest.mark.threat("T39", "T50")
@pytest.mark.parametrize("service", SERVICES)
def test_no_other_mechanism_is_served(gate: Gate, service: str) -> None:
    """T39, T50: SigV4A, SigV2, bearer, POST form and others are refused on every route."""
    draft = call(service)
    headers = gate.signs(draft)
    for name, value in other_mechanisms(gate, headers).items():
        answer = gate.sends_raw(draft, authorized(draft, headers, value))
        code = gate.refuses(answer, service, {400, 401, 403})
        assert answer.status == 400, (name, code)
    bare: Headers = (("host", host_of(gate.world.server)), *draft.headers)
    key = gate.admin.credentials.key_id
    old = replace(draft, query=f"AWSAccessKeyId={key}&Signature=x&Expires=9999999999")
    gate.refuses(gate.sends_raw(old, bare), service, {400, 403})
    posted = Draft(
        service=service,
        headers=(("content-type", "multipart/form-data; boundary=x"),),
        body=b'--x\r\ncontent-disposition: form-data; name="key"\r\n\r\nk\r\n--x--\r\n',
    )
    answer = send(gate.world.server, posted, None)
    assert answer.status in {400, 403}
    assert gate.sends(draft).status == 200


# T40 ------------------------------------------------------------------------------

STREAMS = [
    "UNSIGNED-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-SOMETHING-NEW",
]


@pytest.mark.threat("T40")
@pytest.mark.parametrize("service", [s for s in SERVICES if s != "s3"])
def test_only_the_true_hash_covers_a_body(gate: Gate, service: str) -> None:
    """T40: outside S3 objects the payload is the hash of the body, said or unsaid."""
    draft = call(service)
    true = hashlib.sha256(draft.body).hexdigest()
    for told in (*STREAMS, true.upper(), EMPTY, "0" * 64, ""):
        wrong = replace(
            draft.with_headers(("x-amz-content-sha256", told)), payload=told
        )
        gate.refuses(gate.sends(wrong), service, {400, 401, 403})
    twice = draft.with_headers(*(("x-amz-content-sha256", true),) * 2)
    gate.refuses(gate.sends(twice), service, {400, 401, 403})
    right = draft.with_headers(("x-amz-content-sha256", true))
    assert gate.sends(right).status == 200
    changed = replace(draft, body=draft.body + b" ")
    answer = gate.sends_raw(changed, gate.signs(draft))
    gate.refuses(answer, service, {400, 401, 403})


@pytest.mark.threat("T40")
def test_s3_takes_only_what_was_signed(gate: Gate) -> None:
    """T40: a wrong or missing hash is refused, an unsigned bucket policy too."""
    right = object_of(gate, "PUT", "payload", b"data")
    assert gate.sends(right).status == 200
    other = replace(right, headers=(("x-amz-content-sha256", EMPTY),))
    answer = gate.sends(replace(other, payload=EMPTY))
    assert gate.refuses(answer, "s3", {400}) == "XAmzContentSHA256Mismatch"
    missing = replace(right, headers=())
    gate.refuses(gate.sends(missing), "s3", {400})
    unsigned = "UNSIGNED-PAYLOAD"
    text = b'{"Version":"2012-10-17","Statement":[]}'
    rule = Draft(
        service="s3",
        method="PUT",
        path=f"/{gate.bucket}",
        query="policy",
        headers=(("x-amz-content-sha256", unsigned),),
        body=text,
        payload=unsigned,
    )
    gate.refuses(gate.sends(rule), "s3", {400})
    head = replace(right, headers=(("x-amz-content-sha256", STREAMS[2]),))
    gate.refuses(gate.sends(replace(head, payload=STREAMS[2])), "s3", {400, 403})
    stored = gate.admin.client("s3").get_object(Bucket=gate.bucket, Key="payload")
    assert stored["Body"].read() == b"data"


@pytest.mark.threat("T40")
def test_a_chunk_that_nobody_signed_is_not_stored(gate: Gate) -> None:
    """T40: chunk signatures are checked before a chunk is forwarded."""
    mode = STREAMS[2]
    draft = Draft(
        service="s3",
        method="PUT",
        path=f"/{gate.bucket}/chunks",
        headers=(
            ("x-amz-content-sha256", mode),
            ("x-amz-decoded-content-length", "5"),
            ("content-encoding", "aws-chunked"),
        ),
        payload=mode,
    )
    fake = "0" * 64
    body = f"5;chunk-signature={fake}\r\nhello\r\n0;chunk-signature={fake}\r\n\r\n"
    answer = gate.sends_raw(replace(draft, body=body.encode()), gate.signs(draft))
    gate.refuses(answer, "s3", {400, 403})
    s3 = gate.admin.client("s3")
    refused("NoSuchKey", 404, s3.get_object, Bucket=gate.bucket, Key="chunks")
    # The SDK's own chunks are fine.
    s3.put_object(
        Bucket=gate.bucket, Key="chunks", Body=b"hello", ChecksumAlgorithm="SHA256"
    )
    assert s3.get_object(Bucket=gate.bucket, Key="chunks")["Body"].read() == b"hello"


# T41 ------------------------------------------------------------------------------

LOOSE = [
    "x-amz-copy-source",
    "x-amz-acl",
    "x-amz-tagging",
    "x-amz-security-token",
    "x-amz-website-redirect-location",
    "x-amz-mfa",
    "x-amz-meta-owner",
    "x-amz-grant-read",
    "x-amz-bypass-governance-retention",
    "X-AMZ-Copy-Source",
]


@pytest.mark.threat("T41")
@pytest.mark.parametrize("name", LOOSE)
def test_no_unsigned_amz_header_rides_along(gate: Gate, name: str) -> None:
    """T41: 403 for any x-amz- header outside the signature, in both forms."""
    draft = object_of(gate, "PUT", "loose", b"x")
    added = (name, f"/{gate.bucket}/payload")
    answer = gate.sends(draft.late_headers(added))
    assert gate.refuses(answer, "s3", {403}) == "AccessDenied"
    assert answer.error("s3")[1] == NOT_SIGNED
    assert (
        f"<HeadersNotSigned>{name.lower()}</HeadersNotSigned>".encode() in answer.body
    )
    there = presigned(gate.world.server, draft, gate.admin.credentials)
    assert send(gate.world.server, there, None).status == 200
    answer = send(gate.world.server, there.late_headers(added), None)
    assert gate.refuses(answer, "s3", {403}) == "AccessDenied"
    answer = gate.sends(call("iam").late_headers(added))
    assert gate.refuses(answer, "iam", {403}) == "AccessDenied"


@pytest.mark.threat("T41")
@pytest.mark.parametrize("service", SERVICES)
def test_the_host_must_be_signed(gate: Gate, service: str) -> None:
    """T41: a signature that does not cover the host proves nothing."""
    draft = call(service)
    headers = gate.signs(draft)
    value = of(headers, "authorization").replace("host;", "")
    answer = gate.sends_raw(draft, authorized(draft, headers, value))
    gate.refuses(answer, service, {401, 403, 400})


# T42, T43 -------------------------------------------------------------------------


@pytest.mark.threat("T42", "T43")
@pytest.mark.parametrize("service", SERVICES)
def test_two_mechanisms_at_once_are_one_too_many(gate: Gate, service: str) -> None:
    """T42, T43: header and query, or two headers, even of two good keys: 400."""
    draft, server = call(service), gate.world.server
    there = presigned(server, draft, gate.admin.credentials)
    other = gate.world.a.person("Second", admin=True).credentials
    for credentials in (gate.admin.credentials, other):
        both = replace(there, headers=draft.headers)
        answer = send(server, both, credentials)
        gate.refuses(answer, service, {400})
        assert ONE_MECHANISM in answer.error(service)[1]
    headers = gate.signs(draft)
    second = signed(server, draft, other)
    twice = (*headers, ("authorization", of(second, "authorization")))
    answer = gate.sends_raw(draft, twice)
    gate.refuses(answer, service, {400})
    assert ONE_MECHANISM in answer.error(service)[1]


# T44 ------------------------------------------------------------------------------

CREATE = f"Action=CreateUser&Version={VERSIONS['iam']}&UserName=t44"
DOUBLES = {
    "action twice": f"Action=ListUsers&{CREATE}",
    "value twice": f"{CREATE}&UserName=other",
    "in another case": f"{CREATE}&username=other",
    "action in another case": f"{CREATE}&ACTION=ListUsers",
    "encoded name": f"{CREATE}&User%4Eame=other",
    "brackets": f"{CREATE}&UserName[]=other",
    "semicolon": f"{CREATE};UserName=other",
    "member twice": f"{CREATE}&Tags.member.1.Key=a&Tags.member.1.Key=b",
    "encoded action": f"A%63tion=ListUsers&{CREATE}",
    "nul in a name": f"{CREATE}&User%00Name=other",
}


@pytest.mark.threat("T44")
@pytest.mark.parametrize("kind", DOUBLES)
def test_a_parameter_stands_once_and_has_one_spelling(gate: Gate, kind: str) -> None:
    """T44: 400 for a repeated or nearly repeated name; nothing is done."""
    draft = Draft(service="iam", headers=(FORM,), body=DOUBLES[kind].encode())
    answer = gate.sends(draft)
    gate.refuses(answer, "iam", {400})
    iam = gate.world.a.client("iam")
    for name in ("t44", "other"):
        refused("NoSuchEntity", 404, iam.get_user, UserName=name)


@pytest.mark.threat("T44")
def test_query_and_body_share_no_name(gate: Gate) -> None:
    """T44: parameters of the body win nothing; the two halves of a call are one call."""
    name = "t44-shared"
    body = f"Version={VERSIONS['iam']}&UserName={name}"
    for query in ("Action=ListUsers&UserName=x", "Action=CreateUser&UserName=x"):
        draft = Draft(service="iam", headers=(FORM,), query=query, body=body.encode())
        gate.refuses(gate.sends(draft), "iam", {400})
    iam = gate.world.a.client("iam")
    refused("NoSuchEntity", 404, iam.get_user, UserName=name)
    draft = Draft(
        service="iam", headers=(FORM,), query="Action=CreateUser", body=body.encode()
    )
    assert gate.sends(draft).status == 200
    assert iam.get_user(UserName=name)["User"]
    iam.delete_user(UserName=name)


# T45 ------------------------------------------------------------------------------


def doubled(headers: Headers) -> Iterator[tuple[str, list[str]]]:
    """Header lines that two readers read differently."""
    lines = [f"{name}: {value}" for name, value in headers]
    length = "content-length: 0"
    yield "host twice", [*lines, "host: evil.example", length]
    yield "host first", ["host: evil.example", *lines, length]
    yield "date twice", [*lines, "x-amz-date: 20200101T000000Z", length]
    yield (
        "token twice",
        [*lines, "x-amz-security-token: a", "x-amz-security-token: b", length],
    )
    yield "length twice", [*lines, length, "content-length: 5"]
    yield "lengths in one", [*lines, "content-length: 0, 5"]
    yield "folding", [*lines, "x-note: a\r\n b", length]
    yield "blank before the colon", [*lines, "x-note : a", length]
    yield "no colon", [*lines, "x-note", length]
    yield "nul", [*lines, "x-note: a\0b", length]
    yield "bare line feed", [*lines, "x-note: a\nx-other: b", length]
    yield "bare carriage return", [*lines, "x-note: a\rb", length]
    yield "underscore twin", [*lines, "X_Amz_Date: 20200101T000000Z", length]
    yield "underscore host", [*lines, "h_ost: a", "content_length: 5", length]
    yield "chunked and length", [*lines, "transfer-encoding: chunked", length]
    yield "negative length", [*lines, "content-length: -1"]
    yield "plus length", [*lines, "content-length: +0"]


@pytest.mark.threat("T45")
def test_headers_that_two_readers_read_differently_are_refused(gate: Gate) -> None:
    """T45: 400 for each, and no answer to anything behind it."""
    draft = Draft(
        service="iam",
        method="GET",
        query=f"Action=ListUsers&Version={VERSIONS['iam']}",
    )
    headers = gate.signs(draft)
    target = f"GET /?{draft.query} HTTP/1.1"
    good = [target, *(f"{name}: {value}" for name, value in headers)]
    assert (
        exchange(
            gate.world.server, ("\r\n".join(good) + "\r\n\r\n").encode(), "GET"
        ).status
        == 200
    )
    for name, lines in doubled(headers):
        data = ("\r\n".join([target, *lines]) + "\r\n\r\n").encode("latin-1")
        answer = exchange(gate.world.server, data, "GET")
        assert 400 <= answer.status < 500 or answer.status == 501, (name, answer)
        assert b"<Users>" not in answer.body
    assert gate.sends(call("iam")).status == 200


@pytest.mark.threat("T45")
def test_other_repeated_headers_are_joined_once(gate: Gate) -> None:
    """T45: a repeated header that may repeat is joined with commas, as it was signed."""
    twice = call("iam").with_headers(("x-note", "a"), ("x-note", "b"))
    assert gate.sends(twice).status == 200
    headers = tuple(
        (name, "c" if (name, value) == ("x-note", "b") else value)
        for name, value in gate.signs(twice)
    )
    answer = gate.sends_raw(twice, headers)
    gate.refuses(answer, "iam", {403})


# T46, T47 -------------------------------------------------------------------------

KEYS = [
    "plain",
    "a b",
    "a+b",
    "a%b",
    "a//b",
    "a/../b",
    "./a",
    "%2e%2e/x",
    "ä/ö",
    "snow\u2603man",
    "trailing/",
    "~tilde-_.",
    "q?m&n=o",
    "a=b;c",
    "(parens)*'!",
]


@pytest.mark.threat("T46", "T47")
@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_what_was_signed_and_nothing_else(gate: Gate, key: str) -> None:
    """T46, T47: an independent signer's keys are taken as they are, without normalising."""
    body = key.encode()
    spelled = quote(key, safe="/-_.~")
    draft = object_of(gate, "PUT", spelled, body)
    assert gate.sends(draft).status == 200
    answer = gate.sends(object_of(gate, "GET", spelled))
    assert (answer.status, answer.body) == (200, body)
    s3 = gate.admin.client("s3")
    listed = s3.list_objects_v2(Bucket=gate.bucket, Prefix=key)["Contents"]
    assert key in [one["Key"] for one in listed]


@pytest.mark.threat("T46")
@pytest.mark.parametrize("service", SERVICES)
def test_any_change_breaks_the_signature(gate: Gate, service: str) -> None:
    """T46: method, path, query, a signed header, body, date, scope and key are all bound."""
    draft = call(service).with_headers(("x-note", "signed"))
    headers = gate.signs(draft)
    assert gate.sends_raw(draft, headers).status == 200

    def changed(name: str, old: str, new: str) -> Headers:
        made = tuple(
            (found, value.replace(old, new) if found == name else value)
            for found, value in headers
        )
        assert made != headers
        return made

    key = gate.admin.credentials.key_id
    today = of(headers, "x-amz-date")[:8]
    tries: dict[str, tuple[Draft, Headers]] = {
        "query": (replace(draft, query="x=1"), headers),
        "path": (replace(draft, path="/other"), headers),
        "method": (replace(draft, method="PUT"), headers),
        "header": (draft, changed("x-note", "signed", "Signed")),
        "host": (draft, changed("host", "127.0.0.1", "localhost")),
        "date": (draft, changed("x-amz-date", today, "20200101")),
        "scope date": (draft, changed("authorization", today, "20200101")),
        "region": (draft, changed("authorization", REGION, "eu-west-1")),
        "key": (draft, changed("authorization", key, gate.world.a.root.key_id)),
        "unknown key": (draft, changed("authorization", key, "AKIAAAAAAAAAAAAAAAAA")),
        "signature": (
            draft,
            changed("authorization", "Signature=", "Signature=0"),
        ),
    }
    if draft.body:
        flipped = draft.body[:-1] + bytes([draft.body[-1] ^ 1])
        tries["body"] = (replace(draft, body=flipped), headers)
    for name, (other, sent) in tries.items():
        answer = gate.sends_raw(other, sent)
        assert answer.status in {400, 401, 403, 404, 405}, (name, answer)
        assert answer.error(service)[0] not in {"InternalFailure", "InternalError"}
    assert gate.sends_raw(draft, headers).status == 200


SECRETS = [
    "secret/data",
    "%73ecret/data",
    "secret%2Fdata",
    "secret%2fdata",
    "./secret/data",
    "x/../secret/data",
    "/secret/data",
    "%2e/secret/data",
    "secret/./data",
    "secret//data",
    "secret/data/",
    "secret/data%00",
    "secret%5Cdata",
    "secret/dat%C1%A1",
    "SECRET/data",
]


@pytest.mark.threat("T47")
def test_no_spelling_walks_past_an_explicit_deny(gate: Gate) -> None:
    """T47: the ARN that is decided on is built from the key that is forwarded."""
    s3 = gate.admin.client("s3")
    s3.put_object(Bucket=gate.bucket, Key="secret/data", Body=b"the secret")
    s3.put_object(Bucket=gate.bucket, Key="open/data", Body=b"open")
    everything = f"arn:aws:s3:::{gate.bucket}/*"
    hidden = f"arn:aws:s3:::{gate.bucket}/secret/data"
    statements = policy(
        allow("s3:GetObject", everything)["Statement"][0],
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": hidden},
    )
    reader = gate.world.a.person("Reader", statements)
    for spelled in SECRETS:
        draft = object_of(gate, "GET", spelled)
        answer = send(gate.world.server, draft, reader.credentials)
        assert b"the secret" not in answer.body, spelled
        assert answer.status in {400, 403, 404}, spelled
    draft = object_of(gate, "GET", "open/data")
    answer = send(gate.world.server, draft, reader.credentials)
    assert (answer.status, answer.body) == (200, b"open")
    overlong = object_of(gate, "GET", "secret/dat%C1%A1")
    gate.refuses(send(gate.world.server, overlong, reader.credentials), "s3", {400})


# T48 ------------------------------------------------------------------------------


def scopes(service: str) -> dict[str, tuple[str, str, str, str]]:
    """Scopes that are signed well and are wrong."""
    now = time.time()
    day = 86400

    def date(at: float) -> str:
        return time.strftime("%Y%m%d", time.gmtime(at))

    return {
        "yesterday": (date(now - day), REGION, service, "aws4_request"),
        "tomorrow": (date(now + day), REGION, service, "aws4_request"),
        "terminator": (date(now), REGION, service, "aws4_other"),
        "no terminator": (date(now), REGION, service, ""),
        "service in capitals": (date(now), REGION, service.upper(), "aws4_request"),
        "strange region": (date(now), "../x", service, "aws4_request"),
    }


@pytest.mark.threat("T48")
@pytest.mark.parametrize("service", SERVICES)
def test_the_scope_must_be_of_today_and_of_the_service(
    gate: Gate, service: str
) -> None:
    """T48: another date, service or terminator is refused though the signature is right."""
    draft = call(service)
    for name, scope in scopes(service).items():
        answer = gate.sends(replace(draft, scope=scope))
        assert answer.status in {400, 401, 403}, (name, answer)
        assert b"<Users>" not in answer.body
    today = time.strftime("%Y%m%d", time.gmtime())
    right = replace(draft, scope=(today, REGION, service, "aws4_request"))
    assert gate.sends(right).status == 200


@pytest.mark.threat("T48")
@pytest.mark.parametrize(("scoped", "called"), [("sts", "iam"), ("iam", "sts")])
def test_a_scope_does_not_choose_another_api(
    gate: Gate, scoped: str, called: str
) -> None:
    """T48: an IAM call scoped to STS, and the reverse, is SignatureDoesNotMatch."""
    today = time.strftime("%Y%m%d", time.gmtime())
    wrong = replace(call(called), scope=(today, REGION, scoped, "aws4_request"))
    answer = gate.sends(wrong)
    assert answer.status == 403
    code, said = answer.error(scoped)
    assert code == "SignatureDoesNotMatch"
    assert said == f"Credential should be scoped to correct service: '{called}'. "
    assert gate.sends(call(called)).status == 200


@pytest.mark.threat("T48")
def test_wrong_scopes_are_told_in_awss_words(gate: Gate) -> None:
    """Facts 9.4: date and terminator of the scope have sentences of their own."""
    draft, now = call("sts"), time.time()
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    yesterday = time.strftime("%Y%m%d", time.gmtime(now - 86400))
    scope = (yesterday, REGION, "sts", "aws4_request")
    answer = gate.sends(replace(draft, at=now, scope=scope))
    assert answer.status == 403
    assert answer.error("sts")[1] == (
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
        f"date from HTTP: '{yesterday}' != '{stamp[:8]}', from '{stamp}'."
    )
    answer = gate.sends(replace(draft, scope=(stamp[:8], REGION, "sts", "aws5")))
    assert answer.error("sts")[1] == (
        "Credential should be scoped with a valid terminator: 'aws4_request', not "
        "'aws5'."
    )


# T49 ------------------------------------------------------------------------------


@pytest.mark.threat("T49")
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("offset", "fine"), [(-885, True), (885, True), (-905, False), (905, False)]
)
def test_a_signature_is_good_for_fifteen_minutes(
    gate: Gate, service: str, offset: int, *, fine: bool
) -> None:
    """T49: within fifteen minutes of the server's clock, and not beyond."""
    answer = gate.sends(replace(call(service), at=time.time() + offset))
    if fine:
        assert answer.status == 200
        return
    code = gate.refuses(answer, service, {400, 401, 403})
    assert (
        code
        == {
            "query": "SignatureDoesNotMatch",
            "ec2": "RequestExpired",
            "json": "InvalidSignature"
            if service == "sqs"
            else "InvalidSignatureException",
            "rest-xml": "RequestTimeTooSkewed",
        }[PROTOCOLS[service]]
    )


@pytest.mark.threat("T49")
def test_a_read_may_be_replayed_and_a_token_code_may_not(gate: Gate) -> None:
    """T49: identical requests are legal (retries); with a code the second one fails."""
    user = gate.world.a.person("Replay", devices=1)
    server = gate.world.server
    reading = raw(call("sts"), signed(server, call("sts"), user.credentials))
    assert [exchange(server, reading).status for _ in range(2)] == [200, 200]
    draft = call("sts", "GetSessionToken", **user.mfa())
    once = raw(draft, signed(server, draft, user.credentials))
    assert [exchange(server, once).status for _ in range(2)] == [200, 403]


@pytest.mark.threat("T49")
@pytest.mark.parametrize(
    ("expires", "fine"),
    [("1", True), ("604800", True), ("604801", False), ("-1", False), ("x", False)],
)
def test_a_presigned_request_says_how_long_it_lives(
    gate: Gate, expires: str, *, fine: bool
) -> None:
    """T49: X-Amz-Expires is a number up to a week."""
    draft = presigned(
        gate.world.server, call("s3"), gate.admin.credentials, expires=expires
    )
    answer = send(gate.world.server, draft, None)
    if fine:
        assert answer.status == 200
        return
    code = gate.refuses(answer, "s3", {400})
    assert code == "AuthorizationQueryParametersError"


@pytest.mark.threat("T49")
def test_a_presigned_request_dies_with_its_time(gate: Gate) -> None:
    """T49: signed ten minutes ago for five is over, for twenty it is not."""
    ago = replace(call("s3"), at=time.time() - 600)
    key = gate.admin.credentials
    over = presigned(gate.world.server, ago, key, expires="300")
    answer = send(gate.world.server, over, None)
    assert gate.refuses(answer, "s3", {403}) == "AccessDenied"
    assert answer.error("s3")[1] == "Request has expired"
    still = presigned(gate.world.server, ago, key, expires="1200")
    assert send(gate.world.server, still, None).status == 200


# T51 ------------------------------------------------------------------------------


def grammars(value: str) -> dict[str, str]:
    """Authorization headers that are not of the grammar."""
    start, _, signature = value.rpartition("Signature=")
    credential = value.partition("Credential=")[2].partition(",")[0]
    names = value.partition("SignedHeaders=")[2].partition(",")[0]
    return {
        "no signature": start.rstrip(", "),
        "no credential": value.replace(f"Credential={credential}, ", ""),
        "no names": value.replace(f"SignedHeaders={names}, ", ""),
        "credential twice": f"{value}, Credential={credential}",
        "unknown part": f"{value}, Other=1",
        "no equal sign": f"{value}, Other",
        "63 digits": value[:-1],
        "65 digits": f"{value}0",
        "capital digits": f"{start}Signature={signature.upper()}",
        "not ASCII": f"{start}Signature={'é' * 64}",
        "names unsorted": value.replace(names, ";".join(reversed(names.split(";")))),
        "names in capitals": value.replace(names, names.upper()),
        "name repeated": value.replace(names, f"{names};{names.split(';')[-1]}"),
        "absent name": value.replace(names, f"{names};x-zzz"),
        "500 names": value.replace(names, ";".join(f"n{n:03}" for n in range(500))),
        "four parts": value.replace("/aws4_request", ""),
        "six parts": value.replace("/aws4_request", "/aws4_request/x"),
        "empty": f"{ALGORITHM} ",
        "commas": f"{ALGORITHM} ,,,",
    }


@pytest.mark.threat("T51")
@pytest.mark.parametrize("service", ["iam", "s3", "dynamodb", "ec2"])
def test_the_grammar_of_the_authorization_header(gate: Gate, service: str) -> None:
    """T51: 400 or 403 for every fault, never an internal one, and the next request works."""
    draft = call(service)
    headers = gate.signs(draft)
    for name, value in grammars(of(headers, "authorization")).items():
        answer = gate.sends_raw(draft, authorized(draft, headers, value))
        assert answer.status in {400, 401, 403}, (name, answer)
        assert answer.error(service)[0] not in {"", "InternalFailure", "InternalError"}
    assert gate.sends_raw(draft, headers).status == 200


@pytest.mark.threat("T55")
def test_unknown_and_wrong_keys_get_awss_codes_and_nothing_more(gate: Gate) -> None:
    """T55: unknown key, wrong secret, inactive key: the codes that AWS uses, no hints."""
    user = gate.world.a.person("Oracle")
    draft, server = call("sts"), gate.world.server
    wrong = Credentials(user.credentials.key_id, "x" * 40)
    unknown = Credentials("AKIAAAAAAAAAAAAAAAAA", "x" * 40)
    assert send(server, draft, wrong).error("sts")[0] == "SignatureDoesNotMatch"
    first = send(server, draft, unknown)
    assert first.error("sts")[0] == "InvalidClientTokenId"
    assert send(server, draft, user.credentials).status == 200
    gate.world.a.client("iam").update_access_key(
        UserName=user.name, AccessKeyId=user.credentials.key_id, Status="Inactive"
    )
    second = send(server, draft, user.credentials)
    assert second.error("sts") == first.error("sts")
    assert b"AWS4" not in second.body
