"""Elements that mean something else than they seem to, whatever the names are."""

import re
from collections.abc import Iterator
from typing import Final

from ostiary.policy.document import VERSION, Condition, Kind
from ostiary.policy.lint_exam import Clause, Exam
from ostiary.policy.lint_finding import Finding, found
from ostiary.policy.loader import step
from ostiary.policy.operators import get_operator
from ostiary.policy.pattern import fold

_ESCAPED: Final = re.compile(r"\$\{[*?$]\}")
_LITERAL: Final = frozenset({"StringEquals", "StringNotEquals"})
_CASELESS: Final = "StringEqualsIgnoreCase"
_MANAGED: Final = frozenset({Kind.IDENTITY, Kind.BOUNDARY})


def principals(exam: Exam) -> Iterator[Finding]:
    """Statements that allow more people than anybody can list."""
    if exam.kind is not Kind.RESOURCE:
        return
    for clause in exam.clauses:
        element = clause.statement.principal
        if clause.is_deny or element is None:
            continue
        if element.negated:
            yield found(
                "OST207",
                step(clause.pointer, "NotPrincipal"),
                "found `NotPrincipal` in an Allow, which allows everybody else, also "
                "those who do not sign",
                help="list in `Principal` who is allowed",
                on_name=True,
            )
        elif ("AWS", "*") in element.members and not clause.statement.conditions:
            yield found(
                "OST206",
                step(clause.pointer, "Principal"),
                "found `*` as the principal of an Allow without a condition, which is "
                "everybody, also those who do not sign",
                help="name accounts, users or roles, or add a condition such as one on "
                "`aws:PrincipalOrgID`",
                on_name=True,
            )


def versions(exam: Exam) -> Iterator[Finding]:
    """The old version, in which `${...}` is literal text."""
    document = exam.policy.document
    if document.version == VERSION:
        return
    for clause in exam.clauses:
        spots = list(clause.resources())
        for condition in clause.statement.conditions:
            spots += clause.values(condition)
        variable = next((one for one in spots if "${" in one[1]), None)
        if variable is not None:
            yield _literal_variable(document.version, *variable)
            return
    if exam.kind in _MANAGED:
        yield found(
            "OST215",
            "/Version" if document.version else "",
            f"found {_version(document.version)}, expected `{VERSION}`",
            help=f'write `"Version": "{VERSION}"`; `CreatePolicy` takes no other',
            replacement=VERSION if document.version else None,
        )


def _literal_variable(version: str, pointer: str, text: str) -> Finding:
    return found(
        "OST208",
        pointer,
        f"found `{text}`, which is literal text with {_version(version)}",
        help=f'write `"Version": "{VERSION}"` to make it a variable',
    )


def _version(text: str) -> str:
    return f"version `{text}`" if text else "no version"


def sets(exam: Exam) -> Iterator[Finding]:
    """`ForAllValues` in an Allow whose tests of the key all pass without it."""
    for clause in exam.clauses:
        if clause.is_deny:
            continue
        for condition in clause.statement.conditions:
            prefix = get_operator(condition.operator).prefix
            if prefix == "ForAllValues:" and _passes_without(clause, condition.key):
                yield found(
                    "OST209",
                    clause.operator_spot(condition),
                    f"found `{condition.operator}` in an Allow, which passes when the "
                    f"request has no `{condition.key}`",
                    help=f'add `"Null": {{"{condition.key}": "false"}}`',
                    on_name=True,
                )


def _passes_without(clause: Clause, key: str) -> bool:
    pairs = zip(clause.statement.conditions, clause.compiled.tests, strict=True)
    return all(test({}) for one, test in pairs if fold(one.key) == fold(key))


def wildcards(exam: Exam) -> Iterator[Finding]:
    """A `*` under an operator that compares letter by letter."""
    for clause in exam.clauses:
        for condition in clause.statement.conditions:
            name = get_operator(condition.operator).row.name
            if name not in _LITERAL and name != _CASELESS:
                continue
            for pointer, value in clause.values(condition):
                if "*" in _ESCAPED.sub("", value):
                    yield _literal_wildcard(condition, pointer, value)


def _literal_wildcard(condition: Condition, pointer: str, value: str) -> Finding:
    name = get_operator(condition.operator).row.name
    like = condition.operator.replace("Equals", "Like")
    advice = f"write `{like}`" if name in _LITERAL else "name every value, or use tags"
    return found(
        "OST211",
        pointer,
        f"found `{value}` under `{condition.operator}`, where `*` is an asterisk",
        help=advice,
    )
