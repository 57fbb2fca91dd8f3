"""`ostiary account …`: what it leaves on the record."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostiary.cli import accounts
from ostiary.cli.opening import opened, settings_of
from ostiary.gate.audit import AuditLog
from ostiary.identity.model import Account
from ostiary.server import deeds

CREATED = "222222222222"


def logged(home: Path) -> list[dict[str, Any]]:
    """The records in the log of commands."""
    file = home / "audit" / f"{deeds.WRITER}.jsonl"
    lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines]


def close(home: Path) -> None:
    """The account is closed."""
    with opened(settings_of(home)).store.change() as change:
        account = change.find(Account, CREATED)
        assert account is not None
        change.replace(replace(account, closed=1))


@pytest.mark.threat("T131")
def test_accounts_are_made_and_reopened_on_the_record(tmp_path: Path) -> None:
    """Who, by which command, what became of it; in the log, and no longer beside it."""
    accounts.create("b", CREATED, tmp_path, as_json=False)
    close(tmp_path)
    accounts.reopen(CREATED, tmp_path)
    made, reopened = logged(tmp_path)
    assert [made["eventName"], reopened["eventName"]] == [
        "CreateAccount",
        "ReopenAccount",
    ]
    for record, command in ((made, "create"), (reopened, "reopen")):
        assert record["eventSource"] == "organizations.amazonaws.com"
        assert record["userAgent"] == f"ostiary account {command}"
        assert record["userIdentity"]["userName"] == deeds.operator()
        assert record["requestParameters"] == {
            "accountId": CREATED,
            "accountName": "b",
        }
        assert record["revision"] > 0
    assert opened(settings_of(tmp_path)).store.audit_records() == []


def test_what_changes_nothing_leaves_no_record(tmp_path: Path) -> None:
    """An account that is open, or not there, or whose name is taken."""
    accounts.create("b", CREATED, tmp_path, as_json=False)
    for account in (CREATED, "333333333333"):
        with pytest.raises(SystemExit):
            accounts.reopen(account, tmp_path)
    with pytest.raises(SystemExit):
        accounts.create("b", CREATED, tmp_path, as_json=False)
    assert len(logged(tmp_path)) == 1


def test_a_record_waits_while_another_command_writes_the_log(tmp_path: Path) -> None:
    """It is in the database from the start, and the next command brings it along."""
    settings = settings_of(tmp_path)
    opened(settings)
    busy = AuditLog(settings.audit_folder, deeds.WRITER)
    accounts.create("b", CREATED, tmp_path, as_json=False)
    assert logged(tmp_path) == []
    assert len(opened(settings).store.audit_records(deeds.WRITER)) == 1
    busy.close()
    accounts.create("c", "333333333333", tmp_path, as_json=False)
    names = [one["requestParameters"]["accountName"] for one in logged(tmp_path)]
    assert names == ["b", "c"]
