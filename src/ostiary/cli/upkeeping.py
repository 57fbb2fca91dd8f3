"""`ostiary audit verify` and `ostiary keys rotate`."""

import json
from pathlib import Path

from ostiary.cli.opening import opened, settings_of
from ostiary.gate import audit
from ostiary.server.system import now


def verify(home: Path | None, *, as_json: bool) -> int:
    """Print how many records each log has; 1 when one is not intact."""
    folder = settings_of(home).audit_folder
    found: dict[str, int | str] = {}
    status = 0
    for name in audit.log_names(folder):
        try:
            found[name] = audit.verify(folder, name)
        except ValueError as error:
            found[name], status = str(error), 1
    if as_json:
        print(json.dumps({"intact": status == 0, "logs": found}))
        return status
    for name, told in found.items():
        print(f"{name}: {told if isinstance(told, str) else f'{told} records, intact'}")
    return status


def rotate(home: Path | None, *, as_json: bool) -> int:
    """Make a new sealing key; a running server mints with it within 0.1 s.

    Tokens that older keys sealed stay valid until they end.
    """
    installation = opened(settings_of(home))
    with installation.store.change() as change:
        installation.vault.rotate(change, installation.mint, now())
        writes = list(change.writes)
    key = next(one.key for one in writes if one.entity is not None)
    gone = sum(one.entity is None for one in writes)
    if as_json:
        print(json.dumps({"new": key, "removed": gone}))
    else:
        print(f"new sealing key {key}; {gone} old ones removed")
    return 0
