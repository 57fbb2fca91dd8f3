"""Condition operators bound by hand, on values that no case can say."""

import pytest

from ostiary.policy.document import Condition
from ostiary.policy.operators import (
    OPERATORS,
    bind_condition,
    check_value,
    find_operator,
    get_operator,
)
from ostiary.policy.pattern import UNKNOWN, Values

KEY = "aws:PrincipalTag/team"


def answer(operator: str, *wanted: str, **how: object) -> bool | None:
    """What a condition on one key says of a context that has it, or of none."""
    condition = Condition(operator=operator, key=KEY, values=wanted)
    values: Values = {KEY.lower(): how["value"]} if "value" in how else {}  # type: ignore[dict-item] # what a context holds
    return bind_condition(condition, variables=True)(values)


@pytest.mark.threat("T80", "T87")
@pytest.mark.parametrize("if_exists", ["", "IfExists"])
@pytest.mark.parametrize("prefix", ["", "ForAllValues:", "ForAnyValue:"])
@pytest.mark.parametrize("name", sorted(set(OPERATORS) - {"Null"}))
def test_a_value_that_nobody_can_tell_decides_nothing(
    name: str, prefix: str, if_exists: str
) -> None:
    """Facts 4.5: fail closed; a key whose value is unknown is there, and undecided."""
    wanted = {"Bool": "true", "IpAddress": "::/0", "NotIpAddress": "::/0"}.get(
        name, "1"
    )
    condition = Condition(
        operator=f"{prefix}{name}{if_exists}", key=KEY, values=(wanted,)
    )
    test = bind_condition(condition, variables=True)
    assert test({KEY.lower(): UNKNOWN}) is None


@pytest.mark.threat("T87")
def test_null_asks_whether_a_key_is_there() -> None:
    """Facts 4.3: `true` means absent, `false` present; of an unknown one nobody knows."""
    for wanted, absent in (("true", True), ("false", False)):
        assert answer("Null", wanted) is absent
        assert answer("Null", wanted, value="x") is not absent
        assert answer("Null", wanted, value=("x", "y")) is not absent
        assert answer("Null", wanted, value=UNKNOWN) is None
    assert answer("Null", "true", "false") is True
    assert answer("Null", "true", "false", value="x") is True


def test_several_values_without_a_set_operator() -> None:
    """Facts 4.4: a multivalued key never matches there: decided, and false."""
    assert answer("StringEquals", "a", value=("a",)) is False
    assert answer("StringNotEquals", "b", value=("a",)) is False
    assert answer("StringEqualsIfExists", "a", value=("a",)) is False


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("ForAllValues:NumericEquals", ("1", "1"), True),
        ("ForAllValues:NumericEquals", ("1", "2"), False),
        ("ForAllValues:NumericEquals", ("1", "x"), None),
        ("ForAllValues:NumericEquals", ("2", "x"), False),
        ("ForAnyValue:NumericEquals", ("2", "3"), False),
        ("ForAnyValue:NumericEquals", ("2", "1"), True),
        ("ForAnyValue:NumericEquals", ("2", "x"), None),
        ("ForAnyValue:NumericEquals", ("1", "x"), True),
        ("ForAllValues:NumericNotEquals", ("2", "x"), None),
        ("ForAnyValue:NumericNotEquals", ("1", "x"), None),
        ("ForAnyValue:NumericNotEquals", ("1", "1"), False),
    ],
)
def test_sets_with_values_that_cannot_be_read(
    operator: str, values: tuple[str, ...], expected: bool | None
) -> None:
    """Facts 4.4, 4.5: undecided only where the unreadable value could still decide."""
    assert answer(operator, "1", value=values) is expected


def test_spellings() -> None:
    """Facts 4.2: exact in case; `Null` takes neither prefix nor `IfExists`."""
    spelling = get_operator("ForAnyValue:StringLikeIfExists")
    assert (spelling.prefix, spelling.row.name) == ("ForAnyValue:", "StringLike")
    assert spelling.if_exists
    for text in ("stringlike", "NullIfExists", "ForAllValues:Null", "StringLike ", ""):
        assert find_operator(text) is None
        with pytest.raises(ValueError, match="is not a condition operator"):
            get_operator(text)


@pytest.mark.parametrize(
    ("operator", "value", "variables", "taken"),
    [
        ("NumericEquals", "abc", True, False),
        ("NumericEquals", "${a:b}", True, False),
        ("Bool", "${a:b}", True, True),
        ("Bool", "${a:b}", False, False),
        ("StringEquals", "${a:b", True, False),
        ("StringEquals", "${a:b", False, True),
        ("IpAddress", "10.0.0.0/8", True, True),
        ("IpAddress", "10.0.0.0/33", True, False),
        ("Null", "maybe", True, False),
        ("ArnLike", "arn:*", True, True),
    ],
)
def test_values_that_may_be_written(
    operator: str, value: str, variables: bool, taken: bool
) -> None:
    """Facts 3.5, 3.7: a value that could never compare is refused when it is written."""
    row = OPERATORS[operator]
    if taken:
        check_value(row, value, variables=variables)
    else:
        with pytest.raises(ValueError, match=r"."):
            check_value(row, value, variables=variables)
