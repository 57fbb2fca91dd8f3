"""What the operator says of identity providers, and what may be fetched from them.

    [federation]
    internal = ["keycloak.example.internal", "127.0.0.1:8443"]
    plain_http = ["localhost:8080"]
    ca_file = "providers.pem"
    saml_audiences = ["urn:example:ostiary"]
    saml_recipients = ["https://iam.example.internal/saml"]

The address of an OpenID provider comes from whoever may register one, so it may lead
nowhere but to the public network, unless its host stands here (T70).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ostiary.gate.upstreams import HOST, UpstreamError, is_disguised_number
from ostiary.services.assertions.recipients import (
    AWS_AUDIENCES,
    AWS_RECIPIENTS,
    Recipients,
)

_KEYS: Final = frozenset(
    {"ca_file", "internal", "plain_http", "saml_audiences", "saml_recipients"}
)
_PORTS: Final = {"http": 80, "https": 443}
_ORIGIN: Final = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?",
    re.ASCII,
)
_TARGET: Final = re.compile(r"[!-~]{0,2048}", re.ASCII)


class PlaceError(Exception):
    """A URL that nothing may be fetched from; for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPlace:
    """Where one document of a provider is.

    Attributes:
        host: name or address, without brackets; TLS verifies it.
        port: the TCP port.
        target: path and query.
        is_tls: whether the connection is encrypted; without it only this machine is
            reached.
        allow_loopback: whether the operator has said that the host is internal.
    """

    host: str
    port: int
    target: str
    is_tls: bool
    allow_loopback: bool

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = _PORTS["https" if self.is_tls else "http"]
        return host if self.port == usual else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRules:
    """The operator's settings.

    Attributes:
        internal: hosts, with or without a port, that may be in a network of ours.
        plain_http: hosts and ports on this machine that speak HTTP without TLS.
        ca_file: certificates that are trusted beside the system's; None for none.
        recipients: whom SAML responses must be made for.
    """

    internal: frozenset[str] = frozenset()
    plain_http: frozenset[str] = frozenset()
    ca_file: Path | None = None
    recipients: Recipients = AWS_RECIPIENTS

    def place(self, url: str) -> ProviderPlace:
        """Where a URL leads, if anything may be fetched from there.

        Raises:
            PlaceError: it is not one of HTTPS, or hides where it leads.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise PlaceError("not a URL") from None
        origin = parts.netloc.lower()
        if parts.scheme != ("http" if origin in self.plain_http else "https"):
            raise PlaceError(f"`{parts.scheme}` is not the scheme that is expected")
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        odd = "@" in origin or parts.fragment or not _TARGET.fullmatch(target)
        if odd or not HOST.fullmatch(host) or is_disguised_number(host):
            raise PlaceError("a URL of an unusual form")
        return ProviderPlace(
            host=host,
            port=_PORTS[parts.scheme] if port is None else port,
            target=target,
            is_tls=parts.scheme == "https",
            allow_loopback=self.is_internal(origin),
        )

    def is_internal(self, origin: str) -> bool:
        """Whether a host, which may have a port, may be in a network of ours."""
        name = origin.rpartition(":")[0] if _has_port(origin) else origin
        return not {origin, name}.isdisjoint(self.internal | self.plain_http)

    def url_of(self, provider_url: str) -> str:
        """The issuer of a provider that is registered under this URL, less its scheme.

        It is registered as one of HTTPS, since nothing else can be.
        """
        origin = provider_url.partition("/")[0].lower()
        scheme = "http" if origin in self.plain_http else "https"
        return f"{scheme}://{provider_url}"


def parse_rules(table: Mapping[str, object], folder: Path) -> ProviderRules:
    """The settings of `[federation]`.

    Args:
        table: as it stands in the file.
        folder: what the relative path of `ca_file` starts from.

    Raises:
        UpstreamError: a setting is unknown or unusable.
    """
    strange = sorted(set(table) - _KEYS)
    if strange:
        raise _error(f"unknown setting `{strange[0]}`")
    ca_file = table.get("ca_file")
    if ca_file is not None and not isinstance(ca_file, str):
        raise _error("`ca_file` is not the name of a file")
    path = None if ca_file is None else folder / ca_file
    if path is not None and not path.is_file():
        raise _error(f"`ca_file` names `{path}`, no such file")
    return ProviderRules(
        internal=_origins(table, "internal"),
        plain_http=_origins(table, "plain_http"),
        ca_file=path,
        recipients=Recipients(
            audiences=_texts(table, "saml_audiences") or AWS_AUDIENCES,
            places=_texts(table, "saml_recipients"),
        ),
    )


def _origins(table: Mapping[str, object], name: str) -> frozenset[str]:
    found = _texts(table, name)
    for one in sorted(found):
        if not _ORIGIN.fullmatch(one):
            raise _error(
                f"`{name}` has `{one}`, which is no host, with or without port"
            )
    return frozenset(one.lower() for one in found)


def _texts(table: Mapping[str, object], name: str) -> frozenset[str]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _error(f"`{name}` is not a list of texts")
    return frozenset(value)


def _has_port(origin: str) -> bool:
    return ":" in origin and not origin.endswith("]")


def _error(message: str) -> UpstreamError:
    return UpstreamError(f"[federation]: {message}")
