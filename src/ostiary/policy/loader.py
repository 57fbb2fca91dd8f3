"""JSON read strictly: what two readers could read differently is refused.

Duplicate keys at any depth (compared after unescaping), NaN and Infinity, numbers of
more than 20 digits and nesting deeper than 20 are all errors (T77, T78). Numbers stay
the text that was written.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NoReturn, TypeAlias

DEPTH: Final = 20
DIGITS: Final = 20

# A bracket and all that stands before it: whole strings, so that brackets inside them
# do not count. The end of the text closes an open string: the parser will refuse it,
# and the scan stays linear.
_BRACKET: Final = re.compile(
    r'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z))*+([\[\]{}])', re.DOTALL
)
_DEEPER: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


class LoadError(ValueError):
    """Text that is not JSON as we take it.

    Attributes:
        pointer: JSON Pointer to the value at fault, empty for the whole text
        message: in our register
        help: what to do, or empty
    """

    def __init__(self, message: str, *, pointer: str = "", help: str = "") -> None:  # noqa: A002 - the attribute's own name
        super().__init__(message)
        self.pointer = pointer
        self.message = message
        self.help = help


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number, as written."""

    text: str


class _Repeated(dict[str, object]):
    """An object that repeats a key; it remembers which."""

    key: str


def load(text: str, *, depth: int = DEPTH) -> object:
    """The value that `text` is: dict, list, str, `Number`, bool or None.

    Raises:
        LoadError: `text` is not JSON, nests deeper than `depth`, or could be read in
            two ways.
    """
    _check_depth(text, depth)
    try:
        value: object = _PLAIN.decode(text)
    except ValueError:
        # Read it again, slower, so as to say what is wrong and where.
        return _load_or_explain(text)
    return value


def _load_or_explain(text: str) -> object:
    try:
        value: object = _TOLERANT.decode(text)
    except json.JSONDecodeError as error:
        message = f"found no JSON at line {error.lineno}, column {error.colno}"
        raise LoadError(message, help=f"the reader says: {error.msg}") from error
    for pointer, node in walk(value):
        if isinstance(node, _Repeated):
            raise LoadError(
                f"found the key `{node.key}` twice in one object",
                pointer=pointer,
                help="keep one of them; a reader that takes the last would differ from "
                "a reader that takes the first",
            )
    return value


def _object(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) == len(members):
        return found
    twice = _Repeated(found)
    times = Counter(name for name, _ in members)
    twice.key = next(name for name, _ in members if times[name] > 1)
    return twice


def _object_or_refuse(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a key is there twice")
    return found


def dump(value: object) -> str:
    """The JSON text of a loaded value, its numbers as they were written."""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Mapping):
        members = (f"{json.dumps(str(k))}:{dump(v)}" for k, v in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value)


def _check_depth(text: str, most: int) -> None:
    # So few can only be as deep as they are many.
    if text.count("[") + text.count("{") <= most:
        return
    steps = map(_DEEPER.__getitem__, _BRACKET.findall(text))
    if max(accumulate(steps), default=0) > most:
        raise LoadError(f"found nesting deeper than {most}")


def _number(text: str) -> Number:
    if sum(map(str.isdigit, text)) > DIGITS:
        raise LoadError(f"found a number of more than {DIGITS} digits")
    return Number(text)


def _refuse_constant(text: str) -> NoReturn:
    raise LoadError(f"found `{text}`, which is not JSON")


_Object: TypeAlias = Callable[[list[tuple[str, object]]], dict[str, object]]


def _reader(make_object: _Object) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=make_object,
        parse_int=_number,
        parse_float=_number,
        parse_constant=_refuse_constant,
    )


_PLAIN: Final = _reader(_object_or_refuse)
_TOLERANT: Final = _reader(_object)


def walk(value: object, pointer: str = "") -> Iterator[tuple[str, object]]:
    """Every node with its JSON Pointer, from the outside in."""
    yield pointer, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, step(pointer, str(key)))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from walk(inner, step(pointer, str(place)))


def step(pointer: str, name: str) -> str:
    """The JSON Pointer one step further in (RFC 6901)."""
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
