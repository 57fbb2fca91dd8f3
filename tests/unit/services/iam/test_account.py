"""Account aliases and the account summary."""

from pathlib import Path
from typing import Any

import pytest

from ostiary.identity.secret import Secret
from ostiary.identity.totp import STEP
from ostiary.services.enrolment import register_hardware, register_root_device
from ostiary.services.iam import account
from ostiary.services.iam.operations import FAMILIES, OPERATIONS
from ostiary.services.operation import Call
from tests.unit.identity.minting import ACCOUNT
from tests.unit.services.estate import estate
from tests.unit.services.iam.world import MODEL, OTHER_ACCOUNT, World, root_of

SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def aliases(world: World) -> object:
    """The aliases of the first account."""
    result = world.call("ListAccountAliases")
    assert result["IsTruncated"] is False
    return result["AccountAliases"]


def test_an_account_has_at_most_one_alias(world: World) -> None:
    """A new one takes the place of the old one, which is free again (facts 10.2)."""
    assert aliases(world) == []
    world.call("CreateAccountAlias", AccountAlias="first")
    world.call("CreateAccountAlias", AccountAlias="second")
    assert aliases(world) == ["second"]
    world.call("CreateAccountAlias", root_of(OTHER_ACCOUNT), AccountAlias="first")
    world.call("DeleteAccountAlias", AccountAlias="second")
    assert aliases(world) == []


def test_an_alias_belongs_to_one_account(world: World) -> None:
    """Of all accounts, the own one included."""
    world.call("CreateAccountAlias", AccountAlias="mine")
    for owner in (ACCOUNT, OTHER_ACCOUNT):
        assert world.refused(
            "CreateAccountAlias", root_of(owner), AccountAlias="mine"
        ) == ("EntityAlreadyExists", "The account alias mine already exists.")


def test_only_the_present_alias_can_be_deleted(world: World) -> None:
    """A stale name, or another account's, takes nothing away."""
    world.call("CreateAccountAlias", AccountAlias="mine")
    for owner, alias in ((ACCOUNT, "old"), (OTHER_ACCOUNT, "mine")):
        assert world.refused(
            "DeleteAccountAlias", root_of(owner), AccountAlias=alias
        ) == ("NoSuchEntity", f"The account alias {alias} cannot be found.")


def test_an_alias_is_no_account_number(world: World) -> None:
    """Twelve digits would pass for an account (facts 10.1)."""
    code, _ = world.refused(
        "CreateAccountAlias", modelled=False, AccountAlias="123456789012"
    )
    assert code == "ValidationError"
    world.call("CreateAccountAlias", AccountAlias="12345678901a")


def summary(world: World) -> dict[str, int]:
    """The summary of the first account."""
    # Not by the world: the operation has no parameters, not even in its model.
    call = Call(
        caller=world.caller,
        params={},
        now=world.now,
        mint=world.mint,
        vault=world.vault,
    )
    with world.store.read() as view:
        result: Any = account.get_account_summary(call, view)
    keys = MODEL.operation_model("GetAccountSummary").output_shape.members
    assert set(result["SummaryMap"]) == set(keys["SummaryMap"].key.enum)
    return result["SummaryMap"]  # type: ignore[no-any-return]  # checked above


def test_an_empty_account_has_only_quotas(world: World) -> None:
    """All keys of the model, with the quotas of facts 10.2."""
    counts = {name: n for name, n in summary(world).items() if n}
    assert counts == {
        "AccessKeysPerUserQuota": 2,
        "AssumeRolePolicySizeQuota": 2048,
        "AttachedPoliciesPerGroupQuota": 10,
        "AttachedPoliciesPerRoleQuota": 10,
        "AttachedPoliciesPerUserQuota": 10,
        "GlobalEndpointTokenVersion": 1,
        "GroupPolicySizeQuota": 5120,
        "GroupsPerUserQuota": 10,
        "GroupsQuota": 300,
        "InstanceProfilesQuota": 1000,
        "PoliciesQuota": 1500,
        "PolicySizeQuota": 6144,
        "PolicyVersionsInUseQuota": 10000,
        "RolePolicySizeQuota": 10240,
        "RolesQuota": 1000,
        "ServerCertificatesQuota": 20,
        "SigningCertificatesPerUserQuota": 2,
        "UserPolicySizeQuota": 2048,
        "UsersQuota": 5000,
        "VersionsPerPolicyQuota": 5,
    }


def test_the_summary_counts_what_is_there(tmp_path: Path) -> None:
    """Devices with and without users, root's key and device, and the rest."""
    house = estate(tmp_path)
    empty = summary(house)
    alice = house.user("Alice")
    house.call("CreateGroup", GroupName="Admins")
    arn = house.policy("Used")
    house.policy("Unused")
    house.call("AttachUserPolicy", UserName="Alice", PolicyArn=arn)
    house.run("CreateAccessKey")
    house.enrolled(alice)
    house.virtual("free")
    with house.store.change() as change:
        register_hardware(
            change,
            house,
            account=ACCOUNT,
            serial="GAHT12345678",
            seed_text=Secret(SEED),
        )
        register_root_device(
            change,
            house,
            account=ACCOUNT,
            serial="GAHT00000001",
            seed_text=Secret(SEED),
        )
    house.call("CreateUser", root_of(OTHER_ACCOUNT), UserName="Bob")
    changed = {
        name: count for name, count in summary(house).items() if count != empty[name]
    }
    assert changed == {
        "AccountAccessKeysPresent": 1,
        "AccountMFAEnabled": 1,
        "Groups": 1,
        "MFADevices": 4,
        "MFADevicesInUse": 2,
        "Policies": 2,
        "PolicyVersionsInUse": 1,
        "Users": 1,
    }
    assert house.now % STEP == 0


def test_every_operation_is_one_of_iam() -> None:
    """No family invents a name, and no two families share one."""
    names = [name for family in FAMILIES for name in family.OPERATIONS]
    assert len(names) == len(set(names)) == len(OPERATIONS)
    assert set(names) <= set(MODEL.operation_names)


def test_every_family_is_served() -> None:
    """A module with operations that nobody lists would be dead."""
    folder = Path(OPERATIONS["CreateUser"].run.__code__.co_filename).parent
    families = {
        file.stem
        for file in folder.glob("*.py")
        if "\nOPERATIONS: Operations = {" in file.read_text()
    }
    listed = {family.__name__.rpartition(".")[2] for family in FAMILIES}
    assert families - {"operations"} == listed


@pytest.mark.rule("M1")
@pytest.mark.parametrize(
    "operation",
    [
        "CreateVirtualMFADevice",
        "EnableMFADevice",
        "ResyncMFADevice",
        "DeactivateMFADevice",
        "DeleteVirtualMFADevice",
        "ListMFADevices",
        "ListVirtualMFADevices",
        "GetMFADevice",
    ],
)
def test_mfa_is_administered_by_the_api(operation: str) -> None:
    """The first of the three acts needs no console."""
    assert operation in OPERATIONS


def test_the_version_of_global_tokens_is_kept(world: World) -> None:
    """The account's own choice, which the summary shows; nothing else is one."""
    for name, version in (("v2Token", 2), ("v1Token", 1)):
        world.call(
            "SetSecurityTokenServicePreferences", GlobalEndpointTokenVersion=name
        )
        assert summary(world)["GlobalEndpointTokenVersion"] == version
    code, _ = world.refused(
        "SetSecurityTokenServicePreferences",
        modelled=False,
        GlobalEndpointTokenVersion="v3Token",
    )
    assert code == "ValidationError"
