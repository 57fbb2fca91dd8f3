"""Calls without parameters, read once: many clients send the same bytes all day.

What is kept has nothing of a client's own: an operation's name and no parameters.
"""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from ostiary.wire.http import Request
from ostiary.wire.service import Service
from ostiary.wire.target import Target

NOTHING: Mapping[str, Any] = MappingProxyType({})
"""The parameters of a call that has none."""
_LONGEST = 256
"""Characters of a body and of a content type that are looked up."""
_MOST = 256

_targets: dict[tuple[str, str, bytes], Target] = {}
_hashes: dict[bytes, str] = {}
"""SHA-256 of the bodies of these calls, which say nothing but an operation's name."""


def find_plain(request: Request, service: Service) -> Target | None:
    """Gives the target of a request that equals one which was kept, or None."""
    place = _place(request, service)
    return None if place is None else _targets.get(place)


def body_hash(body: bytes) -> str:
    """Gives the SHA-256 of a body, hexadecimal; the same ones come all day."""
    known = _hashes.get(body) if len(body) <= _LONGEST else None
    return known or sha256(body).hexdigest()


def keep_plain(request: Request, target: Target) -> Target:
    """Gives the target, which the next request that equals this one gets, too."""
    place = _place(request, target.service)
    if place is not None and target.params is NOTHING:
        if len(_targets) >= _MOST:
            _targets.clear()
            _hashes.clear()
        _targets[place] = target
        _hashes[place[2]] = sha256(place[2]).hexdigest()
    return target


def _place(request: Request, service: Service) -> tuple[str, str, bytes] | None:
    """Gives all that the reading of such a request depends on, or None for others."""
    index, body = request.index, request.body
    if (
        request.method != "POST"
        or request.path != "/"
        or request.query
        or "x-amz-target" in index
        or "content-encoding" in index
        or not isinstance(body, bytes)
        or len(body) > _LONGEST
    ):
        return None
    kind = index.get("content-type", "")
    return None if len(kind) > _LONGEST else (service.name, kind, body)
