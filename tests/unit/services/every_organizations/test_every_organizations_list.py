"""Every list in pages: of one item, with a wrong token, and cut in the database."""

from typing import Any

import pytest

from tests.unit.gate.orgs import Told
from tests.unit.services.cuts import limits
from tests.unit.services.every_organizations.calls import CALLS, OPS_UNIT, SSO, UNIT
from tests.unit.services.every_organizations.served import members, read
from tests.unit.services.every_organizations.stage import House, Stage, step
from tests.unit.services.every_organizations.test_every_organizations_operation import (
    kept,
)

PAGED = [name for name in sorted(CALLS) if "NextToken" in members(name)]
ONE = {"ListParents", "ListRoots"}
"""Lists of one item, always."""
FEW = {
    "ListDelegatedAdministrators": "each account once, over all services that it has",
    "ListParents": "one parent",
    "ListPoliciesForTarget": "five of a type on a target",
    "ListRoots": "one root",
    "ListTagsForResource": "fifty, all of them in one row",
}
"""Lists that are sorted in memory, and why that is cheap."""
PAGE = 20
"""Items on a page of AWS's, when nothing else is asked for."""

paged = pytest.mark.parametrize("operation", PAGED)


async def page(stage: Stage, operation: str, **more: object) -> Any:
    """A page as botocore reads it."""
    call = CALLS[operation]
    params = {**call.params, **more}
    told = await stage.call(stage.root[call.by], operation, params)
    assert told.answer.status == 200, told.answer.body
    return read(operation, told.answer)


def items(found: dict[str, Any]) -> list[Any]:
    """The items of a page, whatever their member is called."""
    [listed] = [value for value in found.values() if isinstance(value, list)]
    return listed


async def all_pages(
    stage: Stage, operation: str, size: dict[str, Any]
) -> list[list[Any]]:
    """The items of each page, up to the last."""
    pages: list[list[Any]] = []
    more: dict[str, object] = {}
    while True:
        found = await page(stage, operation, **size, **more)
        pages.append(items(found))
        if "NextToken" not in found:
            return pages
        more = {"NextToken": found["NextToken"]}


@paged
def test_pages_of_one_item_hold_the_whole_list(house: House, operation: str) -> None:
    """Each item once and in order; every page but the last has a token."""

    async def play() -> tuple[list[list[Any]], list[list[Any]]]:
        stage = await kept(house, operation)
        can_ask = "MaxResults" in members(operation)
        size = {"MaxResults": 1} if can_ask else {}
        return await all_pages(stage, operation, size), await all_pages(
            stage, operation, {}
        )

    small, usual = house.run(play())
    whole = [one for items_ in usual for one in items_]
    assert [one for items_ in small for one in items_] == whole
    assert len({repr(one) for one in whole}) == len(whole)
    assert (len(whole) == 1) is (operation in ONE)
    if "MaxResults" in members(operation):
        assert [len(one) for one in small] == [1] * len(whole)
        assert len(usual) == 1
    else:
        assert [len(one) for one in usual] == [PAGE, len(whole) - PAGE]


@paged
def test_a_token_of_nothing_is_refused(house: House, operation: str) -> None:
    """InvalidInputException INVALID_NEXT_TOKEN; also one of another list."""
    other = "ListHandshakesForAccount"
    if operation == other:
        other = "ListHandshakesForOrganization"

    async def play() -> list[Told]:
        stage, strange = await kept(house, operation), await kept(house, other)
        foreign = await page(strange, other, MaxResults=1)
        call = CALLS[operation]
        return [
            await stage.call(
                stage.root[call.by], operation, {**call.params, "NextToken": token}
            )
            for token in ("nonsense", foreign["NextToken"])
        ]

    for told in house.run(play()):
        assert told.answer.status == 400
        assert told.code == "InvalidInputException INVALID_NEXT_TOKEN"


def test_a_token_is_of_its_account_and_filter(house: House) -> None:
    """The same list of another organization, or of another state, does not take it."""

    async def play() -> list[str]:
        stage = await kept(house, "ListCreateAccountStatus")
        call = CALLS["ListAccounts"]
        found = await page(stage, "ListCreateAccountStatus", MaxResults=1)
        token = {"NextToken": found["NextToken"]}
        other = await kept(house, "ListAccounts")
        filtered = {**token, "States": ["SUCCEEDED"]}
        answers = [
            await other.call(other.root[call.by], "ListCreateAccountStatus", token),
            await stage.call(stage.root[call.by], "ListCreateAccountStatus", filtered),
        ]
        return [told.code for told in answers]

    assert house.run(play()) == ["InvalidInputException INVALID_NEXT_TOKEN"] * 2


