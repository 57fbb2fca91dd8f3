"""Processes that share a SQLite file write in turn: nobody waits for long."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ostiary.identity.model import User
from ostiary.store.port import StoreUnavailableError
from ostiary.store.sql import SqlStore
from ostiary.store.turns import turn
from tests.conformance.samples import user

BUSY = """
import sys
from ostiary.store.engine import open_engine
from ostiary.store.sql import SqlStore
from tests.conformance.samples import user
store, name = SqlStore(open_engine(sys.argv[1])), sys.argv[2]
number = 0
print("begun", flush=True)
while True:
    with store.change() as change:
        change.insert(user(f"{name}-{number}"))
    number += 1
"""
HOLDING = """
import sys, time
from ostiary.store.turns import turn
with turn(sys.argv[1], 5):
    print("held", flush=True)
    time.sleep(60)
"""
ROOT = Path(__file__).parents[2]
TOO_LONG = 1.0
"""Seconds; a change takes some milliseconds, SQLite alone let some wait for five."""


@contextmanager
def running(code: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that has said that it is at work."""
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        assert one.stdout.readline()
        yield one
        one.kill()


def by_writer(store: SqlStore) -> Counter[str]:
    """How many users each has made."""
    with store.read() as view:
        return Counter(one.name.partition("-")[0] for one in view.list_by(User))


def test_nobody_overtakes_who_waits(shared: SqlStore, url: str) -> None:
    """Beside two processes that write without a pause, each change has its turn soon."""
    waits = []
    with running(BUSY, url, "one"), running(BUSY, url, "two"):
        before = by_writer(shared)
        for number in range(40):
            start = time.monotonic()
            with shared.change() as change:
                change.insert(user(f"mine-{number}"))
            waits.append(time.monotonic() - start)
        meanwhile = by_writer(shared) - before
    assert max(waits) < TOO_LONG, sorted(waits)[-3:]
    assert min(meanwhile["one"], meanwhile["two"]) > meanwhile["mine"] / 4, meanwhile


def test_patience_ends(tmp_path: Path) -> None:
    """Who has waited for long is told so, and does not write."""
    file = str(tmp_path / "turn")
    with (
        running(HOLDING, file),
        pytest.raises(StoreUnavailableError),
        turn(file, 0.1),
    ):
        pytest.fail("two had the turn at once")


@pytest.mark.threat("T109")
def test_who_dies_leaves_no_turn_behind(tmp_path: Path) -> None:
    """After SIGKILL the next one has its turn at once."""
    file = str(tmp_path / "turn")
    with running(HOLDING, file) as holder:
        holder.kill()
        holder.wait(10)
        start = time.monotonic()
        with turn(file, 5):
            assert time.monotonic() - start < TOO_LONG
