"""Lists in pages: a token says after which key the next one goes on.

It opens only for the account, operation and filters that it was made for.
"""

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from ostiary.identity.vault import InvalidMarker
from ostiary.services.operation import Call, Result
from ostiary.services.organizations.errors import invalid
from ostiary.store.port import Page

T = TypeVar("T")

DEFAULT_RESULTS = 20
_PLACE = frozenset({"NextToken", "MaxResults"})

Fetch = Callable[[Page], Sequence[T]]
"""At most `page.limit` items, by their keys, whose key is above `page.after`."""


def listed(
    call: Call,
    member: str,
    fetch: Fetch[T],
    key: Callable[[T], str],
    show: Callable[[T], object],
) -> Result:
    """One page of a list; raises InvalidInputException for a strange token."""
    limit = call.number("MaxResults", DEFAULT_RESULTS)
    scope = _scope(call, member)
    found = fetch(Page(after=_start(call, scope), limit=limit + 1))
    shown: Result = {member: [show(one) for one in found[:limit]]}
    if len(found) > limit:
        shown["NextToken"] = call.vault.seal_marker(key(found[limit - 1]), scope=scope)
    return shown


def in_memory(items: Sequence[T], key: Callable[[T], str]) -> Fetch[T]:
    """A source over few items."""
    ordered = sorted(items, key=key)

    def fetch(page: Page) -> Sequence[T]:
        return [one for one in ordered if key(one) > page.after][: page.limit]

    return fetch


def _start(call: Call, scope: str) -> str:
    token = call.text("NextToken")
    if not token:
        return ""
    try:
        return call.vault.unseal_marker(token, scope=scope)
    except InvalidMarker:
        raise invalid("INVALID_NEXT_TOKEN") from None


def _scope(call: Call, member: str) -> str:
    filters = {name: value for name, value in call.params.items() if name not in _PLACE}
    return json.dumps(["organizations", call.caller.account, member, filters])
