"""Input that nobody should send: a clean error of the protocol, and life goes on."""

import base64
import hashlib
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from tests.e2e.wire import (
    SERVICES,
    TARGETS,
    VERSIONS,
    Answer,
    Draft,
    call,
    connect,
    exchange,
    raw,
    receive,
    send,
    signed,
)
from tests.e2e.world import Person, World

MEBIBYTE = 1024 * 1024
QUERY = tuple(VERSIONS)
JSON = tuple(TARGETS)


@dataclass
class Desk:
    """An administrator, for whom nothing is refused but what cannot be read."""

    world: World
    admin: Person

    def sends(self, draft: Draft) -> Answer:
        """The answer to a signed request."""
        return send(self.world.server, draft, self.admin.credentials)

    def refuses(self, draft: Draft, statuses: range = range(400, 500)) -> str:
        """A client error in the service's own shape; the next request works."""
        answer = self.sends(draft)
        assert answer.status in statuses, (answer.status, answer.body[:500])
        assert answer.status < 500
        code, _ = answer.error(draft.service)
        assert code, answer.body
        assert code not in {"InternalFailure", "InternalError", str(answer.status)}
        assert self.sends(call(draft.service)).status == 200
        return code


@pytest.fixture(scope="module")
def desk(world: World) -> Desk:
    """One administrator for all of it."""
    return Desk(world, world.a.person("Desk", admin=True))


@pytest.mark.parametrize("service", [s for s in SERVICES if s != "s3"])
@pytest.mark.threat("T66")
def test_an_unknown_operation_is_named_as_such(desk: Desk, service: str) -> None:
    """Facts 10.8: InvalidAction for query services, UnknownOperationException for JSON."""
    code = desk.refuses(call(service, "MakeCoffee"))
    known = {"InvalidAction", "UnknownOperationException", "UnknownOperation"}
    assert code in known
    desk.refuses(call(service, "x" * 5000))


@pytest.mark.parametrize("service", [s for s in SERVICES if s != "s3"])
def test_an_unknown_parameter_is_refused(desk: Desk, service: str) -> None:
    """A name that the operation does not have is 400, not ignored."""
    draft = call(service, "", Colour="blue")
    answer = desk.sends(draft)
    assert answer.status == 400, answer.body
    assert "Colour" in answer.error(service)[1]
    desk.refuses(draft)


def broken_forms(head: str) -> Iterator[tuple[str, bytes]]:
    """Bodies of the query protocol that are not forms."""
    good = head.encode()
    yield "bad escape", good + b"&UserName=%zz"
    yield "cut escape", good + b"&UserName=%4"
    yield "not UTF-8, escaped", good + b"&UserName=%ff%fe"
    yield "not UTF-8", good + b"&UserName=\xff\xfe"
    yield "NUL", good + b"&UserName=a%00b"
    yield "no name", good + b"&=a"
    yield "gap in a list", good + b"&Tags.member.2.Key=a"
    yield "index too high", good + b"&Tags.member.1001.Key=a"
    yield "index with a zero", good + b"&Tags.member.01.Key=a"
    yield "value and group", good + b"&Tags=a&Tags.member.1.Key=a"
    yield "deep", good + b"&" + b".".join([b"Tags"] * 40) + b"=a"
    yield "many fields", good + b"".join(b"&A%d=1" % n for n in range(2100))
    yield "JSON", b'{"Action":"ListUsers"}'
    yield "XML", b"<Action>ListUsers</Action>"
    yield "empty", b""
    yield "no action", b"Version=2010-05-08"
    yield "dots", good + b"&...=1"


@pytest.mark.parametrize("service", QUERY)
@pytest.mark.threat("T44", "T53")
def test_a_form_that_is_none_is_refused(desk: Desk, service: str) -> None:
    """Query services: every broken form is a 4xx error document."""
    head = call(service).body.decode()
    for name, body in broken_forms(head):
        code = desk.refuses(replace(call(service), body=body))
        assert code, name
    unversioned = replace(call(service), body=head.split("&")[0].encode())
    desk.refuses(unversioned)
    other = replace(call(service), body=head.replace("20", "19").encode())
    desk.refuses(other)


