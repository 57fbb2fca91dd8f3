"""An account goes from one server to another through AWS's own file."""

import json
import stat
import subprocess
from collections.abc import Iterator
from configparser import RawConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import OSTIARY, Server, clean_environment, ostiary, start
from tests.e2e.terminal import converse
from tests.e2e.test_aws_cli import AWS
from tests.e2e.world import (
    ADMINISTRATOR,
    MFA,
    Account,
    Credentials,
    Document,
    Person,
    World,
    allow,
    message,
    policy,
    refused,
    trusts,
    unique,
)

LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def furnish(account: Account) -> list[Person]:
    """Users, groups, roles and policies of all sorts; the users who have keys."""
    iam = account.client("iam")
    shared = iam.create_policy(
        PolicyName="Shared",
        Path="/team/",
        Description="what the team shares",
        PolicyDocument=json.dumps(allow("iam:ListGroups", "*")),
    )["Policy"]["Arn"]
    iam.create_policy_version(
        PolicyArn=shared,
        PolicyDocument=json.dumps(allow("iam:ListRoles", "*"), indent=2),
        SetAsDefault=True,
    )
    alice = account.person(
        "Alice",
        policy(
            allow("iam:ListUsers", "*")["Statement"][0],
            allow("iam:ListPolicies", "*", Condition=MFA)["Statement"][0],
            allow("sts:AssumeRole", "*")["Statement"][0],
        ),
        Path="/dev/",
        Tags=[{"Key": "team", "Value": "blue"}, {"Key": "Env", "Value": ""}],
    )
    bob = account.person("Bob", PermissionsBoundary=shared)
    iam.attach_user_policy(UserName=bob.name, PolicyArn=ADMINISTRATOR)
    iam.create_group(GroupName="Devs", Path="/dev/")
    iam.attach_group_policy(GroupName="Devs", PolicyArn=shared)
    iam.put_group_policy(
        GroupName="Devs",
        PolicyName="in",
        PolicyDocument=json.dumps(
            policy(
                {
                    "Effect": "Deny",
                    "Action": "iam:ListUsers",
                    "Resource": "*",
                    "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}},
                }
            )
        ),
    )
    iam.add_user_to_group(GroupName="Devs", UserName=alice.name)
    iam.create_role(
        RoleName="Deploy",
        Path="/ops/",
        AssumeRolePolicyDocument=json.dumps(trusts([alice.arn, account.id])),
        Tags=[{"Key": "k", "Value": "v"}],
        PermissionsBoundary=READ_ONLY,
    )
    iam.put_role_policy(
        RoleName="Deploy",
        PolicyName="do \u00e9".replace(" \u00e9", "-it"),
        PolicyDocument=json.dumps(allow("iam:Get*", "*")),
    )
    iam.create_instance_profile(InstanceProfileName="Web", Path="/ops/")
    iam.add_role_to_instance_profile(InstanceProfileName="Web", RoleName="Deploy")
    iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    return [alice, bob]


