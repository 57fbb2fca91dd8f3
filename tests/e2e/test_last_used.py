"""Last uses as unmodified clients see them, across workers, stops and kills."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.e2e.server import start
from tests.e2e.world import World, allow, trusts

PATIENCE = 20


def awaited(look: Callable[[], Any]) -> Any:
    """The first true answer; uses are written every two seconds."""
    end = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < end, "nobody wrote the use"
        time.sleep(0.2)
    return found


def is_recent(moment: datetime) -> bool:
    """Whether it was a moment ago."""
    return abs((datetime.now(UTC) - moment).total_seconds()) < 2 * PATIENCE


def test_keys_and_roles_tell_their_last_use(world: World) -> None:
    """A key with service and region; a role by what its sessions do."""
    iam = world.a.client("iam")
    ann = world.a.person("Ann", allow("sts:*", "*"))
    arn = world.a.role("Used", trusts(world.a.id), allow("iam:ListUsers", "*"))
    name = arn.rpartition("/")[2]

    def key() -> Any:
        told = iam.get_access_key_last_used(AccessKeyId=ann.credentials.key_id)
        return told["AccessKeyLastUsed"]

    assert key() == {"ServiceName": "N/A", "Region": "N/A"}
    session = ann.assume(arn)
    used = awaited(lambda: key() if "LastUsedDate" in key() else None)
    assert (used["ServiceName"], used["Region"]) == ("sts", "us-east-1")
    assert is_recent(used["LastUsedDate"])
    assert iam.get_role(RoleName=name)["Role"]["RoleLastUsed"] == {}
    world.client("iam", session).list_users()
    told = awaited(lambda: iam.get_role(RoleName=name)["Role"]["RoleLastUsed"])
    assert told["Region"] == "us-east-1"
    assert is_recent(told["LastUsedDate"])


def test_the_access_advisor_tells_what_was_tried(world: World) -> None:
    """A job's services and actions, with pages, as boto3 reads them."""
    iam = world.a.client("iam")
    bob = world.a.person("Bob", allow(["iam:List*", "s3:GetObject"], "*"))
    bob.client("iam").list_users()

    def service() -> Any:
        job = iam.generate_service_last_accessed_details(
            Arn=bob.arn, Granularity="ACTION_LEVEL"
        )["JobId"]
        told = iam.get_service_last_accessed_details(JobId=job)
        assert told["JobStatus"] == "COMPLETED"
        assert [one["ServiceNamespace"] for one in told["ServicesLastAccessed"]] == [
            "iam",
            "s3",
        ]
        found = told["ServicesLastAccessed"][0]
        return (job, found) if "LastAuthenticated" in found else None

    job, found = awaited(service)
    assert found["LastAuthenticatedEntity"] == bob.arn
    tried = {
        one["ActionName"]
        for one in found["TrackedActionsLastAccessed"]
        if "LastAccessedTime" in one
    }
    assert tried == {"ListUsers"}
    entities = iam.get_service_last_accessed_details_with_entities(
        JobId=job, ServiceNamespace="iam", MaxItems=1
    )
    assert [one["EntityInfo"]["Name"] for one in entities["EntityDetailsList"]] == [
        bob.name
    ]


def test_uses_outlive_workers_stops_and_kills(tmp_path: Path) -> None:
    """A stop writes what was seen; a kill loses nothing that was written before."""
    home = tmp_path / "home"
    server = start(home, "--workers", "2")
    world = World(server)
    keys = [world.a.person(f"p{number}", allow("sts:*", "*")) for number in range(4)]
    for person in keys:
        person.client("sts").get_caller_identity()
    assert server.stop() == 0

    def dates(world: World) -> list[Any]:
        iam = world.a.client("iam")
        told = [
            iam.get_access_key_last_used(AccessKeyId=one.credentials.key_id)
            for one in keys
        ]
        return [one["AccessKeyLastUsed"].get("LastUsedDate") for one in told]

    server = start(home)
    before = dates(World(server))
    assert all(before)
    server.kill()
    server = start(home)
    assert dates(World(server)) == before
    assert server.stop() == 0
