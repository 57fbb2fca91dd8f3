"""The canonical request of Signature Version 4, as the signer must have seen it.

Source: facts 9.1. Candidates are built from the raw request first, since every
client signs what it sends; only if the raw spelling is not AWS's own canonical
one, the re-encoded spelling is a second candidate, as AWS itself computes it.
Both name the same decoded path and query, so a signature over either says the
same thing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from urllib.parse import quote, unquote_to_bytes

from ostiary.wire.http import Request

_RUN = re.compile(r"[ \t]+", re.ASCII)
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,128}", re.ASCII)
_MOST_SIGNED_HEADERS = 100
_UNRESERVED = "-_.~"


def canonical_path(path: str, *, s3: bool) -> str:
    """Gives the canonical URI: as sent for S3, else normalised and encoded again."""
    if path in {"", "/"}:
        return "/"
    if s3:
        return path
    return quote(_normalised(path), safe="/~", encoding="latin-1")


def _normalised(path: str) -> str:
    """Gives RFC 3986 5.2.4, with runs of slashes taken as one."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    last = "/" if kept and path.endswith("/") else ""
    return f"/{'/'.join(kept)}{last}"


def canonical_query(query: str, *, presigned: bool) -> str:
    """Gives the sorted query in its raw spelling, without the signature itself."""
    if not query:
        return ""
    pairs = []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if not (presigned and name == "X-Amz-Signature"):
            pairs.append((name, value))
    pairs.sort()
    return "&".join(f"{name}={value}" for name, value in pairs)


def _reencoded(text: str, *, form: bool) -> str:
    """Gives the one spelling that AWS computes with."""
    raw = text.replace("+", " ") if form else text
    return quote(unquote_to_bytes(raw.encode("latin-1")), safe=_UNRESERVED)


def _reencoded_path(path: str) -> str:
    return "/".join(_reencoded(part, form=False) for part in path.split("/"))


def _reencoded_query(query: str) -> str:
    if not query:
        return ""
    return "&".join(
        f"{_reencoded(name, form=True)}={_reencoded(value, form=True)}"
        for name, _, value in (part.partition("=") for part in query.split("&"))
    )


@lru_cache(maxsize=512)
def signed_names(text: str) -> tuple[str, ...] | None:
    """Gives the names of a SignedHeaders list, or None if it is not one.

    They are lower case, sorted, without repeats, and at most a hundred.
    """
    names = tuple(text.split(";"))
    if len(names) > _MOST_SIGNED_HEADERS:
        return None
    if not all(map(_HEADER_NAME.fullmatch, names)):
        return None
    if any(a >= b for a, b in pairwise(names)):
        return None
    return names


def signed_part(
    index: Mapping[str, str], names: tuple[str, ...], payload: str
) -> str | None:
    """Gives the part from the headers on, or None if one of them did not arrive."""
    template, read = _template(names)
    try:
        values = read(index)
    except KeyError:
        return None
    # INVARIANT: a value cannot break out of its line.
    if "\n" in "".join(values):
        return None
    part = template % (*values, payload)
    if "\t" in part:
        return _RUN.sub(" ", part)
    for value in values:
        # Looking for one character is much faster than for two, and the longest
        # value, the session token, has no blank at all.
        if " " in value and "  " in value:
            return _RUN.sub(" ", part)
    return part


@lru_cache(maxsize=128)
def _template(
    names: tuple[str, ...],
) -> tuple[str, Callable[[Mapping[str, str]], tuple[str, ...]]]:
    """Gives that part with room for the values, and what reads these in order."""
    plain = [name.replace("%", "%%") for name in names]
    lines = "".join([f"{name}:%s\n" for name in plain])
    read = itemgetter(*names)
    return (
        f"{lines}\n{';'.join(plain)}\n%s",
        read if len(names) > 1 else lambda index: (read(index),),
    )


def canonical_requests(
    request: Request, names: tuple[str, ...], payload: str, *, s3: bool, presigned: bool
) -> Iterator[bytes]:
    """Gives the canonical requests that the signer may have signed, likeliest first.

    None at all means that a signed header is missing, or a line break is where no
    client can have sent one.
    """
    tail = signed_part(request.index, names, payload)
    path, query = request.path, request.query
    if tail is None or "\n" in path or "\n" in query:
        return
    uri = path if path == "/" else canonical_path(path, s3=s3)
    sorted_query = canonical_query(query, presigned=presigned) if query else ""
    first = _bytes(f"{request.method}\n{uri}\n{sorted_query}\n{tail}")
    if first is None:
        return
    yield first
    # A client may sign its own spelling of one and AWS's spelling of the other.
    for other_uri in _spellings(uri, _reencoded_path(uri) if s3 else uri):
        again = canonical_query(_reencoded_query(query), presigned=presigned)
        for other_query in _spellings(sorted_query, again):
            if other_uri != uri or other_query != sorted_query:
                text = f"{request.method}\n{other_uri}\n{other_query}\n{tail}"
                yield text.encode("latin-1")


def _spellings(sent: str, computed: str) -> tuple[str, ...]:
    return (sent,) if sent == computed else (sent, computed)


def _bytes(text: str) -> bytes | None:
    # The wire has one byte per character; anything else was never sent.
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None
