"""Requests by hand: a signer of our own, raw bytes, and answers as they arrive.

The signer shares no code with Ostiary, and unlike an SDK it signs what it is told to.
"""

import hashlib
import hmac
import http.client
import json
import re
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, urlencode

from botocore.parsers import create_parser

from tests.e2e.server import Server
from tests.e2e.world import REGION, Credentials

Headers = tuple[tuple[str, str], ...]

VERSIONS = {
    "iam": "2010-05-08",
    "sts": "2011-06-15",
    "ec2": "2016-11-15",
    "sns": "2010-03-31",
}
TARGETS = {
    "dynamodb": "DynamoDB_20120810",
    "sqs": "AmazonSQS",
    "organizations": "AWSOrganizationsV20161128",
}
PROTOCOLS = {
    "iam": "query",
    "sts": "query",
    "sns": "query",
    "ec2": "ec2",
    "s3": "rest-xml",
    "dynamodb": "json",
    "sqs": "json",
    "organizations": "json",
}
SERVICES = tuple(PROTOCOLS)
READS = {
    "iam": "ListUsers",
    "sts": "GetCallerIdentity",
    "ec2": "DescribeInstances",
    "sns": "ListTopics",
    "dynamodb": "ListTables",
    "sqs": "ListQueues",
    "organizations": "ListHandshakesForAccount",
    "s3": "",
}
"""A reading operation of each service that needs no parameters."""

EMPTY = hashlib.sha256(b"").hexdigest()
ALGORITHM = "AWS4-HMAC-SHA256"
_TIMEOUT = 20


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A request before it is signed. What is None is made as an SDK makes it."""

    service: str
    method: str = "POST"
    path: str = "/"
    query: str = ""
    headers: Headers = ()
    body: bytes = b""
    at: float | None = None
    algorithm: str = ALGORITHM
    scope: tuple[str, str, str, str] | None = None
    """Date, region, service and terminator."""
    payload: str | None = None
    """What is signed in the place of the body's hash."""
    late: Headers = ()
    """Headers that are added after signing."""

    def with_headers(self, *headers: tuple[str, str]) -> "Draft":
        """The same with more headers."""
        return replace(self, headers=(*self.headers, *headers))

    def late_headers(self, *headers: tuple[str, str]) -> "Draft":
        """The same with more headers that nobody signed."""
        return replace(self, late=(*self.late, *headers))


