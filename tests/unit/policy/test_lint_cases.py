"""Policies with everything that lint says of them, word by word.

`lint_cases.json` is read by people: each case is a sentence, a document, its findings.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from ostiary.policy import Kind
from ostiary.policy.lint import lint
from ostiary.policy.lint_finding import Finding
from tests.unit.policy.test_lint_mfa import catalogue

CASES = json.loads(Path(__file__).with_name("lint_cases.json").read_text("utf-8"))


def told(finding: Finding) -> dict[str, Any]:
    """A finding as a case holds it: what is empty is left out."""
    optional = {
        "replacement": finding.replacement,
        "aws_message": finding.aws_message or None,
    }
    return {
        "code": finding.rule.code,
        "pointer": finding.pointer,
        "on_name": finding.on_name,
        "message": finding.message,
        "help": finding.help,
        **{name: value for name, value in optional.items() if value is not None},
    }


@pytest.mark.rule("M14", "M15", "M16", "M17", "M21", "M30", "M31")
@pytest.mark.parametrize("case", CASES, ids=[one["about"] for one in CASES])
def test_what_lint_says(case: dict[str, Any]) -> None:
    """style.md 3.8: place, message, help and replacement of each finding, in order."""
    found = lint(
        json.dumps(case["document"]),
        kind=Kind(case["kind"]),
        catalogue=catalogue(),
        for_role=case.get("for_role", False),
    )
    assert list(map(told, found)) == case["findings"]
    assert all(type(one.on_name) is bool for one in found)


def test_the_cases_are_told_apart() -> None:
    """No two cases have one sentence, and every rule but the first has a case."""
    abouts = [one["about"] for one in CASES]
    assert len(set(abouts)) == len(abouts)
