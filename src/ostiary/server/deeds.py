"""What the operator does by a command beside the server, on the record (P6).

The record is kept in the change's own transaction. Its copy goes into a log of such
commands; when another one is writing that log, it stays in the database, and whoever
opens the log next, or the server's next start, brings it along.
"""

import asyncio
import os
import pwd
from typing import Final

from ostiary.gate.audit import AuditLog, AuditTakenError, missing
from ostiary.gate.operator_record import Deed, operator_record
from ostiary.identity.ids import request_ids
from ostiary.server.home import Home
from ostiary.server.system import now
from ostiary.store.port import Change

WRITER: Final = "operator"
"""The name of the audit log of these commands."""


def operator() -> str:
    """The name of whoever runs this, from the system and not from the environment."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def record(home: Home, change: Change, deed: Deed) -> None:
    """Keep the record of a deed together with what it changed.

    Args:
        home: opened with `WRITER`.
        change: the transaction that changes it.
        deed: what is done, and by whom.
    """
    [request_id] = request_ids(home.mint, 1)
    text = operator_record(
        deed, request_id=request_id, now=now(), revision=change.revision
    )
    change.record(request_id, text)


def copy(home: Home) -> None:
    """Bring the records that are in the database only into the log, on disk.

    Raises:
        AuditUnavailableError: the log cannot be written; the records stay where they
            are.
    """
    folder = home.settings.audit_folder
    try:
        log = AuditLog(folder, WRITER)
    except AuditTakenError:
        return
    try:
        rows = home.store.audit_records(WRITER)
        records = [(request_id, text) for _, request_id, text in rows]
        for text in missing(folder, records):
            log.write(text)
        asyncio.run(log.sync())
        home.store.forget_audit([request_id for request_id, _ in records])
    finally:
        log.close()
