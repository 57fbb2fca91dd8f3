"""One simulated request, decided and told in the simulator's words (facts 6.6).

The decision is `policy.decide`, as at the gate; nothing here decides anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ostiary.policy import AuthorizationRequest, Decision, Kind, Outcome, PolicySet
from ostiary.policy.compile import Compiled
from ostiary.policy.decide import applies, decide
from ostiary.policy.lint_spans import places
from ostiary.policy.trace import keys_seen
from ostiary.services.errors import ServiceError
from ostiary.services.iam.simulate_context import Keys
from ostiary.services.iam.simulate_documents import (
    IAM_POLICY,
    RESOURCE_POLICY,
    Documents,
    Source,
    together,
)
from ostiary.services.iam.simulate_organization import is_protected
from ostiary.services.operation import Result

_ALLOWED: Final = "allowed"
_DENIED: Final = "explicitDeny"
_UNALLOWED: Final = "implicitDeny"
_WORDS: Final = {
    Outcome.ALLOWED: _ALLOWED,
    Outcome.EXPLICITLY_DENIED: _DENIED,
    Outcome.IMPLICITLY_DENIED: _UNALLOWED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The policies of a simulation, ready to decide with."""

    documents: Documents
    identity: tuple[Compiled, ...] = field(init=False)
    boundary: tuple[Compiled, ...] | None = field(init=False)
    scps: tuple[tuple[Compiled, ...], ...] = field(init=False)
    rcps: tuple[tuple[Compiled, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Index the policies once for all requests of the call."""
        made = self.documents
        bounds = made.boundary
        put = object.__setattr__
        put(self, "identity", together(Kind.IDENTITY, made.identity))
        put(
            self,
            "boundary",
            None if bounds is None else together(Kind.BOUNDARY, bounds),
        )
        put(self, "scps", _levels(Kind.SCP, made.scps))
        put(self, "rcps", _levels(Kind.RCP, made.rcps))

    def with_resource(
        self, resource: Source | None, kind: Kind, *, is_protected: bool
    ) -> PolicySet:
        """All the policies, for one resource."""
        return PolicySet(
            identity=self.identity,
            resource=None if resource is None else resource.policy,
            resource_kind=kind,
            boundary=self.boundary,
            scps=self.scps,
            rcps=self.rcps if is_protected else (),
        )

    def source(self, kind: Kind, place: int, resource: Source | None) -> Source | None:
        """The policy that a determining statement stands in."""
        made = self.documents
        sources: Mapping[Kind, Sequence[Source]] = {
            Kind.IDENTITY: made.identity,
            Kind.BOUNDARY: made.boundary or (),
            Kind.SCP: [one for level in made.scps for one in level],
            Kind.RCP: [one for level in made.rcps for one in level],
        }
        return sources[kind][place] if kind in sources else resource


def _levels(
    kind: Kind, given: tuple[tuple[Source, ...], ...]
) -> tuple[tuple[Compiled, ...], ...]:
    levels, first = [], 0
    for level in given:
        levels.append(together(kind, level, first))
        first += len(level)
    return tuple(levels)


def simulate(
    panel: Panel,
    request: AuthorizationRequest,
    resource: tuple[Source | None, Kind],
    keys: Keys,
) -> Result:
    """The `EvaluationResult` of one request.

    Args:
        panel: the policies of the call.
        request: what is simulated.
        resource: the policy on its resource, and what that is heard as.
        keys: what the call says of the context.

    Raises:
        ServiceError: PolicyEvaluation when deciding takes too much.
    """
    protects = is_protected(request, request.principal.account)
    policies = panel.with_resource(*resource, is_protected=protects)
    decision = decide(request, policies)
    if decision.refusal:
        raise ServiceError(
            "PolicyEvaluation",
            f"The policies are too expensive to evaluate for {request.action}.",
            500,
        )
    missing = [
        seen.key
        for seen in keys_seen(request, policies)
        if seen.value is None and not keys.settles(seen.key)
    ]
    source = resource[0]
    result: Result = {
        "EvalActionName": request.action,
        "EvalResourceName": request.resource,
        "EvalDecision": _word(decision, source),
        "MatchedStatements": _matched(panel, decision, source),
        "MissingContextValues": missing,
        "EvalDecisionDetails": _by_side(request, policies),
    }
    bounded = policies.boundary is not None
    if policies.scps or policies.rcps:
        above = (*policies.scps, *policies.rcps)
        levels = [_heard(request, level, bounded=bounded) for level in above]
        result["OrganizationsDecisionDetail"] = {
            "AllowedByOrganizations": all(one == _ALLOWED for one in levels)
        }
    if policies.boundary is not None:
        heard = _heard(request, policies.boundary, bounded=bounded)
        result["PermissionsBoundaryDecisionDetail"] = {
            "AllowedByPermissionsBoundary": heard == _ALLOWED
        }
    return result


_OF_RESOURCE: Final = (
    "MatchedStatements",
    "MissingContextValues",
    "EvalDecisionDetails",
    "PermissionsBoundaryDecisionDetail",
)


def with_resources(result: Result) -> Result:
    """The result as it is when the call named resources."""
    own: Result = {
        "EvalResourceName": result["EvalResourceName"],
        "EvalResourceDecision": result["EvalDecision"],
        **{name: result[name] for name in _OF_RESOURCE if name in result},
    }
    return {**result, "ResourceSpecificResults": [own]}


def _word(decision: Decision, resource: Source | None) -> str:
    """The decision's word; a Deny in what nobody here may read is told of nobody."""
    if (
        decision.outcome is Outcome.EXPLICITLY_DENIED
        and resource is not None
        and not resource.shown
        and all(one.kind is Kind.TRUST for one in decision.determining)
    ):
        return _UNALLOWED
    return _WORDS[decision.outcome]


def _matched(panel: Panel, decision: Decision, resource: Source | None) -> list[Result]:
    """The statements that made the decision, and where they stand."""
    matched: list[Result] = []
    for one in decision.determining:
        found = panel.source(one.kind, one.policy, resource)
        if found is not None and found.shown:
            matched.append(
                {
                    "SourcePolicyId": found.id,
                    "SourcePolicyType": found.type,
                    **_positions(found.text, one.statement),
                }
            )
    return matched


def _positions(text: str, statement: int) -> Result:
    """Where a statement begins and ends: its braces, counted from 1."""
    found = places(text)
    place = found.get(f"/Statement/{statement}") or found["/Statement"]
    return {
        "StartPosition": _position(text, place.value.start),
        "EndPosition": _position(text, place.value.end - 1),
    }


def _position(text: str, at: int) -> Result:
    line_start = text.rfind("\n", 0, at) + 1
    return {"Line": text.count("\n", 0, at) + 1, "Column": at - line_start + 1}


def _by_side(request: AuthorizationRequest, policies: PolicySet) -> Result:
    """Across accounts: what each side says. Empty within one, as recorded."""
    if request.principal.account == request.resource_account:
        return {}
    bounded = policies.boundary is not None
    sides = [_heard(request, policies.identity, bounded=bounded)]
    if policies.boundary is not None:
        sides.append(_heard(request, policies.boundary, bounded=bounded))
    resource = () if policies.resource is None else (policies.resource,)
    return {
        IAM_POLICY: max(sides, key=_STRICTNESS.index),
        RESOURCE_POLICY: _heard(request, resource, bounded=bounded),
    }


_STRICTNESS: Final = (_ALLOWED, _UNALLOWED, _DENIED)


def _heard(
    request: AuthorizationRequest, policies: Iterable[Compiled], *, bounded: bool
) -> str:
    """What policies of one kind say by themselves."""
    found = _UNALLOWED
    for policy in policies:
        for statement in policy.candidates(request.normal_action).statements:
            if applies(statement, request, bounded) is not None:
                if statement.deny:
                    return _DENIED
                found = _ALLOWED
    return found
