"""Whether a caller has what a delegation request asks for: an estimate, as on AWS.

Actions and resources are asked about as they are written, wildcards and all. What has
conditions or denies on the caller's side cannot be judged without a real request.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final

from ostiary.identity.caller import Caller, context
from ostiary.policy import (
    AuthorizationRequest,
    Compiled,
    Context,
    Effect,
    Kind,
    PolicySet,
    decide,
    parse,
)
from ostiary.policy.document import Statement
from ostiary.store.applicable import Applicable
from ostiary.store.snapshot import Snapshot

ALLOWED: Final = "ALLOWED"
DENIED: Final = "DENIED"
UNSURE: Final = "UNSURE"
_MOST_QUESTIONS: Final = 1000


def covers(caller: Caller, policy: str, snapshot: Snapshot, now: int) -> str:
    """`ALLOWED`, `DENIED` or `UNSURE`."""
    policies = Applicable(snapshot).of(caller).with_resource(None, Kind.RESOURCE)
    keys = Context(context(caller, now))
    statements = parse(policy, kind=Kind.SESSION).statements
    asked = [
        AuthorizationRequest(
            principal=caller.principal,
            action=action,
            resource=resource,
            resource_account=caller.account,
            context=keys,
        )
        for statement in statements
        if statement.effect is Effect.ALLOW
        for action, resource in _pairs(statement)
    ]
    bound = caller.account in snapshot.chart.members
    if len(asked) > _MOST_QUESTIONS or bound or _is_unclear(policies):
        return UNSURE
    has_all = all(decide(one, policies).is_allowed for one in asked)
    return ALLOWED if has_all else DENIED


def _pairs(statement: Statement) -> Iterator[tuple[str, str]]:
    """What a statement allows; what it leaves out is everything, to be safe."""
    actions = ("*",) if statement.not_action else statement.actions
    resources = ("*",) if statement.not_resource else statement.resources
    return product(actions, resources)


def _is_unclear(policies: PolicySet) -> bool:
    """Whether a policy of the caller denies something, or asks for conditions."""
    kinds = (policies.identity, policies.boundary or (), policies.session or ())
    return any(map(_has_ifs, (one for kind in kinds for one in kind)))


def _has_ifs(policy: Compiled) -> bool:
    return any(
        one.conditions or one.effect is Effect.DENY
        for one in policy.document.statements
    )
