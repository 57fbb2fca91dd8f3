"""The real AWS CLI, as a user types it: profiles, prompts, error texts."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.server import clean_environment, ostiary
from tests.e2e.terminal import Done, converse
from tests.e2e.world import (
    MFA,
    NOT_THE_CODE,
    NOT_THEIRS,
    Credentials,
    Device,
    Person,
    World,
    allow,
    not_authorized,
    policy,
    trusts,
    unique,
)

AWS = str(Path(sys.executable).with_name("aws"))
PROMPT = "Enter MFA code for "


@dataclass
class Shell:
    """Somebody's terminal: a home with `.aws/config` and `.aws/credentials`."""

    world: World
    home: Path

    def write(self, name: str, sections: dict[str, dict[str, str]]) -> None:
        """A file of profiles."""
        lines: list[str] = []
        for section, settings in sections.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {value}" for key, value in settings.items()]
        file = self.home / ".aws" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(lines) + "\n")

    def environment(self, **more: str) -> dict[str, str]:
        """What the CLI reads."""
        return clean_environment(
            HOME=str(self.home),
            AWS_DEFAULT_REGION="us-east-1",
            AWS_DEFAULT_OUTPUT="json",
            AWS_PAGER="",
            **more,
        )

    def keys(self, credentials: Credentials) -> dict[str, str]:
        """Credentials and endpoint as exported variables."""
        exported = {
            "AWS_ACCESS_KEY_ID": credentials.key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret,
            "AWS_ENDPOINT_URL": self.world.server.url,
        }
        if credentials.token:
            exported["AWS_SESSION_TOKEN"] = credentials.token
        return self.environment(**exported)

    def aws(self, environment: dict[str, str], *arguments: str) -> Done:
        """`aws …`, not at a terminal."""
        # Version 1 of the CLI gives SQS an address of its own unless the command
        # line names one (awscli/customizations/overridesslcommonname.py).
        if arguments[0] == "sqs":
            arguments = (*arguments, "--endpoint-url", self.world.server.url)
        done = subprocess.run(
            [AWS, *arguments],
            env=environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout + done.stderr)

    def gives(self, environment: dict[str, str], *arguments: str) -> str:
        """What a command prints that must work."""
        done = self.aws(environment, *arguments)
        assert done.status == 0, done.shown
        return done.shown

    def fails(self, environment: dict[str, str], *arguments: str) -> str:
        """What a user reads when a command is refused, on one line."""
        done = self.aws(environment, *arguments)
        assert done.status in {1, 254, 255}, done
        said = " ".join(done.shown.split("\n")).strip()
        assert said.startswith(("An error occurred (", "upload failed: "))
        return said


@pytest.fixture
def shell(world: World, tmp_path: Path) -> Shell:
    """A terminal of one's own."""
    return Shell(world, tmp_path)


def shown_code(device: Device) -> str:
    """The code that `ostiary mfa code` shows for a device."""
    done = ostiary("mfa", "code", device.seed)
    assert done.returncode == 0, done.stderr
    code = done.stdout.strip()
    assert re.fullmatch("[0-9]{6}", code)
    return code


@pytest.mark.rule("M1", "M46", "M48")
def test_a_profile_with_mfa_serial_prompts_and_then_uses_the_role(shell: Shell) -> None:
    """M48: role_arn, source_profile and mfa_serial in a profile; the prompt takes the code."""
    world = shell.world
    granted = policy(
        allow("dynamodb:*", "*")["Statement"][0], allow("sns:*", "*")["Statement"][0]
    )
    role = world.a.role("Cli", trusts(world.b.id, Condition=MFA), granted)
    user = world.b.person("Richard", allow("sts:AssumeRole", role))
    device = user.enrol(ago=1)
    common = {"region": "us-east-1", "endpoint_url": world.server.url}
    shell.write(
        "config",
        {
            "profile richard": common,
            "profile cross": {
                **common,
                "role_arn": role,
                "source_profile": "richard",
                "mfa_serial": device.serial,
            },
            "profile nomfa": {**common, "role_arn": role, "source_profile": "richard"},
        },
    )
    key = user.credentials
    shell.write(
        "credentials",
        {
            "richard": {
                "aws_access_key_id": key.key_id,
                "aws_secret_access_key": key.secret,
            }
        },
    )
    environment = shell.environment()
    said = shell.fails(environment, "dynamodb", "list-tables", "--profile", "nomfa")
    assert said == (
        "An error occurred (AccessDenied) when calling the AssumeRole operation: "
        + not_authorized(user.arn, "sts:AssumeRole", role)
    )
    command = [AWS, "dynamodb", "list-tables", "--profile", "cross"]
    prompt = f"{PROMPT}{device.serial}: "
    wrong = converse(command, environment, (prompt, device.wrong_code()))
    assert wrong.status in {254, 255}
    assert NOT_THE_CODE.strip() in " ".join(wrong.shown.split())
    table = world.a.table("Cli")
    right = converse(command, environment, (prompt, shown_code(device)))
    assert right.status == 0, right.shown
    assert f'"{table}"' in right.shown
    # The CLI keeps the session, so nobody is asked again; `converse` would wait.
    identity = shell.gives(
        environment, "sts", "get-caller-identity", "--profile", "cross"
    )
    assert json.loads(identity)["Account"] == world.a.id
    assert ":assumed-role/Cli-" in json.loads(identity)["Arn"]
    topic = shell.gives(
        environment,
        "sns",
        "create-topic",
        "--name",
        unique("cli"),
        "--profile",
        "cross",
    )
    assert json.loads(topic)["TopicArn"].startswith("arn:aws:sns:us-east-1:")
    said = shell.fails(environment, "s3", "ls", "--profile", "cross")
    assert "(AccessDenied) when calling the ListBuckets operation: " in said


