"""The door: carries out what has been allowed, upstream or here.

Three kinds of operation. Most are forwarded. Those about resource policies are
answered here and never forwarded, for the door owns authorization data (decision
0001). A few are forwarded without a part that is ours, and what we keep is put into
the answer.

Every upstream acts in one account: the one that owns the resource that was decided
on, or the caller's where no resource says.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from ostiary.gate import (
    bucket_policies,
    mfa_delete,
    ownership,
    queue_policies,
    table_policies,
    topic_policies,
)
from ostiary.gate.admitted import Admitted
from ostiary.gate.forward import Forwarder
from ostiary.gate.outgoing import as_one_form, check_connection
from ostiary.gate.policy_book import PolicyBook
from ostiary.gate.recorded import Recorded
from ostiary.gate.upstreams import Remote
from ostiary.gate.visit import NOBODY, Handler, Tools, Verify, Visit
from ostiary.gate.work import Work
from ostiary.policy.arn import split
from ostiary.store.snapshot import Snapshot
from ostiary.wire.catalog import Protocol
from ostiary.wire.faults import Fault, access_denied
from ostiary.wire.http import Response
from ostiary.wire.xml import escape_any

__all__ = ["Admitted", "Door", "resource_owner"]

HANDLERS: Mapping[tuple[str, str], Handler] = {
    **{("s3", name): handler for name, handler in bucket_policies.HANDLERS.items()},
    **{("s3", name): handler for name, handler in ownership.HANDLERS.items()},
    **{("s3", name): handler for name, handler in mfa_delete.HANDLERS.items()},
    **{("sqs", name): handler for name, handler in queue_policies.HANDLERS.items()},
    **{("sns", name): handler for name, handler in topic_policies.HANDLERS.items()},
    **{
        ("dynamodb", name): handler for name, handler in table_policies.HANDLERS.items()
    },
}
"""Operations that are more than forwarded."""

_REQUEST_ID = re.compile(rb"<(RequestI[dD]|requestId)>[^<>]{0,128}</\1>")
_INVALID = {"dynamodb": "ValidationException", "sns": "InvalidParameter"}
_FIRST_ERROR = 400


class Door:
    """Performs admitted requests.

    Args:
        forwarder: the upstreams.
        work: the store.
        snapshot: what decisions read.
        verify: proves a token code, for MFA Delete.
    """

    def __init__(
        self, forwarder: Forwarder, work: Work, snapshot: Snapshot, verify: Verify
    ) -> None:
        self._tools = Tools(
            forwarder=forwarder,
            work=work,
            snapshot=snapshot,
            policies=PolicyBook(work),
            verify=verify,
        )
        forwarder.sandbox.before_start = self.forget_sandbox

    async def perform(self, admitted: Admitted) -> Response:
        """The answer to a request that has been allowed.

        Raises:
            Fault: in the service's words, also for an upstream that did not answer.
        """
        check_connection(admitted.request)
        snapshot = self._tools.snapshot
        service = admitted.target.service.name
        remote = self._tools.forwarder.upstreams.find(service)
        account = resource_owner(admitted, snapshot, remote)
        if admitted.target.protocol in {Protocol.QUERY, Protocol.EC2}:
            admitted = replace(admitted, request=as_one_form(admitted.request))
        if service == "s3":
            _check_made(admitted, snapshot)
            _check_expected_owners(admitted, account)
        else:
            _check_region(admitted)
        if remote is not None:
            _check_served(admitted, snapshot, remote, account)
        handler = HANDLERS.get((service, admitted.target.operation), _forward)
        visit = Visit(
            admitted=admitted, account=account, tools=self._recording(admitted)
        )
        return _with_request_id(admitted, await handler(visit))

    def _recording(self, admitted: Admitted) -> Tools:
        """The tools, whose changes carry the request's audit record (P6)."""
        work = Recorded(self._tools.work, admitted.note)
        return replace(self._tools, work=work, policies=PolicyBook(work))

    async def forget_sandbox(self) -> None:
        """Forgets policies and owners of what the sandbox held before it ended.

        A new sandbox begins empty, and a new queue must not find the policy of an
        old one of the same name.
        """
        upstreams = self._tools.forwarder.upstreams
        await ownership.forget_services(
            self._tools.work, lambda service: upstreams.find(service) is None
        )


async def _forward(visit: Visit) -> Response:
    return await visit.forward()


def resource_owner(
    admitted: Admitted, snapshot: Snapshot, remote: Remote | None
) -> str:
    """The account whose resources the upstream shall act on.

    A bucket belongs to the account that made it through the door; one that a
    configured upstream had before belongs to that upstream's owner.

    Raises:
        Fault: the resources belong to more than one account, so no upstream could
            do as was decided (T65).
    """
    target = admitted.target
    caller = admitted.caller.account or NOBODY
    if target.service.name == "s3":
        if target.bucket is None or target.operation == "CreateBucket":
            return caller
        owned = snapshot.owned.get(f"arn:aws:s3:::{target.bucket}")
        if owned is not None:
            return owned.account
        return caller if remote is None else remote.owner
    prefix = f"{target.service.name}:"
    owners = {
        need.resource_account
        for need in admitted.needs
        if need.action.startswith(prefix) and need.resource_account
    }
    if len(owners) > 1:
        raise _misplaced(admitted, "must belong to one account")
    return owners.pop() if owners else caller