def file_of(account: Account, server: Server) -> Document:
    """What the real CLI prints for an account."""
    done = subprocess.run(
        [AWS, "iam", "get-account-authorization-details", "--output", "json"],
        env={
            "AWS_ACCESS_KEY_ID": account.root.key_id,
            "AWS_SECRET_ACCESS_KEY": account.root.secret,
            "AWS_ENDPOINT_URL": server.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_PAGER": "",
            "HOME": "/nonexistent",
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: Document = json.loads(done.stdout)
    return told


@dataclass
class Moved:
    """An account here and its copy there."""

    here: Account
    there: Account
    people: list[Person]
    copies: dict[str, Credentials]
    file: Document
    path: Path
    server: Server


@pytest.fixture(scope="module")
def moved(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    """A rich account, imported into a fresh home that is served."""
    folder = tmp_path_factory.mktemp("import")
    here = world.account("Rich")
    people = furnish(here)
    file = file_of(here, world.server)
    path, keys, home = folder / "account.json", folder / "keys", folder / "home"
    path.write_text(json.dumps(file, indent=4))
    done = ostiary("import", str(path), "--access-keys", str(keys), home=home)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    profiles = RawConfigParser()
    profiles.read(keys)
    copies = {
        name.partition("/")[2]: Credentials(
            section["aws_access_key_id"], section["aws_secret_access_key"]
        )
        for name, section in profiles.items()
        if name != "DEFAULT"
    }
    server = start(home)
    root = Credentials(*server.credentials(here.id))
    there = Account(World(server), here.id, root)
    yield Moved(here, there, people, copies, file, path, server)
    assert server.stop() == 0


def ordered(file: Document) -> Document:
    """The file with its lists in one order."""
    return {name: sorted(file[name], key=lambda one: str(one["Arn"])) for name in LISTS}


def test_the_copy_prints_what_the_original_printed(moved: Moved) -> None:
    """Ids, dates, paths, tags, documents, versions, memberships: all the same."""
    assert {len(moved.file[name]) > 0 for name in LISTS} == {True}
    copy = ordered(file_of(moved.there, moved.server))
    original = ordered(moved.file)
    for one in copy["Policies"] + original["Policies"]:
        # Policies of AWS are as old as the installation.
        if one["Arn"].startswith("arn:aws:iam::aws:"):
            del one["CreateDate"], one["UpdateDate"]
            for version in one["PolicyVersionList"]:
                del version["CreateDate"]
    assert copy == original


def asked(client: Any, operation: str, **params: Any) -> str:
    """How a call was answered: `ok`, or what the refusal says."""
    try:
        getattr(client("iam" if operation != "assume_role" else "sts"), operation)(
            **params
        )
    except Exception as error:  # noqa: BLE001 - any refusal is compared as a text
        return str(error)
    return "ok"


def test_decisions_agree(moved: Moved) -> None:
    """The copy of a user with a new key is allowed and refused the same, in the same words."""
    role = f"arn:aws:iam::{moved.here.id}:role/ops/Deploy"
    calls: list[tuple[str, dict[str, Any]]] = [
        ("list_users", {}),
        ("list_groups", {}),
        ("list_roles", {}),
        ("list_policies", {}),
        ("create_user", {"UserName": "New"}),
        ("get_user", {}),
        ("assume_role", {"RoleArn": role, "RoleSessionName": "copied"}),
    ]
    answers = set()
    for person in moved.people:
        copy = moved.copies[person.name]
        for operation, params in calls:
            here = asked(person.client, operation, **params)
            there = asked(
                lambda service, copy=copy: moved.there.world.client(service, copy),
                operation,
                **params,
            )
            assert here == there, (person.name, operation)
            answers.add(here == "ok")
    assert answers == {True, False}


def test_a_role_session_of_the_copy_is_bounded_the_same(moved: Moved) -> None:
    """Trust, inline policy and boundary of the role came along."""
    alice = moved.people[0]
    there = moved.there.world
    role = f"arn:aws:iam::{moved.here.id}:role/ops/Deploy"
    answer = there.client("sts", moved.copies[alice.name]).assume_role(
        RoleArn=role, RoleSessionName="copied"
    )
    iam = there.client("iam", Credentials.of(answer))
    assert iam.get_role(RoleName="Deploy")["Role"]["Arn"] == role
    said = message(refused("AccessDenied", 403, iam.list_users))
    assert said.startswith(
        f"User: arn:aws:sts::{moved.here.id}:assumed-role/Deploy/copied is not authorized"
    )


def test_again_beside_the_running_server(moved: Moved) -> None:
    """A second import changes nothing; a changed file is seen by the server at once."""
    run = moved.server.run
    again = run("import", str(moved.path))
    assert again.returncode == 0, again.stderr
    assert "nothing to change: " in again.stdout
    file = json.loads(moved.path.read_text())
    name = moved.people[0].name
    (alice,) = [one for one in file["UserDetailList"] if one["UserName"] == name]
    alice["UserPolicyList"] = []
    path = moved.path.with_name("changed.json")
    path.write_text(json.dumps(file))
    shown = json.loads(run("import", str(path), "--dry-run", "--json").stdout)
    (account,) = shown["accounts"]
    assert (shown["dry_run"], account["counts"]["update"]) == (True, 1)
    iam = moved.there.world.client("iam", moved.copies[name])
    iam.list_users()
    done = run("import", str(path))
    assert f"update user {alice['Arn']}: inline policies" in done.stdout
    for _ in range(100):
        if asked(lambda _service: iam, "list_users") != "ok":
            break
    refused("AccessDenied", 403, iam.list_users)
    back = run("import", str(moved.path))
    assert back.returncode == 0, back.stderr
    assert run("audit", "verify").returncode == 0


def test_a_file_with_a_fault_changes_nothing(tmp_path: Path) -> None:
    """Exit 1; each fault with its place and help on standard error, or in JSON."""
    home, file = tmp_path / "home", tmp_path / "file.json"
    account = "123456789012"
    user = {
        "UserName": "Alice",
        "UserId": "AIDA" + "A" * 17,
        "Arn": f"arn:aws:iam::{account}:user/Alice",
        "GroupList": ["Ghosts"],
    }
    file.write_text(json.dumps({"UserDetailList": [user]}))
    done = ostiary("import", str(file), home=home)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"{file}: /UserDetailList/0/GroupList/0: found the group `Ghosts`, which is "
        "neither in the file nor here\n"
        "  help: fetch the file without `--filter`\n"
        "ostiary: the file has 1 fault; nothing is changed\n"
    )
    told = ostiary("import", str(file), "--json", home=home)
    assert told.returncode == 1
    (fault,) = json.loads(told.stdout)["faults"]
    assert fault["pointer"] == "/UserDetailList/0/GroupList/0"
    accounts = ostiary("account", "list", "--json", home=home)
    assert account not in accounts.stdout


def test_a_terminal_shows_how_far_it_is(tmp_path: Path) -> None:
    """A line that comes and goes; what is piped elsewhere has none of it."""
    file = tmp_path / "file.json"
    user = {"UserName": "Eve", "Arn": "arn:aws:iam::314159265358:user/Eve"}
    file.write_text(json.dumps({"UserDetailList": [user]}))
    environment = clean_environment(OSTIARY_HOME=str(tmp_path / "home"))
    done = converse([str(OSTIARY), "import", str(file)], environment)
    assert done.status == 0
    for what in ("reading", "comparing account", "writing account"):
        assert f"\r\x1b[K{what}" in done.shown
    again = ostiary("import", str(file), home=tmp_path / "home")
    assert (again.returncode, again.stderr) == (0, "")
    assert "\x1b" not in again.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/nonexistent/file"], "cannot read `/nonexistent/file`: No such file"),
        (["-", "--name", "a b"], "`a b` cannot name an account"),
        (["-", "--access-keys", "/etc/passwd"], "`/etc/passwd` is there already"),
    ],
)
def test_misuse(arguments: list[str], said: str, tmp_path: Path) -> None:
    """Exit 2 before anything is opened."""
    done = ostiary("import", *arguments, home=tmp_path / "home")
    assert done.returncode == 2
    assert done.stderr.startswith(f"ostiary: {said}")
    assert not (tmp_path / "home").exists()


def test_a_new_account_is_named(world: World, tmp_path: Path) -> None:
    """Its root key is in the credentials file under that name, while a server runs."""
    file = tmp_path / "file.json"
    user = {"UserName": "Eve", "Arn": "arn:aws:iam::314159265358:user/Eve"}
    file.write_text(json.dumps({"UserDetailList": [user]}))
    name = unique("imported")
    done = world.server.run("import", str(file), "--name", name)
    assert done.returncode == 0, done.stderr
    root = Credentials(*world.server.credentials(name))
    account = Account(world, "314159265358", root)
    world.await_account(account)
    found = account.client("iam").list_users()["Users"]
    assert [one["UserName"] for one in found] == ["Eve"]
