"""docs/lint.md is true: each example gives what it says, and no code is left out."""

import re
from functools import cache
from pathlib import Path

import pytest

from ostiary.cli.lint_data import AWSCatalogue
from ostiary.policy import Kind
from ostiary.policy.lint import lint
from ostiary.policy.lint_finding import RULES, Finding

PAGE = (Path(__file__).parents[3] / "docs" / "lint.md").read_text()
SECTIONS = dict(
    re.findall(r"^### (OST\d{3})\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
)


@cache
def catalogue() -> AWSCatalogue:
    """AWS's lists, read once."""
    return AWSCatalogue()


def findings_of(section: str, word: str) -> list[Finding]:
    """What lint finds in the example of a section."""
    found = re.search(rf"^```json {word}\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    assert found is not None
    options = re.search(r"^Read with `(.*)`", section, re.MULTILINE)
    words = options[1].split() if options else []
    kind = words[words.index("--kind") + 1] if "--kind" in words else "identity"
    return lint(
        found[1], kind=Kind(kind), catalogue=catalogue(), for_role="--role" in words
    )


def test_every_code_has_a_section() -> None:
    """No rule without a page entry, no entry without a rule."""
    assert list(SECTIONS) == sorted(RULES)


@pytest.mark.parametrize("code", RULES)
def test_a_section_says_what_the_rule_says(code: str) -> None:
    """Title, level and facts on the page are those of the rule."""
    rule = RULES[code]
    line = f"**{rule.title}** ({rule.level.value}; {', '.join(rule.facts)})"

    assert line in SECTIONS[code]


@pytest.mark.parametrize("code", RULES)
def test_the_bad_example_gives_exactly_that_finding(code: str) -> None:
    """One finding, of the section's code, with help."""
    findings = findings_of(SECTIONS[code], "bad")

    assert [one.rule.code for one in findings] == [code]
    assert findings[0].help


@pytest.mark.parametrize("code", RULES)
def test_the_good_example_gives_none(code: str) -> None:
    """The corrected form is clean."""
    assert findings_of(SECTIONS[code], "good") == []
