"""Every list of IAM in pages: of one item, with a wrong marker, and in the database."""

from typing import Any

import pytest

from ostiary.services.iam.quotas import (
    GROUP_ATTACHMENTS,
    GROUPS_OF_USER,
    SIGNING_CERTIFICATES,
    SSH_KEYS,
)
from tests.unit.gate.whole import Answer
from tests.unit.services.cuts import limits
from tests.unit.services.every.served import CALLS, members
from tests.unit.services.every.stage import House, Stage
from tests.unit.services.every.test_every_operation import kept, read

PAGED = sorted(
    operation
    for service, operation in CALLS
    if service == "iam" and "Marker" in members(service, operation)
)
PLACE = {"IsTruncated", "Marker"}
NO_LIST = {
    "SimulateCustomPolicy": "its results are computed, not stored",
    "SimulatePrincipalPolicy": "its results are computed, not stored",
    "GetOrganizationsAccessReport": "a report is one row",
    "GetServiceLastAccessedDetails": "a report is one row",
    "GetServiceLastAccessedDetailsWithEntities": "a report is one row",
    "ListPoliciesGrantingServiceAccess": "at most 200 services, all of them asked for",
}
"""Paged, and no list of entities."""
FEW = {
    "ListAccessKeys": "two of a user",
    "ListAccountAliases": "one of an account",
    "ListAttachedGroupPolicies": f"{GROUP_ATTACHMENTS.most} on a group",
    "ListAttachedRolePolicies": f"{GROUP_ATTACHMENTS.most} on a role",
    "ListAttachedUserPolicies": f"{GROUP_ATTACHMENTS.most} on a user",
    "ListGroupsForUser": f"{GROUPS_OF_USER.most} of a user",
    "ListMFADevices": "eight of a user",
    "ListPolicyVersions": "five of a policy",
    "ListSSHPublicKeys": f"{SSH_KEYS.most} of a user",
    "ListServiceSpecificCredentials": "two of a user and service",
    "ListSigningCertificates": f"{SIGNING_CERTIFICATES.most} of a user",
}
"""Lists that a quota keeps so short that they are sorted in memory, and the quota."""
IN_ANSWERS = {
    "GetAccountAuthorizationDetails": "what hangs on one user, group or role",
}
"""Lists whose items bring few others along."""
ALL = 1_000_000

paged = pytest.mark.parametrize("operation", PAGED)


async def page(stage: Stage, operation: str, **more: object) -> Any:
    """A page as botocore reads it."""
    params = {**CALLS["iam", operation].params, **more}
    answer = await stage.call(stage.root, operation, params)
    assert answer.status == 200, answer.body
    found = read("iam", operation, answer)
    if operation == "ListDelegationRequests":
        # The model spells this one member otherwise than all lists of IAM.
        found["IsTruncated"] = found.pop("isTruncated")
    return found


def items(found: dict[str, Any]) -> list[Any]:
    """All items of a page, whatever their member is called."""
    return [
        (name, one)
        for name, value in found.items()
        if isinstance(value, list)
        for one in value
    ]


@paged
def test_pages_of_one_item_hold_the_whole_list(house: House, operation: str) -> None:
    """Each item once and in order; every page but the last has a marker."""

    async def play() -> None:
        stage = await kept(house, "iam", operation)
        whole = await page(stage, operation)
        assert whole["IsTruncated"] is False
        assert "Marker" not in whole
        seen: list[Any] = []
        more: dict[str, object] = {}
        size = {"MaxItems": 1} if "MaxItems" in members("iam", operation) else {}
        while True:
            found = await page(stage, operation, **size, **more)
            assert len(items(found)) <= 1 or not size
            seen += items(found)
            assert ("Marker" in found) is found["IsTruncated"]
            if not found["IsTruncated"]:
                break
            more = {"Marker": found["Marker"]}
        assert sorted(map(repr, seen)) == sorted(map(repr, items(whole)))
        assert items(whole)

    house.run(play())


@paged
def test_a_marker_of_nothing_is_refused(house: House, operation: str) -> None:
    """400 ValidationError `Invalid Marker.`; also one of another list."""

    async def play() -> list[Answer]:
        stage = await kept(house, "iam", operation)
        other = await house.stage()
        await other.play([("CreateGroup", {"GroupName": name}) for name in "ab"])
        foreign = await page(other, "ListGroups", MaxItems=1)
        params = CALLS["iam", operation].params
        return [
            await stage.call(stage.root, operation, {**params, "Marker": marker})
            for marker in ("nonsense", str(foreign["Marker"]))
        ]

    for answer in house.run(play()):
        assert (answer.status, answer.code) == (400, "ValidationError")
        assert answer.message == "Invalid Marker."


@pytest.mark.threat("T102")
@pytest.mark.parametrize("status", ["Assigned", "Unassigned", "Any"])
def test_devices_of_one_status_are_cut_in_the_database(
    house: House, status: str
) -> None:
    """However many of the other status lie between."""

    async def play() -> list[int]:
        stage = await kept(house, "iam", "ListMFADevices")
        with limits(house.whole.home.store._engine) as seen:
            more = {"AssignmentStatus": status, "MaxItems": 1}
            await stage.call(stage.root, "ListVirtualMFADevices", more)
        return seen

    assert house.run(play()) == [2]


@pytest.mark.threat("T102")
@pytest.mark.parametrize("operation", [one for one in PAGED if one not in NO_LIST])
def test_a_page_is_cut_in_the_database(house: House, operation: str) -> None:
    """No list reads more than a page and one row, but the few that a quota keeps short."""

    async def play() -> list[int]:
        stage = await kept(house, "iam", operation)
        with limits(house.whole.home.store._engine) as seen:
            await page(stage, operation, MaxItems=1)
        return seen

    read_at_most = house.run(play())
    whole = [limit for limit in read_at_most if limit == ALL]
    if operation in FEW | IN_ANSWERS:
        return
    assert whole == []
    assert all(limit <= 2 for limit in read_at_most)
