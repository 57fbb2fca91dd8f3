"""MFA devices, from creation to deletion (facts 8).

created, unassigned -> EnableMFADevice -> assigned -> DeactivateMFADevice ->
unassigned -> DeleteVirtualMFADevice -> gone.

Whatever is checked before a write is checked in the write's own change, and changes
come one after the other: nothing here can be raced (T17).
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ostiary.identity import ids, qr, totp
from ostiary.identity.caller import context
from ostiary.identity.model import Account, DeviceKind, MFADevice, User, iam_arn
from ostiary.identity.totp import (
    InvalidTokenCode,
    MalformedTokenCode,
    Synced,
    TokenCode,
)
from ostiary.services.enrolment import DEVICES_PER_USER, Plan, new_device, seed_of
from ostiary.services.errors import (
    ServiceError,
    access_denied,
    already_exists,
    delete_conflict,
    no_such_entity,
    validation_error,
)
from ostiary.services.iam import tags
from ostiary.services.iam.owners import USER, get_owner, get_target_user
from ostiary.services.iam.quotas import Quota, require_room
from ostiary.services.iam.root_session import is_about_root
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    Result,
    SlowChangeOperation,
)
from ostiary.store.port import AlreadyExistsError, Change, Reader

DEVICES_OF_USER: Final = Quota(name="MFADevicesPerUser", most=DEVICES_PER_USER)
VIRTUAL_DEVICES: Final = Quota(name="VirtualMFADevicesPerAccount", most=5000)
"""As many as users (facts 8.1)."""

LONGEST_SERIAL: Final = 250
"""Characters of a virtual device's ARN: calls can name 256, markers carry 250."""

_PATH = re.compile(r"/|/[!-~]+/", re.ASCII)


def create_virtual_mfa_device(call: Call, view: Reader) -> Callable[[Change], Result]:
    """A new virtual device; its seed is in this answer and in no other (T107).

    Drawing the QR code takes a while, so it is done before the change.
    """
    account = call.caller.account
    plan = Plan(
        serial=_serial(call),
        account=account,
        kind=DeviceKind.VIRTUAL,
        seed=ids.seed(call.mint),
        tags=tags.new_tags(call, tags.RESOURCE_TAGS),
    )
    if view.find(MFADevice, plan.serial) is not None:
        raise _taken()
    device = new_device(plan, call)
    shown = _shown_once(plan, call.text("VirtualMFADeviceName"), _label(view, account))

    def finish(change: Change) -> Result:
        present = change.count(MFADevice, account=account, kind=DeviceKind.VIRTUAL)
        require_room(VIRTUAL_DEVICES, present)
        try:
            change.insert(device)
        except AlreadyExistsError:
            raise _taken() from None
        return {"VirtualMFADevice": shown}

    return finish


def enable_mfa_device(call: Call, change: Change) -> Result:
    """The device is the user's, once two consecutive codes have shown where it is.

    The codes are used up by it (T3), and its ledger goes on from them: a device that
    is enabled again, with the same seed, never falls back behind a used code.
    """
    user = get_owner(USER, call, change)
    _require_mfa_for_own_devices(call, change, user, "EnableMFADevice")
    device = get_device(call, change)
    if device.user:
        raise already_exists("MFA Device is already in use.")
    require_room(DEVICES_OF_USER, _device_count(change, user))
    synced = _synced(call, device)
    _place(change, replace(device, user=user.id, enabled=call.now), synced)
    return {}


def resync_mfa_device(call: Call, change: Change) -> Result:
    """The device's drift is known again, and its tries are forgotten (T12)."""
    device = get_device_of(call, change, get_owner(USER, call, change))
    _place(change, device, _synced(call, device))
    return {}


def deactivate_mfa_device(call: Call, change: Change) -> Result:
    """The device is nobody's; it and its name stay until it is deleted."""
    if is_about_root(call):
        return _deactivate_of_root(call, change)
    user = get_target_user(call, change)
    _require_mfa_for_own_devices(call, change, user, "DeactivateMFADevice")
    device = get_device_of(call, change, user)
    change.replace(replace(device, user="", enabled=0))
    return {}


def _deactivate_of_root(call: Call, change: Change) -> Result:
    """A session of AssumeRoot takes a device from the root user (facts 7.2)."""
    device = get_device(call, change)
    if device.user != device.account:
        raise no_such_entity("MFA Device invalid for user.")
    change.replace(replace(device, user="", enabled=0))
    return {}


def delete_virtual_mfa_device(call: Call, change: Change) -> Result:
    """The device is gone, and its name free."""
    device = get_virtual_device(call, change)
    if device.user:
        raise delete_conflict("Cannot delete entity, must deactivate MFA device first.")
    change.clear_tries(device.id)
    change.delete(device)
    return {}


def get_virtual_device(call: Call, view: Reader) -> MFADevice:
    """The virtual device that the call names; raises NoSuchEntity."""
    device = get_device(call, view)
    if device.kind != DeviceKind.VIRTUAL:
        raise _no_such_device(device.serial)
    return device


