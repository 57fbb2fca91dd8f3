"""The matcher against one that shares nothing with it."""

import re
from contextlib import suppress
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.policy.pattern import matcher, tokenize
from tests.property.policy import haste

laws = haste.laws(300)
patterns = st.text("ab*?", max_size=9)
texts = st.text("ab", max_size=12)


def slow(pattern: str, text: str) -> bool:
    """Matching as its definition says, by trying everything."""

    @cache
    def at(i: int, j: int) -> bool:
        if i == len(pattern):
            return j == len(text)
        if pattern[i] == "*":
            return at(i + 1, j) or (j < len(text) and at(i, j + 1))
        return j < len(text) and pattern[i] in ("?", text[j]) and at(i + 1, j + 1)

    return at(0, 0)


def fast(pattern: str, text: str) -> bool:
    """Matching as the engine does it."""
    return matcher(tokenize(pattern, variables=False, wildcards=True))(text)


@pytest.mark.threat("T83", "T84", "T85")
@laws
@given(patterns, texts)
def test_the_matcher_equals_the_definition(pattern: str, text: str) -> None:
    """Facts 3.3: `?` is one character, `*` any number, the whole text must match."""
    assert fast(pattern, text) is slow(pattern, text)


@pytest.mark.threat("T84")
@laws
@given(st.text(max_size=12), st.text(max_size=12))
def test_only_stars_and_question_marks_are_special(pattern: str, text: str) -> None:
    """Threats T83: brackets, dots and backslashes are themselves."""
    translated = "".join(
        {"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern
    )
    expected = re.fullmatch(translated, text, re.DOTALL) is not None
    assert fast(pattern, text) is expected


@laws
@given(st.text("ab*?", min_size=1, max_size=9))
def test_a_pattern_matches_a_text_made_from_it(pattern: str) -> None:
    """Filling the holes of a pattern gives a text that it matches."""
    assert fast(pattern, pattern.replace("*", "ab").replace("?", "b"))


@pytest.mark.threat("T82")
@laws
@given(st.text(max_size=20))
def test_any_text_tokenizes_or_says_why_not(text: str) -> None:
    """A pattern is read or refused with a reason; it never fails otherwise."""
    plain = (text,) if text else ()
    assert tokenize(text, variables=False, wildcards=False) == plain
    with suppress(ValueError):
        tokens = tokenize(text, variables=True, wildcards=True)
        assert "".join(map(str, tokens)) or not text
