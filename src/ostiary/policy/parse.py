"""Policy text -> Document, or the first thing that is wrong with it.

Everything that could be read in two ways, and everything that nobody could ever mean,
is refused here. So nothing has to be skipped when a request is decided, and no Deny
falls silent because of a typo (T77, T78, T80, T87).
"""

import re
from collections.abc import Iterator
from typing import Final

from ostiary.policy.arn_checks import arn_formats, arn_shapes
from ostiary.policy.checks import (
    Check,
    Subject,
    actions,
    condition_values,
    effect_case,
    has_actions,
    has_principals,
    has_resources,
    sids,
    trust_actions,
    version,
)
from ostiary.policy.document import Document, Kind
from ostiary.policy.fault import SYNTAX, PolicyError
from ostiary.policy.loader import LoadError, load, walk
from ostiary.policy.principal_checks import principals
from ostiary.policy.shape import read_document

# The order is AWS's: of several faults the first here is reported (facts 3.7).
_CHECKS: Final[tuple[Check, ...]] = (
    version,
    effect_case,
    condition_values,
    arn_shapes,
    sids,
    has_principals,
    has_actions,
    has_resources,
    arn_formats,
    actions,
    trust_actions,
    principals,
)
_CHARACTERS: Final = re.compile(r"[\t\n\r\x20-\xff]*+")
_NOT_JSON: Final = {
    Kind.TRUST: "This policy contains invalid Json",
    Kind.RESOURCE: "Policies must be valid JSON and the first byte must be '{'",
}


def parse(text: str, *, kind: Kind = Kind.IDENTITY, strict: bool = False) -> Document:
    """The policy that `text` is (facts 3.1-3.7).

    Args:
        text: JSON; how long it may be is asked by who stores it (facts 3.6)
        kind: which kind of policy it must be
        strict: ask also what `CreatePolicy` alone asks, such as the present version

    Returns:
        The document with its elements as they were written.

    Raises:
        PolicyError: the first fault in AWS's order, with its place (facts 3.7).
    """
    subject = _read(text, kind, strict=strict)
    for fault in _faults(subject):
        raise fault
    return subject.document


def diagnose(
    text: str, *, kind: Kind = Kind.IDENTITY, strict: bool = False
) -> list[PolicyError]:
    """Every fault of `text`, in the order of `parse`; empty for a good policy.

    A fault of the grammar hides the ones behind it. It takes what `parse` takes, and
    gives the errors instead of raising one (facts 3.7).
    """
    try:
        return list(_faults(_read(text, kind, strict=strict)))
    except PolicyError as fault:
        return [fault]


def _faults(subject: Subject) -> Iterator[PolicyError]:
    for check in _CHECKS:
        yield from check(subject)


def _read(text: str, kind: Kind, *, strict: bool) -> Subject:
    try:
        tree = load(text)
        _check_characters(text, tree)
    except LoadError as error:
        raise PolicyError(
            error.message,
            pointer=error.pointer,
            aws_message=_NOT_JSON.get(kind, SYNTAX),
            help=error.help,
        ) from error
    document = read_document(tree, kind)
    return Subject(
        document=document, tree=tree if isinstance(tree, dict) else {}, strict=strict
    )


def _check_characters(text: str, tree: object) -> None:
    """Only the characters that a policy may hold, also behind escapes (facts 3.1)."""
    if not _CHARACTERS.fullmatch(text):
        raise LoadError("found a character that a policy may not hold")
    if "\\" not in text:
        return
    for pointer, node in walk(tree):
        names = [str(key) for key in node] if isinstance(node, dict) else []
        texts = [node] if isinstance(node, str) else names
        if not all(map(_CHARACTERS.fullmatch, texts)):
            raise LoadError(
                "found an escaped character that a policy may not hold",
                pointer=pointer,
            )
