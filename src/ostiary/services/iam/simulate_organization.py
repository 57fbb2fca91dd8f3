"""What an organization adds to the simulation of a principal.

The policies that bind the principal's account count, as at the gate; but they are the
organization's, so their statements are not listed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ostiary.identity.organization import RCP, RCP_SERVICES, SCP, Member
from ostiary.policy import AuthorizationRequest, Kind
from ostiary.services.iam.owners import LINKED_PATH, Owner
from ostiary.services.iam.simulate_documents import Source, stored
from ostiary.store.chart import Chart, chart_of
from ostiary.store.limits import binding
from ostiary.store.port import Reader

Levels = tuple[tuple[Source, ...], ...]
_TYPES: Final = {SCP: Kind.SCP, RCP: Kind.RCP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """What stands above an account.

    Attributes:
        scps: bind its principals, level by level from the root down
        rcps: likewise, what it owns
        keys: the condition keys that its principals have
    """

    scps: Levels = ()
    rcps: Levels = ()
    keys: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


NOTHING: Final = Above()


def above(view: Reader, owner: Owner) -> Above:
    """What stands above the account of an entity; service-linked roles are free."""
    chart = chart_of(view, owner.account)
    member = chart.members.get(owner.account)
    if member is None:
        return NOTHING
    found = Above(
        scps=_levels(chart, member, SCP),
        rcps=_levels(chart, member, RCP),
        keys={
            "aws:PrincipalOrgID": member.organization,
            "aws:PrincipalOrgPaths": (chart.path_of(member),),
        },
    )
    is_linked = owner.path.startswith(LINKED_PATH)
    return replace(found, scps=(), rcps=()) if is_linked else found


def is_protected(request: AuthorizationRequest, account: str) -> bool:
    """Whether the resource control policies of an account bind a request."""
    service = request.normal_action.partition(":")[0]
    return request.resource_account == account and service in RCP_SERVICES


def _levels(chart: Chart, member: Member, policy_type: str) -> Levels:
    return tuple(
        tuple(
            replace(stored(one.id, one.text, _TYPES[policy_type]), shown=False)
            for one in policies
        )
        for _, policies in binding(chart, member, policy_type)
    )
