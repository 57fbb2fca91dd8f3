"""The spec answers every decision case of the corpus as the corpus says."""

import pytest

from tests.corpus.run import decisions, differences, load
from tests.spec.decision import decide

CASES = decisions(load())
AREAS = sorted({name.partition("/")[0] for name in CASES})


@pytest.mark.parametrize("area", AREAS)
def test_decisions_of_the_corpus(area: str) -> None:
    """Each case's decision, the statements that made it, and the silent kinds."""
    for name, told in CASES.items():
        if name.startswith(f"{area}/"):
            answer = decide({"id": name, **told["case"]})
            assert list(differences(told["expect"], answer)) == [], name
