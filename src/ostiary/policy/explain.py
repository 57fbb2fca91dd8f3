"""Why a decision is what it is: AWS's sentence, a trace, and what would change it.

The trace asks every statement of every policy, through the same compiled tests as
`decide`, and keeps the first element that failed. The change is found by trying: a
context is edited and decided again, so that what is promised is what would happen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from ostiary.policy.change import Change, find_change
from ostiary.policy.decide import Decision, Determining, Outcome, PolicySet
from ostiary.policy.document import Kind
from ostiary.policy.request import AuthorizationRequest
from ostiary.policy.trace import (
    CONDITION,
    Considered,
    Failure,
    Found,
    KeySeen,
    keys_seen,
    trace,
)

_ALLOWING: Final = {
    Kind.IDENTITY: "identity-based policy",
    Kind.RESOURCE: "resource-based policy",
    Kind.TRUST: "role trust policy",
    Kind.BOUNDARY: "permissions boundary",
    Kind.SESSION: "session policy",
    Kind.SCP: "service control policy",
    Kind.RCP: "resource control policy",
    Kind.ENDPOINT: "VPC endpoint policy",
}
_DENYING: Final = {
    Kind.IDENTITY: "an identity-based policy",
    Kind.RESOURCE: "a resource-based policy",
    Kind.TRUST: "the role trust policy",
    Kind.BOUNDARY: "a permissions boundary",
    Kind.SESSION: "a session policy",
    Kind.SCP: "a service control policy",
    Kind.RCP: "a resource control policy",
    Kind.ENDPOINT: "a VPC endpoint policy",
}
# STS refuses these without a reason (facts 6.4).
_BARE: Final = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")


def reason_clause(request: AuthorizationRequest, decision: Decision) -> str:
    """AWS's reason for a refusal, such as `with an explicit deny in ...` (facts 6.4).

    Empty when there is none to give: the request was allowed, or it was too expensive.
    """
    if decision.outcome is Outcome.EXPLICITLY_DENIED:
        return f"with an explicit deny in {_DENYING[decision.determining[0].kind]}"
    if decision.missing:
        policy = _ALLOWING[decision.missing[0]]
        return f"because no {policy} allows the {request.action} action"
    return ""


def bare_message(request: AuthorizationRequest) -> str:
    """AWS's sentence for a refusal, without its reason."""
    return (
        f"User: {request.principal.arn} is not authorized to perform: "
        f"{request.action} on resource: {request.resource}"
    )


def denial_message(request: AuthorizationRequest, decision: Decision) -> str:
    """AWS's sentence for a refusal; role assumption is refused without a reason."""
    reason = reason_clause(request, decision)
    if not reason or request.normal_action.startswith(_BARE):
        return bare_message(request)
    return f"{bare_message(request)} {reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision with everything that made it (facts 6.4).

    Attributes:
        request: what was asked
        decision: the answer
        message: AWS's sentence, empty when allowed
        trace: every statement considered
        keys: the context keys that statements about the action asked for
        change: the smallest change of context that would have allowed, if one is known
        sentence: one plain sentence for people
    """

    request: AuthorizationRequest
    decision: Decision
    message: str
    trace: tuple[Considered, ...]
    keys: tuple[KeySeen, ...]
    change: Change | None
    sentence: str

    def to_dict(self) -> dict[str, object]:
        """The explanation in JSON's types."""
        return {
            "decision": self.decision.outcome.value,
            "message": self.message,
            "sentence": self.sentence,
            "refusal": self.decision.refusal,
            "principal": self.request.principal.arn,
            "action": self.request.action,
            "resource": self.request.resource,
            "determining": [_mark(one) for one in self.decision.determining],
            "missing": [kind.value for kind in self.decision.missing],
            "trace": [_considered(one) for one in self.trace],
            "keys": [
                {
                    "key": one.key,
                    "present": one.value is not None,
                    "value": _listed(one.value),
                }
                for one in self.keys
            ],
            "change": None if self.change is None else dict(self.change.settings),
        }


Names: TypeAlias = Callable[[Kind, int], str]
"""Where the policy stands that is the nth of its kind, such as `inline policy own`."""


