"""What others may rely on: commands, settings, exit statuses, files (product.md)."""

import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pyotp
import pytest

from tests.e2e.server import (
    OSTIARY,
    clean_environment,
    free_port,
    launch,
    ostiary,
    start,
)
from tests.e2e.world import MFA, Credentials, World, allow, policy, trusts

KEY = "AKIAEXAMPLEROOTKEY01"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ROLE = "arn:aws:iam::111122223333:role/CrossAccountRole"
RICHARD = "arn:aws:iam::444455556666:user/Richard"


def test_the_health_page_and_the_greeting(world: World) -> None:
    """`serve` says that it enforces; health answers 200 with JSON, other paths 404."""
    server = world.server
    assert server.health()
    greeting = server.log.read_text()
    assert "Enforcing: every signature, token code and policy." in greeting
    assert server.url in greeting
    assert world.a.root.secret not in greeting
    page = f"http://127.0.0.1:{server.console_port}/other"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(page, timeout=5)


def test_the_root_key_and_account_of_ci(tmp_path: Path) -> None:
    """OSTIARY_ACCOUNT_ID and the root key's two variables make the first account."""
    server = start(
        tmp_path / "home",
        OSTIARY_ACCOUNT_ID="444455556666",
        OSTIARY_ROOT_ACCESS_KEY_ID=KEY,
        OSTIARY_ROOT_SECRET_ACCESS_KEY=SECRET,
    )
    try:
        assert server.credentials("default") == (KEY, SECRET)
        sts = World(server).client("sts", Credentials(KEY, SECRET))
        assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::444455556666:root"
        listed = json.loads(server.run("account", "list", "--json").stdout)
        assert [one["account_id"] for one in listed] == ["444455556666"]
        for name in ("credentials", "master.key", "ostiary.db"):
            assert (server.home / name).stat().st_mode & 0o077 == 0, name
        assert SECRET not in server.log.read_text()
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("OSTIARY_HOEM", "/x", "unknown environment variable: `OSTIARY_HOEM`"),
        ("OSTIARY_ACCOUNT_ID", "12", "OSTIARY_ACCOUNT_ID is `12`, not twelve digits"),
        ("OSTIARY_ROOT_ACCESS_KEY_ID", KEY, "go together; only one is set"),
    ],
)
@pytest.mark.threat("T144")
def test_a_wrong_setting_stops_the_start(
    tmp_path: Path, name: str, value: str, told: str
) -> None:
    """T144: a misspelt or half setting is misuse: exit 2, one line on standard error."""
    server = launch(tmp_path / "home", (free_port(), free_port()), **{name: value})
    assert server.process.wait(30) == 2
    said = server.log.read_text()
    assert said.startswith("ostiary: ")
    assert told in said
    assert said.count("\n") == 1


