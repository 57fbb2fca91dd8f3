"""What became of the mutants, as a page."""

import difflib
import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).with_name("report.md")
VERDICTS = Path(__file__).with_name("verdicts.toml")
CAUGHT = ("killed", "timeout")


def told(text: Mapping[str, list[str]], name: str) -> str:
    """A mutant in a line: what it replaces, and by what."""
    short = name.rpartition(".")[2]
    before = f"{short.rpartition('_')[0]}_orig"
    old = [line.replace(before, "") for line in text[before]]
    new = [line.replace(short, "") for line in text[short]]
    return " ".join(
        f"{line[0]} {line[2:].strip()}"
        for line in difflib.ndiff(old, new)
        if line[0] in "+-"
    )


def write(
    made: Mapping[str, Mapping[str, str]], answers: Mapping[str, str], partial: object
) -> None:
    """Print the score, and keep the report of a whole run."""
    verdicts = tomllib.loads(VERDICTS.read_text()) if VERDICTS.exists() else {}
    rows, total, left = [], Counter(), []
    for module, mutants in made.items():
        counted = Counter(answers[name] for name in mutants if name in answers)
        if counted:
            total.update(counted)
            rows.append(row(module, counted))
        for name, change in mutants.items():
            if answers.get(name, "killed") not in CAUGHT:
                why = verdicts.get(module, {}).get(change, "")
                left.append((module, name.rpartition(".")[2], change, why))
    rows.append(row("**all**", total))
    for line in rows:
        print(line)
    if partial:
        print(json.dumps(left, indent=1))
        return
    PAGE.write_text(page(rows, left))


def row(name: str, counted: Counter[str]) -> str:
    """A module's counts and its score."""
    caught, every = sum(counted[one] for one in CAUGHT), counted.total()
    counts = " | ".join(
        str(counted[one]) for one in ("killed", "timeout", "survived", "broken")
    )
    return f"| {name} | {every} | {counts} | {100 * caught / every:.1f} % |"


def page(rows: list[str], left: list[tuple[str, str, str, str]]) -> str:
    """The whole report."""
    return "\n".join(rows) + "\n" + "\n".join(map(str, left)) + "\n"
