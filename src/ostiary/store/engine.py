"""The database connection: durable, and with transactions that begin as told."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text

from ostiary.store.tables import HEAD, metadata, revisions
from ostiary.store.turns import turn

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 5000


class SchemaError(Exception):
    """The database's schema is not the one this version works with."""


def open_engine(url: str) -> Engine:
    """An engine for the URL; for SQLite every connection is in WAL mode and FULL sync.

    NORMAL would lose acknowledged commits on a power loss (T110).
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def reading(engine: Engine) -> Connection:
    """A connection whose transactions see one state from beginning to end."""
    if engine.dialect.name == "sqlite":
        return engine.connect()
    return engine.connect().execution_options(isolation_level="REPEATABLE READ")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection whose transactions may write from their first statement on.

    Raises:
        StoreUnavailableError: other processes keep writing to the same SQLite file.
    """
    with _turn(engine), engine.connect() as connection:
        yield connection.execution_options(ostiary_writes=True)


def _turn(engine: Engine) -> AbstractContextManager[None]:
    file = engine.url.database
    if engine.dialect.name != "sqlite" or not file or file == ":memory:":
        return nullcontext()
    return turn(f"{file}-turn", BUSY_TIMEOUT_MS / 1000)


def _prepare_sqlite(
    connection: "DBAPIConnection", _record: "ConnectionPoolEntry"
) -> None:
    # The driver must not begin by itself: it would begin too late for a read to be
    # one state, and without the write lock for a change.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("ostiary_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def prepare_schema(engine: Engine) -> None:
    """The database holds the newest schema afterwards; raises SchemaError if it cannot.

    A new database gets the tables at once and is marked as migrated (a test holds
    tables and migrations in step); an older one is migrated by alembic, whose
    import is too slow for every start.
    """
    version = _version(engine)
    if version == HEAD:
        return
    if version is None:
        _create(engine)
        return
    from alembic import command  # noqa: PLC0415 - slow, and rarely needed

    from ostiary.store.migrations import config  # noqa: PLC0415

    try:
        with writing(engine) as connection, connection.begin():
            command.upgrade(config(connection), "head")
    except Exception as error:
        raise SchemaError(f"cannot migrate the database from `{version}`") from error


def _version(engine: Engine) -> str | None:
    """The revision that the database says it has; None when it is empty."""
    with reading(engine) as connection:
        tables = inspect(connection).get_table_names()
        if "alembic_version" not in tables:
            if "revision" in tables:
                raise SchemaError("the database has tables but no `alembic_version`")
            return None
        found: Any = connection.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar()
        return str(found)


def _create(engine: Engine) -> None:
    with writing(engine) as connection, connection.begin():
        metadata.create_all(connection)
        connection.execute(
            text(
                "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
                "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
            )
        )
        connection.execute(
            text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD}
        )
        if connection.execute(select(revisions.c.current)).first() is None:
            connection.execute(revisions.insert().values(id=1, current=0))
