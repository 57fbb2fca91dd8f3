"""Condition operators bound by hand, on values that no case can say."""

import pytest

from ostiary.policy.document import Condition
from ostiary.policy.operators import (
    OPERATORS,
    Spelling,
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


# Facts 4.2 and 3.5: each operator; whether it is negated, has wildcards, variables.
TABLE = {
    "StringEquals": (False, False, True),
    "StringNotEquals": (True, False, True),
    "StringEqualsIgnoreCase": (False, False, True),
    "StringNotEqualsIgnoreCase": (True, False, True),
    "StringLike": (False, True, True),
    "StringNotLike": (True, True, True),
    "NumericEquals": (False, False, False),
    "NumericNotEquals": (True, False, False),
    "NumericLessThan": (False, False, False),
    "NumericLessThanEquals": (False, False, False),
    "NumericGreaterThan": (False, False, False),
    "NumericGreaterThanEquals": (False, False, False),
    "DateEquals": (False, False, False),
    "DateNotEquals": (True, False, False),
    "DateLessThan": (False, False, False),
    "DateLessThanEquals": (False, False, False),
    "DateGreaterThan": (False, False, False),
    "DateGreaterThanEquals": (False, False, False),
    "Bool": (False, False, True),
    "BinaryEquals": (False, False, False),
    "IpAddress": (False, False, False),
    "NotIpAddress": (True, False, False),
    "ArnEquals": (False, True, True),
    "ArnNotEquals": (True, True, True),
    "ArnLike": (False, True, True),
    "ArnNotLike": (True, True, True),
    "Null": (False, False, False),
}
PREFIXES = ("", "ForAllValues:", "ForAnyValue:")


def test_the_table_is_that_of_the_facts() -> None:
    """Facts 4.2, 3.5: these operators and no others, each with what it may hold."""
    assert {
        name: (row.negated, row.wildcards, row.variables)
        for name, row in OPERATORS.items()
    } == TABLE
    assert all(row.name == name for name, row in OPERATORS.items())


@pytest.mark.parametrize("name", TABLE)
def test_every_spelling(name: str) -> None:
    """Facts 4.2: each takes both prefixes and `IfExists`; `Null` takes neither."""
    for prefix in PREFIXES:
        for if_exists in (False, True):
            text = f"{prefix}{name}{'IfExists' if if_exists else ''}"
            if name == "Null" and text != "Null":
                assert find_operator(text) is None
                continue
            meant = Spelling(prefix, OPERATORS[name], if_exists=if_exists)
            assert find_operator(text) == meant
            assert get_operator(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "stringlike",
        "STRINGLIKE",
        "StringLike ",
        "NullIfExists",
        "ForAllValues:Null",
        "ForAnyValue::StringEqualsIfExists",
        "forAnyValue:StringEquals",
        "ForAllValues:ForAnyValue:StringEquals",
        "StringEqualsIfExistsIfExists",
        "ForAllValues:",
        "IfExists",
        "",
    ],
)
def test_other_spellings_are_no_operators(text: str) -> None:
    """Facts 4.2: exact in case; one prefix and one `IfExists` at most."""
    assert find_operator(text) is None
    with pytest.raises(ValueError, match="operator") as caught:
        get_operator(text)
    assert str(caught.value) == f"`{text}` is not a condition operator"


def test_a_wildcard_is_none_where_the_table_has_none() -> None:
    """Facts 4.2: no wildcards in typed values; in texts only where `Like` says so."""
    for name, (_, wildcards, _) in TABLE.items():
        is_text = name.startswith(("String", "Arn"))
        if is_text:
            check_value(OPERATORS[name], "arn:aws:s3:::*", variables=True)
        else:
            with pytest.raises(ValueError, match=r"\*"):
                check_value(OPERATORS[name], "*", variables=True)
        if wildcards or not is_text:
            continue
        assert answer(name, "a*", value="ab") is ("Not" in name)


def test_an_escaped_letter_is_told_as_it_compares() -> None:
    """Facts 3.3, 3.7: `${*}` under `Bool` is an asterisk, which is no boolean."""
    with pytest.raises(ValueError, match="neither") as caught:
        check_value(OPERATORS["Bool"], "${*}", variables=True)
    assert str(caught.value) == "`*` is neither `true` nor `false`"


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
