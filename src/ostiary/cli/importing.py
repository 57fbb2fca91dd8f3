"""`ostiary import`: an account as AWS tells it, made again here."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ostiary.cli import import_text
from ostiary.cli.accounts import is_account_name
from ostiary.cli.import_text import Report
from ostiary.cli.opening import MISUSE, opened, settings_of, stop
from ostiary.gate.audit import AuditTakenError, AuditUnavailableError
from ostiary.server.deeds import operator
from ostiary.server.importing import WRITER, Importer, Order, claim
from ostiary.services.imports.checks import read_accounts
from ostiary.services.imports.details import AccountDetail
from ostiary.services.imports.faults import ImportRefused
from ostiary.services.imports.plan import Plan
from ostiary.services.imports.planning import Wishes
from ostiary.store.port import AlreadyExistsError, StoreUnavailableError

STANDARD_INPUT = "-"
_EVERY = 0.2
"""Seconds between two signs of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    file: str
    account_name: str
    key_file: Path | None
    replace_aws: bool
    dry_run: bool
    as_json: bool


def run(options: Options, home: Path | None) -> int:
    """Import the file, or show what that would do.

    Returns:
        0 when the account is as the file says, 1 when the file is refused.
    """
    _check(options)
    report = Report(source=_source(options), dry_run=options.dry_run)
    progress = _Progress()
    try:
        progress("reading", 0, 1)
        accounts = read_accounts(_text(options.file))
        _check_name(options, accounts)
        _import(options, home, accounts, report, progress)
    except ImportRefused as refusal:
        report.faults = refusal.faults
    progress.clear()
    import_text.show(report, as_json=options.as_json)
    return 1 if report.faults else 0


def _import(
    options: Options,
    home: Path | None,
    accounts: list[AccountDetail],
    report: Report,
    progress: "_Progress",
) -> None:
    installation = opened(settings_of(home), WRITER)
    order = Order(
        accounts=accounts,
        wishes=Wishes(
            access_keys=options.key_file is not None,
            replace_aws_policies=options.replace_aws,
        ),
        source=_source(options),
        operator=operator(),
        account_name=options.account_name,
        key_file=options.key_file,
        progress=progress,
    )
    importer = Importer(installation, order)
    try:
        plans = importer.plan()
        if options.dry_run:
            report.plans = plans
            return
        _claim(options.key_file, plans)
        importer.run(plans, report.plans.append)
    except AlreadyExistsError as error:
        raise stop(
            f"`{error}`, or the account's name, is taken; `--name` gives it another"
        ) from None
    except AuditTakenError:
        raise stop("another import is running in this home") from None
    except AuditUnavailableError as error:
        raise stop(
            f"the audit log cannot be written: {error}; the records of what is "
            "imported wait in the database"
        ) from None
    except StoreUnavailableError as error:
        raise stop(f"the database does not answer: {error}") from None


def _check(options: Options) -> None:
    """Stop where the command line cannot be meant so."""
    if options.account_name and not is_account_name(options.account_name):
        raise stop(f"`{options.account_name}` cannot name an account", MISUSE)
    if options.key_file is not None and options.key_file.exists():
        raise stop(f"`{options.key_file}` is there already; name a new file", MISUSE)


def _check_name(options: Options, accounts: list[AccountDetail]) -> None:
    if options.account_name and len(accounts) > 1:
        raise stop("`--name` is for a file of one account", MISUSE)


def _claim(file: Path | None, plans: list[Plan]) -> None:
    """Make the file for keys, if there will be any."""
    if file is None or not any(plan.keys for plan in plans):
        return
    try:
        claim(file)
    except OSError as error:
        raise stop(f"cannot make `{file}`: {error.strerror}", MISUSE) from None


def _source(options: Options) -> str:
    return "standard input" if options.file == STANDARD_INPUT else options.file


def _text(file: str) -> str:
    try:
        content = (
            sys.stdin.buffer.read()
            if file == STANDARD_INPUT
            else Path(file).read_bytes()
        )
        return content.decode("utf-8")
    except OSError as error:
        raise stop(f"cannot read `{file}`: {error.strerror}", MISUSE) from None
    except UnicodeDecodeError as error:
        message = f"cannot read `{file}`: found no UTF-8 at byte {error.start}"
        raise stop(message, MISUSE) from None


class _Progress:
    """A line at the terminal that says how far it is; elsewhere nothing."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._last = 0.0

    def __call__(self, what: str, number: int, total: int) -> None:
        if not self._is_shown:
            return
        moment = time.monotonic()
        if number not in (0, total) and moment - self._last < _EVERY:
            return
        self._last = moment
        counted = f" {number} of {total}" if total > 1 else ""
        print(f"\r\x1b[K{what}{counted}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Nothing of it is left."""
        if self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
