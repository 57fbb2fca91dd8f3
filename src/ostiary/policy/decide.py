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
from functools import lru_cache
from typing import Final, TypeAlias

from ostiary.policy.compile import Candidates, Compiled, CompiledStatement
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


_OWN_SIDE: Final = (IDENTITY, BOUNDARY, SESSION)
_BOTH_SIDES: Final = (*_OWN_SIDE, RESOURCE)
_RESOURCE_SIDE: Final = (RESOURCE,)
# Which implicit denies bind when the resource's own account names the principal so
# (facts 6.2). A form of None: it does not name the principal at all.
_WAY_BY_FORM: Final = {
    Form.DIRECT: _RESOURCE_SIDE,
    Form.BEHIND: (BOUNDARY, SESSION, RESOURCE),
    Form.ACCOUNT: _BOTH_SIDES,
    None: _RESOURCE_SIDE,
}
_OWN_ONLY: Final = (_OWN_SIDE,)
_BOTH_ONLY: Final = (_BOTH_SIDES,)
_RESOURCE_ONLY: Final = (_RESOURCE_SIDE,)

Way: TypeAlias = tuple[Kind, ...]
# The fields of a `Determining`, before anybody needs one.
Mark: TypeAlias = tuple[Kind, int, int, str]
Marks: TypeAlias = list[Mark]


def decide(request: AuthorizationRequest, policies: PolicySet) -> Decision:
    """The decision on `request` under `policies`; it never raises."""
    hearing = _Hearing(request, policies)
    limits, silent = hearing.hear_limits(policies)
    allows = hearing.hear_sides(policies)
    if hearing.denials:
        return _decision(Outcome.EXPLICITLY_DENIED, tuple(hearing.denials))
    if hearing.overdrawn:
        return _decision(Outcome.IMPLICITLY_DENIED, refusal="evaluation_budget")
    speakers: Way = ()
    missing: Way | None = None
    for way in _ways(request, policies, hearing.form):
        shut = tuple([kind for kind in way if allows.get(kind) == []])
        if not shut:
            # A second open way adds the kinds that the first did not need.
            speakers += tuple([kind for kind in way if kind not in speakers])
        if missing is None or len(shut) < len(missing):
            missing = shut
    if silent or missing:
        named = tuple(silent) + _named(missing or (), policies.resource_kind)
        return _decision(Outcome.IMPLICITLY_DENIED, missing=named)
    for kind in speakers:
        limits += allows.get(kind, ())
    return _decision(Outcome.ALLOWED, tuple(limits))


def _ways(
    request: AuthorizationRequest, policies: PolicySet, form: Form | None
) -> tuple[Way, ...]:
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
    if resource_kind is not RESOURCE:
        return True
    action = request.normal_action
    return action.startswith("sts:assumerole") or (
        action.startswith("kms:") and request.resource != "*"
    )


def _named(kinds: Way, resource_kind: Kind) -> Way:
    """The kinds, with a role's resource policy under its own name."""
    if resource_kind is RESOURCE:
        return kinds
    return tuple(resource_kind if kind is RESOURCE else kind for kind in kinds)


def _decision(
    outcome: Outcome,
    marks: tuple[Mark, ...] = (),
    missing: Way = (),
    refusal: str = "",
) -> Decision:
    """The decision of these facts; equal small ones are one object, for speed."""
    make = _kept_decision if len(marks) <= _FEW else _new_decision
    return make(outcome, marks, missing, refusal)


def _new_decision(
    outcome: Outcome, marks: tuple[Mark, ...], missing: Way, refusal: str
) -> Decision:
    return Decision(
        outcome=outcome,
        determining=tuple(
            Determining(kind=kind, policy=policy, statement=statement, sid=sid)
            for kind, policy, statement, sid in marks
        ),
        missing=missing,
        refusal=refusal,
    )


