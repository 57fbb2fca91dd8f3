"""Many rows at once: one statement where a change alone would take one for each.

A change holds the lock on the revision counter, so what is large must be quick.
"""

from collections.abc import Sequence

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from ostiary.identity.model import Entity
from ostiary.store.codec import encode
from ostiary.store.port import AlreadyExistsError, Write
from ostiary.store.sql import SqlChange
from ostiary.store.tables import TABLES, audit, changes


def insert_all(change: SqlChange, entities: Sequence[Entity]) -> None:
    """Remember new entities of one kind; raises AlreadyExistsError, naming the first.

    It does what `Change.insert` does for each of them.
    """
    if not entities:
        return
    kind = type(entities[0])
    connection = change._connection  # noqa: SLF001 - the same floor, and the same work
    try:
        with connection.begin_nested():
            connection.execute(
                insert(TABLES[kind]), [encode(entity) for entity in entities]
            )
    except IntegrityError as error:
        raise AlreadyExistsError(entities[0].key) from error
    start = len(change.writes)
    rows = [
        {
            "revision": change.revision,
            "sequence": start + number,
            "kind": kind.__name__,
            "key": entity.key,
        }
        for number, entity in enumerate(entities)
    ]
    connection.execute(insert(changes), rows)
    change.writes.extend(
        Write(kind=kind, key=entity.key, entity=entity) for entity in entities
    )


def record_all(change: SqlChange, records: Sequence[tuple[str, str]]) -> None:
    """Keep audit records in the same transaction (P6).

    Args:
        change: the change that they tell of.
        records: request ids and texts.
    """
    if not records:
        return
    writer = change._writer  # noqa: SLF001 - as above
    rows = [
        {"request_id": request_id, "writer": writer, "record": record}
        for request_id, record in records
    ]
    change._connection.execute(insert(audit), rows)  # noqa: SLF001 - as above
