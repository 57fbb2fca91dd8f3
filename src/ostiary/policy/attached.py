"""The policies of one kind that are attached together, and an index across them.

A principal may have twenty policies that speak about the same action. Asked one by
one they cost twenty look-ups and as many walks; together they are one list of rows per
action, made once, and found by resource where there are many.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from ostiary.policy.compile import Compiled, CompiledStatement
from ostiary.policy.document import Kind
from ostiary.policy.resources import index_keys

# The fields of a `Determining`, before anybody needs one: kind, policy, statement, sid.
Mark: TypeAlias = tuple[Kind, int, int, str]
Row: TypeAlias = tuple[Mark, CompiledStatement]

# Answers kept per principal: at least so many, more where there are more statements.
_LEAST_KEPT: Final = 32
_MOST_KEPT: Final = 512
# With more statements than this about one action, they are found by resource too.
_MANY: Final = 8
_TYPICAL_TEXT: Final = 256
# The price of a list that is to be looked up and not asked as a whole.
_TOO_DEAR: Final = 1 << 60


class Rows:
    """Statements that may apply, policy after policy, each with its mark.

    Attributes:
        rows: those that speak about one action
        cost: a rough price of asking them all, to notice when the exact one matters
        by_resource: if they are many, those with each key (`resource_keys`); the
            empty key, which every resource has, holds the ones that no other finds
    """

    __slots__ = ("by_resource", "cost", "rows")

    def __init__(
        self, rows: tuple[Row, ...], by_resource: "Mapping[str, Rows] | None" = None
    ) -> None:
        self.rows = rows
        self.by_resource = by_resource
        self.cost = sum([rough_price(one) for _, one in rows])
        if by_resource is not None:
            self.cost = _TOO_DEAR


def rough_price(statement: CompiledStatement) -> int:
    """What asking a statement costs, in characters, of a typical request."""
    return statement.weight + statement.scans * _TYPICAL_TEXT


_NO_ROWS: Final = Rows(())


class Attached(tuple[Compiled, ...]):  # noqa: SLOT001 - a tuple has no room for its index
    """Policies of one kind that apply together (facts 6.1); make it with `attach`.

    INVARIANT: `kept` only remembers what `_merge` would say again.

    Attributes:
        kind: the kind they are heard as
        first: the number of the first one
        kept: the answers of `rows`, by action
    """

    kind: Kind
    first: int
    kept: dict[str, Rows]

    def rows(self, action: str) -> Rows:
        """The statements of all the policies about a folded action, in order."""
        kept = self.kept.get(action)
        if kept is None:
            kept = self._merge(action)
            if len(self.kept) >= _LEAST_KEPT and len(self.kept) >= self._room():
                self.kept.clear()
            self.kept[action] = kept
        return kept

    def _room(self) -> int:
        return min(sum(len(one.document.statements) for one in self), _MOST_KEPT)

    def _merge(self, action: str) -> Rows:
        kind = self.kind
        rows: list[Row] = []
        variables: list[bool] = []
        for place, policy in enumerate(self, self.first):
            for one in policy.candidates(action).statements:
                rows.append(((kind, place, one.index, one.source.sid), one))
                variables.append(policy.document.has_variables)
        if not rows:
            return _NO_ROWS
        many = _by_resource(rows, variables) if len(rows) > _MANY else None
        return Rows(tuple(rows), many)


def _by_resource(rows: list[Row], variables: Iterable[bool]) -> dict[str, Rows]:
    groups: dict[str, list[Row]] = {}
    for row, has_variables in zip(rows, variables, strict=True):
        keys = index_keys(row[1].source, variables=has_variables)
        for key in ("",) if keys is None else dict.fromkeys(keys):
            groups.setdefault(key, []).append(row)
    return {key: Rows(tuple(group)) for key, group in groups.items()}


def attach(kind: Kind, policies: tuple[Compiled, ...], first: int = 0) -> Attached:
    """The policies as one, with an index that fills as they are asked; never raises.

    What they say is the union of what each says (facts 6.1); only the work is shared.

    Args:
        kind: the kind they are heard as
        policies: in the order in which determining statements number them
        first: the number of the first one, 0 unless other policies of the kind precede
    """
    attached = Attached(policies)
    attached.kind = kind
    attached.first = first
    attached.kept = {}
    return attached


# For policies that come without an index, again and again.
_attach_once: Final = lru_cache(maxsize=1024)(attach)


def together(kind: Kind, policies: tuple[Compiled, ...], first: int = 0) -> Attached:
    """The policies with their index, whether they brought one along or not."""
    if type(policies) is Attached and policies.kind is kind and policies.first == first:
        return policies
    if len(policies) == 1 and not first:
        return alone(kind, policies[0])
    return _attach_once(kind, policies, first)


def alone(kind: Kind, policy: Compiled) -> Attached:
    """A policy that is attached by itself, as a resource's is."""
    solo = policy.solo
    if type(solo) is not Attached or solo.kind is not kind:
        policy.solo = solo = attach(kind, (policy,))
    return solo


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """The policies that apply to a request, by kind (facts 6.1).

    Tuples made with `attach` bring their index along; any other is given one here,
    which is found again while it is among the last thousand.

    Attributes:
        identity: of the user and its groups, or of the role
        resource: on the resource; None when it has no policy
        resource_kind: RESOURCE, or TRUST when the resource is a role being assumed
        boundary: None without a permissions boundary
        session: None when no session policy applies; for a federated user that is the
            same as ``()``, a session that was given none and grants nothing
        scps: one group per level of the organization, all of which must allow
        rcps: likewise, of the resource's account
        endpoint: None when the request came through no VPC endpoint
    """

    identity: tuple[Compiled, ...] = ()
    resource: Compiled | None = None
    resource_kind: Kind = Kind.RESOURCE
    boundary: tuple[Compiled, ...] | None = None
    session: tuple[Compiled, ...] | None = None
    scps: tuple[tuple[Compiled, ...], ...] = ()
    rcps: tuple[tuple[Compiled, ...], ...] = ()
    endpoint: tuple[Compiled, ...] | None = None
