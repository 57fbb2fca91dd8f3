"""Opening the installation that a command works on."""

import os
import sys
from pathlib import Path

from ostiary.config import ConfigError, Settings, read_settings
from ostiary.server.home import Home, HomeError, open_home
from ostiary.store.engine import SchemaError
from ostiary.store.port import StoreUnavailableError

MISUSE = 2


def settings_of(home: Path | None) -> Settings:
    """The settings; prints what is wrong with them and exits with 2."""
    try:
        return read_settings(os.environ, home)
    except ConfigError as error:
        raise stop(str(error), MISUSE) from None


def opened(settings: Settings, writer: str = "api") -> Home:
    """The installation; prints why it cannot be opened and exits with 1.

    Args:
        settings: where it is.
        writer: the name of the audit log of a command that writes one.
    """
    try:
        return open_home(settings, writer)
    except (HomeError, SchemaError) as error:
        raise stop(str(error)) from None
    except StoreUnavailableError as error:
        raise stop(f"the database does not answer: {error}") from None


def stop(message: str, status: int = 1) -> SystemExit:
    """Prints an error; what it returns ends the command when raised."""
    warn(message)
    return SystemExit(status)


def warn(message: str) -> None:
    """Prints an error after which the command goes on."""
    print(f"ostiary: {message}", file=sys.stderr)