def session_by_cli(shell: Shell, user: Person, device: Device) -> Credentials:
    """`aws sts get-session-token` with the code of `ostiary mfa code`."""
    answer = shell.gives(
        shell.keys(user.credentials),
        "sts",
        "get-session-token",
        "--serial-number",
        device.serial,
        "--token-code",
        shown_code(device),
    )
    return Credentials.of(json.loads(answer))


@pytest.mark.rule("M22", "M51", "M53", "M54", "M5")
def test_stop_instances_is_refused_without_and_allowed_with_mfa(shell: Shell) -> None:
    """M53, M54 a to c: get-session-token with a code, then ec2 stop-instances."""
    world = shell.world
    protected = allow(["ec2:StopInstances"], "*", Condition=MFA)
    sofia = world.a.person("Sofia")
    world.a.group("EC2-Admins", protected, sofia)
    device, instance = sofia.enrol(ago=1), world.a.instance()
    command = ("ec2", "stop-instances", "--instance-ids", instance)
    long_term = shell.keys(sofia.credentials)
    sentence = not_authorized(
        sofia.arn,
        "ec2:StopInstances",
        f"arn:aws:ec2:us-east-1:{world.a.id}:instance/{instance}",
        "identity-based",
    )
    expected = (
        "An error occurred (UnauthorizedOperation) when calling the StopInstances "
        f"operation: You are not authorized to perform this operation. {sentence}"
    )
    assert shell.fails(long_term, *command).startswith(expected)
    plain = json.loads(shell.gives(long_term, "sts", "get-session-token"))
    without = shell.keys(Credentials.of(plain))
    assert shell.fails(without, *command).startswith(expected)
    session = session_by_cli(shell, sofia, device)
    stopped = json.loads(shell.gives(shell.keys(session), *command))
    assert stopped["StoppingInstances"][0]["InstanceId"] == instance
    # The same code again is what a user sees when a script is run twice.
    said = shell.fails(
        long_term,
        "sts",
        "get-session-token",
        "--serial-number",
        device.serial,
        "--token-code",
        device.code_at(device.last_step + 1),
    )
    assert said == (
        "An error occurred (AccessDenied) when calling the GetSessionToken operation: "
        + NOT_THE_CODE.strip()
    )


@pytest.mark.rule("M12", "M23", "M57", "M60")
def test_s3_cp_with_session_credentials(shell: Shell) -> None:
    """M57, M60 a, b: `aws s3 cp` into another account's bucket with an MFA session."""
    world = shell.world
    nikhil = world.c.person("Nikhil")
    device = nikhil.enrol(ago=1)
    bucket = world.a.bucket(
        lambda name: allow(
            ["s3:PutObject", "s3:GetObject"],
            f"arn:aws:s3:::{name}/*",
            Principal={"AWS": [world.a.id, world.c.id]},
            Condition=MFA,
        )
    )
    nikhil.allow("s3:*", f"arn:aws:s3:::{bucket}/*")
    (shell.home / "report.txt").write_text("done\n")
    place = f"s3://{bucket}/report.txt"
    up = ("s3", "cp", "--only-show-errors", "report.txt", place)
    said = shell.fails(shell.keys(nikhil.credentials), *up)
    assert "(AccessDenied) when calling the PutObject operation: " in said
    assert "MultiFactor" not in said
    session = shell.keys(session_by_cli(shell, nikhil, device))
    assert shell.gives(session, *up) == ""
    shell.gives(session, "s3", "cp", place, "back.txt")
    assert (shell.home / "back.txt").read_text() == "done\n"
    # Twelve MiB go up in parts, each of them signed and decided.
    large = shell.home / "large.bin"
    large.write_bytes(bytes(range(256)) * 4096 * 12)
    target = f"s3://{bucket}/large.bin"
    shell.gives(session, "s3", "cp", "large.bin", target)
    shell.gives(session, "s3", "cp", target, "large.back")
    assert (shell.home / "large.back").read_bytes() == large.read_bytes()