def test_mfa_code_stands_in_for_the_phone() -> None:
    """`ostiary mfa code SEED`: six digits of RFC 6238; a bad seed is misuse, not echoed."""
    seed = pyotp.random_base32()
    before = pyotp.TOTP(seed).now()
    done = ostiary("mfa", "code", seed)
    assert done.returncode == 0
    assert done.stdout.strip() in {before, pyotp.TOTP(seed).now()}
    told = json.loads(ostiary("mfa", "code", seed, "--json").stdout)
    assert re.fullmatch("[0-9]{6}", told["token_code"])
    assert 0 <= told["seconds_left"] <= 30
    bad = ostiary("mfa", "code", "not-a-seed-1890")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith("ostiary: ")
    assert "1890" not in bad.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("default",), "`default` cannot name an account"),
        (("a b",), "`a b` cannot name an account"),
        (("x", "--account-id", "12"), "`12` is not an account id of twelve digits"),
    ],
)
def test_a_wrong_account_is_misuse(
    world: World, arguments: tuple[str, ...], told: str
) -> None:
    """`account create` with a wrong name or id: exit 2, and nothing is made."""
    before = world.server.run("account", "list").stdout
    done = world.server.run("account", "create", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert world.server.run("account", "list").stdout == before


def case(name: str, *documents: Any, **more: Any) -> dict[str, Any]:
    """A case for `ostiary decide`: StopInstances by Richard."""
    request = {
        "action": "ec2:StopInstances",
        "resource": "arn:aws:ec2:us-east-1:444455556666:instance/i-1",
        "resource_account": "444455556666",
        "principal": RICHARD,
        "context": more,
    }
    return {"id": name, "identity_policies": list(documents), "request": request}


@pytest.mark.rule("M14", "M15", "M17")
def test_decide_answers_each_line_before_it_reads_the_next() -> None:
    """`ostiary decide`: JSON lines in, JSON lines out, in order, flushed; exit 1 at the end."""
    guarded = allow("ec2:StopInstances", "*", Condition=MFA)
    deny = policy({"Effect": "Deny", "Action": "*", "Resource": "*"})
    present = "aws:MultiFactorAuthPresent"
    cases: list[tuple[Any, str]] = [
        (case("absent", guarded), "ImplicitlyDenied"),
        (case("false", guarded, **{present: "false"}), "ImplicitlyDenied"),
        (case("true", guarded, **{present: "true"}), "Allowed"),
        (case("deny", guarded, deny, **{present: "true"}), "ExplicitlyDenied"),
        ({"id": "broken", "identity_policies": [{"Statement": 7}]}, "error"),
        (case("after", guarded, **{present: "true"}), "Allowed"),
    ]
    with subprocess.Popen(
        [str(OSTIARY), "decide"],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        for one, expected in cases:
            program.stdin.write(json.dumps(one) + "\n")
            program.stdin.flush()
            answer = json.loads(program.stdout.readline())
            assert answer["id"] == one["id"]
            assert expected in {answer.get("decision"), *answer}
            if expected != "error":
                assert {"determining", "missing", "message"} <= answer.keys()
        program.stdin.close()
        assert program.stdout.read() == ""
        assert program.wait(20) == 1


@pytest.mark.rule("M18", "M19", "M47")
def test_decide_reads_a_trust_policy_from_a_file(tmp_path: Path) -> None:
    """`ostiary decide FILE`: the chapter's trust policy, with MFA and without; exit 0."""
    request = {
        "action": "sts:AssumeRole",
        "resource": ROLE,
        "resource_account": "111122223333",
        "principal": RICHARD,
    }
    trust = trusts("444455556666", Condition=MFA)
    own = [allow("sts:AssumeRole", ROLE)]
    lines = [
        {"id": 1, "identity_policies": own, "resource_policy": trust},
        {"id": 2, "identity_policies": own, "resource_policy": trust},
        {"id": 3, "identity_policies": [], "resource_policy": trust},
    ]
    with_mfa = {"aws:MultiFactorAuthPresent": "true"}
    contexts: list[dict[str, str]] = [with_mfa, {}, with_mfa]
    file = tmp_path / "cases.jsonl"
    file.write_text(
        "".join(
            json.dumps({**line, "request": {**request, "context": context}}) + "\n"
            for line, context in zip(lines, contexts, strict=True)
        )
    )
    done = ostiary("decide", str(file))
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["id"] for one in answers] == [1, 2, 3]
    assert [one["decision"] for one in answers] == [
        "Allowed",
        "ImplicitlyDenied",
        "ImplicitlyDenied",
    ]
    missing = ostiary("decide", str(tmp_path / "none.jsonl"))
    assert missing.returncode == 2
    assert missing.stderr.startswith("ostiary: cannot read `")


def test_two_codes_follow_each_other(world: World) -> None:
    """`mfa code --two` prints the code before, then the current one."""
    seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    while int(time.time()) % 30 > 20:
        time.sleep(1)
    now = int(time.time())
    done = world.server.run("mfa", "code", "--two", seed)
    phone = pyotp.TOTP(seed)

    assert done.returncode == 0
    assert done.stdout.split() == [phone.at(now - 30), phone.at(now)]
