"""Entities that changed, read together: one statement for many of a kind.

A change may be large, an import above all, and every node reads what it changed.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, select

from ostiary.identity.model import Entity
from ostiary.store.codec import decode, key_parts
from ostiary.store.port import Write
from ostiary.store.tables import TABLES

_AT_ONCE: Final = 500
"""Values in one statement; SQLite takes 32,766 of them, older ones 999."""


def writes_of(
    connection: Connection, rows: Sequence[tuple[type[Entity], str]]
) -> list[Write]:
    """Each changed entity as it is now, in the order of its change."""
    keys: dict[type[Entity], list[str]] = defaultdict(list)
    for kind, key in rows:
        keys[kind].append(key)
    found = {
        (kind, entity.key): entity
        for kind, some in keys.items()
        for entity in _entities(connection, kind, some)
    }
    return [
        Write(kind=kind, key=key, entity=found.get((kind, key))) for kind, key in rows
    ]


def _entities(
    connection: Connection, kind: type[Entity], keys: Sequence[str]
) -> Iterator[Entity]:
    """The entities that have these keys, and perhaps some that share their beginning.

    Of a key of two columns only the first is asked for: few rows share it.
    """
    table = TABLES[kind]
    first = next(iter(table.primary_key.columns))
    values = list(dict.fromkeys(key_parts(kind, key)[0] for key in keys))
    for start in range(0, len(values), _AT_ONCE):
        query = select(table).where(first.in_(values[start : start + _AT_ONCE]))
        for row in connection.execute(query).mappings():
            yield decode(kind, row)
