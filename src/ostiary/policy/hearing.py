"""What the policies say to a request, kind by kind, before anybody decides.

The hearing collects the statements that apply and notes which sides do not allow; what
follows from that is `decide`'s. Its work is bounded by `BUDGET`.
"""

from typing import Final, TypeAlias

from ostiary.policy.attached import (
    Attached,
    Mark,
    PolicySet,
    Row,
    Rows,
    alone,
    rough_price,
    together,
)
from ostiary.policy.compile import Compiled, CompiledStatement
from ostiary.policy.document import Kind
from ostiary.policy.principals import Form
from ostiary.policy.request import OUTSIDERS, AuthorizationRequest, PrincipalKind
from ostiary.policy.resources import resource_keys

# Character comparisons that one decision may cost (threat model, section 4).
BUDGET: Final = 2_000_000
# Below this rough price nobody can exceed the budget, so nobody computes the exact one.
_CHEAP: Final = 1_000

# A member of an enum costs a look-up in its class; this path asks for them often.
IDENTITY: Final = Kind.IDENTITY
BOUNDARY: Final = Kind.BOUNDARY
SESSION: Final = Kind.SESSION
RESOURCE: Final = Kind.RESOURCE

# A way to an Allow: the sides that must all allow, as bits.
Way: TypeAlias = int
_OWN: Final = 1
_BOUNDARY: Final = 2
_SESSION: Final = 4
RESOURCE_SIDE: Final = 8
OWN_SIDE: Final = _OWN | _BOUNDARY | _SESSION
BOTH_SIDES: Final = OWN_SIDE | RESOURCE_SIDE
# In the order in which their statements are named.
SIDES: Final = (
    (_OWN, IDENTITY),
    (_BOUNDARY, BOUNDARY),
    (_SESSION, SESSION),
    (RESOURCE_SIDE, RESOURCE),
)
# A resource's side has two kinds; those that limit from outside have no side.
_SIDE_OF: Final = {
    **{kind: side for side, kind in SIDES},
    Kind.TRUST: RESOURCE_SIDE,
}
# Which implicit denies bind when the resource's own account names the principal so
# (facts 6.2). Zero: it does not name the principal at all.
WAY_BY_FORM: Final[dict[int, Way]] = {
    Form.DIRECT: RESOURCE_SIDE,
    Form.BEHIND: _BOUNDARY | _SESSION | RESOURCE_SIDE,
    Form.ACCOUNT: BOTH_SIDES,
    0: RESOURCE_SIDE,
}

_DIRECT: Final = Form.DIRECT
_ROOT: Final = PrincipalKind.ROOT
_FEDERATED_USER: Final = PrincipalKind.FEDERATED_USER


def applies(
    statement: CompiledStatement,
    request: AuthorizationRequest,
    bounded: bool,  # noqa: FBT001 - the hot path calls by place
) -> Form | None:
    """How a statement that speaks about the action names the principal, if it applies.

    A statement without a principal is attached to the one it means: that is DIRECT.
    What cannot be decided makes no Allow apply, and every Deny (T87).
    """
    form: Form | None = _DIRECT
    if statement.principal is not None:
        form = statement.principal(request.principal, bounded)
        if form is None:
            return None
    values = request.context.values_by_key
    # The answer that fails a test beside False.
    undecided = False if statement.deny else None
    if statement.resource is not None:
        answer = statement.resource(request.normal_resource, values)
        if answer is False or answer is undecided:
            return None
    for test in statement.tests:
        answer = test(values)
        if answer is False or answer is undecided:
            return None
    return form


