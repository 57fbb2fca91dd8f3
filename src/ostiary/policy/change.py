"""The smallest change of context that would have opened the door, found by trying.

Candidates come from the statements themselves: each key they test, set to values near
what they want, or taken away. The MFA keys come first, and together, because a session
has both or neither. Every candidate is decided for real.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, islice
from typing import Final, TypeAlias

from ostiary.policy.decide import PolicySet, decide
from ostiary.policy.document import Condition
from ostiary.policy.operators import find_operator
from ostiary.policy.pattern import fold
from ostiary.policy.request import AuthorizationRequest, Context
from ostiary.policy.trace import policies_of

Edit: TypeAlias = Mapping[str, str | None]

MFA_PRESENT: Final = "aws:MultiFactorAuthPresent"
MFA_AGE: Final = "aws:MultiFactorAuthAge"
# Decisions that one search may try, fewer where each has many conditions to test.
_MOST_TRIES: Final = 400
_MOST_TESTS: Final = 20_000
_OTHER_TEXT: Final = "something-else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What would have to be so: (key, value) pairs; a value of None means absent."""

    settings: tuple[tuple[str, str | None], ...]


def find_change(request: AuthorizationRequest, policies: PolicySet) -> Change | None:
    """The change with the fewest keys that turns the answer to Allowed, or None."""
    tested = list(_conditions(request, policies))
    tries = min(_MOST_TRIES, _MOST_TESTS // max(len(tested), 1))
    for edit in islice(_edits(tested), tries):
        if decide(_edited(request, edit), policies).is_allowed:
            return Change(settings=tuple(edit.items()))
    return None


def _edited(request: AuthorizationRequest, edit: Edit) -> AuthorizationRequest:
    values = dict(request.context)
    for key, value in edit.items():
        values.pop(fold(key), None)
        if value is not None:
            values[fold(key)] = value
    return replace(request, context=Context.folded(values))


def _edits(tested: list[Condition]) -> Iterator[Edit]:
    mentions_mfa = any(
        fold(one.key) in (fold(MFA_PRESENT), fold(MFA_AGE)) for one in tested
    )
    singles: list[tuple[str, str | None]] = []
    if mentions_mfa:
        singles.append((MFA_PRESENT, "true"))
    singles += _settings(tested)
    single = list(dict.fromkeys(singles))
    yield from ({key: value} for key, value in single)
    if mentions_mfa:
        yield {MFA_PRESENT: "true", MFA_AGE: "0"}
    for size in (2, 3):
        for group in combinations(single, size):
            edit = dict(group)
            if len({fold(key) for key in edit}) == size:
                yield edit


def _conditions(
    request: AuthorizationRequest, policies: PolicySet
) -> Iterator[Condition]:
    for _, _, policy in policies_of(request, policies):
        for statement in policy.candidates(request.normal_action).statements:
            yield from statement.source.conditions


def _settings(tested: list[Condition]) -> Iterator[tuple[str, str | None]]:
    for condition in tested:
        for value in condition.values:
            for near in _near(condition, value):
                yield condition.key, near
    for condition in tested:
        yield condition.key, _OTHER_TEXT
        yield condition.key, None


def _near(condition: Condition, value: str) -> Iterator[str]:
    """Values that a test for `value` may take as right, whatever its direction."""
    found = find_operator(condition.operator)
    family = found.row.name if found else ""
    if family == "Bool":
        yield from ("true", "false")
    elif family.startswith(("Numeric", "Date")) and value.isdigit():
        yield from (value, str(max(int(value) - 1, 0)), str(int(value) + 1))
    elif "IpAddress" in family:
        yield from (value.partition("/")[0], "203.0.113.1", "2001:db8::1")
    elif family != "Null":
        yield value.replace("*", "").replace("?", "x")
