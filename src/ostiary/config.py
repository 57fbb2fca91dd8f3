"""The settings, read once from the environment and one file, then frozen.

Unknown settings stop the start: a misspelt one would otherwise silently fall back
to a default (T144).
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_ACCOUNT = "111122223333"
_ENVIRONMENT = {
    "OSTIARY_HOME",
    "OSTIARY_DATABASE_URL",
    "OSTIARY_ACCOUNT_ID",
    "OSTIARY_ROOT_ACCESS_KEY_ID",
    "OSTIARY_ROOT_SECRET_ACCESS_KEY",
    "OSTIARY_CONFIG",
}
_TABLES = {"upstream", "server", "delegation", "federation"}
_SERVER = {"hosts", "max_body", "url"}
_DELEGATION = {"partners"}
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*")
_LOCAL_URL = re.compile(r"http://(?:localhost|127\.0\.0\.1)(?:[:/].*)?")
_PARTNER = re.compile(r"[ -~]{1,30}")
MAX_BODY = 5 * 1024**3
"""Largest object that one S3 request may bring, as on AWS."""


class ConfigError(Exception):
    """A setting that cannot be used; the message says which, and what it wants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set."""

    home: Path
    database_url: str
    account_id: str
    root_access_key_id: str
    root_secret_access_key: str
    hosts: tuple[str, ...]
    """Host names, without port, under which `bucket.HOST` is an S3 bucket."""
    max_body: int
    """Bytes of the largest body taken, for S3 objects; others have their own limit."""
    upstreams: Mapping[str, Mapping[str, object]]
    federation: Mapping[str, object]
    """What is said of identity providers."""
    url: str
    """Where others reach the API; empty where that is where it listens."""
    partners: Mapping[str, str]
    """Accounts that may ask others for temporary access, and their names."""

    @property
    def credentials_file(self) -> Path:
        """The AWS shared credentials file with the root keys of all accounts."""
        return self.home / "credentials"

    @property
    def master_key_file(self) -> Path:
        """The key that seals everything secret in the database."""
        return self.home / "master.key"

    @property
    def audit_folder(self) -> Path:
        """Where audit records go."""
        return self.home / "audit"


def read_settings(environment: Mapping[str, str], home: Path | None = None) -> Settings:
    """The settings; raises ConfigError for anything that is not one.

    Args:
        environment: the process's variables.
        home: what the command line said; it wins over `OSTIARY_HOME`.
    """
    _refuse_unknown(
        {name for name in environment if name.startswith("OSTIARY_")},
        _ENVIRONMENT,
        "environment variable",
    )
    place = home or Path(environment.get("OSTIARY_HOME") or _default_home(environment))
    file = Path(environment.get("OSTIARY_CONFIG") or place / "ostiary.toml")
    tables = _read_file(file, needed="OSTIARY_CONFIG" in environment)
    server = tables.get("server", {})
    account = environment.get("OSTIARY_ACCOUNT_ID") or DEFAULT_ACCOUNT
    if not re.fullmatch(r"[0-9]{12}", account):
        raise ConfigError(f"OSTIARY_ACCOUNT_ID is `{account}`, not twelve digits")
    key_id = environment.get("OSTIARY_ROOT_ACCESS_KEY_ID", "")
    secret = environment.get("OSTIARY_ROOT_SECRET_ACCESS_KEY", "")
    _check_root_key(key_id, secret)
    return Settings(
        home=place,
        database_url=environment.get("OSTIARY_DATABASE_URL")
        or f"sqlite:///{place / 'ostiary.db'}",
        account_id=account,
        root_access_key_id=key_id,
        root_secret_access_key=secret,
        hosts=tuple(server.get("hosts", ("localhost", "s3.localhost"))),
        max_body=int(server.get("max_body", MAX_BODY)),
        upstreams=tables.get("upstream", {}),
        federation=tables.get("federation", {}),
        url=_read_url(server.get("url", "")),
        partners=_read_partners(tables.get("delegation", {}).get("partners", {})),
    )


def _read_url(url: object) -> str:
    """Others fetch public keys from there, so the way must be safe (T141)."""
    if url == "":
        return ""
    if not isinstance(url, str) or not _URL.fullmatch(url):
        raise ConfigError(
            f"url of [server] is `{url}`, not `https://HOST[:PORT][/PATH]`"
        )
    if url.startswith("http:") and not _LOCAL_URL.fullmatch(url):
        raise ConfigError(f"url of [server] is `{url}`; beyond this machine, use https")
    return url


def _read_partners(partners: object) -> Mapping[str, str]:
    if not isinstance(partners, dict):
        raise ConfigError(f"partners of [delegation] is `{partners}`, not a table")
    for account, name in partners.items():
        if not re.fullmatch(r"[0-9]{12}", account):
            raise ConfigError(
                f"a partner of [delegation] is `{account}`, not an account"
            )
        if not isinstance(name, str) or not _PARTNER.fullmatch(name):
            raise ConfigError(
                f"partner {account} is called `{name}`; 1 to 30 characters"
            )
    return partners


def _default_home(environment: Mapping[str, str]) -> Path:
    data = environment.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local/share") / "ostiary"


def _check_root_key(key_id: str, secret: str) -> None:
    if bool(key_id) != bool(secret):
        raise ConfigError(
            "OSTIARY_ROOT_ACCESS_KEY_ID and OSTIARY_ROOT_SECRET_ACCESS_KEY "
            "go together; only one is set"
        )
    if key_id and not re.fullmatch(r"[A-Z0-9]{16,128}", key_id):
        raise ConfigError(
            "OSTIARY_ROOT_ACCESS_KEY_ID is not 16 to 128 capital letters and digits"
        )
    if key_id.startswith("ASIA"):
        raise ConfigError(
            "OSTIARY_ROOT_ACCESS_KEY_ID starts with ASIA, as temporary credentials do"
        )


def _read_file(file: Path, *, needed: bool) -> dict[str, Any]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if needed:
            raise ConfigError(f"OSTIARY_CONFIG names `{file}`, no such file") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read `{file}`: {error}") from error
    _refuse_unknown(set(tables), _TABLES, f"table in `{file}`")
    _refuse_unknown(
        set(tables.get("server", {})), _SERVER, f"setting of [server] in `{file}`"
    )
    _refuse_unknown(
        set(tables.get("delegation", {})),
        _DELEGATION,
        f"setting of [delegation] in `{file}`",
    )
    return tables


def _refuse_unknown(found: set[str], known: set[str], what: str) -> None:
    strange = sorted(found - known)
    if strange:
        raise ConfigError(
            f"unknown {what}: `{strange[0]}`; known are {', '.join(sorted(known))}"
        )


def read_environment() -> Mapping[str, str]:
    """The process's environment variables."""
    return os.environ
