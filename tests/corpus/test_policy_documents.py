"""Documents that AWS refuses, with its words, and documents that it takes."""

import json
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ostiary.policy import Kind, PolicyError, compile, diagnose, parse  # noqa: A004 - the field's own word

Case: TypeAlias = dict[str, Any]
CORPUS = Path(__file__).parent / "policy"


def load(name: str) -> list[Case]:
    """The cases of a file."""
    return json.loads((CORPUS / name).read_text())["cases"]


def text_of(case: Case) -> str:
    """The document of a case, as text."""
    return str(case["text"]) if "text" in case else json.dumps(case["document"])


@pytest.mark.threat("T78", "T80", "T87")
@pytest.mark.parametrize("case", load("malformed.json"), ids=lambda one: one["case"])
def test_create_policy_refuses_in_aws_words(case: Case) -> None:
    """Facts 3.7: each recorded case is refused with its message, in check order."""
    with pytest.raises(PolicyError) as caught:
        parse(text_of(case), kind=Kind.IDENTITY, strict=True)
    assert caught.value.aws_message == case["aws_message"]
    assert caught.value.pointer == case.get("pointer", caught.value.pointer)


@pytest.mark.parametrize("case", load("accepted.json"), ids=lambda one: one["feature"])
def test_create_policy_accepts_oddities(case: Case) -> None:
    """Facts 3.7: what AWS takes is taken, compiles, and has no other fault."""
    text = text_of(case)
    document = parse(text, kind=Kind.IDENTITY, strict=True)
    assert compile(document).kind is Kind.IDENTITY
    assert diagnose(text, strict=True) == []


@pytest.mark.threat("T80", "T90")
@pytest.mark.parametrize(
    "case",
    load("malformed_kinds.json"),
    ids=lambda one: f"{one['kind']}-{one['feature']}",
)
def test_other_kinds_refuse_in_their_words(case: Case) -> None:
    """Facts 3.1, 3.4, 3.7: each kind of policy has its own grammar and words."""
    with pytest.raises(PolicyError) as caught:
        parse(text_of(case), kind=Kind(case["kind"]))
    assert caught.value.aws_message == case["aws_message"]
    assert caught.value.pointer == case.get("pointer", caught.value.pointer)


@pytest.mark.parametrize("name", ["malformed.json", "malformed_kinds.json"])
def test_messages_keep_our_register(name: str) -> None:
    """DEVELOPERS.md: lower-case start, no full stop, found before expected."""
    for case in load(name):
        kind = Kind(case.get("kind", "identity"))
        for fault in diagnose(text_of(case), kind=kind, strict=True):
            assert not fault.message[0].isupper(), fault.message
            assert not fault.message.endswith("."), fault.message
            assert not fault.help.endswith("."), fault.help
