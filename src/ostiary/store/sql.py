"""The one implementation of the store: SQLAlchemy Core, over SQLite by default.

Shaped for many nodes: a change locks the revision counter first, one-time facts
are single conditional statements, and nothing is used that PostgreSQL lacks.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    Select,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from ostiary.identity import model
from ostiary.identity.model import Entity
from ostiary.store.assertions import use_once
from ostiary.store.codec import decode, encode, name_key, order_of, where_key
from ostiary.store.engine import reading, writing
from ostiary.store.following import writes_of
from ostiary.store.kinds import present_kinds
from ostiary.store.last_uses import UseReader, Uses, forget, merge
from ostiary.store.port import (
    EVERYTHING,
    AlreadyExistsError,
    E,
    InUseError,
    Page,
    StoreUnavailableError,
    TryRow,
    Value,
    Write,
)
from ostiary.store.tables import KINDS, TABLES, audit, changes, revisions, tries

Listener = Callable[[int, list[Write]], None]
_LAST_CHARACTER = "\U0010ffff"
_AT_ONCE = 500
"""Values in one statement; SQLite takes 32,766 of them, older ones 999."""
_FORWARD = update(revisions).values(current=revisions.c.current + 1)
_BACK = update(revisions).values(current=revisions.c.current - 1)
_CURRENT = select(revisions.c.current)


class SqlStore:
    """Entities in a SQL database.

    Args:
        engine: the database.
        writer: the name of the audit log that gets copies of this store's records.
    """

    def __init__(self, engine: Engine, writer: str = "api") -> None:
        self._engine = engine
        self._writer = writer
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Call `listener(revision, writes)` after each commit of this store."""
        self._listeners.append(listener)

    @contextmanager
    def read(self) -> Iterator["SqlReader"]:
        """A consistent view."""
        with _available(), reading(self._engine) as connection, connection.begin():
            yield SqlReader(connection, _current(connection))

    @contextmanager
    def change(self) -> Iterator["SqlChange"]:
        """A change; commits when the block ends, rolls back when it raises."""
        with _available(), writing(self._engine) as connection, connection.begin():
            connection.execute(_FORWARD)
            change = SqlChange(connection, _current(connection), self._writer)
            yield change
            if not change.writes:
                # Nothing to follow: give the number back, so that revisions stay
                # without gaps (T114). Audit records are kept.
                connection.execute(_BACK)
        if change.writes:
            for listener in self._listeners:
                listener(change.revision, change.writes)

    @contextmanager
    def ledger(self) -> Iterator["SqlLedger"]:
        """A transaction over tries and used codes; it takes no revision."""
        with _available(), writing(self._engine) as connection, connection.begin():
            yield SqlLedger(connection, self._writer)

    def everything(
        self, but: Collection[type[Entity]] = ()
    ) -> tuple[int, list[Entity]]:
        """The revision, and all entities as of it, without those of some kinds."""
        with self.read() as view:
            present = present_kinds(view._connection)  # noqa: SLF001 - its own
            kinds = [kind for kind in TABLES if kind in present and kind not in but]
            return view.revision, [one for kind in kinds for one in view.list_by(kind)]

    def writes_since(self, revision: int) -> tuple[int, list[Write]]:
        """The newest revision, and what changed after the given one, in order.

        Entities are read in the same view as the change rows, so the answer is
        one state and never a mixture (T115).
        """
        with self.read() as view:
            rows = [] if view.revision == revision else view.changed_since(revision)
            return view.revision, writes_of(view._connection, rows)  # noqa: SLF001 - its own

    def note_uses(self, uses: Uses) -> None:
        """Remember what was used; it takes no revision (facts 10.9)."""
        with _available(), writing(self._engine) as connection, connection.begin():
            merge(connection, uses)

    def forget_uses(self, before: int, reports_before: int) -> None:
        """Forget uses and access reports that are older than these times."""
        with _available(), writing(self._engine) as connection, connection.begin():
            forget(connection, before=before, reports_before=reports_before)

    def audit_records(self, writer: str = "") -> list[tuple[int, str, str]]:
        """Number, request id and text of the records that changes left, in order.

        Those of one writer, or of all when none is named.
        """
        query = select(audit.c.id, audit.c.request_id, audit.c.record)
        if writer:
            query = query.where(audit.c.writer == writer)
        with _available(), reading(self._engine) as connection:
            rows = connection.execute(query.order_by(audit.c.id))
            return [(row.id, row.request_id, row.record) for row in rows]

    def forget_audit(self, request_ids: Sequence[str]) -> None:
        """Forget the records of these requests: a log on disk has them."""
        with _available(), writing(self._engine) as connection, connection.begin():
            for start in range(0, len(request_ids), _AT_ONCE):
                some = request_ids[start : start + _AT_ONCE]
                connection.execute(delete(audit).where(audit.c.request_id.in_(some)))


