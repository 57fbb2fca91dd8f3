"""What an organization says about its accounts, compiled: policies and context keys.

Gathered once per account and revision of the snapshot; documents are compiled once
per text, as all others are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ostiary.identity.organization import RCP, SCP, Member, OrganizationPolicy
from ostiary.policy import Attached, Kind, attach
from ostiary.store.applicable import compiled
from ostiary.store.chart import Chart
from ostiary.store.snapshot import Snapshot

Levels = tuple[Attached, ...]
"""The policies of each level, from the root down to the account: all must allow."""
OfLevels = tuple[tuple[str, tuple[OrganizationPolicy, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An account's place in an organization, and what binds it there."""

    principal_keys: Mapping[str, str | tuple[str, ...]]
    """The condition keys of a request by somebody of this account."""
    resource_keys: Mapping[str, str | tuple[str, ...]]
    """The condition keys of a request about something of this account."""
    scps: Levels
    rcps: Levels
    sources: Mapping[Kind, tuple[str, ...]]
    """How each policy is called, level after level."""


NOWHERE = Standing(principal_keys={}, resource_keys={}, scps=(), rcps=(), sources={})
"""An account that is in no organization."""


class Limits:
    """The standing of every account, cached while the snapshot stands still."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._chart = snapshot.chart
        self._of_account: dict[str, Standing] = {}
        snapshot.listeners.append(self._of_account.clear)

    @property
    def are_any(self) -> bool:
        """Whether any account is in an organization at all."""
        return bool(self._chart.members)

    def of(self, account: str) -> Standing:
        """Where the account stands; raises InvalidPolicyError."""
        found = self._of_account.get(account)
        if found is None:
            member = self._chart.members.get(account)
            if member is None:
                return NOWHERE
            found = self._of_account[account] = _gather(self._chart, member)
        return found


def _gather(chart: Chart, member: Member) -> Standing:
    name, paths = member.organization, (chart.path_of(member),)
    scps, rcps = binding(chart, member, SCP), binding(chart, member, RCP)
    return Standing(
        principal_keys={"aws:PrincipalOrgID": name, "aws:PrincipalOrgPaths": paths},
        resource_keys={"aws:ResourceOrgID": name, "aws:ResourceOrgPaths": paths},
        scps=_together(scps, Kind.SCP),
        rcps=_together(rcps, Kind.RCP),
        sources={
            Kind.SCP: _names("service control policy", scps),
            Kind.RCP: _names("resource control policy", rcps),
        },
    )


def binding(chart: Chart, member: Member, policy_type: str) -> OfLevels:
    """The levels of policies that bind the account: none binds the one that manages."""
    organization = chart.organizations[member.organization]
    if member.account == organization.management:
        return ()
    return chart.levels_of(member, policy_type)


def _together(levels: OfLevels, kind: Kind) -> Levels:
    made, first = [], 0
    for _, policies in levels:
        documents = tuple(compiled(one.text, kind) for one in policies)
        made.append(_attached(kind, documents, first))
        first += len(documents)
    return tuple(made)


# An index outlives the revision, as those of principals do.
_attached = lru_cache(maxsize=4096)(attach)


def _names(word: str, levels: OfLevels) -> tuple[str, ...]:
    return tuple(
        f"{word} {policy.id} `{policy.name}` on {target}"
        for target, policies in levels
        for policy in policies
    )
