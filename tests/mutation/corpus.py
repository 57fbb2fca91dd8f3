"""The corpus in few tests, each of which asks one area and stops at a difference.

A mutant costs a test run, so thousands of small tests are a few larger ones here.
"""

import pytest

from ostiary.policy import Kind, PolicyError, compile, diagnose, parse  # noqa: A004 - the field's own word
from ostiary.policy.face import decide_case
from tests.corpus import test_policy_decisions as asked
from tests.corpus.run import decisions, differences, documents, load
from tests.corpus.test_policy_documents import kind_of, text_of

CORPUS = load()
DECISIONS, DOCUMENTS = decisions(CORPUS), documents(CORPUS)
AREAS = tuple(dict.fromkeys(name.partition("/")[0] for name in DECISIONS))
PIECES = 5


@pytest.mark.parametrize("area", AREAS)
def test_decisions(area: str) -> None:
    """Each case of an area is decided as it says."""
    for name, told in DECISIONS.items():
        if name.startswith(f"{area}/"):
            answer = decide_case({"id": name, **told["case"]})
            assert list(differences(told["expect"], answer)) == [], name
            if "missing" in told["expect"]:
                assert answer["missing"] == told["expect"]["missing"], name


@pytest.mark.parametrize("area", asked.OF_CONDITIONS)
def test_denials(area: str) -> None:
    """A Deny has the condition of the Allow, and no undecided one silences it."""
    for name in DECISIONS:
        if name.startswith(f"{area}/"):
            asked.test_a_deny_has_the_condition_of_an_allow(name)


@pytest.mark.parametrize("piece", range(PIECES))
def test_documents(piece: int) -> None:
    """Each document is refused in AWS's words, or taken."""
    for name in list(DOCUMENTS)[piece::PIECES]:
        told = DOCUMENTS[name]
        text, how, expect = text_of(told), kind_of(told), told["expect"]
        if "message" not in expect:
            assert compile(parse(text, **how)).kind is Kind(told["kind"]), name
            assert diagnose(text, **how) == [], name
            continue
        with pytest.raises(PolicyError) as caught:
            parse(text, **how)
        assert caught.value.aws_message == expect["message"], name
        assert caught.value.pointer == expect.get("pointer", caught.value.pointer)
