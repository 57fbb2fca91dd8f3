"""A configured upstream: our signature, its owner, and answers that it cannot bend."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from ostiary.gate.forward import Passage
from ostiary.gate.upstreams import Remote, Upstreams
from ostiary.identity.model import OwnedResource, ResourcePolicy
from ostiary.identity.secret import Secret
from ostiary.wire import sigv4
from ostiary.wire.faults import Fault
from ostiary.wire.http import Request
from ostiary.wire.service import S3
from tests.unit.gate.door_house import REQUEST_ID, SECRET, A, B, House, open_house

UPSTREAM_KEY = "UPSTREAMKEY0000000001"
UPSTREAM_SECRET = "upstream-secret-that-nobody-sees"
BUCKETS = ("old", "older")
_NAMES = "".join(
    f"<Bucket><Name>{name}</Name><CreationDate>2020-01-01T00:00:00Z</CreationDate></Bucket>"
    for name in BUCKETS
)
LIST = (
    '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    f"<Owner><ID>x</ID></Owner><Buckets>{_NAMES}</Buckets></ListAllMyBucketsResult>"
)


class Store:
    """An S3-like upstream with two buckets, which remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.heads: list[int] = []
        self.special: tuple[int, list[tuple[str, str]], bytes] | None = None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        threading.Thread(
            target=self.server.serve_forever, args=(0.02,), daemon=True
        ).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server.server_address[1])

    def answer(self, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
        """What it says."""
        self.asked.append(request)
        if self.special is not None:
            return self.special
        if self.heads:
            return self.heads.pop(0), [], b""
        if request.path == "/":
            return 200, [("content-type", "application/xml")], LIST.encode()
        bucket = request.path.split("/")[1]
        if request.method == "PUT" and request.path == f"/{bucket}":
            return 200, [], b""
        body = b"fine" if request.method == "GET" else b""
        return (200, [], body) if bucket in BUCKETS else (404, [], b"")


def _handler(store: Store) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_it(self) -> None:
            path, _, query = self.path.partition("?")
            size = int(self.headers.get("content-length") or 0)
            request = Request(
                method=self.command,
                path=path,
                query=query,
                headers=tuple((n.lower(), v) for n, v in self.headers.items()),
                body=self.rfile.read(size),
                secure=False,
                peer="127.0.0.1",
            )
            status, headers, body = store.answer(request)
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_it  # noqa: N815 - http.server's own names

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler


def _remote(port: int, region: str = "us-east-1") -> Remote:
    return Remote(
        scheme="http",
        host="127.0.0.1",
        port=port,
        access_key_id=UPSTREAM_KEY,
        secret_access_key=Secret(UPSTREAM_SECRET),
        owner=A,
        region=region,
        allow_loopback=True,
    )


def remote_to(port: int) -> Upstreams:
    """That upstream for every service."""
    return Upstreams(remotes={}, default=_remote(port))


@pytest.fixture
def store() -> Iterator[Store]:
    """The upstream."""
    made = Store()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def remote_house(store: Store, tmp_path: Path) -> Iterator[House]:
    """A door before that upstream, for S3, SQS and DynamoDB."""
    remote = _remote(store.port)
    upstreams = Upstreams(
        remotes={"s3": remote, "sqs": remote, "dynamodb": remote}, default=None
    )
    with open_house(tmp_path, upstreams) as opened:
        yield opened


def _status(caught: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@pytest.mark.threat("T61", "T71", "T75")
def test_the_upstream_sees_our_signature_only(
    remote_house: House, store: Store
) -> None:
    """Signed with its own key for its own host; nothing of the client's credentials."""
    s3 = remote_house.client("s3")
    s3.put_object(Bucket="old", Key="a//b c", Body=b"body", Metadata={"m": "1"})
    (request,) = store.asked
    claim = sigv4.read_claim(request)
    assert claim is not None
    assert claim.access_key_id == UPSTREAM_KEY
    assert "x-amz-meta-m" in claim.signed_headers
    sigv4.verify(request, claim, UPSTREAM_SECRET, time.time())
    assert request.path == "/old/a//b%20c"
    assert request.body == b"body"
    assert request.index["host"] == f"127.0.0.1:{store.port}"
    seen = repr([request.path, request.query, request.headers])
    for secret in (
        f"AKIAROOT{A}",
        SECRET,
        UPSTREAM_SECRET,
        "boto3",
        "x-moto",
        "x-ostiary",
    ):
        assert secret not in seen


@pytest.mark.threat("T61")
def test_a_presigned_url_loses_its_signature(remote_house: House, store: Store) -> None:
    """The parameters that S3 reads go on, the authentication does not."""
    url = remote_house.client("s3", signature_version="s3v4").generate_presigned_url(
        "get_object",
        Params={"Bucket": "old", "Key": "k", "VersionId": "v 1"},
    )
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=10)
    connection.request("GET", f"{place.path}?{place.query}")
    assert connection.getresponse().status == 200
    connection.close()
    (request,) = store.asked
    assert request.query == "versionId=v%201"
    assert "authorization" in request.index


def test_connections_are_kept(remote_house: House, store: Store) -> None:
    """A second request needs no second handshake."""
    s3 = remote_house.client("s3")
    for _ in range(3):
        s3.get_object(Bucket="old", Key="k")
    (pool,) = remote_house.forwarder._pools.values()
    assert len(pool._idle) == 1
    assert len(store.asked) == 3


@pytest.mark.threat("T65")
def test_a_bucket_that_was_there_belongs_to_the_upstreams_owner(
    remote_house: House, store: Store
) -> None:
    """Another account's own policies do not reach it: refused, nothing asked."""
    remote_house.client("s3").get_object(Bucket="old", Key="k")
    store.asked.clear()
    for operation, more in (
        ("get_object", {"Key": "k"}),
        ("put_object", {"Key": "k"}),
        ("put_bucket_policy", {"Policy": "{}"}),
        ("copy_object", {"Key": "k", "CopySource": "older/x"}),
        ("delete_bucket", {}),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(remote_house.client("s3", B), operation)(Bucket="old", **more)
        assert _status(caught) == (403, "AccessDenied")
    assert store.asked == []


@pytest.mark.threat("T65")
def test_no_account_takes_a_bucket_by_creating_it(
    remote_house: House, store: Store
) -> None:
    """Stores that answer 200 to a second creation must not make a second owner."""
    with pytest.raises(ClientError) as caught:
        remote_house.client("s3", B).create_bucket(Bucket="old")
    assert _status(caught) == (409, "BucketAlreadyExists")
    assert [request.method for request in store.asked] == ["HEAD"]
    assert remote_house.snapshot.owned == {}


@pytest.mark.threat("T101")
def test_a_bucket_that_appears_while_its_name_is_reserved(
    remote_house: House, store: Store
) -> None:
    """The second look finds it: refused, and the reservation is taken back."""
    store.heads = [404, 200]
    with pytest.raises(ClientError) as caught:
        remote_house.client("s3", B).create_bucket(Bucket="sudden")
    assert _status(caught) == (409, "BucketAlreadyExists")
    assert [request.method for request in store.asked] == ["HEAD", "HEAD"]
    assert remote_house.snapshot.owned == {}


def test_other_accounts_have_buckets_of_their_own(
    remote_house: House, store: Store
) -> None:
    """The store knows one key; the door knows whose each bucket is."""
    remote_house.client("s3", B).create_bucket(Bucket="fresh")
    assert remote_house.snapshot.owned["arn:aws:s3:::fresh"].account == B
    assert store.asked[-1].method == "PUT"


def test_buckets_are_listed_by_owner(remote_house: House, store: Store) -> None:
    """What was there is the owner's; the upstream's one list is never shown whole."""
    names = [one["Name"] for one in remote_house.client("s3").list_buckets()["Buckets"]]
    assert names == list(BUCKETS)
    assert remote_house.client("s3", B).list_buckets()["Buckets"] == []
    assert len(store.asked) == 2


def test_a_policy_makes_an_old_bucket_known(remote_house: House, store: Store) -> None:
    """From then on decisions know its owner, so that other accounts can be let in."""
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": B},
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::old/*",
        },
    }
    s3 = remote_house.client("s3")
    s3.put_bucket_policy(Bucket="old", Policy=json.dumps(policy))
    assert remote_house.snapshot.owned["arn:aws:s3:::old"].account == A
    assert {request.method for request in store.asked} == {"HEAD"}
    found = remote_house.client("s3", B).get_object(Bucket="old", Key="k")
    assert found["Body"].read() == b"fine"


@pytest.mark.threat("T65")
def test_one_upstream_keeps_one_account_and_region(
    remote_house: House, store: Store
) -> None:
    """B's queue of the same name would be A's there: refused, nothing asked."""
    with pytest.raises(ClientError) as caught:
        remote_house.client("sqs", B).create_queue(QueueName="q")
    assert _status(caught)[0] == 403
    with pytest.raises(ClientError) as caught:
        remote_house.client("dynamodb", B).describe_table(TableName="t")
    assert _status(caught) == (400, "AccessDeniedException")
    elsewhere = remote_house.client("sqs", region="eu-west-1")
    with pytest.raises(ClientError) as caught:
        elsewhere.create_queue(QueueName="q")
    assert _status(caught)[0] == 403
    assert store.asked == []


@pytest.mark.threat("T47")
def test_a_path_that_http_cannot_carry(remote_house: House, store: Store) -> None:
    """Bytes outside ASCII come percent-encoded or not at all: 400, nothing asked."""
    request = Request(
        method="GET",
        path="/old/\xc3\xa9",
        query="",
        headers=(),
        body=b"",
        secure=False,
        peer="127.0.0.1",
    )
    passage = Passage(
        request=request,
        service=S3,
        account=A,
        region="us-east-1",
        bucket="old",
        key="é",
        signed=None,
        now=0,
    )
    with pytest.raises(Fault) as caught:
        remote_house.run(remote_house.forwarder.forward(passage))
    assert (caught.value.status, caught.value.code) == (400, "InvalidURI")
    assert store.asked == []


def test_only_what_the_sandbox_held_is_forgotten(remote_house: House) -> None:
    """Policies and owners at a configured upstream outlive every sandbox."""
    kept, gone = "arn:aws:s3:::old", f"arn:aws:sns:us-east-1:{A}:topic"

    def leave(change: Any) -> None:
        change.insert(OwnedResource(arn=kept, account=A, created=1, state=""))
        for arn in (kept, gone):
            change.insert(ResourcePolicy(arn=arn, account=A, text="{}", updated=1))

    remote_house.run(remote_house.work.change(leave))
    assert remote_house.sandbox.before_start == remote_house.door.forget_sandbox
    remote_house.run(remote_house.door.forget_sandbox())
    assert set(remote_house.snapshot.resource_policies) == {kept}
    assert set(remote_house.snapshot.owned) == {kept}


@pytest.mark.threat("T69")
def test_a_redirect_goes_to_the_client(remote_house: House, store: Store) -> None:
    """It is passed on as it is, without cookies, and never followed."""
    store.special = (
        307,
        [("Location", "http://169.254.169.254/"), ("Set-Cookie", "a=b")],
        b"",
    )
    url = remote_house.client("s3", signature_version="s3v4").generate_presigned_url(
        "get_object", Params={"Bucket": "old", "Key": "k"}
    )
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=10)
    connection.request("GET", f"{place.path}?{place.query}")
    answer = connection.getresponse()
    assert answer.status == 307
    assert answer.headers["location"] == "http://169.254.169.254/"
    assert "set-cookie" not in answer.headers
    connection.close()
    assert len(store.asked) == 1


@pytest.mark.threat("T69", "T71")
def test_an_answer_that_cannot_be_trusted_is_a_502(
    remote_house: House, store: Store
) -> None:
    """In S3's shape, with our request id, and no word about the upstream."""
    store.special = (200, [("x-big", "y" * 60_000)], b"")
    with pytest.raises(ClientError) as caught:
        remote_house.client("s3").get_object(Bucket="old", Key="k")
    assert _status(caught) == (502, "ServiceUnavailable")
    assert caught.value.response["ResponseMetadata"]["RequestId"] == REQUEST_ID
    assert "127.0.0.1" not in caught.value.response["Error"]["Message"]


@pytest.mark.threat("T76")
@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("s3", "get_object", {"Bucket": "old", "Key": "k"}, "ServiceUnavailable"),
        ("sqs", "list_queues", {}, "ServiceUnavailable"),
        ("dynamodb", "list_tables", {}, "ServiceUnavailableException"),
    ],
)
def test_an_upstream_that_is_away(
    tmp_path: Path, service: str, operation: str, arguments: dict[str, Any], code: str
) -> None:
    """502 in the shape of the service that was called."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        remote = _remote(closed.getsockname()[1])
        upstreams = Upstreams(remotes={}, default=remote)
        with open_house(tmp_path, upstreams) as house:
            with pytest.raises(ClientError) as caught:
                getattr(house.client(service), operation)(**arguments)
            status, told = _status(caught)
            assert (status, told.removesuffix("Exception")) == (
                502,
                code.removesuffix("Exception"),
            )
