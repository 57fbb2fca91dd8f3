"""Wildcards and policy variables: `*`, `?`, `${key}`, `${key, 'default'}`.

Matching never backtracks. A pattern is cut at its stars; the first piece must
begin the text, the last must end it, and each piece between is found from left to
right, at its earliest place. The earliest place is always right, because a star
gives way to anything. So the work is linear in pattern and text (T83).

Substituted text is literal: a `*` that comes from a tag value is an asterisk, and a
`${` in it is not looked at again (T82).
"""

import enum
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Values: TypeAlias = Mapping[str, "str | tuple[str, ...]"]

UNKNOWN: Final = ("unknown",)
"""The value of a key that is there, but whose value nobody here can tell.

Compared by identity. A condition on it is undecided: it neither allows nor silences a
Deny (facts 4.5: fail closed).
"""


class Wild(enum.Enum):
    """The two wildcards."""

    STAR = "*"
    ANY = "?"


@dataclass(frozen=True, slots=True)
class Variable:
    """A policy variable: a folded context key, and the default text if one stands."""

    key: str
    default: str | None


Token: TypeAlias = str | Wild | Variable
Tokens: TypeAlias = tuple[Token, ...]
Matcher: TypeAlias = Callable[[str], bool]

_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_LITERALS = frozenset("*?$")
_WILD = {wild.value: wild for wild in Wild}
# What is special, by (variables, wildcards).
_SPECIAL = {
    (True, True): re.compile(r"\$\{|[*?]"),
    (True, False): re.compile(r"\$\{"),
    (False, True): re.compile(r"[*?]"),
    (False, False): re.compile(r"(?!)"),
}