def _unnamed(kind: Kind, policy: int) -> str:
    return f"{_ALLOWING[kind]} {policy}"


def explain(
    request: AuthorizationRequest,
    policies: PolicySet,
    decision: Decision,
    names: Names = _unnamed,
) -> Explanation:
    """Why `decision` is the answer to `request` under `policies`; it never raises.

    The words of the message are AWS's (facts 6.4). Explaining asks every statement and
    decides again for each change that it tries, so it costs many decisions.

    Args:
        request: what was asked
        policies: what applied
        decision: what `decide` said of both
        names: how the sentence calls a policy; without it by kind and number
    """
    considered = tuple(one for one, _ in trace(request, policies))
    allowed = decision.is_allowed
    # What is too expensive to decide is too expensive to decide again.
    settled = allowed or decision.refusal
    change = None if settled else find_change(request, policies)
    return Explanation(
        request=request,
        decision=decision,
        message="" if allowed else denial_message(request, decision),
        trace=considered,
        keys=keys_seen(request, policies),
        change=change,
        sentence=_sentence(request, decision, considered, change, names),
    )


def _mark(one: Determining | Considered) -> dict[str, object]:
    return {
        "kind": one.kind.value,
        "policy": one.policy,
        "statement": one.statement,
        "sid": one.sid,
    }


def _considered(one: Considered) -> dict[str, object]:
    tree = {**_mark(one), "effect": one.effect, "applied": one.applied}
    failed = one.failure
    if failed is not None:
        tree["failed"] = {
            "element": failed.element,
            "operator": failed.operator,
            "key": failed.key,
            "present": failed.found is not None,
            "found": _listed(failed.found),
            "wanted": list(failed.wanted),
            "undecided": failed.undecided,
        }
    return tree


def _listed(found: Found) -> object:
    return list(found) if isinstance(found, tuple) else found


# --- the plain sentence ------------------------------------------------------------


def _sentence(
    request: AuthorizationRequest,
    decision: Decision,
    considered: tuple[Considered, ...],
    change: Change | None,
    names: Names,
) -> str:
    parts = [_because(request, decision, names)]
    near = next((one for one in considered if _is_near_miss(one, decision)), None)
    if near is not None and near.failure is not None:
        parts.append(f"{_name(near, names)} would, but {_failed(near.failure)}")
    if change is not None:
        parts.append(f"it would be allowed with {_conditions_of(change)}")
    return "; ".join(parts)


def _because(request: AuthorizationRequest, decision: Decision, names: Names) -> str:
    by = ", ".join(_name(one, names) for one in decision.determining)
    if decision.is_allowed:
        return f"allowed by {by}" if by else "allowed, as the root user is"
    if by:
        return f"denied by {by}"
    if decision.refusal:
        return "refused, because the policies take too long to match"
    silent = " and no ".join(_ALLOWING[kind] for kind in decision.missing)
    return f"denied, because no {silent} allows `{request.action}`"


def _is_near_miss(one: Considered, decision: Decision) -> bool:
    return (
        decision.outcome is Outcome.IMPLICITLY_DENIED
        and one.effect == "Allow"
        and one.kind in decision.missing
        and one.failure is not None
        and one.failure.element == CONDITION
    )


def _name(one: Determining | Considered, names: Names) -> str:
    sid = f" `{one.sid}`" if one.sid else ""
    return f"statement {one.statement}{sid} of {names(one.kind, one.policy)}"


def _failed(failure: Failure) -> str:
    wanted = " or ".join(f"`{one}`" for one in failure.wanted) or "nothing"
    if failure.found is None:
        state = "is absent"
    elif isinstance(failure.found, tuple):
        state = "holds " + ", ".join(f"`{one}`" for one in failure.found)
    else:
        state = f"is `{failure.found}`"
    return f"`{failure.key}` {state} where `{failure.operator}` wants {wanted}"


def _conditions_of(change: Change) -> str:
    return " and ".join(
        f"no `{key}`" if value is None else f"`{key}` = `{value}`"
        for key, value in change.settings
    )
