"""Access reports of an organization, through a whole gate."""

import re
from pathlib import Path
from typing import Any

import pytest

from ostiary.server.last_uses import LastUses
from tests.unit.gate.orgs import SCP, Orgs, deny, founded
from tests.unit.gate.whole import Answer, Keys, Whole, allow, run

GENERATE = "GenerateOrganizationsAccessReport"
GET = "GetOrganizationsAccessReport"


async def written(whole: Whole) -> None:
    """What was used is in the store."""
    await LastUses(whole.work, whole.gate.seen).write()


async def job(orgs: Orgs, path: str, **more: Any) -> str:
    """The job id of a new report."""
    made = await orgs.whole.good(orgs.manager, "iam", GENERATE, EntityPath=path, **more)
    return made.field("JobId")


async def told(orgs: Orgs, job_id: str, **more: Any) -> Answer:
    """A report's first page, of all services."""
    return await orgs.whole.good(
        orgs.manager, "iam", GET, JobId=job_id, **{"MaxItems": 1000, **more}
    )


def services(answer: Answer) -> dict[str, dict[str, str]]:
    """The services of a report by prefix, in their order."""
    found = {}
    for entry in re.findall(r"<member>(.*?)</member>", answer.body, re.DOTALL):
        values = dict(re.findall(r"<(\w+)>([^<]*)</\1>", entry))
        found[values["ServiceNamespace"]] = values
    return found


async def organization_id(orgs: Orgs) -> str:
    """The organization's id."""
    return str((await orgs.good("DescribeOrganization"))["Organization"]["Id"])


async def used(whole: Whole, admin: Keys, *actions: str) -> None:
    """Somebody did something of IAM, a minute after the last."""
    for action in actions:
        whole.now += 60
        await whole.call(admin, "iam", action)


def test_a_unit_tells_of_its_accounts_and_its_policies(tmp_path: Path) -> None:
    """Services that every level leaves open; the last use of each, and whose it was."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        unit = await orgs.unit("Guarded")
        one, two = await orgs.account("one"), await orgs.account("two")
        first, second = await orgs.admin(one), await orgs.admin(two)
        await orgs.move(one, orgs.root, unit)
        await orgs.move(two, orgs.root, unit)
        await orgs.policy(SCP, "no-sqs", deny(["sqs:*", "s3:GetObject"]), target=unit)
        await used(whole, first, "ListUsers")
        await used(whole, second, "ListRoles")
        when = int(whole.now)
        await used(whole, whole.root, "ListUsers")
        await written(whole)
        start = f"{await organization_id(orgs)}/{orgs.root}"
        answer = await told(orgs, await job(orgs, f"{start}/{unit}"))
        found = services(answer)
        assert answer.field("JobStatus") == "COMPLETED"
        assert "sqs" not in found
        assert list(found) == sorted(found)
        assert found["iam"]["TotalAuthenticatedEntities"] == "2"
        assert found["iam"]["EntityPath"] == f"{start}/{unit}/{two}"
        assert found["iam"]["Region"] == "us-east-1"
        assert found["iam"]["ServiceName"] == "AWS Identity and Access Management (IAM)"
        assert found["s3"].keys() == {
            "ServiceName",
            "ServiceNamespace",
            "TotalAuthenticatedEntities",
        }
        assert int(answer.field("NumberOfServicesAccessible")) == len(found)
        assert int(answer.field("NumberOfServicesNotAccessed")) == len(found) - 1
        assert when > 0

        alone = services(await told(orgs, await job(orgs, f"{start}/{unit}/{one}/")))
        assert alone["iam"]["EntityPath"] == f"{start}/{unit}/{one}"
        assert alone["iam"]["TotalAuthenticatedEntities"] == "1"
        above = services(await told(orgs, await job(orgs, start)))
        assert "sqs" in above
        assert above["iam"]["TotalAuthenticatedEntities"] == "2"

    run(tmp_path, play)


def test_no_policy_binds_the_management_account(tmp_path: Path) -> None:
    """Alone it is told of all services; the root's report leaves it out."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        guard = await orgs.policy(SCP, "guard", deny("sqs:*"), target=orgs.root)
        await written(whole)
        start = f"{await organization_id(orgs)}/{orgs.root}"
        mine = f"{start}/111122223333"
        for more in ({}, {"OrganizationsPolicyId": guard}):
            found = services(await told(orgs, await job(orgs, mine, **more)))
            assert "sqs" in found
            assert found["organizations"]["EntityPath"] == mine
        above = services(await told(orgs, await job(orgs, start)))
        assert "sqs" not in above
        assert above["organizations"]["TotalAuthenticatedEntities"] == "0"

    run(tmp_path, play)


