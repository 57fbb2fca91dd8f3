"""The engine and the executable spec agree, on few cases and always the same ones."""

import pytest

from tests.differential.policy.test_agreement import compare

PIECES, CASES = 10, 60


@pytest.mark.parametrize("piece", range(PIECES))
def test_engine_agrees_with_spec(piece: int) -> None:
    """Two independent tellings of facts 2-6 answer generated cases alike."""
    compare(range(piece * CASES, (piece + 1) * CASES))
