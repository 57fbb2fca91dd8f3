"""What a request takes: the values between `actions.required` and the decision.

Everything here comes from the request as it was parsed and signed, from the
caller, and from the snapshot; nothing is guessed. What cannot be understood is
`Unclear`, and an unclear request is refused as `Unmapped` (T66, T150).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from ostiary.identity.caller import Caller, timestamp
from ostiary.identity.model import Policy, Role, User
from ostiary.identity.organization import (
    Member,
    Organization,
    OrganizationPolicy,
    Unit,
)
from ostiary.store.snapshot import Snapshot
from ostiary.wire.catalog import Target
from ostiary.wire.http import Request

Value = str | tuple[str, ...]
"""A condition key's value; a tuple for a multivalued key, which may be empty."""

ANY = "*"
"""The resource of an action that has no resource level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One permission that a request takes.

    Attributes:
        action: `service:Name`, as AWS spells it.
        resource: An ARN, or `*` where the action has no resource level.
        resource_account: The account that owns the resource.
        context: The condition keys that this action gets from the request and
            the resource; those of the caller and the connection come beside it.
    """

    action: str
    resource: str
    resource_account: str
    context: Mapping[str, Value]


class Unmapped(Exception):  # noqa: N818 - a fact about the request, like `KeyError` it names what is missing
    """A request that cannot be turned into exactly the permissions it takes (T66).

    Args:
        service: signing name of the service.
        operation: its operation.
        why: what was not understood, in our register; for the audit record only.
    """

    def __init__(self, service: str, operation: str, why: str) -> None:
        super().__init__(f"`{service}:{operation}` is not mapped: {why}")
        self.service = service
        self.operation = operation
        self.why = why


class Unclear(Exception):  # noqa: N818 - becomes `Unmapped` where the operation is known
    """A part of a request that decides a resource and cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All that a row may look at."""

    target: Target
    request: Request
    caller: Caller
    snapshot: Snapshot
    region: str
    """Of the verified credential scope."""


class Named(Enum):
    """What a row names where the request does not; no text of a client is one."""

    ALL = "*"
    """All things of the type: what does not exist yet, or is chosen by the upstream."""
    SELF = "self"
    """Whoever is calling."""


Tagged = User | Role | Policy | Organization | Unit | Member | OrganizationPolicy
"""What has tags that decisions may ask for."""


class Resource(NamedTuple):
    """A resource that was named, and who owns it."""

    arn: str
    account: str
    entity: Tagged | None = None
    """What the snapshot knows of it: the source of its tags and its boundary."""


Find = Callable[[Asked, str], Resource]
"""The resource that a text of the request names; raises `Unclear`."""


class Kind(NamedTuple):
    """How the resources of one type are found."""

    find: Find
    named: Mapping[Named, Callable[[Asked], Resource]] = {}
    """What a row may say of the type where the request names nothing."""


class Part(NamedTuple):
    """One need of an operation that is made of several, before its context is whole."""

    action: str
    resource: Resource
    context: Mapping[str, Value]


def request_context(request: Request, now: float, region: str) -> dict[str, Value]:
    """The global condition keys of the request itself (facts 5.1).

    `aws:UserAgent` and `aws:referer` are what the client says of itself; they are
    here since policies may name them, and no policy should rely on them.

    Args:
        request: as it arrived.
        now: seconds since the epoch, UTC.
        region: of the verified credential scope.
    """
    seconds = int(now)
    context: dict[str, Value] = {
        "aws:SourceIp": request.peer,
        "aws:SecureTransport": "true" if request.secure else "false",
        "aws:CurrentTime": _current_time(seconds),
        "aws:EpochTime": str(seconds),
        "aws:RequestedRegion": region,
        "aws:ViaAWSService": "false",
    }
    agent = request.index.get("user-agent")
    if agent is not None:
        context["aws:UserAgent"] = agent
    referer = request.index.get("referer")
    if referer is not None:
        context["aws:referer"] = referer
    return context


@lru_cache(maxsize=4)
def _current_time(seconds: int) -> str:
    return timestamp(seconds)
