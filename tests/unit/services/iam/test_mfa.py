"""MFA devices: created, enabled, resynchronized, deactivated, deleted, listed."""

import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from ostiary.identity import totp
from ostiary.identity.model import DeviceKind, MFADevice, User
from ostiary.identity.totp import STEP
from ostiary.services.enrolment import DEVICES_PER_USER, NEVER_USED, Plan, new_device
from ostiary.services.errors import ServiceError
from ostiary.services.iam import mfa
from ostiary.services.mfa_ledger import TokenCodeError
from ostiary.store.codec import encode
from ostiary.store.port import TryRow
from ostiary.store.tables import mfa_devices
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services import racing
from tests.unit.services.estate import Estate, estate, with_session
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import (
    OTHER_ACCOUNT,
    caller_of,
    root_of,
    session_of,
)

WRONG = (
    "InvalidAuthenticationCode",
    "Authentication code for device is not valid.",
)
ROUNDS = 12


def unknown(serial: str) -> tuple[str, str]:
    """The refusal for a device that is not there."""
    return "NoSuchEntity", f"MFA Device with serial number {serial} does not exist."


@pytest.fixture
def house(tmp_path: Path) -> Estate:
    """An estate."""
    return estate(tmp_path)


@pytest.fixture
def alice(house: Estate) -> User:
    """A user without a device."""
    return house.user("Alice")


# --- creation


@pytest.mark.rule("M46")
@pytest.mark.threat("T19")
def test_a_virtual_device_is_known_by_its_arn(house: Estate) -> None:
    """The answer holds the ARN, 320 bits of seed as base32, and no more (facts 8.3)."""
    result = house.call("CreateVirtualMFADevice", VirtualMFADeviceName="Diego")
    shown = result["VirtualMFADevice"]
    assert isinstance(shown, dict)
    assert shown.keys() == {"SerialNumber", "Base32StringSeed", "QRCodePNG"}
    assert shown["SerialNumber"] == f"arn:aws:iam::{ACCOUNT}:mfa/Diego"
    assert len(shown["Base32StringSeed"]) == 64
    assert len(totp.decode_seed(shown["Base32StringSeed"].decode())) * 8 == 320
    device = house.device(shown["SerialNumber"])
    assert (device.user, device.enabled, device.drift) == ("", 0, 0)
    assert (device.kind, device.last_step) == (DeviceKind.VIRTUAL, NEVER_USED)


@pytest.mark.parametrize("path", ["/", "/test/", "/test//double/"])
def test_the_path_stands_in_the_arn(house: Estate, path: str) -> None:
    """Double slashes are accepted (facts 8.3)."""
    assert house.virtual("Diego", Path=path) == (
        f"arn:aws:iam::{ACCOUNT}:mfa{path}Diego"
    )


@pytest.mark.parametrize("path", ["test", "/test", "test/", "//\n", "/té/"])
def test_a_path_begins_and_ends_with_a_slash(house: Estate, path: str) -> None:
    """AWS's words for any other path (facts 8.5)."""
    assert house.refused(
        "CreateVirtualMFADevice", VirtualMFADeviceName="Diego", Path=path
    ) == (
        "ValidationError",
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    )


def test_a_serial_number_is_one_that_calls_can_name(house: Estate) -> None:
    """A name that would make the ARN too long is refused, one that fits is listed."""
    room = mfa.LONGEST_SERIAL - len(f"arn:aws:iam::{ACCOUNT}:mfa/")
    assert house.refused(
        "CreateVirtualMFADevice", VirtualMFADeviceName="x" * (room + 1)
    ) == (
        "ValidationError",
        f"1 validation error detected: Value at 'virtualMFADeviceName' failed to satisfy constraint: Member must have length less than or equal to {room}",
    )
    house.virtual("w" * room)
    house.virtual("x" * room)
    pages = list(house.pages("ListVirtualMFADevices", "VirtualMFADevices", MaxItems=1))
    assert [len(page) for page in pages] == [1, 1]


def test_the_qr_code_is_what_an_app_scans(house: Estate, tmp_path: Path) -> None:
    """A real PNG whose text is the otpauth URI, with alias or number (facts 8.3)."""
    labels = []
    for alias in ("", "example"):
        if alias:
            house.call("CreateAccountAlias", AccountAlias=alias)
        result = house.call(
            "CreateVirtualMFADevice", VirtualMFADeviceName=f"Diego{alias}", Path="/x/"
        )
        shown: Any = result["VirtualMFADevice"]
        picture = tmp_path / "code.png"
        picture.write_bytes(shown["QRCodePNG"])
        with Image.open(picture) as image:
            (code,) = zxingcpp.read_barcodes(image)
        seed = shown["Base32StringSeed"].decode()
        label, _, query = code.text.partition("?")
        assert query == f"secret={seed}&issuer=Amazon%20Web%20Services"
        labels.append(label)
    assert labels == [
        f"otpauth://totp/Amazon%20Web%20Services:Diego@{ACCOUNT}",
        "otpauth://totp/Amazon%20Web%20Services:Diegoexample@example",
    ]


