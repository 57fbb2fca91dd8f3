"""The AWS SDK for JavaScript v3: `fromTemporaryCredentials` asks for the token code.

`make test` installs the SDK beside the virtual environment. A machine without node may
skip these tests and says so; CI may not.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.test_docs_examples import blocks
from tests.e2e.server import clean_environment
from tests.e2e.world import (
    MFA,
    NOT_THE_CODE,
    Person,
    World,
    allow,
    not_authorized,
    policy,
    trusts,
    unique,
)

ROOT = Path(__file__).parents[2]
MODULES = Path(sys.prefix) / "e2e-node" / "node_modules"
FLOW = Path(__file__).parent / "node" / "mfa_flow.cjs"
MISSING = "node, or the SDK for JavaScript, is not here: install node and `make test`"


@pytest.fixture(scope="module")
def node() -> str:
    """The node program; in CI it must be there."""
    found = shutil.which("node")
    if found is None or not MODULES.is_dir():
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return found


def run(
    node: str, script: Path, world: World, person: Person, *arguments: str, **more: str
) -> str:
    """What a script prints that has the person's key and our endpoint."""
    done = subprocess.run(
        [node, str(script), *arguments],
        env=clean_environment(
            NODE_PATH=str(MODULES),
            NODE_NO_WARNINGS="1",
            AWS_ENDPOINT_URL=world.server.url,
            AWS_REGION="us-east-1",
            AWS_ACCESS_KEY_ID=person.credentials.key_id,
            AWS_SECRET_ACCESS_KEY=person.credentials.secret,
            **more,
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_lock_names_no_place() -> None:
    """requirements/e2e-node holds names, versions and hashes, and no address."""
    text = (ROOT / "requirements" / "e2e-node" / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert "resolved" not in text
    assert "://" not in text
    assert all("integrity" in one for name, one in packages.items() if name)


@pytest.mark.rule("M1", "M18", "M22", "M48")
def test_the_mfa_flow_of_javascript(node: str, world: World) -> None:
    """AssumeRole and GetSessionToken with a code open what is shut without one."""
    table = world.a.table("Javascript")
    role = world.a.role(
        "Javascript",
        trusts(world.a.id, Condition=MFA),
        allow("dynamodb:ListTables", "*"),
    )
    user = world.a.person(
        "Javascript",
        policy(
            allow("sts:AssumeRole", role)["Statement"][0],
            allow("dynamodb:PutItem", "*", Condition=MFA)["Statement"][0],
        ),
    )
    device, other = user.enrol(ago=1), user.enrol(ago=1)
    mfa = (device.serial, device.wrong_code(), device.code())
    arguments = (role, table, *mfa, other.serial, other.code())
    told: dict[str, Any] = json.loads(run(node, FLOW, world, user, *arguments))
    assert told["long_term"]["name"] == "AccessDeniedException"
    assert told["long_term"]["message"].startswith(
        f"User: {user.arn} is not authorized to perform: dynamodb:ListTables"
    )
    assert told["without_mfa"] == {
        "is_ok": False,
        "name": "AccessDenied",
        "message": not_authorized(user.arn, "sts:AssumeRole", role),
        "status": 403,
    }
    assert told["wrong_code"]["message"].strip() == NOT_THE_CODE.strip()
    assert told["asked"] == [device.serial]
    assert table in told["with_mfa"]["result"]
    name = role.rpartition("/")[2]
    assert told["identity"]["result"] == (
        f"arn:aws:sts::{world.a.id}:assumed-role/{name}/javascript"
    )
    assert told["plain_session"]["name"] == "AccessDeniedException"
    assert told["used_code"]["message"].strip() == NOT_THE_CODE.strip()
    assert told["mfa_session"] == {"is_ok": True, "result": "put"}


@pytest.mark.rule("M48")
def test_the_example_of_the_page(node: str, world: World, tmp_path: Path) -> None:
    """docs/clients.md: the example for JavaScript runs as it stands."""
    page = (ROOT / "docs" / "clients.md").read_text("utf-8")
    (example,) = [one for one in blocks(page) if one.language == "js"]
    script = tmp_path / example.name
    script.write_text(example.text)
    role = world.a.role(
        "Page", trusts(world.a.id, Condition=MFA), allow("dynamodb:ListTables", "*")
    )
    user = world.a.person("Page", allow("sts:AssumeRole", role))
    device = user.enrol(ago=1)
    table = world.a.table(unique("Page"))
    shown = run(
        node,
        script,
        world,
        user,
        device.code(),
        ROLE_ARN=role,
        MFA_SERIAL=device.serial,
    )
    assert table in json.loads(shown)
