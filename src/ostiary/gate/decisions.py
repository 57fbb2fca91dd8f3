"""Step 4: every need against the policies; all of them must be allowed."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ostiary.gate.failure_message import failure_message
from ostiary.gate.needs import Need, Unmapped, Value
from ostiary.gate.organization_limits import Bound, Bounds
from ostiary.gate.scopes import Heard, refused_by_scope, scope_name
from ostiary.gate.trail import Trail, verdict_of
from ostiary.gate.unseen import is_unseen, unseen_keys
from ostiary.identity.caller import Caller, context
from ostiary.policy import (
    UNKNOWN,
    AuthorizationRequest,
    Compiled,
    Context,
    Decision,
    Kind,
    PolicySet,
    PrincipalKind,
    decide,
)
from ostiary.policy.explain import Names, explain
from ostiary.policy.pattern import fold
from ostiary.policy.trace import keys_seen
from ostiary.store.applicable import Applicable, Applied
from ostiary.store.limits import Limits
from ostiary.wire.service import Protocol

Seal = Callable[[str, str], str]
"""Seals an authorization failure message: its text, for an account."""

_TRUST_ACTIONS = frozenset(
    {
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:SetSourceIdentity",
        "sts:TagSession",
    }
)

_UNLOCKING = frozenset(
    {
        "s3:DeleteBucketPolicy",
        "s3:GetBucketPolicy",
        "s3:PutBucketPolicy",
        "sqs:GetQueueAttributes",
        "sqs:SetQueueAttributes",
    }
)
"""What the owner's root user can do whatever the resource's own policy denies, so that
a policy that shuts everybody out can be taken away (facts 6.1)."""


class Denied(Exception):  # noqa: N818 - an answer of the policies, not a fault of ours
    """The policies do not allow what the request takes.

    Attributes:
        sentence: AWS's sentence, with the reason; the service words it further.
        need: what was not allowed.
        encoded: the sealed message that goes with it; empty where AWS gives none.
    """

    def __init__(self, sentence: str, need: Need, encoded: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.need = need
        self.encoded = encoded


class Decider:
    """Decides by the policies of the snapshot."""

    def __init__(self, applicable: Applicable, limits: Limits, seal: Seal) -> None:
        self._applicable = applicable
        self._bounds = Bounds(limits)
        self._snapshot = limits.snapshot
        self._seal = seal

    def decide(
        self,
        trail: Trail,
        caller: Caller,
        needs: tuple[Need, ...],
        connection: Mapping[str, Value],
    ) -> None:
        """Returns when every need is allowed.

        Args:
            trail: gets a verdict for each need that was looked at.
            caller: who asks.
            needs: what the request takes.
            connection: the condition keys of the request as such.

        Raises:
            Denied: a need is not allowed; the first one that is not.
            InvalidPolicyError: a policy that applies cannot be evaluated (T80).
        """
        applied = self._applicable.of(caller)
        shared = {**connection, **context(caller, trail.now)}
        for need in needs:
            resource, kind = self._resource_policy(need, caller)
            bound = self._bounds.on(caller, need)
            policies = applied.with_resource(resource, kind, bound.scps, bound.rcps)
            keys = {**shared, **need.context, **bound.keys}
            request = _request(trail, caller, need, keys)
            if unseen_keys(need.action):
                request = _with_unknown(request, policies)
            decision = decide(request, policies)
            names = _names(applied, need, bound)
            scoped = _scoped(caller, request, decision)
            if scoped is not None:
                request, policies, decision = scoped
                names = scope_name
            verdict = verdict_of(need, decision, names)
            trail.verdicts.append(verdict)
            if not decision.is_allowed:
                explanation = explain(request, policies, decision, names)
                trail.why = explanation.sentence
                verdict["explanation"] = explanation.to_dict()
                encoded = ""
                if trail.service.protocol is Protocol.EC2:
                    heard = (request, policies, decision)
                    message = failure_message(caller, need, keys, heard)
                    encoded = self._seal(message, caller.account)
                sentence = explanation.message
                if caller.assertion is not None:
                    # AWS names no principal where none has signed (facts 7.6).
                    sentence = f"Not authorized to perform {need.action}"
                raise Denied(sentence, need, encoded)

    def _resource_policy(
        self, need: Need, caller: Caller
    ) -> tuple[Compiled | None, Kind]:
        if self._snapshot.is_closed(need.resource_account):
            # What a closed account owns says nothing to anybody, its roles neither.
            return None, Kind.RESOURCE
        if need.action in _UNLOCKING and _is_owning_root(caller, need):
            return None, Kind.RESOURCE
        if need.action in _TRUST_ACTIONS and ":role/" in need.resource:
            return self._applicable.trust_of(need.resource), Kind.TRUST
        return self._applicable.of_resource(policy_holder(need.resource)), Kind.RESOURCE


def _scoped(
    caller: Caller, request: AuthorizationRequest, decision: Decision
) -> Heard | None:
    """The refusal of a session that was scoped down; None where nothing narrows it."""
    session = caller.session
    if session is None or not session.scopes or not decision.is_allowed:
        return None
    mark = _with_unknown if unseen_keys(request.action) else None
    return refused_by_scope(request, session.scopes, mark)


def _is_owning_root(caller: Caller, need: Need) -> bool:
    is_root = caller.principal.kind is PrincipalKind.ROOT
    return is_root and caller.account == need.resource_account


def policy_holder(resource: str) -> str:
    """The ARN of what carries the policy for a resource: its bucket, table or topic."""
    parts = resource.split(":", 5)
    if len(parts) < 6:  # noqa: PLR2004 - an ARN has six parts
        return resource
    service, rest = parts[2], parts[5]
    if service == "s3":
        rest = rest.partition("/")[0]
    elif service == "dynamodb":
        rest = "/".join(rest.split("/")[:2])
    elif service == "sns":
        rest = rest.partition(":")[0]
    return ":".join([*parts[:5], rest])


def _request(
    trail: Trail, caller: Caller, need: Need, given: Mapping[str, Value]
) -> AuthorizationRequest:
    try:
        keys = Context(given)
    except ValueError as error:
        # Two tags whose keys differ by letter case: as condition keys they are one.
        raise Unmapped(trail.service.name, trail.operation, str(error)) from error
    return AuthorizationRequest(
        principal=caller.principal,
        action=need.action,
        resource=need.resource,
        resource_account=need.resource_account,
        context=keys,
    )


def _with_unknown(
    request: AuthorizationRequest, policies: PolicySet
) -> AuthorizationRequest:
    """The request, with what only the upstream knows marked as unknown.

    Without the mark such a key would be absent, and a Deny that tests it would fall
    silent (P3).
    """
    unknown = {
        fold(seen.key): UNKNOWN
        for seen in keys_seen(request, policies)
        if seen.value is None and is_unseen(request.action, seen.key)
    }
    if not unknown:
        return request
    values = {**request.context.values_by_key, **unknown}
    return replace(request, context=Context.folded(values))


def _names(applied: Applied, need: Need, bound: Bound) -> Names:
    """How sentences call a policy: by where it stands."""

    def name(kind: Kind, policy: int) -> str:
        if kind in bound.sources:
            return bound.sources[kind][policy]
        if kind is Kind.TRUST:
            return f"trust policy of {need.resource}"
        if kind is Kind.RESOURCE:
            return f"policy of {policy_holder(need.resource)}"
        return applied.source(kind, policy) or f"{kind.value} policy {policy}"

    return name
