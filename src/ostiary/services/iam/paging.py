"""Lists in pages: where one ends, the next goes on (facts 10.3, T102).

A page goes on after a name, never after a number of rows, so nothing is skipped or
shown twice when entities come and go between two calls.
The marker holds that name, sealed, and opens only for the account, operation and
filters that it was made for.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from ostiary.identity.vault import InvalidMarker
from ostiary.services.errors import validation_error
from ostiary.services.operation import Call, Result
from ostiary.store.port import Page

T = TypeVar("T")

DEFAULT_ITEMS = 100
_PLACE = frozenset({"Marker", "MaxItems"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Generic[T]):
    """Where items of a list come from, in the order of their cursors."""

    fetch: Callable[[Page], Sequence[T]]
    """At most `page.limit` items whose cursor is above `page.after`."""
    cursor: Callable[[T], str]
    """Text unique in the source; it fits a marker."""


def in_memory(items: Sequence[T], cursor: Callable[[T], str]) -> Source[T]:
    """A source over few items, which a quota keeps few."""
    ordered = sorted(items, key=cursor)

    def fetch(page: Page) -> Sequence[T]:
        return [one for one in ordered if cursor(one) > page.after][: page.limit]

    return Source(fetch=fetch, cursor=cursor)


def paged(
    call: Call, operation: str, *sources: Source[T]
) -> tuple[list[T], dict[str, object]]:
    """One page over the sources, one after the other, and how to go on.

    The second value holds `IsTruncated`, and `Marker` when there is more.

    Raises:
        ServiceError: ValidationError for a marker that is not of this list.
    """
    limit = call.number("MaxItems", DEFAULT_ITEMS)
    number, after = _start(call, operation)
    wanted = Page(
        after=after, limit=limit + 1, path_prefix=call.text("PathPrefix", "/")
    )
    found: list[tuple[int, T]] = []
    while number < len(sources) and len(found) <= limit:
        page = replace(wanted, limit=limit + 1 - len(found))
        found += ((number, item) for item in sources[number].fetch(page))
        wanted = replace(wanted, after="")
        number += 1
    items = [item for _, item in found[:limit]]
    if len(found) <= limit:
        return items, {"IsTruncated": False}
    number, last = found[limit - 1]
    place = f"{number} {sources[number].cursor(last)}"
    marker = call.vault.seal_marker(place, scope=_scope(call, operation))
    return items, {"IsTruncated": True, "Marker": marker}


def listed(call: Call, operation: str, member: str, source: Source[T]) -> Result:
    """The whole result of a list whose items need no change."""
    items, rest = paged(call, operation, source)
    return {member: items, **rest}


def _start(call: Call, operation: str) -> tuple[int, str]:
    """The source to begin with, and the cursor to begin after."""
    marker = call.params.get("Marker")
    if marker is None:
        return 0, ""
    try:
        place = call.vault.unseal_marker(str(marker), scope=_scope(call, operation))
    except InvalidMarker:
        raise validation_error("Invalid Marker.") from None
    number, _, after = place.partition(" ")
    return int(number), after


def _scope(call: Call, operation: str) -> str:
    """What a marker is good for: everything that decides what the list holds."""
    filters = {name: value for name, value in call.params.items() if name not in _PLACE}
    return json.dumps([call.caller.account, operation, filters], sort_keys=True)