class Hearing:
    """One request heard before its policies.

    Attributes:
        allows: the statements that allow, kind after kind
        denials: the statements that deny, kind after kind
        form: how the resource policy names the principal; zero when it does not
        overdrawn: asking took more than the budget
        shut: the sides of which nothing allows, although something had to
        silent: the kinds that limit from outside and of which nothing allows
    """

    # Most hearings end as they begin, so the beginning belongs to the class.
    cost = 0
    form = 0
    overdrawn = False
    scans = 0
    shut = 0
    silent: tuple[Kind, ...] = ()

    def __init__(self, request: AuthorizationRequest, bounded: bool) -> None:  # noqa: FBT001 - the hot path calls by place
        self.request = request
        self.bounded = bounded
        self.allows: list[Mark] = []
        self.denials: list[Mark] = []

    def hear_limits(self, policies: PolicySet) -> None:
        """Hear the kinds that limit from outside.

        Service control policies bind principals of accounts and nobody else.
        """
        self._hear_levels(Kind.RCP, policies.rcps)
        if self.request.principal.kind not in OUTSIDERS:
            self._hear_levels(Kind.SCP, policies.scps)
        if policies.endpoint is not None:
            self._hear_levels(Kind.ENDPOINT, (policies.endpoint,))

    def _hear_levels(
        self, kind: Kind, levels: tuple[tuple[Compiled, ...], ...]
    ) -> None:
        first = 0
        for level in levels:
            allowed = self._hear(together(kind, level, first))
            first += len(level)
            if not allowed and kind not in self.silent:
                self.silent += (kind,)

    def hear_sides(self, policies: PolicySet) -> None:
        """Hear the principal's side, then the resource's.

        A kind that is not there limits nothing: no boundary, no session policy, and
        the identity side of a root user, who needs no policy. But a federated user's
        session without a session policy is one that grants nothing (facts 6.1).
        """
        who = self.request.principal.kind
        shut = 0
        own = policies.identity
        if type(own) is not Attached:
            own = together(IDENTITY, own)
        if not (own and self._hear(own)) and who is not _ROOT:
            shut = _OWN
        if policies.boundary is not None:
            allowed = self._hear(together(BOUNDARY, policies.boundary))
            shut |= 0 if allowed else _BOUNDARY
        if policies.session is not None:
            allowed = self._hear(together(SESSION, policies.session))
            shut |= 0 if allowed else _SESSION
        elif who is _FEDERATED_USER:
            shut |= _SESSION
        # Heard last, so that the form is the resource policy's.
        self.form = 0
        resource = policies.resource
        if resource is None:
            self.shut = shut | RESOURCE_SIDE
            return
        allowed = self._hear(alone(policies.resource_kind, resource))
        self.shut = shut if allowed else shut | RESOURCE_SIDE

    def speakers(self, sides: Way) -> tuple[Mark, ...]:
        """The statements that allow of these sides and of the limits from outside."""
        if sides | self.shut == BOTH_SIDES:
            return tuple(self.allows)
        return tuple(
            [one for one in self.allows if _SIDE_OF.get(one[0], sides) & sides]
        )

    def _hear(self, attached: Attached) -> bool:
        """True when a statement allows; it joins those of the other kinds."""
        request, bounded = self.request, self.bounded
        action = request.normal_action
        found = attached.kept.get(action) or attached.rows(action)
        cost = self.cost + found.cost
        if cost > _CHEAP:
            return self._hear_many(found)
        self.cost = cost
        allowed = False
        for mark, statement in found.rows:
            form = applies(statement, request, bounded)
            if form is None:
                continue
            if statement.deny:
                self.denials.append(mark)
            else:
                allowed = True
                self.allows.append(mark)
                if form > self.form:  # noqa: PLR1730 - `max` costs a call
                    self.form = form
        return allowed

    def _hear_many(self, found: Rows) -> bool:
        """The same where statements are many or dear: by resource, within the budget.

        A statement that several keys find is heard as often, and counts once.
        """
        groups = [found]
        if found.by_resource is not None:
            keys = resource_keys(self.request.normal_resource)
            groups = list(filter(None, map(found.by_resource.get, keys)))
        denials: list[Mark] = []
        allows: list[Mark] = []
        for group in groups:
            for mark, statement in self._affordable(group):
                form = applies(statement, self.request, self.bounded)
                if form is None:
                    continue
                (denials if statement.deny else allows).append(mark)
                if not statement.deny:
                    self.form = max(self.form, form)
        self.denials += _in_order(denials)
        self.allows += _in_order(allows)
        return bool(allows)

    def _affordable(self, group: Rows) -> tuple[Row, ...]:
        """The rows that the budget suffices for, their price taken from it."""
        if self.cost + group.cost <= _CHEAP:
            self.cost += group.cost
            return group.rows
        most, longest = self._measure()
        for place, (_, statement) in enumerate(group.rows):
            self.cost += rough_price(statement)
            self.scans += statement.scans
            self.overdrawn |= self.cost * most + self.scans * longest > BUDGET
            if self.overdrawn:
                return group.rows[:place]
        return group.rows

    def _measure(self) -> tuple[int, int]:
        """How many texts the largest context value has, and the longest text."""
        most, longest = 1, len(self.request.resource)
        for value in self.request.context.values_by_key.values():
            items = (value,) if isinstance(value, str) else value
            most = max(most, len(items))
            longest = max(longest, sum(map(len, items)))
        return most, longest


def _in_order(marks: list[Mark]) -> list[Mark]:
    return sorted(set(marks), key=_place) if len(marks) > 1 else marks


def _place(mark: Mark) -> tuple[int, int]:
    return mark[1], mark[2]
