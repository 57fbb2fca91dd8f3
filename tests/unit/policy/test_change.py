"""The smallest change of context that opens the door: which values are tried."""

from typing import Any

import pytest

from ostiary.policy import PolicySet
from ostiary.policy.change import find_change
from tests.unit.policy.asking import asks, policy, statement

PRESENT = "aws:MultiFactorAuthPresent"
AGE = "aws:MultiFactorAuthAge"
KEY = "test:Key"


def change(
    context: dict[str, str], *conditions: dict[str, Any], denied: bool = False
) -> dict[str, str | None] | None:
    """What would open a door of these conditions; `denied`: each shuts one that is open."""
    effect = "Deny" if denied else "Allow"
    trees = [statement(effect, Condition=one) for one in conditions]
    open_door = [statement()] if denied else []
    found = find_change(
        asks(context=context), PolicySet(identity=(policy(*open_door, *trees),))
    )
    return None if found is None else dict(found.settings)


@pytest.mark.parametrize(
    ("operator", "wanted", "context", "expected"),
    [
        ("NumericLessThan", "10", "20", "9"),
        ("NumericLessThan", "1", "5", "0"),
        ("NumericLessThanEquals", "10", "20", "10"),
        ("NumericGreaterThan", "10", "5", "11"),
        ("NumericEquals", "1.5", "2", "1.5"),
        ("DateLessThan", "1764000000", "1764000050", "1763999999"),
        ("DateGreaterThan", "1764000000", "1763000000", "1764000001"),
        ("IpAddress", "10.0.0.0/8", "192.0.2.1", "10.0.0.0"),
        ("IpAddress", "10.0.0.1", "192.0.2.1", "10.0.0.1"),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", "203.0.113.1"),
        ("NotIpAddress", "0.0.0.0/0", "10.1.2.3", "2001:db8::1"),
        ("StringLike", "a*b?c", "x", "abxc"),
        ("StringNotEquals", "red", "red", "something-else"),
        ("Bool", "true", "false", "true"),
        ("Bool", "false", "true", "false"),
        ("Null", "false", None, "something-else"),
        ("Null", "true", "x", None),
    ],
)
def test_a_value_near_what_is_wanted(
    operator: str, wanted: str, context: str | None, expected: str | None
) -> None:
    """Facts 4.2: the value itself, one less, one more, an address outside, or none."""
    given = {} if context is None else {KEY: context}
    assert change(given, {operator: {KEY: wanted}}) == {KEY: expected}


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [
        ("Bool", "false", "true"),
        ("Bool", "true", "false"),
        ("StringEquals", "5", "something-else"),
        ("NumericLessThan", "10", "10"),
        ("IpAddress", "10.0.0.0/8", "203.0.113.1"),
    ],
)
def test_a_value_that_a_deny_does_not_mean(
    operator: str, wanted: str, expected: str
) -> None:
    """Facts 6.1: what is denied opens by the nearest value that the Deny is silent on."""
    context = {KEY: {"10": "5", "10.0.0.0/8": "10.0.0.1"}.get(wanted, wanted)}
    found = change(context, {operator: {KEY: wanted}}, denied=True)
    assert found == {KEY: expected}


@pytest.mark.rule("M54")
def test_mfa_comes_first() -> None:
    """Facts 2: where MFA is asked for, using it is the change, and not another value."""
    assert change({}, {"Null": {PRESENT: "false"}}) == {PRESENT: "true"}
    assert change({}, {"Null": {AGE: "false"}}) == {AGE: "something-else"}
    both = {"Null": {AGE: "false"}, "Bool": {PRESENT: "true"}}
    assert change({}, both) == {PRESENT: "true", AGE: "0"}
    window = {"NumericLessThan": {AGE: "3600"}, "StringEquals": {PRESENT: "true"}}
    assert change({}, window) == {PRESENT: "true", AGE: "0"}


def test_a_change_may_have_three_keys() -> None:
    """product.md: the fewest keys that open the door, and at most three."""
    keys = {f"test:{name}": name for name in "abcd"}
    three = {"StringEquals": dict(list(keys.items())[:3])}
    assert change({}, three) == dict(list(keys.items())[:3])
    assert change({}, {"StringEquals": keys}) is None


def test_the_search_is_bounded() -> None:
    """Threats T91: many conditions mean fewer tries, and what lies beyond is not told."""
    wanted = {f"test:k{number}": "v" for number in range(60)}
    context = dict(list(wanted.items())[:-1])
    assert change(context, {"StringEquals": wanted}) == {"test:k59": "v"}
    hundred = {f"test:k{number}": "v" for number in range(100)}
    absent = {"StringEquals": hundred, "Null": {"test:last": "true"}}
    assert change({**hundred, "test:last": "x"}, absent) is None
    few = {"StringEquals": {"test:k0": "v"}, "Null": {"test:last": "true"}}
    assert change({"test:k0": "v", "test:last": "x"}, few) == {"test:last": None}
