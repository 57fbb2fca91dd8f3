"""The sandbox: one child on loopback that only the door can use."""

import asyncio
import http.client
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ostiary.gate.sandbox import (
    ACCOUNT_HEADER,
    KEY_HEADER,
    Running,
    Sandbox,
    SandboxError,
)
from ostiary.identity.secret import Secret
from tests.unit.gate.door_house import A, House

KEY = "k" * 32
_AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIA/20260101/{}/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


def _ask(
    running: Running, path: str, form: str = "", **headers: str
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    if form:
        headers["content-type"] = "application/x-www-form-urlencoded"
    connection.request("POST" if form else "GET", path, form or None, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def _own(scope: str = "us-east-1/s3") -> dict[str, str]:
    """The headers that the door writes."""
    return {
        KEY_HEADER: KEY,
        ACCOUNT_HEADER: A,
        "authorization": _AUTHORIZATION.format(scope),
    }


def test_many_waiters_get_the_one_sandbox(house: House) -> None:
    """Requests that arrive together start one child and all get its port."""

    async def wait_together() -> list[Running]:
        return await asyncio.gather(*(house.sandbox.running() for _ in range(8)))

    assert len({running.port for running in house.run(wait_together())}) == 1


def test_one_waiter_that_gives_up_does_not_end_the_start() -> None:
    """A cancelled request leaves the start to those who still wait."""

    async def story() -> int:
        sandbox = Sandbox(Secret(KEY))
        first = asyncio.create_task(sandbox.running())
        second = asyncio.create_task(sandbox.running())
        await asyncio.sleep(0.01)
        first.cancel()
        port = (await second).port
        await sandbox.stop()
        return port

    assert asyncio.run(story()) > 0


@pytest.mark.threat("T75")
@pytest.mark.parametrize("key", [{}, {KEY_HEADER: "x" * 32}, {KEY_HEADER: ""}])
def test_only_who_has_the_key_is_served(house: House, key: dict[str, str]) -> None:
    """Another process on the machine finds the port but not the key: 403."""
    running = house.run(house.sandbox.running())
    assert _ask(running, "/", **{**_own(), KEY_HEADER: "", **key}) == (403, b"")


def test_a_request_without_an_account_is_refused(house: House) -> None:
    """Moto's default account is nobody's: a request that names none gets 400."""
    running = house.run(house.sandbox.running())
    assert _ask(running, "/", **{**_own(), ACCOUNT_HEADER: ""})[0] == 400


@pytest.mark.threat("T47")
@pytest.mark.parametrize(
    "path",
    [
        "/moto-api/",
        "/moto-api/data.json",
        "/moto-api/reset",
        "/moto-api/recorder/download-recording",
        "/latest/meta-data/iam/security-credentials/",
        "/latest/api/token",
        "/favicon.ico",
    ],
)
def test_moto_controls_are_not_served(house: House, path: str) -> None:
    """Paths of moto's own pages are keys of buckets of that name, nothing else."""
    running = house.run(house.sandbox.running())
    status, body = _ask(running, path, **_own())
    assert status == 404
    assert b"<Code>NoSuchBucket</Code>" in body


@pytest.mark.parametrize("service", ["iam", "sts", "moto_api", "nosuchservice"])
def test_what_is_not_behind_the_door_is_not_implemented(
    house: House, service: str
) -> None:
    """IAM and STS are ours; the sandbox has none, and no application for strangers."""
    running = house.run(house.sandbox.running())
    assert _ask(running, "/", **_own(f"us-east-1/{service}"))[0] == 501


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "trick",
    [
        {"user-agent": "x region/eu-west-1"},
        {"host": "sqs.eu-west-1.amazonaws.com"},
    ],
)
def test_the_region_is_that_of_the_scope(house: House, trick: dict[str, str]) -> None:
    """Wherever else moto would look for one, it finds the scope's."""
    running = house.run(house.sandbox.running())
    version = "Version=2012-11-05"
    name = "by-" + next(iter(trick))
    make = f"Action=CreateQueue&QueueName={name}&{version}"
    assert _ask(running, "/", make, **_own("us-east-1/sqs"), **trick)[0] == 200
    find = f"Action=GetQueueUrl&QueueName={name}&{version}"
    assert _ask(running, "/", find, **_own("us-east-1/sqs"))[0] == 200


def test_a_program_that_nobody_started_says_so() -> None:
    """Without a key on standard input the sandbox does not serve."""
    done = subprocess.run(
        [sys.executable, "-I", "-m", "ostiary.gate.sandbox_main"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "the sandbox is started by `ostiary serve` only\n"


@pytest.mark.threat("T70")
@pytest.mark.parametrize(
    "act",
    [
        "socket.create_connection(('127.0.0.1', 9))",
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.posix_spawn('/bin/true', ['true'], {})",
    ],
)
def test_the_sandbox_does_not_reach_out(act: str) -> None:
    """Whatever moto would connect to or run for a client: it cannot."""
    program = (
        "import os, socket, subprocess\n"
        "from ostiary.gate.sandbox_moto import listen\n"
        "server = listen('key')\n"
        "try:\n"
        f"    {act}\n"
        "except PermissionError as error:\n"
        "    print(error)\n"
        "server.server_close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.startswith("the sandbox does nothing of the kind")


def test_the_sandbox_ends_with_its_killed_parent(tmp_path: Path) -> None:
    """SIGKILL of the server leaves no moto behind."""
    program = tmp_path / "parent.py"
    program.write_text(
        "import asyncio\n"
        "from ostiary.gate.sandbox import Sandbox\n"
        "from ostiary.identity.secret import Secret\n"
        "async def main():\n"
        f"    running = await Sandbox(Secret({KEY!r})).running()\n"
        "    print(running.port, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        running = Running(port=port, key=Secret(KEY))
        assert _ask(running, "/", **_own())[0] == 200
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(10)
    for _ in range(100):
        try:
            _ask(running, "/", **_own())
        except (OSError, http.client.HTTPException):
            return
        time.sleep(0.05)
    pytest.fail("the sandbox still answers")


def test_a_sandbox_that_died_starts_again_and_says_so_before() -> None:
    """What the old child held is gone; whoever remembers it is told first."""

    async def story() -> tuple[int, bool]:
        calls = []
        sandbox = Sandbox(Secret(KEY))

        async def forget() -> None:
            calls.append("forget")

        sandbox.before_start = forget
        await sandbox.running()
        process = sandbox._process
        assert process is not None
        process.kill()
        await process.wait()
        second = await sandbox.running()
        alive = _ask(second, "/", **_own())[0] == 200
        await sandbox.stop()
        return len(calls), alive

    assert asyncio.run(story()) == (2, True)


def test_a_stopped_sandbox_stays_stopped() -> None:
    """A request that comes while the server stops starts nothing."""

    async def story() -> None:
        sandbox = Sandbox(Secret(KEY))
        await sandbox.stop()
        await sandbox.running()

    with pytest.raises(SandboxError, match="has been stopped"):
        asyncio.run(story())


def test_a_sandbox_of_another_process_is_asked_for() -> None:
    """Workers share the sandbox that their supervisor starts, wherever it is by now."""
    given = [Running(port=1, key=Secret(KEY)), Running(port=2, key=Secret(KEY))]

    async def owner() -> Running:
        return given.pop(0)

    async def story() -> list[int]:
        sandbox = Sandbox(Secret("other"), owner=owner)
        found = [(await sandbox.running()).port for _ in range(2)]
        await sandbox.stop()
        return found

    assert asyncio.run(story()) == [1, 2]


def test_the_log_is_for_the_owner_only(tmp_path: Path) -> None:
    """What moto prints goes to a file with mode 0600."""
    log = tmp_path / "sandbox.log"

    async def story() -> None:
        sandbox = Sandbox(Secret(KEY), log=log)
        await sandbox.running()
        await sandbox.stop()

    asyncio.run(story())
    assert log.stat().st_mode & 0o777 == 0o600