@pytest.mark.parametrize("service", QUERY)
@pytest.mark.threat("T53")
def test_a_form_in_other_clothes_is_refused(desk: Desk, service: str) -> None:
    """T53: another content type, charset, encoding or method is not guessed at."""
    draft = call(service)
    for kind in ("text/plain", "application/json", "application/xml", "x"):
        desk.refuses(replace(draft, headers=(("content-type", kind),)))
    form = "application/x-www-form-urlencoded; charset="
    for charset in ("utf-7", "utf-16"):
        desk.refuses(replace(draft, headers=(("content-type", form + charset),)))
    desk.refuses(draft.with_headers(("content-encoding", "gzip")))
    desk.refuses(draft.with_headers(("x-amz-target", "DynamoDB_20120810.ListTables")))
    for method in ("PUT", "DELETE", "PATCH"):
        answer = desk.sends(replace(draft, method=method))
        assert 400 <= answer.status < 500, method
    assert desk.sends(draft).status == 200


def broken_json() -> Iterator[tuple[str, bytes]]:
    """Bodies of the JSON protocol that are not objects in strict JSON."""
    yield "cut", b'{"TableName": "x'
    yield "cut number", b'{"Limit": 1'
    yield "list", b"[]"
    yield "text", b'"x"'
    yield "null", b"null"
    yield "empty", b""
    yield "two", b"{}{}"
    yield "trailing", b"{} x"
    yield "single quotes", b"{'Limit': 1}"
    yield "comment", b"{} // x"
    yield "twice", b'{"Limit": 1, "Limit": 2}'
    yield "NaN", b'{"Limit": NaN}'
    yield "infinite", b'{"Limit": 1e999}'
    yield "long number", b'{"Limit": ' + b"1" * 5000 + b"}"
    yield "not UTF-8", b'{"TableName": "\xff\xfe"}'
    yield "UTF-16", '{"Limit": 1}'.encode("utf-16")
    yield "lone surrogate", b'{"TableName": "\\ud800"}'
    yield "deep", b'{"a":' * 3000 + b"1" + b"}" * 3000
    yield "form", b"Action=ListTables"


@pytest.mark.parametrize("service", JSON)
def test_json_that_is_none_is_refused(desk: Desk, service: str) -> None:
    """JSON services: 400 SerializationException for what is not one strict object."""
    for name, body in broken_json():
        code = desk.refuses(replace(call(service), body=body), range(400, 401))
        # SQS's clients know codes without their suffix.
        known = {"Serialization", "Validation"}
        assert code.removesuffix("Exception") in known, name
    for kind in ("text/plain", "application/json"):
        target = call(service).headers[1]
        desk.refuses(replace(call(service), headers=(("content-type", kind), target)))
    desk.refuses(replace(call(service), query="x=1"))
    desk.refuses(call(service).with_headers(("content-encoding", "gzip")))


WRONG_TYPES = {
    "dynamodb": [
        ("ListTables", {"Limit": "many"}),
        ("ListTables", {"Limit": {"a": 1}}),
        ("GetItem", {"TableName": 7, "Key": {"Title": {"S": "x"}}}),
        ("GetItem", {"TableName": ["a"], "Key": {"Title": {"S": "x"}}}),
        ("GetItem", {"TableName": "t", "Key": "x"}),
        ("GetItem", {"TableName": "t", "Key": ["x"]}),
        ("GetItem", {"TableName": None, "Key": None}),
        ("GetItem", {}),
        ("BatchGetItem", {"RequestItems": []}),
        ("BatchGetItem", {"RequestItems": {"t": "x"}}),
        ("BatchWriteItem", {"RequestItems": {"t": [7]}}),
        ("TransactWriteItems", {"TransactItems": {"Put": 1}}),
        ("TransactGetItems", {"TransactItems": [{"Get": []}]}),
        ("PutItem", {"TableName": "t", "Item": [1, 2]}),
        ("ExecuteStatement", {"Statement": {"S": "x"}}),
        ("PutResourcePolicy", {"ResourceArn": [], "Policy": {}}),
    ],
    "sqs": [
        ("SendMessage", {"QueueUrl": 7, "MessageBody": "x"}),
        ("SendMessage", {"QueueUrl": ["a"], "MessageBody": ["x"]}),
        ("SendMessage", {"QueueUrl": {"a": "b"}}),
        ("SendMessage", {"QueueUrl": None}),
        ("SendMessage", {}),
        ("SendMessageBatch", {"QueueUrl": "x", "Entries": {"a": 1}}),
        ("SetQueueAttributes", {"QueueUrl": "x", "Attributes": ["Policy"]}),
        ("SetQueueAttributes", {"QueueUrl": "x", "Attributes": {"Policy": {}}}),
        ("CreateQueue", {"QueueName": 7}),
        ("CreateQueue", {"QueueName": "q", "Attributes": "x"}),
        ("CreateQueue", {"QueueName": "q", "tags": 7}),
    ],
    "organizations": [
        ("CreateAccount", {"Email": 7, "AccountName": "x"}),
        ("CreateAccount", {"Email": "a@b.example", "AccountName": ["x"]}),
        ("DescribePolicy", {}),
        ("DescribePolicy", {"PolicyId": None}),
        ("ListAccounts", {"MaxResults": "20"}),
        ("ListAccounts", {"MaxResults": True}),
        ("InviteAccountToOrganization", {"Target": "111122223333"}),
        ("TagResource", {"ResourceId": "111122223333", "Tags": {"Key": "k"}}),
        ("UntagResource", {"ResourceId": "111122223333", "TagKeys": [7]}),
        ("ListHandshakesForAccount", {"Filter": []}),
    ],
}


