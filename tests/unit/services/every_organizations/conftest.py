"""One house for all tests of this folder; each has accounts of its own in it."""

from collections.abc import Iterator

import pytest

from tests.unit.services.every_organizations.stage import House, opened


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house."""
    with opened(tmp_path_factory.mktemp("house")) as house:
        yield house
