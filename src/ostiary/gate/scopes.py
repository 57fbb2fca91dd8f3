"""Sessions that were scoped down: each policy of GetScopedCredentials must allow, too.

It narrows whatever allowed the request, also a resource's policy that names the
principal directly, which no session policy limits (facts 6.2). So it is asked by
itself, beside an account and a resource that allow everything.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

from ostiary.policy import (
    AuthorizationRequest,
    Decision,
    Kind,
    PolicySet,
    Principal,
    PrincipalKind,
    decide,
)
from ostiary.store.applicable import compiled

Mark = Callable[[AuthorizationRequest, PolicySet], AuthorizationRequest]
"""Marks in a request what only the upstream knows."""

_ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": _ALLOW})


class Heard(NamedTuple):
    """A question and its answer."""

    request: AuthorizationRequest
    policies: PolicySet
    decision: Decision


def refused_by_scope(
    request: AuthorizationRequest, scopes: tuple[str, ...], mark: Mark | None
) -> Heard | None:
    """What the first scope that does not allow the request says; None when all do.

    Args:
        request: what the session's other policies have allowed.
        scopes: the texts of its scope-down policies.
        mark: for actions with keys that are unknown here; None where all are known.

    Raises:
        InvalidPolicyError: a scope cannot be evaluated.
    """
    own = AuthorizationRequest(
        principal=request.principal,
        action=request.action,
        resource=request.resource,
        resource_account=request.principal.account,
        context=request.context,
    )
    for scope in scopes:
        policies = _alone(scope, request.principal)
        asked = own if mark is None else mark(own, policies)
        decision = decide(asked, policies)
        if not decision.is_allowed:
            return Heard(asked, policies, decision)
    return None


def _alone(scope: str, principal: Principal) -> PolicySet:
    """Policies of which the scope alone can refuse."""
    resource = None
    if principal.kind is not PrincipalKind.ROOT:
        # The account is named, so the session counts; root would be named directly.
        text = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": _ALLOW | {"Principal": {"AWS": principal.account}},
            }
        )
        resource = compiled(text, Kind.RESOURCE)
    return PolicySet(
        identity=(compiled(_EVERYTHING, Kind.IDENTITY),),
        resource=resource,
        session=(compiled(scope, Kind.SESSION),),
    )


def scope_name(_kind: Kind, _policy: int) -> str:
    """How sentences call a scope."""
    return "scope-down policy"
