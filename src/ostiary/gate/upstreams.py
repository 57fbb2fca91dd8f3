"""Which upstream serves which service, as the operator's file says.

    [upstream.default]
    kind = "sandbox"

    [upstream.s3]
    url = "https://s3.example.internal:3900"
    access_key_id = "GK31c2…"
    secret_access_key_file = "s3.secret"
    owner = "111122223333"
    region = "garage"

The file is the only source of addresses: no request can add or choose one (T70,
T71). An address is checked each time a name is resolved, and the connection goes
to the address that was checked.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from ostiary.identity.secret import Secret

DEFAULT = "default"
_KEYS = frozenset(
    {
        "access_key_id",
        "allow_loopback",
        "kind",
        "owner",
        "region",
        "secret_access_key_file",
        "url",
    }
)
_PORTS = {"http": 80, "https": 443}
_SERVICE = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_KEY_ID = re.compile(r"[!-~]{1,256}", re.ASCII)
_PRINTABLE = re.compile(r"[!-~][ -~]{0,2047}", re.ASCII)
HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9A-Fa-f:.]{2,45}", re.ASCII)
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+", re.ASCII)
_LARGEST_SECRET = 1024

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_METADATA = frozenset({ipaddress.ip_address("fd00:ec2::254")})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class UpstreamError(Exception):
    """A setting of an upstream that cannot be used; says which, and what it wants."""


class AddressError(Exception):
    """An upstream's name leads nowhere that may be connected to; for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A configured upstream."""

    scheme: str
    host: str
    """Name or address as configured, without brackets; TLS verifies it."""
    port: int
    access_key_id: str
    secret_access_key: Secret
    owner: str
    """The account that owns what the upstream keeps."""
    region: str
    allow_loopback: bool

    @property
    def authority(self) -> str:
        """The Host header that the upstream expects."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "https"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstreams:
    """Remotes by service; what has none goes to the sandbox."""

    remotes: Mapping[str, Remote]
    default: Remote | None
    """Serves services without a remote of their own; None: the sandbox does."""

    def find(self, service: str) -> Remote | None:
        """The remote of a service; None when the sandbox serves it."""
        return self.remotes.get(service, self.default)


SANDBOX_ONLY = Upstreams(remotes={}, default=None)


def parse_upstreams(
    tables: Mapping[str, Mapping[str, object]],
    folder: Path,
    own_ports: frozenset[int] = frozenset(),
) -> Upstreams:
    """The upstreams that the settings name.

    Args:
        tables: `[upstream.NAME]` tables, by name.
        folder: what relative paths of secret files start from.
        own_ports: ports that this server listens on; on loopback they are refused
            even where loopback is allowed, for that would be a circle.

    Raises:
        UpstreamError: a setting is unknown, missing or unusable.
    """
    found: dict[str, Remote | None] = {}
    for name, table in tables.items():
        if not _SERVICE.fullmatch(name):
            raise UpstreamError(f"[upstream.{name}]: no service is named so")
        found[name] = _Table(f"[upstream.{name}]", table, folder).read(own_ports)
    default = found.pop(DEFAULT, None)
    if default is not None and None in found.values():
        raise UpstreamError(
            "one upstream is the sandbox while the default is not; "
            "the sandbox can only be the default"
        )
    return Upstreams(
        remotes={name: remote for name, remote in found.items() if remote},
        default=default,
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of the settings; its errors say where they are."""

    where: str
    table: Mapping[str, object]
    folder: Path

    def read(self, own_ports: frozenset[int]) -> Remote | None:
        strange = sorted(set(self.table) - _KEYS)
        if strange:
            raise self.error(f"unknown setting `{strange[0]}`")
        kind = self.table.get("kind", "remote")
        if kind == "sandbox":
            if len(self.table) > 1:
                raise self.error("the sandbox takes no other settings")
            return None
        if kind != "remote":
            raise self.error(f'kind is `{kind}`, not "sandbox" or "remote"')
        allow_loopback = self.table.get("allow_loopback", False)
        if not isinstance(allow_loopback, bool):
            raise self.error("`allow_loopback` is not true or false")
        scheme, host, port = self.address()
        remote = Remote(
            scheme=scheme,
            host=host,
            port=port,
            access_key_id=self.text("access_key_id", _KEY_ID),
            secret_access_key=self.secret(),
            owner=self.text("owner", _ACCOUNT),
            region=self.text("region", _REGION, "us-east-1"),
            allow_loopback=allow_loopback,
        )
        self.refuse_address(remote, own_ports)
        return remote

    def error(self, message: str) -> UpstreamError:
        return UpstreamError(f"{self.where}: {message}")

    def text(self, key: str, shape: re.Pattern[str], default: str = "") -> str:
        value = self.table.get(key, default)
        if value == "":
            raise self.error(f"`{key}` is missing")
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise self.error(f"`{key}` is `{value}`, which is not one")
        return value

    def address(self) -> tuple[str, str, int]:
        url = self.text("url", _PRINTABLE)
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise self.error(f"`url` is `{url}`: {error}") from error
        if parts.scheme not in _PORTS:
            raise self.error(f"`url` is `{url}`, not http or https")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise self.error("`url` has more than a scheme, a host and a port")
        if parts.path not in {"", "/"}:
            raise self.error(f"`url` has the path `{parts.path}`; it must have none")
        if not HOST.fullmatch(host):
            raise self.error(f"`url` is `{url}`, which names no host")
        if is_disguised_number(host):
            raise self.error(f"`url` has the host `{host}`, a number in disguise")
        return parts.scheme, host, _PORTS[parts.scheme] if port is None else port

    def secret(self) -> Secret:
        name = self.text("secret_access_key_file", _PRINTABLE)
        path = self.folder / name
        try:
            with path.open(encoding="ascii") as file:
                text = file.read(_LARGEST_SECRET + 1).strip()
        except (OSError, UnicodeDecodeError) as error:
            # The error's own text could quote the file.
            raise self.error(f"cannot read `{path}`") from error
        if not text or len(text) > _LARGEST_SECRET or "\n" in text:
            raise self.error(f"`{path}` does not hold one secret access key")
        return Secret(text)

    def refuse_address(self, remote: Remote, own_ports: frozenset[int]) -> None:
        """A literal address is judged now, a name each time it is resolved."""
        literal = _literal(remote.host)
        if literal is not None:
            reason = refusal(literal, allow_loopback=remote.allow_loopback)
            if reason:
                raise self.error(f"`{remote.host}` is {reason}")
        if remote.allow_loopback and remote.port in own_ports:
            raise self.error(f"port {remote.port} is this server's own")


