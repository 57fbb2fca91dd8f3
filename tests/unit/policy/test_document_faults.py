"""Every fault of a broken document, with its place and our words for it.

`document_faults.json` holds the documents of the corpus by their names, which know
AWS's words alone, and documents with several faults or odd ones, each with a sentence.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from ostiary.policy import Kind, PolicyError, diagnose, parse
from tests.corpus.run import documents, load
from tests.corpus.test_policy_documents import kind_of, text_of

FAULTS = Path(__file__).with_name("document_faults.json")
CASES = json.loads(FAULTS.read_text("utf-8"))
CORPUS = documents(load())


def asked(case: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text of a case, and how it is read."""
    if "case" in case:
        told = CORPUS[case["case"]]
        return text_of(told), kind_of(told)
    return text_of(case), {"kind": Kind(case["kind"]), "strict": case["strict"]}


def told(fault: PolicyError) -> dict[str, str]:
    """A fault as a case holds it: without a help where there is none."""
    return {
        "pointer": fault.pointer,
        "message": fault.message,
        **({"help": fault.help} if fault.help else {}),
        "aws_message": fault.aws_message,
    }


@pytest.mark.threat("T77", "T78", "T80", "T90")
@pytest.mark.parametrize(
    "case", CASES, ids=[one.get("case") or one["about"] for one in CASES]
)
def test_every_fault_of_a_document(case: dict[str, Any]) -> None:
    """style.md 3.8, facts 3.7: all faults in AWS's order; `parse` raises the first."""
    text, how = asked(case)
    assert list(map(told, diagnose(text, **how))) == case["faults"]
    if not case["faults"]:
        assert parse(text, **how).kind is how["kind"]
        return
    with pytest.raises(PolicyError) as caught:
        parse(text, **how)
    assert told(caught.value) == case["faults"][0]


def test_every_refused_document_of_the_corpus_is_here() -> None:
    """A document that AWS refuses has our words too."""
    refused = [name for name in CORPUS if name.startswith("documents-refused/")]
    assert [one["case"] for one in CASES if "case" in one] == refused


def test_a_fault_says_itself() -> None:
    """style.md 3.8: the place, the message, and the help on a line of its own."""
    bare = PolicyError("found nothing", pointer="/a", aws_message="no")
    assert (bare.message, bare.help, bare.args) == (
        "found nothing",
        "",
        ("found nothing",),
    )
    assert str(bare) == "/a: found nothing"
    helped = PolicyError("found nothing", pointer="", aws_message="no", help="look")
    assert str(helped) == "found nothing\n  help: look"
