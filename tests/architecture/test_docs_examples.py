"""Docs that cannot rot: every Python and console example on a page is executed.

A page is one session: its Python blocks share names, its commands share a folder.

| fence | is |
| --- | --- |
| `python` | run; a `text` block right behind it is what it prints |
| `pycon` | run as doctest does |
| `console` | each `$ command` is run by bash, the lines behind it are what it prints |
| `json NAME.json`, `jsonl NAME.jsonl` | a file of that name in the folder |
"""

import contextlib
import doctest
import inspect
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ostiary import policy
from tests.e2e.test_lint import GROUP

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
# The console examples of other pages need a server; tests/e2e runs what they show.
ALONE = ("policy-engine.md", "lint.md", "import.md")
GIVEN = {"lint.md": {"group.json": GROUP}}
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: the word behind the fence, the rest of that line, where, what."""

    language: str
    name: str
    line: int
    text: str
    is_next: bool
    """Only blank lines stand between it and the block before."""


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    end = 0
    for found in FENCE.finditer(page):
        language, _, name = found[1].strip().partition(" ")
        yield Block(
            language=language,
            name=name,
            line=page.count("\n", 0, found.start()) + 1,
            text=found[2],
            is_next=not page[end : found.start()].strip(),
        )
        end = found.end()


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block with the output that is shown behind it."""
    for one in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = one.partition("\n")
        while command.endswith("\\"):
            more, _, shown = shown.partition("\n")
            command = f"{command}\n{more}"
        yield command, shown


def run_python(page: str) -> Iterator[str]:
    """What the Python blocks of a page do otherwise than it says, a sentence each."""
    names: dict[str, Any] = {"__name__": "page"}
    printed = None
    for block in blocks(page):
        is_output = block.language == "text" and block.is_next and printed is not None
        if is_output and printed != block.text:
            yield f"line {block.line}: found {printed!r}, expected {block.text!r}"
        printed = None
        if block.language == "python":
            out = io.StringIO()
            code = compile(block.text, f"line {block.line}", "exec")
            with contextlib.redirect_stdout(out):
                exec(code, names)  # noqa: S102 - the pages are ours
            printed = out.getvalue()


def run_console(page: str, folder: Path, given: Mapping[str, str]) -> Iterator[str]:
    """What the commands of a page print otherwise than it says, a sentence each.

    `$?` is the exit status of the command before.
    """
    for block in blocks(page):
        if block.language in ("json", "jsonl") and "." in block.name:
            (folder / block.name).write_text(block.text)
    for name, text in given.items():
        (folder / name).write_text(text)
    bin_folder = Path(sys.executable).parent
    environment = {
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "OSTIARY_HOME": str(folder / "home"),
        "LANG": "C.UTF-8",
    }
    status = 0
    for block in blocks(page):
        told = commands(block.text) if block.language == "console" else ()
        for command, shown in told:
            done = subprocess.run(
                ["bash", "-c", f"(exit {status})\n{command}"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=60,
                check=False,
            )
            status = done.returncode
            # A page may leave out the blank line at the end of an output.
            if done.stdout.rstrip("\n") != shown.rstrip("\n"):
                yield f"line {block.line}: `{command}` printed\n{done.stdout}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_python_examples_of_a_page(path: Path) -> None:
    """style.md 3.9: what a page shows in Python runs, and prints what the page says."""
    page = path.read_text("utf-8")
    assert list(run_python(page)) == []
    runner = doctest.DocTestRunner()
    session = doctest.DocTestParser().get_doctest(page, {}, path.name, str(path), 0)
    said = io.StringIO()
    runner.run(session, out=said.write)
    assert runner.failures == 0, said.getvalue()


@pytest.mark.parametrize("name", ALONE)
def test_console_examples_of_a_page(name: str, tmp_path: Path) -> None:
    """style.md 3.9: a command on a page prints what the page says, word for word."""
    page = (ROOT / "docs" / name).read_text("utf-8")
    assert any(block.language == "console" for block in blocks(page))
    assert list(run_console(page, tmp_path, GIVEN.get(name, {}))) == []


def test_the_engine_page_has_all_sorts_of_examples() -> None:
    """style.md 3.9: nobody empties the page so that it passes."""
    page = (ROOT / "docs" / "policy-engine.md").read_text("utf-8")
    told = [one for block in blocks(page) for one in commands(block.text)]
    assert len([block for block in blocks(page) if block.language == "pycon"]) >= 6
    assert len([one for one in told if "ostiary decide" in one[0]]) >= 3


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_sessions_are_marked_as_sessions(page: Path) -> None:
    """A Python session stands in a `pycon` fence, so that readers see it highlighted."""
    for block in blocks(page.read_text("utf-8")):
        if block.language != "pycon":
            assert not re.search(r"^>>> ", block.text, re.MULTILINE), block.line


@pytest.mark.parametrize("name", sorted(set(policy.__all__) - {"UNKNOWN"}))
def test_an_exported_name_says_its_source(name: str) -> None:
    """DEVELOPERS.md: public docstrings give the fact; functions their arguments too."""
    found = getattr(policy, name)
    told = inspect.getdoc(found) or ""
    assert re.search(r"facts? [1-6]", told), told
    if inspect.isfunction(found) and name != "diagnose":
        assert "Args:" in told
        assert "Raises:" in told or "never raises" in told


# --- the runner itself --------------------------------------------------------------

PAGE = """
```python
x = 6
print(x * 7)
```

```text
{answer}
```

```console
$ echo one \\
    two
one two
$ (exit 3)
$ echo $?
{status}
```

```json a.json
{{}}
```

```console
$ cat a.json
{{}}
```
"""


def test_a_true_page_passes(tmp_path: Path) -> None:
    """Blocks share names, commands share files and see the status before."""
    page = PAGE.format(answer=42, status=3)
    assert list(run_python(page)) == []
    assert list(run_console(page, tmp_path, {})) == []


def test_a_false_page_is_found_out(tmp_path: Path) -> None:
    """Another output than the page's is a difference, in Python and in the shell."""
    page = PAGE.format(answer=41, status=4)
    assert list(run_python(page)) == ["line 7: found '42\\n', expected '41\\n'"]
    (told,) = run_console(page, tmp_path, {})
    assert told == "line 11: `echo $?` printed\n3\n"
