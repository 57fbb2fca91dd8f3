"""Several processes at one database, let loose round by round."""

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

T = TypeVar("T")
PROCESSES = 4
PATIENCE = 60


@dataclass(frozen=True)
class Racer:
    """What one of the processes knows."""

    url: str
    number: int
    barrier: Barrier

    def wait(self) -> None:
        """Stand until all others stand here."""
        self.barrier.wait(PATIENCE)


def race(run: Callable[[Racer], T], url: str) -> list[T]:
    """What `run`, a function of a module, returned in each process."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    answers: Queue[T] = context.Queue()
    processes = [
        context.Process(target=_run, args=(run, Racer(url, number, barrier), answers))
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    results = [answers.get(timeout=PATIENCE) for _ in processes]
    for process in processes:
        process.join()
    return results


def _run(run: Callable[[Racer], T], racer: Racer, answers: "Queue[T]") -> None:
    answers.put(run(racer))
