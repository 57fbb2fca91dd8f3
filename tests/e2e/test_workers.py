"""Several workers are one node: one decision, one ledger, one sandbox (P1, P5)."""

import hashlib
import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError

import pytest

from ostiary.config import read_settings
from ostiary.gate import audit
from ostiary.server.home import open_home
from tests.e2e.sealed import session_token
from tests.e2e.server import (
    Server,
    await_health,
    free_port,
    launch,
    ostiary,
    start,
)
from tests.e2e.test_abuse_token_codes import (
    CROWD,
    GUESSES,
    at_once,
    bytes_of,
    session_call,
)
from tests.e2e.wire import Answer, Draft, call, connect, raw, receive, send, signed
from tests.e2e.world import (
    NOT_THE_CODE,
    Credentials,
    Person,
    World,
    allow,
    unique,
)

WORKERS = 3
ROUNDS = 1000
CROWDS = 8
ASKED = 3
"""Decisions after each change, each on a connection of its own."""
PROGRAM = "ostiary.server.worker"
SANDBOX = "ostiary.gate.sandbox_main"
TOO_LATE = "is answered before every worker decides by it"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A node of several workers, which stops in order."""
    running = start(tmp_path_factory.mktemp("node") / "home", "--workers", str(WORKERS))
    yield running
    assert running.stop() == 0
    verify_logs(running)


@pytest.fixture(scope="module")
def many(node: Server) -> World:
    """The node as its users see it."""
    return World(node)


def verify_logs(node: Server) -> dict[str, int]:
    """How many records each log has; every chain is whole."""
    folder = node.home / "audit"
    return {name: audit.verify(folder, name) for name in audit.log_names(folder)}


def children(parent: int, program: str) -> list[int]:
    """Processes of this parent that run this program."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            line = (folder / "cmdline").read_text()
        except (OSError, IndexError):
            continue
        if stat and stat[0] != "Z" and int(stat[1]) == parent and program in line:
            found.append(int(folder.name))
    return found


def is_alive(process: int) -> bool:
    """Whether the process still runs."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def at_same_time(server: Server, data: bytes, count: int) -> list[Answer]:
    """The answers to one request on so many fresh connections."""
    links = [connect(server) for _ in range(count)]
    for link in links:
        link.sendall(data)
    answers = [receive(link) for link in links]
    for link in links:
        link.close()
    return answers


def writers(node: Server) -> Counter[str]:
    """How many records each worker's log has."""
    folder = node.home / "audit"
    return Counter(
        {
            path.stem: path.read_bytes().count(b"\n")
            for path in folder.glob("api-*.jsonl")
        }
    )


@pytest.mark.threat("T115", "T116", "T117")
def test_a_change_decides_the_next_request_on_every_worker(many: World) -> None:
    """P5: 1,000 times a right is given or taken; no decision right after it is stale."""
    node, user = many.server, many.a.person("Changing")
    before = writers(node)
    given = json.dumps(allow("iam:GetUser", "*"))
    place = {"UserName": user.name, "PolicyName": "toggled"}
    changes = (
        (call("iam", "PutUserPolicy", **place, PolicyDocument=given), 200),
        (call("iam", "DeleteUserPolicy", **place), 403),
    )
    asked = bytes_of(node, call("iam", "GetUser"), user.credentials)
    stale = []
    for number in range(ROUNDS):
        if number % 100 == 0:
            asked = bytes_of(node, call("iam", "GetUser"), user.credentials)
        change, expected = changes[number % 2]
        assert send(node, change, many.a.root).status == 200
        found = [answer.status for answer in at_same_time(node, asked, ASKED)]
        if found != [expected] * ASKED:
            stale.append((number, expected, found))
    assert stale == []
    shares = writers(node) - before
    assert len(shares) == WORKERS, shares
    assert sum(shares.values()) - max(shares.values()) > ROUNDS / 10, shares