async def most_rows(house: House, operation: str, **more: object) -> list[int]:
    """How many rows each list may have that a page of one item reads."""
    stage = await kept(house, operation)
    size = {"MaxResults": 1} if "MaxResults" in members(operation) else {}
    with limits(house.whole.home.store._engine) as seen:
        await page(stage, operation, **size, **more)
    return seen


@pytest.mark.threat("T102")
@pytest.mark.parametrize("operation", [one for one in PAGED if one not in FEW])
def test_a_page_is_cut_in_the_database(house: House, operation: str) -> None:
    """No list reads more than a page and one row, but the few that are always short."""
    read_at_most = house.run(most_rows(house, operation))
    assert 2 in read_at_most
    assert all(limit <= 2 for limit in read_at_most)


@pytest.mark.threat("T102")
@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("ListChildren", {"ChildType": "ORGANIZATIONAL_UNIT"}),
        ("ListCreateAccountStatus", {"States": ["SUCCEEDED"]}),
        ("ListCreateAccountStatus", {"States": ["FAILED"]}),
        ("ListDelegatedAdministrators", {"ServicePrincipal": SSO}),
        ("ListHandshakesForAccount", {"Filter": {"ActionType": "INVITE"}}),
        (
            "ListHandshakesForOrganization",
            {"Filter": {"ParentHandshakeId": "h-00000000"}},
        ),
    ],
    ids=str,
)
def test_a_filtered_page_is_cut_in_the_database(
    house: House, operation: str, more: dict[str, Any]
) -> None:
    """However much the filter leaves out."""
    assert set(house.run(most_rows(house, operation, **more))) <= {1, 2}


def test_filters_leave_out_the_rest(house: House) -> None:
    """States of creations, actions of handshakes, administrators of one service."""

    async def play() -> dict[str, int]:
        found = {}
        for name, operation, more in (
            ("made", "ListCreateAccountStatus", {"States": ["SUCCEEDED"]}),
            ("failed", "ListCreateAccountStatus", {"States": ["FAILED"]}),
            ("doing", "ListCreateAccountStatus", {"States": ["IN_PROGRESS"]}),
            (
                "both",
                "ListCreateAccountStatus",
                {"States": ["FAILED", "IN_PROGRESS", "SUCCEEDED"]},
            ),
            (
                "invited",
                "ListHandshakesForAccount",
                {"Filter": {"ActionType": "INVITE"}},
            ),
            (
                "asked",
                "ListHandshakesForAccount",
                {"Filter": {"ActionType": "APPROVE_ALL_FEATURES"}},
            ),
            (
                "administrators",
                "ListDelegatedAdministrators",
                {"ServicePrincipal": "iam.amazonaws.com"},
            ),
            ("unknown", "ListPolicies", {"Filter": "TAG_POLICY"}),
        ):
            stage = await kept(house, operation)
            found[name] = len(items(await page(stage, operation, **more)))
        return found

    assert house.run(play()) == {
        "made": 2,
        "failed": 1,
        "doing": 0,
        "both": 3,
        "invited": 3,
        "asked": 0,
        "administrators": 1,
        "unknown": 0,
    }


def test_a_list_goes_on_where_it_was(house: House) -> None:
    """What was made meanwhile before the place does not shift the pages (T102)."""

    async def play() -> None:
        stage = await house.stage()
        await stage.play([UNIT, OPS_UNIT])
        first = await page_of_units(stage)
        later = [
            step("CreateOrganizationalUnit", ParentId="{root}", Name=f"U{number}")
            for number in range(5)
        ]
        await stage.play(later)
        seen = first["OrganizationalUnits"]
        while "NextToken" in first:
            first = await page_of_units(stage, NextToken=first["NextToken"])
            seen += first["OrganizationalUnits"]
        ids = [one["Id"] for one in seen]
        assert ids == sorted(set(ids))

    async def page_of_units(stage: Stage, **more: str) -> Any:
        asked = {"ParentId": "{root}", "MaxResults": 1, **more}
        operation = "ListOrganizationalUnitsForParent"
        told = await stage.call(stage.root["manager"], operation, asked)
        return told.json

    house.run(play())
