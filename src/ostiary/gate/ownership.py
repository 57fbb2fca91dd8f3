"""Who owns a bucket: its name does not say, so the door remembers who made it.

A creation first reserves the name in the store, so of two accounts that want it one
gets it, whatever the upstream would say to each. A reservation is no ownership:
until the upstream has answered, nobody reaches the bucket.
"""

import json
from collections.abc import Callable
from dataclasses import replace

from ostiary.gate.recorded import Transactions
from ostiary.gate.visit import Handler, Visit, has_succeeded, require_whole
from ostiary.identity.model import OwnedResource, ResourcePolicy
from ostiary.policy.arn import split
from ostiary.store.port import Change
from ostiary.wire.faults import Fault
from ostiary.wire.http import Request, Response
from ostiary.wire.s3 import XMLNS
from ostiary.wire.xml import Element, MalformedXMLError, escape_any, parse

RESERVED_FOR = 60
"""Seconds after which a reservation whose answer never came stops to count."""

_MISSING = 404
_RESERVED = "reserved"
_MADE = "made"
"""In the state of a bucket: the request that is making it, or has made it."""


async def create_bucket(visit: Visit) -> Response:
    """Creates the bucket upstream, and remembers the caller's account as its owner.

    Raises:
        Fault: the name is taken, or is being taken.
    """
    # Looked at twice: before, so that a name which is taken is never reserved; and
    # after, since only a reservation keeps others from taking it.
    before = await _find(visit)
    _check_free(visit, before, exists=await bucket_exists(visit))
    if _is_own_bucket(visit, before):
        return await visit.forward()
    reservation = await _reserve(visit, before)
    try:
        _check_free(visit, before, exists=await bucket_exists(visit))
    except Fault:
        await _swap(visit, reservation, before)
        raise
    # Without an answer nobody knows whether it was made: the reservation stays then,
    # and who has it may try again.
    response = await visit.forward()
    if has_succeeded(response):
        made = json.dumps({_MADE: visit.admitted.request_id})
        await _swap(visit, reservation, replace(reservation, state=made))
    else:
        await _swap(visit, reservation, before)
    return response


async def delete_bucket(visit: Visit) -> Response:
    """Deletes the bucket upstream, then forgets its owner and its policy."""
    response = await visit.forward()
    if has_succeeded(response) or response.status == _MISSING:

        def forget(change: Change) -> None:
            _forget(change, visit.bucket_arn)

        await visit.tools.work.change(forget)
    return response


async def list_buckets(visit: Visit) -> Response:
    """The upstream's list, without buckets of other accounts."""
    response = await visit.forward()
    if not has_succeeded(response):
        return response
    try:
        root = parse(require_whole(response), XMLNS)
    except MalformedXMLError as error:
        raise _not_understood() from error
    for child in root.children:
        if child.name == "Buckets":
            child.children = [
                one for one in child.children if _is_own(visit, _name_of(one))
            ]
    body = xml_document(root)
    return Response(
        status=200,
        headers=(
            ("content-type", "application/xml"),
            ("content-length", str(len(body))),
        ),
        body=body,
    )


async def bucket_exists(visit: Visit) -> bool:
    """Whether the upstream has a bucket of this name, whoever owns it."""
    response = await visit.forward(probe(visit))
    return response.status != _MISSING


async def require_bucket(visit: Visit) -> None:
    """Passes a bucket that is there; raises NoSuchBucket."""
    if not await bucket_exists(visit):
        raise no_such_bucket(visit.bucket)


def no_such_bucket(name: str) -> Fault:
    """What S3 says of a bucket that is not there."""
    told = "The specified bucket does not exist"
    return Fault("NoSuchBucket", told, _MISSING, {"BucketName": name})


def probe(visit: Visit) -> Request:
    """A HeadBucket request for the same bucket, with nothing of the client's in it."""
    return replace(
        visit.admitted.request,
        method="HEAD",
        path=f"/{visit.bucket}",
        query="",
        headers=(("host", visit.admitted.request.index.get("host", "")),),
        body=b"",
    )


async def remember_state(visit: Visit, state: dict[str, str]) -> None:
    """Adds to what is remembered of the bucket; it becomes known if it was not."""

    def write(change: Change) -> None:
        found = change.find(OwnedResource, visit.bucket_arn)
        if found is None:
            change.insert(_record(visit, json.dumps(state)))
        else:
            merged = {**state_of(found), **state}
            change.replace(replace(found, state=json.dumps(merged)))

    await visit.tools.work.change(write)


