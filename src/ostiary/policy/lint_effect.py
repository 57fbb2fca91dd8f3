"""Conditions that nothing meets, statements that change nothing, things said twice."""

from collections.abc import Iterator
from itertools import chain
from typing import Final

from ostiary.policy.document import Condition
from ostiary.policy.lint_cover import covers_conditions, covers_scope, covers_text
from ostiary.policy.lint_credentials import MFA_KEYS
from ostiary.policy.lint_exam import Clause, Exam
from ostiary.policy.lint_finding import Finding, found
from ostiary.policy.operators import bind_condition, get_operator
from ostiary.policy.pattern import fold
from ostiary.policy.values import read_date, read_number

_OTHER: Final = "something-else"
_SECOND: Final = 1_000_000_000
# What `read_number` makes of `1`.
_UNIT: Final = 10**20
# Operators that hold for the values written under them and for no others.
_LISTING: Final = frozenset({"StringEquals", "Bool", "NumericEquals", "DateEquals"})


def impossible(exam: Exam) -> Iterator[Finding]:
    """Conditions on one key that no value, and no absence, meets together."""
    for clause in exam.clauses:
        groups: dict[str, list[Condition]] = {}
        for condition in clause.statement.conditions:
            groups.setdefault(fold(condition.key), []).append(condition)
        for key, group in groups.items():
            told = exam.catalogue.find_key(key)
            is_told = key in MFA_KEYS or (told is not None and told.multivalued)
            if not is_told and _is_impossible(exam, key, group):
                yield found(
                    "OST212",
                    clause.key_spot(group[-1]),
                    f"found conditions on `{group[-1].key}` that no value meets, so "
                    f"{clause.name} never applies",
                    help="of several operators all must hold, of several values of "
                    "one operator any",
                    on_name=True,
                )


def _is_impossible(exam: Exam, key: str, group: list[Condition]) -> bool:
    if any(_is_beyond_trying(one) for one in group):
        return False
    candidates = _candidates(group)
    if candidates is None:
        return False
    variables = exam.policy.document.has_variables
    tests = [bind_condition(one, variables=variables) for one in group]
    contexts = ({key: value} for value in candidates)
    return not any(
        all(test(context) is not False for test in tests)
        for context in chain([{}], contexts)
    )


def _is_beyond_trying(condition: Condition) -> bool:
    has_variable = any("${" in one for one in condition.values)
    return bool(get_operator(condition.operator).prefix) or has_variable


def _candidates(group: list[Condition]) -> list[str] | None:
    """Values one of which meets the conditions if any does; None: nobody can say."""
    rows = [get_operator(one.operator).row for one in group]
    for condition, row in zip(group, rows, strict=True):
        is_list = row.name in _LISTING or not (condition.values or row.negated)
        if is_list:
            return list(condition.values)
    names = {row.name for row in rows} - {"Null"}
    values = [value for one in group for value in one.values]
    if all(name.startswith("Numeric") for name in names):
        return [near for value in values for near in _near_number(value)]
    if all(name.startswith("Date") for name in names):
        return [near for value in values for near in _near_date(value)]
    if names <= {"StringNotEquals", "StringNotEqualsIgnoreCase"}:
        return [_OTHER]
    return None


def _near_number(text: str) -> list[str]:
    """A number and its neighbours, between which no other can be written."""
    try:
        here = read_number(text)
    except ValueError:
        return [text]  # of a `Null` beside the numbers
    near = [one for one in (here - 1, here, here + 1) if one >= 0]
    return [f"{one // _UNIT}.{one % _UNIT:020}" for one in near] or [text]


def _near_date(text: str) -> list[str]:
    try:
        second = read_date(text) // _SECOND
    except ValueError:
        return [text]
    return [text, *(str(max(second + one, 0)) for one in (-1, 0, 1))]


# --- statements ---------------------------------------------------------------------


def shadows(exam: Exam) -> Iterator[Finding]:
    """Statements that another one makes idle."""
    for clause in exam.clauses:
        for other in exam.clauses:
            if _shadows(exam, other, clause):
                yield _shadowed(clause, other)
                break


def _shadows(exam: Exam, wide: Clause, narrow: Clause) -> bool:
    if wide is narrow or (narrow.is_deny and not wide.is_deny):
        return False
    if not _covers(exam, wide, narrow):
        return False
    # Of two that say the same, the later one is idle.
    is_mutual = wide.is_deny == narrow.is_deny and _covers(exam, narrow, wide)
    return not is_mutual or wide.compiled.index < narrow.compiled.index


def _covers(exam: Exam, wide: Clause, narrow: Clause) -> bool:
    return covers_conditions(wide, narrow) and covers_scope(wide, narrow, exam.kind)


def _shadowed(clause: Clause, other: Clause) -> Finding:
    if clause.is_deny == other.is_deny:
        says = f"{other.name} says already"
    else:
        says = f"{other.name} denies"
    return found(
        "OST213",
        clause.pointer,
        f"found a statement that changes nothing: all of it {says}",
        help=f"remove it, or make {other.name} narrower",
    )


# --- lists --------------------------------------------------------------------------


def repetitions(exam: Exam) -> Iterator[Finding]:
    """Items of a list that an item beside them makes needless."""
    for clause in exam.clauses:
        for element in ("Action", "NotAction"):
            items = list(clause.texts(element))
            yield from _twice([(pointer, fold(text), text) for pointer, text in items])
            yield from _beside(items)
        for group in _groups(clause):
            yield from _twice([(pointer, text, text) for pointer, text in group])


def _groups(clause: Clause) -> Iterator[list[tuple[str, str]]]:
    """The lists in which only the same text says the same."""
    yield list(clause.texts("Resource"))
    yield list(clause.texts("NotResource"))
    for condition in clause.statement.conditions:
        yield list(clause.values(condition))
    by_type: dict[str, list[tuple[str, str]]] = {}
    for pointer, kind, value in clause.members():
        by_type.setdefault(kind, []).append((pointer, value))
    yield from by_type.values()


def _twice(items: list[tuple[str, str, str]]) -> Iterator[Finding]:
    """Items whose middle part another one had before."""
    seen: set[str] = set()
    for pointer, meaning, text in items:
        if meaning in seen:
            yield found("OST214", pointer, f"found `{text}` twice", help="remove it")
        seen.add(meaning)


def _beside(items: list[tuple[str, str]]) -> Iterator[Finding]:
    """Actions that a wildcard beside them covers."""
    wide = {text: fold(text) for _, text in items if "*" in text or "?" in text}
    for pointer, text in items:
        mine = fold(text)
        for other, pattern in wide.items():
            if pattern != mine and covers_text(pattern, mine):
                message = f"found `{text}` beside `{other}`, which covers it"
                yield found("OST214", pointer, message, help="remove it")
                break
