"""Forms and query strings, read once and strictly (T44, T53).

A name may stand once, after decoding; bytes must be UTF-8; list indexes are plain
numbers without gaps. Whatever two readers could read differently is refused.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from ostiary.wire.faults import Fault

# The values of a nested form: text, or a list of them, or a mapping of them.
Node: TypeAlias = "str | list[Node] | dict[str, Node]"

MOST_FIELDS = 2000
MOST_ELEMENTS = 1000
_DEEPEST = 12
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})", re.ASCII)
_INDEX = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_NUMERIC = re.compile(r"[0-9]+", re.ASCII)
_LONGEST_ECHO = 128


def decode(text: str, *, plus: bool) -> str:
    """Gives a percent-encoded piece as text; `plus` says that `+` is a blank.

    Raises:
        ValueError: A broken escape, bytes that are not UTF-8, or a NUL.
    """
    if plus and "+" in text:
        text = text.replace("+", " ")
    if "%" not in text and text.isascii():
        decoded = text
    elif _BAD_ESCAPE.search(text):
        raise ValueError("a broken percent-escape")
    else:
        decoded = unquote_to_bytes(text.encode("latin-1")).decode("utf-8")
    if "\0" in decoded:
        raise ValueError("a NUL")
    return decoded


def read_pairs(text: str) -> dict[str, str]:
    """Gives names and values of a form or query string, in order.

    `text` has one character per byte.

    Raises:
        Fault: A repeated or empty name, too many fields, or undecodable bytes.
    """
    if not text:
        return {}
    if text.count("&") >= MOST_FIELDS:
        raise Fault("ValidationError", f"More than {MOST_FIELDS} parameters.")
    pairs: dict[str, str] = {}
    for part in text.split("&"):
        name, _, value = part.partition("=")
        try:
            name, value = decode(name, plus=True), decode(value, plus=True)
        except ValueError as error:
            raise Fault(
                "MalformedQueryString", "The query string contains a syntax error"
            ) from error
        if not name:
            raise Fault(
                "MalformedQueryString", "The query string contains a syntax error"
            )
        if name in pairs:
            raise Fault(
                "ValidationError", f"Parameter '{name[:_LONGEST_ECHO]}' is repeated."
            )
        pairs[name] = value
    return pairs


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Node]:
    """Gives dotted names as nested mappings, and numbered ones as lists.

    `Filter.1.Name=a` becomes `{"Filter": [{"Name": "a"}]}`.

    Raises:
        Fault: A name that is both a value and a group, a list with a gap, with more
            than a thousand elements or with an index like `01`.
    """
    root: dict[str, Node] = {}
    for name, value in pairs:
        *groups, leaf = name.split(".", _DEEPEST + 1)
        if len(groups) > _DEEPEST or not leaf or not all(groups):
            raise _refuse(name)
        at = root
        for group in groups:
            inner = at.setdefault(group, {})
            if not isinstance(inner, dict):
                raise _refuse(name)
            at = inner
        if leaf in at:
            raise _refuse(name)
        at[leaf] = value
    return {name: _listed(name, node) for name, node in root.items()}


def _listed(name: str, node: Node) -> Node:
    if not isinstance(node, dict):
        return node
    inner = {key: _listed(f"{name}.{key}", value) for key, value in node.items()}
    if not any(_NUMERIC.fullmatch(key) for key in inner):
        return inner
    if len(inner) > MOST_ELEMENTS or not all(map(_INDEX.fullmatch, inner)):
        raise _refuse(name)
    if any(str(n) not in inner for n in range(1, len(inner) + 1)):
        raise _refuse(name)
    return [inner[str(n)] for n in range(1, len(inner) + 1)]


def _refuse(name: str) -> Fault:
    return Fault(
        "ValidationError",
        f"The parameter name '{name[:_LONGEST_ECHO]}' does not fit with the others.",
    )


def read_form(pairs: Mapping[str, str], names: frozenset[str]) -> dict[str, Node]:
    """Gives the nested parameters of a form whose top-level names are known.

    Raises:
        Fault: An unknown name, or what `nest` refuses.
    """
    for name in pairs:
        top = name.partition(".")[0]
        if top not in names:
            raise unknown_parameter(name)
    return nest(pairs.items())


def unknown_parameter(name: str) -> Fault:
    """Gives the refusal of a parameter that the operation does not have."""
    return Fault("ValidationError", f"Unknown parameter: '{name[:_LONGEST_ECHO]}'.")