@pytest.mark.threat("T18")
def test_a_name_is_taken_once(house: Estate) -> None:
    """A second creation answers no second seed (facts 8.5)."""
    house.virtual("Diego")
    taken = ("EntityAlreadyExists", "MFA device already exists.")
    assert (
        house.refused("CreateVirtualMFADevice", VirtualMFADeviceName="Diego") == taken
    )
    house.virtual("Diego", Path="/other/")
    house.virtual("Diego", root_of(OTHER_ACCOUNT))


def test_an_account_has_so_many_virtual_devices(house: Estate, alice: User) -> None:
    """As many as users (facts 8.1); the assigned one behind them all is found."""
    first = house.device(house.virtual("a"))
    many = [
        encode(replace(first, serial=f"{first.serial}{n:04d}"))
        for n in range(mfa.VIRTUAL_DEVICES.most - 2)
    ]
    with house.engine.begin() as connection:
        connection.execute(mfa_devices.insert(), many)
    last = house.virtual("z")
    assert house.refused("CreateVirtualMFADevice", VirtualMFADeviceName="more") == (
        "LimitExceeded",
        "Cannot exceed quota for VirtualMFADevicesPerAccount: 5000",
    )
    house.virtual("more", root_of(OTHER_ACCOUNT))
    house.enable(alice, last)
    result: Any = house.call(
        "ListVirtualMFADevices", AssignmentStatus="Assigned", MaxItems=1
    )
    assert [device["SerialNumber"] for device in result["VirtualMFADevices"]] == [last]


@pytest.mark.threat("T107", "T123")
def test_the_seed_is_shown_once_and_kept_sealed(house: Estate, alice: User) -> None:
    """No later answer holds seed or QR code, and no file holds the seed."""
    serial = house.enrolled(alice)
    for result in (
        house.call("ListVirtualMFADevices"),
        house.call("ListMFADevices", UserName="Alice"),
        house.call("GetMFADevice", UserName="Alice", SerialNumber=serial),
        house.call("ListMFADeviceTags", SerialNumber=serial),
    ):
        told = repr(result)
        assert house.seeds[serial] not in told
        assert "Seed" not in told
        assert "QRCode" not in told
    seed = totp.decode_seed(house.seeds[serial])
    folder = Path(house.url.removeprefix("sqlite:///")).parent
    kept = b"".join(file.read_bytes() for file in folder.iterdir())
    assert b"Alice" in kept
    assert seed not in kept
    assert house.seeds[serial].encode() not in kept


# --- enabling


@pytest.mark.rule("M1", "M42")
def test_a_user_can_make_its_own_mfa_claim(house: Estate, alice: User) -> None:
    """Whoever may create and enable a device proves MFA with it, with long-term keys.

    The trusting account inherits that weakness.
    """
    caller = caller_of(alice)
    serial = house.virtual("Alice", caller)
    house.enable(alice, serial, caller)
    house.later(STEP)
    assert house.verify(house.attempt(alice, serial, house.code(serial))) == house.now


def test_two_consecutive_codes_assign_the_device(house: Estate, alice: User) -> None:
    """The code of 30 seconds ago and the present one work at once (facts 8.4)."""
    serial = house.virtual("phone")
    house.enable(alice, serial)
    device = house.device(serial)
    assert (device.user, device.enabled, device.drift) == (alice.id, house.now, 0)
    assert device.last_step == house.now // STEP


@pytest.mark.threat("T15")
@pytest.mark.parametrize(
    ("first", "second"),
    [(-1, 1), (0, -1), (0, 0), (-1, -1), (1, -1), (0, 2), (-23, -22), (20, 21)],
)
def test_other_pairs_of_codes_are_refused(
    house: Estate, alice: User, first: int, second: int
) -> None:
    """Not consecutive, reversed, the same twice, too old, too new: one answer."""
    serial = house.virtual("phone")
    assert (
        house.refused(
            "EnableMFADevice",
            UserName="Alice",
            SerialNumber=serial,
            AuthenticationCode1=house.code(serial, first),
            AuthenticationCode2=house.code(serial, second),
        )
        == WRONG
    )
    assert house.device(serial).user == ""


