"""Access keys: made, shown once, switched off, deleted."""

import re
from pathlib import Path
from typing import Any

import pytest

from ostiary.identity.caller import Caller
from ostiary.identity.ids import account_of
from ostiary.identity.model import AccessKey, User
from ostiary.services.errors import ServiceError
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services import racing
from tests.unit.services.estate import Estate, estate, with_session
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import (
    OTHER_ACCOUNT,
    World,
    caller_of,
    root_of,
    session_of,
)

NON_USER = (
    "ValidationError",
    "Must specify userName when calling with non-User credentials",
)


def new_key(world: World, caller: Caller | None = None, **params: Any) -> Any:
    """A new access key as it is shown, of a user."""
    return world.call("CreateAccessKey", caller, **params)["AccessKey"]


def unknown(key_id: str) -> tuple[str, str]:
    """The refusal for a key that is not there."""
    return "NoSuchEntity", f"The Access Key with id {key_id} cannot be found."


@pytest.fixture
def alice(world: World) -> User:
    """A user without a key."""
    return world.user("Alice")


def test_a_new_key_is_shown_with_its_secret(world: World, alice: User) -> None:
    """Twenty characters that name the account, and forty of secret (facts 10.1)."""
    key = new_key(world, UserName="alice")
    assert re.fullmatch("AKIA[A-Z2-7]{16}", key["AccessKeyId"])
    assert account_of(key["AccessKeyId"]) == ACCOUNT
    assert re.fullmatch("[A-Za-z0-9+/]{40}", key.pop("SecretAccessKey"))
    assert key == {
        "UserName": "Alice",
        "AccessKeyId": key["AccessKeyId"],
        "Status": "Active",
        "CreateDate": NOW,
    }


@pytest.mark.threat("T123")
def test_the_secret_opens_in_its_own_row_only(world: World, alice: User) -> None:
    """The gate unseals it as `access-key` of this key and this account."""
    key = new_key(world, UserName="Alice")
    with world.store.read() as view:
        kept = view.find(AccessKey, key["AccessKeyId"])
    assert kept is not None
    opened = world.vault.unseal(
        kept.secret, purpose="access-key", row=kept.id, account=ACCOUNT
    )
    assert opened.decode() == key["SecretAccessKey"]
    assert kept.user == alice.id


@pytest.mark.threat("T107", "T123")
def test_the_secret_is_shown_once_and_kept_sealed(tmp_path: Path) -> None:
    """No later answer holds it, and no file does."""
    house = estate(tmp_path)
    house.user("Alice")
    key = new_key(house, UserName="Alice")
    secret = key["SecretAccessKey"]
    listed = house.call("ListAccessKeys", UserName="Alice")
    used = house.call("GetAccessKeyLastUsed", AccessKeyId=key["AccessKeyId"])
    assert secret not in repr((listed, used))
    assert "Secret" not in repr((listed, used))
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert key["AccessKeyId"].encode() in kept
    assert secret.encode() not in kept


@pytest.mark.threat("T95")
def test_without_a_name_it_is_the_callers_own(world: World, alice: User) -> None:
    """For long-term keys and sessions of a user alike (facts 10.9)."""
    for caller in (caller_of(alice), with_session(alice, NOW)):
        assert new_key(world, caller)["UserName"] == "Alice"
    listed: Any = world.call("ListAccessKeys", caller_of(alice))
    assert [key["UserName"] for key in listed["AccessKeyMetadata"]] == ["Alice"] * 2


@pytest.mark.threat("T95")
def test_a_role_has_to_name_a_user(world: World, alice: User) -> None:
    """Nothing happens to anybody by omission."""
    key = new_key(world, UserName="Alice")["AccessKeyId"]
    session = session_of(world.role("Admin", trusting(ACCOUNT)))
    for operation, params in (
        ("CreateAccessKey", {}),
        ("ListAccessKeys", {}),
        ("DeleteAccessKey", {"AccessKeyId": key}),
        ("UpdateAccessKey", {"AccessKeyId": key, "Status": "Inactive"}),
    ):
        assert world.refused(operation, session, modelled=False, **params) == NON_USER
        code, _ = world.refused(
            operation, session, modelled=False, UserName="Nobody", **params
        )
        assert code == "NoSuchEntity"


@pytest.mark.threat("T95")
def test_root_has_keys_of_its_own(world: World, alice: User) -> None:
    """Without a name root means itself, and sees and touches no user's keys."""
    run: Any = world.run
    key = run("CreateAccessKey")["AccessKey"]
    assert key.keys() == {"AccessKeyId", "SecretAccessKey", "Status", "CreateDate"}
    (listed,) = run("ListAccessKeys")["AccessKeyMetadata"]
    assert listed["AccessKeyId"] == key["AccessKeyId"]
    assert world.call("ListAccessKeys", UserName="Alice")["AccessKeyMetadata"] == []
    other = new_key(world, UserName="Alice")["AccessKeyId"]
    assert world.refused("DeleteAccessKey", AccessKeyId=other) == unknown(other)
    run("CreateAccessKey")
    code, _ = world.refused("CreateAccessKey")
    assert code == "LimitExceeded"
    assert world.call("GetAccessKeyLastUsed", AccessKeyId=key["AccessKeyId"]) == {
        "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}
    }
    world.call("DeleteAccessKey", AccessKeyId=key["AccessKeyId"])


