"""Laws of condition operators on absent keys, and of reading any text at all."""

import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.policy import PolicyError, parse
from ostiary.policy.document import Condition
from ostiary.policy.face import decide_line
from ostiary.policy.operators import OPERATORS, bind_condition
from ostiary.policy.values import check_date, read_date
from tests.property.policy import haste

laws = haste.laws(200)
WANTED = {
    "Numeric": "3600",
    "Date": "2026-11-24",
    "Bool": "true",
    "Binary": "QQ==",
    "Ip": "10.0.0.0/8",
    "NotIp": "10.0.0.0/8",
}
names = st.sampled_from(sorted(set(OPERATORS) - {"Null"}))


def answer(operator: str, name: str) -> bool | None:
    """What a test says when its key is absent."""
    wanted = next((v for k, v in WANTED.items() if name.startswith(k)), "text")
    condition = Condition(operator=operator, key="a:b", values=(wanted,))
    return bind_condition(condition, variables=True)({"other:key": "1"})


@laws
@given(names)
def test_absent_key_fails_positive_operators(name: str) -> None:
    """Facts 4.3: a positive operator is false without its key."""
    if not OPERATORS[name].negated:
        assert answer(name, name) is False


@laws
@given(names)
def test_absent_key_passes_negated_operators_and_if_exists(name: str) -> None:
    """Facts 4.3: negated operators, and all with IfExists, are true without the key."""
    if OPERATORS[name].negated:
        assert answer(name, name) is True
    assert answer(f"{name}IfExists", name) is True


@pytest.mark.threat("T81")
@laws
@given(names)
def test_absent_key_in_sets(name: str) -> None:
    """Facts 4.3: ForAllValues is true, ForAnyValue false, without the key."""
    assert answer(f"ForAllValues:{name}", name) is True
    assert answer(f"ForAnyValue:{name}", name) is False
    assert answer(f"ForAnyValue:{name}IfExists", name) is True


@pytest.mark.threat("T87")
@laws
@given(st.datetimes(), st.integers(-23, 23))
def test_dates_that_can_be_compared_pass_the_write_gate(moment, hours) -> None:  # noqa: ANN001 - the strategies say the types
    """Facts 4.5: whatever `read_date` reads, `check_date` lets in."""
    text = f"{moment.isoformat(timespec='milliseconds')}{hours:+03}:00"
    check_date(text)
    # Whole milliseconds, since floats lose some at the ends of the calendar.
    since_epoch = (moment - datetime(1970, 1, 1)) // timedelta(milliseconds=1)
    assert read_date(text) // 10**6 == since_epoch - hours * 3_600_000


@pytest.mark.threat("T78")
@laws
@given(st.text(max_size=60) | st.text('{}[]":,\\u0 tnE', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Threats T78: garbage is a PolicyError or a line with an error, never a crash."""
    with pytest.raises(PolicyError):
        parse(text)
    assert "error" in json.loads(decide_line(text))


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("Version", "Statement", "Effect", "Action", "Condition", "x")
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.threat("T78", "T80")
@laws
@given(trees)
def test_any_tree_is_read_or_refused(tree: object) -> None:
    """Threats T78: JSON of any shape is refused with a pointer into it."""
    try:
        parse(json.dumps(tree))
    except PolicyError as fault:
        node = tree
        for step in fault.pointer.split("/")[1:]:
            node = node[int(step)] if isinstance(node, list) else node[step]  # type: ignore[index] # the law is that this works
