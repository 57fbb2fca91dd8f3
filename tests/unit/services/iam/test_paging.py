"""Lists in pages, and the markers between them."""

import base64
from typing import Any

import pytest

from ostiary.identity.model import User
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.world import OTHER_ACCOUNT, World, root_of

INVALID = ("ValidationError", "Invalid Marker.")


@pytest.fixture
def five(world: World) -> World:
    """An account with the users u0 to u4."""
    for number in range(5):
        world.user(f"u{number}")
    return world


def _names(result: dict[str, Any]) -> list[str]:
    return [user["UserName"] for user in result["Users"]]


def _marker(world: World, operation: str = "ListUsers", **params: object) -> str:
    return str(world.call(operation, MaxItems=2, **params)["Marker"])


@pytest.mark.parametrize("size", [1, 2, 4, 5, 6, 1000])
def test_pages_add_up_to_the_whole(five: World, size: int) -> None:
    """Every page but the last is full, and nothing is lost or shown twice."""
    pages = list(five.pages("ListUsers", "Users", MaxItems=size))
    names = [user["UserName"] for page in pages for user in page]
    assert names == [f"u{number}" for number in range(5)]
    assert len(pages) == -(-5 // size)


def test_a_page_holds_a_hundred_by_default(world: World) -> None:
    """MaxItems is 100 when it is not sent (facts 10.3)."""
    world.fill(
        [
            User(
                id=f"AIDA{number}",
                account=ACCOUNT,
                name=f"u{number}",
                path="/",
                created=NOW,
                tags=(),
                boundary="",
            )
            for number in range(101)
        ]
    )
    result = world.call("ListUsers")
    assert (len(_names(result)), result["IsTruncated"]) == (100, True)


@pytest.mark.threat("T102")
def test_nothing_is_skipped_when_entities_go(five: World) -> None:
    """A page goes on after a name, also when the name's owner is gone."""
    marker = _marker(five)
    for name in ("u0", "u1"):
        five.call("DeleteUser", UserName=name)
    five.user("u1-new")
    assert _names(five.call("ListUsers", Marker=marker)) == ["u1-new", "u2", "u3", "u4"]


@pytest.mark.threat("T102")
def test_names_in_any_case_are_paged_in_one_order(world: World) -> None:
    """The cursor folds case as the order does."""
    for name in ("b", "A", "C", "d"):
        world.user(name)
    pages = list(world.pages("ListUsers", "Users", MaxItems=1))
    assert [user["UserName"] for page in pages for user in page] == ["A", "b", "C", "d"]


@pytest.mark.threat("T102")
def test_a_marker_of_another_account_is_invalid(five: World) -> None:
    """It opens for the account alone that it was made for."""
    assert (
        five.refused("ListUsers", root_of(OTHER_ACCOUNT), Marker=_marker(five))
        == INVALID
    )


@pytest.mark.threat("T102")
def test_a_marker_of_another_operation_is_invalid(five: World) -> None:
    """Neither does it open for another list."""
    assert five.refused("ListGroups", Marker=_marker(five)) == INVALID
    assert (
        five.refused("GetGroup", GroupName="none", Marker=_marker(five))[0]
        == "NoSuchEntity"
    )


@pytest.mark.threat("T102")
def test_a_marker_of_another_filter_is_invalid(five: World) -> None:
    """Nor for the same list with another filter; the page size may change."""
    marker = _marker(five, PathPrefix="/")
    assert five.refused("ListUsers", PathPrefix="/x/", Marker=marker) == INVALID
    assert five.refused("ListUsers", Marker=marker) == INVALID
    assert (
        len(_names(five.call("ListUsers", PathPrefix="/", Marker=marker, MaxItems=1)))
        == 1
    )


@pytest.mark.threat("T102")
def test_a_marker_of_another_owner_is_invalid(world: World) -> None:
    """The list of one group's users does not go on in another's."""
    for number in range(3):
        world.user(f"u{number}")
    for group in ("a", "b"):
        world.call("CreateGroup", GroupName=group)
        for number in range(3):
            world.call("AddUserToGroup", GroupName=group, UserName=f"u{number}")
    marker = _marker(world, "GetGroup", GroupName="a")
    assert world.refused("GetGroup", GroupName="b", Marker=marker) == INVALID


@pytest.mark.threat("T102", "T147")
@pytest.mark.parametrize(
    "text",
    [
        "x",
        "' OR 1=1 --",
        "0 u1",
        "%",
        "A" * 320,
        "é",
        base64.b64encode(b"0 u1").decode(),
    ],
)
def test_a_made_up_marker_is_invalid(five: World, text: str) -> None:
    """Nobody but us makes markers (facts 10.3)."""
    assert five.refused("ListUsers", Marker=text) == INVALID


@pytest.mark.threat("T102")
def test_an_edited_marker_is_invalid(five: World) -> None:
    """Any changed byte, and any missing or added one."""
    raw = base64.b64decode(_marker(five))
    bent = [
        raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        for place in range(len(raw))
    ]
    for edited in (*bent, raw[:-1], raw + b"\0", b""):
        text = base64.b64encode(edited).decode() or "="
        assert five.refused("ListUsers", Marker=text) == INVALID


def test_the_longest_names_fit_a_marker(world: World) -> None:
    """A policy's name of 128 characters pages, and the marker keeps to 320 (facts 10.3)."""
    for letter in "ab":
        world.policy(letter * 128)
    marker = world.call("ListPolicies", Scope="Local", MaxItems=1)["Marker"]
    assert len(str(marker)) <= 320
    assert (
        len(world.call("ListPolicies", Scope="Local", Marker=marker)["Policies"]) == 1
    )
