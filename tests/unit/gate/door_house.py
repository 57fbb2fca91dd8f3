"""A door with a real sandbox behind it and a real HTTP server before it.

Requests are read, their signatures verified and their needs found as the gate does
it; nothing is decided, for the door is what stands behind the decision.
"""

import asyncio
import contextlib
import http.client
import threading
import time
from collections.abc import Coroutine, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from ostiary.gate.actions import required
from ostiary.gate.authenticate import root_caller, user_caller
from ostiary.gate.door import Admitted, Door
from ostiary.gate.forward import Forwarder
from ostiary.gate.sandbox import Sandbox
from ostiary.gate.upstreams import SANDBOX_ONLY, Upstreams
from ostiary.gate.work import Work
from ostiary.identity.caller import ANONYMOUS, Caller
from ostiary.identity.model import Account, Entity, User
from ostiary.identity.secret import Secret
from ostiary.store.engine import open_engine, prepare_schema
from ostiary.store.port import Write
from ostiary.store.snapshot import Snapshot
from ostiary.store.sql import SqlStore
from ostiary.wire import catalog, sigv4
from ostiary.wire.faults import Fault, render
from ostiary.wire.http import Request, Response

T = TypeVar("T")

A, B, C = "111122223333", "222233334444", "333344445555"
REQUEST_ID = "0a1b2c3d-0000-4000-8000-000000000001"
SECRET = "secret"
SERIAL = f"arn:aws:iam::{A}:mfa/root-device"
CODE = "123456"


class WrongCode(Fault):
    """What the token ledger says to a wrong code."""


class House:
    """Everything that a test of the door needs; runs its own event loop."""

    def __init__(self, home: Path, upstreams: Upstreams = SANDBOX_ONLY) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        engine = open_engine(f"sqlite:///{home / 'ostiary.db'}")
        prepare_schema(engine)
        self._engine = engine
        self.store = SqlStore(engine)
        self.snapshot = Snapshot()
        self.store.subscribe(self._committed)
        self.work = Work(self.store)
        self.sandbox = Sandbox(Secret("k" * 32), log=home / "sandbox.log")
        self.forwarder = Forwarder(self.sandbox, upstreams)
        self.door = Door(self.forwarder, self.work, self.snapshot, self._verify)
        self.codes: list[tuple[str, str]] = []
        self.peer = "127.0.0.1"
        self.callers = {f"AKIAROOT{account}": _root(account) for account in (A, B, C)}
        self.entities()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        threading.Thread(
            target=self.server.serve_forever, args=(0.02,), daemon=True
        ).start()

    @property
    def url(self) -> str:
        """Where clients point their endpoint URL."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def entities(self) -> None:
        """Accounts A, B and C, and the user Nikhil of C."""
        user = User(
            id="AIDA" + "N" * 17,
            account=C,
            name="Nikhil",
            path="/",
            created=1,
            tags=(),
            boundary="",
        )
        made: list[Entity] = [
            Account(id=account, name=account, alias="", created=1)
            for account in (A, B, C)
        ]
        with self.store.change() as change:
            for entity in [*made, user]:
                change.insert(entity)
        self.callers["AKIANIKHIL"] = user_caller(user, "AKIANIKHIL", None)
        # The snapshot moves on the loop's thread.
        self.run(asyncio.sleep(0))

    def client(self, service: str, account: str = A, **settings: Any) -> Any:
        """A boto3 client of an account's root user."""
        return self.client_of(service, f"AKIAROOT{account}", **settings)

    def client_of(self, service: str, key_id: str, **settings: Any) -> Any:
        """A boto3 client with one of the known access keys."""
        region = settings.pop("region", "us-east-1")
        config = Config(
            retries={"max_attempts": 0},
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            **settings,
        )
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=key_id,
            aws_secret_access_key=SECRET,
            config=config,
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the coroutine returns, run in the house's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    async def handle(self, request: Request) -> Response:
        """The answer to a request, refusals rendered."""
        claim = sigv4.read_claim(request)
        service = catalog.route(request, claim)
        try:
            return await self.admit(request)
        except Fault as fault:
            head = request.method == "HEAD"
            return render(fault, service, REQUEST_ID, head=head)

    async def admit(self, request: Request) -> Response:
        """The door's answer; raises what the door raises."""
        now = time.time()
        claim = sigv4.read_claim(request)
        caller = ANONYMOUS
        if claim is not None:
            sigv4.verify(request, claim, SECRET, now, allow_unsigned=True)
            caller = self.callers[claim.access_key_id]
        target = catalog.read(request, catalog.route(request, claim))
        region = "us-east-1" if claim is None else claim.region
        return await self.door.perform(
            Admitted(
                target=target,
                request=request,
                caller=caller,
                needs=required(target, request, caller, self.snapshot, region),
                claim=claim,
                region=region,
                request_id=REQUEST_ID,
                now=now,
                note=lambda _change: None,
            )
        )

    async def _verify(self, serial: str, token_code: str, _: Caller) -> None:
        self.codes.append((serial, token_code))
        if (serial, token_code) != (SERIAL, CODE):
            told = (
                "MultiFactorAuthentication failed with invalid MFA one time pass code."
            )
            raise WrongCode("AccessDenied", told, 403)

    def _committed(self, revision: int, writes: list[Write]) -> None:
        self.loop.call_soon_threadsafe(
            self.snapshot.apply, revision - 1, revision, writes
        )

    def close(self) -> None:
        """Stops everything that the house has started."""
        self.server.shutdown()
        self.server.server_close()
        self.run(self.forwarder.close())
        self.run(self.sandbox.stop())
        self.work.close()
        self._engine.dispose()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@contextlib.contextmanager
def open_house(home: Path, upstreams: Upstreams = SANDBOX_ONLY) -> Iterator[House]:
    """A house that is closed afterwards."""
    house = House(home, upstreams)
    try:
        yield house
    finally:
        house.close()


def raw(house: House, method: str, path: str, **settings: Any) -> tuple[int, bytes]:
    """A request whose path goes out as it is written, signed by botocore."""
    service = settings.get("service", "s3")
    request = AWSRequest(
        method=method,
        url=house.url + path,
        data=settings.get("body", b""),
        headers=settings.get("headers", {}),
    )
    auth = S3SigV4Auth if service == "s3" else SigV4Auth
    key = settings.get("key", f"AKIAROOT{A}")
    auth(Credentials(key, SECRET), service, "us-east-1").add_auth(request)
    place = urlsplit(house.url)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    headers = {**dict(request.headers.items()), **settings.get("unsigned", {})}
    connection.request(method, path, body=request.data, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def _root(account: str) -> Caller:
    return root_caller(account, f"AKIAROOT{account}", None)


def _handler(house: House) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Bytes to a `Request` and back, as the real server does it."""

        protocol_version = "HTTP/1.1"

        def do_it(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            path, _, query = self.path.partition("?")
            request = Request(
                method=self.command,
                path=path,
                query=query,
                headers=tuple((n.lower(), v.strip()) for n, v in self.headers.items()),
                body=self.rfile.read(size),
                secure=False,
                peer=house.peer,
            )
            response = house.run(house.handle(request))
            body = house.run(_whole(response))
            self.send_response_only(response.status)
            for name, value in response.headers:
                if name != "content-length" or self.command == "HEAD":
                    self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_it  # noqa: N815 - http.server's own names

        def log_message(self, *_: object) -> None:
            """Nothing: a test's output is its own."""

    return Handler


async def _whole(response: Response) -> bytes:
    body = response.body
    return (
        body if isinstance(body, bytes) else b"".join([piece async for piece in body])
    )