@pytest.mark.threat("T117", "T33")
def test_a_key_that_was_deleted_is_dead_on_every_worker(many: World) -> None:
    """T117, T33: polled on all workers, the key is refused from the answer on."""
    node, user = many.server, many.a.person("Robbed", allow("iam:*", "*"))
    made = many.a.client("iam")
    asked = bytes_of(node, call("sts", "GetCallerIdentity"), user.credentials)
    answers: list[tuple[float, int]] = []
    stop = threading.Event()

    def poll() -> None:
        while not stop.is_set():
            with connect(node) as link:
                began = time.monotonic()
                link.sendall(asked)
                answers.append((began, receive(link).status))

    thieves = [threading.Thread(target=poll) for _ in range(4)]
    for thief in thieves:
        thief.start()
    time.sleep(0.5)
    made.delete_access_key(UserName=user.name, AccessKeyId=user.credentials.key_id)
    deleted = time.monotonic()
    time.sleep(0.5)
    stop.set()
    for thief in thieves:
        thief.join(30)
    after = [status for began, status in answers if began > deleted]
    assert {status for began, status in answers if began < deleted} >= {200}
    assert len(after) > 20
    assert set(after) == {403}


@pytest.mark.threat("T1")
def test_one_code_has_one_success_over_all_workers(many: World) -> None:
    """T1: 64 clients send one right code at once to all workers; one 200, 63 refused."""
    node, before = many.server, writers(many.server)
    for _ in range(CROWDS):
        user = many.a.person("Crowd", devices=1)
        device = user.devices[0]
        draft = session_call(device.serial, device.code())
        answers = at_once(node, [bytes_of(node, draft, user.credentials)] * CROWD)
        assert Counter(answer.status for answer in answers) == {200: 1, 403: CROWD - 1}
        told = {answer.error("sts") for answer in answers if answer.status != 200}
        assert told == {("AccessDenied", NOT_THE_CODE)}
    assert len(writers(node) - before) > 1


@pytest.mark.threat("T2")
def test_a_used_code_is_dead_on_every_worker(many: World) -> None:
    """T2: used once, the code is refused wherever it is tried again."""
    node, user = many.server, many.a.person("Again", devices=1)
    device = user.devices[0]
    draft = session_call(device.serial, device.code())
    data = bytes_of(node, draft, user.credentials)
    assert send(node, draft, user.credentials).status == 200
    before = writers(node)
    again = [at_same_time(node, data, 8) for _ in range(8)]
    assert {answer.status for answers in again for answer in answers} == {403}
    assert len(writers(node) - before) > 1


@pytest.mark.threat("T10", "T9")
def test_wrong_codes_share_one_budget_over_all_workers(many: World) -> None:
    """T10: of 64 wrong codes at once over all workers at most five are looked at."""
    node, user = many.server, many.a.person("Brute", devices=1)
    device = user.devices[0]
    data = [
        bytes_of(node, session_call(device.serial, code), user.credentials)
        for code in device.wrong_codes(CROWD)
    ]
    answers = at_once(node, data)
    assert {answer.status for answer in answers} == {403}
    records = [node.record(answer.header("x-amzn-requestid")) for answer in answers]
    told = Counter(mark for record in records for mark in record["marks"])
    assert told["wrong"] == GUESSES
    assert told["throttled"] == CROWD - GUESSES


def sealed_with_a_new_key(node: Server, user: Person) -> Credentials:
    """A session, sealed with a key that another process made a moment ago."""
    home = open_home(read_settings({}, node.home))
    with home.store.change() as change:
        home.vault.rotate(change, home.mint, time.time())
    return session_token(node, user, mfa=False, seconds=900)


@pytest.mark.threat("T119")
def test_no_valid_token_is_refused_after_a_rotation(many: World) -> None:
    """T119: ten rotations; each token sealed with the new key is taken at once."""
    node, user = many.server, many.a.person("Sealed")
    old = user.session(mfa=False)
    for _ in range(10):
        new = sealed_with_a_new_key(node, user)
        for credentials in (new, old):
            data = bytes_of(node, call("sts", "GetCallerIdentity"), credentials)
            found = {answer.status for answer in at_same_time(node, data, 8)}
            assert found == {200}