@pytest.mark.threat("T15")
@pytest.mark.parametrize("drift", [-20, -7, 0, 7, 20])
def test_a_clock_may_be_twenty_steps_off(
    house: Estate, alice: User, drift: int
) -> None:
    """The drift is stored, and the device's next code is good at once."""
    serial = house.virtual("phone")
    house.enable(alice, serial, first=drift - 1)
    assert house.device(serial).drift == drift
    house.later(STEP)
    code = house.code(serial, drift)
    assert house.verify(house.attempt(alice, serial, code)) == house.now


@pytest.mark.threat("T5")
@pytest.mark.parametrize("name", ["AuthenticationCode1", "AuthenticationCode2"])
def test_codes_have_one_spelling(house: Estate, alice: User, name: str) -> None:
    """Digits of other scripts are a fault of form, not a wrong code."""
    serial = house.virtual("phone")
    codes = house.codes(serial) | {name: "\uff11\uff12\uff13\uff14\uff15\uff16"}
    member = name[0].lower() + name[1:]
    assert house.refused(
        "EnableMFADevice", UserName="Alice", SerialNumber=serial, **codes
    ) == (
        "ValidationError",
        f"1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\d]+",
    )


def test_the_user_is_looked_for_before_the_codes(house: Estate) -> None:
    """Bogus codes for a missing user: NoSuchEntity (facts 8.4)."""
    bogus = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000000"}
    for serial in (house.virtual("phone"), "GAHT12345678"):
        assert house.refused(
            "EnableMFADevice", UserName="Nobody", SerialNumber=serial, **bogus
        ) == ("NoSuchEntity", "The user with name Nobody cannot be found.")


