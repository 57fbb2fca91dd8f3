"""The spec answers every case of the policy corpus as the corpus says."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.spec.conditions import Scope, fold, holds
from tests.spec.decision import decide

CORPUS = Path(__file__).parents[1] / "corpus"
Json = dict[str, Any]


def cases(name: str) -> list[Json]:
    """The cases of a file of the corpus."""
    found: list[Json] = json.loads((CORPUS / name).read_text("utf-8"))["cases"]
    return found


FOUND = sorted(str(path.relative_to(CORPUS)) for path in CORPUS.glob("found/*.json"))


@pytest.mark.parametrize(
    "name", ["policy/decisions.json", "policy/scenarios.json", *FOUND]
)
def test_decisions_of_the_corpus(name: str) -> None:
    """Each case's decision, and the silent kinds that it names."""
    for told in cases(name):
        answer = decide(told["case"])
        assert answer["decision"] == told["decision"], told["id"]
        assert set(told.get("missing", [])) <= set(answer["missing"]), told["id"]


def test_conditions_of_the_corpus() -> None:
    """Facts 4: a test that is undecided fails an Allow and does not silence a Deny."""
    for told in cases("policy/conditions.json"):
        context = {**told.get("context", {}), "k": told["found"]}
        if told["found"] in (None, []):
            del context["k"]
        context = {fold(key): value for key, value in context.items()}
        new = told.get("version") != "2008-10-17"
        block = {told["operator"]: {"k": told["wanted"]}}
        answers = [
            holds(block, Scope(context, variables=new, doubt=doubt))
            for doubt in (False, True)
        ]
        wanted = {True: [True, True], False: [False, False], "undecided": [False, True]}
        assert answers == wanted[told["answer"]], told
