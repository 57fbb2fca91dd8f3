"""When something was used last, in SQL: the newest time wins, whoever writes it.

These rows take no revision and leave no change row, so no node reads anything again
because of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    delete,
    literal,
    or_,
    select,
    union_all,
)

from ostiary.identity.last_use import ActionUse, LastUse, password_of
from ostiary.store.last_use_tables import access_reports, action_uses, last_uses
from ostiary.store.tables import access_keys, accounts, roles, users
from ostiary.store.upsert import insert_or

_AT_ONCE: Final = 500
"""Values in one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """What happened since somebody looked; each subject and action once."""

    last: Sequence[LastUse] = ()
    actions: Sequence[ActionUse] = ()

    def __bool__(self) -> bool:
        return bool(self.last or self.actions)


class UseReader:
    """The part of a view that tells uses."""

    _connection: Connection

    def last_uses(self, subjects: Sequence[str]) -> dict[str, LastUse]:
        """The last uses of those that were used at all, by subject."""
        found: dict[str, LastUse] = {}
        for some in _chunks(subjects):
            query = select(last_uses).where(last_uses.c.subject.in_(some))
            for row in self._connection.execute(query).mappings():
                found[row["subject"]] = LastUse(**row)
        return found

    def action_uses(self, principals: Sequence[str]) -> list[ActionUse]:
        """What these principals did, by principal and action."""
        return [
            use
            for some in _chunks(principals)
            for use in self._uses(action_uses.c.principal.in_(some))
        ]

    def uses_in(self, account: str) -> list[ActionUse]:
        """What anybody of the account did, by action."""
        return self._uses(action_uses.c.account == account)

    def _uses(self, condition: ColumnElement[bool]) -> list[ActionUse]:
        query = select(action_uses).where(condition)
        order = (action_uses.c.principal, action_uses.c.action)
        rows = self._connection.execute(query.order_by(*order)).mappings()
        return [ActionUse(**row) for row in rows]


def merge(connection: Connection, uses: Uses) -> None:
    """Remember the uses that are newer than what is there."""
    _put(connection, last_uses, [asdict(one) for one in uses.last])
    _put(connection, action_uses, [asdict(one) for one in uses.actions])


def forget(connection: Connection, *, before: int, reports_before: int) -> None:
    """Forget old uses and reports, and the uses by those who are gone."""
    named = [select(table.c.id) for table in (users, roles)]
    passwords = [
        select(literal(password_of("")) + table.c.id) for table in (users, accounts)
    ]
    subjects = union_all(*named, select(access_keys.c.id), *passwords)
    doers = union_all(*named, select(accounts.c.id))
    for table, column, living in (
        (last_uses, last_uses.c.subject, subjects),
        (action_uses, action_uses.c.principal, doers),
    ):
        stale = or_(table.c.used < before, column.not_in(living))
        connection.execute(delete(table).where(stale))
    old = access_reports.c.created < reports_before
    connection.execute(delete(access_reports).where(old))


def _put(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    query = insert_or(connection, table)
    keys = list(table.primary_key.columns)
    newer = query.on_conflict_do_update(
        index_elements=keys,
        set_={
            column.name: query.excluded[column.name]
            for column in table.columns
            if column not in keys
        },
        where=query.excluded.used > table.c.used,
    )
    # In one order, so that two writers never wait for each other.
    rows.sort(key=lambda row: [row[key.name] for key in keys])
    connection.execute(newer, rows)


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
