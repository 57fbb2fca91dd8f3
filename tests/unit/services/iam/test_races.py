"""IAM under parallel calls: quotas hold, names are taken once, nothing is left half made."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ostiary.identity.model import (
    Attachment,
    Group,
    InlinePolicy,
    Membership,
    Policy,
    PolicyVersion,
    Role,
    User,
)
from ostiary.services.errors import ServiceError
from tests.conformance.racing import PROCESSES, Racer, race
from tests.unit.identity.minting import ACCOUNT
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import ALLOW_ALL, World

ATTEMPTS = 8
"""Calls of each process for each quota: 32 in all."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database that processes share."""
    return f"sqlite:///{tmp_path / 'store.db'}"


def outcome(world: World, operation: str, **params: object) -> str:
    """The code of the refusal; empty for success."""
    try:
        world.call(operation, **params)
    except ServiceError as error:
        return error.code
    return ""


def _fill(racer: Racer) -> dict[str, list[str]]:
    """How this process's calls against each quota went."""
    world = World(url=racer.url, seed=f"racer {racer.number}")
    arn = f"arn:aws:iam::{ACCOUNT}:policy/versions"
    racer.wait()
    outcomes: dict[str, list[str]] = {
        "attach": [],
        "join": [],
        "version": [],
        "name": [],
        "tag": [],
    }
    for attempt in range(ATTEMPTS):
        number = racer.number * ATTEMPTS + attempt
        policy = f"arn:aws:iam::{ACCOUNT}:policy/p{number}"
        outcomes["attach"].append(
            outcome(world, "AttachUserPolicy", UserName="Alice", PolicyArn=policy)
        )
        outcomes["join"].append(
            outcome(world, "AddUserToGroup", UserName="Alice", GroupName=f"g{number}")
        )
        outcomes["version"].append(
            outcome(
                world, "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW_ALL
            )
        )
        outcomes["name"].append(outcome(world, "CreateUser", UserName=f"u{attempt}"))
        tags = [{"Key": f"k{number}-{place}", "Value": ""} for place in range(5)]
        outcomes["tag"].append(outcome(world, "TagUser", UserName="Alice", Tags=tags))
    return outcomes


@pytest.mark.threat("T101")
def test_quotas_hold_between_processes(url: str) -> None:
    """32 parallel calls against each quota: as many succeed as it allows, never one more."""
    world = World(url=url)
    world.user("Alice")
    world.policy("versions")
    for number in range(PROCESSES * ATTEMPTS):
        world.policy(f"p{number}")
        world.call("CreateGroup", GroupName=f"g{number}")
    results = race(_fill, url)
    together = {
        what: [code for one in results for code in one[what]] for what in results[0]
    }
    expected = {
        "attach": (10, "LimitExceeded"),
        "join": (10, "LimitExceeded"),
        "version": (4, "LimitExceeded"),
        "name": (ATTEMPTS, "EntityAlreadyExists"),
        "tag": (10, "LimitExceeded"),
    }
    total = PROCESSES * ATTEMPTS
    for what, (successes, refusal) in expected.items():
        assert sorted(together[what]) == [""] * successes + [refusal] * (
            total - successes
        ), what
    user = world.get(User, "Alice")
    with world.store.read() as view:
        assert view.count(Attachment, owner=user.id) == 10
        assert view.count(Membership, user=user.id) == 10
        assert (
            view.count(PolicyVersion, policy=f"arn:aws:iam::{ACCOUNT}:policy/versions")
            == 5
        )
    assert len(user.tags) == 50


CALLS = 60
THREADS = 6
SMALL = ("a", "b", "c")


