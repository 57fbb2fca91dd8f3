"""Carries a request that has been allowed to its upstream, and the answer back.

To the sandbox the request goes with a credential scope and an account that only we
write. To a configured upstream it goes signed with that upstream's own key. In both
cases the client's credentials end here.
"""

import logging
import re
from dataclasses import dataclass, replace
from functools import partial

from ostiary.gate.exchange import (
    BusyError,
    Endpoint,
    ExchangeError,
    Outgoing,
    SlowError,
)
from ostiary.gate.outgoing import (
    client_host,
    headers_from_upstream,
    headers_to_upstream,
    query_to_upstream,
    s3_path,
)
from ostiary.gate.pool import Pool
from ostiary.gate.sandbox import (
    ACCOUNT_HEADER,
    KEY_HEADER,
    SCHEME_HEADER,
    Sandbox,
    SandboxError,
)
from ostiary.gate.upstreams import AddressError, Remote, Upstreams, resolve
from ostiary.wire import faults, sigv4
from ostiary.wire.faults import Fault
from ostiary.wire.http import Request, Response, body_size
from ostiary.wire.service import Service
from ostiary.wire.stamp import format_basic

_SANDBOX_AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIAOSTIARYSANDBOX00/{}, "
    f"SignedHeaders=host, Signature={'0' * 64}"
)
_TARGET = re.compile(r"[!-~]+", re.ASCII)
"""What HTTP allows in a request line; other bytes come percent-encoded."""
_SERVER_FAULT = 500
_NO_CONTENT = 204
_NOT_MODIFIED = 304
_WRITING = frozenset({"PUT", "POST", "DELETE"})
_LARGEST_STATUS = 599
_LEAST_STATUS = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One request that may go on, and in whose name.

    Attributes:
        request: as it arrived, or as the door has rewritten it.
        service: whose request it is.
        account: the account whose resources the upstream shall act on.
        region: of the client's credential scope.
        bucket: for S3, the bucket that was decided on; empty for none.
        key: for S3, the decoded key that was decided on; empty for none.
        signed: the headers that the client's signature covers; None: anonymous.
        now: seconds since the epoch, UTC.
    """

    request: Request
    service: Service
    account: str
    region: str
    bucket: str
    key: str
    signed: frozenset[str] | None
    now: float


class Forwarder:
    """Knows all upstreams, and keeps a pool of connections to each."""

    def __init__(self, sandbox: Sandbox, upstreams: Upstreams) -> None:
        self.sandbox = sandbox
        self.upstreams = upstreams
        self._pools: dict[object, Pool] = {}

    async def forward(self, passage: Passage) -> Response:
        """The upstream's answer, ready for the client.

        Raises:
            Fault: the request may not go on, or no answer came back.
        """
        remote = self.upstreams.find(passage.service.name)
        try:
            if remote is None:
                answer = await self._to_sandbox(passage)
            else:
                answer = await self._to_remote(passage, remote)
        except (ExchangeError, AddressError, SandboxError) as error:
            raise _unavailable(passage, error) from error
        return _answer(passage, answer)

    async def close(self) -> None:
        """Closes what is idle; the sandbox is not ours to stop."""
        for pool in self._pools.values():
            pool.close()

    async def _to_sandbox(self, passage: Passage) -> Response:
        running = await self.sandbox.running()
        request = passage.request
        stamp = format_basic(passage.now)
        scope = f"{stamp[:8]}/{passage.region}/{passage.service.name}/aws4_request"
        is_s3 = passage.service.name == "s3"
        headers = (
            # Buckets stand in the path, so the client's host can only confuse.
            ("host", "localhost" if is_s3 else client_host(request)),
            *headers_to_upstream(request, passage.signed),
            ("user-agent", "ostiary"),
            ("x-amz-date", stamp),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            # The sandbox finds the service by the scope, and verifies nothing.
            ("authorization", _SANDBOX_AUTHORIZATION.format(scope)),
            (ACCOUNT_HEADER, passage.account),
            (KEY_HEADER, running.key.reveal()),
            (SCHEME_HEADER, "https" if request.secure else "http"),
            ("content-length", str(body_size(request))),
        )
        endpoint = Endpoint(find=_loopback, port=running.port, tls_name="")
        return await self._send(running.port, endpoint, _outgoing(passage, headers))

    async def _to_remote(self, passage: Passage, remote: Remote) -> Response:
        request = passage.request
        dressed = replace(
            request,
            path=_path(passage),
            query=query_to_upstream(request.query),
            headers=(
                ("host", remote.authority),
                *headers_to_upstream(request, passage.signed),
                ("user-agent", "ostiary"),
                ("content-length", str(body_size(request))),
            ),
        )
        signer = sigv4.Signer(
            access_key_id=remote.access_key_id,
            secret=remote.secret_access_key.reveal(),
            session_token=None,
            region=remote.region,
            service=passage.service.name,
        )
        endpoint = Endpoint(
            find=partial(resolve, remote),
            port=remote.port,
            tls_name=remote.host if remote.is_tls else "",
        )
        headers = sigv4.sign(dressed, signer, passage.now)
        return await self._send(
            (remote.scheme, remote.authority), endpoint, _outgoing(passage, headers)
        )

    async def _send(
        self, place: object, endpoint: Endpoint, outgoing: Outgoing
    ) -> Response:
        pool = self._pools.get(place)
        if pool is None:
            pool = self._pools[place] = Pool()
        return await pool.send(endpoint, outgoing)


async def _loopback() -> tuple[str, ...]:
    return ("127.0.0.1",)


def _path(passage: Passage) -> str:
    path = passage.request.path
    if passage.service.name == "s3":
        return s3_path(path, passage.bucket, passage.key)
    return path


def _outgoing(passage: Passage, headers: tuple[tuple[str, str], ...]) -> Outgoing:
    query = query_to_upstream(passage.request.query)
    target = f"{_path(passage)}?{query}" if query else _path(passage)
    if not _TARGET.fullmatch(target):
        raise Fault("InvalidURI", "Couldn't parse the specified URI.", 400)
    return Outgoing(
        method=passage.request.method.encode("latin-1"),
        target=target.encode("latin-1"),
        headers=tuple(
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ),
        body=passage.request.body,
    )


def _answer(passage: Passage, answer: Response) -> Response:
    """The answer with our framing in place of the upstream's."""
    if not _LEAST_STATUS <= answer.status <= _LARGEST_STATUS:
        raise _unavailable(passage, ExchangeError(f"status {answer.status}"))
    headers = headers_from_upstream(answer.headers)
    if answer.status >= _SERVER_FAULT and _is_page(headers):
        # A crash of the upstream: its page is in no protocol that a client reads.
        raise _unavailable(passage, ExchangeError(f"a page, status {answer.status}"))
    if answer.body == b"" and passage.request.method in _WRITING:
        # Moto says that nothing is HTML.
        headers = tuple(pair for pair in headers if pair[0] != "content-type")
    length = dict(answer.headers).get("content-length")
    if isinstance(answer.body, bytes) and not _has_no_body(passage, answer.status):
        length = str(len(answer.body))
    if length is not None and answer.status != _NO_CONTENT:
        headers = (*headers, ("content-length", length))
    return Response(status=answer.status, headers=headers, body=answer.body)


def _is_page(headers: tuple[tuple[str, str], ...]) -> bool:
    return dict(headers).get("content-type", "").startswith("text/html")


def _has_no_body(passage: Passage, status: int) -> bool:
    return passage.request.method == "HEAD" or status in {
        _NO_CONTENT,
        _NOT_MODIFIED,
    }


def _unavailable(passage: Passage, error: Exception) -> Fault:
    """What the client hears; what happened is for the log (T71)."""
    _log.warning("upstream of %s failed: %s", passage.service.name, error)
    fault = faults.service_unavailable(passage.service)
    match error:
        case SlowError():
            status = 504
        case BusyError():
            status = 503
        case _:
            status = 502
    return Fault(fault.code, fault.message, status)
