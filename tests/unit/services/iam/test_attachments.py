"""Managed policies on users, groups and roles; who has a policy; boundaries."""

from typing import Any

import pytest

from ostiary.services.iam.founding import found_installation
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import ALLOW_ALL, OTHER_ACCOUNT, World, root_of

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
KINDS = ["User", "Group", "Role"]
BOUNDED = ["User", "Role"]
NONE = f"arn:aws:iam::{ACCOUNT}:policy/none"


def make(
    world: World, kind: str, name: str = "One", **params: object
) -> dict[str, str]:
    """A user, group or role; the parameter that names it."""
    who = {f"{kind}Name": name}
    trust = {"AssumeRolePolicyDocument": trusting(ACCOUNT)} if kind == "Role" else {}
    world.call(f"Create{kind}", **who, **trust, **params)
    return who


@pytest.mark.parametrize("kind", KINDS)
def test_attaching_twice_is_attaching_once(world: World, kind: str) -> None:
    """Attach is idempotent (facts 10.9)."""
    who, arn = make(world, kind), world.policy("p")
    for _ in range(2):
        assert world.call(f"Attach{kind}Policy", **who, PolicyArn=arn) == {}
    assert world.call(f"ListAttached{kind}Policies", **who) == {
        "AttachedPolicies": [{"PolicyName": "p", "PolicyArn": arn}],
        "IsTruncated": False,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_detaching_what_is_not_attached(world: World, kind: str) -> None:
    """The policy, though it is there, was not found (facts 10.9)."""
    who, arn = make(world, kind), world.policy("p")
    refusal = ("NoSuchEntity", f"Policy {arn} was not found.")
    assert world.refused(f"Detach{kind}Policy", **who, PolicyArn=arn) == refusal
    world.call(f"Attach{kind}Policy", **who, PolicyArn=arn)
    assert world.call(f"Detach{kind}Policy", **who, PolicyArn=arn) == {}
    assert world.refused(f"Detach{kind}Policy", **who, PolicyArn=arn) == refusal


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_attached(world: World, kind: str) -> None:
    """No ARN, no policy, another account's policy, no owner (facts 10.4, 10.8)."""
    who = make(world, kind)
    attach = f"Attach{kind}Policy"
    assert world.refused(attach, **who, PolicyArn="longpolicynamebutnoarn") == (
        "ValidationError",
        "ARN longpolicynamebutnoarn is not valid.",
    )
    assert world.refused(attach, **who, PolicyArn=NONE) == (
        "NoSuchEntity",
        f"Policy {NONE} does not exist or is not attachable.",
    )
    world.call(
        "CreatePolicy", root_of(OTHER_ACCOUNT), PolicyName="p", PolicyDocument=ALLOW_ALL
    )
    foreign = f"arn:aws:iam::{OTHER_ACCOUNT}:policy/p"
    assert world.refused(attach, **who, PolicyArn=foreign) == (
        "NoSuchEntity",
        f"Policy {foreign} does not exist or is not attachable.",
    )
    assert world.refused(attach, **{f"{kind}Name": "none"}, PolicyArn=NONE) == (
        "NoSuchEntity",
        f"The {kind.lower()} with name none cannot be found.",
    )
    assert world.refused(f"Detach{kind}Policy", **who, PolicyArn=NONE) == (
        "NoSuchEntity",
        f"Policy {NONE} was not found.",
    )
    assert (
        world.refused(f"ListAttached{kind}Policies", **{f"{kind}Name": "none"})[0]
        == "NoSuchEntity"
    )


@pytest.mark.threat("T101")
@pytest.mark.parametrize("kind", KINDS)
def test_ten_policies_at_most(world: World, kind: str) -> None:
    """The eleventh is refused, one of the ten is not (facts 10.7)."""
    who = make(world, kind)
    arns = [world.policy(f"p{number}") for number in range(11)]
    for arn in arns[:10]:
        world.call(f"Attach{kind}Policy", **who, PolicyArn=arn)
    assert world.refused(f"Attach{kind}Policy", **who, PolicyArn=arns[10]) == (
        "LimitExceeded",
        f"Cannot exceed quota for PoliciesPer{kind}: 10",
    )
    world.call(f"Attach{kind}Policy", **who, PolicyArn=arns[0])


@pytest.mark.parametrize("kind", KINDS)
def test_attached_policies_are_sorted_filtered_and_paged(
    world: World, kind: str
) -> None:
    """By name, AWS's beside the own one of the same name, under a path."""
    with world.store.change() as change:
        found_installation(change, NOW)
    who = make(world, kind)
    own = world.policy("administratorACCESS")
    for arn in (
        world.policy("z", Path="/x/y/"),
        ADMIN,
        own,
        world.policy("B", Path="/x/"),
    ):
        world.call(f"Attach{kind}Policy", **who, PolicyArn=arn)
    operation = f"ListAttached{kind}Policies"
    pages = list(world.pages(operation, "AttachedPolicies", **who, MaxItems=1))
    names = [policy["PolicyName"] for page in pages for policy in page]
    assert names == ["administratorACCESS", "AdministratorAccess", "B", "z"]
    under = world.call(operation, **who, PathPrefix="/x/")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in under] == ["B", "z"]