_kept_decision: Final = lru_cache(maxsize=1024)(_new_decision)
# Decisions of more statements are rare and large, so they are not kept.
_FEW: Final = 4


# --- hearing -----------------------------------------------------------------------


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


_DIRECT: Final = Form.DIRECT


class _Hearing:
    """One request heard before its policies: who denied, how it was named."""

    __slots__ = (
        "bounded",
        "cost",
        "denials",
        "form",
        "keys",
        "overdrawn",
        "request",
        "scans",
    )

    def __init__(self, request: AuthorizationRequest, policies: PolicySet) -> None:
        self.request = request
        self.bounded = policies.boundary is not None
        self.denials: Marks = []
        self.form: Form | None = None
        self.keys: tuple[str, ...] = ()
        self.cost = self.scans = 0
        self.overdrawn = False

    def hear_limits(self, policies: PolicySet) -> tuple[Marks, list[Kind]]:
        """What the kinds that limit from outside allow, and which of them do not.

        Service control policies bind principals of accounts and nobody else.
        """
        limits: Marks = []
        silent: list[Kind] = []
        if policies.rcps:
            self._hear_levels(Kind.RCP, policies.rcps, limits, silent)
        if policies.scps and self.request.principal.kind not in OUTSIDERS:
            self._hear_levels(Kind.SCP, policies.scps, limits, silent)
        if policies.endpoint is not None:
            self._hear_levels(Kind.ENDPOINT, (policies.endpoint,), limits, silent)
        return limits, silent

    def _hear_levels(
        self,
        kind: Kind,
        levels: tuple[tuple[Compiled, ...], ...],
        limits: Marks,
        silent: list[Kind],
    ) -> None:
        first = 0
        for level in levels:
            allows = self._hear(kind, level, first)
            limits += allows
            first += len(level)
            if not allows and kind not in silent:
                silent.append(kind)

    def hear_sides(self, policies: PolicySet) -> dict[Kind, Marks]:
        """What the principal's side and the resource's side allow, kind by kind.

        A kind that is not there limits nothing: no boundary, no session policy, and
        the identity side of a root user, who needs no policy. But a federated user's
        session without a session policy is one that grants nothing (facts 6.1).
        """
        allows: dict[Kind, Marks] = {}
        who = self.request.principal.kind
        own = self._hear(IDENTITY, policies.identity) if policies.identity else []
        if own or who is not _ROOT:
            allows[IDENTITY] = own
        if policies.boundary is not None:
            allows[BOUNDARY] = self._hear(BOUNDARY, policies.boundary)
        if policies.session is not None:
            allows[SESSION] = self._hear(SESSION, policies.session)
        elif who is _FEDERATED_USER:
            allows[SESSION] = []
        # Heard last, so that the form is the resource policy's.
        self.form = None
        resource = policies.resource
        allows[RESOURCE] = (
            self._hear(policies.resource_kind, (resource,)) if resource else []
        )
        return allows

    def _hear(self, kind: Kind, policies: Iterable[Compiled], place: int = 0) -> Marks:
        """The statements of a kind that allow; those that deny join the denials."""
        allows: Marks = []
        request, bounded = self.request, self.bounded
        action = request.normal_action
        for policy in policies:
            found = policy.kept.get(action) or policy.candidates(action)
            if found.by_resource:
                self.keys = self.keys or resource_keys(request.normal_resource)
                found = found.about(self.keys)
            self.cost += found.cost
            if self.cost > _CHEAP and self._overdraws(found):
                break
            for statement in found.statements:
                form = applies(statement, request, bounded)
                if form is not None:
                    side = self.denials if statement.deny else allows
                    side.append((kind, place, statement.index, statement.source.sid))
                    if not statement.deny and (self.form is None or form > self.form):
                        self.form = form
            place += 1
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


_ROOT: Final = PrincipalKind.ROOT
_FEDERATED_USER: Final = PrincipalKind.FEDERATED_USER
