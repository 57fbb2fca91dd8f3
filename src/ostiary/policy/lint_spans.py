"""Where in a JSON text each value stands, by JSON Pointer."""

import json
import re
from dataclasses import dataclass
from typing import Final

from ostiary.policy.loader import step

_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},:]|[^\s\[\]{},:"]+')


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of characters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value stands and, in an object, the name before it."""

    name: Span | None
    value: Span
    is_scalar: bool


def places(text: str) -> dict[str, Place]:
    """The places of a JSON text that `loader.load` has taken."""
    reader = _Reader(text)
    reader.read("", None)
    return reader.places


class _Reader:
    """Walks the tokens of a good JSON text once."""

    def __init__(self, text: str) -> None:
        self.places: dict[str, Place] = {}
        self._tokens = list(_TOKEN.finditer(text))
        self._at = 0

    def read(self, pointer: str, name: Span | None) -> None:
        """Note the value that begins here, and those inside it."""
        first = self._take()
        mark = first.group()
        if mark == "{":
            self._members(pointer)
        elif mark == "[":
            self._items(pointer)
        last = self._tokens[self._at - 1]
        self.places[pointer] = Place(
            name=name,
            value=Span(first.start(), last.end()),
            is_scalar=mark not in ("{", "["),
        )

    def _members(self, pointer: str) -> None:
        while (token := self._take()).group() != "}":
            if token.group() == ",":
                continue
            name: str = json.loads(token.group())
            self._take()
            self.read(step(pointer, name), Span(token.start(), token.end()))

    def _items(self, pointer: str) -> None:
        place = 0
        while (token := self._take()).group() != "]":
            if token.group() == ",":
                continue
            self._at -= 1
            self.read(step(pointer, str(place)), None)
            place += 1

    def _take(self) -> re.Match[str]:
        self._at += 1
        return self._tokens[self._at - 1]
