"""Entities to rows and back."""

import json
from dataclasses import fields
from typing import Any, cast

from sqlalchemy import ColumnElement, RowMapping, Table, and_

from ostiary.identity.model import Entity, Tags
from ostiary.store.port import E
from ostiary.store.tables import TABLES

_FIELDS = {
    kind: tuple(field.name for field in fields(cast("Any", kind))) for kind in TABLES
}
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TO_LOWER = str.maketrans(_UPPER, _UPPER.lower())


def name_key(name: str) -> str:
    """The name in ASCII lower case; other letters never fold (T58)."""
    return name.translate(_TO_LOWER)


def encode(entity: Entity) -> dict[str, object]:
    """The entity as a row of its table."""
    row: dict[str, object] = {
        name: getattr(entity, name) for name in _FIELDS[type(entity)]
    }
    if "tags" in row:
        row["tags"] = json.dumps(row["tags"], separators=(",", ":"))
    if "name_key" in TABLES[type(entity)].c:
        row["name_key"] = name_key(cast("str", row["name"]))
    return row


def decode(kind: type[E], row: RowMapping) -> E:
    """The entity that a row holds."""
    values: dict[str, Any] = {name: row[name] for name in _FIELDS[kind]}
    if "tags" in values:
        values["tags"] = _tags(values["tags"])
    return kind(**values)


def _tags(text: str) -> Tags:
    if text == "[]":
        # Most entities have none, and a page has a thousand of them.
        return ()
    return tuple((key, value) for key, value in json.loads(text))


def identity_columns(kind: type[Entity]) -> tuple[str, ...]:
    """The columns that make up the entity's key, in the key's order."""
    return tuple(column.name for column in TABLES[kind].primary_key.columns)


def key_parts(kind: type[Entity], key: str) -> tuple[str | int, ...]:
    """The key's column values; keys of two columns are joined by a blank."""
    columns = TABLES[kind].primary_key.columns
    if len(columns) == 1:
        return (key,)
    first, _, second = key.partition(" ")
    if list(columns)[1].type.python_type is int:
        return (first, int(second.removeprefix("v")))
    return (first, second)


def where_key(kind: type[Entity], key: str) -> ColumnElement[bool]:
    """The condition that picks the row with this key."""
    table = TABLES[kind]
    names = identity_columns(kind)
    return and_(
        *(
            table.c[name] == part
            for name, part in zip(names, key_parts(kind, key), strict=True)
        )
    )


def order_of(table: Table) -> tuple[ColumnElement[Any], ...]:
    """How lists of this table are sorted: by name where there is one."""
    if "name_key" in table.c:
        return (table.c.name_key,)
    return tuple(table.primary_key.columns)
