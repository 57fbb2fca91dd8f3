"""What an import would do to an account: gathered first, then done at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ostiary.identity.holdings import InstanceProfile
from ostiary.identity.model import (
    AccessKey,
    Attachment,
    Entity,
    Group,
    InlinePolicy,
    Membership,
    Policy,
    PolicyVersion,
    Role,
    User,
)
from ostiary.identity.secret import Secret
from ostiary.services.imports.faults import Fault, Place
from ostiary.store.port import Change

_ORDER: Final[tuple[type[Entity], ...]] = (
    User,
    Group,
    Role,
    Policy,
    PolicyVersion,
    InlinePolicy,
    Attachment,
    Membership,
    InstanceProfile,
    AccessKey,
)
"""What is referred to stands before what refers to it."""


class Act(StrEnum):
    """What becomes of an entity."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entity of the file."""

    kind: str
    """`user`, `group`, `role`, `policy` or `instance profile`."""
    arn: str
    act: Act
    changes: tuple[str, ...]
    """What is updated, in words; empty for all else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change as an audit record tells it, by the operation that would make it."""

    operation: str
    arn: str
    """Of the entity that is changed."""
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A new access key, for the file that its owner gets."""

    user: str
    """The user's name."""
    id: str
    secret: Secret


@dataclass(slots=True, kw_only=True)
class Plan:
    """All that an import does to one account; filled while the file is compared."""

    account: str
    place: Place
    is_new: bool
    items: list[Item] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """ARNs of what is here and not in the file: it stays as it is."""
    notices: list[Fault] = field(default_factory=list)
    """What is no fault, and should be known."""
    faults: list[Fault] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    keys: list[NewKey] = field(default_factory=list)
    deletes: list[Entity] = field(default_factory=list)
    replaces: list[Entity] = field(default_factory=list)
    inserts: list[Entity] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether the account is as the file says already."""
        return not (self.deletes or self.replaces or self.inserts or self.is_new)

    def fault(self, place: Place, message: str, advice: str = "") -> None:
        """Remember what makes the file impossible here."""
        self.faults.append(Fault(place=place, message=message, help=advice))

    def notice(self, place: Place, message: str, advice: str = "") -> None:
        """Remember what the operator should know."""
        self.notices.append(Fault(place=place, message=message, help=advice))


@dataclass(slots=True, kw_only=True)
class Draft:
    """The changes to one entity, until it is known whether there are any."""

    plan: Plan
    kind: str
    arn: str
    is_new: bool
    changes: list[str] = field(default_factory=list)

    def say(self, change: str) -> None:
        """Remember in words what is updated, once."""
        if change not in self.changes:
            self.changes.append(change)

    def event(self, operation: str, **parameters: str) -> None:
        """Remember what the audit log will tell."""
        event = Event(operation=operation, arn=self.arn, parameters=parameters)
        self.plan.events.append(event)

    def done(self) -> None:
        """The entity is compared."""
        act = Act.UPDATE if self.changes else Act.UNCHANGED
        item = Item(
            kind=self.kind,
            arn=self.arn,
            act=Act.CREATE if self.is_new else act,
            changes=() if self.is_new else tuple(self.changes),
        )
        self.plan.items.append(item)


def carry_out(
    plan: Plan, change: Change, insert_all: Callable[[Sequence[Entity]], None]
) -> None:
    """The plan is in the store when the change is committed.

    Args:
        plan: what to do.
        change: where.
        insert_all: puts many entities of one kind into the same change at once.
    """
    for entity in plan.deletes:
        change.delete(entity)
    for entity in plan.replaces:
        change.replace(entity)
    for kind in _ORDER:
        insert_all([one for one in plan.inserts if type(one) is kind])
