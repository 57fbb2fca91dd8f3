"""Which resources a `Resource` or `NotResource` element covers (facts 3.3).

The first five parts of an ARN compare without letter case and each for itself; the
last part compares exactly, and its wildcards cross `/` and `:`. An action without a
resource level is asked about `*`, which only `*` covers.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from ostiary.policy.arn import PARTS
from ostiary.policy.document import Kind, Statement
from ostiary.policy.pattern import (
    Matcher,
    Tokens,
    Values,
    Wild,
    expand,
    fold,
    is_static,
    joined,
    matcher,
    tokenize,
)

# A normal resource (`AuthorizationRequest.normal_resource`) and the context. None: a
# variable of a `NotResource` has no value, so it cannot be said what is left out.
ResourceTest: TypeAlias = Callable[[str, Values], bool | None]

_PADDED: Final = frozenset({Kind.IDENTITY, Kind.BOUNDARY, Kind.SESSION})


def bind_resources(
    statement: Statement, kind: Kind, *, variables: bool
) -> ResourceTest | None:
    """The test of the resource element; None when it covers everything."""
    texts = statement.resources
    if not texts or any(map(_is_everything, texts)):
        return _covers_nothing if statement.not_resource else None
    padded = kind in _PADDED
    covers = _any_of([_read(one, variables=variables, padded=padded) for one in texts])
    if statement.not_resource:
        return _all_but(covers)
    return _surely(covers) if variables and "${" in "".join(texts) else covers


def _is_everything(text: str) -> bool:
    return bool(text) and not text.strip("*")


def _covers_nothing(_resource: str, _values: Values) -> bool:
    return False


def _all_but(covers: ResourceTest) -> ResourceTest:
    def left_out(resource: str, values: Values) -> bool | None:
        answer = covers(resource, values)
        return None if answer is None else not answer

    return left_out


def _surely(covers: ResourceTest) -> ResourceTest:
    # A `Resource` whose variable has no value matches nothing (facts 3.5).
    return lambda resource, values: covers(resource, values) is True


# A pattern in one piece, when its first five parts are literal text; else its parts.
Pattern: TypeAlias = Tokens | list[Tokens]


def _read(text: str, *, variables: bool, padded: bool) -> Pattern:
    """The pattern that `text` is; a shorter ARN is filled up with stars.

    Where it is not filled up, a shorter ARN is no pattern: it matches nothing.
    """
    parts = text.split(":", PARTS - 1)
    if len(parts) < PARTS and not padded and not text.endswith("*"):
        return ()
    parts += ["*"] * (PARTS - len(parts))
    tail = tokenize(parts.pop(), variables=variables, wildcards=True)
    head = fold(":".join(parts))
    if "*" in head or "?" in head:
        heads = (tokenize(p, variables=False, wildcards=True) for p in head.split(":"))
        return [*heads, tail]
    return joined([head + ":", *tail])


def _any_of(patterns: Sequence[Pattern]) -> ResourceTest:
    literals: set[str] = set()
    starts: list[str] = []
    others: list[ResourceTest] = []
    for pattern in patterns:
        if isinstance(pattern, list):
            others.append(_by_parts(pattern))
            continue
        match pattern:
            case ():
                continue
            case (str() as text,):
                literals.add(text)
            case (str() as text, Wild.STAR):
                starts.append(text)
            case _:
                others.append(_static_or_late(pattern))
    return _test(frozenset(literals), tuple(starts), tuple(others))


def _test(
    literals: frozenset[str], starts: tuple[str, ...], others: tuple[ResourceTest, ...]
) -> ResourceTest:
    if others:
        return _with_others(literals, starts, others)
    if not literals:
        return lambda resource, _: resource.startswith(starts)
    if not starts:
        return lambda resource, _: resource in literals
    return lambda resource, _: resource in literals or resource.startswith(starts)


def _with_others(
    literals: frozenset[str], starts: tuple[str, ...], others: tuple[ResourceTest, ...]
) -> ResourceTest:
    def covers(resource: str, values: Values) -> bool | None:
        if resource in literals or resource.startswith(starts):
            return True
        answer: bool | None = False
        for other in others:
            found = other(resource, values)
            if found:
                return True
            if found is None:
                answer = None
        return answer

    return covers


def _static_or_late(tokens: Tokens) -> ResourceTest:
    if is_static(tokens):
        matches = matcher(tokens)
        return lambda resource, _: matches(resource)

    def covers(resource: str, values: Values) -> bool | None:
        expanded = expand(tokens, values)
        return None if expanded is None else matcher(expanded)(resource)

    return covers


def _by_parts(parts: list[Tokens]) -> ResourceTest:
    heads = list(map(matcher, parts[:-1]))
    tail = _static_or_late(parts[-1])

    def covers(resource: str, values: Values) -> bool | None:
        given = resource.split(":", PARTS - 1)
        if len(given) < PARTS or not all(map(_matches, heads, given)):
            return False
        return tail(given[-1], values)

    return covers


def _matches(test: Matcher, part: str) -> bool:
    return test(part)


# --- the index by resource ---------------------------------------------------------

# What ends a component of an ARN's last part.
_SEPARATOR: Final = re.compile(r"[:/]")


def resource_keys(resource: str) -> tuple[str, ...]:
    """Nothing, and a normal resource up to its first and to its second separator.

    `arn:aws:s3:::books/2026/x` has the empty key, `arn:aws:s3:::books` and
    `arn:aws:s3:::books/2026`.
    """
    first = _SEPARATOR.search(resource, _tail_of(resource))
    if first is None:
        return "", resource
    second = _SEPARATOR.search(resource, first.end())
    return "", resource[: first.start()], resource[: second.start() if second else None]


def _tail_of(text: str) -> int:
    """Where the last part of an ARN begins; the end of a text that is none."""
    parts = text.split(":", PARTS - 1)
    return len(text) - (len(parts[-1]) if len(parts) == PARTS else 0)


def index_keys(statement: Statement, *, variables: bool) -> list[str] | None:
    """Keys one of which every covered resource has; None when there are no such.

    A pattern is kept under the longest key that its literal beginning settles.
    """
    if statement.not_resource or not statement.resources:
        return None
    keys: list[str] = []
    for text in statement.resources:
        pattern = _read(text, variables=variables, padded=True)
        if isinstance(pattern, list) or not isinstance(pattern[0], str):
            return None
        start = pattern[0]
        ends = [one.start() for one in _SEPARATOR.finditer(start, _tail_of(start))]
        if len(pattern) == 1:
            keys.append(resource_keys(start)[-1])
        elif ends:
            keys.append(start[: ends[:2][-1]])
        else:
            return None
    return keys
