"""Every statement asked, and the first element of each that failed.

The questions are those of `decide`, put through the same compiled tests; only the
index is left out, so that a statement about another action is seen to be one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from ostiary.policy.compile import Compiled, CompiledStatement
from ostiary.policy.decide import PolicySet, applies
from ostiary.policy.document import Kind
from ostiary.policy.pattern import Variable, fold, tokenize
from ostiary.policy.request import OUTSIDERS, AuthorizationRequest

Found: TypeAlias = str | tuple[str, ...] | None

ACTION: Final = "action"
PRINCIPAL: Final = "principal"
RESOURCE: Final = "resource"
CONDITION: Final = "condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The first element of a statement that did not match.

    Attributes:
        element: `action`, `principal`, `resource` or `condition`
        operator: of the condition, as written; empty for other elements
        key: of the condition, as written; empty for other elements
        found: what the request had: for a condition None means the key was absent
        wanted: what the statement said
        undecided: a value could not be read, so no Allow could rest on it
    """

    element: str
    operator: str
    key: str
    found: Found
    wanted: tuple[str, ...]
    undecided: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A statement and whether it applied; `failure` is None when it did."""

    kind: Kind
    policy: int
    statement: int
    sid: str
    effect: str
    failure: Failure | None

    @property
    def applied(self) -> bool:
        """True when every element matched."""
        return self.failure is None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySeen:
    """A context key that a statement asked for; `value` is None when it was absent."""

    key: str
    value: Found


def policies_of(
    request: AuthorizationRequest, policies: PolicySet
) -> Iterator[tuple[Kind, int, Compiled]]:
    """Every policy that `decide` hears, with its kind and place."""
    outside = request.principal.kind in OUTSIDERS
    scps = () if outside else policies.scps
    groups = (
        (Kind.RCP, [one for level in policies.rcps for one in level]),
        (Kind.SCP, [one for level in scps for one in level]),
        (Kind.ENDPOINT, policies.endpoint or ()),
        (Kind.IDENTITY, policies.identity),
        (Kind.BOUNDARY, policies.boundary or ()),
        (Kind.SESSION, policies.session or ()),
        (policies.resource_kind, (policies.resource,) if policies.resource else ()),
    )
    for kind, group in groups:
        for place, policy in enumerate(group):
            yield kind, place, policy


def trace(
    request: AuthorizationRequest, policies: PolicySet
) -> Iterator[tuple[Considered, CompiledStatement]]:
    """Each statement considered, beside its compiled form."""
    bounded = policies.boundary is not None
    for kind, place, policy in policies_of(request, policies):
        for statement in policy.statements:
            considered = Considered(
                kind=kind,
                policy=place,
                statement=statement.index,
                sid=statement.source.sid,
                effect=statement.source.effect.value,
                failure=_first_failure(statement, request, bounded=bounded),
            )
            yield considered, statement


def _first_failure(
    statement: CompiledStatement, request: AuthorizationRequest, *, bounded: bool
) -> Failure | None:
    source = statement.source
    if not statement.action(request.normal_action):
        return _failure(ACTION, request.action, source.actions)
    if applies(statement, request, bounded) is not None:
        return None
    if statement.principal and not statement.principal(request.principal, bounded):
        members = source.principal.members if source.principal else ()
        named = tuple(f"{kind}:{value}" for kind, value in members)
        return _failure(PRINCIPAL, request.principal.arn, named)
    values = request.context.values_by_key
    if statement.resource and _fails(
        statement, statement.resource(request.normal_resource, values)
    ):
        return _failure(RESOURCE, request.resource, source.resources)
    return _failed_condition(statement, request)


def _fails(statement: CompiledStatement, answer: bool | None) -> bool:  # noqa: FBT001 - an answer, not a flag
    return answer is False or (answer is None and not statement.deny)


def _failure(element: str, found: str, wanted: tuple[str, ...]) -> Failure:
    return Failure(
        element=element,
        operator="",
        key="",
        found=found,
        wanted=wanted,
        undecided=False,
    )


def _failed_condition(
    statement: CompiledStatement, request: AuthorizationRequest
) -> Failure:
    values = request.context.values_by_key
    pairs = zip(statement.source.conditions, statement.tests, strict=True)
    condition, answer = next(
        (condition, answer)
        for condition, test in pairs
        if _fails(statement, answer := test(values))
    )
    return Failure(
        element=CONDITION,
        operator=condition.operator,
        key=condition.key,
        found=values.get(fold(condition.key)),
        wanted=condition.values,
        undecided=answer is None,
    )


def keys_asked(statement: CompiledStatement, *, variables: bool) -> Iterator[str]:
    """The context keys of a statement's conditions and variables, as it says them."""
    for condition in statement.source.conditions:
        yield condition.key
    if not variables:
        return
    texts = [*statement.source.resources]
    texts += (text for one in statement.source.conditions for text in one.values)
    for text in texts:
        if "${" in text:
            for token in tokenize(text, variables=True, wildcards=True):
                if isinstance(token, Variable):
                    yield token.key


def keys_seen(
    request: AuthorizationRequest, policies: PolicySet
) -> tuple[KeySeen, ...]:
    """The keys that statements about this action asked for, and what they found."""
    seen: dict[str, KeySeen] = {}
    for _, _, policy in policies_of(request, policies):
        variables = policy.document.has_variables
        for statement in policy.candidates(request.normal_action).statements:
            for key in keys_asked(statement, variables=variables):
                value = request.context.values_by_key.get(fold(key))
                seen.setdefault(fold(key), KeySeen(key=key, value=value))
    return tuple(seen.values())
