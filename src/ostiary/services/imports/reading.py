"""A file's text as pages of `GetAccountAuthorizationDetails`, per account.

A file holds one document or several, one behind the other or one a line; a document is
a page, a list of pages, or an object of account ids with a page or a list of pages
each. Pages of one account belong together, wherever they stand.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ostiary.policy.loader import DEPTH, LoadError, load
from ostiary.services.imports.faults import Fault, ImportRefused, Place

LISTS: Final = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
COMMAND: Final = "aws iam get-account-authorization-details"

# A document stands some levels down in a page, a page some levels down in a file.
_DEPTH: Final = DEPTH + 12
_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)
_WHITE: Final = re.compile(r"[ \t\r\n\x1e]*")
_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of the operation, or all of them that a client put together."""

    place: Place
    account: str
    """As the file names it beside the page; empty when only the ARNs tell."""
    members: dict[str, object]


def read_pages(text: str) -> list[Page]:
    """The pages of a file in their order; raises ImportRefused."""
    documents = list(_documents(text))
    pages = []
    for number, value in enumerate(documents, 1):
        place = Place(document=number if len(documents) > 1 else 0, pointer="")
        pages += list(_pages(value, place, ""))
    if not pages:
        raise _refused(Place(document=0, pointer=""), "found nothing")
    return pages


def _documents(text: str) -> Iterator[object]:
    """The values of the JSON documents in a text, read strictly."""
    text = text.removeprefix("\ufeff")
    number, start = 1, _skip(text, 0)
    while start < len(text):
        try:
            end = _DECODER.raw_decode(text, start)[1]
        except (json.JSONDecodeError, RecursionError):
            end = len(text)  # the strict reader says what is wrong
        following = _skip(text, end)
        is_only = number == 1 and following == len(text)
        try:
            value = load(text[start:end], depth=_DEPTH)
        except LoadError as error:
            place = Place(document=0 if is_only else number, pointer=error.pointer)
            raise _refused(place, error.message, error.help) from error
        yield value
        number, start = number + 1, following


def _skip(text: str, start: int) -> int:
    found = _WHITE.match(text, start)
    return start if found is None else found.end()


def _pages(value: object, place: Place, account: str) -> Iterator[Page]:
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _pages(inner, place.at(number), account)
        return
    if not isinstance(value, dict):
        raise _refused(place, "found no object")
    if any(name in value for name in LISTS):
        yield Page(place=place, account=account, members=value)
        return
    ids = [name for name in value if _ACCOUNT.fullmatch(name)]
    if account or not ids or len(ids) < len(value):
        raise _refused(place, "found none of " + ", ".join(f"`{n}`" for n in LISTS))
    for name, inner in value.items():
        yield from _pages(inner, place.at(name), name)


def _refused(place: Place, message: str, advice: str = "") -> ImportRefused:
    told = f"{message}, expected what `{COMMAND}` prints"
    return ImportRefused([Fault(place=place, message=told, help=advice)])
