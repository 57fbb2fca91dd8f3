"""The list of rules and cases that no test shows: `scripts/rules.py`."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import rules

SCRIPT = Path(rules.__file__)

SHOWING = """\
import pytest

pytestmark = pytest.mark.rule("M3")

@pytest.mark.rule("M1", "M2")
@pytest.mark.threat("T2")
def test_something() -> None: ...

def test_m12_and_m13_by_name() -> None: ...

async def test_of_t5() -> None: ...

@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.threat("T7"))])
def test_param(n: int) -> None: ...

def helper_m14() -> None: ...

class Other:
    @mark.rule("M15")
    def test_no_marker_of_pytest(self) -> None: ...
"""


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The script on a folder of tests."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), "--tests", str(folder), *options],
        capture_output=True,
        text=True,
        check=False,
    )


def write(folder: Path, text: str) -> Path:
    """A folder with one test file."""
    tests = folder / "tests"
    tests.mkdir()
    (tests / "test_one.py").write_text(text)
    return tests


def test_every_rule_and_case_is_shown_by_a_test() -> None:
    """The house's own promise: M1 to M63 and the cases of A to C have a test each."""
    done = run(rules.TESTS, "--strict")
    assert done.returncode == 0, done.stdout
    assert len(rules.RULES) == 63
    assert (rules.CASES[0], rules.CASES[-1], len(rules.CASES)) == ("T1", "T49", 45)
    assert not {"T32", "T33", "T37", "T38"} & set(rules.CASES)


def test_markers_and_names_of_tests_count(tmp_path: Path) -> None:
    """Markers, module markers, parameters' markers and words of test names are found."""
    tests = write(tmp_path, SHOWING)
    found = {claim.name for claim in rules.claims(tests)}
    assert found == {"M1", "M2", "M3", "M12", "M13", "T2", "T5", "T7"}
    assert all(claim.is_known for claim in rules.claims(tests))
    places = [claim.place for claim in rules.claims(tests) if claim.name == "M3"]
    assert places == ["tests/test_one.py:3"]


def test_what_is_missing_is_named_and_strict_fails(tmp_path: Path) -> None:
    """Without `--strict` a finding is told, with it the exit status is 1."""
    tests = write(tmp_path, SHOWING)
    told = run(tests)
    assert told.returncode == 0
    assert "M4: no test shows it\n" in told.stdout
    assert "M1: no test shows it\n" not in told.stdout
    assert told.stdout.endswith("8 of 108 rules and cases are shown by a test\n")
    strict = run(tests, "--strict")
    assert (strict.returncode, strict.stdout) == (1, told.stdout)


@pytest.mark.parametrize(
    "marker",
    ['rule("M64")', 'rule("T1")', 'threat("T151")', 'rule("M01")', 'rule("x")'],
)
def test_a_misspelt_marker_is_a_finding(tmp_path: Path, marker: str) -> None:
    """A rule or case that cannot be is told with its place."""
    text = f"import pytest\n\n@pytest.mark.{marker}\ndef test_one() -> None: ...\n"
    told = run(write(tmp_path, text), "--strict")
    assert told.returncode == 1
    assert "tests/test_one.py:3: unknown rule or case `" in told.stdout


def test_exemptions_have_reasons_and_are_needed() -> None:
    """What is exempt says why, and is not shown by a test after all."""
    assert all(reason.strip() for reason in rules.EXEMPT.values())
    assert rules.EXEMPT.keys() <= {*rules.RULES, *rules.CASES}
    line = "M1: exempt, but somewhere shows it"
    shown = {name: ["somewhere"] for name in (*rules.RULES, *rules.CASES)}
    assert list(rules.findings(shown, [])) == []
    rules.EXEMPT["M1"] = "for this test"
    try:
        assert list(rules.findings(shown, [])) == [line]
    finally:
        del rules.EXEMPT["M1"]