@pytest.mark.threat("T119", "T139")
def test_made_up_keys_cost_no_reading_of_the_store(many: World) -> None:
    """T119: a token that names no key of ours is refused after one shared look."""
    node, user = many.server, many.a.person("Forging")
    session = user.session(mfa=False)
    assert session.token is not None
    forged = [
        Credentials(
            session.key_id, session.secret, "AQ" + digit * 10 + session.token[12:]
        )
        for digit in "ABCDEFGHIJKLMNOP"
    ]
    draft = call("sts", "GetCallerIdentity")
    began = time.monotonic()
    answers = at_once(node, [bytes_of(node, draft, one) for one in forged])
    assert {answer.status for answer in answers} == {403}
    assert {answer.error("sts")[0] for answer in answers} == {"InvalidClientTokenId"}
    assert time.monotonic() - began < 2


@pytest.mark.threat("T130")
def test_why_finds_the_requests_of_every_worker(many: World) -> None:
    """Each worker has a log of its own, and `ostiary why` looks into all of them."""
    node = many.server
    data = bytes_of(node, call("iam", "ListUsers"), many.a.root)
    found = dict.fromkeys((f"api-{n}" for n in range(1, WORKERS + 1)), "")
    for _ in range(100):
        for answer in at_same_time(node, data, 8):
            request_id = answer.header("x-amzn-requestid")
            for path in (node.home / "audit").glob("api-*.jsonl"):
                if request_id in path.read_text():
                    found[path.stem] = request_id
        if all(found.values()):
            break
    for request_id in found.values():
        assert request_id
        done = node.run("why", request_id, "--json")
        assert json.loads(done.stdout)["requestID"] == request_id
    assert min(count for name, count in verify_logs(node).items() if name != "api")


def test_all_workers_share_one_sandbox(many: World) -> None:
    """What one worker made in the sandbox is there for all; a new one starts empty."""
    node, root = many.server, many.a.root
    queue = call("sqs", "CreateQueue", QueueName=unique("shared"))
    first = at_once(node, [bytes_of(node, queue, root)] * 8)
    assert {answer.status for answer in first} == {200}
    listing = bytes_of(node, call("sqs"), root)
    before = writers(node)
    lists = [at_same_time(node, listing, 4) for _ in range(16)]
    assert len({answer.body for some in lists for answer in some}) == 1
    assert b"shared" in lists[0][0].body
    assert len(writers(node) - before) > 1
    (sandbox,) = children(node.process.pid, SANDBOX)
    os.kill(sandbox, signal.SIGKILL)
    again = at_once(node, [listing] * 8)
    assert {answer.status for answer in again} <= {200, 502}
    assert {answer.status for answer in at_once(node, [listing] * 8)} == {200}
    assert b"shared" not in send(node, call("sqs"), root).body
    assert len(children(node.process.pid, SANDBOX)) == 1


def test_one_home_is_served_by_one_server(many: World) -> None:
    """A second server would write the same audit logs; it says so and stops."""
    done = ostiary("serve", "--port", "0", "--console-port", "0", home=many.server.home)
    assert done.returncode == 1
    assert "one home is served by one server" in done.stderr


class Changing:
    """Clients that make users, one after the other, and remember which answered."""

    def __init__(self, world: World, clients: int) -> None:
        self._world = world
        self.made: dict[str, str] = {}
        """Names to request ids."""
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._make) for _ in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _make(self) -> None:
        while not self._stop.is_set():
            name = unique("made")
            try:
                answer = send(
                    self._world.server,
                    call("iam", "CreateUser", UserName=name),
                    self._world.a.root,
                )
            except OSError:
                continue
            if answer.status == 200:
                self.made[name] = answer.header("x-amzn-requestid")


