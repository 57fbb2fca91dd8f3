"""Policy documents in a file: plain objects, their text, or that text URL-encoded.

The CLI decodes documents to objects; the API itself gives percent-encoded text. A text
is kept as it is. An object is written again so that it means the same: members in
their order, numbers as they were spelled (T94).
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote

from ostiary.policy import Kind, PolicyError, parse
from ostiary.policy.loader import LoadError, Number, load


def text_of(value: object) -> str | None:
    """The document's text; None when the value can be none."""
    if isinstance(value, Mapping):
        return written(value)
    if not isinstance(value, str):
        return None
    # Percent-encoding leaves no brace, so what begins with one was not encoded.
    return value if value.lstrip().startswith("{") else unquote(value)


def written(value: object) -> str:
    """A loaded JSON value as compact JSON, its numbers as they were written."""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Mapping):
        members = (f"{_string(str(k))}:{written(v)}" for k, v in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(written, value)) + "]"
    return _string(value)


def _string(value: object) -> str:
    # Not escaped: quotas count characters, and an escape is six of them.
    return json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=4096)
def fault_in(text: str, kind: Kind) -> PolicyError | None:
    """What is wrong with a document, if anything; most stand in a file many times."""
    try:
        parse(text, kind=kind)
    except PolicyError as error:
        return error
    return None


def is_same(one: str, other: str) -> bool:
    """Whether two documents say the same, whatever the white space between."""
    if one == other:
        return True
    try:
        return _loaded(one) == _loaded(other)
    except LoadError:
        return False


@lru_cache(maxsize=4096)
def _loaded(text: str) -> object:
    return load(text)
