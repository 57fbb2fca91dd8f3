"""The condition operators, as one table.

An operator is a row of `OPERATORS`: how it reads its policy values, how one request
value compares with all of them, and whether it is negated. `IfExists` and the two
set prefixes are not operators; they wrap any row, in `bind_condition`.

A comparison answers True, False, or None: *undecided*, because a value could not be
read. Undecided is contagious as in Kleene's logic, and `decide` lets it neither allow
nor silence a Deny (T80, T87).
"""

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from ostiary.policy.comparisons import (
    Answer,
    Bind,
    Compare,
    bind_arn,
    bind_bool,
    bind_caseless,
    bind_text,
    bind_typed,
    lies_in,
    literal,
)
from ostiary.policy.document import Condition
from ostiary.policy.pattern import UNKNOWN, Tokens, Values, fold, is_static, tokenize
from ostiary.policy.values import (
    check_date,
    read_address,
    read_bool,
    read_bytes,
    read_date,
    read_network,
    read_number,
)

Test: TypeAlias = Callable[[Values], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A row of the table.

    Attributes:
        name: as a policy writes it
        negated: whether the test holds if *no* policy value matches
        wildcards: whether `*` and `?` are wildcards in its policy values
        variables: whether `${key}` may stand in its policy values
        check: raises `ValueError` for a policy value that must not be written
        bind: makes the comparison from the policy values
    """

    name: str
    negated: bool
    wildcards: bool
    variables: bool
    check: Callable[[str], object]
    bind: Bind


def _check_nothing(_value: str) -> None:
    """Any text may be written."""


# --- the table ---------------------------------------------------------------------


def _text(name: str, bind: Bind, *, wildcards: bool) -> Operator:
    return Operator(
        name=name,
        negated="Not" in name,
        wildcards=wildcards,
        variables=True,
        check=_check_nothing,
        bind=bind,
    )


def _typed(name: str, check: Callable[[str], object], bind: Bind) -> Operator:
    return Operator(
        name=name,
        negated="Not" in name,
        wildcards=False,
        variables=name == "Bool",
        check=check,
        bind=bind,
    )


def _number(name: str, holds: Callable[[int, int], bool]) -> Operator:
    return _typed(name, read_number, bind_typed(read_number, read_number, holds))


def _date(name: str, holds: Callable[[int, int], bool]) -> Operator:
    return _typed(name, check_date, bind_typed(read_date, read_date, holds))


_bind_bytes = bind_typed(read_bytes, read_bytes, operator.eq)
_bind_address = bind_typed(read_network, read_address, lies_in)

_ROWS: Final = (
    _text("StringEquals", bind_text, wildcards=False),
    _text("StringNotEquals", bind_text, wildcards=False),
    _text("StringEqualsIgnoreCase", bind_caseless, wildcards=False),
    _text("StringNotEqualsIgnoreCase", bind_caseless, wildcards=False),
    _text("StringLike", bind_text, wildcards=True),
    _text("StringNotLike", bind_text, wildcards=True),
    _text("ArnEquals", bind_arn, wildcards=True),
    _text("ArnNotEquals", bind_arn, wildcards=True),
    _text("ArnLike", bind_arn, wildcards=True),
    _text("ArnNotLike", bind_arn, wildcards=True),
    _number("NumericEquals", operator.eq),
    _number("NumericNotEquals", operator.eq),
    _number("NumericLessThan", operator.lt),
    _number("NumericLessThanEquals", operator.le),
    _number("NumericGreaterThan", operator.gt),
    _number("NumericGreaterThanEquals", operator.ge),
    _date("DateEquals", operator.eq),
    _date("DateNotEquals", operator.eq),
    _date("DateLessThan", operator.lt),
    _date("DateLessThanEquals", operator.le),
    _date("DateGreaterThan", operator.gt),
    _date("DateGreaterThanEquals", operator.ge),
    _typed("Bool", read_bool, bind_bool),
    _typed("BinaryEquals", read_bytes, _bind_bytes),
    _typed("IpAddress", read_network, _bind_address),
    _typed("NotIpAddress", read_network, _bind_address),
    # Asks for the key, not for its value; `bind_condition` answers it.
    _typed("Null", read_bool, bind_bool),
)
OPERATORS: Final = {row.name: row for row in _ROWS}

_ALL: Final = "ForAllValues:"
_ANY: Final = "ForAnyValue:"
_IF_EXISTS: Final = "IfExists"


class Spelling(NamedTuple):
    """An operator as a policy spells it: set prefix, row, `IfExists` or not."""

    prefix: str
    row: Operator
    if_exists: bool


def _spellings() -> Iterator[tuple[str, Spelling]]:
    for row in _ROWS:
        if row.name == "Null":
            yield row.name, Spelling("", row, if_exists=False)
            continue
        for prefix in ("", _ALL, _ANY):
            yield prefix + row.name, Spelling(prefix, row, if_exists=False)
            yield prefix + row.name + _IF_EXISTS, Spelling(prefix, row, if_exists=True)


_SPELLINGS: Final = dict(_spellings())


def find_operator(text: str) -> Spelling | None:
    """The row and wrappings that `text` names, exact in case, or None."""
    return _SPELLINGS.get(text)


def get_operator(text: str) -> Spelling:
    """The row and wrappings that `text` names.

    Raises:
        ValueError: no operator is written like that.
    """
    found = find_operator(text)
    if found is None:
        raise ValueError(f"`{text}` is not a condition operator")
    return found


def check_value(row: Operator, value: str, *, variables: bool) -> None:
    """Raise `ValueError` when `value` must not be written under this operator."""
    tokens = _tokens(row, value, variables=variables)
    if is_static(tokens):
        row.check(literal(tokens) if not row.wildcards else value)


def _tokens(row: Operator, value: str, *, variables: bool) -> Tokens:
    return tokenize(
        value, variables=variables and row.variables, wildcards=row.wildcards
    )


# --- binding -----------------------------------------------------------------------


def bind_condition(condition: Condition, *, variables: bool) -> Test:
    """The test that a condition is, over the folded context of a request."""
    spelling = get_operator(condition.operator)
    key = fold(condition.key)
    if spelling.row.name == "Null":
        return _null_test(key, frozenset(map(read_bool, condition.values)))
    compare: Compare = _never
    if condition.values:
        compare = spelling.row.bind(
            tuple(
                _tokens(spelling.row, one, variables=variables)
                for one in condition.values
            )
        )
    if spelling.row.negated:
        compare = _negation(compare)
    if spelling.prefix:
        return _set_test(key, spelling, compare)
    absent = spelling.if_exists or spelling.row.negated
    test = _plain_test(key, compare, absent=absent)
    words = _LIKELY_WORDS.get(spelling.row.name)
    if words is None or any("$" in one for one in condition.values):
        return test
    return _quick_test(key, (*words, *condition.values[:_FEW]), test)


# Operators of which some answers are worth knowing beforehand, and to what.
_LIKELY_WORDS: Final = {
    "Bool": ("true", "false"),
    "StringEquals": (),
    "StringNotEquals": (),
}
_FEW: Final = 8


def _quick_test(key: str, words: Iterable[str], test: Test) -> Test:
    """The same test, its answers to absence and to these words known beforehand."""
    known: dict[object, Answer] = {word: test({key: word}) for word in words}
    known[None] = test({})

    def quick(values: Values) -> Answer:
        value = values.get(key)
        return known[value] if value in known else test(values)

    return quick


def _never(_value: str, _values: Values) -> Answer:
    # Where nothing is wanted, nothing is compared: even what no one can read is not it.
    return False


def _negation(compare: Compare) -> Compare:
    def negated(value: str, values: Values) -> Answer:
        answer = compare(value, values)
        return None if answer is None else not answer

    return negated


def _null_test(key: str, wanted: frozenset[bool]) -> Test:
    def test(values: Values) -> Answer:
        if values.get(key) is UNKNOWN:
            return None
        return (key not in values) in wanted

    return test


def _plain_test(key: str, compare: Compare, *, absent: bool) -> Test:
    def test(values: Values) -> Answer:
        value = values.get(key)
        if value is None:
            return absent
        if isinstance(value, str):
            return compare(value, values)
        # A multivalued key without a set operator never matches (facts 4.4).
        return None if value is UNKNOWN else False

    return test


# An empty text is an empty set, bare or as its only value (facts 4.4).
_EMPTY: Final = ("", ("",))


def _set_test(key: str, spelling: Spelling, compare: Compare) -> Test:
    every = spelling.prefix == _ALL
    absent = every or spelling.if_exists

    def test(values: Values) -> Answer:
        value = values.get(key)
        if value is None:
            return absent
        if value is UNKNOWN:
            return None
        if value in _EMPTY:
            return every
        items = (value,) if isinstance(value, str) else value
        answers = [compare(item, values) for item in items]
        return _all(answers) if every else _any(answers)

    return test


def _all(answers: Sequence[Answer]) -> Answer:
    return False if False in answers else None if None in answers else True


def _any(answers: Sequence[Answer]) -> Answer:
    return True if True in answers else None if None in answers else False