@pytest.mark.parametrize("service", JSON)
def test_values_of_the_wrong_type_are_refused(desk: Desk, service: str) -> None:
    """JSON services: a number for a name, a list for a map and the like are 4xx."""
    for operation, params in WRONG_TYPES[service]:
        body = json.dumps(params).encode()
        desk.refuses(replace(call(service, operation), body=body))


NUMBERS = [
    "９００",
    " 900",
    "9_00",
    "900.0",
    "9e2",
    "0x384",
    "1" * 5000,
    "",
    "-",
    "NaN",
]


@pytest.mark.threat("T59")
def test_numbers_are_ascii_digits(desk: Desk) -> None:
    """T59: DurationSeconds and MaxItems in other clothes are 400; `900` is fine."""
    for number in NUMBERS:
        desk.refuses(call("sts", "GetSessionToken", DurationSeconds=number))
        desk.refuses(call("iam", "ListUsers", MaxItems=number))
    for number in ("0", "-1", "1001"):
        desk.refuses(call("iam", "ListUsers", MaxItems=number))
    for draft in (
        call("sts", "GetSessionToken", DurationSeconds="900"),
        call("iam", "ListUsers", MaxItems="1000"),
    ):
        assert desk.sends(draft).status == 200


@pytest.mark.parametrize("service", [s for s in SERVICES if s != "s3"])
def test_a_body_of_two_mebibytes_is_too_large(desk: Desk, service: str) -> None:
    """Threats 4: 413 over one MiB (DynamoDB takes its own larger limit), and no crash."""
    draft = call(service)
    filler = b" " * (2 * MEBIBYTE)
    if service in QUERY:
        filler = b"&Filler=" + b"x" * (2 * MEBIBYTE)
    big = replace(draft, body=draft.body + filler)
    answer = desk.sends(big)
    if service == "dynamodb":
        assert answer.status in {200, 413}
    else:
        assert answer.status == 413, answer.body[:300]
        desk.refuses(big)
    assert desk.sends(draft).status == 200


@pytest.mark.threat("T57")
def test_s3_bodies_that_the_gate_reads_are_strict(desk: Desk) -> None:
    """T57: DTDs, entities, deep and broken XML are 400 MalformedXML."""
    bucket = desk.world.a.bucket()
    good = (
        '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        "<Object><Key>k</Key></Object></Delete>"
    )
    lol = '<!DOCTYPE l [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>'
    file = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    bad = [
        lol + good.replace("k<", "&c;<"),
        file + good.replace("k<", "&a;<"),
        good[:-5],
        "<a>" * 5000 + "</a>" * 5000,
        "",
        "{}",
        good.replace("Key", "Kay"),
        good.replace("<Key>k</Key>", "<Key>a</Key><Key>b</Key>"),
    ]

    def deleting(text: str) -> Draft:
        body = text.encode()
        return s3_post(bucket, "delete", body)

    for text in bad:
        desk.refuses(deleting(text), range(400, 401))
    assert desk.sends(deleting(good)).status == 200
    rule = s3_post(bucket, "versioning", b"<x", method="PUT")
    assert desk.refuses(rule) == "MalformedXML"
    rule = s3_post(bucket, "policy", b'{"Version": ', method="PUT")
    assert desk.refuses(rule) == "MalformedPolicy"


def s3_post(bucket: str, query: str, body: bytes, method: str = "POST") -> Draft:
    """A request to a bucket's sub-resource."""
    md5 = hashlib.md5(body, usedforsecurity=False).digest()
    return Draft(
        service="s3",
        method=method,
        path=f"/{bucket}",
        query=query,
        headers=(
            ("x-amz-content-sha256", hashlib.sha256(body).hexdigest()),
            ("content-md5", base64.b64encode(md5).decode()),
        ),
        body=body,
    )


