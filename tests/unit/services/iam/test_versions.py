"""Versions of managed policies."""

from urllib.parse import unquote

import pytest

from tests.unit.identity.minting import NOW
from tests.unit.services.iam.world import ALLOW_ALL, World


def test_a_new_version_is_in_force_only_if_asked_for(world: World) -> None:
    """SetAsDefault defaults to false; the answer has no document."""
    arn = world.policy("p")
    world.now += 60
    second = world.call("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW_ALL)[
        "PolicyVersion"
    ]
    assert second == {
        "VersionId": "v2",
        "IsDefaultVersion": False,
        "CreateDate": NOW + 60,
    }
    third = world.call(
        "CreatePolicyVersion",
        PolicyArn=arn,
        PolicyDocument=ALLOW_ALL,
        SetAsDefault=True,
    )
    assert third["PolicyVersion"]["IsDefaultVersion"] is True
    policy = world.call("GetPolicy", PolicyArn=arn)["Policy"]
    assert (policy["DefaultVersionId"], policy["UpdateDate"], policy["CreateDate"]) == (
        "v3",
        NOW + 60,
        NOW,
    )
    versions = world.call("ListPolicyVersions", PolicyArn=arn)["Versions"]
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in versions] == [
        ("v3", True),
        ("v2", False),
        ("v1", False),
    ]


def test_numbers_of_versions_are_never_reused(world: World) -> None:
    """Delete v2, and the next is v3 (facts 10.1)."""
    arn = world.policy("p")
    world.call("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW_ALL)
    world.call("DeletePolicyVersion", PolicyArn=arn, VersionId="v2")
    version = world.call(
        "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW_ALL
    )["PolicyVersion"]
    assert version["VersionId"] == "v3"
    assert (
        world.refused("GetPolicyVersion", PolicyArn=arn, VersionId="v2")[0]
        == "NoSuchEntity"
    )


@pytest.mark.threat("T101")
def test_a_policy_has_five_versions_at_most(world: World) -> None:
    """The message says what to do (facts 10.7)."""
    arn = world.policy("p")
    for _ in range(4):
        world.call("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW_ALL)
    assert world.refused(
        "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW_ALL
    ) == (
        "LimitExceeded",
        (
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing"
            " version."
        ),
    )
    world.call("DeletePolicyVersion", PolicyArn=arn, VersionId="v3")
    version = world.call(
        "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW_ALL
    )["PolicyVersion"]
    assert version["VersionId"] == "v6"
    pages = list(
        world.pages("ListPolicyVersions", "Versions", PolicyArn=arn, MaxItems=2)
    )
    assert [[one["VersionId"] for one in page] for page in pages] == [
        ["v6", "v5"],
        ["v4", "v2"],
        ["v1"],
    ]


def test_the_default_version_cannot_be_deleted(world: World) -> None:
    """Another version must be the default first (facts 10.6)."""
    arn = world.policy("p")
    assert world.refused("DeletePolicyVersion", PolicyArn=arn, VersionId="v1") == (
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
    )
    world.call("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW_ALL)
    world.call("SetDefaultPolicyVersion", PolicyArn=arn, VersionId="v2")
    assert world.call("DeletePolicyVersion", PolicyArn=arn, VersionId="v1") == {}
    assert world.call("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"


@pytest.mark.parametrize(
    "operation", ["GetPolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion"]
)
@pytest.mark.parametrize(
    "version", ["v2", "v1.x", "v1" + "0" * 5000, "v9223372036854775808"]
)
def test_an_unknown_version_does_not_exist(
    world: World, operation: str, version: str
) -> None:
    """Numbers of any length are only unknown (facts 10.4)."""
    arn = world.policy("p")
    assert world.refused(operation, PolicyArn=arn, VersionId=version) == (
        "NoSuchEntity",
        f"Policy {arn} version {version} does not exist or is not attachable.",
    )


@pytest.mark.threat("T94")
def test_a_version_is_read_back_as_it_was_sent(world: World) -> None:
    """Percent-encoded by RFC 3986, and nothing else done to it (facts 3.1)."""
    text = ' {"Statement": [ {"Resource":"*","Action" :"s3:*", "Effect":"Allow","Sid":""}],\r\n\t"Version":"2012-10-17","Id":"é~+/ &<\\u00e9" }'
    arn = world.policy("p", text)
    shown = world.call("GetPolicyVersion", PolicyArn=arn, VersionId="v1")[
        "PolicyVersion"
    ]
    assert unquote(shown["Document"]) == text
    assert shown["Document"].startswith(
        "%20%7B%22Statement%22%3A%20%5B%20%7B%22Resource%22%3A%22%2A%22%2C"
    )
    assert "%C3%A9~%2B%2F%20%26%3C%5Cu00e9" in shown["Document"]
    assert shown["IsDefaultVersion"] is True
