"""Public keys of OpenID providers, kept and fetched again as they are rotated.

Keys are used for a quarter of an hour before they are asked for again. A token that
names a key which is not among them makes that happen at once, though not more often
than every half minute. While a provider cannot be reached its last keys are used for a
day (decision 0016).
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ostiary.gate.fetching import FetchError
from ostiary.services.assertions import faults

if TYPE_CHECKING:
    from ostiary.services.assertions.keys import ProviderKey

FRESH: Final = 900
"""Seconds for which keys are used without asking."""
AGAIN: Final = 30
"""Seconds between two questions to one provider."""
STALE: Final = 86_400
"""Seconds for which the last keys are used while their provider does not answer."""
MOST: Final = 1_000
"""Providers that are remembered; the one asked longest ago goes first (T139)."""

Fetch = Callable[[str], Awaitable[bytes]]

log = logging.getLogger("ostiary")


@dataclass(slots=True)
class _Kept:
    """What is known of one provider."""

    keys: "tuple[ProviderKey, ...]" = ()
    fetched: float = float("-inf")
    asked: float = float("-inf")
    is_broken: bool = False
    """Whether its last answer was not what a provider publishes."""


class ProviderKeys:
    """Knows the keys of providers.

    Args:
        fetch: gives the document at a URL; raises FetchError.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def find(
        self, issuer: str, key_id: str | None, algorithm: str, now: float
    ) -> "ProviderKey":
        """The key that a token of the issuer means.

        Args:
            issuer: the URL of a provider that is registered.
            key_id: of the token; None without one.
            algorithm: of the token.
            now: seconds since the epoch, UTC.

        Raises:
            ServiceError: IDPCommunicationError, InvalidIdentityToken.
        """
        from ostiary.services.assertions.keys import find_key  # noqa: PLC0415 - slow

        kept = self._remember(issuer)
        if not _is_within(kept.fetched, now, FRESH):
            await self._ask_soon(issuer, kept, now)
        key = find_key(self._usable(kept, now), key_id, algorithm)
        if key is None:
            await self._ask_soon(issuer, kept, now)
            key = find_key(self._usable(kept, now), key_id, algorithm)
        if key is None:
            raise faults.no_keys()
        return key

    def _remember(self, issuer: str) -> _Kept:
        kept = self._kept.setdefault(issuer, _Kept())
        self._kept.move_to_end(issuer)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return kept

    def _usable(self, kept: _Kept, now: float) -> "tuple[ProviderKey, ...]":
        if _is_within(kept.fetched, now, STALE):
            return kept.keys
        raise faults.no_keys() if kept.is_broken else faults.unreachable()

    async def _ask_soon(self, issuer: str, kept: _Kept, now: float) -> None:
        """Asks the provider, unless that was done just now; all share one answer."""
        asking = self._asking.get(issuer)
        if asking is None:
            if _is_within(kept.asked, now, AGAIN):
                return
            kept.asked = now
            asking = asyncio.create_task(self._ask(issuer, kept, now))
            self._asking[issuer] = asking
            asking.add_done_callback(lambda _: self._asking.pop(issuer))
        # One caller that gives up does not take the answer from the others.
        await asyncio.shield(asking)

    async def _ask(self, issuer: str, kept: _Kept, now: float) -> None:
        from ostiary.services.assertions.keys import (  # noqa: PLC0415 - slow
            MalformedAnswer,
            read_discovery,
            read_keys,
        )

        place = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            # Requests go on while a stranger's text is read.
            told = await self._fetch(place)
            place = await asyncio.to_thread(read_discovery, told, issuer)
            keys = await asyncio.to_thread(read_keys, await self._fetch(place))
        except FetchError as error:
            kept.is_broken = False
            log.warning("no keys of `%s`: %s", issuer, error)
        except MalformedAnswer as error:
            kept.is_broken = True
            log.warning("no keys of `%s`: %s", issuer, error)
        else:
            kept.keys, kept.fetched, kept.is_broken = keys, now, False


def _is_within(then: float, now: float, seconds: float) -> bool:
    """Whether it happened so shortly ago; never in the future, after a clock's jump."""
    return 0 <= now - then < seconds
