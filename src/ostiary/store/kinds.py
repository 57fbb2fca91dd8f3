"""Which kinds of entities there are any of, asked at once."""

from typing import Final

from sqlalchemy import Connection

from ostiary.identity.model import Entity
from ostiary.store.tables import KINDS, TABLES

_WHICH: Final = " UNION ALL ".join(
    f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{TABLES[kind].name}\")"  # noqa: S608 - our own names
    for name, kind in KINDS.items()
)


def present_kinds(connection: Connection) -> frozenset[type[Entity]]:
    """The kinds with a row at least.

    Most tables of a small installation are empty, and a query for each of them costs a
    start more than all that is found.
    """
    return frozenset(KINDS[name] for (name,) in connection.exec_driver_sql(_WHICH))
