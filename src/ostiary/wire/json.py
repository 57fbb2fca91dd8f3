"""JSON bodies, read once and strictly.

The standard reader takes the last of two equal keys, NaN, and nesting without end;
a service behind the door may read them otherwise (threats section 7).
"""

import json
import re
from typing import Any

_MOST_DIGITS = 20
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]", re.ASCII)


class StrictJSONError(Exception):
    """A body that is not one object, or that two readers could read differently."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise StrictJSONError("a repeated key")
    return made


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _MOST_DIGITS:
        raise StrictJSONError("a number with too many digits")
    return int(text)


def _float(text: str) -> float:
    if sum(map(str.isdigit, text)) > _MOST_DIGITS:
        raise StrictJSONError("a number with too many digits")
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise StrictJSONError("a number that is too large")
    return value


def _constant(text: str) -> float:
    raise StrictJSONError(f"`{text}` is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)


def load_object(body: bytes, depth: int = 20) -> dict[str, Any]:
    """Gives a JSON object from UTF-8, nested at most `depth` levels.

    Raises:
        StrictJSONError: As the class says.
    """
    try:
        loaded = _DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise StrictJSONError("not JSON in UTF-8") from error
    if not isinstance(loaded, dict):
        raise StrictJSONError("not an object")
    if _HALF_PAIR.search(body) and not _is_sayable(loaded):
        raise StrictJSONError("half a surrogate pair")
    # Only a body with that many brackets can be that deep.
    if body.count(b"{") + body.count(b"[") > depth and _is_deeper(loaded, depth):
        raise StrictJSONError("nested too deeply")
    return loaded


def _is_sayable(loaded: dict[str, Any]) -> bool:
    try:
        json.dumps(loaded, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_deeper(value: Any, depth: int) -> bool:
    level: list[Any] = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