@pytest.mark.rule("M4", "M25")
def test_dynamodb_sqs_and_sns_with_session_credentials(shell: Shell) -> None:
    """M25: one MFA session for each service; the long-term key is refused by each."""
    world = shell.world
    actions = ["dynamodb:*", "sqs:*", "sns:*"]
    user = world.a.person("Many", allow(actions, "*", Condition=MFA))
    device = user.enrol(ago=1)
    table, queue = world.a.table("Many"), unique("many")
    long_term = shell.keys(user.credentials)
    said = shell.fails(long_term, "sqs", "create-queue", "--queue-name", queue)
    assert "(AccessDenied) when calling the CreateQueue operation: User: " in said
    said = shell.fails(long_term, "sns", "list-topics")
    assert "(AuthorizationError) when calling the ListTopics operation: User: " in said
    item = '{"Title": {"S": "The Name of the Rose"}}'
    put = ("dynamodb", "put-item", "--table-name", table, "--item", item)
    said = shell.fails(long_term, *put)
    assert "(AccessDeniedException) when calling the PutItem operation: User: " in said
    session = shell.keys(session_by_cli(shell, user, device))
    shell.gives(session, *put)
    got = shell.gives(
        session, "dynamodb", "get-item", "--table-name", table, "--key", item
    )
    assert json.loads(got)["Item"] == json.loads(item)
    made = shell.gives(session, "sqs", "create-queue", "--queue-name", queue)
    url = json.loads(made)["QueueUrl"]
    send = ("sqs", "send-message", "--queue-url", url, "--message-body", "hello")
    assert json.loads(shell.gives(session, *send))["MessageId"]
    received = shell.gives(session, "sqs", "receive-message", "--queue-url", url)
    assert json.loads(received)["Messages"][0]["Body"] == "hello"
    topics = shell.gives(session, "sns", "list-topics")
    assert "Topics" in json.loads(topics)


@pytest.mark.rule("M3", "M9")
def test_what_a_user_reads_when_credentials_are_wrong(shell: Shell) -> None:
    """Facts 7.5, 7.6: the texts that people search for, exactly."""
    world = shell.world
    user = world.a.person("Reading", devices=1)
    mine = shell.keys(user.credentials)
    token = ("sts", "get-session-token")
    start = (
        "An error occurred (AccessDenied) when calling the GetSessionToken operation: "
    )
    foreign = ("--serial-number", f"arn:aws:iam::{world.a.id}:mfa/x")
    said = shell.fails(mine, *token, *foreign, "--token-code", "123456")
    assert said == start + NOT_THEIRS
    half = ("--serial-number", user.devices[0].serial)
    assert shell.fails(mine, *token, *half) == (
        f"{start}MultiFactorAuthentication failed, must provide both MFA serial number "
        "and one time pass code."
    )
    wrong = shell.keys(Credentials(user.credentials.key_id, "x" * 40))
    said = shell.fails(wrong, "sts", "get-caller-identity")
    assert said.startswith(
        "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity "
        "operation: The request signature we calculated does not match the signature "
    )
    unknown = shell.keys(Credentials("AKIAAAAAAAAAAAAAAAAA", "x" * 40))
    assert shell.fails(unknown, "sts", "get-caller-identity") == (
        "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity "
        "operation: The security token included in the request is invalid."
    )
    who = json.loads(shell.gives(mine, "sts", "get-caller-identity"))
    assert who["Arn"] == user.arn


def test_the_credentials_file_of_the_home_serves_the_cli(shell: Shell) -> None:
    """The contract: profile `default` is root of the first account, NAME of account NAME."""
    server = shell.world.server
    file = server.home / "credentials"
    assert file.stat().st_mode & 0o777 == 0o600
    settings = {
        "AWS_SHARED_CREDENTIALS_FILE": str(file),
        "AWS_ENDPOINT_URL": server.url,
    }
    who = shell.gives(shell.environment(**settings), "sts", "get-caller-identity")
    account = shell.world.a.id
    assert json.loads(who)["Arn"] == f"arn:aws:iam::{account}:root"
    name = unique("cli-account")
    made = server.run("account", "create", name, "--json")
    other = json.loads(made.stdout)["account_id"]
    who = shell.gives(
        shell.environment(**settings, AWS_PROFILE=name), "sts", "get-caller-identity"
    )
    assert json.loads(who)["Account"] == other