def state_of(owned: OwnedResource | None) -> dict[str, str]:
    """What is remembered of a bucket beside its owner."""
    if owned is None or not owned.state:
        return {}
    state: dict[str, str] = json.loads(owned.state)
    return state


def is_reserved(owned: OwnedResource | None) -> bool:
    """Whether the bucket is only being made, as far as anybody knows."""
    return _RESERVED in state_of(owned)


async def forget_services(work: Transactions, is_gone: Callable[[str], bool]) -> None:
    """Forgets every policy and owner of the services whose resources are gone."""

    def write(change: Change) -> None:
        for kind in (ResourcePolicy, OwnedResource):
            for entity in change.list_by(kind):
                parts = split(entity.key)
                if parts is not None and is_gone(parts[2]):
                    change.delete(entity)

    await work.change(write)


def xml_document(root: Element) -> bytes:
    """An S3 answer from its elements."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root.name} xmlns="{XMLNS}">'
        f"{''.join(_xml(child) for child in root.children)}</{root.name}>"
    ).encode()


def _xml(element: Element) -> str:
    inner = "".join(_xml(child) for child in element.children) or escape_any(
        element.text
    )
    return f"<{element.name}>{inner}</{element.name}>"


def _name_of(bucket: Element) -> str:
    for child in bucket.children:
        if child.name == "Name":
            return child.text
    raise _not_understood()


def _not_understood() -> Fault:
    return Fault("ServiceUnavailable", "The upstream's answer is not understood.", 502)


def _is_own(visit: Visit, name: str) -> bool:
    owned = visit.tools.snapshot.owned.get(f"arn:aws:s3:::{name}")
    if owned is not None:
        return owned.account == visit.account
    remote = visit.tools.forwarder.upstreams.find("s3")
    return remote is not None and remote.owner == visit.account


async def _find(visit: Visit) -> OwnedResource | None:
    return await visit.tools.work.read(
        lambda view: view.find(OwnedResource, visit.bucket_arn)
    )


def _is_own_bucket(visit: Visit, before: OwnedResource | None) -> bool:
    """Whether the caller's account has made this bucket already."""
    return (
        before is not None
        and before.account == visit.account
        and not is_reserved(before)
    )


def _check_free(visit: Visit, before: OwnedResource | None, *, exists: bool) -> None:
    """Passes a name that the caller's account may have.

    One that the upstream has belongs to whoever is remembered, else to the
    upstream's owner. One that it has not is free, whoever had it before.
    """
    if not exists:
        return
    remote = visit.tools.forwarder.upstreams.find("s3")
    owner = before.account if before else remote.owner if remote else ""
    if owner != visit.account:
        raise Fault(
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is "
            "shared by all users of the system. Please select a different name and "
            "try again.",
            409,
            {"BucketName": visit.bucket},
        )


async def _reserve(visit: Visit, before: OwnedResource | None) -> OwnedResource:
    """Takes the name for the caller's account, if nothing has happened since."""
    state = json.dumps({_RESERVED: visit.admitted.request_id})
    reservation = _record(visit, state)
    if before is not None and is_reserved(before):
        age = visit.admitted.now - before.created
        if age < RESERVED_FOR:
            raise _contested()

    def write(change: Change) -> None:
        if change.find(OwnedResource, visit.bucket_arn) != before:
            raise _contested()
        # The upstream has not got it: nothing of an old bucket may come back.
        _forget(change, visit.bucket_arn)
        change.insert(reservation)

    await visit.tools.work.change(write)
    return reservation


async def _swap(
    visit: Visit, reservation: OwnedResource, after: OwnedResource | None
) -> None:
    """Puts `after` in the place of our reservation, if that still stands."""

    def write(change: Change) -> None:
        if change.find(OwnedResource, visit.bucket_arn) != reservation:
            return
        if after is None:
            change.delete(reservation)
        else:
            change.replace(after)

    await visit.tools.work.change(write)


def _contested() -> Fault:
    return Fault(
        "OperationAborted",
        "A conflicting conditional operation is currently in progress against "
        "this resource. Please try again.",
        409,
    )


def _record(visit: Visit, state: str) -> OwnedResource:
    return OwnedResource(
        arn=visit.bucket_arn,
        account=visit.account,
        created=int(visit.admitted.now),
        state=state,
    )


def _forget(change: Change, arn: str) -> None:
    for kind in (OwnedResource, ResourcePolicy):
        found = change.find(kind, arn)
        if found is not None:
            change.delete(found)


HANDLERS: dict[str, Handler] = {
    "CreateBucket": create_bucket,
    "DeleteBucket": delete_bucket,
    "ListBuckets": list_buckets,
}
