"""Known decisions: the chapter's scenarios, the tables of the guide, abuse cases."""

import json
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from _pytest.mark.structures import ParameterSet

from ostiary.policy.face import decide_case, decide_line

Case: TypeAlias = dict[str, Any]
CORPUS = Path(__file__).parent / "policy"


def cases(name: str) -> list[ParameterSet]:
    """The cases of a file, each marked with the rules and threats that it shows."""
    params = []
    for case in json.loads((CORPUS / name).read_text())["cases"]:
        marks = []
        if "rules" in case:
            marks.append(pytest.mark.rule(*case["rules"]))
        if "threats" in case:
            marks.append(pytest.mark.threat(*case["threats"]))
        params.append(pytest.param(case, id=case["id"], marks=marks))
    return params


def check(case: Case) -> None:
    """The case is decided as it says."""
    answer = decide_case({"id": case["id"], **case["case"]})
    assert "error" not in answer, answer
    assert answer["decision"] == case["decision"], answer
    assert answer["missing"] == case.get("missing", answer["missing"]), answer
    assert answer["id"] == case["id"]


@pytest.mark.parametrize("case", cases("scenarios.json"))
def test_scenarios_of_the_chapter(case: Case) -> None:
    """Facts 1.6-1.8: who is allowed what, with and without MFA."""
    check(case)


@pytest.mark.parametrize("case", cases("decisions.json"))
def test_decisions(case: Case) -> None:
    """Facts 3 and 6: each case cites its fact."""
    check(case)


@pytest.mark.parametrize("name", ["scenarios.json", "decisions.json"])
def test_lines_and_objects_are_answered_alike(name: str) -> None:
    """product.md: a JSON line gets the answer of the object it holds."""
    for case in json.loads((CORPUS / name).read_text())["cases"]:
        line = json.dumps({"id": case["id"], **case["case"]})
        assert json.loads(decide_line(line)) == decide_case(json.loads(line))
