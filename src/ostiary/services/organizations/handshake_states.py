"""The states of handshakes, and how answers show one."""

from dataclasses import replace
from typing import Final

from ostiary.identity.organization import Handshake, Organization
from ostiary.services.errors import ServiceError
from ostiary.services.operation import Call, Result
from ostiary.services.organizations.errors import conflict
from ostiary.services.organizations.place import get_member
from ostiary.store.port import Change, Reader

INVITE: Final = "INVITE"
"""The action of an invitation."""
REQUESTED, OPEN, ACCEPTED, DECLINED, CANCELED, EXPIRED = (
    "REQUESTED",
    "OPEN",
    "ACCEPTED",
    "DECLINED",
    "CANCELED",
    "EXPIRED",
)
PENDING: Final = (REQUESTED, OPEN)
"""The states that can still change."""


def state_of(handshake: Handshake, now: int) -> str:
    """The state as it is now: nobody has to note that time has run out."""
    is_late = handshake.state in PENDING and handshake.expires <= now
    return EXPIRED if is_late else handshake.state


def moved(call: Call, change: Change, handshake: Handshake, state: str) -> Handshake:
    """The handshake in its last state; raises for one that cannot get there."""
    now_in = state_of(handshake, call.now)
    if now_in == state:
        raise conflict(
            "HandshakeAlreadyInStateException",
            "The specified handshake is already in the requested state.",
        )
    if now_in != OPEN and (now_in, state) != (REQUESTED, CANCELED):
        raise not_open()
    moved_on = replace(handshake, state=state)
    change.replace(moved_on)
    return moved_on


def not_open() -> ServiceError:
    """The handshake, or the caller's part in it, does not allow this."""
    return conflict(
        "InvalidHandshakeTransitionException",
        "You can't perform the operation on the handshake in its current state.",
    )


def handshake_shown(view: Reader, handshake: Handshake, now: int) -> Result:
    """A handshake as answers have it."""
    organization = view.find(Organization, handshake.organization)
    assert organization is not None  # noqa: S101 - its handshakes go with it
    kind = handshake.action.lower()
    parties = [{"Id": organization.id.removeprefix("o-"), "Type": "ORGANIZATION"}]
    if handshake.account != organization.management:
        parties.append({"Id": handshake.account, "Type": "ACCOUNT"})
    return {
        "Id": handshake.id,
        "Arn": organization.arn_of("handshake", f"{kind}/{handshake.id}"),
        "Parties": parties,
        "State": state_of(handshake, now),
        "RequestedTimestamp": handshake.created,
        "ExpirationTimestamp": handshake.expires,
        "Action": handshake.action,
        "Resources": _resources(view, handshake, organization),
    }


def _resources(
    view: Reader, handshake: Handshake, organization: Organization
) -> list[Result]:
    manager = get_member(view, organization, organization.management)
    asking = [
        {"Type": "MASTER_EMAIL", "Value": manager.email},
        {"Type": "MASTER_NAME", "Value": manager.name},
        {"Type": "ORGANIZATION_FEATURE_SET", "Value": organization.features},
    ]
    resources: list[Result] = [
        {"Type": "ORGANIZATION", "Value": organization.id, "Resources": asking}
    ]
    if handshake.account != organization.management:
        resources.append({"Type": "ACCOUNT", "Value": handshake.account})
    if handshake.parent:
        resources.append({"Type": "PARENT_HANDSHAKE", "Value": handshake.parent})
    if handshake.notes:
        resources.append({"Type": "NOTES", "Value": handshake.notes})
    return resources
