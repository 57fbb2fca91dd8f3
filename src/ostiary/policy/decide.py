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
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from ostiary.policy.attached import Mark, PolicySet
from ostiary.policy.document import Kind
from ostiary.policy.hearing import (
    BOTH_SIDES,
    BUDGET,
    OWN_SIDE,
    RESOURCE,
    RESOURCE_SIDE,
    SIDES,
    WAY_BY_FORM,
    Hearing,
    Way,
    applies,
)
from ostiary.policy.request import OUTSIDERS, AuthorizationRequest

__all__ = [
    "BUDGET",
    "Decision",
    "Determining",
    "Outcome",
    "PolicySet",
    "applies",
    "decide",
    "needs_resource_side",
]


class Outcome(enum.Enum):
    """The three answers, in the words of `ostiary decide` (facts 6.1)."""

    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True, kw_only=True)
class Determining:
    """A statement that made the decision (facts 6.4).

    Attributes:
        kind: of its policy
        policy: index of the policy within its kind, level after level, from 0
        statement: index of the statement within its policy, from 0
        sid: its `Sid`, or empty
    """

    kind: Kind
    policy: int
    statement: int
    sid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer and what made it (facts 6.1, 6.4).

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


# By the form in which the resource policy names the principal.
_GUARDED_WAYS: Final = {form: (way,) for form, way in WAY_BY_FORM.items()}
_OPEN_WAYS: Final = {
    form: (OWN_SIDE, way) if form else (OWN_SIDE,) for form, way in WAY_BY_FORM.items()
}
_BOTH_ONLY: Final = (BOTH_SIDES,)
_RESOURCE_ONLY: Final = (RESOURCE_SIDE,)

Kinds: TypeAlias = tuple[Kind, ...]


def decide(request: AuthorizationRequest, policies: PolicySet) -> Decision:
    """The decision on `request` under `policies`; it never raises (facts 6.1-6.3).

    The same question has the same answer at any time: there is no clock and no I/O, and
    what the context does not hold is absent.

    Args:
        request: who asks for what
        policies: all that apply, those that limit included

    Returns:
        The outcome with the statements that made it. A question that would take more
        than `BUDGET` comparisons of characters is an implicit denial with a `refusal`.
    """
    hearing = Hearing(request, policies.boundary is not None)
    if policies.scps or policies.rcps or policies.endpoint is not None:
        hearing.hear_limits(policies)
    hearing.hear_sides(policies)
    if hearing.denials:
        return _decision(_DENIED, tuple(hearing.denials))
    if hearing.overdrawn:
        return _decision(_UNALLOWED, refusal="evaluation_budget")
    shut, open_sides = hearing.shut, 0
    ways = _ways(request, policies.resource_kind, hearing.form)
    for way in ways:
        if not way & shut:
            # A second open way adds the sides that the first did not need.
            open_sides |= way
    if not open_sides or hearing.silent:
        missing = _missing(ways, shut, policies.resource_kind)
        return _decision(_UNALLOWED, (), (*hearing.silent, *missing))
    return _decision(_ALLOWED, hearing.speakers(open_sides))


_ALLOWED: Final = Outcome.ALLOWED
_DENIED: Final = Outcome.EXPLICITLY_DENIED
_UNALLOWED: Final = Outcome.IMPLICITLY_DENIED


def _ways(
    request: AuthorizationRequest, resource_kind: Kind, form: int
) -> tuple[Way, ...]:
    """The ways any of which, open, allows the request."""
    principal = request.principal
    if principal.kind in OUTSIDERS:
        return _RESOURCE_ONLY
    if principal.account != request.resource_account:
        return _BOTH_ONLY
    if needs_resource_side(request, resource_kind):
        return _GUARDED_WAYS[form]
    return _OPEN_WAYS[form]


def needs_resource_side(request: AuthorizationRequest, resource_kind: Kind) -> bool:
    """True where the account's own policies never suffice (facts 6.2).

    These are role trust policies and KMS key policies; a KMS action without a key has
    no key policy.
    """
    if resource_kind is not RESOURCE:
        return True
    action = request.normal_action
    if not action.startswith(_GUARDED):
        return False
    return action.startswith("sts:") or request.resource != "*"


_GUARDED: Final = ("sts:assumerole", "kms:")


@lru_cache(maxsize=256)
def _missing(ways: tuple[Way, ...], shut: Way, resource_kind: Kind) -> Kinds:
    """The kinds that keep the way shut which lacks the fewest.

    A role's resource policy has a name of its own.
    """
    lacking = min([way & shut for way in ways], key=int.bit_count)
    kinds = [kind for side, kind in SIDES if lacking & side]
    return tuple([resource_kind if kind is RESOURCE else kind for kind in kinds])


def _decision(
    outcome: Outcome,
    marks: tuple[Mark, ...] = (),
    missing: Kinds = (),
    refusal: str = "",
) -> Decision:
    """The decision of these facts; equal small ones are one object, for speed."""
    if len(marks) <= _FEW:
        return _kept_decision(outcome, marks, missing, refusal)
    return _new_decision(outcome, marks, missing, refusal)


def _new_decision(
    outcome: Outcome, marks: tuple[Mark, ...], missing: Kinds, refusal: str
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