@pytest.mark.threat("T7")
def test_devices_of_other_accounts_are_unknown(house: Estate, alice: User) -> None:
    """For every operation that names a device."""
    serial = house.virtual("phone", root_of(OTHER_ACCOUNT))
    codes = house.codes(serial)
    named = {"SerialNumber": serial}
    for operation, params in (
        ("EnableMFADevice", {"UserName": "Alice", **codes}),
        ("ResyncMFADevice", {"UserName": "Alice", **codes}),
        ("DeactivateMFADevice", {"UserName": "Alice"}),
        ("GetMFADevice", {"UserName": "Alice"}),
        ("DeleteVirtualMFADevice", {}),
        ("TagMFADevice", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("UntagMFADevice", {"TagKeys": ["a"]}),
        ("ListMFADeviceTags", {}),
    ):
        assert house.refused(operation, **named, **params) == unknown(serial)
    assert house.call("ListVirtualMFADevices")["VirtualMFADevices"] == []


def test_a_device_has_one_user(house: Estate, alice: User) -> None:
    """Enabling an enabled device is refused before its codes are looked at."""
    house.user("Bob")
    serial = house.enrolled(alice)
    for name in ("Alice", "Bob"):
        assert house.refused(
            "EnableMFADevice",
            UserName=name,
            SerialNumber=serial,
            **house.codes(serial, 0),
        ) == ("EntityAlreadyExists", "MFA Device is already in use.")


def test_a_user_has_eight_devices(house: Estate, alice: User) -> None:
    """Of whatever kinds; the ninth is refused (facts 8.1)."""
    for n in range(DEVICES_PER_USER):
        house.enrolled(alice, f"phone{n}")
    serial = house.virtual("ninth")
    assert house.refused(
        "EnableMFADevice",
        UserName="Alice",
        SerialNumber=serial,
        **house.codes(serial),
    ) == ("LimitExceeded", "Cannot exceed quota for MFADevicesPerUser: 8")


def fido(house: Estate, user: User, *, assigned: bool) -> str:
    """A security key, as only a console could enrol it."""
    plan = Plan(
        serial=f"arn:aws:iam::{ACCOUNT}:u2f/user/Alice/key",
        account=ACCOUNT,
        kind=DeviceKind.FIDO,
        seed=b"",
    )
    key = new_device(plan, house)
    if assigned:
        key = replace(key, user=user.id, enabled=house.now)
    with house.store.change() as change:
        change.insert(key)
    return plan.serial


@pytest.mark.rule("M41")
def test_a_security_key_shows_no_codes(house: Estate, alice: User) -> None:
    """It cannot be enabled or resynchronized by codes, but listed and deactivated.

    Not even by the codes of an empty seed, which everybody can compute.
    """
    here = totp.step_at(house.now)
    codes = {
        "AuthenticationCode1": totp.token_code(b"", here - 1),
        "AuthenticationCode2": totp.token_code(b"", here),
    }
    place = {"UserName": "Alice", "SerialNumber": fido(house, alice, assigned=False)}
    assert house.refused("EnableMFADevice", **place, **codes) == WRONG
    with house.store.change() as change:
        device = house.device(place["SerialNumber"])
        change.replace(replace(device, user=alice.id, enabled=house.now))
    assert house.refused("ResyncMFADevice", **place, **codes) == WRONG
    assert house.call("GetMFADevice", **place)["UserName"] == "Alice"
    house.call("DeactivateMFADevice", **place)
    assert house.device(place["SerialNumber"]).user == ""


# --- the service's own rule


@pytest.mark.threat("T21")
@pytest.mark.parametrize("kind", ["access key", "session"])
def test_who_has_a_device_needs_mfa_to_enable_another(
    house: Estate, alice: User, kind: str
) -> None:
    """A thief of an access key cannot add a phone of his own (facts 8.4)."""
    house.enrolled(alice)
    thief = with_session(alice, None) if kind == "session" else caller_of(alice)
    second = house.virtual("second", thief)
    assert house.refused(
        "EnableMFADevice",
        thief,
        UserName="Alice",
        SerialNumber=second,
        **house.codes(second),
    ) == (
        "AccessDenied",
        f"User: {alice.arn} is not authorized to perform: iam:EnableMFADevice on resource: {alice.arn}",
    )
    owner = with_session(alice, house.now - 60)
    house.enable(alice, second, owner)
    assert house.device(second).user == alice.id


@pytest.mark.threat("T21")
@pytest.mark.parametrize("name", [{}, {"UserName": "ALICE"}])
def test_who_has_a_device_needs_mfa_to_disable_one(
    house: Estate, alice: User, name: dict[str, str]
) -> None:
    """A thief of an access key cannot take the phone away, by either spelling."""
    serial = house.enrolled(alice)
    params: Any = {"SerialNumber": serial, **name}
    assert house.refused("DeactivateMFADevice", caller_of(alice), **params) == (
        "AccessDenied",
        f"User: {alice.arn} is not authorized to perform: iam:DeactivateMFADevice on resource: {alice.arn}",
    )
    house.call("DeactivateMFADevice", with_session(alice, house.now), **params)
    assert house.device(serial).user == ""


@pytest.mark.threat("T21")
def test_no_order_of_calls_swaps_the_phone(house: Estate, alice: User) -> None:
    """A thief whom policies allow everything, with the key and a phone of his own.

    Whatever he calls first, the owner's device stays and his own is not enabled.
    """
    serial = house.enrolled(alice)
    thief = caller_of(alice)
    thiefs = house.virtual("thiefs", thief)
    calls: dict[str, Any] = {
        "DeactivateMFADevice": {"SerialNumber": serial},
        "DeleteVirtualMFADevice": {"SerialNumber": serial},
        "CreateVirtualMFADevice": {"VirtualMFADeviceName": "phone"},
        "EnableMFADevice": {
            "UserName": "Alice",
            "SerialNumber": thiefs,
            **house.codes(thiefs),
        },
    }
    for order in permutations(calls):
        for operation in order:
            house.refused(operation, thief, **calls[operation])
    assert house.device(serial).user == alice.id
    assert house.device(thiefs).user == ""
    code = house.code(thiefs)
    with pytest.raises(TokenCodeError):
        house.verify(house.attempt(alice, thiefs, code))


@pytest.mark.threat("T32")
def test_mfa_from_the_future_is_no_mfa(house: Estate, alice: User) -> None:
    """The rule reads the same facts as every policy does."""
    serial = house.enrolled(alice)
    caller = with_session(alice, house.now + 60)
    code, _ = house.refused("DeactivateMFADevice", caller, SerialNumber=serial)
    assert code == "AccessDenied"


def test_administrators_are_not_bound(house: Estate, alice: User) -> None:
    """Root, a role and another user act on Alice as policies allow (facts 8.4)."""
    admin = house.user("Admin")
    role = house.role("Admin", trusting(ACCOUNT))
    for caller in (root_of(ACCOUNT), session_of(role), caller_of(admin)):
        serial = house.enrolled(alice, caller.principal.kind.name)
        house.call("DeactivateMFADevice", caller, UserName="Alice", SerialNumber=serial)
        house.later(STEP)
        house.enable(alice, serial, caller)


def test_a_lost_device_can_be_resynchronized_without_mfa(
    house: Estate, alice: User
) -> None:
    """Two codes of the device itself are proof enough."""
    serial = house.enrolled(alice)
    house.later(STEP)
    house.call(
        "ResyncMFADevice",
        caller_of(alice),
        UserName="Alice",
        SerialNumber=serial,
        **house.codes(serial),
    )


# --- resynchronization


@pytest.mark.threat("T12", "T15")
def test_a_resync_stores_the_drift_and_forgets_tries(
    house: Estate, alice: User
) -> None:
    """The way out of drift and of a lock that needs no administrator."""
    serial = house.enrolled(alice)
    house.later(10 * STEP)
    with pytest.raises(TokenCodeError):
        house.verify(house.attempt(alice, serial, house.code(serial, -5)))
    house.call(
        "ResyncMFADevice",
        UserName="Alice",
        SerialNumber=serial,
        **house.codes(serial, -5),
    )
    device = house.device(serial)
    assert (device.drift, device.last_step) == (-4, house.now // STEP - 4)
    assert (device.user, device.enabled) == (alice.id, NOW)
    with house.store.ledger() as ledger:
        assert ledger.tries(device.id) == []
    code = house.code(serial, -3)
    assert house.verify(house.attempt(alice, serial, code)) == house.now


@pytest.mark.threat("T3")
def test_a_resync_needs_two_unused_codes(house: Estate, alice: User) -> None:
    """The codes that enabled the device, one of them, or none of it: refused."""
    serial = house.enrolled(alice)
    for first in (-2, -1):
        assert (
            house.refused(
                "ResyncMFADevice",
                UserName="Alice",
                SerialNumber=serial,
                **house.codes(serial, first),
            )
            == WRONG
        )
    house.call(
        "ResyncMFADevice",
        UserName="Alice",
        SerialNumber=serial,
        **house.codes(serial, 0),
    )


def test_a_device_is_resynchronized_for_its_user_only(
    house: Estate, alice: User
) -> None:
    """Another user's device, and one that nobody has, are not Alice's."""
    foreign = ("NoSuchEntity", "MFA Device invalid for user.")
    for serial in (house.enrolled(house.user("Bob")), house.virtual("nobodys")):
        params = {"UserName": "Alice", "SerialNumber": serial}
        codes = house.codes(serial, 0)
        assert house.refused("ResyncMFADevice", **params, **codes) == foreign
        assert house.refused("DeactivateMFADevice", **params) == foreign
        assert house.refused("GetMFADevice", **params) == foreign
    params = {"UserName": "Alice", "SerialNumber": "GAHT12345678"}
    codes = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000000"}
    assert house.refused("ResyncMFADevice", **params, **codes) == unknown(
        "GAHT12345678"
    )


# --- deactivation, deletion


def test_a_deactivated_device_keeps_its_name(house: Estate, alice: User) -> None:
    """It is unassigned until it is deleted (facts 8.6)."""
    serial = house.enrolled(alice)
    house.call("DeactivateMFADevice", UserName="Alice", SerialNumber=serial)
    device = house.device(serial)
    assert (device.user, device.enabled) == ("", 0)
    code, _ = house.refused("CreateVirtualMFADevice", VirtualMFADeviceName="phone")
    assert code == "EntityAlreadyExists"
    assert house.refused(
        "DeactivateMFADevice", UserName="Alice", SerialNumber=serial
    ) == ("NoSuchEntity", "MFA Device invalid for user.")


@pytest.mark.threat("T2", "T3", "T20")
def test_a_device_enabled_again_does_not_fall_back(house: Estate, alice: User) -> None:
    """Same seed, same ledger: used codes stay used for the next user, too."""
    bob = house.user("Bob")
    serial = house.enrolled(alice)
    house.verify(house.attempt(alice, serial, house.code(serial)))
    used = house.device(serial).last_step
    house.call("DeactivateMFADevice", UserName="Alice", SerialNumber=serial)
    assert house.device(serial).last_step == used
    place = {"UserName": "Bob", "SerialNumber": serial}
    for first in (-2, -1, 0):
        codes = house.codes(serial, first)
        assert house.refused("EnableMFADevice", **place, **codes) == WRONG
    house.enable(bob, serial, first=1)
    assert house.device(serial).last_step == used + 2


def test_root_has_to_say_whose_device(house: Estate, alice: User) -> None:
    """Root's own devices are no matter of the API (facts 8.1)."""
    serial = house.enrolled(alice)
    role = house.role("Admin", trusting(ACCOUNT))
    for caller in (root_of(ACCOUNT), session_of(role)):
        assert house.refused("DeactivateMFADevice", caller, SerialNumber=serial) == (
            "ValidationError",
            "Must specify userName when calling with non-User credentials",
        )


@pytest.mark.threat("T18")
def test_deletion_frees_the_name_and_nothing_else(house: Estate, alice: User) -> None:
    """The next device of that name has another seed, and old codes are wrong."""
    serial = house.virtual("phone")
    old = house.codes(serial)
    house.call("DeleteVirtualMFADevice", SerialNumber=serial)
    assert house.refused("DeleteVirtualMFADevice", SerialNumber=serial) == (
        unknown(serial)
    )
    before = house.seeds[serial]
    assert house.virtual("phone") == serial
    assert house.seeds[serial] != before
    place = {"UserName": "Alice", "SerialNumber": serial}
    assert house.refused("EnableMFADevice", **place, **old) == WRONG
    house.enable(alice, serial)


@pytest.mark.threat("T13", "T18")
def test_a_new_device_inherits_no_tries(house: Estate, alice: User) -> None:
    """Tries belong to the device that was, and go with it."""
    serial = house.enrolled(alice)
    for _ in range(7):
        with pytest.raises(TokenCodeError):
            house.verify(house.attempt(alice, serial, house.code(serial, 9)))
    device = house.device(serial).id
    house.call("DeactivateMFADevice", UserName="Alice", SerialNumber=serial)
    house.call("DeleteVirtualMFADevice", SerialNumber=serial)
    with house.store.ledger() as ledger:
        assert ledger.tries(device) == []
    house.enrolled(alice)
    house.verify(house.attempt(alice, serial, house.code(serial)))


def test_an_assigned_device_is_not_deleted(house: Estate, alice: User) -> None:
    """It must be deactivated first (facts 8.2)."""
    serial = house.enrolled(alice)
    code, _ = house.refused("DeleteVirtualMFADevice", SerialNumber=serial)
    assert code == "DeleteConflict"
    assert house.refused("DeleteUser", UserName="Alice") == (
        "DeleteConflict",
        "Cannot delete entity, must delete MFA device first.",
    )


# --- lists


def test_the_lists_show_what_aws_shows(house: Estate, alice: User) -> None:
    """Unassigned entries hold the serial number only, assigned ones their user."""
    serial = house.enrolled(alice)
    free = house.virtual("free", Tags=[{"Key": "a", "Value": "b"}])
    user = {
        "Path": "/",
        "UserName": "Alice",
        "UserId": alice.id,
        "Arn": alice.arn,
        "CreateDate": NOW,
    }
    assigned = {"SerialNumber": serial, "EnableDate": NOW, "User": user}
    for status, expected in (
        ({}, [{"SerialNumber": free}, assigned]),
        ({"AssignmentStatus": "Any"}, [{"SerialNumber": free}, assigned]),
        ({"AssignmentStatus": "Assigned"}, [assigned]),
        ({"AssignmentStatus": "Unassigned"}, [{"SerialNumber": free}]),
    ):
        result = house.call("ListVirtualMFADevices", **status)
        assert result == {"VirtualMFADevices": expected, "IsTruncated": False}
    shown = {"UserName": "Alice", "SerialNumber": serial, "EnableDate": NOW}
    result = house.call("ListMFADevices", UserName="Alice")
    assert result == {"MFADevices": [shown], "IsTruncated": False}
    assert house.call("ListMFADevices", caller_of(alice)) == result
    assert house.call("GetMFADevice", caller_of(alice), SerialNumber=serial) == shown


def test_lists_need_a_user(house: Estate) -> None:
    """A role names one that exists (facts 8.6)."""
    role = house.role("Admin", trusting(ACCOUNT))
    assert house.refused("ListMFADevices", session_of(role)) == (
        "ValidationError",
        "Must specify userName when calling with non-User credentials",
    )
    assert house.refused("ListMFADevices", UserName="Nobody") == (
        "NoSuchEntity",
        "The user with name Nobody cannot be found.",
    )


@pytest.mark.threat("T102")
@pytest.mark.parametrize("status", ["Any", "Assigned", "Unassigned"])
def test_lists_come_in_pages(house: Estate, alice: User, status: str) -> None:
    """Every device once, in order, whatever the page's size; markers are sealed."""
    names = [f"d{n}" for n in range(7)]
    serials = [house.virtual(name) for name in names]
    for serial in serials[::2]:
        house.enable(alice, serial)
    expected = {"Any": serials, "Assigned": serials[::2], "Unassigned": serials[1::2]}
    for size in (1, 2, 3, 7):
        pages = house.pages(
            "ListVirtualMFADevices",
            "VirtualMFADevices",
            MaxItems=size,
            AssignmentStatus=status,
        )
        found = [item["SerialNumber"] for page in pages for item in page]  # type: ignore[index]  # items are structures
        assert found == expected[status]
    devices = house.pages("ListMFADevices", "MFADevices", UserName="Alice", MaxItems=1)
    assert len(list(devices)) == 4


@pytest.mark.threat("T102")
def test_a_marker_serves_its_own_list(house: Estate) -> None:
    """Another filter, another account, or an invented marker: Invalid Marker."""
    for name in ("a", "b", "c"):
        house.virtual(name)
    result = house.call("ListVirtualMFADevices", MaxItems=1)
    marker = result["Marker"]
    invalid = ("ValidationError", "Invalid Marker.")
    list_ = "ListVirtualMFADevices"
    assert house.refused(list_, modelled=False, Marker="invented") == invalid
    assert (
        house.refused(
            list_, modelled=False, Marker=marker, AssignmentStatus="Unassigned"
        )
        == invalid
    )
    other = root_of(OTHER_ACCOUNT)
    assert house.refused(list_, other, modelled=False, Marker=marker) == invalid


# --- tags


def test_tag_keys_differ_by_case(house: Estate) -> None:
    """Unlike those of users and roles (facts 8.3)."""
    tags = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
    result = house.call(
        "CreateVirtualMFADevice", VirtualMFADeviceName="phone", Tags=tags
    )
    shown: Any = result["VirtualMFADevice"]
    ordered = [{"Key": "A", "Value": "2"}, {"Key": "a", "Value": "1"}]
    assert shown["Tags"] == ordered
    serial = shown["SerialNumber"]
    house.call("TagMFADevice", SerialNumber=serial, Tags=[{"Key": "a", "Value": "3"}])
    house.call("UntagMFADevice", SerialNumber=serial, TagKeys=["A", "none"])
    assert house.call("ListMFADeviceTags", SerialNumber=serial) == {
        "Tags": [{"Key": "a", "Value": "3"}],
        "IsTruncated": False,
    }


def test_a_device_has_fifty_tags(house: Estate) -> None:
    """One more is refused; the same key twice as well (facts 10.7, 10.8)."""
    serial = house.virtual("phone")
    tags = [{"Key": f"k{n:02d}", "Value": ""} for n in range(50)]
    house.call("TagMFADevice", SerialNumber=serial, Tags=tags)
    assert house.refused(
        "TagMFADevice", SerialNumber=serial, Tags=[{"Key": "more", "Value": ""}]
    ) == ("LimitExceeded", "The number of tags has reached the maximum limit.")
    assert house.refused("TagMFADevice", SerialNumber=serial, Tags=tags[:1] * 2) == (
        "InvalidInput",
        "Duplicate tag keys found.",
    )
    pages = house.pages("ListMFADeviceTags", "Tags", SerialNumber=serial, MaxItems=20)
    assert [len(page) for page in pages] == [20, 20, 10]


def test_a_change_of_tags_moves_no_ledger(house: Estate, alice: User) -> None:
    """Nothing but the tags changes (P1)."""
    serial = house.enrolled(alice)
    house.verify(house.attempt(alice, serial, house.code(serial)))
    before = house.device(serial)
    house.call("TagMFADevice", SerialNumber=serial, Tags=[{"Key": "a", "Value": ""}])
    assert house.device(serial) == replace(before, tags=(("a", ""),))


def test_hardware_has_no_arn_and_no_tags(house: Estate) -> None:
    """A printed serial number is not deleted or tagged by these calls."""
    plan = Plan(
        serial="GAHT12345678", account=ACCOUNT, kind=DeviceKind.HARDWARE, seed=b"x" * 20
    )
    with house.store.change() as change:
        change.insert(new_device(plan, house))
    for operation in ("DeleteVirtualMFADevice", "ListMFADeviceTags"):
        assert house.refused(operation, SerialNumber=plan.serial) == (
            unknown(plan.serial)
        )


# --- races


def outcome(house: Estate, operation: str, **params: object) -> str:
    """`ok`, or the code of the refusal."""
    try:
        house.call(operation, **params)
    except ServiceError as error:
        return error.code
    return "ok"


def together(*acts: Callable[[], str]) -> Counter[str]:
    """What came of acts that begin at one moment."""
    outcomes: list[str] = []

    def run(act: Callable[[], str]) -> racing.Act:
        def once(_moment: int) -> bool:
            outcomes.append(act())
            return True

        return once

    racing.threads([run(act) for act in acts], [0])
    return Counter(outcomes)


@pytest.mark.threat("T17")
def test_one_device_goes_to_one_user(house: Estate) -> None:
    """Two enable it for two users at once: one 200, one 409."""
    users = [house.user(name) for name in ("Alice", "Bob")]
    for n in range(ROUNDS):
        serial = house.virtual(f"phone{n}")
        # Two pairs of codes, so that the ledger alone does not decide.
        acts = [
            lambda u=user, f=first, s=serial: outcome(  # type: ignore[misc]  # defaults bind the loop's values
                house,
                "EnableMFADevice",
                UserName=u.name,
                SerialNumber=s,
                **house.codes(s, f),
            )
            for user, first in zip(users, (-3, -1), strict=True)
        ]
        counts = together(*acts)
        assert counts == {"ok": 1, "EntityAlreadyExists": 1}
        assert house.device(serial).user in {user.id for user in users}
        house.call(
            "DeactivateMFADevice",
            UserName=next(u.name for u in users if u.id == house.device(serial).user),
            SerialNumber=serial,
        )


@pytest.mark.threat("T17", "T101")
def test_the_eighth_place_is_taken_once(house: Estate, alice: User) -> None:
    """Four devices want the last place of a user: one gets it."""
    for n in range(DEVICES_PER_USER - 1):
        house.enable(alice, house.virtual(f"phone{n}"))
    for n in range(ROUNDS):
        serials = [house.virtual(f"race{n}-{m}") for m in range(4)]
        acts = [
            lambda s=serial: outcome(  # type: ignore[misc]  # defaults bind the loop's values
                house,
                "EnableMFADevice",
                UserName="Alice",
                SerialNumber=s,
                **house.codes(s),
            )
            for serial in serials
        ]
        assert together(*acts) == {"ok": 1, "LimitExceeded": 3}
        with house.store.read() as view:
            mine = view.list_by(MFADevice, account=ACCOUNT, user=alice.id)
        assert len(mine) == DEVICES_PER_USER
        last = next(device.serial for device in mine if device.serial in serials)
        house.call("DeactivateMFADevice", UserName="Alice", SerialNumber=last)


@pytest.mark.threat("T17")
def test_a_device_is_enabled_or_deleted(house: Estate, alice: User) -> None:
    """Never both: a deleted device has no user, an enabled one stays."""
    for n in range(ROUNDS):
        serial = house.virtual(f"phone{n}")
        counts = together(
            lambda s=serial: outcome(  # type: ignore[misc]  # defaults bind the loop's values
                house,
                "EnableMFADevice",
                UserName="Alice",
                SerialNumber=s,
                **house.codes(s),
            ),
            lambda s=serial: outcome(  # type: ignore[misc]  # defaults bind the loop's values
                house, "DeleteVirtualMFADevice", SerialNumber=s
            ),
        )
        device = house.find(MFADevice, serial)
        if device is None:
            assert counts == {"ok": 1, "NoSuchEntity": 1}
        else:
            assert counts == {"ok": 1, "DeleteConflict": 1}
            assert device.user == alice.id
            house.call("DeactivateMFADevice", UserName="Alice", SerialNumber=serial)


@pytest.mark.threat("T17", "T99")
def test_no_device_belongs_to_a_deleted_user(house: Estate) -> None:
    """Enabling for a user races the user's deletion: one of them is refused."""
    for n in range(ROUNDS):
        user = house.user(f"User{n}")
        serial = house.virtual(f"phone{n}")
        counts = together(
            lambda s=serial, u=user: outcome(  # type: ignore[misc]  # defaults bind the loop's values
                house,
                "EnableMFADevice",
                UserName=u.name,
                SerialNumber=s,
                **house.codes(s),
            ),
            lambda u=user: outcome(house, "DeleteUser", UserName=u.name),  # type: ignore[misc]  # likewise
        )
        owner = house.device(serial).user
        if house.find(User, user.id) is None:
            assert counts == {"ok": 1, "NoSuchEntity": 1}
            assert owner == ""
        else:
            assert counts == {"ok": 1, "DeleteConflict": 1}
            assert owner == user.id


@pytest.mark.threat("T17", "T18")
def test_of_many_creations_with_one_name_one_answers_a_seed(house: Estate) -> None:
    """The others hear that the name is taken, whenever they find out."""
    for n in range(ROUNDS):
        name = f"phone{n}"
        acts = [
            lambda n=name: outcome(  # type: ignore[misc]  # defaults bind the loop's values
                house, "CreateVirtualMFADevice", VirtualMFADeviceName=n
            )
        ] * 4
        assert together(*acts) == {"ok": 1, "EntityAlreadyExists": 3}


@pytest.mark.threat("T12")
def test_enabling_forgets_tries(house: Estate, alice: User) -> None:
    """Two codes show that the device is at hand, whoever guessed before."""
    serial = house.virtual("phone")
    device = house.device(serial)
    with house.store.ledger() as ledger:
        row = TryRow(
            device=device.id,
            credential="AKIAUSER",
            failures=100,
            last_failure_at=NOW,
            last_success_at=0,
        )
        ledger.swap_tries(None, row)
    house.enable(alice, serial)
    with house.store.ledger() as ledger:
        assert ledger.tries(device.id) == []


def test_a_png_is_a_png(house: Estate) -> None:
    """The blob begins with the signature and a square size."""
    result = house.call("CreateVirtualMFADevice", VirtualMFADeviceName="phone")
    shown: Any = result["VirtualMFADevice"]
    png = shown["QRCodePNG"]
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    assert width == height > 100
