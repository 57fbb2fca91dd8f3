"""The decision: may this principal do this action on this resource?

Four rules, in this order (facts 6.1-6.3):

1. An explicit Deny that applies, in any policy of any kind, is final.
2. Every kind that limits from outside must allow: resource control policies and
   service control policies at each level, and the VPC endpoint policy.
3. One *way* to an Allow must be open. A way is a set of kinds that must all allow:
   the principal's own side (identity, boundary, session) or the resource's side,
   limited by more or fewer kinds the looser it names the principal; across accounts
   both sides; for role trust policies and KMS keys always the resource's side.
4. Otherwise nothing allows, and the answer is no.

There is no mode that skips the side that allows (T37), no exception, no clock and no
I/O; the work is bounded.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ostiary.policy.compile import Candidates, Compiled, CompiledStatement
from ostiary.policy.document import Kind
from ostiary.policy.principals import Form
from ostiary.policy.request import OUTSIDERS, AuthorizationRequest, PrincipalKind

# Character comparisons that one decision may cost (threat model, section 4).
BUDGET: Final = 2_000_000
# Below this rough price nobody can exceed the budget, so nobody computes the exact one.
_CHEAP: Final = 1_000


class Outcome(enum.Enum):
    """The three answers."""

    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """The policies that apply to a request, by kind.

    Attributes:
        identity: of the user and its groups, or of the role
        resource: on the resource; None when it has no policy
        resource_kind: RESOURCE, or TRUST when the resource is a role being assumed
        boundary: None without a permissions boundary
        session: None when no session policy applies; ``()`` for a federated user's
            session that was given none, which then grants nothing
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Determining:
    """A statement that made the decision.

    Attributes:
        kind: of its policy
        policy: index of the policy within its kind, level after level
        statement: index of the statement within its policy
        sid: its `Sid`, or empty
    """

    kind: Kind
    policy: int
    statement: int
    sid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer and what made it.

    Attributes:
        outcome: the answer
        determining: the statements that denied, or those that together allowed
        missing: the kinds that would have had to allow and did not
        refusal: `evaluation_budget` when the question was too expensive, else empty
    """

    outcome: Outcome
    determining: tuple[Determining, ...]
    missing: tuple[Kind, ...]
    refusal: str = ""

    @property
    def is_allowed(self) -> bool:
        """True for the one outcome that opens the door."""
        return self.outcome is Outcome.ALLOWED


_OWN_SIDE: Final = (Kind.IDENTITY, Kind.BOUNDARY, Kind.SESSION)
_BOTH_SIDES: Final = (*_OWN_SIDE, Kind.RESOURCE)
_RESOURCE_SIDE: Final = (Kind.RESOURCE,)
# Which implicit denies bind when the resource's own account names the principal so
# (facts 6.2). A form of None: it does not name the principal at all.
_WAY_BY_FORM: Final = {
    Form.DIRECT: _RESOURCE_SIDE,
    Form.BEHIND: (Kind.BOUNDARY, Kind.SESSION, Kind.RESOURCE),
    Form.ACCOUNT: _BOTH_SIDES,
    None: _RESOURCE_SIDE,
}
_OWN_ONLY: Final = (_OWN_SIDE,)
_BOTH_ONLY: Final = (_BOTH_SIDES,)
_RESOURCE_ONLY: Final = (_RESOURCE_SIDE,)


def decide(request: AuthorizationRequest, policies: PolicySet) -> Decision:
    """The decision on `request` under `policies`; it never raises."""
    hearing = _Hearing(request, policies)
    hearing.hear_limits(policies)
    hearing.hear_ways(policies)
    if hearing.denials:
        return Decision(
            outcome=Outcome.EXPLICITLY_DENIED,
            determining=tuple(hearing.denials),
            missing=(),
        )
    if hearing.overdrawn:
        return Decision(
            outcome=Outcome.IMPLICITLY_DENIED,
            determining=(),
            missing=(),
            refusal="evaluation_budget",
        )
    return hearing.conclude(_ways(request, policies, hearing.form))


def _ways(
    request: AuthorizationRequest, policies: PolicySet, form: Form | None
) -> tuple[tuple[Kind, ...], ...]:
    """The sets of kinds any of which, allowing together, allows the request."""
    principal = request.principal
    if principal.kind in OUTSIDERS:
        return _RESOURCE_ONLY
    if principal.account != request.resource_account:
        return _BOTH_ONLY
    if needs_resource_side(request, policies.resource_kind):
        return (_WAY_BY_FORM[form],)
    return (_OWN_SIDE, _WAY_BY_FORM[form]) if form else _OWN_ONLY


def needs_resource_side(request: AuthorizationRequest, resource_kind: Kind) -> bool:
    """True where the account's own policies never suffice (facts 6.2).

    These are role trust policies and KMS key policies; a KMS action without a key has
    no key policy.
    """
    if resource_kind is Kind.TRUST:
        return True
    action = request.normal_action
    return action.startswith("sts:assumerole") or (
        action.startswith("kms:") and request.resource != "*"
    )


def applies(
    statement: CompiledStatement, request: AuthorizationRequest, *, bounded: bool
) -> Form | None:
    """How a statement that speaks about the action names the principal, if it applies.

    A statement without a principal is attached to the one it means: that is DIRECT.
    What cannot be decided makes no Allow apply, and every Deny (T87).
    """
    form: Form | None = Form.DIRECT
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


class _Hearing:
    """One request heard before all its policies: who denied, who allowed."""

    __slots__ = (
        "allows",
        "bounded",
        "cost",
        "denials",
        "form",
        "limits",
        "overdrawn",
        "request",
        "resource_kind",
        "scans",
        "silent",
    )

    def __init__(self, request: AuthorizationRequest, policies: PolicySet) -> None:
        self.request = request
        self.resource_kind = policies.resource_kind
        self.bounded = policies.boundary is not None
        self.denials: list[Determining] = []
        self.limits: list[Determining] = []
        self.silent: list[Kind] = []
        self.allows: dict[Kind, list[Determining]] = {}
        self.form: Form | None = None
        self.cost = self.scans = 0
        self.overdrawn = False

    def hear_limits(self, policies: PolicySet) -> None:
        """Ask the kinds that limit from outside; note those that do not allow."""
        self._hear_levels(Kind.RCP, policies.rcps)
        # Service control policies bind principals of accounts, nobody else.
        if self.request.principal.kind not in OUTSIDERS:
            self._hear_levels(Kind.SCP, policies.scps)
        if policies.endpoint is not None:
            self._hear_levels(Kind.ENDPOINT, (policies.endpoint,))

    def _hear_levels(
        self, kind: Kind, levels: tuple[tuple[Compiled, ...], ...]
    ) -> None:
        first = 0
        for level in levels:
            allows = self._hear(kind, level, first)
            self.limits += allows
            first += len(level)
            if not allows and kind not in self.silent:
                self.silent.append(kind)

    def hear_ways(self, policies: PolicySet) -> None:
        """Ask the kinds of which the ways to an Allow are made.

        A kind that is not asked limits nothing: no boundary, no session policy, and
        the identity side of a root user, who needs no policy.
        """
        allows = self.allows
        own = self._hear(Kind.IDENTITY, policies.identity)
        if own or self.request.principal.kind is not PrincipalKind.ROOT:
            allows[Kind.IDENTITY] = own
        if policies.boundary is not None:
            allows[Kind.BOUNDARY] = self._hear(Kind.BOUNDARY, policies.boundary)
        if policies.session is not None:
            allows[Kind.SESSION] = self._hear(Kind.SESSION, policies.session)
        # Heard last, so that the form is the resource policy's.
        self.form = None
        resource = (policies.resource,) if policies.resource else ()
        allows[Kind.RESOURCE] = self._hear(self.resource_kind, resource)

    def _hear(
        self, kind: Kind, policies: Iterable[Compiled], first: int = 0
    ) -> list[Determining]:
        """The statements of a kind that allow; those that deny join the denials."""
        allows: list[Determining] = []
        request = self.request
        for place, policy in enumerate(policies, first):
            found = policy.candidates(request.normal_action)
            self.cost += found.cost
            if self.cost > _CHEAP and self._overdraws(found):
                return []
            for statement in found.statements:
                form = applies(statement, request, bounded=self.bounded)
                if form is None:
                    continue
                one = _determining(kind, place, statement)
                if statement.deny:
                    self.denials.append(one)
                else:
                    allows.append(one)
                    if self.form is None or form > self.form:
                        self.form = form
        return allows

    def _overdraws(self, found: Candidates) -> bool:
        """Count the exact price; True, and for good, when it is over the budget."""
        self.scans += found.scans
        self.overdrawn = self.overdrawn or self._price() > BUDGET
        return self.overdrawn

    def _price(self) -> int:
        most, longest = 1, len(self.request.resource)
        for value in self.request.context.values_by_key.values():
            items = (value,) if isinstance(value, str) else value
            most = max(most, len(items))
            longest = max(longest, sum(map(len, items)))
        return self.cost * most + self.scans * longest

    def conclude(self, ways: tuple[tuple[Kind, ...], ...]) -> Decision:
        """The decision when nobody denied: is a way open, and no limit shut?"""
        missing: list[Kind] | None = None
        speakers: list[Kind] = []
        for way in ways:
            shut = [kind for kind in way if self.allows.get(kind) == []]
            if not shut:
                speakers += (kind for kind in way if kind not in speakers)
            if missing is None or len(shut) < len(missing):
                missing = shut
        if missing or self.silent:
            return self._refused([*self.silent, *(missing or ())])
        determining = self.limits
        for kind in speakers:
            determining += self.allows.get(kind, ())
        return Decision(
            outcome=Outcome.ALLOWED, determining=tuple(determining), missing=()
        )

    def _refused(self, missing: list[Kind]) -> Decision:
        named = (
            self.resource_kind if kind is Kind.RESOURCE else kind for kind in missing
        )
        return Decision(
            outcome=Outcome.IMPLICITLY_DENIED, determining=(), missing=tuple(named)
        )


def _determining(kind: Kind, place: int, statement: CompiledStatement) -> Determining:
    return Determining(
        kind=kind, policy=place, statement=statement.index, sid=statement.source.sid
    )
