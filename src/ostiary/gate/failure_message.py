"""What an encoded authorization failure message says, before it is sealed.

The JSON is that of STS's DecodeAuthorizationMessage (facts 6.5). It holds what the
refused caller may not see: which statement of which policy denied.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from ostiary.gate.needs import Need, Value
from ostiary.identity.caller import Caller
from ostiary.identity.failure_message import ROOM
from ostiary.policy import Decision, Effect, Outcome, PolicySet
from ostiary.policy.document import Condition, Statement
from ostiary.policy.request import AuthorizationRequest
from ostiary.policy.trace import policies_of

Tree = dict[str, object]

_TEXT: Final = 512
"""Characters that are kept of one text; an ARN of real things is shorter."""


def failure_message(
    caller: Caller,
    need: Need,
    keys: Mapping[str, Value],
    heard: tuple[AuthorizationRequest, PolicySet, Decision],
) -> str:
    """The message as JSON that fits; what is too long loses conditions first.

    Args:
        caller: who was refused.
        need: what was refused.
        keys: the condition keys of the request.
        heard: what was decided, on which policies, and how.
    """
    request, policies, decision = heard
    denied = [_statement(one) for one in _denying(request, policies, decision)]
    conditions = [_pair(key, _values(keys[key])) for key in sorted(keys)]
    while True:
        text = _dump(caller, need, decision, (denied, conditions))
        if len(text) <= ROOM:
            return text
        # Half at a time: it is bounded work, whatever a client has sent.
        shorter = conditions or denied
        del shorter[len(shorter) // 2 :]


def _dump(
    caller: Caller,
    need: Need,
    decision: Decision,
    lists: tuple[list[Tree], list[Tree]],
) -> str:
    denied, conditions = lists
    message = {
        "allowed": False,
        "explicitDeny": decision.outcome is Outcome.EXPLICITLY_DENIED,
        "matchedStatements": {"items": denied},
        "failures": {"items": []},
        "context": {
            "principal": {
                "id": caller.user_id,
                "name": caller.name or _last(caller.arn),
                "arn": caller.arn,
            },
            "action": need.action,
            "resource": _cut(need.resource),
            "conditions": {"items": conditions},
        },
    }
    # ASCII only: one character is one byte.
    return json.dumps(message, separators=(",", ":"))


def _last(arn: str) -> str:
    """The name of a session, a federated user, or root."""
    return arn.rpartition(":")[2].rpartition("/")[2]


def _denying(
    request: AuthorizationRequest, policies: PolicySet, decision: Decision
) -> Iterator[Statement]:
    """The statements that denied; none when nothing allowed."""
    if decision.outcome is not Outcome.EXPLICITLY_DENIED:
        return
    marks = {(one.kind, one.policy, one.statement) for one in decision.determining}
    for kind, place, policy in policies_of(request, policies):
        for number, statement in enumerate(policy.document.statements):
            if (kind, place, number) in marks:
                yield statement


def _statement(one: Statement) -> Tree:
    """A statement as AWS shows it here, every element a list of items."""
    principals = one.principal.members if one.principal is not None else ()
    return {
        "statementId": one.sid,
        "effect": "DENY" if one.effect is Effect.DENY else "ALLOW",
        "principals": _items(value for _, value in principals),
        "principalGroups": {"items": []},
        "notActions" if one.not_action else "actions": _items(one.actions),
        "notResources" if one.not_resource else "resources": _items(one.resources),
        "conditions": {"items": [_condition(each) for each in one.conditions]},
    }


def _condition(one: Condition) -> Tree:
    return _pair(one.key, one.values)


def _pair(key: str, values: tuple[str, ...]) -> Tree:
    return {"key": _cut(key), "values": _items(values)}


def _values(value: Value) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _items(values: Iterator[str] | tuple[str, ...]) -> Tree:
    return {"items": [{"value": _cut(value)} for value in values]}


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT else text[:_TEXT] + "…"
