"""How one request value compares with the policy values of a test.

A `bind_*` function takes the policy values, already cut into tokens, and makes the
comparison: does any of them match? The answer is True, False, or None: *undecided*,
because a value could not be read.
"""

import operator
from collections.abc import Callable
from typing import TypeAlias, TypeVar

from ostiary.policy.arn import PARTS
from ostiary.policy.pattern import (
    Matcher,
    Tokens,
    Values,
    Wild,
    expand,
    fold,
    is_static,
    matcher,
    split_tokens,
)
from ostiary.policy.values import read_bool

Wanted = TypeVar("Wanted")
Actual = TypeVar("Actual")
Answer: TypeAlias = bool | None
Compare: TypeAlias = Callable[[str, Values], Answer]
Bind: TypeAlias = Callable[[tuple[Tokens, ...]], Compare]


def literal(tokens: Tokens) -> str:
    """The text of tokens that hold neither wildcard nor variable."""
    return "".join(map(str, tokens))


# --- text --------------------------------------------------------------------------


def bind_text(templates: tuple[Tokens, ...]) -> Compare:
    """Exact text; wildcards match where the operator made tokens of them."""
    static = [one for one in templates if is_static(one)]
    dynamic = [one for one in templates if not is_static(one)]
    literals = frozenset(literal(one) for one in static if _has_no_wildcard(one))
    matchers = [matcher(one) for one in static if not _has_no_wildcard(one)]
    if not matchers and not dynamic:
        return lambda value, _: value in literals

    def compare(value: str, values: Values) -> bool:
        if value in literals:
            return True
        for matches in matchers:
            if matches(value):
                return True
        for tokens in dynamic:
            expanded = expand(tokens, values)
            if expanded is not None and matcher(expanded)(value):
                return True
        return False

    return compare


def _has_no_wildcard(tokens: Tokens) -> bool:
    return all(isinstance(token, str) for token in tokens)


def bind_caseless(templates: tuple[Tokens, ...]) -> Compare:
    """Exact text but for the case of ASCII letters."""
    literals = frozenset(fold(literal(one)) for one in templates if is_static(one))
    dynamic = [one for one in templates if not is_static(one)]

    def compare(value: str, values: Values) -> bool:
        folded = fold(value)
        if folded in literals:
            return True
        for tokens in dynamic:
            expanded = expand(tokens, values)
            if expanded is not None and fold(literal(expanded)) == folded:
                return True
        return False

    return compare


# --- typed values ------------------------------------------------------------------


def bind_typed(
    read_wanted: Callable[[str], Wanted],
    read_actual: Callable[[str], Actual],
    holds: Callable[[Actual, Wanted], bool],
) -> Bind:
    """Comparisons of values that must be read before they compare."""

    def bind(templates: tuple[Tokens, ...]) -> Compare:
        static = [literal(one) for one in templates if is_static(one)]
        dynamic = [one for one in templates if not is_static(one)]
        ready, spoiled = _read_each(read_wanted, static)

        def compare(value: str, values: Values) -> Answer:
            try:
                actual = read_actual(value)
            except ValueError:
                return None
            late, spoiled_late = _read_each(read_wanted, _expand_each(dynamic, values))
            for one in (*ready, *late) if late else ready:
                if holds(actual, one):
                    return True
            return None if spoiled or spoiled_late else False

        return compare

    return bind


def _expand_each(templates: list[Tokens], values: Values) -> list[str]:
    """The texts of the templates whose variables all have a value."""
    expanded = (expand(one, values) for one in templates)
    return [literal(one) for one in expanded if one is not None]


def _read_each(
    read: Callable[[str], Wanted], texts: list[str]
) -> tuple[list[Wanted], bool]:
    """What could be read, and whether something could not: that decides nothing."""
    ready: list[Wanted] = []
    for text in texts:
        try:
            ready.append(read(text))
        except ValueError:
            continue
    return ready, len(ready) < len(texts)


def bind_bool(templates: tuple[Tokens, ...]) -> Compare:
    """`true` and `false`, in any letter case."""
    slow = bind_typed(read_bool, read_bool, operator.eq)(templates)
    if not all(map(is_static, templates)):
        return slow
    # The MFA test of nearly every protected statement: one look-up.
    nothing: Values = {}
    known = {word: slow(word, nothing) for word in ("true", "false")}

    def compare(value: str, values: Values) -> Answer:
        return known[value] if value in known else slow(value, values)

    return compare


def lies_in(address: tuple[int, int], network: tuple[int, int, int]) -> bool:
    """True when the address is in the network; versions of IP never mix."""
    version, number = address
    wanted, drop, kept = network
    return version == wanted and number >> drop == kept


# --- ARNs --------------------------------------------------------------------------


def bind_arn(templates: tuple[Tokens, ...]) -> Compare:
    """ARNs part by part: a wildcard of one part does not reach into the next."""
    static = [_arn_matchers(one) for one in templates if is_static(one)]
    dynamic = [one for one in templates if not is_static(one)]

    def compare(value: str, values: Values) -> Answer:
        parts = value.split(":", PARTS - 1)
        if len(parts) < PARTS or parts[0] != "arn":
            return False
        late = (expand(tokens, values) for tokens in dynamic)
        wanted = [*static, *(_arn_matchers(one) for one in late if one is not None)]
        for matchers in wanted:
            if matchers and all(map(_matches, matchers, parts)):
                return True
        # A policy value with fewer than six parts is a typo; it decides nothing.
        return None if None in wanted else False

    return compare


def _matches(test: Matcher, part: str) -> bool:
    return test(part)


def _arn_matchers(tokens: Tokens) -> list[Matcher] | None:
    """A matcher for each of the six parts, or None when there are fewer."""
    parts = split_tokens(tokens, PARTS)
    if parts == [(Wild.STAR,)]:
        parts *= PARTS
    return [matcher(part) for part in parts] if len(parts) == PARTS else None