@pytest.mark.parametrize("status", ["Active", "Inactive"])
def test_a_user_has_two_keys(world: World, alice: User, status: str) -> None:
    """Active or not (facts 10.2)."""
    for _ in range(2):
        key = new_key(world, UserName="Alice")["AccessKeyId"]
        world.call("UpdateAccessKey", UserName="Alice", AccessKeyId=key, Status=status)
    assert world.refused("CreateAccessKey", UserName="Alice") == (
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
    )
    world.call("DeleteAccessKey", UserName="Alice", AccessKeyId=key)
    new_key(world, UserName="Alice")


def test_a_key_is_switched_off_and_on(world: World, alice: User) -> None:
    """Nothing but its status changes; `Expired` is AWS's to set."""
    key = new_key(world, UserName="Alice")["AccessKeyId"]
    params = {"UserName": "Alice", "AccessKeyId": key}
    for status in ("Inactive", "Active", "Inactive"):
        world.call("UpdateAccessKey", **params, Status=status)
        (shown,) = world.call("ListAccessKeys", UserName="Alice")["AccessKeyMetadata"]  # type: ignore[misc]  # a list
        assert shown == {**params, "Status": status, "CreateDate": NOW}
    code, _ = world.refused("UpdateAccessKey", **params, Status="Expired")
    assert code == "InvalidInput"


@pytest.mark.threat("T95")
def test_keys_of_others_are_unknown(world: World, alice: User) -> None:
    """Another user's key, another account's, and one that is gone (facts 10.4)."""
    world.user("Bob")
    bobs = new_key(world, UserName="Bob")["AccessKeyId"]
    other = root_of(OTHER_ACCOUNT)
    foreign: Any = world.run("CreateAccessKey", other)["AccessKey"]
    gone = new_key(world, UserName="Alice")["AccessKeyId"]
    world.call("DeleteAccessKey", UserName="Alice", AccessKeyId=gone)
    for key in (bobs, foreign["AccessKeyId"], gone):
        for caller, name in ((None, {"UserName": "Alice"}), (caller_of(alice), {})):
            params: Any = {**name, "AccessKeyId": key}
            assert world.refused("DeleteAccessKey", caller, **params) == unknown(key)
            assert world.refused(
                "UpdateAccessKey", caller, **params, Status="Inactive"
            ) == unknown(key)
    assert world.refused("DeleteAccessKey", other, AccessKeyId=bobs) == unknown(bobs)


def test_the_last_use_of_a_key_is_not_recorded(world: World, alice: User) -> None:
    """`N/A` twice and no date, as for a key that was never used (facts 10.9)."""
    key = new_key(world, UserName="Alice")["AccessKeyId"]
    assert world.call("GetAccessKeyLastUsed", AccessKeyId=key) == {
        "UserName": "Alice",
        "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"},
    }


def test_an_unknown_key_has_no_last_use(world: World, alice: User) -> None:
    """403 without a colon behind `perform` (facts 6.4); another account's as well."""
    foreign: Any = world.run("CreateAccessKey", root_of(OTHER_ACCOUNT))["AccessKey"]
    for key in ("AKIAIOSFODNN7EXAMPLE", foreign["AccessKeyId"]):
        assert world.refused(
            "GetAccessKeyLastUsed", caller_of(alice), AccessKeyId=key
        ) == (
            "AccessDenied",
            f"User: {alice.arn} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key {key}",
        )


def test_keys_come_in_pages(world: World, alice: User) -> None:
    """Oldest first, each once."""
    keys = []
    for _ in range(2):
        world.now += 60
        keys.append(new_key(world, UserName="Alice")["AccessKeyId"])
    pages: Any = world.pages(
        "ListAccessKeys", "AccessKeyMetadata", UserName="Alice", MaxItems=1
    )
    assert [page[0]["AccessKeyId"] for page in pages] == keys


@pytest.mark.threat("T101")
def test_of_many_creations_two_succeed(tmp_path: Path) -> None:
    """Thirty-two at once, for a user without keys (facts 10.7)."""
    house: Estate = estate(tmp_path)
    codes: set[str] = set()

    def create(name: str) -> racing.Act:
        def act(_moment: int) -> bool:
            try:
                house.call("CreateAccessKey", UserName=name)
            except ServiceError as error:
                codes.add(error.code)
                return False
            return True

        return act

    for name in ("Alice", "Bob", "Carol"):
        user = house.user(name)
        assert racing.threads([create(name)] * 32, [0]) == [2]
        with house.store.read() as view:
            assert view.count(AccessKey, account=ACCOUNT, user=user.id) == 2
    assert codes == {"LimitExceeded"}