def call(service: str, operation: str = "", /, **params: str) -> Draft:
    """A call in the service's own protocol; without an operation, a reading one."""
    operation = operation or READS[service]
    if service in VERSIONS:
        form = {"Action": operation, "Version": VERSIONS[service], **params}
        kind = ("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        return Draft(service=service, headers=(kind,), body=urlencode(form).encode())
    if service in TARGETS:
        return Draft(
            service=service,
            headers=(
                ("content-type", "application/x-amz-json-1.0"),
                ("x-amz-target", f"{TARGETS[service]}.{operation}"),
            ),
            body=json.dumps(params).encode(),
        )
    return Draft(
        service=service, method="GET", headers=(("x-amz-content-sha256", EMPTY),)
    )


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        """A header; empty when it is not there."""
        return next((v for n, v in self.headers if n.lower() == name), "")

    def error(self, service: str) -> tuple[str, str]:
        """Code and message, as the service's own clients read them."""
        parser = create_parser(PROTOCOLS[service])
        read = parser.parse(
            {
                "status_code": self.status,
                "headers": {name.lower(): value for name, value in self.headers},
                "body": self.body,
            },
            None,
        )
        return read["Error"]["Code"], read["Error"]["Message"]


def host_of(server: Server) -> str:
    """The Host header of the API."""
    return f"127.0.0.1:{server.port}"


def signed(server: Server, draft: Draft, credentials: Credentials) -> Headers:
    """The headers of the request, signed with Signature Version 4."""
    moment = time.gmtime(time.time() if draft.at is None else draft.at)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", moment)
    headers = [("host", host_of(server)), ("x-amz-date", stamp), *draft.headers]
    if credentials.token:
        headers.append(("x-amz-security-token", credentials.token))
    names, signature, scope = _signature(draft, credentials, headers, stamp)
    authorization = (
        f"{draft.algorithm} Credential={credentials.key_id}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return (*headers, ("authorization", authorization), *draft.late)


def _signature(
    draft: Draft, credentials: Credentials, headers: Iterable[tuple[str, str]], at: str
) -> tuple[str, str, str]:
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(" ".join(value.split()))
    names = ";".join(sorted(values))
    lines = "".join(f"{name}:{','.join(values[name])}\n" for name in sorted(values))
    body = draft.payload or hashlib.sha256(draft.body).hexdigest()
    path = draft.path if draft.service == "s3" else quote(draft.path, safe="/-_.~")
    pairs = sorted(_encoded_pairs(draft.query))
    query = "&".join(f"{name}={value}" for name, value in pairs)
    canonical = f"{draft.method}\n{path}\n{query}\n{lines}\n{names}\n{body}"
    scope = draft.scope or (at[:8], REGION, draft.service, "aws4_request")
    told = "\n".join(
        (
            draft.algorithm,
            at,
            "/".join(scope),
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    key = f"AWS4{credentials.secret}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return names, hmac.digest(key, told.encode(), "sha256").hex(), "/".join(scope)


def _encoded_pairs(query: str) -> list[tuple[str, str]]:
    pairs = parse_qsl(query, keep_blank_values=True)
    return [(quote(n, safe="-_.~"), quote(v, safe="-_.~")) for n, v in pairs]


def presigned(
    server: Server, draft: Draft, credentials: Credentials, expires: str = "300"
) -> Draft:
    """The request with its signature in the query."""
    moment = time.gmtime(time.time() if draft.at is None else draft.at)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", moment)
    scope = draft.scope or (stamp[:8], REGION, draft.service, "aws4_request")
    kept = tuple(h for h in draft.headers if h[0] != "x-amz-content-sha256")
    headers = [("host", host_of(server)), *kept]
    query = {
        "X-Amz-Algorithm": draft.algorithm,
        "X-Amz-Credential": f"{credentials.key_id}/{'/'.join(scope)}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": expires,
        "X-Amz-SignedHeaders": ";".join(sorted(name for name, _ in headers)),
    }
    if credentials.token:
        query["X-Amz-Security-Token"] = credentials.token
    text = "&".join(filter(None, (draft.query, urlencode(query, quote_via=quote))))
    payload = "UNSIGNED-PAYLOAD" if draft.service == "s3" else draft.payload
    made = replace(draft, query=text, payload=payload, headers=kept)
    _, signature, _ = _signature(made, credentials, headers, stamp)
    return replace(made, query=f"{text}&X-Amz-Signature={signature}")


def raw(
    draft: Draft, headers: Iterable[tuple[str, str]], *, length: bool = True
) -> bytes:
    """The bytes of a request."""
    target = f"{draft.path}?{draft.query}" if draft.query else draft.path
    lines = [f"{draft.method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers]
    if length:
        lines.append(f"content-length: {len(draft.body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + draft.body


def connect(server: Server) -> socket.socket:
    """A connection to the API."""
    link = socket.create_connection(("127.0.0.1", server.port), timeout=_TIMEOUT)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def receive(link: socket.socket, method: str = "POST") -> Answer:
    """The answer that comes over a connection."""
    response = http.client.HTTPResponse(link, method=method)
    response.begin()
    return Answer(response.status, tuple(response.getheaders()), response.read())


def exchange(server: Server, data: bytes, method: str = "POST") -> Answer:
    """The answer to raw bytes."""
    with connect(server) as link:
        link.sendall(data)
        return receive(link, method)


def send(server: Server, draft: Draft, credentials: Credentials | None) -> Answer:
    """The answer to a request, signed when there are credentials."""
    if credentials is None:
        headers: Headers = (
            ("host", host_of(server)),
            *draft.headers,
            *draft.late,
        )
    else:
        headers = signed(server, draft, credentials)
    return exchange(server, raw(draft, headers), draft.method)


def without_request_id(answer: Answer) -> tuple[int, Headers, bytes]:
    """What two answers have in common when only their request ids differ."""
    headers = tuple(
        (name, value)
        for name, value in answer.headers
        if name.lower() not in _ID_HEADERS
    )
    return answer.status, headers, _IDS.sub(b"", answer.body)


_ID_HEADERS = {"x-amzn-requestid", "x-amz-request-id", "x-amz-id-2", "date"}
_IDS = re.compile(rb"<(RequestId|RequestID|HostId)>[^<]*</\1>")
