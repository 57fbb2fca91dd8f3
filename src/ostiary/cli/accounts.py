"""`ostiary account …`."""

import json
import re
from dataclasses import replace
from pathlib import Path

from ostiary.cli.opening import opened, settings_of, stop, warn
from ostiary.gate.audit import AuditUnavailableError
from ostiary.gate.operator_record import Deed
from ostiary.identity import ids
from ostiary.identity.model import Account
from ostiary.server import deeds
from ostiary.server.home import Home, create_account, locked
from ostiary.store.port import AlreadyExistsError, StoreUnavailableError

_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_ID = re.compile(r"[0-9]{12}", re.ASCII)


def is_account_name(name: str) -> bool:
    """Whether an account, and its profile, may be called so."""
    return bool(_NAME.fullmatch(name)) and name != "default"


def create(name: str, account_id: str, home: Path | None, *, as_json: bool) -> None:
    """Make an account; its root key is profile NAME of the credentials file."""
    if not is_account_name(name):
        raise stop(
            f"`{name}` cannot name an account; use 1 to 64 of letters, digits, "
            "`+=,.@-_`, and not `default`",
            2,
        )
    if account_id and not _ID.fullmatch(account_id):
        raise stop(f"`{account_id}` is not an account id of twelve digits", 2)
    settings = settings_of(home)
    installation = opened(settings, deeds.WRITER)
    account_id = account_id or ids.account_id(installation.mint)
    try:
        with locked(settings), installation.store.change() as change:
            key_id = create_account(installation, change, name, account_id)
            deed = _deed("create", "CreateAccount", account_id, name)
            deeds.record(installation, change, deed)
    except AlreadyExistsError:
        raise stop(
            f"an account with id `{account_id}` or name `{name}` is there already"
        ) from None
    _copy(installation)
    if as_json:
        answer = {
            "account_id": account_id,
            "name": name,
            "profile": name,
            "access_key_id": key_id,
            "credentials_file": str(settings.credentials_file),
        }
        print(json.dumps(answer))
        return
    print(
        f"account {account_id} `{name}`: its root key is profile `{name}` "
        f"in {settings.credentials_file}"
    )


def show(home: Path | None, *, as_json: bool) -> None:
    """Print the accounts."""
    installation = opened(settings_of(home))
    with installation.store.read() as view:
        accounts = view.list_by(Account)
    if as_json:
        rows = [
            {"account_id": one.id, "name": one.name, "state": _state(one)}
            for one in accounts
        ]
        print(json.dumps(rows))
        return
    for account in accounts:
        mark = "  closed" if account.closed else ""
        print(f"{account.id}  {account.name}{mark}")


def reopen(account_id: str, home: Path | None) -> None:
    """Take the credentials of a closed account again."""
    installation = opened(settings_of(home), deeds.WRITER)
    with installation.store.change() as change:
        account = change.find(Account, account_id)
        if account is not None and account.closed:
            change.replace(replace(account, closed=0))
            deed = _deed("reopen", "ReopenAccount", account_id, account.name)
            deeds.record(installation, change, deed)
    if account is None:
        raise stop(f"there is no account `{account_id}`")
    if not account.closed:
        raise stop(f"account `{account_id}` is open")
    _copy(installation)
    print(f"account {account.id} `{account.name}` is open again")


def _deed(command: str, operation: str, account_id: str, name: str) -> Deed:
    return Deed(
        operator=deeds.operator(),
        command=f"ostiary account {command}",
        account=account_id,
        operation=operation,
        arn=f"arn:aws:iam::{account_id}:root",
        parameters={"accountId": account_id, "accountName": name},
        why="done by a command on this machine",
    )


def _copy(installation: Home) -> None:
    """The record into the log; it is kept already, so what was done stands."""
    try:
        deeds.copy(installation)
    except (AuditUnavailableError, StoreUnavailableError, OSError) as error:
        warn(
            f"the audit log cannot be written: {error}; the record waits in the "
            "database"
        )


def _state(account: Account) -> str:
    return "SUSPENDED" if account.closed else "ACTIVE"
