"""Each decision case is answered as it says, by the engine and by the real command."""

import json
import sys
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from _pytest.mark.structures import ParameterSet

from ostiary.policy.face import decide_case, decide_line
from tests.corpus.run import decisions, differences, line, load, main
from tests.spec.decision import decide

Json: TypeAlias = dict[str, Any]
CASES = decisions(load())
OSTIARY = Path(sys.executable).with_name("ostiary")
# In these a single Allow statement stands or falls with one condition.
OF_CONDITIONS = ("operators", "absent", "sets")


def params(*areas: str) -> list[ParameterSet]:
    """The cases of some areas, each marked with the rules and threats that it shows."""
    found = []
    for name, told in CASES.items():
        marks = [
            getattr(pytest.mark, word)(*told[f"{word}s"])
            for word in ("rule", "threat")
            if f"{word}s" in told
        ]
        if name.partition("/")[0] in areas:
            found.append(pytest.param(name, id=name, marks=marks))
    return found


AREAS = tuple(dict.fromkeys(name.partition("/")[0] for name in CASES))


@pytest.mark.rule("M14", "M15", "M16", "M17", "M20", "M25", "M35", "M40", "M54")
@pytest.mark.threat("T79", "T81", "T82", "T84", "T85", "T86", "T87")
@pytest.mark.parametrize("name", params(*AREAS))
def test_a_case_is_decided_as_it_says(name: str) -> None:
    """Each case cites its fact; what is not an implicit denial misses nothing."""
    told = CASES[name]
    answer = decide_case({"id": name, **told["case"]})
    assert list(differences(told["expect"], answer)) == [], told["about"]
    if "missing" in told["expect"]:
        assert answer["missing"] == told["expect"]["missing"]


@pytest.mark.parametrize("name", params(*OF_CONDITIONS))
def test_a_deny_has_the_condition_of_an_allow(name: str) -> None:
    """Facts 4: one answer for both effects; a Deny is not silenced by an undecided one."""
    case = json.loads(json.dumps(CASES[name]["case"]))
    (policy,) = case["identity_policies"]
    if isinstance(policy["Statement"], list) or f"{name}-deny" in CASES:
        return  # the undecided have a case for either effect
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy["Statement"] = [{**policy["Statement"], "Effect": "Deny"}, allow]
    holds = CASES[name]["expect"]["decision"] == "Allowed"
    expected = "ExplicitlyDenied" if holds else "Allowed"
    assert decide_case(case)["decision"] == expected
    assert decide(case)["decision"] == expected


def test_lines_and_objects_are_answered_alike() -> None:
    """product.md: a JSON line gets the answer of the object it holds."""
    for name, told in CASES.items():
        asked = line(name, told)
        assert json.loads(decide_line(asked)) == decide_case(json.loads(asked))


def test_the_command_answers_the_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    """product.md: `ostiary decide`, as another engine would be asked; every case."""
    assert main([str(OSTIARY), "decide"]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out == f"{len(CASES)} of {len(CASES)} cases hold\n"


# --- the runner itself --------------------------------------------------------------

YES = 'print(\'{"id": "keys/keys-across-accounts", "decision": "Allowed"}\')'
NO = "import sys; sys.exit(3)"


@pytest.mark.parametrize(
    ("engine", "area", "status", "said"),
    [
        (YES, "keys", 1, "keys/keys-across-accounts: found determining []"),
        (NO, "keys", 1, "keys/user-named-by-a-key-policy: no answer"),
        ("print('no JSON')", "keys", 2, ""),
        (YES, "nowhere", 2, ""),
    ],
)
def test_a_wrong_engine_is_found_out(
    engine: str, area: str, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The runner's exit status is 1 for a case that does not hold, 2 without an answer."""
    assert main(["--area", area, sys.executable, "-c", engine]) == status
    assert said in capsys.readouterr().out


def test_a_difference_is_a_sentence() -> None:
    """Decision, statements, missing kinds and errors are each compared."""
    one = {"kind": "identity", "policy": 0, "statement": 0}
    two = {**one, "statement": 1}
    denied = {"decision": "ExplicitlyDenied", "determining": [one]}
    silent = {"decision": "ImplicitlyDenied", "missing": ["scp"]}
    allowed = {"decision": "Allowed", "determining": [one]}
    fine: list[tuple[Json, Json]] = [
        (denied, {**denied, "missing": []}),
        (silent, {**silent, "missing": ["identity", "scp"]}),
        (allowed, {**allowed, "determining": [{**two, "sid": "A"}, one]}),
        ({"error": True}, {"error": "found no object"}),
    ]
    wrong: list[tuple[Json, Json]] = [
        (denied, {**denied, "determining": [one, two]}),
        (denied, {**denied, "missing": ["scp"]}),
        (denied, {"error": "found no object"}),
        (silent, {**silent, "missing": ["identity"]}),
        ({"decision": "ImplicitlyDenied"}, {**silent, "missing": []}),
        (allowed, {**allowed, "determining": [two]}),
        ({"error": True}, allowed),
    ]
    assert [list(differences(*pair)) for pair in fine] == [[]] * len(fine)
    assert [len(list(differences(*pair))) for pair in wrong] == [1] * len(wrong)
