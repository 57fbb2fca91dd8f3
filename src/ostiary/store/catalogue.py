"""The managed policies of AWS that a home need not have: read from a file on demand.

A policy gets into the store when somebody is given it (`services.iam.managed.keep`);
until then it is found here, by ARN or in the order of names. The index is read when it
is first asked for, documents one at a time.
"""

import base64
import hashlib
import json
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

from ostiary.identity.model import AWS, PARTITION, Policy, PolicyVersion, iam_arn
from ostiary.store.codec import name_key
from ostiary.store.port import Page

FILE: Final = "aws_managed_policies.bin"
_PREFIX: Final = f"arn:{PARTITION}:iam::{AWS}:policy/"
_ID_LENGTH: Final = 17


class _Row(NamedTuple):
    """A policy in the index, as `scripts/managed_policies.py` writes it."""

    name: str
    path: str
    number: int
    """Of the default version, the only one that is known."""
    created: int
    updated: int
    id: str
    """Empty when it comes from the ARN."""
    description: str
    length: int
    """Bytes of the compressed document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """All policies, and where their documents stand."""

    rows: list[_Row]
    """By folded name."""
    keys: list[str]
    """The folded names."""
    starts: list[int]
    """Where in the file each document begins."""
    places: dict[str, int]
    """By ARN."""


def find(arn: str) -> Policy | None:
    """The policy of AWS with this ARN."""
    if not arn.startswith(_PREFIX):
        return None
    index = _index()
    place = index.places.get(arn)
    return None if place is None else _policy(index.rows[place])


def find_version(arn: str) -> PolicyVersion | None:
    """The default version of the policy of AWS with this ARN."""
    text = find_text(arn)
    if text is None:
        return None
    row = _index().rows[_index().places[arn]]
    return PolicyVersion(policy=arn, number=row.number, text=text, created=row.updated)


@lru_cache(maxsize=128)
def find_text(arn: str) -> str | None:
    """The document in force of the policy of AWS with this ARN."""
    if not arn.startswith(_PREFIX):
        return None
    index = _index()
    place = index.places.get(arn)
    if place is None:
        return None
    with files("ostiary.data").joinpath(FILE).open("rb") as file:
        file.seek(index.starts[place])
        packed = file.read(index.rows[place].length)
    return zlib.decompress(packed).decode()


def listed(page: Page) -> list[Policy]:
    """The policies after a name and under a path, in the order of their names."""
    index = _index()
    found: list[Policy] = []
    for place in range(bisect_right(index.keys, page.after), len(index.rows)):
        if len(found) == page.limit:
            break
        row = index.rows[place]
        if row.path.startswith(page.path_prefix):
            found.append(_policy(row))
    return found


@cache
def _index() -> _Index:
    with files("ostiary.data").joinpath(FILE).open("rb") as file:
        line = file.readline()
        rows = [_Row(*row) for row in json.loads(zlib.decompress(file.read(int(line))))]
    starts, start = [], len(line) + int(line)
    for row in rows:
        starts.append(start)
        start += row.length
    return _Index(
        rows=rows,
        keys=[name_key(row.name) for row in rows],
        starts=starts,
        places={_arn(row): place for place, row in enumerate(rows)},
    )


def _arn(row: _Row) -> str:
    return iam_arn(AWS, "policy", row.path, row.name)


def _policy(row: _Row) -> Policy:
    arn = _arn(row)
    return Policy(
        arn=arn,
        id=row.id or _id(arn),
        account=AWS,
        name=row.name,
        path=row.path,
        created=row.created,
        updated=row.updated,
        description=row.description,
        default_version=row.number,
        next_version=row.number + 1,
        tags=(),
    )


def _id(arn: str) -> str:
    """An id that is the same in every home; AWS's own is not in the file."""
    digest = hashlib.sha256(arn.encode()).digest()
    return "ANPA" + base64.b32encode(digest).decode()[:_ID_LENGTH]
