"""The fast engine and the executable spec give the same answer to every case.

OSTIARY_CASES says how many cases (200,000 in CI, 20,000 at a desk: a case costs about
0.8 ms), OSTIARY_LONG_CASES how many in `make spec`, OSTIARY_SEED where the seeds begin.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from ostiary.policy.face import decide_case
from tests.differential.policy.agreement import Json, difference
from tests.differential.policy.generate import case, shrink, to_corpus
from tests.spec.decision import decide

CASES = int(
    os.environ.get("OSTIARY_CASES") or (200_000 if os.environ.get("CI") else 20_000)
)
LONG = int(os.environ.get("OSTIARY_LONG_CASES", "10000000"))
SEED = int(os.environ.get("OSTIARY_SEED", "0"))
CHUNKS, LONG_CHUNKS, SHOWN = 10, 100, 3


def disagreements(seeds: range, outcomes: Counter[str]) -> Iterator[tuple[int, str]]:
    """Each seed whose case the two tell differently, and how."""
    for seed in seeds:
        drawn = case(seed)
        spec = decide(drawn)
        outcomes[spec.get("decision", "error")] += 1
        try:
            told = difference(drawn, spec, decide_case(drawn))
        except Exception as error:
            error.add_note(f"the engine raised at seed {seed}")
            raise
        if told:
            yield seed, told


def report(seed: int, told: str) -> str:
    """The difference with its case made small, as a corpus file."""
    first = told.split(":", maxsplit=1)[0]

    def fails(smaller: Json) -> bool:
        """Whether the smaller case shows a difference of the same sort."""
        try:
            found = difference(smaller, decide(smaller), decide_case(smaller)) or ""
        except (KeyError, TypeError, AttributeError, ValueError, IndexError):
            return False
        return found.split(":")[0] == first

    small = shrink(case(seed), fails)
    return (
        f"seed {seed}: spec | engine: {told}\n"
        + to_corpus(small, decide(small), "which fact?")
        + f"the engine says: {decide_case(small)}"
    )


def compare(seeds: range) -> None:
    """Compare a range of seeds; fail with the first few differences."""
    outcomes: Counter[str] = Counter()
    found = [
        pair
        for pair, _ in zip(disagreements(seeds, outcomes), range(SHOWN), strict=False)
    ]
    if found:
        pytest.fail("\n\n".join(report(*pair) for pair in found), pytrace=False)
    for outcome in ("Allowed", "ImplicitlyDenied", "ExplicitlyDenied"):
        assert outcomes[outcome] >= 0.15 * len(seeds) or len(seeds) < 1000, outcomes


@pytest.mark.threat("T88", "T93")
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_engine_agrees_with_spec(chunk: int) -> None:
    """Two independent tellings of facts 2-6 answer generated cases alike."""
    many = CASES // CHUNKS
    compare(range(SEED + chunk * many, SEED + (chunk + 1) * many))


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("chunk", range(LONG_CHUNKS))
def test_engine_agrees_with_spec_at_length(
    chunk: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten million cases, with seeds that the short run does not use."""
    many = LONG // LONG_CHUNKS
    start = SEED + 1_000_000_000 + chunk * many
    since = time.monotonic()
    compare(range(start, start + many))
    with capsys.disabled():
        took = time.monotonic() - since
        told = f"chunk {chunk + 1} of {LONG_CHUNKS}: {many} cases agree, {took:.0f} s"
        print(told, file=sys.stderr, flush=True)
