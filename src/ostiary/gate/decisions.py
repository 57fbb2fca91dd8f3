"""Step 4: every need against the policies; all of them must be allowed."""

from collections.abc import Mapping

from ostiary.gate.needs import Need, Value
from ostiary.gate.trail import Trail, verdict_of
from ostiary.identity.caller import Caller, context
from ostiary.policy import (
    AuthorizationRequest,
    Compiled,
    Context,
    Decision,
    Kind,
    decide,
)
from ostiary.policy.explain import explain
from ostiary.store.applicable import Applicable, Applied

_TRUST_ACTIONS = frozenset(
    {"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}
)


class Denied(Exception):  # noqa: N818 - an answer of the policies, not a fault of ours
    """The policies do not allow what the request takes.

    Attributes:
        sentence: AWS's sentence, with the reason; the service words it further.
        need: what was not allowed.
    """

    def __init__(self, sentence: str, need: Need) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.need = need


class Decider:
    """Decides by the policies of the snapshot."""

    def __init__(self, applicable: Applicable) -> None:
        self._applicable = applicable

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
            request = AuthorizationRequest(
                principal=caller.principal,
                action=need.action,
                resource=need.resource,
                resource_account=need.resource_account,
                context=Context({**shared, **need.context}),
            )
            resource, kind = self._resource_policy(need)
            policies = applied.with_resource(resource, kind)
            decision = decide(request, policies)
            verdict = verdict_of(need, decision, _sources(applied, decision))
            trail.verdicts.append(verdict)
            if not decision.is_allowed:
                explanation = explain(request, policies, decision)
                trail.why = explanation.sentence
                verdict["explanation"] = explanation.to_dict()
                raise Denied(explanation.message, need)

    def _resource_policy(self, need: Need) -> tuple[Compiled | None, Kind]:
        if need.action in _TRUST_ACTIONS and ":role/" in need.resource:
            return self._applicable.trust_of(need.resource), Kind.TRUST
        return self._applicable.of_resource(policy_holder(need.resource)), Kind.RESOURCE


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


def _sources(applied: Applied, decision: Decision) -> dict[str, str]:
    return {
        f"{one.kind.value} {one.policy}": applied.source(one.kind, one.policy)
        for one in decision.determining
    }