def get_device(call: Call, view: Reader) -> MFADevice:
    """The device of the caller's account that the call names.

    Another account's is as unknown as none; raises NoSuchEntity.
    """
    serial = call.text("SerialNumber")
    device = view.find(MFADevice, serial)
    if device is None or device.account != call.caller.account:
        raise _no_such_device(serial)
    return device


def get_device_of(call: Call, view: Reader, user: User) -> MFADevice:
    """The user's device that the call names; raises NoSuchEntity."""
    device = get_device(call, view)
    if device.user != user.id:
        raise no_such_entity("MFA Device invalid for user.")
    return device


def _no_such_device(serial: str) -> ServiceError:
    return no_such_entity(f"MFA Device with serial number {serial} does not exist.")


def _path(call: Call) -> str:
    path = call.text("Path", "/")
    if not _PATH.fullmatch(path):
        raise validation_error(
            "The specified value for path is invalid. It must begin and end with / "
            "and contain only alphanumeric characters and/or / characters."
        )
    return path


def _serial(call: Call) -> str:
    """The ARN that the new device gets: short enough for every later call."""
    name = call.text("VirtualMFADeviceName")
    serial = iam_arn(call.caller.account, "mfa", _path(call), name)
    room = LONGEST_SERIAL - len(serial) + len(name)
    if len(name) > room:
        raise validation_error(
            "1 validation error detected: Value at 'virtualMFADeviceName' failed to "
            f"satisfy constraint: Member must have length less than or equal to {room}"
        )
    return serial


def _taken() -> ServiceError:
    return already_exists("MFA device already exists.")


def _shown_once(plan: Plan, name: str, label: str) -> Result:
    """The new device with its seed: as base32 text, and as a code that apps scan."""
    shown: Result = {
        "SerialNumber": plan.serial,
        "Base32StringSeed": totp.encode_seed(plan.seed).encode(),
        "QRCodePNG": qr.png(totp.otpauth_uri(label, name, plan.seed)),
    }
    if plan.tags:
        shown["Tags"] = tags.shown(plan.tags)
    return shown


def _label(view: Reader, account: str) -> str:
    """The account as an authenticator app shows it: alias or number (facts 8.3)."""
    owner = view.find(Account, account)
    return account if owner is None else owner.alias or account


def _device_count(view: Reader, user: User) -> int:
    return view.count(MFADevice, account=user.account, user=user.id)


def _require_mfa_for_own_devices(
    call: Call, view: Reader, user: User, operation: str
) -> None:
    """Nothing, unless users without MFA change their own devices while having one.

    The service's own rule, whatever policies say (facts 8.4): else a thief of an
    access key could enrol a phone of his own. Whoever acts on somebody else is not
    bound by it.
    """
    caller = call.caller
    if caller.user_id != user.id or _device_count(view, user) == 0:
        return
    if context(caller, call.now).get("aws:MultiFactorAuthPresent") != "true":
        raise access_denied(
            f"User: {caller.arn} is not authorized to perform: iam:{operation} "
            f"on resource: {user.arn}"
        )


def _synced(call: Call, device: MFADevice) -> Synced:
    """Where two consecutive codes show the device; raises InvalidAuthenticationCode.

    All ways to be wrong have one answer: not consecutive, reversed, the same twice,
    used before, too old (facts 8.4).
    """
    if device.kind == DeviceKind.FIDO:
        raise _invalid_code()
    try:
        return totp.consecutive(
            seed_of(device, call.vault),
            _code(call, "AuthenticationCode1"),
            _code(call, "AuthenticationCode2"),
            now=call.now,
            last_step=device.last_step,
        )
    except InvalidTokenCode:
        raise _invalid_code() from None


def _code(call: Call, name: str) -> TokenCode:
    try:
        return totp.parse_token_code(call.text(name))
    except MalformedTokenCode:
        raise validation_error(
            f"1 validation error detected: Value at '{name[0].lower()}{name[1:]}' "
            "failed to satisfy constraint: Member must satisfy regular expression "
            r"pattern: [\d]+"
        ) from None


def _invalid_code() -> ServiceError:
    return ServiceError(
        "InvalidAuthenticationCode", "Authentication code for device is not valid.", 403
    )


def _place(change: Change, device: MFADevice, synced: Synced) -> None:
    """Remember where the device is; whoever shows two codes has it, so tries go."""
    change.replace(replace(device, drift=synced.drift, last_step=synced.step))
    change.clear_tries(device.id)


OPERATIONS: Operations = {
    "CreateVirtualMFADevice": SlowChangeOperation(prepare=create_virtual_mfa_device),
    "EnableMFADevice": ChangeOperation(run=enable_mfa_device),
    "ResyncMFADevice": ChangeOperation(run=resync_mfa_device),
    "DeactivateMFADevice": ChangeOperation(run=deactivate_mfa_device),
    "DeleteVirtualMFADevice": ChangeOperation(run=delete_virtual_mfa_device),
}
