"""Who owns a bucket: its name does not say, so the door remembers who made it.

A name is reserved in the store before the upstream is asked, so of two accounts
that want the same name one gets it, whatever the upstream would say to each.
"""

import json
from collections.abc import Callable
from dataclasses import replace

from ostiary.gate.visit import Handler, Visit, has_succeeded, require_whole
from ostiary.gate.work import Work
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


async def create_bucket(visit: Visit) -> Response:
    """Creates the bucket upstream, and remembers the caller's account as its owner.

    Raises:
        Fault: the name is taken, or is being taken.
    """
    exists = await bucket_exists(visit)
    before = await _reserve(visit, exists=exists)
    # Without an answer nobody knows whether it was made: the reservation stays then,
    # and runs out by itself.
    response = await visit.forward()
    if not has_succeeded(response):
        await _take_back(visit, before)
        return response
    if before is None:
        await _remember(visit)
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
        raise Fault(
            "NoSuchBucket",
            "The specified bucket does not exist",
            _MISSING,
            {"BucketName": visit.bucket},
        )


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


async def forget_services(work: Work, is_gone: Callable[[str], bool]) -> None:
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


async def _reserve(visit: Visit, *, exists: bool) -> OwnedResource | None:
    """Takes the name for the caller's account.

    Returns:
        The bucket of the caller's own account that is there already, or None when
        the name was free and is reserved now.
    """

    def write(change: Change) -> OwnedResource | None:
        found = change.find(OwnedResource, visit.bucket_arn)
        if exists:
            return _existing(visit, found)
        if found is not None:
            _refuse_contest(visit, found)
            # The upstream has lost it: nothing of the old bucket may come back.
            _forget(change, visit.bucket_arn)
        change.insert(_record(visit, json.dumps({"reserved": "yes"})))
        return None

    return await visit.tools.work.change(write)


def _existing(visit: Visit, found: OwnedResource | None) -> OwnedResource:
    remote = visit.tools.forwarder.upstreams.find("s3")
    owner = found.account if found else remote.owner if remote else ""
    if owner != visit.account:
        raise Fault(
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is "
            "shared by all users of the system. Please select a different name and "
            "try again.",
            409,
            {"BucketName": visit.bucket},
        )
    return found or _record(visit, "")


def _refuse_contest(visit: Visit, found: OwnedResource) -> None:
    """Refuses while another request is creating the same bucket."""
    age = visit.admitted.now - found.created
    if state_of(found).get("reserved") and age < RESERVED_FOR:
        raise Fault(
            "OperationAborted",
            "A conflicting conditional operation is currently in progress against "
            "this resource. Please try again.",
            409,
        )


async def _take_back(visit: Visit, before: OwnedResource | None) -> None:
    def write(change: Change) -> None:
        found = change.find(OwnedResource, visit.bucket_arn)
        if before is None and found is not None and state_of(found).get("reserved"):
            change.delete(found)

    await visit.tools.work.change(write)


async def _remember(visit: Visit) -> None:
    def write(change: Change) -> None:
        found = change.find(OwnedResource, visit.bucket_arn)
        if found is not None:
            change.replace(replace(found, state=""))

    await visit.tools.work.change(write)


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
