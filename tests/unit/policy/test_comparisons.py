"""How one value compares with the values of a policy."""

import pytest

from ostiary.policy.comparisons import Answer, Bind, bind_arn, bind_bool, bind_text
from ostiary.policy.pattern import tokenize

TOPIC = "arn:aws:sns:us-east-1:111122223333:news"


def answer(bind: Bind, wanted: list[str], value: str, **context: str) -> Answer:
    """Whether any of the wanted texts matches."""
    templates = tuple(
        tokenize(one, variables=True, wildcards=bind is not bind_bool) for one in wanted
    )
    return bind(templates)(value, {f"a:{key}": one for key, one in context.items()})


@pytest.mark.parametrize(
    ("wanted", "value", "expected"),
    [
        (TOPIC, TOPIC, True),
        (TOPIC, f"{TOPIC}:5be8", False),
        (f"{TOPIC}:*", f"{TOPIC}:5be8:x", True),
        ("arn:aws:sns:*:*:news", f"{TOPIC}:5be8", False),
        ("arn:aws:sns:*:*:*", f"{TOPIC}:5be8:x", True),
        ("*", f"{TOPIC}:5be8:x", True),
        ("*", "arn:aws:sns", False),
        ("arn:aws:sns*:news", TOPIC, None),
        (TOPIC, "urn" + TOPIC[3:], False),
    ],
)
def test_arns_part_at_the_first_five_colons(
    wanted: str, value: str, expected: Answer
) -> None:
    """Facts 4.5: later colons belong to the last part; a short pattern is a typo."""
    assert answer(bind_arn, [wanted], value) is expected


def test_a_typo_among_arns_hides_no_match() -> None:
    """Facts 4.5: undecided only where no other value matches."""
    assert answer(bind_arn, ["arn:aws:sns", TOPIC], TOPIC) is True
    assert answer(bind_arn, ["arn:aws:sns", TOPIC], f"{TOPIC}x") is None


def test_variables_in_arns_and_texts() -> None:
    """Facts 3.5: a variable without value matches nothing, others still count."""
    late = "arn:aws:sns:us-east-1:111122223333:${a:topic}"
    assert answer(bind_arn, [late], TOPIC, topic="news") is True
    assert answer(bind_arn, [late], TOPIC) is False
    assert answer(bind_arn, [late, TOPIC], TOPIC) is True
    assert answer(bind_text, ["${a:topic}", "old"], "old") is True
    assert answer(bind_text, ["${a:none}", "${a:topic}"], "new", topic="new") is True


def test_words_that_are_not_known_beforehand() -> None:
    """Facts 4.5: `Bool` knows two words in any case, and variables when they are there."""
    for value, expected in (("TRUE", True), ("False", False), ("yes", None)):
        assert answer(bind_bool, ["true"], value) is expected
        assert answer(bind_bool, ["${a:flag}"], value, flag="True") is expected
    assert answer(bind_bool, ["${a:flag}"], "true") is False
    assert answer(bind_bool, ["${a:flag}"], "true", flag="perhaps") is None
