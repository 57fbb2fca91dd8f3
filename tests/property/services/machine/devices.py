"""Virtual MFA devices and their codes, told a second time (facts 7.5, 8).

A code is given as a number here: of the step, counted from now, that shows it.
"""

from dataclasses import dataclass, field

from tests.property.services.machine.telling import (
    ANY,
    Device,
    Estate,
    Operation,
    Owner,
    Params,
    Refused,
    Told,
    as_written,
    full,
    must_wait,
    refuse,
    shown,
    tagged,
    unknown,
)

FAR = 20
"""So many steps from ours a device's clock may be when it is enabled."""

NOT_THE_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
NOT_THEIRS = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify "
    "your MFA serial number is valid and associated with this user."
)


@dataclass
class Guesses:
    """Wrong codes in a row, by device and access key (T9 to T12)."""

    by_key: dict[tuple[Device, str], list[int]] = field(default_factory=dict)

    def of(self, device: Device, key: str) -> list[int]:
        """When they were."""
        return self.by_key.setdefault((device, key), [])

    def forget(self, device: Device) -> None:
        """Two consecutive codes prove who holds the device."""
        for known, key in list(self.by_key):
            if known is device:
                del self.by_key[known, key]


def step(estate: Estate) -> int:
    """The step of now."""
    return estate.now // 30


def _create(estate: Estate, params: Params) -> Told:
    serial = estate.arn("mfa", params.get("Path", "/"), params["VirtualMFADeviceName"])
    tags = tagged({}, params, as_written)
    taken = serial in estate.devices
    refuse((taken, "EntityAlreadyExists", "MFA device already exists."))
    estate.devices[serial] = Device(serial=serial, tags=tags)
    told: Told = {"SerialNumber": serial}
    if tags:
        told["Tags"] = shown(tags)
    return {"VirtualMFADevice": told}


def _device(estate: Estate, params: Params) -> Device:
    serial = params["SerialNumber"]
    if serial not in estate.devices:
        raise unknown(f"MFA Device with serial number {serial} does not exist.")
    return estate.devices[serial]


def _device_of(estate: Estate, params: Params) -> Device:
    user, device = estate.owner("User", params), _device(estate, params)
    if device.user is not user:
        raise Refused(("NoSuchEntity", ANY))
    return device


def _place(estate: Estate, device: Device, params: Params) -> None:
    """Two neighbouring codes, the older one first and neither used, say where it is."""
    first, second = params["AuthenticationCode1"], params["AuthenticationCode2"]
    good = second == first + 1 and -FAR <= second <= FAR
    refuse(
        (
            not good or step(estate) + first <= device.used,
            "InvalidAuthenticationCode",
            "Authentication code for device is not valid.",
        )
    )
    device.drift, device.used = second, step(estate) + second


def _enable(estate: Estate, params: Params) -> Told:
    user, device = estate.owner("User", params), _device(estate, params)
    in_use = device.user is not None
    refuse((in_use, "EntityAlreadyExists", "MFA Device is already in use."))
    refuse(full("MFADevicesPerUser", len(devices_of(estate, user))))
    _place(estate, device, params)
    device.user = user
    return {}


def _resync(estate: Estate, params: Params) -> Told:
    _place(estate, _device_of(estate, params), params)
    return {}


def _deactivate(estate: Estate, params: Params) -> Told:
    _device_of(estate, params).user = None
    return {}


def _delete(estate: Estate, params: Params) -> Told:
    device = _device(estate, params)
    refuse((device.user is not None, "DeleteConflict", ANY))
    del estate.devices[device.serial]
    return {}


def _tag(estate: Estate, params: Params) -> Told:
    device = _device(estate, params)
    device.tags = tagged(device.tags, params, as_written)
    return {}


def devices_of(estate: Estate, user: Owner) -> list[Device]:
    """A user's devices."""
    return [one for one in estate.devices.values() if one.user is user]


def use_code(
    estate: Estate, guesses: Guesses, user: Owner, key: str, params: Params
) -> None:
    """Nothing, when the user's key gets a session with this code; else Refused.

    Guesses are counted by device and key. A right code that was used before is no
    guess, and one inside a wait is neither looked at nor used up.
    """
    device = estate.devices.get(params["SerialNumber"])
    if device is None or device.user is not user:
        raise Refused(("AccessDenied", NOT_THEIRS))
    wrong, offset = guesses.of(device, key), params["TokenCode"]
    refused = Refused(("AccessDenied", NOT_THE_CODE))
    if must_wait(wrong, estate.now):
        raise refused
    if not device.drift - 1 <= offset <= device.drift + 1:
        wrong.append(estate.now)
        raise refused
    if step(estate) + offset <= device.used:
        if wrong:  # The wait, if there is one, begins anew.
            wrong[-1] = estate.now
        raise refused
    device.used = step(estate) + offset
    wrong.clear()


OPERATIONS: dict[str, Operation] = {
    "CreateVirtualMFADevice": _create,
    "EnableMFADevice": _enable,
    "ResyncMFADevice": _resync,
    "DeactivateMFADevice": _deactivate,
    "DeleteVirtualMFADevice": _delete,
    "TagMFADevice": _tag,
}
