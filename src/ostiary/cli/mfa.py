"""`ostiary mfa …`."""

import json
from dataclasses import dataclass
from pathlib import Path

from ostiary.cli.opening import opened, settings_of, stop
from ostiary.identity import totp
from ostiary.identity.ids import Mint
from ostiary.identity.secret import Secret
from ostiary.identity.vault import Vault
from ostiary.server.system import now
from ostiary.services.enrolment import (
    EnrolmentError,
    register_hardware,
    register_root_device,
    root_serial,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Means:
    """What making a device takes."""

    now: int
    mint: Mint
    vault: Vault


def code(seed: str, *, two: bool, as_json: bool) -> None:
    """Print the token code that a device with this seed shows now.

    With `two` the one before it comes first: what EnableMFADevice asks for.
    """
    try:
        secret = totp.decode_seed(seed)
    except ValueError as error:
        raise stop(str(error), 2) from None
    time = now()
    step = totp.step_at(time)
    steps = (step - 1, step) if two else (step,)
    shown = " ".join(totp.token_code(secret, one) for one in steps)
    if as_json:
        left = (step + 1) * totp.STEP - int(time)
        print(json.dumps({"token_code": shown, "seconds_left": left}))
        return
    print(shown)


def register(
    serial: str, seed: str, account_id: str, home: Path | None, *, root: bool
) -> None:
    """Make a hardware device known, or give root a device."""
    settings = settings_of(home)
    installation = opened(settings)
    account = account_id or settings.account_id
    means = _Means(
        now=int(now()), mint=installation.mint, vault=installation.vault.current
    )
    enrol = register_root_device if root else register_hardware
    if root and not serial:
        serial = root_serial(account)
    try:
        with installation.store.change() as change:
            device = enrol(
                change, means, account=account, serial=serial, seed_text=Secret(seed)
            )
    except EnrolmentError as error:
        raise stop(str(error)) from None
    print(f"{device.serial} is known in account {account}")
    if root:
        print("it serves S3's MFA Delete; root never gets MFA-protected API access")
    else:
        print(
            "assign it with two codes, one after the other:\n"
            f"  aws iam enable-mfa-device --user-name NAME --serial-number {serial} "
            "--authentication-code1 111111 --authentication-code2 222222"
        )
