"""Patterns: work, variables, splitting."""

import re
import time
from itertools import product

import pytest

from ostiary.policy.pattern import (
    Variable,
    Wild,
    expand,
    fold,
    is_scan,
    joined,
    matcher,
    split_tokens,
    tokenize,
)

SIZE = 2_048
# The limit is 1 ms on an idle machine; these tests share theirs.
MOST_SECONDS = 0.004


def best_time(pattern: str, text: str, *, expected: bool) -> float:
    """The best of some runs, in seconds of this process."""
    matches = matcher(tokenize(pattern, variables=False, wildcards=True))
    times = []
    for _ in range(7):
        started = time.process_time()
        assert matches(text) is expected
        times.append(time.process_time() - started)
    return min(times)


@pytest.mark.threat("T83")
@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*a" * 60 + "*b", "a" * SIZE, False),
        ("*a" * 60 + "*", "a" * SIZE, True),
        (("*" + "a" * 30) * 60 + "*b", "a" * SIZE, False),
        ("*" + "a?" * (SIZE // 2 - 2) + "b*", "a" * SIZE, False),
        ("*" + "?a" * 500 + "*" + "a?" * 500 + "b*", "a" * SIZE, False),
        ("*" + "a" * (SIZE // 2) + "b*", "a" * SIZE, False),
        ("?" * SIZE, "a" * SIZE, True),
        ("*" + "ab?" * 600 + "*c", "ab" * (SIZE // 2), False),
    ],
)
def test_matching_is_linear(pattern: str, text: str, expected: bool) -> None:
    """Threats T83: 2 KiB against 2 KiB costs at most a millisecond or so."""
    assert best_time(pattern, text, expected=expected) < MOST_SECONDS


@pytest.mark.threat("T82")
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", ()),
        ("abc", ("abc",)),
        ("a**b?", ("a", Wild.STAR, "b", Wild.ANY)),
        ("${aws:UserName}", (Variable("aws:username", None),)),
        ("x${ aws:a , 'b c' }y", ("x", Variable("aws:a", "b c"), "y")),
        ("${a:b,''}", (Variable("a:b", ""),)),
        ("${a:b, 'x}y,z'}", (Variable("a:b", "x}y,z"),)),
        ("a${*}${?}${$}b", ("a*?$b",)),
        ("$a{b}", ("$a{b}",)),
        ("a${*}", ("a*",)),
        ("${?}b", ("?b",)),
        ("**", (Wild.STAR,)),
        ("${aws:PrincipalTag/X}", (Variable("aws:principaltag/x", None),)),
        (
            "${a:b,'x'}/${c:d,'y'}",
            (Variable("a:b", "x"), "/", Variable("c:d", "y")),
        ),
    ],
)
def test_tokens(text: str, tokens: tuple[object, ...]) -> None:
    """Facts 3.3, 3.5: wildcards, variables, defaults in single quotes, literals."""
    assert tokenize(text, variables=True, wildcards=True) == tokens


@pytest.mark.parametrize(
    "text",
    [
        "${",
        "${}",
        "${a:b",
        "${a:b, c}",
        "${a:b, 'c}",
        "${a:b, 'c' d}",
        "${${a:b}}",
        "${ }",
        "${a$b}",
        "${a{b}",
        "${a:b, c'd'}",
        "${a:b, c'}",
    ],
)
def test_half_variables_are_refused(text: str) -> None:
    """Threats T82: a `${` that is no variable would match nothing; it is an error."""
    with pytest.raises(ValueError, match=r"^found "):
        tokenize(text, variables=True, wildcards=True)


def test_switches() -> None:
    """Facts 3.5, 4.2: without wildcards or variables their marks are text."""
    assert tokenize("a*${b}", variables=False, wildcards=False) == ("a*${b}",)
    assert tokenize("a*${b}", variables=False, wildcards=True) == (
        "a",
        Wild.STAR,
        "${b}",
    )


@pytest.mark.threat("T82")
def test_expansion_is_literal_and_single() -> None:
    """Threats T82: substituted text is neither a wildcard nor expanded again."""
    tokens = tokenize("${a:b}/*", variables=True, wildcards=True)
    assert expand(tokens, {"a:b": "*"}) == ("*/", Wild.STAR)
    assert expand(tokens, {"a:b": "${a:b}"}) == ("${a:b}/", Wild.STAR)
    assert expand(tokens, {}) is None
    assert expand(tokens, {"a:b": ("x",)}) is None


def test_fold_is_ascii_only() -> None:
    """Threats section 7: a Kelvin sign is not a k, and lengths never change."""
    assert fold("ABC") == "abc"
    assert fold("\u212aAİ") == "\u212aaİ"


def test_splitting_at_colons() -> None:
    """Facts 4.5: the first five colons of literal text part an ARN."""
    tokens = tokenize("arn:*:b:${c:d}:e:f:g", variables=True, wildcards=True)
    parts = split_tokens(tokens, 6)
    assert parts == [
        ("arn",),
        (Wild.STAR,),
        ("b",),
        (Variable("c:d", None),),
        ("e",),
        ("f:g",),
    ]
    assert split_tokens((), 6) == [()]


def test_joining() -> None:
    """Neighbouring literals become one, neighbouring stars too, empty text goes."""
    assert joined(["a", "", "b", Wild.STAR, Wild.STAR]) == ("ab", Wild.STAR)


@pytest.mark.parametrize(
    ("text", "scans"),
    [("ab*", False), ("a*b", True), ("*b", True), ("*", False), ("${a}", True)],
)
def test_scans(text: str, scans: bool) -> None:
    """A trailing star never makes the matcher read on; others may."""
    assert is_scan(text) is scans


def test_a_piece_longer_than_what_is_left() -> None:
    """A piece with holes is not sought where it cannot fit."""
    assert not matcher(tokenize("*b*c?d*", variables=False, wildcards=True))("xxxxbcd")


def test_every_small_pattern_means_what_it_says() -> None:
    """Facts 3.3: `*` is any text, `?` one character; no short pattern is an exception."""
    meaning = {"*": "[ab]*", "?": "[ab]"}
    texts = ["".join(one) for size in range(6) for one in product("ab", repeat=size)]
    for size in range(7):
        for letters in product("ab*?", repeat=size):
            pattern = "".join(letters)
            fits = re.compile(
                "".join(meaning.get(one, one) for one in letters)
            ).fullmatch
            matches = matcher(tokenize(pattern, variables=False, wildcards=True))
            wrong = [one for one in texts if matches(one) is (fits(one) is None)]
            assert wrong == [], pattern
