"""Whether one statement speaks about everything that another does.

The questions are put to the compiled statement: it is asked about the other one's own
patterns, with a character for each wildcard that no policy may hold and so nothing but
a wildcard matches. A `*` of the asked pattern stands for any number of characters, so
a `?`, which wants exactly one, makes the answer no. A yes is always right; a no may be
wrong.
"""

import re
from functools import lru_cache
from typing import Final

from ostiary.policy.arn import PARTS
from ostiary.policy.document import Condition, Kind, Statement
from ostiary.policy.lint_exam import Clause
from ostiary.policy.pattern import Matcher, fold, matcher, tokenize
from ostiary.policy.request import normal_resource

_FOREIGN: Final = "\x00"
_WILD: Final = re.compile(r"\$\{[^}]*\}|[*?]")
_PADDED: Final = frozenset({Kind.IDENTITY, Kind.BOUNDARY, Kind.SESSION})


def covers_scope(wide: Clause, narrow: Clause, kind: Kind) -> bool:
    """Whether `wide` speaks about all actions, resources and principals of `narrow`."""
    return (
        _covers_actions(wide, narrow.statement)
        and _covers_resources(wide, narrow.statement, kind)
        and _covers_principals(wide.statement, narrow.statement)
    )


def covers_conditions(wide: Clause, narrow: Clause) -> bool:
    """Whether each condition of `wide` is one of `narrow`, so that none is harder."""
    return _tests(wide.statement) <= _tests(narrow.statement)


def covers_text(wide: str, narrow: str) -> bool:
    """Whether the pattern `wide` matches all that `narrow` does; equal texts do."""
    if "*" in narrow and "?" in wide:
        return wide == narrow
    return _matcher(wide)(_instance(narrow))


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Matcher:
    return matcher(tokenize(pattern, variables=False, wildcards=True))


def _instance(pattern: str) -> str:
    return _WILD.sub(_FOREIGN, pattern)


def _tests(statement: Statement) -> set[tuple[str, str, frozenset[str]]]:
    def plain(one: Condition) -> tuple[str, str, frozenset[str]]:
        return one.operator, fold(one.key), frozenset(one.values)

    return set(map(plain, statement.conditions))


def _covers_actions(wide: Clause, narrow: Statement) -> bool:
    theirs, mine = narrow.actions, wide.statement.actions
    if wide.statement.not_action:
        if narrow.not_action:
            return {*map(fold, mine)} <= {*map(fold, theirs)}
        return not any(map(_has_wildcard, theirs)) and all(
            wide.compiled.action(fold(one)) for one in theirs
        )
    if narrow.not_action:
        return "*" in mine
    return all(any(covers_text(fold(a), fold(b)) for a in mine) for b in theirs)


def _covers_resources(wide: Clause, narrow: Statement, kind: Kind) -> bool:
    test, mine = wide.compiled.resource, wide.statement
    if test is None:
        return True
    if mine.not_resource != narrow.not_resource or mine.not_resource:
        return mine.not_resource == narrow.not_resource and set(mine.resources) <= set(
            narrow.resources
        )
    asks_for_one = any("?" in one for one in mine.resources)
    for text in narrow.resources:
        if text in mine.resources:
            continue
        if asks_for_one and "*" in text:
            return False
        if test(normal_resource(_instance(_padded(text, kind))), {}) is not True:
            return False
    return True


def _padded(text: str, kind: Kind) -> str:
    """A short ARN as `resources` reads it."""
    missing = PARTS - 1 - text.count(":")
    return text + ":*" * missing if kind in _PADDED and text != "*" else text


def _covers_principals(wide: Statement, narrow: Statement) -> bool:
    mine, theirs = wide.principal, narrow.principal
    if mine == theirs:
        return True
    if mine is None or theirs is None or mine.negated or theirs.negated:
        return False
    everybody = ("AWS", "*") in mine.members
    return everybody or set(theirs.members) <= set(mine.members)


def _has_wildcard(text: str) -> bool:
    return "*" in text or "?" in text
