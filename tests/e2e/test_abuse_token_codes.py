"""Abuse of token codes and devices, over real HTTP (threats T1 to T22)."""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from tests.e2e.server import Server
from tests.e2e.wire import (
    VERSIONS,
    Answer,
    Draft,
    call,
    connect,
    raw,
    receive,
    send,
    signed,
    without_request_id,
)
from tests.e2e.world import (
    NOT_BOTH,
    NOT_THE_CODE,
    NOT_THEIRS,
    Credentials,
    Device,
    Person,
    World,
    allow,
    message,
    refused,
    this_step,
    trusts,
    unique,
)

FORM = ("content-type", "application/x-www-form-urlencoded; charset=utf-8")
CROWD = 64
GUESSES = 5


def session_call(serial: str, code: str) -> Draft:
    """GetSessionToken with MFA."""
    return call("sts", "GetSessionToken", SerialNumber=serial, TokenCode=code)


def form(body: str) -> Draft:
    """A call of STS with a body as it is."""
    head = f"Version={VERSIONS['sts']}&Action=GetSessionToken&"
    return Draft(service="sts", headers=(FORM,), body=(head + body).encode())


def at_once(server: Server, requests: Iterable[bytes]) -> list[Answer]:
    """The answers to requests whose last bytes are sent in the same instant."""
    requests = list(requests)
    barrier = threading.Barrier(len(requests))
    answers: list[Answer] = []

    def client(data: bytes) -> None:
        with connect(server) as link:
            link.sendall(data[:-1])
            barrier.wait(30)
            link.sendall(data[-1:])
            answers.append(receive(link))

    threads = [threading.Thread(target=client, args=(data,)) for data in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == len(requests)
    return answers


def bytes_of(server: Server, draft: Draft, credentials: Credentials) -> bytes:
    """A signed request as bytes."""
    return raw(draft, signed(server, draft, credentials))


def marks(world: World, answer: Answer) -> list[str]:
    """What the audit record of a request is marked with."""
    found = world.server.record(answer.header("x-amzn-requestid"))
    kept: list[str] = found.get("marks", [])
    return kept


@pytest.mark.threat("T1")
@pytest.mark.parametrize("crowd", range(3))
def test_of_64_clients_with_one_code_exactly_one_succeeds(
    world: World, crowd: int
) -> None:
    """T1: 64 connections send one right code at once; one 200, 63 refusals, once each."""
    user = world.a.person(f"Crowd{crowd}", devices=1)
    device = user.devices[0]
    draft = session_call(device.serial, device.code())
    data = [bytes_of(world.server, draft, user.credentials) for _ in range(CROWD)]
    answers = at_once(world.server, data)
    assert Counter(answer.status for answer in answers) == {200: 1, 403: CROWD - 1}
    told = {answer.error("sts") for answer in answers if answer.status != 200}
    assert told == {("AccessDenied", NOT_THE_CODE)}
    # None of that was a guess: the next code is looked at, and works.
    other = user.enrol()
    again = session_call(other.serial, other.code())
    assert send(world.server, again, user.credentials).status == 200


@pytest.mark.threat("T2", "T3")
def test_a_used_code_is_dead_for_every_call(world: World) -> None:
    """T2, T3: one ledger for GetSessionToken, AssumeRole, Enable and Resync."""
    role = world.a.role("Ledger", trusts(world.a.id), allow("sts:*", "*"))
    may = allow(["sts:AssumeRole", "iam:ResyncMFADevice"], "*")
    user = world.a.person("Ledger", may, devices=2)
    sts, first = user.client("sts"), user.devices[0]
    used = {"SerialNumber": first.serial, "TokenCode": first.code()}
    asked = {"RoleArn": role, "RoleSessionName": "x1"}
    assert sts.assume_role(**asked, **used)["Credentials"]
    for attempt in (sts.get_session_token, lambda **p: sts.assume_role(**asked, **p)):
        answer = refused("AccessDenied", 403, attempt, **used)
        assert message(answer) == NOT_THE_CODE
    refused(
        "InvalidAuthenticationCode",
        403,
        user.client("iam").resync_mfa_device,
        UserName=user.name,
        SerialNumber=first.serial,
        AuthenticationCode1=first.code_at(first.last_step - 1),
        AuthenticationCode2=first.last_code(),
    )
    # Both codes of EnableMFADevice are used up by it.
    second = user.devices[1]
    for step in (second.last_step, second.last_step - 1):
        given = {"SerialNumber": second.serial, "TokenCode": second.code_at(step)}
        answer = refused("AccessDenied", 403, sts.get_session_token, **given)
        assert message(answer) == NOT_THE_CODE
    given = {"SerialNumber": second.serial, "TokenCode": second.code()}
    assert sts.get_session_token(**given)["Credentials"]


@pytest.mark.threat("T3")
def test_a_code_used_for_sts_cannot_enable_a_device_again(world: World) -> None:
    """T3: the ledger stays with the device when it changes hands."""
    user = world.a.person("Changing", devices=1)
    device = user.devices[0]
    user.client("sts").get_session_token(
        SerialNumber=device.serial, TokenCode=device.code()
    )
    iam = world.a.client("iam")
    iam.deactivate_mfa_device(UserName=user.name, SerialNumber=device.serial)
    step = device.last_step
    refused(
        "InvalidAuthenticationCode",
        403,
        iam.enable_mfa_device,
        UserName=user.name,
        SerialNumber=device.serial,
        AuthenticationCode1=device.code_at(step - 1),
        AuthenticationCode2=device.code_at(step),
    )
    iam.enable_mfa_device(
        UserName=user.name,
        SerialNumber=device.serial,
        AuthenticationCode1=device.code_at(step + 1),
        AuthenticationCode2=device.code_at(step + 2),
    )


def spellings(code: str) -> dict[str, str]:
    """The code in other clothes, as a form value."""
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    arabic = "".join(chr(ord(digit) + 0x630) for digit in code)
    texts = {
        "blank before": f" {code}",
        "newline behind": f"{code}\n",
        "plus": f"+{code}",
        "underscore": f"{code[:2]}_{code[2:]}",
        "full width": wide,
        "arabic": arabic,
        "some full width": wide[:2] + code[2:],
        "zero before": f"0{code}",
        "five": code[:5],
        "seven": f"{code}0",
        "hexadecimal": f"0x{code[:4]}",
        "tab within": f"{code[:3]}\t{code[3:]}",
        "letters": "abcdef",
    }
    return {name: quote(text) for name, text in texts.items()}


@pytest.mark.threat("T5", "T6")
def test_a_code_has_one_spelling(world: World) -> None:
    """T5: anything but six ASCII digits is 400 before any look-up; the code stays unused."""
    user = world.a.person("Spelling", devices=1)
    device = user.devices[0]
    code = device.code()
    serial = quote(device.serial)
    for name, spelled in spellings(code).items():
        draft = form(f"SerialNumber={serial}&TokenCode={spelled}")
        answer = send(world.server, draft, user.credentials)
        assert (answer.status, answer.error("sts")[0]) == (400, "ValidationError"), name
    twice = form(f"SerialNumber={serial}&TokenCode={code}&TokenCode={code}")
    answer = send(world.server, twice, user.credentials)
    assert (answer.status, answer.error("sts")[0]) == (400, "ValidationError")
    zeros = form(f"SerialNumber={serial}&TokenCode=" + "%00" * 6)
    assert send(world.server, zeros, user.credentials).status == 400
    # No device is looked up for it either: a foreign one gives the same answer.
    foreign = form(f"SerialNumber=GAHT12345678&TokenCode={quote(' ' + code)}")
    mine = form(f"SerialNumber={serial}&TokenCode={quote(' ' + code)}")
    assert without_request_id(
        send(world.server, foreign, user.credentials)
    ) == without_request_id(send(world.server, mine, user.credentials))
    draft = form(f"SerialNumber={serial}&TokenCode={code}")
    assert send(world.server, draft, user.credentials).status == 200


@pytest.mark.threat("T7")
def test_a_foreign_device_gives_one_answer_whatever_it_is(world: World) -> None:
    """T7: byte for byte the same but for the request id; nobody else's counter moves."""
    user = world.a.person("Asking", devices=1)
    victim = world.a.person("Victim", devices=2)
    stranger = world.b.person("Stranger", devices=1)
    iam = world.a.client("iam")
    unassigned, _ = world.a.virtual_device(unique("unassigned"))
    deleted, _ = world.a.virtual_device(unique("deleted"))
    iam.delete_virtual_mfa_device(SerialNumber=deleted)
    own = user.devices[0].serial
    target = victim.devices[0]
    serials = [
        target.serial,
        stranger.devices[0].serial,
        unassigned,
        deleted,
        own.replace("Asking", "aSKING"),
        f"arn:aws:iam::{world.a.id}:mfa/never-there",
        "GAHT12345678",
    ]
    answers = [
        send(world.server, session_call(serial, "123456"), user.credentials)
        for serial in serials
    ]
    assert answers[0].status == 403
    assert answers[0].error("sts") == ("AccessDenied", NOT_THEIRS)
    assert len({without_request_id(answer) for answer in answers}) == 1
    assert all(marks(world, answer) == ["unknown_device"] for answer in answers)
    # A newline behind is no serial number at all.
    newline = session_call(f"{own}\n", "123456")
    assert send(world.server, newline, user.credentials).status in {400, 403}
    # More guesses than are free, and the victim is not slowed down.
    for code in target.wrong_codes(GUESSES + 1):
        draft = session_call(target.serial, code)
        assert send(world.server, draft, user.credentials).status == 403
    given = {"SerialNumber": target.serial, "TokenCode": target.code()}
    assert victim.client("sts").get_session_token(**given)["Credentials"]


@pytest.mark.threat("T8")
def test_one_of_the_two_fields_is_never_a_session(world: World) -> None:
    """T8: half of the pair is 403; neither is a session without MFA."""
    user = world.a.person("Half", devices=1)
    device = user.devices[0]
    code = device.code()
    for params in (
        {"SerialNumber": device.serial},
        {"TokenCode": code},
    ):
        draft = call("sts", "GetSessionToken", **params)
        answer = send(world.server, draft, user.credentials)
        assert answer.status == 403
        assert answer.error("sts") == ("AccessDenied", NOT_BOTH)
        assert b"SessionToken" not in answer.body
    bare = call("sts", "GetSessionToken")
    assert b"<SessionToken>" in send(world.server, bare, user.credentials).body
    whole = session_call(device.serial, code)
    assert send(world.server, whole, user.credentials).status == 200


def guess(world: World, user: Person, device: Device, codes: Iterable[str]) -> None:
    """Wrong codes, each refused as such."""
    for code in codes:
        draft = session_call(device.serial, code)
        answer = send(world.server, draft, user.credentials)
        assert answer.status == 403
        assert answer.error("sts") == ("AccessDenied", NOT_THE_CODE)
        assert answer.header("retry-after") == ""
        assert marks(world, answer) == ["wrong"]


@pytest.mark.threat("T9", "T12", "T14")
def test_after_five_wrong_codes_even_the_right_one_waits(world: World) -> None:
    """T9: refused unseen with the same text and Retry-After; T12: the owner's second key works."""
    user = world.a.person("Guessed", devices=1)
    device = user.devices[0]
    guess(world, user, device, device.wrong_codes(GUESSES))
    right = session_call(device.serial, device.code())
    answer = send(world.server, right, user.credentials)
    assert answer.status == 403
    assert answer.error("sts") == ("AccessDenied", NOT_THE_CODE)
    assert 1 <= int(answer.header("retry-after")) <= 30
    assert "throttled" in marks(world, answer)
    # Calls without a code are not slowed down by it.
    assert user.session(mfa=False).token
    # T12: counters are per device and credential, and the code was not used up.
    key = world.a.client("iam").create_access_key(UserName=user.name)["AccessKey"]
    second = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    assert send(world.server, right, second).status == 200


@pytest.mark.threat("T9")
def test_a_replay_costs_no_try_and_a_success_clears_the_count(world: World) -> None:
    """T9: a used code is marked as a replay, not counted; success sets the counter to 0."""
    user = world.a.person("Replaying", devices=1)
    device = user.devices[0]
    wrong = device.wrong_codes(GUESSES - 1)
    guess(world, user, device, wrong)
    draft = session_call(device.serial, device.code())
    assert send(world.server, draft, user.credentials).status == 200
    for _ in range(GUESSES + 2):
        answer = send(world.server, draft, user.credentials)
        assert answer.status == 403
        assert answer.header("retry-after") == ""
        assert marks(world, answer) == ["replay"]
    guess(world, user, device, wrong)


@pytest.mark.threat("T10", "T9")
def test_parallel_wrong_codes_share_one_budget(world: World) -> None:
    """T10: of 64 wrong codes at once at most five are looked at, over all sessions."""
    user = world.a.person("Brute", devices=1)
    device = user.devices[0]
    data = [
        bytes_of(world.server, session_call(device.serial, code), user.credentials)
        for code in device.wrong_codes(CROWD)
    ]
    answers = at_once(world.server, data)
    assert {answer.status for answer in answers} == {403}
    told = Counter(mark for answer in answers for mark in marks(world, answer))
    assert told["wrong"] == GUESSES
    assert told["throttled"] == CROWD - GUESSES


@pytest.mark.threat("T16")
def test_the_clients_clock_does_not_move_the_window(world: World) -> None:
    """T16: a date within the skew, and DurationSeconds, change nothing about a code."""
    user = world.a.person("Clock", devices=1)
    device = user.devices[0]
    for offset in (-600, 600):
        at = time.time() + offset
        step = int(at) // 30
        draft = session_call(device.serial, device.code_at(step))
        moved = Draft(service="sts", headers=draft.headers, body=draft.body, at=at)
        answer = send(world.server, moved, user.credentials)
        assert answer.status == 403
        assert answer.error("sts") == ("AccessDenied", NOT_THE_CODE)
    draft = session_call(device.serial, device.code())
    late = Draft(
        service="sts", headers=draft.headers, body=draft.body, at=time.time() - 600
    )
    assert send(world.server, late, user.credentials).status == 200


@pytest.mark.threat("T18")
def test_a_device_that_is_made_again_knows_no_old_code(world: World) -> None:
    """T18: the name is taken; after delete and create the old seed's codes are nothing."""
    user = world.a.person("Again")
    iam, name = world.a.client("iam"), unique("again")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)
    serial = made["VirtualMFADevice"]["SerialNumber"]
    old = made["VirtualMFADevice"]["Base32StringSeed"].decode()
    assert made["ResponseMetadata"]["HTTPHeaders"]["cache-control"] == "no-store"
    answer = refused(
        "EntityAlreadyExists",
        409,
        iam.create_virtual_mfa_device,
        VirtualMFADeviceName=name,
    )
    assert message(answer) == "MFA device already exists."
    listed = iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")
    mine = [one for one in listed["VirtualMFADevices"] if one["SerialNumber"] == serial]
    assert mine == [{"SerialNumber": serial}]
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    _, new = world.a.virtual_device(name)
    assert new != old
    step = this_step()
    for seed, works in ((old, False), (new, True)):
        device = Device(serial, seed, step)
        codes = {
            "UserName": user.name,
            "SerialNumber": serial,
            "AuthenticationCode1": device.code_at(step - 1),
            "AuthenticationCode2": device.code_at(step),
        }
        if works:
            iam.enable_mfa_device(**codes)
            continue
        refused("InvalidAuthenticationCode", 403, iam.enable_mfa_device, **codes)
    sts = user.client("sts")
    given = {"SerialNumber": serial, "TokenCode": Device(serial, old, step).code()}
    refused("AccessDenied", 403, sts.get_session_token, **given)
    given["TokenCode"] = Device(serial, new, step).code()
    assert sts.get_session_token(**given)["Credentials"]


