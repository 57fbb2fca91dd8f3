"""One server for all tests of this folder that do not break it."""

import os
from collections.abc import Iterator

import pytest

from tests.e2e.server import Server, start
from tests.e2e.world import World


@pytest.fixture(scope="session", autouse=True)
def nobodys_settings() -> None:
    """The AWS settings of whoever runs the tests are not ours to read."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_CONFIG_FILE"] = "/nonexistent/config"
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = "/nonexistent/credentials"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with a home of its own."""
    running = start(tmp_path_factory.mktemp("ostiary") / "home")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def world(server: Server) -> World:
    """The server as its users see it; accounts are shared, people are not."""
    return World(server)
