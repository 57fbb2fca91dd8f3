"""Death, restarts, stops and what the operator sees (threats T2, T11, T109, P1, P5, P6)."""

import contextlib
import itertools
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from ostiary.demo import cross_account, resource_policy, same_account
from ostiary.demo.people import Account as DemoAccount
from ostiary.demo.report import Report
from ostiary.demo.stage import FIRST_ACCOUNT, Stage
from ostiary.gate import audit
from tests.conformance.invariants import broken_in
from tests.e2e.server import Server, await_health, free_port, launch, ostiary, start
from tests.e2e.wire import call, connect, raw, receive, signed
from tests.e2e.world import (
    MFA,
    NOT_THE_CODE,
    Credentials,
    World,
    allow,
    message,
    refused,
    trusts,
    unique,
)

LIST = ("dynamodb:ListTables", "*")
IN_FLIGHT = 1.5
"""Seconds of writing before the power goes."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server of one's own, to be broken."""
    running = start(tmp_path / "home")
    yield running
    if running.process.poll() is None:
        running.kill()


def again(server: Server) -> Server:
    """The next server on the same home and ports; the last one left a sound database."""
    assert broken_in(server.home / "ostiary.db") == []
    next_one = launch(server.home, (server.port, server.console_port))
    assert await_health(next_one) == ""
    return next_one


def audited(server: Server) -> int:
    """How many audit records there are; they are whole and chained."""
    return audit.verify(server.home / "audit", "api")