def test_a_policy_tells_of_those_whom_it_binds(tmp_path: Path) -> None:
    """Its own services; accounts to which it applies, and nobody else's use."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        one, two = await orgs.account("one"), await orgs.account("two")
        first, second = await orgs.admin(one), await orgs.admin(two)
        opening = await orgs.policy(SCP, "iam-only", allow("iam:*"), target=one)
        await used(whole, first, "ListUsers")
        await used(whole, second, "ListUsers")
        await written(whole)
        start = f"{await organization_id(orgs)}/{orgs.root}"
        found = services(
            await told(orgs, await job(orgs, start, OrganizationsPolicyId=opening))
        )
        assert list(found) == ["iam"]
        assert found["iam"]["EntityPath"] == f"{start}/{one}"
        other = await job(orgs, f"{start}/{two}", OrganizationsPolicyId=opening)
        assert "EntityPath" not in services(await told(orgs, other))["iam"]

    run(tmp_path, play)


def test_a_report_is_sorted_as_asked(tmp_path: Path) -> None:
    """By name or by time, in both directions, over pages."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        whole.now += 60
        await whole.good(whole.root, "iam", "ListUsers")
        await written(whole)
        start = f"{await organization_id(orgs)}/{orgs.root}/111122223333"
        job_id = await job(orgs, start)
        names = list(services(await told(orgs, job_id)))
        down = await told(orgs, job_id, SortKey="SERVICE_NAMESPACE_DESCENDING")
        assert list(services(down)) == names[::-1]
        key = {"SortKey": "LAST_AUTHENTICATED_TIME_DESCENDING"}
        newest = await told(orgs, job_id, **key, MaxItems=1)
        assert list(services(newest)) == ["iam"]
        second = await told(
            orgs, job_id, **key, MaxItems=1, Marker=newest.field("Marker")
        )
        assert list(services(second)) == ["organizations"]
        up = await told(orgs, job_id, SortKey="LAST_AUTHENTICATED_TIME_ASCENDING")
        assert list(services(up))[-1] == "iam"
        refused = await whole.bad(
            orgs.manager, "iam", GET, JobId=job_id, Marker=newest.field("Marker")
        )
        assert refused.message == "Invalid Marker."

    run(tmp_path, play)


@pytest.mark.parametrize(
    ("tail", "more", "code"),
    [
        ("/ou-abcd-12345678", {}, "InvalidInput"),
        ("/999988887777", {}, "InvalidInput"),
        ("", {"OrganizationsPolicyId": "p-nothing1"}, "InvalidInput"),
        ("", {"OrganizationsPolicyId": "p-RCPFullAWSAccess"}, "InvalidInput"),
    ],
)
def test_a_report_on_nothing_has_failed(
    tmp_path: Path, tail: str, more: dict[str, str], code: str
) -> None:
    """The job says so, with the reason."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        start = f"{await organization_id(orgs)}/{orgs.root}"
        answer = await told(orgs, await job(orgs, start + tail, **more))
        assert answer.field("JobStatus") == "FAILED"
        assert f"<Code>{code}</Code>" in answer.body
        assert "<AccessDetails>" not in answer.body

    run(tmp_path, play)


def test_policies_have_to_be_enabled(tmp_path: Path) -> None:
    """Without service control policies there is nothing to report."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole)
        start = f"{await organization_id(orgs)}/{orgs.root}"
        answer = await told(orgs, await job(orgs, start))
        assert answer.field("JobStatus") == "FAILED"
        assert "<Code>PolicyTypeNotEnabled</Code>" in answer.body

    run(tmp_path, play)


def test_the_management_account_alone_reports(tmp_path: Path) -> None:
    """Members, accounts outside, and users without permission are refused."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        member = await orgs.admin(await orgs.account("one"))
        outside = await whole.account("outside", "444455556666")
        start = f"{await organization_id(orgs)}/{orgs.root}"
        job_id = await job(orgs, start)
        for keys in (member, outside):
            for action, params in (
                (GENERATE, {"EntityPath": start}),
                (GET, {"JobId": job_id}),
            ):
                refused = await whole.bad(keys, "iam", action, **params)
                assert (refused.status, refused.code) == (403, "AccessDenied")
                assert "management account" in refused.message
        ann = await whole.user("ann")
        may = await whole.user("may", allow([f"iam:{GENERATE}", f"iam:{GET}"]))
        refused = await whole.bad(ann, "iam", GENERATE, EntityPath=start)
        assert f"not authorized to perform: iam:{GENERATE} on resource" in (
            refused.message
        )
        refused = await whole.bad(ann, "iam", GET, JobId=job_id)
        assert f"not authorized to perform: iam:{GET} " in refused.message
        await whole.good(may, "iam", GENERATE, EntityPath=start)
        await whole.good(may, "iam", GET, JobId=job_id)
        refused = await whole.bad(may, "iam", GET, JobId="0" * 36)
        assert (refused.status, refused.code) == (404, "NoSuchEntity")

    run(tmp_path, play)


def test_a_permission_can_name_the_policy(tmp_path: Path) -> None:
    """By `iam:OrganizationsPolicyId`, and the path by the resource."""

    async def play(whole: Whole) -> None:
        orgs = await founded(whole, SCP)
        guard = await orgs.policy(SCP, "guard", deny("sqs:*"))
        start = f"{await organization_id(orgs)}/{orgs.root}"
        ann = await whole.user(
            "ann",
            allow(
                f"iam:{GENERATE}",
                f"arn:aws:iam::111122223333:access-report/{start}",
                Condition={"StringEquals": {"iam:OrganizationsPolicyId": guard}},
            ),
        )
        params = {"EntityPath": start}
        await whole.good(ann, "iam", GENERATE, **params, OrganizationsPolicyId=guard)
        await whole.bad(ann, "iam", GENERATE, **params)
        unit = await orgs.unit("Other")
        await whole.bad(
            ann,
            "iam",
            GENERATE,
            EntityPath=f"{start}/{unit}",
            OrganizationsPolicyId=guard,
        )

    run(tmp_path, play)
