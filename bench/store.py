"""The store under a real server: pages of a long list, and changes a second.

Every change is a commit with `synchronous=FULL`: it is on disk before its answer.
So the disk is measured first, with commits of one row by SQLite alone, and the rates
stand beside it as ratios. Moto keeps everything in memory and has nothing to wait for.
"""

import configparser
import os
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import quote

from botocore.credentials import Credentials

from bench import load
from bench.serve import HOST, free_port, signed, spawn, stop
from ostiary.config import read_settings
from ostiary.identity.model import User
from ostiary.server.home import open_home
from ostiary.store.codec import encode
from ostiary.store.engine import open_engine, writing
from ostiary.store.tables import TABLES

ACCOUNT = "111122223333"
MANY = 100_000
RARE = 100
"""One user in so many is under the rare path."""
PAGE = 1000
ROUNDS = 21
CHANGES = 800
"""Of each sort, for each number of workers."""
CLIENTS = (1, 16)
PLAIN_SECONDS = 2.0
_UNSIGNED = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
_POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",'
    '"Resource":"arn:aws:s3:::bench/*"}]}'
)
_MANAGED = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def run() -> dict[str, object]:
    """The figures; each part has a home of its own."""
    with tempfile.TemporaryDirectory() as folder:
        pages = _pages(Path(folder))
    plain, rates = [], {}
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            plain.append(_plain_commits(Path(folder) / "plain.db"))
            rates[f"workers_{workers}"] = _changes(Path(folder), workers)
            plain.append(_plain_commits(Path(folder) / "again.db"))
    disk = median(plain)
    crowd = str(CLIENTS[-1])
    return {
        "list_users": {"users": MANY, "page": PAGE, **pages},
        "plain_sqlite_commits_per_second": [round(one) for one in plain],
        "changes_per_second": rates,
        "changes_to_plain_commits": {
            name: round(by_clients[crowd]["all"] / disk, 2)
            for name, by_clients in rates.items()
        },
        "moto_create_user_per_second": round(_moto()),
    }


def _pages(folder: Path) -> dict[str, object]:
    """Milliseconds of pages of `ListUsers`, each the median of its rounds."""
    home = folder / "home"
    _fill(home)
    with _ostiary(home, 1) as (port, root, cpu):
        markers = _walk(port, root)
        places = {
            "first": "",
            "middle": f"&Marker={quote(markers[len(markers) // 2], safe='')}",
            "last": f"&Marker={quote(markers[-1], safe='')}",
            "rare_path": "&PathPrefix=%2Frare%2F",
            "no_such_path": "&PathPrefix=%2Fnone%2F",
        }
        times: dict[str, list[float]] = {name: [] for name in places}
        cpus: dict[str, list[float]] = {name: [] for name in places}
        for _ in range(ROUNDS):
            for name, more in places.items():
                request, before = _list_users(port, root, more), cpu()
                each, _, bad = load.each((HOST, port), [request], 1)
                assert not bad, bad
                times[name] += each
                cpus[name].append(cpu() - before)
    return {
        "median_ms": {n: round(median(each) * 1000, 1) for n, each in times.items()},
        "least_ms": {n: round(min(each) * 1000, 1) for n, each in times.items()},
        "cpu_ms": {n: round(median(each) * 1000, 1) for n, each in cpus.items()},
    }


def _fill(home: Path) -> None:
    """An account with more users than the quota lets the API make.

    They are put into the table as rows, before a server looks at it.
    """
    settings = read_settings({"OSTIARY_HOME": str(home)})
    open_home(settings)
    engine = open_engine(settings.database_url)
    with writing(engine) as connection, connection.begin():
        rows = [encode(_user(number)) for number in range(MANY)]
        connection.execute(TABLES[User].insert(), rows)
    engine.dispose()


def _user(number: int) -> User:
    return User(
        id=f"AIDA{number:017d}",
        account=ACCOUNT,
        name=f"user-{number:06d}",
        path="/" if number % RARE else "/rare/",
        created=1_700_000_000 + number,
        tags=(),
        boundary="",
    )


def _walk(port: int, root: Credentials) -> list[str]:
    """The markers of all pages; every user is on one of them."""
    markers: list[str] = []
    more, seen = "", 0
    while True:
        answer = _answer(port, _list_users(port, root, more))
        seen += answer.count("<UserName>")
        found = re.search("<Marker>(.*?)</Marker>", answer)
        if found is None:
            assert seen == MANY, seen
            return markers
        markers.append(found[1])
        more = f"&Marker={quote(found[1], safe='')}"