def listed(world: World) -> set[str]:
    """The names of all users."""
    pages = world.a.client("iam").get_paginator("list_users").paginate()
    return {user["UserName"] for page in pages for user in page["Users"]}


def test_changes_through_all_workers_at_once_do_not_wait_for_each_other(
    many: World,
) -> None:
    """Many changes share a round of confirmations; none of them runs into the bound."""
    node, before = many.server, writers(many.server)
    with Changing(many, 8) as clients:
        time.sleep(3)
    assert len(clients.made) > 60
    assert clients.made.keys() <= listed(many)
    assert len(writers(node) - before) > 1
    assert TOO_LATE not in node.log.read_text()


@pytest.mark.threat("T130")
def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    """Killed under load, six times: each answered change is there, recorded once."""
    node = start(tmp_path / "home", "--workers", "2")
    world = World(node)
    with Changing(world, 4) as clients:
        for _ in range(6):
            time.sleep(0.5)
            victims = children(node.process.pid, PROGRAM)
            os.kill(victims[0], signal.SIGKILL)
            await_replacement(node, victims)
        time.sleep(0.5)
    assert len(clients.made) > 20
    assert clients.made.keys() <= listed(world)
    assert "ended by signal 9; another in" in node.log.read_text()
    assert node.stop() == 0
    lines = [
        json.loads(line)
        for path in (node.home / "audit").glob("*.jsonl")
        for line in path.read_text().splitlines()
    ]
    recorded = Counter(line["requestID"] for line in lines)
    assert set(recorded.values()) == {1}
    assert recorded.keys() >= set(clients.made.values())
    verify_logs(node)
    # Every change is recorded, also one whose answer never left.
    changes = [one for one in lines if one["eventName"] == "CreateUser"]
    home = open_home(read_settings({}, node.home))
    made = {user.name for user in home.snapshot.users.values()}
    assert len([one for one in changes if one["status"] == 200]) == len(made)
    assert home.store.audit_records() == []


def await_replacement(node: Server, before: list[int]) -> None:
    """Returns when a new worker stands in for one that is gone, and serves."""
    deadline = time.monotonic() + 30
    while True:
        now = children(node.process.pid, PROGRAM)
        if len(now) == len(before) and set(now) != set(before):
            assert not await_health(node)
            return
        assert time.monotonic() < deadline, node.log.read_text()
        time.sleep(0.02)


def test_health_tells_while_a_worker_is_missing(tmp_path: Path) -> None:
    """The health page is 503 from the death of a worker until its successor serves."""
    node = start(tmp_path / "home", "--workers", "2")
    victims = children(node.process.pid, PROGRAM)
    os.kill(victims[0], signal.SIGKILL)
    with pytest.raises(HTTPError, match="503"):
        ask_until_refused(node)
    await_replacement(node, victims)
    assert node.health()["status"] == "ok"
    assert node.stop() == 0


def ask_until_refused(node: Server) -> None:
    """Asks for health, and raises what it says when it is not well."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        node.health()


def test_a_worker_that_hangs_does_not_hang_changes(tmp_path: Path) -> None:
    """A change waits two seconds for a worker that gives no sign, and says so."""
    node = start(tmp_path / "home", "--workers", "2")
    world = World(node)
    root = world.a.root
    victim = children(node.process.pid, PROGRAM)[0]
    os.kill(victim, signal.SIGSTOP)
    began = time.monotonic()
    draft = call("iam", "CreateUser", UserName="patient")
    links = [connect(node) for _ in range(8)]
    for number, link in enumerate(links):
        named = call("iam", "CreateUser", UserName=f"patient-{number}")
        link.sendall(raw(named, signed(node, named, root)))
    answered = _first_answer(links)
    taken = time.monotonic() - began
    os.kill(victim, signal.SIGCONT)
    assert answered.status == 200
    assert 1.9 < taken < 10
    assert TOO_LATE in node.log.read_text()
    assert send(node, draft, root).status == 200
    for link in links:
        link.close()
    assert node.stop() == 0


def _first_answer(links: list[socket.socket]) -> Answer:
    """The first answer that comes over any of the connections."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for link in links:
            link.settimeout(0.05)
            try:
                link.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                continue
            link.settimeout(20)
            return receive(link)
    raise AssertionError("no answer")


