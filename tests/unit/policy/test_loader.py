"""Strict JSON."""

import json

import pytest

from ostiary.policy import PolicyError, parse
from ostiary.policy.loader import DEPTH, LoadError, Number, dump, load
from tests.unit.policy.asking import statement, text


@pytest.mark.threat("T77")
@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ('{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}', ""),
        (
            (
                '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Effect":"Allow",'
                '"Action":"*","Resource":"*"}]}'
            ),
            "/Statement/0",
        ),
        (
            (
                '{"Version":"2012-10-17","Statement":{"Effect":"Deny",'
                '"\\u0045ffect":"Allow","Action":"*","Resource":"*"}}'
            ),
            "/Statement",
        ),
        (
            (
                '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*",'
                '"Resource":"*","Condition":{"Bool":{"a/b:c":"true","a/b:c":"false"}}}}'
            ),
            "/Statement/Condition/Bool",
        ),
    ],
)
def test_duplicate_keys(document: str, pointer: str) -> None:
    """Threats T77: a repeated key, also behind an escape, is refused at its place."""
    with pytest.raises(PolicyError) as caught:
        parse(document)
    assert caught.value.pointer == pointer
    assert "twice" in caught.value.message
    assert caught.value.aws_message == "Syntax errors in policy."


@pytest.mark.threat("T77")
def test_keys_in_another_case_are_unknown_elements() -> None:
    """Threats T77: `effect` beside `Effect` is an unknown element."""
    with pytest.raises(PolicyError, match="found the element `effect`"):
        parse(text(statement(effect="Deny")))


@pytest.mark.threat("T78")
@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "\ufeff{}",
        "{} {}",
        '{"a":1,}',
        '{"a":1}//',
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":' + "1" * 5000 + "}",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"Version":"\\ud800"}',
        '{"Version":"\u4e00"}',
        '{"Id":"\\u4e00"}',
        '{"Id":"\\u0000"}',
        '{"\\u4e00":1}',
        '{"Id":"\x7f\x1f"}',
        '"' + '\\"' * 50_000,
    ],
    ids=range(21),
)
def test_oddities_are_refused(document: str) -> None:
    """Threats T78: never a crash, always `Syntax errors in policy.`."""
    with pytest.raises(PolicyError) as caught:
        parse(document)
    assert caught.value.aws_message == "Syntax errors in policy."


@pytest.mark.threat("T78")
def test_limits_at_the_limit_and_one_over() -> None:
    """Threats section 4: depth 20 and 20 digits are taken, 21 are not."""
    deep = "[" * DEPTH + "]" * DEPTH
    assert load(deep) is not None
    with pytest.raises(LoadError, match="deeper than 20"):
        load(f"[{deep}]")
    assert load("1" * 20) == Number("1" * 20)
    with pytest.raises(LoadError, match="more than 20 digits"):
        load("1" * 21)


def test_brackets_in_text_do_not_count() -> None:
    """Depth is counted outside of strings."""
    assert load(json.dumps({"a": '\\"[' * 50})) == {"a": '\\"[' * 50}


def test_numbers_stay_as_written() -> None:
    """What was written is what is kept: 1.10 is not 1.1."""
    assert load("[1.10, -0, 1e5]") == [Number("1.10"), Number("-0"), Number("1e5")]
    assert dump(load('{"a":[1.10,true,null,"x"]}')) == '{"a":[1.10,true,null,"x"]}'


@pytest.mark.threat("T78")
@pytest.mark.parametrize("value", [True, 3600, 36.5, "true", ["a", 1, False]])
def test_condition_values_of_json_types(value: object) -> None:
    """Facts 3.1: numbers and booleans need no quotes."""
    condition = {"StringEquals": {"a:b": value}}
    document = parse(text(statement(Condition=condition)))
    wanted = value if isinstance(value, list) else [value]
    texts = tuple(one if isinstance(one, str) else json.dumps(one) for one in wanted)
    assert document.statements[0].conditions[0].values == texts


@pytest.mark.threat("T78")
@pytest.mark.parametrize("value", [None, {}, [[]], [None]])
def test_condition_values_of_other_types(value: object) -> None:
    """Facts 3.1: null, objects and nested lists are not condition values."""
    with pytest.raises(PolicyError, match="condition value"):
        parse(text(statement(Condition={"StringEquals": {"a:b": value}})))


def test_pointers_escape() -> None:
    """RFC 6901: a slash in a key is `~1`, a tilde `~0`."""
    condition = {"DateLessThan": {"aws:x/y~z": ["2026", "soon"]}}
    with pytest.raises(PolicyError) as caught:
        parse(text(statement(Condition=condition)))
    assert caught.value.pointer == "/Statement/0/Condition/DateLessThan/aws:x~1y~0z/1"
    assert str(caught.value).startswith("/Statement/0/Condition")


@pytest.mark.threat("T78")
def test_depth_is_that_of_brackets_outside_strings() -> None:
    """Threats T78: as deep as allowed, however many; brackets in a text do not count."""
    inside = ["[{" * DEPTH]
    assert load(json.dumps(inside)) == inside
    deep: object = []
    for _ in range(DEPTH - 2):
        deep = [deep]
    wide = [deep, [], {}]
    assert load(json.dumps(wide)) == wide
    with pytest.raises(LoadError, match=f"found nesting deeper than {DEPTH}"):
        load(json.dumps([wide]))
