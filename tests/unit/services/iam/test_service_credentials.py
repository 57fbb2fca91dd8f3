"""Service-specific credentials."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from ostiary.identity.holdings import ServiceCredential
from ostiary.identity.model import User
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.estate import estate
from tests.unit.services.iam.world import OTHER_ACCOUNT, World, caller_of, root_of

GIT = "codecommit.amazonaws.com"
BEDROCK = "bedrock.amazonaws.com"
UNKNOWN = "ACCAXXXXXXXXXXXXXXXXX"


@pytest.fixture
def alice(world: World) -> User:
    """A user without credentials."""
    return world.user("Alice")


def create(world: World, service: str = GIT, user: str = "Alice", **more: Any) -> Any:
    """A new credential as it is shown."""
    return world.call(
        "CreateServiceSpecificCredential", UserName=user, ServiceName=service, **more
    )["ServiceSpecificCredential"]


def test_a_credential_is_shown_with_its_password_once(
    world: World, alice: User
) -> None:
    """Lists have all but the password (T107)."""
    shown = create(world)
    assert re.fullmatch("ACCA[A-Z2-7]{17}", shown["ServiceSpecificCredentialId"])
    assert re.fullmatch("[A-Za-z0-9+/]{59}=", shown.pop("ServicePassword"))
    assert shown == {
        "UserName": "Alice",
        "Status": "Active",
        "ServiceUserName": f"Alice-at-{ACCOUNT}",
        "CreateDate": NOW,
        "ServiceSpecificCredentialId": shown["ServiceSpecificCredentialId"],
        "ServiceName": GIT,
    }
    assert world.call("ListServiceSpecificCredentials", caller_of(alice)) == {
        "ServiceSpecificCredentials": [shown],
        "IsTruncated": False,
    }


@pytest.mark.threat("T107", "T123")
def test_the_password_is_kept_sealed(tmp_path: Path) -> None:
    """It opens in its own row; a reset makes another one."""
    house = estate(tmp_path)
    house.user("Alice")
    shown = create(house)
    number = shown["ServiceSpecificCredentialId"]
    fresh = house.call(
        "ResetServiceSpecificCredential",
        UserName="Alice",
        ServiceSpecificCredentialId=number,
    )["ServiceSpecificCredential"]
    assert fresh["ServicePassword"] != shown["ServicePassword"]
    assert fresh == shown | {"ServicePassword": fresh["ServicePassword"]}
    kept = house.find(ServiceCredential, number)
    assert kept is not None
    opened = house.vault.unseal(
        kept.secret, purpose="service-credential", row=number, account=ACCOUNT
    )
    assert opened.decode() == fresh["ServicePassword"]
    on_disk = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert number.encode() in on_disk
    for one in (shown, fresh):
        assert one["ServicePassword"].encode() not in on_disk


@pytest.mark.threat("T101")
def test_a_user_has_two_for_each_service(world: World, alice: User) -> None:
    """Their user names differ; a free one is given again."""
    first, second = create(world), create(world)
    assert second["ServiceUserName"] == f"Alice+1-at-{ACCOUNT}"
    assert world.refused(
        "CreateServiceSpecificCredential", UserName="Alice", ServiceName=GIT
    ) == (
        "LimitExceeded",
        "Cannot exceed quota for ServiceSpecificCredentialsPerUser: 2",
    )
    create(world, "cassandra.amazonaws.com")
    world.call(
        "DeleteServiceSpecificCredential",
        UserName="Alice",
        ServiceSpecificCredentialId=first["ServiceSpecificCredentialId"],
    )
    assert create(world)["ServiceUserName"] == f"Alice-at-{ACCOUNT}"


def test_an_api_key_holds_its_alias_and_may_end(world: World, alice: User) -> None:
    """Bedrock's credentials have another shape, and a day on which they expire."""
    shown = create(world, BEDROCK, CredentialAgeDays=1)
    alias = shown["ServiceCredentialAlias"]
    assert re.fullmatch(rf"BedrockAPIKey-[a-z2-7]{{4}}-at-{ACCOUNT}", alias)
    secret = shown["ServiceCredentialSecret"]
    assert secret.startswith("ABSK")
    assert base64.b64decode(secret[4:]).decode().startswith(f"{alias}:")
    assert shown["ExpirationDate"] == NOW + 86_400
    assert not {"ServiceUserName", "ServicePassword"} & shown.keys()
    for seconds, status in ((86_399, "Active"), (86_400, "Expired")):
        world.now = NOW + seconds
        listed = world.call("ListServiceSpecificCredentials", UserName="Alice")
        assert listed["ServiceSpecificCredentials"][0]["Status"] == status
    code, _ = world.refused(
        "CreateServiceSpecificCredential",
        UserName="Alice",
        ServiceName=GIT,
        CredentialAgeDays=1,
    )
    assert code == "ValidationError"


def test_only_known_services_have_credentials(world: World, alice: User) -> None:
    """Making and listing say so (facts 10.4)."""
    for operation in (
        "CreateServiceSpecificCredential",
        "ListServiceSpecificCredentials",
    ):
        assert world.refused(operation, UserName="Alice", ServiceName="s3") == (
            "NoSuchEntity",
            "No such service s3 is supported for Service Specific Credentials",
        )


def test_a_credential_is_switched_off(world: World, alice: User) -> None:
    """Only the user's own is found (facts 10.4)."""
    number = create(world)["ServiceSpecificCredentialId"]
    mine = {"ServiceSpecificCredentialId": number}
    me = caller_of(alice)
    world.call("UpdateServiceSpecificCredential", me, **mine, Status="Inactive")
    [shown] = world.call("ListServiceSpecificCredentials", me)[
        "ServiceSpecificCredentials"
    ]
    assert shown["Status"] == "Inactive"
    bob = caller_of(world.user("Bob"))
    for who, name in ((bob, number), (me, UNKNOWN)):
        absent = ("NoSuchEntity", f"No such credential {name} exists")
        named = {"ServiceSpecificCredentialId": name}
        for operation, params in (
            ("UpdateServiceSpecificCredential", {"Status": "Active"}),
            ("ResetServiceSpecificCredential", {}),
            ("DeleteServiceSpecificCredential", {}),
        ):
            assert world.refused(operation, who, **named, **params) == absent


@pytest.mark.threat("T102")
def test_an_account_lists_those_of_all_users(world: World, alice: User) -> None:
    """Page by page; a service filters; strangers see none."""
    world.user("Bob")
    made = {create(world)["ServiceSpecificCredentialId"] for _ in range(2)}
    made.add(create(world, user="Bob")["ServiceSpecificCredentialId"])
    create(world, BEDROCK)
    operation, member = "ListServiceSpecificCredentials", "ServiceSpecificCredentials"
    pages = list(
        world.pages(operation, member, AllUsers=True, ServiceName=GIT, MaxItems=1)
    )
    assert len(pages) == 3
    found = [one["ServiceSpecificCredentialId"] for page in pages for one in page]
    assert sorted(found) == sorted(made)
    stranger = root_of(OTHER_ACCOUNT)
    assert world.call(operation, stranger, AllUsers=True)[member] == []


def test_a_credential_keeps_its_user(world: World, alice: User) -> None:
    """Nothing is deleted along with a user (facts 10.6)."""
    create(world)
    assert world.refused("DeleteUser", UserName="Alice") == (
        "DeleteConflict",
        "Cannot delete entity, must remove referenced objects first.",
    )
