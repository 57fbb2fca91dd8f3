"""Profiles, credentials and providers under parallel calls: their quotas hold."""

from pathlib import Path

import pytest

from ostiary.identity.holdings import InstanceProfile, ServiceCredential
from tests.conformance.racing import PROCESSES, Racer, race
from tests.unit.identity.minting import ACCOUNT
from tests.unit.services.iam.test_races import outcome
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import World

ATTEMPTS = 8
"""Calls of each process for each quota."""
TOTAL = PROCESSES * ATTEMPTS
GIT = {"UserName": "Alice", "ServiceName": "codecommit.amazonaws.com"}


def _fill(racer: Racer) -> dict[str, list[str]]:
    """How this process's calls against each quota went."""
    world = World(url=racer.url, seed=f"racer {racer.number}")
    racer.wait()
    outcomes: dict[str, list[str]] = {"role": [], "password": [], "name": [], "url": []}
    for attempt in range(ATTEMPTS):
        role = {"InstanceProfileName": "Web", "RoleName": f"r{racer.number}"}
        outcomes["role"].append(outcome(world, "AddRoleToInstanceProfile", **role))
        outcomes["password"].append(
            outcome(world, "CreateServiceSpecificCredential", **GIT)
        )
        name = {"InstanceProfileName": f"p{attempt}"}
        outcomes["name"].append(outcome(world, "CreateInstanceProfile", **name))
        url = {"Url": f"https://p{attempt}.example"}
        outcomes["url"].append(outcome(world, "CreateOpenIDConnectProvider", **url))
    return outcomes


@pytest.mark.threat("T101")
def test_quotas_hold_between_processes(tmp_path: Path) -> None:
    """As many calls succeed as each quota and name allows, never one more."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    world = World(url=url)
    alice = world.user("Alice")
    world.call("CreateInstanceProfile", InstanceProfileName="Web")
    for number in range(PROCESSES):
        world.role(f"r{number}", trusting(ACCOUNT))
    results = race(_fill, url)
    expected = {
        "role": (1, "LimitExceeded"),
        "password": (2, "LimitExceeded"),
        "name": (ATTEMPTS, "EntityAlreadyExists"),
        "url": (ATTEMPTS, "EntityAlreadyExists"),
    }
    for what, (successes, refusal) in expected.items():
        together = sorted(code for one in results for code in one[what])
        assert together == [""] * successes + [refusal] * (TOTAL - successes), what
    assert world.get(InstanceProfile, "Web").role
    with world.store.read() as view:
        mine = view.list_by(ServiceCredential, user=alice.id)
    assert {one.name for one in mine} == {
        f"Alice-at-{ACCOUNT}",
        f"Alice+1-at-{ACCOUNT}",
    }
