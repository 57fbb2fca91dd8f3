"""`ostiary audit verify` and `ostiary keys rotate`."""

import json
from pathlib import Path

from ostiary.cli.opening import opened, settings_of
from ostiary.gate import audit
from ostiary.identity.issuer import ANNOUNCED, HOUR
from ostiary.server.home import Home
from ostiary.server.system import now
from ostiary.services import outbound


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

    Tokens that older keys sealed stay valid until they end. Where identity tokens are
    issued, their signing keys get successors, too, which sign once they are known.
    """
    installation = opened(settings_of(home))
    time = now()
    with installation.store.change() as change:
        installation.vault.rotate(change, installation.mint, time)
        writes = list(change.writes)
    key = next(one.key for one in writes if one.entity is not None)
    gone = sum(one.entity is None for one in writes)
    signing = _rotate_signing_keys(installation, time)
    if as_json:
        print(json.dumps({"new": key, "removed": gone, "signing": signing}))
        return 0
    print(f"new sealing key {key}; {gone} old ones removed")
    for key_id in signing:
        print(f"new signing key {key_id}; it signs in {ANNOUNCED // HOUR} hours")
    return 0


def _rotate_signing_keys(installation: Home, time: float) -> list[str]:
    """Successors of the keys that sign identity tokens; their ids."""
    held = installation.snapshot.issuers.signing_keys.values()
    fresh = outbound.new_keys(
        dict.fromkeys(key.algorithm for key in held),
        installation.mint,
        installation.vault.current,
        int(time),
    )
    with installation.store.change() as change:
        outbound.rotate(change, fresh, time)
    return [key.id for key in fresh]
