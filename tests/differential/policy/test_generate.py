"""The generator draws valid cases that reach every outcome and every rule."""

import json
from collections import Counter
from itertools import product

from tests.corpus.run import differences
from tests.differential.policy.agreement import difference
from tests.differential.policy.alphabet import FAMILIES, Json
from tests.differential.policy.generate import case, shrink, to_corpus
from tests.spec.conditions import listed
from tests.spec.decision import KINDS, decide

CASES = [case(seed) for seed in range(12000)]


def statements(drawn: Json) -> list[Json]:
    """Every statement of every policy of a case."""
    found: list[Json] = []
    waiting = [drawn[key] for key in KINDS.values() if key in drawn]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        else:
            found += listed(value["Statement"])
    return found


def test_a_seed_is_a_case() -> None:
    """The same seed draws the same case, so a failure can be seen again."""
    assert [case(seed) for seed in range(20)] == CASES[:20]


def test_every_outcome_is_frequent() -> None:
    """Each of the three outcomes has at least 15 % of the cases, and none is refused."""
    outcomes = Counter(decide(drawn)["decision"] for drawn in CASES)
    assert len(outcomes) == 3
    assert min(outcomes.values()) >= 0.15 * len(CASES), outcomes


def test_every_operator_is_drawn() -> None:
    """Every operator with every prefix and suffix stands in some condition."""
    drawn = {
        operator
        for found in CASES
        for statement in statements(found)
        for operator in statement.get("Condition", {})
    }
    bases = [base for names, _ in FAMILIES.values() for base in names]
    prefixes, suffixes = ("", "ForAllValues:", "ForAnyValue:"), ("", "IfExists")
    wanted = {p + base + s for p, base, s in product(prefixes, bases, suffixes)}
    assert drawn == wanted | {"Null"}


def test_shrinking_keeps_only_what_fails() -> None:
    """A case is left with nothing that its failure does not need."""
    found = {"a": [1, {"b": 2, "c": [3, 4]}], "d": 5}
    assert shrink(found, lambda smaller: "4" in str(smaller)) == {"a": {"c": 4}}


def test_differences_are_seen() -> None:
    """Another decision, other statements, and loud or silent kinds are each a difference."""
    for drawn in CASES[:300]:
        spec = decide(drawn)
        stranger = {"kind": "identity", "policy": 9, "statement": 9, "sid": None}
        wrong = [*spec["determining"], stranger]
        assert difference(drawn, spec, spec) is None
        assert difference(drawn, spec, {**spec, "decision": "Other"})
        assert difference(drawn, spec, {**spec, "determining": wrong})
        assert difference(drawn, spec, {**spec, "missing": ["nobody"]})
        assert difference(drawn, spec, {"id": drawn["id"], "error": "no"})
        if spec["determining"]:
            assert difference(drawn, spec, {**spec, "determining": []})


def test_a_found_case_is_a_corpus_file() -> None:
    """A failing case is printed as a file of the corpus, with its fact and the expectation."""
    for drawn in CASES[:50]:
        spec = decide(drawn)
        told = json.loads(to_corpus(drawn, spec, "facts 6.2"))
        assert {"id": drawn["id"], **told["case"]} == drawn
        assert told["source"] == "facts 6.2"
        assert told["expect"]["decision"] == spec["decision"]
        assert list(differences(told["expect"], spec)) == []


def test_a_found_case_that_is_refused_is_an_error() -> None:
    """A case that the spec refuses is one that no engine may decide."""
    told = json.loads(to_corpus(CASES[0], {"error": "unknown"}, "facts 3.7"))
    assert told["expect"] == {"error": True}
