"""The values that travel between server, gate and wire: `Request` and `Response`.

A request keeps what arrived: the path and query as raw text, the headers in
order. Whoever needs a decoded part asks `wire.catalog`, which decodes once.
"""

import hashlib
import ipaddress
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import IO, TYPE_CHECKING, Final, NamedTuple, Self

# A request that says one of these twice means two things at once (T45).
SINGLE_HEADERS = frozenset(
    {
        "authorization",
        "content-encoding",
        "content-length",
        "content-md5",
        "content-type",
        "date",
        "expect",
        "host",
        "transfer-encoding",
        "x-amz-content-sha256",
        "x-amz-copy-source",
        "x-amz-date",
        "x-amz-decoded-content-length",
        "x-amz-mfa",
        "x-amz-security-token",
        "x-amz-target",
        "x-amz-trailer",
    }
)
_READ_SIZE = 64 * 1024
LONGEST_KEPT = 1024
"""Characters of all header names together whose reading is kept for the next time."""


class Names(NamedTuple):
    """What the names of a request's headers say, without their values.

    Attributes:
        names: Lower case, in arrival order.
        single: Whether each of them is there once.
        ambiguous: One that two readers could read differently (T45), or None.
        aws: Those that start with `x-amz-`, each once.
    """

    names: tuple[str, ...]
    single: bool
    ambiguous: str | None
    aws: tuple[str, ...]


def read_names(names: tuple[str, ...]) -> Names:
    """Gives what these header names say. A client sends the same ones every time."""
    small = sum(map(len, names)) <= LONGEST_KEPT
    return _known_names(names) if small else _read_names(names)


def _read_names(names: tuple[str, ...]) -> Names:
    once = dict.fromkeys(names)
    return Names(
        names=names,
        single=len(once) == len(names),
        ambiguous=_find_ambiguous(names),
        aws=tuple(name for name in once if name.startswith("x-amz-")),
    )


_known_names = lru_cache(maxsize=1024)(_read_names)


def _find_ambiguous(names: tuple[str, ...]) -> str | None:
    """Gives a header that may be said once and is repeated, or one that looks like it.

    A name with an underscore is one which a CGI-style reader would take for another.
    Names of object metadata are the client's own and may have underscores.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen and name in SINGLE_HEADERS:
            return name
        seen.add(name)
    for name in names:
        if "_" not in name or name.startswith("x-amz-meta-"):
            continue
        plain = name.replace("_", "-")
        if plain in SINGLE_HEADERS or plain.startswith("x-amz-"):
            return name
    return None


class Spool:
    """A body that was too large for memory, in an unlinked temporary file.

    Reading does not move a shared position, so readers may overlap.
    """

    __slots__ = ("_file", "sha256", "size")

    def __init__(self, file: IO[bytes], size: int, sha256: str) -> None:
        self._file = file
        self.size = size
        self.sha256 = sha256

    def chunks(self, size: int = _READ_SIZE) -> Iterator[bytes]:
        """Gives the body from its start, in pieces of at most `size` bytes."""
        offset = 0
        while piece := os.pread(self._file.fileno(), size, offset):
            offset += len(piece)
            yield piece

    def close(self) -> None:
        """Gives the file back to the system; the body is gone."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class SpoolWriter:
    """Collects a body piece by piece, hashing as it goes, and ends as a `Spool`."""

    __slots__ = ("_digest", "_file", "_size")

    def __init__(self, folder: str | None = None) -> None:
        # The file lives on in the spool, which closes it.
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # see above
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, piece: bytes) -> None:
        """Appends `piece`."""
        self._file.write(piece)
        self._digest.update(piece)
        self._size += len(piece)

    def finish(self) -> Spool:
        """Gives the finished body; the writer must not be used again."""
        self._file.flush()
        return Spool(self._file, self._size, self._digest.hexdigest())

    def discard(self) -> None:
        """Throws away what was written."""
        self._file.close()


# Both are made for every request, and the `__init__` of a frozen class takes five
# times as long. `Final` forbids the same, and the type checker sees to it.
@dataclass(slots=True, kw_only=True, init=False, repr=False, unsafe_hash=True)
class Request:
    """One request as it arrived; nobody changes it.

    Attributes:
        method: As sent, upper case.
        path: Raw percent-encoded path without the query; latin-1 text.
        query: Raw query without its question mark; latin-1 text.
        headers: (name, value) in arrival order; names lower case, values without
            surrounding blanks, one character per byte.
        body: The whole body, in memory or spooled.
        secure: Whether it came over TLS.
        peer: The other end's address, without a port.
        index: Every header once; repeated ones joined by commas in order, which
            is also how they are signed.
        names: What the headers' names say.
    """

    method: Final[str]
    path: Final[str]
    query: Final[str]
    headers: Final[tuple[tuple[str, str], ...]]
    body: Final[bytes | Spool]
    secure: Final[bool]
    peer: Final[str]
    index: Mapping[str, str] = field(init=False, compare=False)
    names: Names = field(init=False, compare=False)

    def __init__(  # noqa: PLR0913 - a request consists of exactly these
        self,
        *,
        method: str,
        path: str,
        query: str,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes | Spool,
        secure: bool,
        peer: str,
        names: Names | None = None,
        index: Mapping[str, str] | None = None,
    ) -> None:
        """Takes what the class says.

        Whoever has read the names already gives them, and may give the index instead
        of the headers where each name is there once: the two say the same then.
        """
        if names is None:
            names = read_names(tuple([name for name, _ in headers]))
        if index is None:
            index = dict(headers) if names.single else _joined(headers)
            self.headers = headers
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.secure = secure
        self.peer = peer
        self.names = names
        self.index = index

    if not TYPE_CHECKING:  # it would make every attribute known

        def __getattr__(self, name: str) -> object:
            """Gives headers that only the index has so far; few requests need them."""
            if name != "headers":
                raise AttributeError(name)
            self.headers = tuple(self.index.items())
            return self.headers

    def __repr__(self) -> str:
        # Headers, query and body carry credentials, so a traceback has none of them.
        return (
            f"Request(method={self.method!r}, path={self.path!r}, "
            f"secure={self.secure!r}, peer={self.peer!r})"
        )

    def header(self, name: str) -> str | None:
        """Gives the value of a header (repeats joined by commas), or None."""
        return self.index.get(name)

    def headers_named(self, name: str) -> tuple[str, ...]:
        """Gives each value of a header, in arrival order."""
        return tuple(value for key, value in self.headers if key == name)


def _joined(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    index: dict[str, str] = {}
    for name, value in headers:
        index[name] = f"{index[name]},{value}" if name in index else value
    return index


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Response:
    """One answer: status, headers in order, and a body or a stream of one."""

    status: Final[int]
    headers: Final[tuple[tuple[str, str], ...]]
    body: Final[bytes | AsyncIterator[bytes]] = field(repr=False)


def body_sha256(request: Request) -> str:
    """Gives the lower-case hexadecimal SHA-256 of the body as it arrived."""
    body = request.body
    if isinstance(body, bytes):
        return hashlib.sha256(body).hexdigest()
    return body.sha256


def body_size(request: Request) -> int:
    """Gives the number of bytes in the body as it arrived."""
    body = request.body
    return len(body) if isinstance(body, bytes) else body.size


def is_private(request: Request) -> bool:
    """Tells whether nobody on the way can change the body: TLS, or loopback."""
    if request.secure:
        return True
    try:
        address = ipaddress.ip_address(request.peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
