"""How long a decision takes, ours and the peers', on the same workload in one run.

    make bench                      everything
    .venv/bin/python -m bench.decide

Every answer is checked before anything is timed. Each engine makes a batch of
decisions in turn, round after round, so that whatever else the machine does meanwhile
falls on all of them. A figure is the median of the batches, in microseconds of
processor time per decision. See docs/performance-engine.md.
"""

import gc
import statistics
import time
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any, TypeAlias

from bench import peers
from bench.engine import Row, rows
from bench.engine_ours import Ours, costs
from bench.peers import CannotError

ROUNDS = 31
# Of a decision that takes longer than this, fewer are enough.
SLOW_MICROSECONDS = 2_000
SLOW_ROUNDS = 3
BATCH_SECONDS = 0.005
SINGLES = 4_000
REPEATS = 5
TIMES_FASTER = 6.0

# Decides so many times over the row, and says the microseconds of one decision.
Batch: TypeAlias = Callable[[int], float]
Figures: TypeAlias = dict[str, Any]


def run() -> Figures:
    """Check every answer, time it, and print the tables.

    Returns:
        rows, costs, the peers with their versions, and those that are not there.
    """
    engines, absent = peers.load()
    node = _node(absent)
    names = [one.name for one in engines] + ([node.name] if node else [])
    print(f"{'microseconds per decision':36}{'ours':>8}{'p99':>8}", end="")
    print("".join(f"{name:>18}" for name in names))
    table: dict[str, Figures] = {}
    for row in rows():
        table[row.name] = figures = _measure(row, engines, node)
        _print(row, figures, names)
    if node is not None:
        node.close()
    ours = costs()
    for name, value in ours.items():
        print(f"{name:44}{value:12,.2f}")
    return {"rows": table, "costs": ours, "peers": names, "absent": absent}


def _node(absent: dict[str, str]) -> Any:
    try:
        # Needs cedarpy's translation, which needs cedarpy.
        from bench.peers_wasm import Node  # noqa: PLC0415

        return Node()
    except (CannotError, ImportError) as error:
        absent["cedar-wasm"] = str(error)
        return None


def _measure(row: Row, engines: list[peers.Peer], node: Any) -> Figures:
    """The figures of a row, all engines taking turns."""
    batches: dict[str, Batch] = {}
    counts: dict[str, int] = {}
    cannot: dict[str, str] = {}
    singles: list[Callable[[], object]] = []
    for engine in (Ours(), *engines):
        try:
            calls = _prepare(engine, row)
        except CannotError as error:
            cannot[engine.name] = str(error)
            continue
        singles = singles or calls
        batches[engine.name], counts[engine.name] = _batch_of(calls), len(calls)
    if node is not None:
        counts[node.name] = node.ready(row)
        batches[node.name] = node.microseconds
    medians = _in_turns(batches, counts)
    ours = medians.pop(Ours.name)
    return {
        "target": row.most,
        "median": ours,
        "p99": _p99(singles),
        "peers": medians,
        "ratios": {name: round(value / ours, 1) for name, value in medians.items()},
        "cannot": cannot,
    }


def _prepare(engine: peers.Peer | Ours, row: Row) -> list[Callable[[], object]]:
    """The decisions of a row, each of them right."""
    calls = []
    reason = ""
    for case in row.cases[: engine.sample]:
        try:
            call = engine.prepare(case)
        except CannotError as error:
            reason = str(error)
            continue
        right = engine.allowed(call()) is case.allowed
        assert right, f"{engine.name} is wrong on {row.name}"
        calls.append(call)
    if not calls:
        raise CannotError(reason)
    return calls


def _batch_of(calls: list[Callable[[], object]]) -> Batch:
    def batch(passes: int) -> float:
        started = time.process_time()
        for _ in range(passes):
            for call in calls:
                call()
        return (time.process_time() - started) * 1e6 / passes / len(calls)

    return batch


def _in_turns(batches: dict[str, Batch], counts: dict[str, int]) -> dict[str, float]:
    """The median of each, in microseconds."""
    gc.collect()
    passes: dict[str, int] = {}
    for name, batch in batches.items():
        once = max(batch(1), 0.1) * counts[name] / 1e6
        passes[name] = max(1, int(BATCH_SECONDS / once))
    spent: dict[str, list[float]] = {name: [] for name in batches}
    for round_ in range(ROUNDS):
        for name, batch in batches.items():
            slow = spent[name] and spent[name][0] > SLOW_MICROSECONDS
            if not slow or round_ < SLOW_ROUNDS:
                spent[name].append(batch(passes[name]))
    return {name: round(statistics.median(one), 2) for name, one in spent.items()}


def _p99(calls: list[Callable[[], object]]) -> float:
    """The 99th percentile of decisions timed one by one, the clock's own cost off.

    The median of some runs, since one interruption spoils a run.
    """
    clock = time.perf_counter_ns
    idle = statistics.median([-(clock() - clock()) for _ in range(2_000)])
    found = []
    for _ in range(REPEATS):
        spent = []
        for call in islice(cycle(calls), SINGLES):
            started = clock()
            call()
            spent.append(clock() - started)
        found.append(statistics.quantiles(spent, n=100)[98] - idle)
    return round(statistics.median(found) / 1e3, 2)


def _print(row: Row, figures: Figures, names: list[str]) -> None:
    cells = [f"{row.name:36}{figures['median']:8.2f}{figures['p99']:8.2f}"]
    for name in names:
        if name in figures["peers"]:
            value, ratio = figures["peers"][name], figures["ratios"][name]
            mark = "" if ratio >= TIMES_FASTER else "!"
            cells.append(f"{value:,.1f} {mark}{ratio:,.0f}x".rjust(18))
        else:
            cells.append("cannot".rjust(18))
    slow = "" if figures["median"] <= row.most else f"  over {row.most}"
    print("".join(cells) + slow, flush=True)


if __name__ == "__main__":
    run()
