"""The read-only copy that decisions use, fed by the change log.

It is touched by one thread only. It moves from revision to revision, each
applied as a whole, so no decision ever sees the second of two changes without
the first (T115). Secrets of access keys stay sealed in it until first used.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Final

from ostiary.identity import holdings, model
from ostiary.identity.holdings import CredentialReport
from ostiary.identity.last_use import AccessReport
from ostiary.identity.model import Entity
from ostiary.store.chart import Chart
from ostiary.store.codec import name_key
from ostiary.store.issuers import Issuers
from ostiary.store.port import Write

UNSEEN: Final = (CredentialReport, AccessReport)
"""Kinds that are long and that nobody asks a snapshot for."""


class GapError(Exception):
    """A change is missing between the snapshot and what it was given."""


@dataclass(slots=True)
class Snapshot:
    """Entities by the questions that decisions ask."""

    revision: int = 0
    accounts: dict[str, model.Account] = field(default_factory=dict)
    users: dict[str, model.User] = field(default_factory=dict)
    groups: dict[str, model.Group] = field(default_factory=dict)
    roles: dict[str, model.Role] = field(default_factory=dict)
    access_keys: dict[str, model.AccessKey] = field(default_factory=dict)
    policies: dict[str, model.Policy] = field(default_factory=dict)
    versions: dict[str, model.PolicyVersion] = field(default_factory=dict)
    inline: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    """Owner's id to policy name to text."""
    attached: dict[str, dict[str, None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """Owner's id to policy ARNs, in the order of attachment."""
    groups_of: dict[str, dict[str, None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """User's id to group ids."""
    resource_policies: dict[str, model.ResourcePolicy] = field(default_factory=dict)
    owned: dict[str, model.OwnedResource] = field(default_factory=dict)
    sealing_keys: dict[str, model.SealingKey] = field(default_factory=dict)
    oidc_providers: dict[str, holdings.OIDCProvider] = field(default_factory=dict)
    chart: Chart = field(default_factory=Chart)
    """The organizations."""
    issuers: Issuers = field(default_factory=Issuers)
    """What tokens for others are made of."""
    names: dict[tuple[type[Entity], str, str], str] = field(default_factory=dict)
    """Kind, account and folded name to id, for users, groups and roles."""
    arns: dict[tuple[type[Entity], str, str], tuple[str, str]] = field(
        default_factory=dict
    )
    """Kind, account and folded name to id and ARN, for what else has names and paths:
    instance profiles and server certificates."""
    places: dict[str, tuple[type[Entity], str, str]] = field(default_factory=dict)
    """Where the entity of an id stands in `arns`."""
    listeners: list[Callable[[], None]] = field(default_factory=list)
    """Called after each move, for caches that depend on the snapshot."""

    def load(self, revision: int, entities: Iterable[Entity]) -> None:
        """Start from a full copy."""
        for entity in entities:
            self._put(entity)
        self._arrive(revision)

    def apply(self, before: int, revision: int, writes: Iterable[Write]) -> None:
        """Move from `before` to `revision`; raises GapError from anywhere else.

        Older news than what is already here changes nothing.
        """
        if revision <= self.revision:
            return
        if before > self.revision:
            raise GapError(f"at revision {self.revision}, got {before}")
        for write in writes:
            self._remove(write.kind, write.key)
            if write.entity is not None:
                self._put(write.entity)
        self._arrive(revision)

    def is_closed(self, account: str) -> bool:
        """Whether the account is closed: nobody of it is heard."""
        found = self.accounts.get(account)
        return found is not None and found.closed > 0

    def user_named(self, account: str, name: str) -> model.User | None:
        """The user of that name, whatever its letters' case."""
        key = self.names.get((model.User, account, name_key(name)))
        return None if key is None else self.users[key]

    def role_named(self, account: str, name: str) -> model.Role | None:
        """The role of that name, whatever its letters' case."""
        key = self.names.get((model.Role, account, name_key(name)))
        return None if key is None else self.roles[key]

    def group_named(self, account: str, name: str) -> model.Group | None:
        """The group of that name, whatever its letters' case."""
        key = self.names.get((model.Group, account, name_key(name)))
        return None if key is None else self.groups[key]

    def arn_named(self, kind: type[Entity], account: str, name: str) -> str | None:
        """The ARN of the instance profile or server certificate of that name."""
        found = self.arns.get((kind, account, name_key(name)))
        return None if found is None else found[1]

    def default_text(self, arn: str) -> str | None:
        """The default version's document of a managed policy.

        One of AWS's is there for sessions though nobody ever had it.
        """
        policy = self.policies.get(arn)
        if policy is None:
            from ostiary.store.catalogue import (  # noqa: PLC0415 - rare
                find_text,
            )

            return find_text(arn)
        return self.versions[f"{arn} v{policy.default_version}"].text

    def documents_of(self, owner: str) -> Iterator[tuple[str, str]]:
        """Every document on a user, group or role, with where it stands."""
        for name, text in self.inline.get(owner, _NOTHING).items():
            yield f"inline policy {name}", text
        for arn in self.attached.get(owner, ()):
            text_of = self.default_text(arn)
            if text_of is not None:
                yield arn, text_of

    def _arrive(self, revision: int) -> None:
        self.revision = revision
        for listener in self.listeners:
            listener()

    def _put(self, entity: Entity) -> None:
        table = self._table(type(entity))
        if table is not None:
            table[entity.key] = entity
        match entity:
            case model.User() | model.Group() | model.Role():
                place = (type(entity), entity.account, name_key(entity.name))
                self.names[place] = entity.id
            case holdings.InstanceProfile() | holdings.ServerCertificate():
                spot = (type(entity), entity.account, name_key(entity.name))
                self.arns[spot] = (entity.id, entity.arn)
                self.places[entity.id] = spot
            case model.InlinePolicy():
                self.inline[entity.owner][entity.name] = entity.text
            case model.Attachment():
                self.attached[entity.owner][entity.policy] = None
            case model.Membership():
                self.groups_of[entity.user][entity.group] = None
            case _:
                self.chart.put(entity)
                self.issuers.put(entity)

    def _remove(self, kind: type[Entity], key: str) -> None:
        self.chart.remove(kind, key)
        self.issuers.remove(kind, key)
        table = self._table(kind)
        old = table.pop(key, None) if table is not None else None
        # A name may have gone on to another entity already: then it stays there.
        if isinstance(old, model.User | model.Group | model.Role):
            place = (kind, old.account, name_key(old.name))
            if self.names.get(place) == key:
                del self.names[place]
        if kind in (holdings.InstanceProfile, holdings.ServerCertificate):
            self._remove_place(key)
        pairs = self._pairs(kind)
        if pairs is not None:
            owner, _, member = key.partition(" ")
            members = pairs.get(owner)
            if members is not None:
                members.pop(member, None)
                if not members:
                    del pairs[owner]

    def _remove_place(self, key: str) -> None:
        place = self.places.pop(key, None)
        if place is not None and self.arns.get(place, ("", ""))[0] == key:
            del self.arns[place]

    def _table(self, kind: type[Entity]) -> dict[str, Entity] | None:
        tables: dict[type[Entity], object] = {
            model.Account: self.accounts,
            model.User: self.users,
            model.Group: self.groups,
            model.Role: self.roles,
            model.AccessKey: self.access_keys,
            model.Policy: self.policies,
            model.PolicyVersion: self.versions,
            model.ResourcePolicy: self.resource_policies,
            model.OwnedResource: self.owned,
            model.SealingKey: self.sealing_keys,
            holdings.OIDCProvider: self.oidc_providers,
        }
        return tables.get(kind)  # type: ignore[return-value]  # one kind per table

    def _pairs(
        self, kind: type[Entity]
    ) -> MutableMapping[str, dict[str, object]] | None:
        pairs: dict[type[Entity], object] = {
            model.InlinePolicy: self.inline,
            model.Attachment: self.attached,
            model.Membership: self.groups_of,
        }
        return pairs.get(kind)  # type: ignore[return-value]  # one kind per table


_NOTHING: dict[str, str] = {}
