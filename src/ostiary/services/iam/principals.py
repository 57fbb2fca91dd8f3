"""Principals of a policy as unique ids, and back.

On saving, the ARN of a user or role becomes its unique id, so that a later entity
of the same name is somebody else (T34, facts 3.4). On reading, the id becomes the
entity's ARN of today again, or stays when the entity is gone.
All other text is kept byte for byte (T94): the document is walked token by token,
and only the JSON strings of such principals are replaced.

Nothing here belongs to IAM: trust policies and the policies of buckets, queues and
topics all pass through.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Final

Find = Callable[[str], str | None]

_TOKEN: Final = re.compile(
    r"""
    [ \t\r\n]*
    (?: ("(?:[^"\\]|\\.)*") ([ \t\r\n]*:)?  # a string, and whether it is a key
      | ([{}\[\],])
      | [^ \t\r\n"{}\[\],:]+
    )
    """,
    re.DOTALL | re.VERBOSE,
)
_PLACES: Final = frozenset(
    {("Statement", "Principal", "AWS"), ("Statement", "NotPrincipal", "AWS")}
)
# The document, the list of statements, the statement, the principal, its list.
_DEPTH: Final = 5

_NAME: Final = r"[A-Za-z0-9_+=,.@-]+"
_ENTITY: Final = re.compile(
    rf"arn:aws:iam::[0-9]{{12}}:(?:user|role)/(?:[!-~]+/)?{_NAME}"
)
_UNIQUE_ID: Final = re.compile(r"A(?:IDA|ROA)[A-Z2-7]{17}")
_KEPT: Final = re.compile(
    rf"\*|[0-9]{{12}}|arn:aws:iam::[0-9]{{12}}:root"
    rf"|arn:aws:sts::[0-9]{{12}}:(?:assumed-role/{_NAME}|federated-user)/{_NAME}"
)


class InvalidPrincipal(Exception):  # noqa: N818 - a word of AWS's own message
    """A principal that is nobody, as the policy spells it: JSON, with its quotes."""

    def __init__(self, spelled: str) -> None:
        super().__init__(f"`{spelled}` is not a principal")
        self.spelled = spelled


def resolve(text: str, find: Find) -> str:
    """The policy with users and roles as unique ids.

    Accounts, root, sessions and everybody stay as they are, whether or not we know
    them: they may live elsewhere. A user or role must exist.

    Args:
        text: a policy that `policy.parse` has accepted.
        find: the unique id behind the ARN, or the id itself, of a user or role that
            exists; None for all else.

    Raises:
        InvalidPrincipal: no such user or role, or no form of a principal.
    """

    def stored(value: str, spelled: str) -> str:
        if _KEPT.fullmatch(value):
            return value
        found = None
        if _ENTITY.fullmatch(value) or _UNIQUE_ID.fullmatch(value):
            found = find(value)
        if found is None:
            raise InvalidPrincipal(spelled)
        return found

    return _replaced(text, stored)


def restore(text: str, find: Find) -> str:
    """The policy as it is shown: ids as ARNs where their entities still exist.

    Args:
        text: what `resolve` returned.
        find: the ARN behind a unique id, None when nobody has it any more.
    """

    def shown(value: str, _spelled: str) -> str:
        if not _UNIQUE_ID.fullmatch(value):
            return value
        return find(value) or value

    return _replaced(text, shown)


def _replaced(text: str, change: Callable[[str, str], str]) -> str:
    """The text with principals of type AWS changed, the rest as it was."""
    parts: list[str] = []
    done = 0
    for start, end in _principals(text):
        spelled = text[start:end]
        value = json.loads(spelled)
        changed = change(value, spelled)
        if changed != value:
            parts += (text[done:start], json.dumps(changed))
            done = end
    return "".join((*parts, text[done:]))


def _principals(text: str) -> Iterator[tuple[int, int]]:
    """Where the strings of principals of type AWS begin and end."""
    keys: list[str | None] = []  # of each open object; None for a list
    for token in _tokens(text):
        string, colon, mark = token.group(1, 2, 3)
        if mark in ("{", "["):
            keys.append("" if mark == "{" else None)
        elif mark in ("}", "]"):
            keys.pop()
        elif string is not None and len(keys) <= _DEPTH:
            if colon is not None:
                keys[-1] = json.loads(string)
            elif tuple(key for key in keys if key is not None) in _PLACES:
                yield token.span(1)


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """The JSON tokens, a key with its colon as one."""
    place, end = 0, len(text.rstrip(" \t\r\n"))
    while place < end:
        token = _TOKEN.match(text, place)
        if token is None:
            raise ValueError("text is not JSON, expected a policy that was parsed")
        yield token
        place = token.end()