def test_workers_end_with_their_supervisor(tmp_path: Path) -> None:
    """Two seconds after the supervisor was killed nothing runs, and the ports are free."""
    node = start(tmp_path / "home", "--workers", "2")
    world = World(node)
    queue = call("sqs", "CreateQueue", QueueName="gone")
    assert send(node, queue, world.a.root).status == 200
    parent = node.process.pid
    left = [*children(parent, PROGRAM), *children(parent, SANDBOX)]
    assert len(left) == 3
    node.kill()
    time.sleep(2)
    assert [one for one in left if is_alive(one)] == []
    for port in (node.port, node.console_port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    again = launch(node.home, (node.port, node.console_port), "--workers", "2")
    assert await_health(again) == ""
    assert again.stop() == 0


def upload_slowly(node: Server, draft: Draft, root: Credentials) -> Iterator[Any]:
    """Sends most of an upload, then the rest; ends with the answer."""
    data = raw(draft, signed(node, draft, root))
    with connect(node) as link:
        link.sendall(data[:-10])
        yield None
        for byte in data[-10:]:
            time.sleep(0.2)
            link.sendall(bytes([byte]))
        yield receive(link, "PUT")


def test_a_slow_upload_is_finished_before_the_node_stops(tmp_path: Path) -> None:
    """SIGTERM lets an upload under way finish, takes no new one, and exits with 0."""
    node = start(tmp_path / "home", "--workers", "2")
    world = World(node)
    bucket = world.a.bucket()
    body = os.urandom(2_000_000)
    draft = Draft(
        service="s3", method="PUT", path=f"/{bucket}/slow", body=body
    ).with_headers(("x-amz-content-sha256", hashlib.sha256(body).hexdigest()))
    upload = upload_slowly(node, draft, world.a.root)
    next(upload)
    time.sleep(0.3)
    node.process.terminate()
    time.sleep(0.5)
    with pytest.raises(ConnectionRefusedError):
        connect(node)
    assert next(upload).status == 200
    assert node.process.wait(10) == 0
    assert "has not drained" not in node.log.read_text()


def test_what_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    """A wrong upstream is told once, by the supervisor, and nothing is left running."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "ostiary.toml").write_text('[upstream.s3]\nurl = "ftp://x"\n')
    ports = ("--port", "0", "--console-port", "0")
    done = ostiary("serve", "--workers", "2", *ports, home=home)
    assert done.returncode == 2
    assert "[upstream.s3]" in done.stderr


def test_a_worker_that_cannot_start_is_tried_again(tmp_path: Path) -> None:
    """Without the master key no worker starts, and none makes another; then one does."""
    node = start(tmp_path / "home", "--workers", "2")
    key, kept = node.home / "master.key", node.home / "kept"
    key.rename(kept)
    victims = children(node.process.pid, PROGRAM)
    os.kill(victims[0], signal.SIGKILL)
    deadline = time.monotonic() + 20
    while "master.key` is gone" not in node.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not key.exists()
    kept.rename(key)
    await_replacement(node, victims)
    assert World(node).a.client("sts").get_caller_identity()
    assert node.stop() == 0


@pytest.mark.parametrize("delay", [0.2, 0.6, 1.0])
def test_a_node_can_be_stopped_while_it_starts(tmp_path: Path, delay: float) -> None:
    """SIGTERM at any moment of the start ends everything, in order."""
    node = launch(tmp_path / "home", (free_port(), free_port()), "--workers", "2")
    time.sleep(delay)
    workers = children(node.process.pid, PROGRAM)
    assert node.stop() in {0, -signal.SIGTERM}
    assert [one for one in workers if is_alive(one)] == []
