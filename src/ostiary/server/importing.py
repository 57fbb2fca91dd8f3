"""An import carried out: a transaction per account, with its audit records.

It works on the store beside a running server, which follows as it follows any other
process. What takes time is done before a transaction begins, so the lock is short.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ostiary.gate.audit import AuditLog
from ostiary.gate.operator_record import Deed, operator_record
from ostiary.identity.ids import Mint, request_ids
from ostiary.identity.vault import Vault
from ostiary.server.home import Home, create_account, locked
from ostiary.server.system import now
from ostiary.services.imports.details import AccountDetail
from ostiary.services.imports.plan import Event, NewKey, Plan, carry_out
from ostiary.services.imports.planning import Progress, Wishes, plan_all
from ostiary.store.bulk import insert_all, record_all
from ostiary.store.sql import SqlChange

WRITER = "import"
"""The name of the audit log of imports."""
COMMAND = "ostiary import"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Means:
    """What making a key takes."""

    now: int
    mint: Mint
    vault: Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be imported, and how."""

    accounts: Sequence[AccountDetail]
    wishes: Wishes
    source: str
    """Where it came from, for the audit log."""
    operator: str
    account_name: str = ""
    """What a new account is called; its id when empty."""
    key_file: Path | None = None
    progress: Progress = lambda *_: None


class Importer:
    """One import into one installation."""

    def __init__(self, home: Home, order: Order) -> None:
        self._home = home
        self._order = order
        self._revision = 0

    def plan(self) -> list[Plan]:
        """What it would do; raises ImportRefused. Nothing is changed."""
        with self._home.store.read() as view:
            self._revision = view.revision
            return plan_all(
                view,
                self._means(),
                self._order.accounts,
                self._order.wishes,
                self._order.progress,
            )

    def run(self, plans: Sequence[Plan], done: Callable[[Plan], None]) -> None:
        """Carry the plans out, one after the other.

        Args:
            plans: what `plan` returned.
            done: told of each account that is committed, with what was done to it.

        Raises:
            ImportRefused: something changed meanwhile so that it is impossible now.
            AlreadyExistsError: the new account's name is taken.
            AuditTakenError: another import is running.
        """
        log = AuditLog(self._home.settings.audit_folder, WRITER)
        try:
            for plan in plans:
                done(plan if plan.is_empty else self._carry_out(plan, log))
        finally:
            log.close()

    def _carry_out(self, plan: Plan, log: AuditLog) -> Plan:
        """The plan as it was done; it is committed, and in the audit log."""
        home = self._home
        with locked(home.settings), home.store.change() as change:
            if change.revision != self._revision + 1:
                plan = self._again(plan.account, change)
            self._revision = change.revision
            self._order.progress(f"writing account {plan.account}", 0, 1)
            if plan.is_new:
                name = self._order.account_name or plan.account
                create_account(home, change, name, plan.account)
            carry_out(plan, change, partial(insert_all, change))
            records = self._records(plan, change.revision)
            record_all(change, records)
            # Before the commit: keys that nobody has would be of no use.
            if self._order.key_file is not None and plan.keys:
                write_keys(self._order.key_file, plan.account, plan.keys)
        self._copy(records, log)
        self._order.progress(f"writing account {plan.account}", 1, 1)
        return plan

    def _again(self, account: str, change: SqlChange) -> Plan:
        """The account's plan anew: somebody else was here meanwhile."""
        order = self._order
        plans = plan_all(change, self._means(), order.accounts, order.wishes)
        return next(one for one in plans if one.account == account)

    def _records(self, plan: Plan, revision: int) -> list[tuple[str, str]]:
        """A record for each change, with the request ids that they go under."""
        time = now()
        events = list(plan.events)
        if plan.is_new:
            root = f"arn:aws:iam::{plan.account}:root"
            named = {"accountName": self._order.account_name or plan.account}
            events.insert(
                0, Event(operation="CreateAccount", arn=root, parameters=named)
            )
        ids = request_ids(self._home.mint, len(events))
        return [
            (one_id, self._record(plan, one, one_id, time, revision))
            for one_id, one in zip(ids, events, strict=True)
        ]

    def _record(
        self, plan: Plan, event: Event, request_id: str, time: float, revision: int
    ) -> str:
        deed = Deed(
            operator=self._order.operator,
            command=COMMAND,
            account=plan.account,
            operation=event.operation,
            arn=event.arn,
            parameters=event.parameters,
            why=f"imported from {self._order.source}",
        )
        return operator_record(deed, request_id=request_id, now=time, revision=revision)

    def _copy(self, records: Sequence[tuple[str, str]], log: AuditLog) -> None:
        """The log has the records on disk, and the database no longer needs them."""
        for request_id, record in records:
            log.write(record, copy_of=request_id)
        done = asyncio.run(log.synced_copies())
        self._home.store.forget_audit(done)

    def _means(self) -> _Means:
        return _Means(
            now=int(now()), mint=self._home.mint, vault=self._home.vault.current
        )


def write_keys(file: Path, account: str, keys: Sequence[NewKey]) -> None:
    """Add access keys to a shared credentials file that only its owner reads.

    Profiles are called `ACCOUNT/USER`. The file was not there before this import: see
    `claim`.
    """
    lines = [
        f"[{account}/{one.user}]\n"
        f"aws_access_key_id = {one.id}\n"
        f"aws_secret_access_key = {one.secret.reveal()}\n\n"
        for one in keys
    ]
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.writelines(lines)
        handle.flush()
        os.fsync(handle.fileno())


def claim(file: Path) -> None:
    """Make the file for access keys, empty and for its owner only.

    Raises:
        OSError: it is there already, or cannot be made.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    os.close(os.open(file, flags, 0o600))
