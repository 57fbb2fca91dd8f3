"""One sandbox for all tests of the door: it takes a moment to start."""

from collections.abc import Iterator

import pytest

from tests.unit.gate.door_house import House, open_house


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A door with the sandbox behind it."""
    with open_house(tmp_path_factory.mktemp("house")) as opened:
        yield opened
