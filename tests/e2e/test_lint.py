"""`ostiary lint` as a user calls it: files, standard input, JSON, SARIF, exit status."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import OSTIARY, clean_environment, ostiary

PAGE = Path(__file__).parents[2] / "docs" / "lint.md"
GROUP = """{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Action": "ec2:TerminateInstances", "Resource": "*",
    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}
  }]
}
"""
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": "222222222222"},
            "Action": "sts:AssumeRole",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        },
    }
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two policies, which is where the user is."""
    (tmp_path / "group.json").write_text(GROUP)
    (tmp_path / "trust.json").write_text(TRUST)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def piped(given: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """`ostiary lint` with `given` on standard input."""
    return subprocess.run(
        [str(OSTIARY), "lint", *arguments],
        env=clean_environment(),
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.rule("M15")
def test_the_page_shows_what_is_printed(folder: Path) -> None:
    """docs/lint.md: the console example, word for word; exit 1."""
    shown = re.search(
        r"```console\n\$ ostiary (.*?)\n(.*?)```", PAGE.read_text(), re.DOTALL
    )
    assert shown is not None
    done = ostiary(*shown[1].split())

    assert done.returncode == 1
    assert done.stderr + done.stdout == shown[2] + "\n"


def test_nothing_found_is_nothing_printed(folder: Path) -> None:
    """Exit 0, empty standard output; with `--kind` nothing to say on the other either."""
    done = ostiary("lint", "trust.json", "--kind", "trust")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_kind_is_guessed_from_each_document(folder: Path) -> None:
    """And said, on standard error."""
    done = ostiary("lint", "group.json", "trust.json")

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "group.json: read as an identity policy; `--kind` says otherwise",
        "trust.json: read as a trust policy; `--kind` says otherwise",
    ]


@pytest.mark.rule("M31")
def test_a_roles_own_policy(folder: Path) -> None:
    """`--role` is about policies without a principal; the trust policy stays one."""
    done = ostiary("lint", "--role", "--json", "group.json", "trust.json")
    reports = json.loads(done.stdout)["policies"]

    assert [len(one["findings"]) for one in reports] == [1, 0]
    assert reports[0]["findings"][0]["code"] == "OST106"


def test_standard_input_and_json() -> None:
    """Every field of a finding; the text that the replacement is for."""
    done = piped(GROUP.encode(), "--json")
    (report,) = json.loads(done.stdout)["policies"]
    (finding,) = report.pop("findings")

    assert done.returncode == 1
    assert done.stderr == b""
    assert report == {
        "file": "standard-input",
        "kind": "identity",
        "kind_is_guessed": True,
    }
    assert finding == {
        "code": "OST101",
        "level": "warning",
        "title": "an Allow that asks for MFA admits callers without it",
        "facts": ["M15"],
        "pointer": "/Statement/0/Condition/BoolIfExists",
        "line": 6,
        "column": 19,
        "end_line": 6,
        "end_column": 33,
        "message": "found `BoolIfExists` on `aws:MultiFactorAuthPresent` in an Allow, which admits long-term access keys",
        "help": "write `Bool`: it fails when the key is absent",
        "replacement": "Bool",
        "aws_message": None,
    }


def apply(text: str, fix: dict[str, Any]) -> str:
    """The text after a SARIF fix."""
    for change in fix["artifactChanges"][0]["replacements"]:
        region, lines = change["deletedRegion"], text.split("\n")
        assert region["startLine"] == region["endLine"]
        line = lines[region["startLine"] - 1]
        before = line[: region["startColumn"] - 1]
        after = line[region["endColumn"] - 1 :]
        lines[region["startLine"] - 1] = (
            before + change["insertedContent"]["text"] + after
        )
        text = "\n".join(lines)
    return text


def test_sarif(folder: Path) -> None:
    """SARIF 2.1.0: rules, one result, its place, and a fix that mends the policy."""
    done = ostiary("lint", "--sarif", "group.json", "trust.json")
    log = json.loads(done.stdout)
    (run,) = log["runs"]
    (result,) = run["results"]
    rules = run["tool"]["driver"]["rules"]

    assert done.returncode == 1
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "OST101"
    assert result["level"] == "warning"
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "group.json"},
        "region": {"startLine": 6, "startColumn": 19, "endLine": 6, "endColumn": 33},
    }
    mended = apply(GROUP, result["fixes"][0])
    assert piped(mended.encode()).returncode == 0


def test_errors_of_the_document_are_findings(folder: Path) -> None:
    """Level error, our words and AWS's, exit 1."""
    (folder / "bad.json").write_text(GROUP.replace("BoolIfExists", "BoolIfExist"))
    done = ostiary("lint", "bad.json", "--kind", "identity")

    assert done.returncode == 1
    assert done.stdout == (
        "bad.json:6:19: error[OST002]: found the condition operator `BoolIfExist`, which does not exist\n"
        ' 6 |     "Condition": {"BoolIfExist": {"aws:MultiFactorAuthPresent": "true"}}\n'
        "   |                   ^^^^^^^^^^^^^\n"
        "  help: operators are spelt exactly, such as `BoolIfExists`\n"
        "  aws: Syntax errors in policy.\n"
        "  rule: 3.1, 3.7; docs/lint.md#ost002 at /Statement/0/Condition/BoolIfExist\n\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.json"], "ostiary: cannot read `none.json`: No such file or directory"),
        (["."], "ostiary: cannot read `.`: Is a directory"),
        (["latin.json"], "ostiary: cannot read `latin.json`: found no UTF-8 at byte 1"),
        (["--json", "--sarif"], "ostiary: `--json` and `--sarif` exclude each other"),
    ],
)
def test_misuse(folder: Path, arguments: list[str], message: str) -> None:
    """Exit 2, one line on standard error, nothing on standard output."""
    (folder / "latin.json").write_bytes(b"{\xe9}")
    done = ostiary("lint", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == message + "\n"


def test_an_unknown_kind_is_misuse(folder: Path) -> None:
    """Seven kinds, and exit 2 for others."""
    assert ostiary("lint", "group.json", "--kind", "acl").returncode == 2
    assert "rcp" in ostiary("lint", "--help").stdout


@pytest.mark.threat("T78")
@pytest.mark.parametrize(
    "given", [b"", b"{", b"[]", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":' * 9_999]
)
def test_whatever_is_piped_in_is_judged(given: bytes) -> None:
    """Text that is no policy is a finding, never a stack trace."""
    done = piped(given)

    assert done.returncode == 1
    assert b"error[OST00" in done.stdout
    assert b"Traceback" not in done.stderr
