"""One server for all tests of this folder that do not break it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import Server, start
from tests.e2e.world import World


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with a home of its own."""
    home: Path = tmp_path_factory.mktemp("ostiary") / "home"
    running = start(home)
    yield running
    assert running.stop() == 0


@pytest.fixture
def world(server: Server) -> World:
    """A fresh view on the server: new accounts and people for each test."""
    return World(server)
