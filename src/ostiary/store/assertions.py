"""Assertions that were used, in SQL: each of them opens one session (decision 0016).

These rows take no revision and leave no change row: no decision reads them, so no
node reads anything again because somebody has signed in.
"""

from typing import Final

from sqlalchemy import Connection, Index, Table, delete

from ostiary.store.columns import metadata, text, time
from ostiary.store.upsert import insert_or

used_assertions: Final = Table(
    "used_assertion",
    metadata,
    text("name", key=True),
    time("ends"),
    Index(None, "ends"),
)


def use_once(connection: Connection, name: str, *, ends: int, now: int) -> bool:
    """Whether this is the first use; of many at once, exactly one is.

    Args:
        connection: in a transaction; what is used in one that fails is not used.
        name: the provider's and the assertion's.
        ends: when the assertion is good for nothing any more, and forgotten.
        now: seconds since the epoch.
    """
    connection.execute(delete(used_assertions).where(used_assertions.c.ends <= now))
    query = insert_or(connection, used_assertions).values(name=name, ends=ends)
    result = connection.execute(query.on_conflict_do_nothing())
    return result.rowcount == 1
