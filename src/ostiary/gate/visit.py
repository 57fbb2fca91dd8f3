"""One allowed request on its way through the door, and what handlers do with it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from ostiary.gate.admitted import Admitted
from ostiary.gate.forward import Forwarder, Passage
from ostiary.gate.needs import ANY
from ostiary.gate.policy_book import PolicyBook
from ostiary.gate.recorded import Transactions
from ostiary.identity.caller import Caller
from ostiary.identity.model import OwnedResource, ResourcePolicy
from ostiary.store.snapshot import Snapshot
from ostiary.wire.catalog import Protocol
from ostiary.wire.faults import Fault, internal_failure
from ostiary.wire.http import Request, Response
from ostiary.wire.xml import escape_any

NOBODY = "000000000000"
"""The account that an anonymous caller's requests act in, where no resource says."""

Verify = Callable[[str, str, Caller], Awaitable[None]]
"""Proves a token code: serial number, code and caller; raises when it is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What handlers work with."""

    forwarder: Forwarder
    work: Transactions
    snapshot: Snapshot
    policies: PolicyBook
    verify: Verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An admitted request, the account that it acts in, and the tools."""

    admitted: Admitted
    account: str
    tools: Tools

    @property
    def params(self) -> Mapping[str, object]:
        """The parameters that were decided on."""
        return self.admitted.target.params

    @property
    def is_json(self) -> bool:
        """Whether the answer is JSON."""
        return self.admitted.target.protocol is Protocol.JSON

    @property
    def bucket(self) -> str:
        """The S3 bucket; empty when the request names none."""
        return self.admitted.target.bucket or ""

    @property
    def bucket_arn(self) -> str:
        """The ARN of the S3 bucket."""
        return f"arn:aws:s3:::{self.bucket}"

    @property
    def arn(self) -> str:
        """The one resource that was decided on.

        Raises:
            Fault: there is none, or more than one; a bug of the tables.
        """
        found = {need.resource for need in self.admitted.needs} - {ANY}
        if len(found) != 1:
            raise internal_failure(self.admitted.target.service)
        return found.pop()

    @property
    def owned(self) -> OwnedResource | None:
        """What is remembered of the bucket."""
        return self.tools.snapshot.owned.get(self.bucket_arn)

    def text(self, name: str) -> str:
        """A text parameter; empty when it is absent or something else."""
        value = self.params.get(name)
        return value if isinstance(value, str) else ""

    def policy(self, text: str, arn: str | None = None) -> ResourcePolicy:
        """The policy as a value to store, for the one resource by default."""
        return ResourcePolicy(
            arn=arn or self.arn,
            account=self.account,
            text=text,
            updated=int(self.admitted.now),
        )

    async def forward(self, request: Request | None = None) -> Response:
        """The upstream's answer to the request, or to what it was rewritten to."""
        admitted = self.admitted
        claim = admitted.claim
        return await self.tools.forwarder.forward(
            Passage(
                request=request or admitted.request,
                service=admitted.target.service,
                account=self.account,
                region=admitted.region,
                bucket=self.bucket,
                key=admitted.target.key or "",
                signed=None if claim is None else frozenset(claim.signed_headers),
                now=admitted.now,
            )
        )

    async def forward_json(self, operation: str, params: object) -> Response:
        """The upstream's answer to a JSON request that we make."""
        service = self.admitted.target.service
        headers = {
            "host": self.admitted.request.index.get("host", ""),
            "content-type": f"application/x-amz-json-{service.json_version}",
            "x-amz-target": f"{service.target}.{operation}",
        }
        return await self._forward_own(headers, json.dumps(params).encode())

    async def forward_form(self, body: bytes) -> Response:
        """The upstream's answer to a form that we make, on the request's own path."""
        headers = {
            "host": self.admitted.request.index.get("host", ""),
            "content-type": "application/x-www-form-urlencoded",
        }
        return await self._forward_own(headers, body)

    async def _forward_own(self, headers: Mapping[str, str], body: bytes) -> Response:
        # Nothing of the client's headers is left, so nothing needs its signature.
        own = replace(
            self.admitted.request,
            method="POST",
            query="",
            headers=tuple(headers.items()),
            body=body,
        )
        return await replace(self, admitted=replace(self.admitted, claim=None)).forward(
            own
        )

    def answer_json(self, result: object) -> Response:
        """A 200 answer of a JSON service."""
        version = self.admitted.target.service.json_version
        return Response(
            status=200,
            headers=(("content-type", f"application/x-amz-json-{version}"),),
            body=json.dumps(result).encode(),
        )

    def answer_query(self, inner: str = "") -> Response:
        """A 200 answer of a query service; `inner` is XML that is escaped already."""
        operation = self.admitted.target.operation
        result = f"<{operation}Result>{inner}</{operation}Result>" if inner else ""
        body = (
            f'<{operation}Response xmlns="{self.admitted.target.service.xmlns}">'
            f"{result}<ResponseMetadata><RequestId>"
            f"{escape_any(self.admitted.request_id)}"
            f"</RequestId></ResponseMetadata></{operation}Response>"
        )
        headers = (("content-type", "text/xml"),)
        return Response(status=200, headers=headers, body=body.encode())

    def answer_empty(self) -> Response:
        """The answer of an operation that tells nothing, in either protocol."""
        return self.answer_json({}) if self.is_json else self.answer_query()


Handler = Callable[[Visit], Awaitable[Response]]


def has_succeeded(response: Response) -> bool:
    """Whether the upstream did what it was asked."""
    return response.status in {200, 204}


def require_whole(response: Response) -> bytes:
    """The body of an answer that is small by its nature.

    Raises:
        Fault: it is not; an upstream that answers so is not understood.
    """
    if not isinstance(response.body, bytes):
        raise Fault("ServiceUnavailable", "The upstream's answer is too large.", 502)
    return response.body