# -- who has a policy ---------------------------------------------------------------


@pytest.fixture
def spread(world: World) -> str:
    """A policy on one of each kind, and the boundary of two that have it and one that has not."""
    arn = world.policy("p")
    for kind in KINDS:
        for name in ("a", "b"):
            bounded = (
                {"PermissionsBoundary": arn} if kind != "Group" and name == "a" else {}
            )
            who = make(world, kind, name, Path=f"/{name}/", **bounded)
            world.call(f"Attach{kind}Policy", **who, PolicyArn=arn)
    make(world, "User", "bounded", PermissionsBoundary=arn)
    make(world, "User", "free")
    return arn


def entities(result: dict[str, Any]) -> dict[str, list[str]]:
    """The names in an answer of ListEntitiesForPolicy."""
    return {
        kind: sorted(one[f"{kind}Name"] for one in result[f"Policy{kind}s"])
        for kind in KINDS
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"User": ["a", "b", "bounded"], "Group": ["a", "b"], "Role": ["a", "b"]}),
        (
            {"EntityFilter": "User"},
            {"User": ["a", "b", "bounded"], "Group": [], "Role": []},
        ),
        ({"EntityFilter": "Group"}, {"User": [], "Group": ["a", "b"], "Role": []}),
        ({"EntityFilter": "Role"}, {"User": [], "Group": [], "Role": ["a", "b"]}),
        ({"EntityFilter": "LocalManagedPolicy"}, {"User": [], "Group": [], "Role": []}),
        ({"PathPrefix": "/b/"}, {"User": ["b"], "Group": ["b"], "Role": ["b"]}),
        (
            {"PolicyUsageFilter": "PermissionsPolicy"},
            {"User": ["a", "b"], "Group": ["a", "b"], "Role": ["a", "b"]},
        ),
        (
            {"PolicyUsageFilter": "PermissionsBoundary"},
            {"User": ["a", "bounded"], "Group": [], "Role": ["a"]},
        ),
        (
            {"PolicyUsageFilter": "PermissionsBoundary", "EntityFilter": "Role"},
            {"User": [], "Group": [], "Role": ["a"]},
        ),
    ],
)
def test_entities_for_a_policy(
    world: World, spread: str, filters: dict[str, str], expected: dict[str, list[str]]
) -> None:
    """Each entity once, by kind, path and way of use; each with its name and id."""
    result = world.call("ListEntitiesForPolicy", PolicyArn=spread, **filters)
    assert entities(result) == expected
    for kind in KINDS:
        for one in result[f"Policy{kind}s"]:
            assert set(one) == {f"{kind}Name", f"{kind}Id"}


