"""Tags of users, roles and managed policies."""

from typing import Any

import pytest

from tests.unit.identity.minting import ACCOUNT
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import ALLOW_ALL, World

KINDS = ["User", "Role", "Policy"]
CLASH = {
    "User": "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    "Role": "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    "Policy": "Duplicate tag keys found.",
}


def pairs(*names: str) -> list[dict[str, str]]:
    """Tags as they are sent: `key=value`."""
    return [dict(zip(("Key", "Value"), name.split("="), strict=True)) for name in names]


@pytest.fixture
def who(world: World, kind: str) -> dict[str, str]:
    """The parameter that names a new entity without tags."""
    match kind:
        case "User":
            world.user("One")
            return {"UserName": "One"}
        case "Role":
            world.role("One", trusting(ACCOUNT))
            return {"RoleName": "One"}
        case _:
            return {"PolicyArn": world.policy("One")}


@pytest.mark.parametrize("kind", KINDS)
def test_tags_are_added_replaced_and_removed(
    world: World, kind: str, who: dict[str, str]
) -> None:
    """They come back sorted, upper case first; unknown keys are removed without complaint (facts 10.9)."""
    assert world.call(f"Tag{kind}", **who, Tags=pairs("b=1", "a=2", "C=3")) == {}
    world.call(f"Tag{kind}", **who, Tags=pairs("b=9"))
    assert world.call(f"List{kind}Tags", **who) == {
        "Tags": pairs("C=3", "a=2", "b=9"),
        "IsTruncated": False,
    }
    assert world.call(f"Untag{kind}", **who, TagKeys=["a", "unknown"]) == {}
    assert world.call(f"List{kind}Tags", **who)["Tags"] == pairs("C=3", "b=9")


@pytest.mark.parametrize("kind", ["User", "Role"])
def test_keys_of_principals_are_the_same_in_any_case(
    world: World, kind: str, who: dict[str, str]
) -> None:
    """The new spelling takes the place of the old one (facts 10.8)."""
    world.call(f"Tag{kind}", **who, Tags=pairs("Team=a"))
    world.call(f"Tag{kind}", **who, Tags=pairs("tEAM=b"))
    assert world.call(f"List{kind}Tags", **who)["Tags"] == pairs("tEAM=b")
    world.call(f"Untag{kind}", **who, TagKeys=["TEAM"])
    assert world.call(f"List{kind}Tags", **who)["Tags"] == []


@pytest.mark.parametrize("kind", ["Policy"])
def test_keys_of_policies_differ_by_case(
    world: World, kind: str, who: dict[str, str]
) -> None:
    """Team and team are two tags of a policy (facts 10.8)."""
    world.call("TagPolicy", **who, Tags=pairs("Team=a", "team=b"))
    world.call("UntagPolicy", **who, TagKeys=["team"])
    assert world.call("ListPolicyTags", **who)["Tags"] == pairs("Team=a")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_given_twice_is_refused(
    world: World, kind: str, who: dict[str, str]
) -> None:
    """The message differs between principals and policies (facts 10.8)."""
    twice = pairs("k=1", "k=2") if kind == "Policy" else pairs("k=1", "K=2")
    refusal = ("InvalidInput", CLASH[kind])
    assert world.refused(f"Tag{kind}", **who, Tags=twice) == refusal
    more: dict[str, Any] = {
        "User": {"UserName": "Two"},
        "Role": {"RoleName": "Two", "AssumeRolePolicyDocument": trusting(ACCOUNT)},
        "Policy": {"PolicyName": "Two", "PolicyDocument": ALLOW_ALL},
    }[kind]
    assert world.refused(f"Create{kind}", **more, Tags=twice) == refusal


@pytest.mark.threat("T58")
@pytest.mark.parametrize("kind", ["User"])
def test_only_ascii_letters_have_two_cases(
    world: World, kind: str, who: dict[str, str]
) -> None:
    """A Kelvin sign is no K, as in condition keys."""
    tags = pairs("K=1", "\u212a=2", "é=3", "É=4")
    world.call("TagUser", **who, Tags=tags)
    assert world.call("ListUserTags", **who)["Tags"] == sorted(
        tags, key=lambda tag: tag["Key"]
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["aws:x", "AWS:", "aWs:PrincipalTag/a"])
def test_keys_of_aws_are_refused(
    world: World, kind: str, who: dict[str, str], key: str
) -> None:
    """Nobody can tag as if AWS had."""
    assert (
        world.refused(f"Tag{kind}", **who, Tags=pairs(f"{key}=1"))[0] == "InvalidInput"
    )


@pytest.mark.threat("T101")
@pytest.mark.parametrize("kind", KINDS)
def test_fifty_tags_at_most(world: World, kind: str, who: dict[str, str]) -> None:
    """The 51st is refused, a new value for one of the fifty is not (facts 10.7)."""
    world.call(
        f"Tag{kind}", **who, Tags=pairs(*(f"k{number}=" for number in range(50)))
    )
    assert world.refused(f"Tag{kind}", **who, Tags=pairs("k1=x", "one-more=")) == (
        "LimitExceeded",
        "The number of tags has reached the maximum limit.",
    )
    world.call(f"Tag{kind}", **who, Tags=pairs("k1=x"))


@pytest.mark.threat("T102")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 7, 50])
def test_tags_come_in_pages_whatever_their_keys(
    world: World, kind: str, who: dict[str, str], size: int
) -> None:
    """Keys of 512 bytes that differ at their end only are paged like all others."""
    long = [chr(0x10400) * 126 + f"{number:02d}" for number in range(30)]
    keys = [
        *long,
        chr(0x10400) * 50,
        chr(0x10400) * 49,
        *(f"k{number}" for number in range(18)),
    ]
    world.call(f"Tag{kind}", **who, Tags=[{"Key": key, "Value": ""} for key in keys])
    pages = list(world.pages(f"List{kind}Tags", "Tags", **who, MaxItems=size))
    assert [tag["Key"] for page in pages for tag in page] == sorted(keys)
    assert all(len(page) == size for page in pages[:-1])


@pytest.mark.parametrize("kind", ["User", "Role"])
def test_an_unknown_entity_has_no_tags(world: World, kind: str) -> None:
    """Each operation names who cannot be found."""
    nobody = {f"{kind}Name": "none"}
    for operation, more in (
        (f"Tag{kind}", {"Tags": []}),
        (f"Untag{kind}", {"TagKeys": []}),
        (f"List{kind}Tags", {}),
    ):
        assert world.refused(operation, **nobody, **more) == (
            "NoSuchEntity",
            f"The {kind.lower()} with name none cannot be found.",
        )
