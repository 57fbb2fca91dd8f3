"""The page about the engine is true."""

import doctest
from pathlib import Path

from ostiary.policy.operators import OPERATORS

PAGE = Path(__file__).parents[3] / "docs" / "policy-engine.md"


def test_the_examples_run() -> None:
    """style.md 3.9: every example on the page gives what it says."""
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried > 10
    assert failed == 0


def test_every_operator_is_there() -> None:
    """Facts 4.2: twenty-seven operators, no more and no fewer."""
    assert len(OPERATORS) == 27
