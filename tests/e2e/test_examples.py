"""The programs in `examples/`, run as a reader runs them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.server import clean_environment
from tests.e2e.terminal import converse
from tests.e2e.world import (
    MFA,
    NOT_THE_CODE,
    NOT_THEIRS,
    Person,
    World,
    allow,
    trusts,
)

EXAMPLES = Path(__file__).parents[2] / "examples"
PROMPT = "MFA code: "


def environment(person: Person) -> dict[str, str]:
    """Endpoint and credentials, as a reader exports them."""
    return clean_environment(
        AWS_ENDPOINT_URL=person.world.server.url,
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID=person.credentials.key_id,
        AWS_SECRET_ACCESS_KEY=person.credentials.secret,
    )


def command(name: str, *arguments: str) -> list[str]:
    """The command line of an example."""
    return [sys.executable, str(EXAMPLES / name), *arguments]


def run(person: Person, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an example that is not at a terminal."""
    return subprocess.run(
        command(*arguments),
        env=environment(person),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.rule("M1", "M22", "M53", "M57")
def test_get_session_token_prompts_and_lists_buckets(world: World) -> None:
    """The first program: the prompt takes the code, the session lists buckets."""
    may = allow("s3:ListAllMyBuckets", "*", Condition=MFA)
    user = world.a.person("Buckets", may, devices=2)
    bucket = world.a.bucket()
    device = user.device()
    program = command("get_session_token_with_mfa.py", device.serial)
    done = converse(program, environment(user), (PROMPT, device.code()))
    assert done.status == 0, done.shown
    lines = done.shown.split("\n")
    assert bucket in lines
    # By option as well, and a code that was used before is refused.
    device = user.device()
    once = (
        "get_session_token_with_mfa.py",
        device.serial,
        "--token-code",
        device.code(),
    )
    done_once = run(user, *once)
    assert done_once.returncode == 0, done_once.stderr
    assert bucket in done_once.stdout.splitlines()
    twice = run(user, *once)
    assert (twice.returncode, twice.stdout) == (1, "")
    assert NOT_THE_CODE in twice.stderr


@pytest.mark.rule("M1", "M45", "M48")
def test_assume_role_prompts_and_lists_tables(world: World) -> None:
    """The second program: the prompt takes the code, the role's session lists tables."""
    may = allow("dynamodb:ListTables", "*")
    role = world.a.role("Example", trusts(world.b.id, Condition=MFA), may)
    user = world.b.person("Example", allow("sts:AssumeRole", role), devices=1)
    table = world.a.table("Books")
    device = user.device()
    program = command("assume_role_with_mfa.py", role, device.serial)
    wrong = converse(program, environment(user), (PROMPT, device.wrong_code()))
    assert wrong.status == 1
    assert NOT_THE_CODE.strip() in wrong.shown
    done = converse(program, environment(user), (PROMPT, device.code()))
    assert done.status == 0, done.shown
    lines = done.shown.split("\n")
    assert table in lines
    name = role.rpartition("/")[2]
    arn = f"arn:aws:sts::{world.a.id}:assumed-role/{name}/AssumeRoleWithMfa"
    assert any(re.fullmatch(rf"{re.escape(arn)} sees \d+ tables", one) for one in lines)
    foreign = run(
        user,
        "assume_role_with_mfa.py",
        role,
        f"arn:aws:iam::{world.b.id}:mfa/x",
        "--token-code",
        "123456",
    )
    assert foreign.returncode == 1
    assert NOT_THEIRS in foreign.stderr


def test_the_reference_text_says_that_it_is_not_run() -> None:
    """What no test runs says so in its first line."""
    text = (EXAMPLES / "GetSessionTokenWithMfa.cs").read_text()
    assert text.startswith("// Reference text, not run here")
    assert "not compiled or run here" in (EXAMPLES / "README.md").read_text()
