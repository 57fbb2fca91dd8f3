"""Which resources a `Resource` or `NotResource` element covers (facts 3.3).

The first five parts of an ARN compare without letter case and each for itself; the
last part compares exactly, and its wildcards cross `/` and `:`. An action without a
resource level is asked about `*`, which only `*` covers.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from ostiary.policy.arn import PARTS
from ostiary.policy.document import Kind, Statement
from ostiary.policy.pattern import (
    Matcher,
    Token,
    Tokens,
    Values,
    Wild,
    expand,
    fold,
    is_static,
    joined,
    matcher,
    split_tokens,
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
    patterns = [
        tokenize(one, variables=variables, wildcards=True)
        for one in statement.resources
    ]
    if (Wild.STAR,) in patterns or not patterns:
        return _covers_nothing if statement.not_resource else None
    covers = _any_of([_parts(one, kind) for one in patterns])
    if statement.not_resource:
        return _all_but(covers)
    return covers if all(map(is_static, patterns)) else _surely(covers)


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


def _parts(tokens: Tokens, kind: Kind) -> list[Tokens]:
    """The six parts of a pattern; a shorter one is filled up with stars."""
    parts = split_tokens(tokens, PARTS)
    if kind in _PADDED or tokens[-1:] == (Wild.STAR,):
        parts += [(Wild.STAR,)] * (PARTS - len(parts))
    return parts


def _any_of(patterns: Sequence[list[Tokens]]) -> ResourceTest:
    literals: set[str] = set()
    starts: list[str] = []
    others: list[ResourceTest] = []
    for parts in patterns:
        whole = _whole(parts)
        match whole:
            case ():
                continue
            case (str() as text,):
                literals.add(text)
            case (str() as text, Wild.STAR):
                starts.append(text)
            case None:
                others.append(_by_parts(parts))
            case _:
                others.append(_static_or_late(whole))
    return _test(frozenset(literals), tuple(starts), tuple(others))


def _test(
    literals: frozenset[str], starts: tuple[str, ...], others: tuple[ResourceTest, ...]
) -> ResourceTest:
    if not others:
        return lambda resource, _: resource in literals or resource.startswith(starts)

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


def _whole(parts: list[Tokens]) -> Tokens | None:
    """The pattern in one piece, if its first five parts are literal text.

    A pattern with too few parts has no pieces: it matches nothing.
    """
    if len(parts) < PARTS:
        return ()
    head: list[str] = []
    for part in parts[:-1]:
        if not all(isinstance(token, str) for token in part):
            return None
        head.append("".join(map(str, part)))
    return joined([fold(":".join(head)) + ":", *parts[-1]])


def _static_or_late(tokens: Tokens) -> ResourceTest:
    if is_static(tokens):
        matches = matcher(tokens)
        return lambda resource, _: matches(resource)

    def covers(resource: str, values: Values) -> bool | None:
        expanded = expand(tokens, values)
        return None if expanded is None else matcher(expanded)(resource)

    return covers


def _by_parts(parts: list[Tokens]) -> ResourceTest:
    heads = [matcher(_folded(part)) for part in parts[:-1]]
    tail = _static_or_late(parts[-1])

    def covers(resource: str, values: Values) -> bool | None:
        given = resource.split(":", PARTS - 1)
        if len(given) < PARTS or not all(map(_matches, heads, given)):
            return False
        return tail(given[-1], values)

    return covers


def _matches(test: Matcher, part: str) -> bool:
    return test(part)


def _folded(tokens: Tokens) -> Tokens:
    def one(token: Token) -> Token:
        return fold(token) if isinstance(token, str) else token

    return tuple(map(one, tokens))
