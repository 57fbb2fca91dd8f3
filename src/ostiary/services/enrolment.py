"""How MFA devices come to be: new ones, and those that an operator knows by serial.

A virtual device is made by `CreateVirtualMFADevice`, seed and all. A hardware
device has its seed from the factory: an operator registers serial number and seed
once (`ostiary mfa register`), and from then on `EnableMFADevice` finds it, as it
would on AWS (facts 8.2). Devices of root are assigned here and nowhere else: no
API call can do it (facts 8.1).
"""

import re
from dataclasses import dataclass, field, replace
from typing import Protocol

from ostiary.identity import totp
from ostiary.identity.ids import Mint
from ostiary.identity.model import Account, DeviceKind, MFADevice, Tags, iam_arn
from ostiary.identity.secret import Secret
from ostiary.identity.vault import Vault
from ostiary.store.port import AlreadyExistsError, Change

DEVICES_PER_USER = 8
"""MFA devices of one user, of whatever kinds (facts 8.1); root as well."""

NEVER_USED = -1
"""The ledger's position of a device whose codes were never used."""

_SERIAL = re.compile(r"[0-9A-Za-z_+=/:,.@-]{9,256}", re.ASCII)
_PURPOSE = "mfa-seed"
_ID_BYTES = 16


class EnrolmentError(Exception):
    """The device cannot be registered; the text is for the operator."""


class Means(Protocol):
    """What making a device takes; a `Call` has it."""

    @property
    def now(self) -> int:
        """Seconds since the epoch."""
        ...

    @property
    def mint(self) -> Mint:
        """Randomness."""
        ...

    @property
    def vault(self) -> Vault:
        """Where the seed is sealed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The device that is to be."""

    serial: str
    account: str
    kind: DeviceKind
    seed: bytes = field(repr=False)
    tags: Tags = ()


def new_device(plan: Plan, means: Means) -> MFADevice:
    """The device, unassigned, with its seed sealed.

    Its id is new, so it inherits neither the tries nor the seed of a device that
    had the same serial number before (T18).
    """
    device_id = means.mint.random(_ID_BYTES).hex()
    return MFADevice(
        serial=plan.serial,
        account=plan.account,
        kind=plan.kind,
        id=device_id,
        seed=means.vault.seal(
            plan.seed,
            purpose=_PURPOSE,
            row=_row(plan.serial, device_id),
            account=plan.account,
            mint=means.mint,
        ),
        user="",
        created=means.now,
        enabled=0,
        drift=0,
        last_step=NEVER_USED,
        tags=plan.tags,
    )


def seed_of(device: MFADevice, vault: Vault) -> bytes:
    """The seed of a device that has one; raises Tampered."""
    return vault.unseal(
        device.seed,
        purpose=_PURPOSE,
        row=_row(device.serial, device.id),
        account=device.account,
    )


def register_hardware(
    change: Change, means: Means, *, account: str, serial: str, seed_text: Secret
) -> MFADevice:
    """The hardware device, known and unassigned: `EnableMFADevice` finds it now.

    Args:
        change: where it is remembered.
        means: time, randomness and vault.
        account: the account whose users may enable it.
        serial: what is printed on it.
        seed_text: its seed in base32, as the maker delivers it.

    Raises:
        EnrolmentError: serial number, seed or account will not do.
    """
    if serial.startswith("arn:"):
        raise EnrolmentError(
            f"serial number `{serial}` is an ARN, expected a printed one"
        )
    plan = _plan(change, account, serial, seed_text, DeviceKind.HARDWARE)
    device = new_device(plan, means)
    _remember(change, device)
    return device


def register_root_device(
    change: Change, means: Means, *, account: str, serial: str, seed_text: Secret
) -> MFADevice:
    """The device, assigned to the root user of the account.

    It serves S3's MFA Delete (M61) and nothing else: root credentials never carry
    MFA facts (M35).

    Args:
        change: where it is remembered.
        means: time, randomness and vault.
        account: the account whose root user gets it.
        serial: what is printed on it; `root_serial` for an authenticator app.
        seed_text: its seed in base32.

    Raises:
        EnrolmentError: serial number, seed or account will not do, or root has
            as many devices as it may.
    """
    kind = DeviceKind.HARDWARE
    if serial == root_serial(account):
        kind = DeviceKind.VIRTUAL
    elif serial.startswith("arn:"):
        raise EnrolmentError(
            f"serial number is `{serial}`, expected a printed one "
            f"or `{root_serial(account)}`"
        )
    plan = _plan(change, account, serial, seed_text, kind)
    if change.count(MFADevice, account=account, user=account) >= DEVICES_PER_USER:
        raise EnrolmentError(
            f"root has {DEVICES_PER_USER} MFA devices, the most it may"
        )
    device = replace(new_device(plan, means), user=account, enabled=means.now)
    _remember(change, device)
    return device


def root_serial(account: str) -> str:
    """The serial number of root's authenticator app (facts 8.1)."""
    return iam_arn(account, "mfa", "/", "root-account-mfa-device")


def _plan(
    change: Change, account: str, serial: str, seed_text: Secret, kind: DeviceKind
) -> Plan:
    """What to make, checked; the seed never stands in an error."""
    if change.find(Account, account) is None:
        raise EnrolmentError(f"account `{account}` does not exist")
    if not _SERIAL.fullmatch(serial):
        raise EnrolmentError(
            f"serial number is `{serial}`, expected 9 to 256 of letters, digits "
            "and _+=/:,.@-"
        )
    try:
        seed = totp.decode_seed(seed_text)
    except ValueError as error:
        raise EnrolmentError(str(error)) from None
    return Plan(serial=serial, account=account, kind=kind, seed=seed)


def _remember(change: Change, device: MFADevice) -> None:
    try:
        change.insert(device)
    except AlreadyExistsError:
        raise EnrolmentError(f"serial number `{device.serial}` is taken") from None


def _row(serial: str, device_id: str) -> str:
    """What a seed is bound to: it opens for this device, not for its successor."""
    return f"{serial} {device_id}"
