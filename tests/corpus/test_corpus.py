"""The corpus stands on its own: each file is whole, named by its fact, and cites it."""

import ast
import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.corpus import run

CASES = run.load()
FOLDER = run.CASES.parent
README = (FOLDER / "README.md").read_text()
CHOICES = (FOLDER.parents[1] / "docs" / "compatibility.md").read_text()
KINDS = {"identity", "resource", "trust", "boundary", "session", "scp", "rcp"}
# Facts 1.6, 3.7 or 6; a rule of the chapter; a case of the threat model; a guide page.
SOURCE = re.compile(r"facts [1-6]|threats T|guide page \w|found by \w")
# At the end of a source whose answer is our reading; it says what nobody published.
UNCONFIRMED = re.compile(r"[^()]+ \(unconfirmed; [^()]+[^().]\)")


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_whole(name: str) -> None:
    """README.md: the keys of a file, a sentence about it, and the source of its fact."""
    told = CASES[name]
    asked = {"case"} if "case" in told else {"document", "kind"}
    needed = {"about", "source", "expect"} | asked
    assert needed <= told.keys() <= needed | {"rules", "threats"}
    assert told["about"].endswith(".")
    assert SOURCE.match(told["source"]), told["source"]
    assert re.fullmatch(r"[a-z0-9-]+/[a-z0-9]+(-[a-z0-9]+)*", name, re.ASCII)
    if "case" in told:
        assert "id" not in told["case"], "the id of a case is its place"
        wanted = told["expect"].get("decision")
        silent = "missing" in told["expect"]
        assert not silent or wanted == "ImplicitlyDenied"
        assert wanted or told["expect"] == {"error": True}
    else:
        assert told["kind"] in KINDS | {"endpoint"}


@pytest.mark.parametrize(
    "path", sorted(run.CASES.rglob("*.json")), ids=lambda p: p.stem
)
def test_a_file_is_easy_to_read(path: Path) -> None:
    """One shape for all: two blanks deep, plain ASCII, a line at the end."""
    text = path.read_text("ascii")
    assert text == json.dumps(json.loads(text), indent=2) + "\n"
    assert path.parent.parent == run.CASES


def test_names_and_sentences_are_unique() -> None:
    """A name is a fact, so no two areas share one, and no case is told twice."""
    stems = Counter(name.partition("/")[2] for name in CASES)
    abouts = Counter(told["about"] for told in CASES.values())
    asked = Counter(
        json.dumps([told.get("case"), told.get("document"), told.get("kind")])
        for told in CASES.values()
    )
    for counted in (stems, abouts, asked):
        assert [one for one, many in counted.items() if many > 1] == []


def test_an_answer_that_is_a_reading_says_why() -> None:
    """README.md: `unconfirmed` stands with its reason in one form; both pages count it."""
    marked = [one["source"] for one in CASES.values() if "nconfirmed" in str(one)]
    assert [one for one in marked if not UNCONFIRMED.fullmatch(one)] == []
    for page in (README, CHOICES):
        told = re.findall(r"([0-9]+) of the ([0-9]+) cases rest on a reading", page)
        assert told == [(str(len(marked)), str(len(CASES)))]


def test_the_readme_lists_every_area() -> None:
    """README.md: each folder has a row with its number of files."""
    areas = README.partition("## Areas\n")[2]
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| ([0-9]+) \|", areas, re.MULTILINE)
    files = Counter(name.partition("/")[0] for name in CASES)
    assert rows == [(area, str(files[area])) for area in sorted(files)]


def test_the_readme_lists_every_source() -> None:
    """README.md: each section that a case cites has a row that says what it restates."""
    sources = README.partition("## Sources\n")[2].partition("## Areas\n")[0]
    listed = set(re.findall(r"[1-6](?:\.[0-9])?(?=[ ,])", sources))
    cited = {
        re.search(r"facts ([1-6](?:\.[0-9])?)", told["source"])
        for told in CASES.values()
    }
    sections = {found[1] for found in cited if found}
    assert sections - listed <= {"1.2", "1.5", "1.6", "1.7", "1.8"}, "chapter 1 is one"


def test_the_runner_needs_python_alone() -> None:
    """Another engine's author installs nothing, least of all Ostiary."""
    tree = ast.parse((FOLDER / "run.py").read_text())
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else one.name) or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for one in node.names
    }
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
