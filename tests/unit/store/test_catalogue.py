"""The policies of AWS that a home need not have."""

import subprocess
import sys

import pytest

from ostiary.identity.model import Policy
from ostiary.policy import Kind, PolicyError, parse
from ostiary.services.iam.managed import account_in, is_of_service
from ostiary.store import catalogue
from ostiary.store.codec import name_key
from ostiary.store.port import EVERYTHING, Page

ECS = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
UNREADABLE = {"AmazonTimestreamInfluxDBServiceRolePolicy"}
"""What the policy language does not take: a variable before the fifth colon."""


def test_a_policy_is_found_by_its_arn() -> None:
    """With AWS's path, dates and version number, and an id that is always the same."""
    found = catalogue.find(ECS)
    assert found == Policy(
        arn=ECS,
        id="ANPAWRIW6GTUBGYOV4YJS",
        account="aws",
        name="AmazonECSTaskExecutionRolePolicy",
        path="/service-role/",
        created=1_510_858_102,
        updated=1_510_858_102,
        description="",
        default_version=1,
        next_version=2,
        tags=(),
    )
    version = catalogue.find_version(ECS)
    assert version is not None
    assert (version.policy, version.number) == (ECS, 1)
    assert "ecr:GetAuthorizationToken" in version.text


def test_ids_of_the_first_release_stay() -> None:
    """A home that has the policy and one that gets it later tell one id."""
    found = catalogue.find("arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert found is not None
    assert found.id == "ANPAQP6NCFU6JORR7LGDB"
    assert found.description.startswith("Provides read-only access")


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "arn:aws:iam::aws:policy/",
        "arn:aws:iam::aws:policy/AmazonECSTaskExecutionRolePolicy",
        ECS.lower(),
        ECS.replace("aws:policy", "111122223333:policy"),
        ECS.replace("arn:aws:", "arn:aws-cn:"),
    ],
)
def test_what_is_no_policy_of_aws_is_not_found(arn: str) -> None:
    """Paths count, and so does letter case."""
    assert catalogue.find(arn) is None
    assert catalogue.find_version(arn) is None
    assert catalogue.find_text(arn) is None


def test_every_policy_is_sound() -> None:
    """ARNs are well-formed, ids unique, and documents such that a check can take them.

    Those few that it does not take are for roles of AWS's services: nobody here can be
    given them.
    """
    policies = catalogue.listed(EVERYTHING)
    assert len({one.id for one in policies}) == len(policies) > 1500
    refused = set()
    for one in policies:
        assert len(one.id) == 21
        assert account_in(one.arn) == "aws"
        assert catalogue.find(one.arn) == one
        version = catalogue.find_version(one.arn)
        assert version is not None
        assert version.number == one.default_version == one.next_version - 1
        try:
            parse(version.text, kind=Kind.SESSION)
            parse(version.text, kind=Kind.IDENTITY, strict=True)
        except PolicyError:
            refused.add(one.name)
            assert is_of_service(one)
    assert refused == UNREADABLE


@pytest.mark.threat("T102")
@pytest.mark.parametrize("prefix", ["/", "/job-function/"])
def test_pages_hold_every_policy_once(prefix: str) -> None:
    """In the order of folded names, wherever a page ends."""
    whole = catalogue.listed(Page(path_prefix=prefix, limit=5000))
    keys = [name_key(one.name) for one in whole]
    assert keys == sorted(set(keys))
    found: list[Policy] = []
    while page := catalogue.listed(
        Page(
            after=name_key(found[-1].name) if found else "",
            limit=7,
            path_prefix=prefix,
        )
    ):
        assert len(page) <= 7
        found += page
    assert found == whole


def test_a_server_that_starts_reads_none_of_it() -> None:
    """Neither the module nor the file, before somebody asks."""
    program = (
        "import sys, ostiary.server.worker\n"
        "sys.exit('ostiary.store.catalogue' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == 0