class SqlReader(UseReader):
    """A consistent view over one connection."""

    def __init__(self, connection: Connection, revision: int) -> None:
        self._connection = connection
        self.revision = revision

    def find(self, kind: type[E], key: str) -> E | None:
        """The entity with this key."""
        return self._one(kind, where_key(kind, key))

    def find_by(self, kind: type[E], /, **equal: Value) -> E | None:
        """The one entity whose columns have these values."""
        return self._one(kind, _where(kind, equal))

    def list_by(
        self, kind: type[E], /, page: Page = EVERYTHING, **equal: Value
    ) -> list[E]:
        """Entities whose columns have these values, in the order of their names."""
        table = TABLES[kind]
        # What all rows have in common cannot order them.
        order = [column for column in order_of(table) if column.key not in equal]
        query = select(table).where(_where(kind, equal)).order_by(*order)
        if page.after:
            query = query.where(order[-1] > page.after)
        if page.path_prefix != "/":
            prefix = page.path_prefix
            query = query.where(
                and_(table.c.path >= prefix, table.c.path < prefix + _LAST_CHARACTER)
            )
        if page.filled:
            query = query.where(table.c[page.filled] != "")
        rows = self._connection.execute(query.limit(page.limit)).mappings()
        return [decode(kind, row) for row in rows]

    def count(self, kind: type[Entity], /, **equal: Value) -> int:
        """How many entities have these values."""
        query = select(func.count()).select_from(TABLES[kind])
        return self._connection.execute(query.where(_where(kind, equal))).scalar_one()

    def changed_since(self, revision: int) -> list[tuple[type[Entity], str]]:
        """Which entities changed after the revision, each once, oldest first."""
        query = (
            select(changes.c.kind, changes.c.key)
            .where(changes.c.revision > revision)
            .order_by(changes.c.revision, changes.c.sequence)
        )
        rows = dict.fromkeys(
            (row.kind, row.key) for row in self._connection.execute(query)
        )
        return [(KINDS[kind], key) for kind, key in rows]

    def _one(self, kind: type[E], condition: ColumnElement[bool]) -> E | None:
        return _first(self._connection, kind, select(TABLES[kind]).where(condition))


class SqlChange(SqlReader):
    """One change; it holds the lock on the revision counter."""

    def __init__(self, connection: Connection, revision: int, writer: str) -> None:
        super().__init__(connection, revision)
        self.writes: list[Write] = []
        self._writer = writer

    def insert(self, entity: Entity) -> None:
        """Remember a new entity; raises AlreadyExistsError."""
        # A savepoint, so that the change can go on after a refused insert.
        try:
            with self._connection.begin_nested():
                table = TABLES[type(entity)]
                self._connection.execute(insert(table), encode(entity))
        except IntegrityError as error:
            raise AlreadyExistsError(entity.key) from error
        self._note(entity, gone=False)

    def replace(self, entity: Entity) -> None:
        """Put this value in place of the one with the same key."""
        kind = type(entity)
        self._connection.execute(
            update(TABLES[kind])
            .where(where_key(kind, entity.key))
            .values(**encode(entity))
        )
        self._note(entity, gone=False)

    def delete(self, entity: Entity) -> None:
        """Forget the entity; raises InUseError."""
        kind = type(entity)
        query = delete(TABLES[kind]).where(where_key(kind, entity.key))
        try:
            with self._connection.begin_nested():
                self._connection.execute(query)
        except IntegrityError as error:
            raise InUseError(entity.key) from error
        self._note(entity, gone=True)

    def clear_tries(self, device: str) -> None:
        """Forget all tries at this MFA device (T12)."""
        self._connection.execute(delete(tries).where(tries.c.device == device))

    def use_assertion(self, name: str, *, ends: int, now: int) -> bool:
        """Whether this assertion is used for the first time; it takes no revision."""
        return use_once(self._connection, name, ends=ends, now=now)

    def record(self, request_id: str, record: str) -> None:
        """Keep an audit record in the same transaction (P6)."""
        _record(self._connection, self._writer, request_id, record)

    def _one(self, kind: type[E], condition: ColumnElement[bool]) -> E | None:
        # Locked, because a ledger transaction needs no revision: else `replace` could
        # put a device's used step back to what it was when it was found (P1).
        return _first(self._connection, kind, _locked(kind, condition))

    def _note(self, entity: Entity, *, gone: bool) -> None:
        row = {
            "revision": self.revision,
            "sequence": len(self.writes),
            "kind": type(entity).__name__,
            "key": entity.key,
        }
        self._connection.execute(insert(changes), row)
        self.writes.append(
            Write(kind=type(entity), key=entity.key, entity=None if gone else entity)
        )