@pytest.mark.threat("T47")
def test_paths_of_s3_that_are_no_text_are_refused(desk: Desk) -> None:
    """T47: broken escapes, bytes that are not UTF-8 and NUL are 400."""
    bucket = desk.world.a.bucket()
    for path in ("%zz", "%4", "%ff%fe", "a%00b", "%ed%a0%80"):
        draft = replace(call("s3"), path=f"/{bucket}/{path}")
        code = desk.refuses(draft)
        assert code in {"InvalidURI", "InvalidArgument", "InvalidRequest"}, path
    for query in ("policy&acl", "versionId", "partNumber=x&uploadId=y", "list-type=9"):
        answer = desk.sends(replace(call("s3"), path=f"/{bucket}", query=query))
        assert 400 <= answer.status < 500 or answer.status == 501, query
    for method in ("PATCH", "LINK", "PROPFIND"):
        answer = desk.sends(replace(call("s3"), method=method))
        assert 400 <= answer.status < 500, method
    assert desk.sends(replace(call("s3"), path=f"/{bucket}")).status == 200


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.threat("T52", "T73")
def test_a_host_that_was_not_signed_is_refused(desk: Desk, service: str) -> None:
    """T52: the signature is over the host as received; no host, or an evil one, is refused."""
    server, draft = desk.world.server, call(service)
    headers = signed(server, draft, desk.admin.credentials)
    for host in ("evil.example", f"localhost:{server.port}", "127.0.0.1", "", "a b"):
        sent = tuple((n, host if n == "host" else v) for n, v in headers)
        answer = exchange(server, raw(draft, sent), draft.method)
        assert answer.status in {400, 401, 403, 404, 421}, (host, answer)
    none = tuple(pair for pair in headers if pair[0] != "host")
    assert 400 <= exchange(server, raw(draft, none), draft.method).status < 500
    forwarded = (*headers, ("x-forwarded-host", "evil.example"), ("forwarded", "x"))
    assert exchange(server, raw(draft, forwarded), draft.method).status == 200
    assert desk.sends(draft).status == 200


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\r\n\r\n\r\n", id="blank lines"),
        pytest.param(b"GET\r\n\r\n", id="no target"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="version"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(b"A" * 70_000, id="endless line"),
        pytest.param(
            b"CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n", id="CONNECT"
        ),
        pytest.param(b"TRACE / HTTP/1.1\r\nhost: x\r\n\r\n", id="TRACE"),
        pytest.param(
            b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            id="chunk size",
        ),
    ],
)
@pytest.mark.threat("T54")
def test_bytes_that_are_no_request_do_no_harm(desk: Desk, data: bytes) -> None:
    """T54: an error or a closed connection, never a 200 or a 500; the next request works."""
    with connect(desk.world.server) as link:
        link.settimeout(3)
        link.sendall(data)
        try:
            answer = receive(link, "GET")
        except (OSError, http.client.HTTPException):
            pass
        else:
            assert 400 <= answer.status < 500 or answer.status in {501, 505}
    assert desk.sends(call("sts")).status == 200


@pytest.mark.threat("T64")
def test_an_upgrade_is_not_followed(desk: Desk) -> None:
    """T64: h2c and websockets are no way around; the answer is an ordinary one."""
    draft = call("sts").late_headers(("upgrade", "h2c"), ("connection", "upgrade"))
    answer = desk.sends(draft)
    assert answer.status != 101
    assert desk.sends(call("sts")).status == 200


def test_too_many_and_too_long_headers_are_refused(desk: Desk) -> None:
    """Threats 4: more than 100 headers, or one over 16 KiB, is 431 (or 400)."""
    many = call("sts").late_headers(*((f"x-n{n}", "v") for n in range(120)))
    assert desk.sends(many).status in {400, 431}
    long = call("sts").late_headers(("x-long", "v" * 17_000))
    assert desk.sends(long).status in {400, 431}
    few = call("sts").late_headers(*((f"x-n{n}", "v") for n in range(50)))
    assert desk.sends(few).status == 200


@pytest.mark.threat("T56", "T58")
def test_names_are_ascii_and_answers_are_escaped(desk: Desk) -> None:
    """T56, T58: strange letters are refused, and what may be written is escaped."""
    for name in ("a<b", "аlice", "ﬁ", "K\u212a", "a\u200db", "a b", "a\n", "a/b", ""):
        desk.refuses(call("iam", "CreateUser", UserName=name))
    iam = desk.world.a.client("iam")
    user = desk.world.a.person("Escaped", Path="/a<b&c]]>/")
    assert iam.get_user(UserName=user.name)["User"]["Path"] == "/a<b&c]]>/"
