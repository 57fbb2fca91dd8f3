"""An account under random operations does what a second telling of it does (T99)."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.property.services.machine.house import House
from tests.property.services.machine.machine import Machine

SHORT = settings(max_examples=30, stateful_step_count=40)
LONG = settings(max_examples=1500, stateful_step_count=100)
PATIENT = {
    "deadline": None,
    "print_blob": True,
    "suppress_health_check": list(HealthCheck),
}


MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of one's own is made in it


@pytest.fixture
def house() -> Iterator[House]:
    """A gate in which each example has an account of its own.

    Nobody pulls the plug here, so the files may be in memory.
    """
    where = MEMORY if MEMORY.is_dir() else None
    with TemporaryDirectory(dir=where) as folder:
        house = House(Path(folder))
        yield house
        house.close()


@pytest.mark.threat("T99", "T101")
def test_an_account_is_what_was_done_to_it(house: House) -> None:
    """Each answer, every list, the database and what decisions see agree with the facts."""
    run_state_machine_as_test(
        lambda: Machine(house), settings=settings(SHORT, **PATIENT)
    )


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.threat("T99", "T101")
def test_an_account_is_what_was_done_to_it_at_length(house: House) -> None:
    """The same over a hundred and fifty thousand steps."""
    run_state_machine_as_test(
        lambda: Machine(house), settings=settings(LONG, **PATIENT)
    )