def _list_users(port: int, root: Credentials, more: str) -> bytes:
    body = f"Action=ListUsers&Version=2010-05-08&MaxItems={PAGE}{more}"
    return signed(port, root, "iam", body.encode())


def _answer(port: int, request: bytes) -> str:
    answer = load.once((HOST, port), request)
    assert answer.startswith(b"HTTP/1.1 200"), answer[:500]
    return answer.decode()


def _changes(folder: Path, workers: int) -> dict[str, dict[str, float]]:
    """Changes a second, by the number of clients and the sort of change."""
    rates: dict[str, dict[str, float]] = {}
    with _ostiary(folder / "home", workers) as (port, root, cpu):
        for clients in CLIENTS:
            seconds, before = 0.0, cpu()
            rates[str(clients)] = of_sort = {}
            for sort in ("CreateUser", "TagUser", "PutUserPolicy", "AttachUserPolicy"):
                requests = [
                    _change(port, root, sort, f"user-{clients}-{number}")
                    for number in range(CHANGES)
                ]
                _, took, bad = load.each((HOST, port), requests, clients)
                assert not bad, bad[:1]
                of_sort[sort] = round(CHANGES / took)
                seconds += took
            of_sort["all"] = round(4 * CHANGES / seconds)
            if workers == 1:
                spent = (cpu() - before) / (4 * CHANGES)
                of_sort["cpu_ms_each"] = round(spent * 1000, 2)
    return rates


def _change(port: int, root: Credentials, sort: str, user: str) -> bytes:
    more = {
        "CreateUser": "",
        "TagUser": "&Tags.member.1.Key=team&Tags.member.1.Value=bench",
        "PutUserPolicy": f"&PolicyName=own&PolicyDocument={quote(_POLICY, safe='')}",
        "AttachUserPolicy": f"&PolicyArn={quote(_MANAGED, safe='')}",
    }[sort]
    body = f"Action={sort}&Version=2010-05-08&UserName={user}{more}"
    return signed(port, root, "iam", body.encode())


def _plain_commits(file: Path) -> float:
    """Commits of one row a second by SQLite alone, as durable as ours."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE one (id INTEGER PRIMARY KEY, text TEXT)")
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < PLAIN_SECONDS:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO one (text) VALUES (?)", ("x" * 500,))
        connection.execute("COMMIT")
        done += 1
    connection.close()
    return done / (time.perf_counter() - start)


def _moto() -> float:
    """`CreateUser` a second by moto server, which keeps them in memory."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)]
    nobody = Credentials("AKIAIOSFODNN7EXAMPLE", "x")
    process, _ = spawn(command, port, _UNSIGNED, dict(os.environ))
    try:
        requests = [
            _change(port, nobody, "CreateUser", f"user-{number}")
            for number in range(CHANGES)
        ]
        _, took, bad = load.each((HOST, port), requests, CLIENTS[-1])
        assert not bad, bad[:1]
        return CHANGES / took
    finally:
        stop(process)


def _cpu(pid: int) -> float:
    """CPU seconds that the threads of one process have had so far."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    spent = ((task / "schedstat").read_text().split()[0] for task in tasks)
    return sum(int(one) for one in spent) / 1e9


@contextmanager
def _ostiary(
    home: Path, workers: int
) -> Iterator[tuple[int, Credentials, Callable[[], float]]]:
    """A server on the home, new or not: its port, the root key, its CPU seconds."""
    port = free_port()
    binary = str(Path(sys.executable).with_name("ostiary"))
    command = [binary, "serve", f"--port={port}", f"--console-port={free_port()}"]
    if workers > 1:
        command.append(f"--workers={workers}")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "OSTIARY_"))
    } | {"OSTIARY_HOME": str(home)}
    process, _ = spawn(command, port, _UNSIGNED, environment)
    try:
        profiles = configparser.RawConfigParser(default_section="")
        profiles.read(home / "credentials")
        key = profiles["default"]
        root = Credentials(key["aws_access_key_id"], key["aws_secret_access_key"])
        yield port, root, partial(_cpu, process.pid)
    finally:
        stop(process)
