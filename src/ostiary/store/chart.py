"""The organizations as decisions see them: who belongs where, and under which policies.

A part of the snapshot, fed by it.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from ostiary.identity.model import Entity
from ostiary.identity.organization import (
    MANAGED,
    Handshake,
    Member,
    Organization,
    OrganizationPolicy,
    PolicyTarget,
    Unit,
)
from ostiary.store.port import Reader


@dataclass(slots=True)
class Chart:
    """Members by account, and what stands above each."""

    organizations: dict[str, Organization] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    """Empty where no account is in an organization: then nothing here matters."""
    policies: dict[str, OrganizationPolicy] = field(
        default_factory=lambda: dict(MANAGED)
    )
    handshakes: dict[str, Handshake] = field(default_factory=dict)
    attached: dict[str, dict[str, None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """Target's id to policy ids."""

    def organization_of(self, account: str) -> Organization | None:
        """The organization that the account manages or is a member of."""
        member = self.members.get(account)
        return None if member is None else self.organizations[member.organization]

    def members_of(self, organization: str) -> list[Member]:
        """All accounts of an organization, the management account too, by id."""
        found = [
            one for one in self.members.values() if one.organization == organization
        ]
        return sorted(found, key=lambda one: one.account)

    def chain_to(self, parent: str) -> list[str]:
        """The ids from the root down to a root or unit, itself the last."""
        chain = [parent]
        while (unit := self.units.get(chain[-1])) is not None:
            chain.append(unit.parent)
        return chain[::-1]

    def path_of(self, member: Member) -> str:
        """Where the account stands, as `aws:PrincipalOrgPaths` has it: `o-…/r-…/`."""
        return "/".join((member.organization, *self.chain_to(member.parent), ""))

    def levels_of(
        self, member: Member, policy_type: str
    ) -> tuple[tuple[str, tuple[OrganizationPolicy, ...]], ...]:
        """The policies of a type on each level above the account, and on itself.

        Every level must allow. There is none where the type is not enabled.
        """
        if not self.organizations[member.organization].has_type(policy_type):
            return ()
        levels = (*self.chain_to(member.parent), member.account)
        return tuple((one, self._policies_on(one, policy_type)) for one in levels)

    def _policies_on(
        self, target: str, policy_type: str
    ) -> tuple[OrganizationPolicy, ...]:
        found = (self.policies[one] for one in self.attached.get(target, ()))
        return tuple(policy for policy in found if policy.type == policy_type)

    def put(self, entity: Entity) -> None:
        """Takes a new or changed entity; what decisions do not read is let go."""
        match entity:
            case Organization():
                self.organizations[entity.id] = entity
            case Unit():
                self.units[entity.id] = entity
            case Member():
                self.members[entity.account] = entity
            case OrganizationPolicy():
                self.policies[entity.id] = entity
            case Handshake():
                self.handshakes[entity.id] = entity
            case PolicyTarget():
                self.attached[entity.target][entity.policy] = None
            case _:
                pass

    def remove(self, kind: type[Entity], key: str) -> None:
        """Forgets an entity, if it was here."""
        if kind is PolicyTarget:
            target, _, policy = key.partition(" ")
            self.attached[target].pop(policy, None)
            if not self.attached[target]:
                del self.attached[target]
        elif kind is Organization:
            self.organizations.pop(key, None)
        elif kind is Unit:
            self.units.pop(key, None)
        elif kind is Member:
            self.members.pop(key, None)
        elif kind is Handshake:
            self.handshakes.pop(key, None)
        elif kind is OrganizationPolicy:
            self.policies.pop(key, None)


def chart_of(view: Reader, account: str) -> Chart:
    """The chart of the account's organization, from the store; else an empty one.

    Of its members it holds this account alone.
    """
    chart = Chart()
    member = view.find(Member, account)
    if member is None:
        return chart
    name = member.organization
    chart.put(member)
    for kind in (Unit, OrganizationPolicy, PolicyTarget):
        for entity in view.list_by(kind, organization=name):
            chart.put(entity)
    organization = view.find(Organization, name)
    assert organization is not None  # noqa: S101 - it outlives its members
    chart.put(organization)
    return chart