@pytest.mark.threat("T20")
def test_a_deactivated_device_is_dead_at_once(world: World) -> None:
    """T20: the next request after DeactivateMFADevice is refused; the other device works."""
    user = world.a.person("Deactivated", devices=2)
    gone, kept = user.devices
    sts = user.client("sts")
    given = {"SerialNumber": gone.serial, "TokenCode": gone.code()}
    world.a.client("iam").deactivate_mfa_device(
        UserName=user.name, SerialNumber=gone.serial
    )
    answer = refused("AccessDenied", 403, sts.get_session_token, **given)
    assert message(answer) == NOT_THEIRS
    given = {"SerialNumber": kept.serial, "TokenCode": kept.code()}
    assert sts.get_session_token(**given)["Credentials"]


@pytest.mark.threat("T21")
def test_a_key_thief_cannot_swap_the_device_of_its_owner(world: World) -> None:
    """T21, facts 8.4: who has a device changes devices with an MFA session only."""
    own = [
        "iam:CreateVirtualMFADevice",
        "iam:EnableMFADevice",
        "iam:DeactivateMFADevice",
        "iam:DeleteVirtualMFADevice",
    ]
    user = world.a.person("Robbed", allow(own, "*"), devices=1)
    serial, seed = world.a.virtual_device(unique("thief"))
    step = this_step()
    device = Device(serial, seed, step)
    codes = {
        "UserName": user.name,
        "SerialNumber": serial,
        "AuthenticationCode1": device.code_at(step - 1),
        "AuthenticationCode2": device.code_at(step),
    }
    place = {"UserName": user.name, "SerialNumber": user.devices[0].serial}
    thief = user.client("iam")
    refused("AccessDenied", 403, thief.enable_mfa_device, **codes)
    refused("AccessDenied", 403, thief.deactivate_mfa_device, **place)
    owner = user.client("iam", user.session(mfa=True))
    owner.enable_mfa_device(**codes)
    owner.deactivate_mfa_device(**place)


