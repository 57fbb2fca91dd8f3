"""When roles, keys and passwords were used last, in every answer that says so."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime

from ostiary.identity.last_use import LastUse, password_of
from ostiary.store.last_uses import Uses
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import World, caller_of, root_of

UNUSED = {"ServiceName": "N/A", "Region": "N/A"}


def used(world: World, *uses: Sequence[object]) -> None:
    """Subject, time, service and region of each."""
    last = [
        LastUse(subject=str(one[0]), used=NOW, service=str(one[1]), region=str(one[2]))
        for one in uses
    ]
    world.store.note_uses(Uses(last=last))


def test_a_role_tells_its_last_use(world: World) -> None:
    """Alone and in the account's details; an unused one has an empty element."""
    role = world.role("r", trusting(ACCOUNT))
    world.role("unused", trusting(ACCOUNT))
    used(world, (role.id, "s3", "eu-west-1"))
    told = {"LastUsedDate": NOW, "Region": "eu-west-1"}
    assert world.call("GetRole", RoleName="r")["Role"]["RoleLastUsed"] == told
    assert world.call("GetRole", RoleName="unused")["Role"]["RoleLastUsed"] == {}
    details = world.call("GetAccountAuthorizationDetails", Filter=["Role"])
    found = {one["RoleName"]: one["RoleLastUsed"] for one in details["RoleDetailList"]}
    assert found == {"r": told, "unused": {}}


def test_a_key_tells_its_last_use(world: World) -> None:
    """Time, service and region; an unused key says N/A and has no date."""
    ann = world.user("ann")
    keys = [
        world.call("CreateAccessKey", UserName="ann")["AccessKey"]["AccessKeyId"]
        for _ in range(2)
    ]
    used(world, (keys[0], "dynamodb", "us-west-2"))
    assert world.call("GetAccessKeyLastUsed", AccessKeyId=keys[0]) == {
        "UserName": "ann",
        "AccessKeyLastUsed": {
            "LastUsedDate": NOW,
            "ServiceName": "dynamodb",
            "Region": "us-west-2",
        },
    }
    unused = world.call("GetAccessKeyLastUsed", caller_of(ann), AccessKeyId=keys[1])
    assert unused["AccessKeyLastUsed"] == UNUSED


def test_a_user_tells_when_the_password_was_used(world: World) -> None:
    """In GetUser and ListUsers; who never signed in has no such member."""
    ann = world.user("ann")
    world.user("bob")
    used(world, (password_of(ann.id), "signin", ""), (password_of(ACCOUNT), "", ""))
    assert world.call("GetUser", UserName="ann")["User"]["PasswordLastUsed"] == NOW
    assert "PasswordLastUsed" not in world.call("GetUser", UserName="bob")["User"]
    listed = world.call("ListUsers")["Users"]
    assert [one.get("PasswordLastUsed") for one in listed] == [NOW, None]
    root = world.run("GetUser", root_of(ACCOUNT))["User"]
    assert root["PasswordLastUsed"] == NOW


def test_the_credential_report_tells_last_uses(world: World) -> None:
    """Of both keys and the password, root's too; `N/A` and `no_information` else."""
    ann = world.user("ann")
    world.call("CreateLoginProfile", UserName="ann", Password="quite a long one 1")
    key = world.call("CreateAccessKey", UserName="ann")["AccessKey"]["AccessKeyId"]
    mine = world.run("CreateAccessKey", root_of(ACCOUNT))["AccessKey"]["AccessKeyId"]
    rows = report(world)
    assert rows["ann"]["password_last_used"] == "no_information"
    assert rows["ann"]["access_key_1_last_used_date"] == "N/A"
    used(
        world,
        (password_of(ann.id), "signin", ""),
        (key, "s3", "eu-west-1"),
        (mine, "iam", "us-east-1"),
    )
    world.now += 5 * 3600
    rows = report(world)
    when = datetime.fromtimestamp(NOW, UTC).isoformat()
    assert rows["ann"]["password_last_used"] == when
    assert rows["ann"]["access_key_1_last_used_date"] == when
    assert rows["ann"]["access_key_1_last_used_region"] == "eu-west-1"
    assert rows["ann"]["access_key_1_last_used_service"] == "s3"
    assert rows["ann"]["access_key_2_last_used_date"] == "N/A"
    assert rows["<root_account>"]["access_key_1_last_used_service"] == "iam"
    assert rows["<root_account>"]["password_last_used"] == "no_information"


def report(world: World) -> dict[str, dict[str, str]]:
    """The rows of a new credential report by user."""
    world.call("GenerateCredentialReport")
    content = world.call("GetCredentialReport")["Content"].decode()
    return {row["user"]: row for row in csv.DictReader(io.StringIO(content))}
