r"""The constraints of the service models: lengths, ranges, patterns, value sets.

The models write Java's regular expressions. Those with Unicode categories (`\p{L}`)
are one character class each, which `re` lacks; they are checked per character.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

_CLASS = re.compile(r"\[((?:\\p\{[A-Z]\})+)([^\]]*)\]([+*])", re.ASCII)
_CATEGORY = re.compile(r"\\p\{([A-Z])\}", re.ASCII)
_BACKSLASHED = re.compile(r"\\(.)", re.ASCII)


@cache
def matcher(pattern: str) -> Callable[[str], bool]:
    """Gives whether a whole text matches a model's pattern, as a function."""
    if r"\p{" in pattern:
        return _by_category(pattern)
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _by_category(pattern: str) -> Callable[[str], bool]:
    found = _CLASS.fullmatch(pattern)
    if found is None:
        raise ValueError(f"a pattern with categories that is not one class: {pattern}")
    categories = frozenset(_CATEGORY.findall(found[1]))
    extra = frozenset(_BACKSLASHED.sub(r"\1", found[2]))
    least = 1 if found[3] == "+" else 0

    def matches(text: str) -> bool:
        return len(text) >= least and all(
            character in extra or unicodedata.category(character)[0] in categories
            for character in text
        )

    return matches


def broken(shape: dict[str, Any], value: Any) -> list[str]:
    """Gives the constraints that a value breaks, in AWS's words.

    A value of None breaks every one that the shape has: that recites them.
    """
    said = []
    if "min" in shape or "max" in shape:
        said += _out_of_range(shape, value)
    if "pattern" in shape and (value is None or not matcher(shape["pattern"])(value)):
        told = shape["pattern"]
        said.append(f"Member must satisfy regular expression pattern: {told}")
    if "enum" in shape and (value is None or value not in shape["enum"]):
        told = ", ".join(shape["enum"])
        said.append(f"Member must satisfy enum value set: [{told}]")
    return said


def _out_of_range(shape: dict[str, Any], value: Any) -> list[str]:
    is_number = shape["type"] in {"integer", "long"}
    size = value if is_number or value is None else len(value)
    what = "value" if is_number else "length"
    said = []
    most, least = shape.get("max"), shape.get("min")
    if most is not None and (size is None or size > most):
        said.append(f"Member must have {what} less than or equal to {most}")
    if least is not None and (size is None or size < least):
        said.append(f"Member must have {what} greater than or equal to {least}")
    return said