def files_with(folder: Path, needle: bytes) -> list[str]:
    """Which files below a folder hold these bytes."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and needle in path.read_bytes()
    ]


def _enabling(user: Person, device: Device) -> dict[str, str]:
    step = this_step()
    return {
        "UserName": user.name,
        "SerialNumber": device.serial,
        "AuthenticationCode1": device.code_at(step - 1),
        "AuthenticationCode2": device.code_at(step),
    }


@pytest.mark.threat("T22")
def test_no_code_and_no_seed_is_written_anywhere(world: World) -> None:
    """T22: audit, logs and database never hold a code in its parameter, nor a seed."""
    user = world.a.person("Quiet")
    canary = unique("Zq7canary")
    serial, seed = world.a.virtual_device(canary)
    device = Device(serial, seed, 0)
    codes = _enabling(user, device)
    world.a.client("iam").enable_mfa_device(**codes)
    device.last_step = this_step()
    right, wrong = device.code(), device.wrong_code()
    sts = user.client("sts")
    refused(
        "AccessDenied",
        403,
        sts.get_session_token,
        SerialNumber=serial,
        TokenCode=wrong,
    )
    assert sts.get_session_token(SerialNumber=serial, TokenCode=right)["Credentials"]
    bad = form(urlencode({"SerialNumber": serial, "TokenCode": "12345x"}))
    assert b"12345x" not in send(world.server, bad, user.credentials).body
    folder = world.server.home.parent
    # The search itself finds what is there: the device's name is no secret.
    assert files_with(folder, canary.encode())
    assert files_with(folder, seed.encode()) == []
    for name in ("TokenCode", "AuthenticationCode1", "AuthenticationCode2"):
        assert files_with(folder, f"{name}=".encode()) == []
    texts = [world.server.audit_file, world.server.log]
    for code in (right, codes["AuthenticationCode1"], codes["AuthenticationCode2"]):
        for path in texts:
            quoted = (f'"{code}"', f" {code} ", f"={code}", f"`{code}`", f"'{code}'")
            text = path.read_text()
            assert not [one for one in quoted if one in text], path
