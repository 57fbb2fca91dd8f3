"""Names and types: actions, condition keys, operators, resource types.

AWS takes any name when a policy is written, and a wrong one then matches nothing: an
Allow that does not allow, a Deny that does not deny.
"""

from collections.abc import Iterator
from typing import Final

from ostiary.policy.document import Condition
from ostiary.policy.lint_catalogue import Action, Key, nearest
from ostiary.policy.lint_exam import Clause, Exam
from ostiary.policy.lint_finding import Finding, found
from ostiary.policy.operators import get_operator
from ostiary.policy.pattern import Variable, fold, matcher, tokenize

_MOST_SHOWN: Final = 3
_REFERENCE: Final = "AWS's service authorization reference lists them"


def named_actions(exam: Exam, text: str) -> list[Action]:
    """The actions that a pattern of one service means; none for other patterns."""
    pattern = fold(text)
    service = pattern.partition(":")[0]
    known = exam.catalogue.actions(service)
    if pattern in known:
        return [known[pattern]]
    if "*" not in pattern and "?" not in pattern:
        return []
    matches = matcher(tokenize(pattern, variables=False, wildcards=True))
    return [one for name, one in known.items() if matches(name)]


def quoted(texts: tuple[str, ...]) -> str:
    """The first texts as a message says them, and how many more there are."""
    rest = len(texts) - _MOST_SHOWN
    shown = ", ".join(f"`{one}`" for one in texts[:_MOST_SHOWN])
    return f"{shown} and {rest} more" if rest > 0 else shown


def actions(exam: Exam) -> Iterator[Finding]:
    """Actions and services that do not exist."""
    for clause in exam.clauses:
        for pointer, text in clause.actions():
            service, _, _ = text.partition(":")
            is_open = "*" in service or "?" in service
            if not is_open and not named_actions(exam, text):
                yield _unknown_action(exam, pointer, text)


def _unknown_action(exam: Exam, pointer: str, text: str) -> Finding:
    service, _, name = text.partition(":")
    known = exam.catalogue.actions(fold(service))
    if not known:
        near = nearest(service, exam.catalogue.services())
        is_real = near is not None and bool(named_actions(exam, f"{near}:{name}"))
        instead = f"{near}:{name}" if is_real else None
        message = f"found `{text}`, but there is no service `{service}`"
    else:
        instead = nearest(text, [one.name for one in known.values()])
        what = "matches no action" if "*" in name or "?" in name else "does not exist"
        message = f"found the action `{text}`, which {what}"
    return found(
        "OST201",
        pointer,
        message,
        help=f"write `{instead}`" if instead else _REFERENCE,
        replacement=instead,
    )


# --- condition keys -----------------------------------------------------------------


def keys(exam: Exam) -> Iterator[Finding]:
    """Condition keys that do not exist, or that the actions never have."""
    for clause in exam.clauses:
        for condition in clause.statement.conditions:
            pointer = clause.key_spot(condition)
            key = exam.catalogue.find_key(condition.key)
            if key is None:
                yield _unknown_key(exam, pointer, condition.key, on_name=True)
            elif not key.everywhere:
                yield from _useless_key(exam, clause, condition)
        if exam.policy.document.has_variables:
            yield from _unknown_variables(exam, clause)


def _unknown_key(exam: Exam, pointer: str, text: str, *, on_name: bool) -> Finding:
    prefix, _, name = text.partition(":")
    near = nearest(text, exam.catalogue.keys(fold(prefix)))
    meant = exam.catalogue.find_key(f"aws:{name}")
    if near is None and meant is not None:
        near = meant.name
    instead = f"{near}KEY" if near and near.endswith(("/", ":")) else near
    return found(
        "OST202",
        pointer,
        f"found the condition key `{text}`, which does not exist",
        help=f"write `{instead}`" if instead else _REFERENCE,
        on_name=on_name,
        replacement=near if on_name and near and near == instead else None,
    )


def _unknown_variables(exam: Exam, clause: Clause) -> Iterator[Finding]:
    spots = list(clause.resources())
    for condition in clause.statement.conditions:
        if get_operator(condition.operator).row.variables:
            spots += clause.values(condition)
    for pointer, text in spots:
        for token in tokenize(text, variables=True, wildcards=True):
            if isinstance(token, Variable) and not exam.catalogue.find_key(token.key):
                yield _unknown_key(exam, pointer, token.key, on_name=False)


def _useless_key(exam: Exam, clause: Clause, condition: Condition) -> Iterator[Finding]:
    """A key that none of the statement's actions has."""
    if clause.statement.not_action:
        return
    meant = [named_actions(exam, one) for one in clause.statement.actions]
    if all(meant) and not any(
        one.has_key(condition.key) for group in meant for one in group
    ):
        yield found(
            "OST203",
            clause.key_spot(condition),
            f"found `{condition.key}`, which no request for "
            f"{quoted(clause.statement.actions)} has",
            help="test a key that the action has; AWS's service authorization "
            "reference lists them",
            on_name=True,
        )


# --- operators ----------------------------------------------------------------------

# Which families of operators read a value of a type as it is meant.
_FITS: Final = {
    "String": ("String",),
    "ARN": ("Arn", "String"),
    "Bool": ("Bool",),
    "Numeric": ("Numeric",),
    "Date": ("Date",),
    "IPAddress": ("IpAddress", "NotIpAddress"),
    "Binary": ("Binary",),
}
_USUAL: Final = {
    "String": "StringEquals",
    "ARN": "ArnLike",
    "Bool": "Bool",
    "Numeric": "NumericEquals",
    "Date": "DateLessThan",
    "IPAddress": "IpAddress",
    "Binary": "BinaryEquals",
}


def operators(exam: Exam) -> Iterator[Finding]:
    """Operators that read a key's values as something that they are not."""
    for clause in exam.clauses:
        for condition in clause.statement.conditions:
            key = exam.catalogue.find_key(condition.key)
            spelling = get_operator(condition.operator)
            family = spelling.row.name
            # The values of tags are whatever somebody wrote.
            if key is None or key.is_family or family == "Null":
                continue
            if not _fits(key, family):
                yield _misfit(clause, condition, key)
            elif key.multivalued and not spelling.prefix:
                yield _no_set_operator(clause, condition)


def _fits(key: Key, family: str) -> bool:
    holds_arns = fold(key.name).endswith("arn") and family.startswith("Arn")
    if holds_arns or not key.types:
        return True
    families = [one for kind in key.types for one in _FITS.get(kind, (family,))]
    return family.startswith(tuple(families))


def _misfit(clause: Clause, condition: Condition, key: Key) -> Finding:
    kinds = " or ".join(sorted(key.types))
    usual = _USUAL[min(key.types)]
    return found(
        "OST204",
        clause.operator_spot(condition),
        f"found `{condition.operator}` on `{key.name}`, whose type is {kinds}",
        help=f"write an operator of that type, such as `{usual}`",
        on_name=True,
    )


def _no_set_operator(clause: Clause, condition: Condition) -> Finding:
    row = get_operator(condition.operator).row
    instead = ("ForAllValues:" if row.negated else "ForAnyValue:") + condition.operator
    return found(
        "OST210",
        clause.operator_spot(condition),
        f"found `{condition.operator}` on `{condition.key}`, which may have several "
        "values and so never matches without a set operator",
        help=f"write `{instead}`",
        on_name=True,
        replacement=instead if clause.may_rename(condition, instead) else None,
    )
