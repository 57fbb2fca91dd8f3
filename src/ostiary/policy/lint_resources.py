"""Resources that the actions of a statement do not work on, and ARNs of nobody."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import Final

from ostiary.policy.arn import PARTS
from ostiary.policy.lint_catalogue import Action
from ostiary.policy.lint_exam import Clause, Exam
from ostiary.policy.lint_finding import Finding, found
from ostiary.policy.lint_names import named_actions, quoted
from ostiary.policy.pattern import fold

_ACCOUNT_PART: Final = 4
# Twelve digits, or a pattern that such an id may match.
_ACCOUNT: Final = re.compile(r"[0-9]{12}|[0-9*?]*[*?][0-9*?]*", re.ASCII)
# What AWS itself puts in the place of an account.
_OWNERS: Final = frozenset({"", "aws", "aws-managed", "amazon", "cloudfront"})
_BLANK: Final = re.compile(r"\$\{[^}]*\}")
# The name of a bucket is the one blank in which AWS allows no slash, and must not.
_BUCKET: Final = "${BucketName}"
_NO_SLASH: Final = "\x01"


def resource_types(exam: Exam) -> Iterator[Finding]:
    """Actions on none of whose resource types a statement is, and the other way."""
    for clause in exam.clauses:
        statement = clause.statement
        if statement.not_action or statement.not_resource or not statement.resources:
            continue
        if any(not one.strip("*") for one in statement.resources):
            continue
        meant = {text: named_actions(exam, text) for text in statement.actions}
        idle = [text for text, group in meant.items() if not _work(group, clause)]
        for pointer, text in clause.actions():
            if text in idle and meant[text]:
                yield _misplaced_action(pointer, text, meant[text])
        if not idle:
            yield from _useless_resources(clause, [*chain(*meant.values())])


def _work(group: list[Action], clause: Clause) -> bool:
    return any(
        _works_on(action, text)
        for action in group
        for text in clause.statement.resources
    )


def _useless_resources(clause: Clause, group: list[Action]) -> Iterator[Finding]:
    for pointer, text in clause.resources():
        if not any(_works_on(action, text) for action in group):
            yield found(
                "OST205",
                pointer,
                f"found `{text}`, on which none of "
                f"{quoted(clause.statement.actions)} works",
                help=_forms(group),
            )


def _misplaced_action(pointer: str, text: str, group: list[Action]) -> Finding:
    if not any(action.resources for action in group):
        return found(
            "OST205",
            pointer,
            f"found `{text}` on a resource, but it has no resource level",
            help='give it a statement of its own with `"Resource": "*"`',
        )
    return found(
        "OST205",
        pointer,
        f"found `{text}` on resources that it does not work on",
        help=_forms(group),
    )


def _forms(group: list[Action]) -> str:
    forms = sorted({one.arn for action in group for one in action.resources})
    return f"the resource is one of {quoted(tuple(forms))}"


_ROOT: Final = "arn:*:iam::*:root"


def _works_on(action: Action, text: str) -> bool:
    forms = [one.arn for one in action.resources]
    # Root has keys, devices and a password as users have, and an ARN unlike theirs.
    if any(":iam::" in form and ":user/" in form for form in forms):
        forms.append(_ROOT)
    return any(_may_be(text, form) for form in forms)


def _may_be(text: str, arn: str) -> bool:
    """Whether a resource pattern and the form of an ARN have one ARN in common."""
    form = arn.replace(_BUCKET, _NO_SLASH) if ":s3:::" in arn else arn
    return all(map(overlap, _parts(text), _parts(form)))


@lru_cache(maxsize=4096)
def _parts(text: str) -> list[str]:
    parts = _BLANK.sub("*", text).split(":", PARTS - 1)
    parts += ["*"] * (PARTS - len(parts))
    return [*map(fold, parts[:-1]), parts[-1]]


def overlap(left: str, right: str) -> bool:
    """Whether some text matches both patterns."""
    if left == right or "*" in (left, right):
        return left != right or _NO_SLASH not in left
    seen: set[tuple[int, int]] = set()
    open_: list[tuple[int, int]] = [(0, 0)]
    while open_:
        state = open_.pop()
        if state == (len(left), len(right)):
            return True
        if state not in seen:
            seen.add(state)
            open_ += _next(left[state[0] :][:1], right[state[1] :][:1], *state)
    return False


def _next(mine: str, theirs: str, i: int, j: int) -> Iterator[tuple[int, int]]:
    """Where matching goes on after one character of either pattern, or both."""
    if _is_star(mine):
        yield i + 1, j
    if _is_star(theirs):
        yield i, j + 1
    if not mine or not theirs:
        return
    if _is_star(mine) and _takes(mine, theirs):
        yield i, j + 1
    elif _is_star(theirs) and _takes(theirs, mine):
        yield i + 1, j
    elif mine == theirs or "?" in (mine, theirs):
        yield i + 1, j + 1


def _is_star(mark: str) -> bool:
    return mark in ("*", _NO_SLASH)


def _takes(star: str, mark: str) -> bool:
    return star == "*" or mark != "/"


def account_ids(exam: Exam) -> Iterator[Finding]:
    """ARNs whose account is neither an id nor a wildcard, such as a blank."""
    for clause in exam.clauses:
        for pointer, text in clause.resources():
            parts = text.split(":", PARTS - 1)
            account = parts[_ACCOUNT_PART] if len(parts) == PARTS else ""
            if account not in _OWNERS and not _ACCOUNT.fullmatch(account):
                yield found(
                    "OST216",
                    pointer,
                    f"found the account `{account}`, expected twelve digits",
                    help=f"put the id of the account in place of `{account}`",
                )