class SqlLedger:
    """One-time facts; each method is one conditional statement."""

    def __init__(self, connection: Connection, writer: str) -> None:
        self._connection = connection
        self._writer = writer

    def device(self, serial: str) -> model.MFADevice | None:
        """The device as it is now, locked: whoever reads it holds its tries, too."""
        kind = model.MFADevice
        return _first(self._connection, kind, _locked(kind, where_key(kind, serial)))

    def login(self, user: str) -> model.LoginProfile | None:
        """The user's password as it is now, locked, and with it its tries."""
        kind = model.LoginProfile
        return _first(self._connection, kind, _locked(kind, where_key(kind, user)))

    def tries(self, device: str) -> list[TryRow]:
        """All credentials' tries at this device."""
        rows = self._connection.execute(select(tries).where(tries.c.device == device))
        return [TryRow(**row) for row in rows.mappings()]

    def swap_tries(self, old: TryRow | None, new: TryRow) -> bool:
        """Put `new` in place of `old`; False when somebody else was quicker."""
        if old is None:
            try:
                with self._connection.begin_nested():
                    self._connection.execute(insert(tries).values(**asdict(new)))
            except IntegrityError:
                return False
            return True
        unchanged = and_(
            *(tries.c[name] == value for name, value in asdict(old).items())
        )
        return _moved(
            self._connection.execute(
                update(tries).where(unchanged).values(**asdict(new))
            )
        )

    def forget_tries(self, device: str, before: int) -> None:
        """Forget old tries at this device by access keys that are gone."""
        living = select(TABLES[model.AccessKey].c.id)
        self._connection.execute(
            delete(tries).where(
                tries.c.device == device,
                tries.c.last_failure_at < before,
                tries.c.last_success_at < before,
                tries.c.credential.not_in(living),
            )
        )

    def burn(self, serial: str, *, device: str, user: str, step: int) -> bool:
        """Move the last used step forward; exactly one of many callers gets True."""
        table = TABLES[model.MFADevice]
        return _moved(
            self._connection.execute(
                update(table)
                .where(
                    table.c.serial == serial,
                    table.c.id == device,
                    table.c.user == user,
                    table.c.last_step < step,
                )
                .values(last_step=step)
            )
        )

    def record(self, request_id: str, record: str) -> None:
        """Keep an audit record in the same transaction."""
        _record(self._connection, self._writer, request_id, record)


def _locked(kind: type[Entity], condition: ColumnElement[bool]) -> Select[Any]:
    """A query whose rows nobody else changes before the transaction ends.

    SQLite has no row locks and needs none: its writers come one after the other.
    """
    return select(TABLES[kind]).where(condition).with_for_update()


def _first(connection: Connection, kind: type[E], query: Select[Any]) -> E | None:
    row = connection.execute(query).mappings().first()
    return None if row is None else decode(kind, row)


def _moved(result: CursorResult[Any]) -> bool:
    return result.rowcount == 1


def _record(connection: Connection, writer: str, request_id: str, record: str) -> None:
    row = {"request_id": request_id, "writer": writer, "record": record}
    connection.execute(insert(audit), row)


def _where(kind: type[Entity], equal: dict[str, Value]) -> ColumnElement[bool]:
    """The condition that columns have these values; names fold their case."""
    table = TABLES[kind]
    parts: list[ColumnElement[bool]] = []
    for column, value in equal.items():
        if column == "name" and "name_key" in table.c:
            parts.append(table.c.name_key == name_key(str(value)))
        else:
            parts.append(table.c[column] == value)
    return and_(True, *parts)  # noqa: FBT003 - SQL's own neutral element


def _current(connection: Connection) -> int:
    current: int = connection.execute(_CURRENT).scalar_one()
    return current


@contextmanager
def _available() -> Iterator[None]:
    """A driver's error means that the database did not serve, not that it said no."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise StoreUnavailableError(type(error).__name__) from error
