"""Documents that AWS refuses, with its words, and documents that it takes."""

import json
from typing import Any, TypeAlias

import pytest

from ostiary.policy import Kind, PolicyError, compile, diagnose, parse  # noqa: A004 - the field's own word
from tests.corpus.run import documents, load

Json: TypeAlias = dict[str, Any]
CASES = documents(load())
REFUSED = [name for name in CASES if name.startswith("documents-refused/")]
ACCEPTED = [name for name in CASES if name.startswith("documents-accepted/")]


def text_of(told: Json) -> str:
    """The document of a case, as text."""
    document = told["document"]
    return document if isinstance(document, str) else json.dumps(document)


def kind_of(told: Json) -> dict[str, Any]:
    """How the document is read: an identity policy as `CreatePolicy` reads it."""
    kind = Kind(told["kind"])
    return {"kind": kind, "strict": kind is Kind.IDENTITY}


def test_every_document_is_refused_or_accepted() -> None:
    """README.md: the folder says which."""
    assert sorted(REFUSED + ACCEPTED) == sorted(CASES)
    assert all("message" in CASES[name]["expect"] for name in REFUSED)
    assert all(CASES[name]["expect"] == {"accepted": True} for name in ACCEPTED)


@pytest.mark.threat("T78", "T80", "T87", "T90")
@pytest.mark.parametrize("name", REFUSED)
def test_a_document_is_refused_in_aws_words(name: str) -> None:
    """Facts 3.1, 3.4, 3.7: each kind has its grammar and its words, in check order."""
    told = CASES[name]
    with pytest.raises(PolicyError) as caught:
        parse(text_of(told), **kind_of(told))
    assert caught.value.aws_message == told["expect"]["message"]
    assert caught.value.pointer == told["expect"].get("pointer", caught.value.pointer)


@pytest.mark.rule("M18", "M55")
@pytest.mark.parametrize("name", ACCEPTED)
def test_a_document_is_accepted(name: str) -> None:
    """Facts 3.7: what AWS takes is taken, compiles, and has no other fault."""
    told = CASES[name]
    document = parse(text_of(told), **kind_of(told))
    assert compile(document).kind is Kind(told["kind"])
    assert diagnose(text_of(told), **kind_of(told)) == []


def test_messages_keep_our_register() -> None:
    """DEVELOPERS.md: lower-case start, no full stop, found before expected."""
    for name in REFUSED:
        told = CASES[name]
        for fault in diagnose(text_of(told), kind=Kind(told["kind"]), strict=True):
            assert not fault.message[0].isupper(), fault.message
            assert not fault.message.endswith("."), fault.message
            assert not fault.help.endswith("."), fault.help