def refusal(address: IPAddress, *, allow_loopback: bool) -> str:
    """Why an address may not be an upstream's; empty when it may.

    IPv4 addresses inside IPv6 ones are judged as what they lead to.
    """
    inner = _inner(address)
    if inner.is_loopback:
        return "" if allow_loopback else "loopback, and `allow_loopback` is not set"
    if inner.is_link_local or inner in _METADATA:
        return "link-local, where clouds keep credentials"
    if inner.is_unspecified or inner.is_multicast or inner.is_reserved:
        return "no address of one machine"
    return ""


def is_private(address: IPAddress) -> bool:
    """Whether an address belongs to somebody's own network, and not to the world."""
    return not _inner(address).is_global


class Place(Protocol):
    """Something that a connection can be made to."""

    @property
    def host(self) -> str:
        """Name or address, without brackets."""
        ...

    @property
    def port(self) -> int:
        """The TCP port."""
        ...

    @property
    def allow_loopback(self) -> bool:
        """Whether it may be on this machine."""
        ...


async def resolve(remote: Place, threads: Executor | None = None) -> list[str]:
    """The checked addresses of an upstream, in the order to try them.

    One bad address among good ones spoils all: an answer that mixes them is not
    to be trusted (T70).

    Args:
        remote: what is to be found.
        threads: where its name is looked up; None for those of the loop.

    Raises:
        AddressError: the name does not resolve, or an address is refused.
    """
    literal = _literal(remote.host)
    if literal is not None:
        return [str(literal)]
    try:
        answers = await asyncio.get_running_loop().run_in_executor(
            threads,
            partial(
                socket.getaddrinfo, remote.host, remote.port, type=socket.SOCK_STREAM
            ),
        )
    except OSError as error:
        raise AddressError(f"`{remote.host}` does not resolve") from error
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    for text in found:
        reason = refusal(
            ipaddress.ip_address(text), allow_loopback=remote.allow_loopback
        )
        if reason:
            raise AddressError(f"`{remote.host}` resolves to `{text}`, {reason}")
    return found


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _inner(address: IPAddress) -> IPAddress:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address


def is_disguised_number(host: str) -> bool:
    """Whether resolvers may read the host as an address that its text hides.

    `2130706433`, `0x7f000001`, `127.1` and `0177.0.0.1` all lead to loopback.
    """
    if ":" in host or _literal(host) is not None:
        return False
    last = host.rstrip(".").rpartition(".")[2]
    return bool(_NUMBER.fullmatch(last)) or host.endswith(".")