def _check_made(admitted: Admitted, snapshot: Snapshot) -> None:
    """Refuses what touches a bucket that is only being made: it has no owner yet."""
    if admitted.target.operation == "CreateBucket":
        return
    for name in {_bucket_of(need.resource) for need in admitted.needs}:
        if ownership.is_reserved(snapshot.owned.get(f"arn:aws:s3:::{name}")):
            raise ownership.no_such_bucket(name)


def _check_region(admitted: Admitted) -> None:
    """Refuses resources of another region than the one that the upstream acts in.

    That is the region of the signature; upstreams find `table/x` there, whatever
    region stands in the ARN that was decided on (T65).
    """
    for need in admitted.needs:
        parts = split(need.resource)
        if parts is not None and parts[3] not in {"", admitted.region}:
            raise _misplaced(admitted, "must be of the region that it is signed for")


def _misplaced(admitted: Admitted, why: str) -> Fault:
    name = admitted.target.service.name
    code = _INVALID.get(name, "InvalidParameterValue")
    return Fault(code, f"The resources of one request {why}.", 400)


def _check_served(
    admitted: Admitted, snapshot: Snapshot, remote: Remote, account: str
) -> None:
    """Refuses what a configured upstream cannot tell apart from something else.

    It keeps one account's resources of one region, whatever ARN we call them by.
    """
    if admitted.target.service.name == "s3":
        _check_buckets(admitted, snapshot, remote)
    elif account != remote.owner or admitted.region != remote.region:
        raise _denied(admitted)


def _check_buckets(admitted: Admitted, snapshot: Snapshot, remote: Remote) -> None:
    """Refuses a bucket that another account owns than the decision has taken.

    Decisions take the caller's account where nobody made the bucket through the
    door. Here it belongs to the upstream's owner, so it must be the same.
    """
    if admitted.target.operation == "CreateBucket":
        return
    for need in admitted.needs:
        bucket = _bucket_of(need.resource)
        owned = snapshot.owned.get(f"arn:aws:s3:::{bucket}")
        owner = remote.owner if owned is None else owned.account
        if bucket and need.resource_account != owner:
            raise _denied(admitted)


def _check_expected_owners(admitted: Admitted, account: str) -> None:
    """Holds the owner that the client expects against the real one."""
    index = admitted.request.index
    expected = index.get("x-amz-expected-bucket-owner")
    if expected is not None and expected != account:
        raise _denied(admitted)
    expected = index.get("x-amz-source-expected-bucket-owner")
    if expected is None:
        return
    source = admitted.target.params.get("CopySource")
    name = source.get("Bucket") if isinstance(source, Mapping) else None
    owners = {
        need.resource_account
        for need in admitted.needs
        if _bucket_of(need.resource) == name
    }
    if owners != {expected}:
        raise _denied(admitted)


def _bucket_of(arn: str) -> str:
    parts = split(arn)
    return "" if parts is None else parts[5].partition("/")[0]


def _denied(admitted: Admitted) -> Fault:
    target = admitted.target
    action = f"{target.service.name}:{target.operation}"
    return access_denied(
        target.service,
        f"User: {admitted.caller.arn} is not authorized to perform: {action}",
    )


def _with_request_id(admitted: Admitted, response: Response) -> Response:
    """The answer under our request id, which is the one that `ostiary why` knows."""
    name = admitted.target.service.name
    header = "x-amz-request-id" if name == "s3" else "x-amzn-requestid"
    headers = [pair for pair in response.headers if pair[0] != header]
    headers.append((header, admitted.request_id))
    body = response.body
    if isinstance(body, bytes) and _tells_request_id(admitted, response):
        body = _replace_request_id(body, admitted.target.protocol, admitted.request_id)
        headers = [
            (key, str(len(body)) if key == "content-length" else value)
            for key, value in headers
        ]
    return replace(response, headers=tuple(headers), body=body)


def _tells_request_id(admitted: Admitted, response: Response) -> bool:
    """Whether the body has a request id of its own; an object's bytes never do."""
    if admitted.request.method == "HEAD":
        return False
    match admitted.target.protocol:
        case Protocol.QUERY | Protocol.EC2:
            return True
        case Protocol.REST_XML:
            return response.status >= _FIRST_ERROR
        case _:
            return False


def _replace_request_id(body: bytes, protocol: Protocol, request_id: str) -> bytes:
    """Puts our id in the place of the upstream's.

    Data cannot look like it, since `<` in data is escaped. EC2 tells it first, so
    there the first counts; elsewhere the last.
    """
    found = list(_REQUEST_ID.finditer(body))
    if not found:
        return body
    place = found[0 if protocol is Protocol.EC2 else -1]
    tag = place[1].decode()
    ours = f"<{tag}>{escape_any(request_id)}</{tag}>".encode()
    return body[: place.start()] + ours + body[place.end() :]