def _rummage(world: World, chance: random.Random) -> str:
    """One call that makes, hangs on, takes off or deletes something among few names."""
    name, other = chance.choice(SMALL), chance.choice(SMALL)
    arn = f"arn:aws:iam::{ACCOUNT}:policy/{other}"
    kind = chance.choice(("User", "Group", "Role"))
    who = {f"{kind}Name": name}
    trust = {"AssumeRolePolicyDocument": trusting(ACCOUNT)} if kind == "Role" else {}
    inline = {"PolicyName": other, "PolicyDocument": ALLOW_ALL}
    bounded = chance.choice(("User", "Role"))
    calls: list[tuple[str, dict[str, Any]]] = [
        (f"Create{kind}", {**who, **trust}),
        (f"Delete{kind}", {**who}),
        (f"Attach{kind}Policy", {**who, "PolicyArn": arn}),
        (f"Detach{kind}Policy", {**who, "PolicyArn": arn}),
        (f"Put{kind}Policy", {**who, **inline}),
        (f"Delete{kind}Policy", {**who, "PolicyName": other}),
        ("AddUserToGroup", {"UserName": name, "GroupName": other}),
        ("RemoveUserFromGroup", {"UserName": name, "GroupName": other}),
        ("CreatePolicy", {"PolicyName": other, "PolicyDocument": ALLOW_ALL}),
        ("DeletePolicy", {"PolicyArn": arn}),
        (
            "CreatePolicyVersion",
            {
                "PolicyArn": arn,
                "PolicyDocument": ALLOW_ALL,
                "SetAsDefault": chance.random() < 0.5,
            },
        ),
        (
            "DeletePolicyVersion",
            {"PolicyArn": arn, "VersionId": chance.choice(("v1", "v2", "v3"))},
        ),
        (
            f"Put{bounded}PermissionsBoundary",
            {f"{bounded}Name": name, "PermissionsBoundary": arn},
        ),
        (f"Delete{bounded}PermissionsBoundary", {f"{bounded}Name": name}),
    ]
    operation, params = chance.choice(calls)
    return outcome(world, operation, **params)


@pytest.mark.threat("T99")
def test_nothing_is_left_without_what_it_hangs_on(url: str) -> None:
    """After hundreds of calls at random from six threads, every reference has its end."""
    World(url=url)

    def client(number: int) -> list[str]:
        world = World(url=url, seed=f"client {number}")
        chance = random.Random(number)
        outcomes = [_rummage(world, chance) for _ in range(CALLS)]
        world.engine.dispose()
        return outcomes

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = {code for one in pool.map(client, range(THREADS)) for code in one}
    assert outcomes >= {"", "NoSuchEntity", "EntityAlreadyExists", "DeleteConflict"}
    store = World(url=url).store
    with store.read() as view:
        users = {user.id: user for user in view.list_by(User)}
        groups = {group.id: group for group in view.list_by(Group)}
        roles = {role.id: role for role in view.list_by(Role)}
        policies = {policy.arn: policy for policy in view.list_by(Policy)}
        versions = {(one.policy, one.number) for one in view.list_by(PolicyVersion)}
        owners = users.keys() | groups.keys() | roles.keys()
        assert {one.owner for one in view.list_by(Attachment)} <= owners
        assert {one.owner for one in view.list_by(InlinePolicy)} <= owners
        assert {one.policy for one in view.list_by(Attachment)} <= policies.keys()
        assert {one.user for one in view.list_by(Membership)} <= users.keys()
        assert {one.group for one in view.list_by(Membership)} <= groups.keys()
        boundaries = {one.boundary for one in (*users.values(), *roles.values())} - {""}
        assert boundaries <= policies.keys()
        assert {arn for arn, _ in versions} == policies.keys()
        assert {(one.arn, one.default_version) for one in policies.values()} <= versions
        assert all(number < policies[arn].next_version for arn, number in versions)


@pytest.mark.threat("T100")
def test_the_last_trust_policy_stands_as_a_whole(url: str) -> None:
    """Of parallel updates nobody ever sees a mixture."""
    World(url=url).role("Ops", trusting(ACCOUNT))
    written = [
        trusting(ACCOUNT, *(f"{number}" * 12 for _ in range(number)))
        for number in range(THREADS)
    ]

    def update(number: int) -> set[str]:
        world = World(url=url, seed=f"client {number}")
        seen = set()
        for _ in range(ATTEMPTS):
            world.call(
                "UpdateAssumeRolePolicy", RoleName="Ops", PolicyDocument=written[number]
            )
            seen.add(world.get(Role, "Ops").trust)
        world.engine.dispose()
        return seen

    with ThreadPoolExecutor(THREADS) as pool:
        seen = set().union(*pool.map(update, range(THREADS)))
    assert seen <= set(written)
    assert World(url=url).get(Role, "Ops").trust in written
