"""The credential report."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ostiary.services.iam.credential_report import COLUMNS
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.estate import Estate, estate
from tests.unit.services.iam.pems import made
from tests.unit.services.iam.world import OTHER_ACCOUNT, World, root_of

NO_KEY = ["false", "N/A", "N/A", "N/A", "N/A"]
NO_CERTIFICATES = ["false", "N/A"] * 2


@pytest.fixture
def house(tmp_path: Path) -> Estate:
    """Two accounts without users."""
    return estate(tmp_path)


def rows(world: World, caller: Any = None) -> list[list[str]]:
    """A new report's lines, the first one apart."""
    world.call("GenerateCredentialReport", caller)
    report = world.call("GetCredentialReport", caller)
    head, *lines = csv.reader(io.StringIO(report["Content"].decode()))
    assert tuple(head) == COLUMNS
    assert {len(line) for line in lines} == {len(COLUMNS)}
    return lines


def at(world: World) -> str:
    """The present second as the report writes it."""
    return datetime.fromtimestamp(world.now, UTC).isoformat()


def test_a_report_is_started_and_then_there(world: World) -> None:
    """It stands for four hours; before and after there is none."""
    absent = ("ReportNotPresent", "")
    assert world.refused("GetCredentialReport") == absent
    assert world.call("GenerateCredentialReport") == {
        "State": "STARTED",
        "Description": "No report exists. Starting a new report generation task",
    }
    assert world.call("GenerateCredentialReport") == {"State": "COMPLETE"}
    report = world.call("GetCredentialReport")
    assert (report["ReportFormat"], report["GeneratedTime"]) == ("text/csv", NOW)
    assert not report["Content"].endswith(b"\n")
    world.user("Late")
    world.now += 4 * 3600 - 1
    assert world.call("GetCredentialReport") == report
    world.now += 1
    assert world.refused("GetCredentialReport") == ("ReportExpired", "")
    assert world.call("GenerateCredentialReport")["State"] == "STARTED"
    assert b"Late" in world.call("GetCredentialReport")["Content"]
    assert world.refused("GetCredentialReport", root_of(OTHER_ACCOUNT)) == absent


def test_an_account_without_users_has_a_root_user(world: World) -> None:
    """Whose password is none of ours."""
    assert rows(world) == [
        [
            "<root_account>",
            f"arn:aws:iam::{ACCOUNT}:root",
            at(world),
            "not_supported",
            "no_information",
            "not_supported",
            "not_supported",
            "false",
            *NO_KEY,
            *NO_KEY,
            *NO_CERTIFICATES,
        ]
    ]


def test_a_user_without_credentials_has_none(world: World) -> None:
    """A name may hold what CSV must quote, and is one cell all the same."""
    user = world.user("=a,b@x", Path="/dev/")
    world.call("CreateUser", root_of(OTHER_ACCOUNT), UserName="stranger")
    [_, line] = rows(world)
    assert line == [
        "=a,b@x",
        user.arn,
        at(world),
        *("false", "N/A", "N/A", "N/A"),
        "false",
        *NO_KEY,
        *NO_KEY,
        *NO_CERTIFICATES,
    ]


def test_what_a_user_has_is_told(house: Estate) -> None:
    """Password and its end, device, keys and certificates, oldest first."""
    alice = house.user("Alice")
    created = at(house)
    house.enrolled(alice)
    house.call("UpdateAccountPasswordPolicy", MaxPasswordAge=1)
    house.call("CreateLoginProfile", UserName="Alice", Password="Abc-1234567")
    house.now += 86_400
    house.call("UpdateLoginProfile", UserName="Alice", Password="Abc-7654321")
    changed = at(house)
    first = house.call("CreateAccessKey", UserName="Alice")["AccessKey"]
    house.call(
        "UpdateAccessKey",
        UserName="Alice",
        AccessKeyId=first["AccessKeyId"],
        Status="Inactive",
    )
    house.now += 60
    house.call("CreateAccessKey", UserName="Alice")
    house.call(
        "UploadSigningCertificate", UserName="Alice", CertificateBody=made("one").pem
    )
    later = at(house)
    house.now += 86_400 - 60
    ends = at(house)
    [_, line] = rows(house)
    assert line == [
        "Alice",
        alice.arn,
        created,
        *("true", "no_information", changed, ends),
        "true",
        *("false", changed, "N/A", "N/A", "N/A"),
        *("true", later, "N/A", "N/A", "N/A"),
        *("true", later),
        *("false", "N/A"),
    ]


def test_roots_key_and_users_are_in_order(world: World) -> None:
    """Root first, then users by name whatever its letters' case."""
    world.run("CreateAccessKey")
    for name in ("b", "A", "c"):
        world.user(name)
    lines = rows(world)
    assert [line[0] for line in lines] == ["<root_account>", "A", "b", "c"]
    assert lines[0][8:10] == ["true", at(world)]
