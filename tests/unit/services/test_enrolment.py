"""Devices that an operator registers: hardware, and root's own."""

from pathlib import Path

import pyotp
import pytest

from ostiary.identity.model import DeviceKind, MFADevice
from ostiary.identity.secret import Secret
from ostiary.identity.totp import STEP
from ostiary.services.enrolment import (
    DEVICES_PER_USER,
    NEVER_USED,
    EnrolmentError,
    register_hardware,
    register_root_device,
    root_serial,
)
from ostiary.services.mfa_ledger import Attempt
from tests.unit.identity.minting import ACCOUNT
from tests.unit.services.estate import Estate, estate
from tests.unit.services.iam.world import OTHER_ACCOUNT, root_of

SERIAL = "GAHT12345678"
SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def house(tmp_path: Path) -> Estate:
    """An estate."""
    return estate(tmp_path)


def hardware(
    house: Estate, serial: str = SERIAL, seed: str = SEED, account: str = ACCOUNT
) -> MFADevice:
    """A hardware device that an operator has registered."""
    with house.store.change() as change:
        device = register_hardware(
            change, house, account=account, serial=serial, seed_text=Secret(seed)
        )
    house.seeds[serial] = seed
    return device


def roots(
    house: Estate, serial: str = SERIAL, seed: str = SEED, account: str = ACCOUNT
) -> MFADevice:
    """A device that an operator has given to root."""
    with house.store.change() as change:
        return register_root_device(
            change, house, account=account, serial=serial, seed_text=Secret(seed)
        )


@pytest.mark.rule("M46")
def test_a_registered_device_is_enabled_by_its_printed_serial(house: Estate) -> None:
    """Hardware is known by the number on it, and works like any other device."""
    alice = house.user("Alice")
    device = hardware(house)
    assert (device.serial, device.kind) == (SERIAL, DeviceKind.HARDWARE)
    assert (device.user, device.enabled) == ("", 0)
    house.enable(alice, SERIAL)
    house.later(STEP)
    code = pyotp.TOTP(SEED).at(house.now)
    assert house.verify(house.attempt(alice, SERIAL, code)) == house.now
    listed = house.call("ListMFADevices", UserName="Alice")["MFADevices"]
    assert [device["SerialNumber"] for device in listed] == [SERIAL]  # type: ignore[index,attr-defined]  # a list of structures
    assert house.call("ListVirtualMFADevices")["VirtualMFADevices"] == []


def test_hardware_belongs_to_its_account(house: Estate) -> None:
    """Users of other accounts do not find it."""
    hardware(house, account=OTHER_ACCOUNT)
    house.user("Alice")
    code, _ = house.refused(
        "EnableMFADevice",
        UserName="Alice",
        SerialNumber=SERIAL,
        **house.codes(SERIAL),
    )
    assert code == "NoSuchEntity"


@pytest.mark.parametrize("register", [hardware, roots])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"serial": "short"}, "serial number is `short`, expected 9 to 256"),
        ({"serial": "GAHT 12345678"}, "serial number is `GAHT 12345678`, expected"),
        ({"serial": "GAHT12345678\n"}, "expected 9 to 256 of"),
        ({"serial": "GAHTé2345678"}, "expected 9 to 256 of"),
        ({"serial": "x" * 257}, "expected 9 to 256 of"),
        ({"serial": f"arn:aws:iam::{ACCOUNT}:mfa/phone"}, "expected a printed one"),
        ({"account": "999999999999"}, "account `999999999999` does not exist"),
        ({"seed": "short"}, "seed has 5 characters, expected 16 to 128"),
        ({"seed": "1" * 32}, "seed is not base32"),
    ],
)
def test_what_cannot_be_registered(
    house: Estate, register: object, wrong: dict[str, str], message: str
) -> None:
    """The operator is told what was found and what was expected, never the seed."""
    with pytest.raises(EnrolmentError) as caught:
        register(house, **wrong)  # type: ignore[operator]  # one of the two above
    assert message in str(caught.value)
    assert wrong.get("seed", SEED) not in str(caught.value)
    assert house.find(MFADevice, wrong.get("serial", SERIAL)) is None


def test_a_serial_number_is_taken_once(house: Estate) -> None:
    """Over all accounts, for a serial number is all that a call gives."""
    hardware(house)
    for register in (hardware, roots):
        with pytest.raises(EnrolmentError, match=f"serial number `{SERIAL}` is taken"):
            register(house, account=OTHER_ACCOUNT)


@pytest.mark.rule("M61")
def test_roots_device_is_assigned_at_once(house: Estate) -> None:
    """No call of the API could do it (facts 8.1); its codes are good for root only."""
    device = roots(house)
    assert (device.user, device.enabled) == (ACCOUNT, house.now)
    assert (device.drift, device.last_step) == (0, NEVER_USED)
    code = pyotp.TOTP(SEED).at(house.now)
    attempt = Attempt(
        serial=SERIAL,
        token_code=code,
        user=ACCOUNT,
        account=ACCOUNT,
        credential="AKIAROOT",
        now=house.now,
    )
    assert house.verify(attempt) == house.now
    result = house.run("ListMFADevices")
    assert result["MFADevices"] == [{"SerialNumber": SERIAL, "EnableDate": house.now}]
    assert house.run("ListMFADevices", root_of(OTHER_ACCOUNT))["MFADevices"] == []


def test_no_call_takes_roots_device_away(house: Estate) -> None:
    """Root's device is no user's, and a virtual one in use is not deleted."""
    house.user("Alice")
    serial = root_serial(ACCOUNT)
    assert roots(house, serial).kind == DeviceKind.VIRTUAL
    for params in ({}, {"UserName": "Alice"}):
        code, _ = house.refused(
            "DeactivateMFADevice", modelled=False, SerialNumber=serial, **params
        )
        assert code in {"ValidationError", "NoSuchEntity"}
    code, _ = house.refused("DeleteVirtualMFADevice", SerialNumber=serial)
    assert code == "DeleteConflict"
    assert house.device(serial).user == ACCOUNT


def test_roots_app_is_listed_with_its_account(house: Estate) -> None:
    """Root has neither name nor path."""
    serial = root_serial(ACCOUNT)
    roots(house, serial)
    result = house.run("ListVirtualMFADevices")
    assert result["VirtualMFADevices"] == [
        {
            "SerialNumber": serial,
            "EnableDate": house.now,
            "User": {
                "UserId": ACCOUNT,
                "Arn": f"arn:aws:iam::{ACCOUNT}:root",
                "CreateDate": house.now,
            },
        }
    ]


def test_root_has_eight_devices(house: Estate) -> None:
    """As every user has (facts 8.1)."""
    for n in range(DEVICES_PER_USER):
        roots(house, f"GAHT0000000{n}")
    with pytest.raises(EnrolmentError, match="root has 8 MFA devices"):
        roots(house, "GAHT99999999")
