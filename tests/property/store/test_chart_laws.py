"""Laws of the chart: what binds an account is what stands above it, however it came so."""

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.model import Entity
from ostiary.identity.organization import (
    FULL_ACCESS,
    RCP,
    SCP,
    Member,
    Organization,
    OrganizationPolicy,
    PolicyTarget,
    Unit,
)
from ostiary.store.port import Write
from ostiary.store.snapshot import Snapshot

ROOT = "r-0"
UNITS = [f"ou-0-{n}" for n in range(4)]
ACCOUNTS = [f"{n}" * 12 for n in (1, 2, 3)]
POLICIES = {"p-a": SCP, "p-b": SCP, "p-c": RCP}
TYPES = st.sampled_from(["", SCP, f"{SCP} {RCP}"])


@dataclass
class Told:
    """The organization as an obvious program keeps it."""

    types: str = ""
    parents: dict[str, str] = field(default_factory=dict)
    attached: set[tuple[str, str]] = field(default_factory=set)

    def levels(self, account: str, policy_type: str) -> list[tuple[str, set[str]]]:
        """By the definition: every ancestor from the root down, then the account."""
        if policy_type not in self.types.split():
            return []
        above = [account]
        while above[0] != ROOT:
            above.insert(0, self.parents[above[0]])
        kinds = {**POLICIES, **{one.id: kind for kind, one in FULL_ACCESS.items()}}
        return [
            (
                target,
                {
                    p
                    for t, p in self.attached
                    if t == target and kinds[p] == policy_type
                },
            )
            for target in above
        ]


def organization(types: str) -> Organization:
    """The organization with some types enabled."""
    return Organization(
        id="o-1",
        management=ACCOUNTS[0],
        features="ALL",
        root=ROOT,
        policy_types=types,
        created=0,
        tags=(),
    )


def unit(number: int, parent: str) -> Unit:
    """A unit."""
    name = UNITS[number]
    return Unit(
        id=name, organization="o-1", parent=parent, name=name, created=0, tags=()
    )


def member(account: str, parent: str) -> Member:
    """An account."""
    return Member(
        account=account,
        organization="o-1",
        parent=parent,
        name=account,
        email=account,
        method="CREATED",
        joined=0,
        tags=(),
    )


def policy(name: str) -> OrganizationPolicy:
    """A policy."""
    return OrganizationPolicy(
        id=name,
        organization="o-1",
        type=POLICIES[name],
        name=name,
        description="",
        text="{}",
        created=0,
        tags=(),
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[list[Write]], Told]:
    """Changes one after the other, and what they come to."""
    told = Told()
    first: list[Entity] = [organization("")]
    for number, name in enumerate(UNITS):
        # A unit's parent is older than it, so there is no circle.
        told.parents[name] = draw(st.sampled_from([ROOT, *UNITS[:number]]))
        first.append(unit(number, told.parents[name]))
    for account in ACCOUNTS:
        told.parents[account] = draw(st.sampled_from([ROOT, *UNITS]))
        first.append(member(account, told.parents[account]))
    first += [policy(name) for name in POLICIES]
    changes = [[put(one) for one in first]]
    count = draw(st.integers(0, 12))
    changes += [[draw_change(draw, told)] for _ in range(count)]
    return changes, told


def draw_change(draw: st.DrawFn, told: Told) -> Write:
    """A move, a switch of types, or an attachment that comes or goes."""
    kind = draw(st.sampled_from(["move", "types", "attach", "detach"]))
    if kind == "types":
        told.types = draw(TYPES)
        found: Entity = organization(told.types)
    elif kind == "move":
        account = draw(st.sampled_from(ACCOUNTS))
        told.parents[account] = draw(st.sampled_from([ROOT, *UNITS]))
        found = member(account, told.parents[account])
    elif kind == "detach" and told.attached:
        target, name = draw(st.sampled_from(sorted(told.attached)))
        told.attached.discard((target, name))
        return Write(kind=PolicyTarget, key=f"{target} {name}", entity=None)
    else:
        target = draw(st.sampled_from([ROOT, *UNITS, *ACCOUNTS]))
        name = draw(st.sampled_from([*POLICIES, "p-FullAWSAccess"]))
        told.attached.add((target, name))
        found = PolicyTarget(target=target, policy=name, organization="o-1")
    return put(found)


def put(entity: Entity) -> Write:
    """The entity as a change has it."""
    return Write(kind=type(entity), key=entity.key, entity=entity)


@given(histories())
def test_levels_are_all_that_stands_above(
    history: tuple[list[list[Write]], Told],
) -> None:
    """After any changes, each account's levels are those of the definition."""
    changes, told = history
    snapshot = Snapshot()
    for number, writes in enumerate(changes, 1):
        snapshot.apply(number - 1, number, writes)
    chart = snapshot.chart
    for account in ACCOUNTS:
        for kind in (SCP, RCP):
            levels = chart.levels_of(chart.members[account], kind)
            found = [(target, {one.id for one in group}) for target, group in levels]
            assert found == told.levels(account, kind)


@given(histories())
def test_the_way_does_not_matter(history: tuple[list[list[Write]], Told]) -> None:
    """A chart that followed all changes equals one that begins with their outcome."""
    changes, _ = history
    followed, last = Snapshot(), {}
    for number, writes in enumerate(changes, 1):
        followed.apply(number - 1, number, writes)
        for one in writes:
            last[(one.kind, one.key)] = one.entity
    begun = Snapshot()
    begun.load(1, [entity for entity in last.values() if entity is not None])

    assert begun.chart == followed.chart


def test_who_goes_is_forgotten() -> None:
    """Members, units and policies that are deleted leave nothing behind."""
    snapshot = Snapshot()
    things: list[Entity] = [
        organization(SCP),
        unit(0, ROOT),
        member(ACCOUNTS[0], UNITS[0]),
        policy("p-a"),
        PolicyTarget(target=ROOT, policy="p-a", organization="o-1"),
    ]
    snapshot.load(1, things)
    gone = [Write(kind=type(one), key=one.key, entity=None) for one in things]
    snapshot.apply(1, 2, gone)

    assert replace(snapshot, revision=0, listeners=[]).chart == Snapshot().chart
