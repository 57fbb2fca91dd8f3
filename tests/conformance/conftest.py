"""The stores that must hold to the port."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ostiary.store.engine import open_engine, prepare_schema
from ostiary.store.sql import SqlStore

STORES = ("memory", "file")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where several processes meet."""
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture(params=STORES)
def store(url: str, request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """An empty store of each sort."""
    engine = open_engine("sqlite://" if request.param == "memory" else url)
    prepare_schema(engine)
    yield SqlStore(engine)
    engine.dispose()


@pytest.fixture
def shared(url: str) -> Iterator[SqlStore]:
    """An empty store that threads and processes can share."""
    engine = open_engine(url)
    prepare_schema(engine)
    yield SqlStore(engine)
    engine.dispose()
