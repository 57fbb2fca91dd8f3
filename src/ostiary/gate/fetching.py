"""A document fetched from an identity provider: small, quick, and from where it says.

Addresses are checked when a name is resolved, and the connection goes to the address
that was checked; redirects are not followed (T70). One connection a document: this is
rare, since what it gives is kept.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Final

from ostiary.gate.exchange import (
    Endpoint,
    ExchangeError,
    Limits,
    Outgoing,
    ask,
    connect,
    next_piece,
)
from ostiary.gate.providers import PlaceError, ProviderPlace, ProviderRules
from ostiary.gate.upstreams import AddressError, is_private, refusal, resolve

LARGEST: Final = 512 * 1024
"""Bytes of a document."""
SECONDS: Final = 5.0
"""From the name to the last byte."""
AT_ONCE: Final = 8
_LIMITS: Final = Limits(connect=3.0, first_byte=SECONDS, idle=SECONDS)
_OK: Final = 200


class FetchError(Exception):
    """The document cannot be had now; for the log."""


class Fetcher:
    """Fetches documents, a few at a time."""

    def __init__(self, rules: ProviderRules) -> None:
        self._rules = rules
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tls: ssl.SSLContext | None = None
        # A stranger's name may be slow to look up, and no timeout ends a thread: so
        # upstreams, whose names are looked up in the loop's own, never wait for one.
        self._threads = ThreadPoolExecutor(AT_ONCE, "provider-names")

    async def fetch(self, url: str) -> bytes:
        """The document at a URL.

        Raises:
            FetchError: there is none, or it may not be asked for.
        """
        try:
            place = self._rules.place(url)
            async with asyncio.timeout(SECONDS), self._slots:
                return await self._fetch(place)
        except TimeoutError as error:
            raise FetchError("no answer in time") from error
        except (PlaceError, AddressError, ExchangeError, OSError) as error:
            raise FetchError(str(error)) from error

    async def _fetch(self, place: ProviderPlace) -> bytes:
        endpoint = Endpoint(
            find=partial(find_addresses, place, self._threads),
            port=place.port,
            tls_name=place.host if place.is_tls else "",
        )
        context = self._context() if place.is_tls else None
        connection = await connect(endpoint, context, _LIMITS)
        try:
            head = await ask(connection, _request(place))
            if head.status_code != _OK:
                raise FetchError(f"status {head.status_code}")
            body = bytearray()
            while (piece := await next_piece(connection)) is not None:
                body += piece
                if len(body) > LARGEST:
                    raise FetchError("the document is too large")
            return bytes(body)
        finally:
            connection.close()

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            if self._rules.ca_file is not None:
                self._tls.load_verify_locations(self._rules.ca_file)
        return self._tls


async def find_addresses(
    place: ProviderPlace, threads: Executor | None = None
) -> Sequence[str]:
    """The addresses of a provider, each of which may be connected to.

    Args:
        place: of the provider.
        threads: where its name is looked up; None for those of the loop.

    Raises:
        AddressError: one of them may not.
    """
    found = await resolve(place, threads)
    for text in found:
        address = ipaddress.ip_address(text)
        reason = refusal(address, allow_loopback=place.allow_loopback)
        if not reason and not place.allow_loopback and is_private(address):
            reason = "in a private network, and not set as `internal`"
        if not reason and not place.is_tls and not address.is_loopback:
            reason = "elsewhere, and plain HTTP stays on this machine"
        if reason:
            raise AddressError(f"`{place.host}` resolves to `{text}`, {reason}")
    return found


def _request(place: ProviderPlace) -> Outgoing:
    return Outgoing(
        method=b"GET",
        target=place.target.encode("ascii"),
        headers=(
            (b"host", place.authority.encode("ascii")),
            (b"accept", b"application/json"),
            (b"accept-encoding", b"identity"),
            (b"user-agent", b"ostiary"),
            (b"connection", b"close"),
            (b"content-length", b"0"),
        ),
        body=b"",
    )