def fold(text: str) -> str:
    """`text` in lower case, ASCII letters only: a Kelvin sign is not a `k`."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


# --- reading -----------------------------------------------------------------------


def tokenize(text: str, *, variables: bool, wildcards: bool) -> Tokens:
    """The parts of a pattern, adjacent literal text joined.

    Args:
        text: the pattern as the policy says it
        variables: whether `${` begins a variable (Version 2012-10-17)
        wildcards: whether `*` and `?` are wildcards

    Raises:
        ValueError: a `${` that is not a variable.
    """
    special = _SPECIAL[variables, wildcards]
    tokens: list[Token] = []
    at = 0
    while found := special.search(text, at):
        if found.start() > at:
            tokens.append(text[at : found.start()])
        at = found.end()
        if found.group() == "${":
            token, at = _read_variable(text, at)
            tokens.append(token)
        else:
            tokens.append(_WILD[found.group()])
    if at < len(text):
        tokens.append(text[at:])
    return tuple(tokens) if len(tokens) < 2 else joined(tokens)  # noqa: PLR2004 - one has no neighbour


def _read_variable(text: str, at: int) -> tuple[Token, int]:
    """The token whose `${` ended at `at`, and the place after its brace."""
    if text[at : at + 1] in _LITERALS and text[at + 1 : at + 2] == "}":
        return text[at], at + 2
    end = at
    while end < len(text) and text[end] not in ",}":
        end += 1
    key = text[at:end].strip()
    if not key or "$" in key or "{" in key or end == len(text):
        raise ValueError("found `${` that no variable follows")
    if text[end] == "}":
        return Variable(fold(key), None), end + 1
    return _read_default(text, end + 1, fold(key))


def _read_default(text: str, at: int, key: str) -> tuple[Token, int]:
    opened = _skip_blanks(text, at)
    closed = text.find("'", opened + 1)
    if text[opened : opened + 1] != "'" or closed < 0:
        raise ValueError("found a variable whose default is not in single quotes")
    after = _skip_blanks(text, closed + 1)
    if text[after : after + 1] != "}":
        raise ValueError("found a variable that is not closed after its default")
    return Variable(key, text[opened + 1 : closed]), after + 1


def _skip_blanks(text: str, at: int) -> int:
    while text[at : at + 1] == " ":
        at += 1
    return at


def joined(tokens: Sequence[Token]) -> Tokens:
    """The same tokens, neighbouring literals made one, neighbouring stars too."""
    result: list[Token] = []
    for token in tokens:
        last = result[-1] if result else None
        if isinstance(token, str) and isinstance(last, str):
            result[-1] = last + token
        elif not (token is Wild.STAR and last is Wild.STAR) and token != "":
            result.append(token)
    return tuple(result)


def is_static(tokens: Tokens) -> bool:
    """True when no token waits for the context of a request."""
    return not any(isinstance(token, Variable) for token in tokens)


def expand(tokens: Tokens, values: Values) -> Tokens | None:
    """The tokens with every variable replaced by its text, or None.

    None means that a variable has no value: its key is absent, or multivalued, and no
    default stands (facts 3.5).
    """
    result: list[Token] = []
    for token in tokens:
        if isinstance(token, Variable):
            value = values.get(token.key, token.default)
            if not isinstance(value, str):
                return None
            result.append(value)
        else:
            result.append(token)
    return joined(result)


# --- matching ----------------------------------------------------------------------


def matcher(tokens: Tokens) -> Matcher:
    """The cheapest test that says whether a whole text matches static `tokens`."""
    if all(isinstance(token, str) for token in tokens):
        return "".join(map(str, tokens)).__eq__
    match tokens:
        case (Wild.STAR,):
            return _anything
        case (str() as start, Wild.STAR):
            return _starts_with(start)
        case (Wild.STAR, str() as end):
            return _ends_with(end)
        case (Wild.STAR, str() as middle, Wild.STAR):
            return _contains(middle)
        case _:
            return _pieces_in_order(tokens)


def is_scan(text: str) -> bool:
    """True when matching a pattern may read a whole text, not only as much as it has.

    A star before the end, or a variable, whose text is not known yet.
    """
    return text.find("*", 0, -1) >= 0 or "${" in text


def _anything(_text: str) -> bool:
    return True


def _starts_with(start: str) -> Matcher:
    return lambda text: text.startswith(start)


def _ends_with(end: str) -> Matcher:
    return lambda text: text.endswith(end)


def _contains(middle: str) -> Matcher:
    return lambda text: middle in text


class _Piece:
    """What stands between two stars: literal runs and single-character holes."""

    __slots__ = ("accept", "length", "masks", "open_mask", "runs", "whole")

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.runs: list[tuple[int, str]] = []
        self.masks: dict[str, int] = {}
        self.open_mask = 0
        length = 0
        for token in tokens:
            if isinstance(token, str):
                self.runs.append((length, token))
                length += len(token)
            else:
                self.open_mask |= 1 << length
                length += 1
        self.length = length
        self.accept = (1 << length) >> 1
        whole = not self.open_mask
        self.whole = self.runs[0][1] if whole and self.runs else ""

    def fits(self, text: str, at: int) -> bool:
        """True when the piece matches `text` exactly at `at`."""
        return all(text.startswith(run, at + offset) for offset, run in self.runs)

    def find(self, text: str, start: int, end: int) -> int:
        """The earliest place in `text[start:end]` where the piece matches, or -1."""
        if not self.open_mask:
            return text.find(self.whole, start, end)
        if end - start < self.length:
            return -1
        return self._shift_and(text, start, end)

    def _shift_and(self, text: str, start: int, end: int) -> int:
        # Bit i of `state` says: the last i + 1 characters match the first i + 1 of the
        # piece. One step per character, whatever the holes are.
        if not self.masks:
            self.masks = self._letter_masks()
        state, accept, masks, other = 0, self.accept, self.masks, self.open_mask
        for at in range(start, end):
            state = ((state << 1) | 1) & masks.get(text[at], other)
            if state & accept:
                return at - self.length + 1
        return -1

    def _letter_masks(self) -> dict[str, int]:
        # The empty key is never a letter; it keeps an all-holes piece from being built
        # again at each search.
        masks = {"": self.open_mask}
        for offset, run in self.runs:
            for place, letter in enumerate(run, offset):
                masks[letter] = masks.get(letter, self.open_mask) | 1 << place
        return masks


def _pieces_in_order(tokens: Tokens) -> Matcher:
    pieces = _cut_at_stars(tokens)
    shortest = sum(piece.length for piece in pieces)
    if len(pieces) == 1:
        only = pieces[0]
        return lambda text: len(text) == shortest and only.fits(text, 0)
    first, middle, last = pieces[0], pieces[1:-1], pieces[-1]

    def matches(text: str) -> bool:
        end = len(text) - last.length
        if len(text) < shortest or not first.fits(text, 0) or not last.fits(text, end):
            return False
        at = first.length
        for piece in middle:
            at = piece.find(text, at, end)
            if at < 0:
                return False
            at += piece.length
        return True

    return matches


def _cut_at_stars(tokens: Tokens) -> list[_Piece]:
    pieces: list[_Piece] = []
    current: list[Token] = []
    for token in tokens:
        if token is Wild.STAR:
            pieces.append(_Piece(current))
            current = []
        else:
            current.append(token)
    pieces.append(_Piece(current))
    return pieces


def split_tokens(tokens: Tokens, count: int) -> list[Tokens]:
    """The tokens cut at the first `count - 1` colons of their literal text."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if not isinstance(token, str):
            parts[-1].append(token)
            continue
        first, *rest = token.split(":", count - len(parts))
        parts[-1].append(first)
        parts.extend([piece] for piece in rest)
    return [joined(part) for part in parts]
