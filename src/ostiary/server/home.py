"""The home folder and what is in it: database, master key, credentials, audit log."""

import configparser
import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ostiary.config import Settings
from ostiary.gate.ring import VaultHolder
from ostiary.identity.model import Account, Policy
from ostiary.identity.ring import EMPTY
from ostiary.identity.sealing import MasterKey, new_master_key, parse_master_key
from ostiary.identity.secret import Secret
from ostiary.identity.vault import Vault
from ostiary.server.system import SystemMint, now
from ostiary.store.engine import open_engine, prepare_schema
from ostiary.store.port import Change
from ostiary.store.snapshot import UNSEEN, Snapshot
from ostiary.store.sql import SqlStore

DEFAULT_PROFILE = "default"

NEWEST_POLICY = "arn:aws:iam::aws:policy/root-task/SQSUnlockQueuePolicy"
"""The last of AWS's policies that we know; a home that lacks it gets them all."""


class HomeError(Exception):
    """The home folder cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """An opened installation."""

    settings: Settings
    store: SqlStore
    snapshot: Snapshot
    vault: VaultHolder
    mint: SystemMint


def open_home(settings: Settings, writer: str = "api") -> Home:
    """The installation in this home, founded now if it is new; raises HomeError.

    Args:
        settings: where it is.
        writer: the name of the audit log that gets copies of this process's records.
    """
    # Whatever is made in the home, the database too, is for its owner only (P7).
    os.umask(0o077)
    _make_folder(settings.home)
    with locked(settings):
        mint = SystemMint()
        master = _master_key(settings.master_key_file, mint)
        engine = open_engine(settings.database_url)
        prepare_schema(engine)
        home = _loaded(settings, SqlStore(engine, writer), master, mint)
        _found(home)
    return home


def join_home(settings: Settings, writer: str) -> Home:
    """The installation in a home that another process of this node has opened.

    Args:
        settings: the same that the other has.
        writer: the name of this process's audit log.

    Raises:
        HomeError: the master key cannot be read; it is never made here.
    """
    os.umask(0o077)
    master = _read_master_key(settings.master_key_file)
    store = SqlStore(open_engine(settings.database_url), writer)
    return _loaded(settings, store, master, SystemMint())


def _loaded(
    settings: Settings, store: SqlStore, master: MasterKey, mint: SystemMint
) -> Home:
    snapshot = Snapshot()
    snapshot.load(*store.everything(but=UNSEEN))
    holder = VaultHolder(Vault(master, EMPTY), snapshot)
    return Home(
        settings=settings, store=store, snapshot=snapshot, vault=holder, mint=mint
    )


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Two processes never found one home, or write its credentials, at once."""
    descriptor = os.open(
        settings.home / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make_folder(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise HomeError(f"cannot make the folder `{home}`: {error.strerror}") from error


def _master_key(file: Path, mint: SystemMint) -> MasterKey:
    """The key in the file, made now if there is none."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_master_key(file)
    key = new_master_key(mint)
    with os.fdopen(descriptor, "w", encoding="ascii") as new:
        new.write(key.to_text() + "\n")
        new.flush()
        os.fsync(new.fileno())
    return key


def _read_master_key(file: Path) -> MasterKey:
    """The key in the file; others must not read it."""
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        raise HomeError(f"`{file}` is gone; restore it from a backup") from None
    if mode & 0o077:
        raise HomeError(
            f"others can read `{file}` (mode {mode & 0o777:o}); run `chmod 600 {file}`"
        )
    try:
        return parse_master_key(file.read_text(encoding="ascii"))
    except ValueError as error:
        raise HomeError(
            f"`{file}`: {error}; restore it from a backup: without it nothing "
            "sealed in the database opens"
        ) from None


def _found(home: Home) -> None:
    """Make what a new installation lacks: AWS's policies, an account, a ring."""
    settings, time = home.settings, now()
    with home.store.change() as change:
        if change.find(Policy, NEWEST_POLICY) is None:
            from ostiary.services.iam.founding import (  # noqa: PLC0415 - slow, and rare
                found_installation,
            )

            found_installation(change, int(time))
        if change.count(Account) == 0:
            from ostiary.services.iam.founding import (  # noqa: PLC0415 - slow, and once
                found_account,
            )

            key_id, secret = found_account(
                change,
                id=settings.account_id,
                name="default",
                mint=home.mint,
                vault=home.vault.current,
                now=int(time),
                root_key=_given_root_key(settings),
            )
            write_profile(settings, DEFAULT_PROFILE, key_id, secret)
        if home.vault.is_due(time):
            home.vault.rotate(change, home.mint, time)
        writes = list(change.writes)
    if writes:
        home.snapshot.apply(home.snapshot.revision, change.revision, writes)


def _given_root_key(settings: Settings) -> tuple[str, Secret] | None:
    if not settings.root_access_key_id:
        return None
    return settings.root_access_key_id, Secret(settings.root_secret_access_key)


def write_profile(
    settings: Settings, profile: str, key_id: str, secret: Secret
) -> None:
    """Put a root access key into the shared credentials file, readable by us only."""
    file = settings.credentials_file
    profiles = configparser.RawConfigParser(default_section="")
    profiles.read(file, encoding="utf-8")
    profiles[profile] = {
        "aws_access_key_id": key_id,
        "aws_secret_access_key": secret.reveal(),
    }
    text = io.StringIO()
    profiles.write(text)
    new = file.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text.getvalue())
        handle.flush()
        os.fsync(handle.fileno())
    new.replace(file)


def create_account(home: Home, change: Change, name: str, account_id: str) -> str:
    """A new account with a root key in the credentials file; its access key id."""
    from ostiary.services.iam.founding import found_account  # noqa: PLC0415 - slow

    key_id, secret = found_account(
        change,
        id=account_id,
        name=name,
        mint=home.mint,
        vault=home.vault.current,
        now=int(now()),
        root_key=None,
    )
    write_profile(home.settings, name, key_id, secret)
    return key_id