@pytest.mark.threat("T102")
@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
@pytest.mark.parametrize(
    "filters", [{}, {"PathPrefix": "/b/"}, {"EntityFilter": "Role"}]
)
def test_entities_for_a_policy_come_in_pages(
    world: World, spread: str, size: int, filters: dict[str, str]
) -> None:
    """However the pages are cut, each entity comes once."""
    whole = world.call("ListEntitiesForPolicy", PolicyArn=spread, **filters)
    seen: dict[str, list[str]] = {kind: [] for kind in KINDS}
    params: dict[str, Any] = {**filters, "MaxItems": size}
    while True:
        page = world.call("ListEntitiesForPolicy", PolicyArn=spread, **params)
        assert sum(map(len, entities(page).values())) <= size
        for kind, names in entities(page).items():
            seen[kind] += names
        if not page["IsTruncated"]:
            break
        params["Marker"] = page["Marker"]
    assert {kind: sorted(names) for kind, names in seen.items()} == entities(whole)


def test_entities_of_other_accounts_do_not_show(world: World) -> None:
    """AWS's policies hang in many accounts, each sees its own."""
    with world.store.change() as change:
        found_installation(change, NOW)
    other = root_of(OTHER_ACCOUNT)
    world.call("CreateUser", other, UserName="Bob", PermissionsBoundary=ADMIN)
    world.call("AttachUserPolicy", other, UserName="Bob", PolicyArn=ADMIN)
    nobody = {"User": [], "Group": [], "Role": []}
    assert entities(world.call("ListEntitiesForPolicy", PolicyArn=ADMIN)) == nobody
    assert entities(
        world.call("ListEntitiesForPolicy", other, PolicyArn=ADMIN)
    ) == nobody | {"User": ["Bob"]}


# -- boundaries ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", BOUNDED)
def test_a_boundary_is_set_replaced_and_removed(world: World, kind: str) -> None:
    """The owner shows it; removing it twice is removing it once."""
    who, first, second = make(world, kind), world.policy("p"), world.policy("q")
    for arn in (first, second):
        assert (
            world.call(f"Put{kind}PermissionsBoundary", **who, PermissionsBoundary=arn)
            == {}
        )
        assert world.call(f"Get{kind}", **who)[kind]["PermissionsBoundary"] == {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": arn,
        }
    for _ in range(2):
        assert world.call(f"Delete{kind}PermissionsBoundary", **who) == {}
        assert "PermissionsBoundary" not in world.call(f"Get{kind}", **who)[kind]


@pytest.mark.parametrize("kind", BOUNDED)
def test_what_cannot_be_a_boundary(world: World, kind: str) -> None:
    """A bad ARN is InvalidInput where attaching says ValidationError (facts 10.4, 10.8)."""
    who = make(world, kind)
    put = f"Put{kind}PermissionsBoundary"
    assert world.refused(put, **who, PermissionsBoundary="longpolicynamebutnoarn") == (
        "InvalidInput",
        "ARN longpolicynamebutnoarn is not valid.",
    )
    assert world.refused(put, **who, PermissionsBoundary=NONE) == (
        "NoSuchEntity",
        f"Scope ARN: {NONE} does not exist or is not attachable.",
    )
    nobody = {f"{kind}Name": "none"}
    message = f"The {kind.lower()} with name none cannot be found."
    assert world.refused(put, **nobody, PermissionsBoundary=NONE) == (
        "NoSuchEntity",
        message,
    )
    assert world.refused(f"Delete{kind}PermissionsBoundary", **nobody) == (
        "NoSuchEntity",
        message,
    )


def test_the_boundary_of_a_new_role_is_checked(world: World) -> None:
    """CreateRole says what PutRolePermissionsBoundary says, though its model does not list it."""
    refusal = world.refused(
        "CreateRole", modelled=False, RoleName="Ops", AssumeRolePolicyDocument=trusting(ACCOUNT), PermissionsBoundary=NONE
    )  # fmt: skip
    assert refusal == (
        "NoSuchEntity",
        f"Scope ARN: {NONE} does not exist or is not attachable.",
    )