class Writer(threading.Thread):
    """Somebody who makes users without a pause, and notes what was acknowledged."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self._iam = world.a.client("iam")
        self.acknowledged: dict[str, str] = {}
        """Request ids by user name."""

    def run(self) -> None:
        """Until the server is gone."""
        with contextlib.suppress(BotoCoreError, ClientError):
            for number in itertools.count():
                name = f"written-{self.name}-{number}"
                made = self._iam.create_user(UserName=name)
                told = made["ResponseMetadata"]["RequestId"]
                self.acknowledged[name] = told


def all_users(world: World) -> set[str]:
    """The names of all users of the first account."""
    pages = world.a.client("iam").get_paginator("list_users").paginate()
    return {user["UserName"] for page in pages for user in page["Users"]}


def in_flight(writers: list[Writer], server: Server) -> None:
    """Let them write for a while, then pull the plug."""
    for writer in writers:
        writer.start()
    time.sleep(IN_FLIGHT)
    server.kill()
    for writer in writers:
        writer.join(30)


@pytest.mark.threat("T2", "T11", "T109")
def test_nothing_that_was_acknowledged_is_lost(own: Server) -> None:
    """P1, P6: after SIGKILL under load changes, sessions, burned codes and audit are there."""
    world = World(own)
    role = world.a.role("Kept", trusts(world.a.id, Condition=MFA), allow(*LIST))
    user = world.a.person(
        "Kept", allow(["sts:AssumeRole", "iam:GetUser"], "*"), devices=3
    )
    other = world.account("Other")
    first, second, third = user.devices
    used = {"SerialNumber": first.serial, "TokenCode": first.code()}
    session = Credentials.of(user.client("sts").get_session_token(**used))
    of_role = user.assume(role, SerialNumber=second.serial, TokenCode=second.code())
    world.a.table("Gone")
    bucket = world.a.bucket()
    tables = user.client("dynamodb", of_role)
    assert tables.list_tables()["TableNames"]
    for code in third.wrong_codes(5):
        given = {"SerialNumber": third.serial, "TokenCode": code}
        refused("AccessDenied", 403, user.client("sts").get_session_token, **given)
    writers = [Writer(world) for _ in range(3)]
    in_flight(writers, own)
    acknowledged = {k: v for one in writers for k, v in one.acknowledged.items()}
    assert len(acknowledged) > 10
    audited_before = own.audit_file.read_text()

    next_one = again(own)
    try:
        # IAM: everything that was answered, for both accounts.
        assert acknowledged.keys() <= all_users(world)
        lost = [n for n, told in acknowledged.items() if told not in audited_before]
        assert lost == []
        assert other.client("sts").get_caller_identity()["Account"] == other.id
        # STS: codes stay used, wrong codes stay counted, sessions go on.
        sts = user.client("sts")
        answer = refused("AccessDenied", 403, sts.get_session_token, **used)
        assert message(answer) == NOT_THE_CODE
        right = {"SerialNumber": third.serial, "TokenCode": third.code()}
        answer = refused("AccessDenied", 403, sts.get_session_token, **right)
        waiting = answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"]
        assert 1 <= int(waiting) <= 30
        iam = user.client("iam", session)
        assert iam.get_user()["User"]["Arn"] == user.arn
        assert user.assume(role, session).token
        assert user.session(mfa=True).token
        # What lived in the sandbox is documented to be gone.
        assert tables.list_tables()["TableNames"] == []
        s3 = world.a.client("s3")
        refused("NoSuchBucket", 404, s3.list_objects_v2, Bucket=bucket)
        assert audited(next_one) > len(acknowledged)
    finally:
        assert next_one.stop() == 0
    audited(next_one)


@pytest.mark.threat("T2", "T109")
def test_a_burned_code_stays_burned_when_the_answer_is_lost(own: Server) -> None:
    """P1: one code, a crowd and a SIGKILL in the middle: never two successes."""
    world = World(own)
    user = world.a.person("Crowd", devices=6)
    results: dict[str, list[int]] = {}

    def use(serial: str, code: str) -> None:
        draft = call("sts", "GetSessionToken", SerialNumber=serial, TokenCode=code)
        data = raw(draft, signed(own, draft, user.credentials))
        statuses = results[serial]
        with contextlib.suppress(OSError, HTTPException), connect(own) as link:
            link.sendall(data)
            statuses.append(receive(link).status)

    codes = {device.serial: device.code() for device in user.devices}
    threads = []
    for serial, code in codes.items():
        results[serial] = []
        threads += [threading.Thread(target=use, args=(serial, code)) for _ in range(4)]
    killer = threading.Timer(0.03, own.kill)
    killer.start()
    for thread in threads:
        thread.start()
    for thread in (*threads, killer):
        thread.join(30)
    next_one = again(own)
    try:
        for serial, code in codes.items():
            use(serial, code)
            assert results[serial].count(200) <= 1, results
            use(serial, code)
            assert results[serial].count(200) <= 1, results
        assert user.session(mfa=True).token
        audited(next_one)
    finally:
        assert next_one.stop() == 0


class Plug(Report):
    """A report that pulls the plug before a step, and starts the server again."""

    def __init__(self, before: str) -> None:
        super().__init__(as_json=True)
        self._before = before
        self.stage: Stage | None = None
        self.pulled = 0

    def chapter(self, title: str) -> None:
        """A heading; the plug is pulled at the one that was named."""
        if self._before in title:
            assert self.stage is not None
            self.stage.stop(sudden=True)
            self.stage.start()
            self.pulled += 1


@pytest.mark.rule("M49", "M54", "M60")
@pytest.mark.threat("T109")
def test_the_demo_goes_on_after_a_sudden_death(tmp_path: Path) -> None:
    """Scenario 1, SIGKILL, scenarios 2 and 3 on the same home: every step holds."""
    report = Plug("Scenario 2")
    stage = report.stage = Stage(tmp_path / "home", report)
    stage.start()
    try:
        home = DemoAccount(stage, FIRST_ACCOUNT, "default")
        others = {name: stage.account(f"Account-{name}") for name in "BCD"}
        cross_account.play(stage, home, others["B"], others["C"])
        before = audit.verify(stage.home / "audit", "api")
        same_account.play(stage, home)
        assert report.pulled == 1
        resource_policy.play(stage, home, others)
    finally:
        stage.stop()
    assert audit.verify(stage.home / "audit", "api") > before
    differences = [step for step in report.steps if not step.holds]
    assert differences == []
    assert len(report.steps) > 40


def test_the_demo_holds_in_every_step() -> None:
    """`ostiary demo --json` prints a line per step, all of them hold, and exits 0."""
    done = ostiary("demo", "--json")
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert [step for step in steps if not step["holds"]] == []
    assert done.returncode == 0, done.stderr
    rules = {step["rule"] for step in steps}
    for row in ("M49abcdefghij", "M54abcdef", "M60abcdefgh"):
        assert {row[:3] + letter for letter in row[3:]} <= rules
    refusals = [step for step in steps if step["expected"] != "allowed"]
    assert all(step["why"] for step in refusals)
    assert all(step["request_id"] for step in steps)


def test_sigterm_finishes_what_is_under_way_and_exits_0(own: Server) -> None:
    """SIGTERM: a request that has begun is answered, a new one is not taken, exit 0."""
    world = World(own)
    user = world.a.person("Draining")
    draft = call("sts")
    data = raw(draft, signed(own, draft, user.credentials))
    with connect(own) as link, connect(own) as idle:
        link.sendall(data[:-1])
        time.sleep(0.3)
        own.process.terminate()
        time.sleep(0.5)
        link.sendall(data[-1:])
        answer = receive(link)
        assert answer.status == 200
        assert user.arn.encode() in answer.body
        idle.close()
    assert own.process.wait(20) == 0
    with pytest.raises(OSError, match=r"refused|reset"):
        socket.create_connection(("127.0.0.1", own.port), timeout=2).close()
    assert audited(own) > 0
    next_one = again(own)
    assert user.client("sts").get_caller_identity()["Arn"] == user.arn
    assert next_one.stop() == 0


def test_a_second_server_on_the_same_port_says_so(own: Server, tmp_path: Path) -> None:
    """The second one fails with a message that names port and cure; the first goes on."""
    for ports in ((own.port, free_port()), (free_port(), own.console_port)):
        second = launch(tmp_path / "second", ports)
        assert second.process.wait(30) == 1
        taken = {own.port, own.console_port} & set(ports)
        assert second.log.read_text() == (
            f"ostiary: cannot listen on 127.0.0.1:{taken.pop()}: Address already in "
            "use; choose another with --port and --console-port\n"
        )
    assert World(own).a.client("sts").get_caller_identity()
    assert own.stop() == 0


@pytest.mark.threat("T130")
def test_a_second_server_on_the_same_home_says_so(own: Server) -> None:
    """T130: one home has one writer of the chain; the second one stops with a message."""
    world = World(own)
    user = world.a.person("Twice")
    second = launch(own.home, (free_port(), free_port()))
    assert second.process.wait(30) == 1
    told = second.log.read_text()
    assert "Traceback" not in told
    assert re.fullmatch(r"ostiary: another server .*\n", told)
    assert user.client("sts").get_caller_identity()["Arn"] == user.arn
    assert own.stop() == 0
    assert audited(own) > 0


def test_an_account_is_known_within_a_second(world: World) -> None:
    """P5: `ostiary account create` while the server runs; its root key works within 1 s."""
    name = unique("quick")
    done = world.server.run("account", "create", name, "--json")
    created = time.monotonic()
    made = json.loads(done.stdout)
    root = Credentials(*world.server.credentials(name))
    client = world.client("sts", root)
    who: dict[str, Any] = {}
    while not who and time.monotonic() - created < 1:
        with contextlib.suppress(client.exceptions.ClientError):
            who = client.get_caller_identity()
    assert who["Account"] == made["account_id"]
    assert made["account_id"] in world.server.run("account", "list").stdout
    refused(
        "InvalidClientTokenId",
        403,
        world.client("sts", Credentials("A" * 20, "x")).get_caller_identity,
    )
    twice = world.server.run("account", "create", name, "--json")
    assert twice.returncode == 1
    assert twice.stderr.startswith("ostiary: an account with id `")


def why(world: World, answer: dict[str, Any]) -> str:
    """What `ostiary why` tells of a request."""
    told = world.server.run("why", answer["ResponseMetadata"]["RequestId"])
    assert told.returncode == 0, told.stderr
    return told.stdout


@pytest.mark.rule("M15")
def test_why_tells_who_asked_what_decided_and_what_would_help(world: World) -> None:
    """`ostiary why REQUEST_ID` for a refusal and an answer: caller, keys, statement, change."""
    document = allow(*LIST, Condition=MFA)
    document["Statement"][0]["Sid"] = "TablesWithMfa"
    user = world.a.person("Why", document, devices=1)
    answer = refused("AccessDeniedException", 400, user.client("dynamodb").list_tables)
    told = why(world, answer)
    assert "dynamodb:ListTables" in told
    assert "refused (400 AccessDeniedException)" in told
    assert user.arn in told
    key = user.credentials.key_id
    assert f"long-term access key {key}: `aws:MultiFactorAuthPresent` is absent" in told
    assert "`TablesWithMfa`" in told
    assert "`aws:MultiFactorAuthPresent` is absent where `Bool` wants `true`" in told
    assert "would be allowed with `aws:MultiFactorAuthPresent` = `true`" in told
    session = user.session(mfa=True)
    told = why(world, user.client("dynamodb", session).list_tables())
    assert "allowed (200)" in told
    assert user.arn in told
    assert f"temporary {session.key_id} since " in told
    assert ", with MFA" in told
    assert "statement 0 `TablesWithMfa`" in told
    # The wire says none of it, and an unknown request is said to be unknown.
    assert "TablesWithMfa" not in message(answer)
    nobody = world.server.run("why", "11111111-2222-3333-4444-555555555555")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "no request `11111111-2222-3333-4444-555555555555`" in nobody.stderr


@pytest.mark.rule("M31")
def test_why_names_the_role_session_and_its_missing_mfa(world: World) -> None:
    """`ostiary why` says that a role session carries no MFA, whatever led to it."""
    role = world.a.role("Why", trusts(world.a.id), allow(*LIST, Condition=MFA))
    user = world.a.person("Why", allow("sts:AssumeRole", role), devices=1)
    given = user.mfa()
    session = user.assume(role, **given)
    tables = user.client("dynamodb", session)
    told = why(world, refused("AccessDeniedException", 400, tables.list_tables))
    assert ":assumed-role/Why-" in told
    assert "a role session carries no MFA" in told
    assert "`aws:MultiFactorAuthPresent` is `false` where `Bool` wants `true`" in told
    answer = refused("AccessDenied", 403, user.client("sts").get_session_token, **given)
    told = why(world, answer)
    assert "replay" in told
    assert given["TokenCode"] not in told
    record = world.server.record(answer["ResponseMetadata"]["RequestId"])
    assert record["userIdentity"]["arn"] == user.arn
