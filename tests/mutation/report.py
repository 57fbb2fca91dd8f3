"""What became of the mutants, as a page."""

import difflib
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CAUGHT = ("killed", "timeout")
COLUMNS = (*CAUGHT, "survived", "broken")
HEAD = """# Mutation report

Written by `make mutation`; `docs/policy-engine.md` says what it means.

| module | mutants | killed | timeout | survived | broken | score |
| --- | --- | --- | --- | --- | --- | --- |
"""
LEFT = """
## Survivors

A mutant in a line: what it replaces (`-`) and by what (`+`).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """A mutant that no test noticed; `why` says that it is equivalent, if it is."""

    module: str
    change: str
    why: str


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


def survivors(
    made: Mapping[str, Mapping[str, str]], answers: Mapping[str, str]
) -> list[Survivor]:
    """Those that no test noticed, each with its verdict."""
    verdicts = tomllib.loads((HERE / "verdicts.toml").read_text())["equivalent"]

    def why(module: str, change: str) -> str:
        for one in verdicts:
            if one["module"] in (module, "*") and one["change"] in change:
                return str(one["why"])
        return ""

    return [
        Survivor(module=module, change=change, why=why(module, change))
        for module, mutants in made.items()
        for name, change in mutants.items()
        if answers.get(name, "killed") not in CAUGHT
    ]


def page(
    made: Mapping[str, Mapping[str, str]], answers: Mapping[str, str]
) -> tuple[str, list[Survivor]]:
    """The whole report, and the survivors without a verdict."""
    rows, total = [], Counter[str]()
    for module, mutants in made.items():
        counted = Counter(answers[name] for name in mutants if name in answers)
        total.update(counted)
        if counted:
            rows.append(_row(module, counted))
    rows.append(_row("**all**", total))
    left = survivors(made, answers)
    alike = sum(bool(one.why) for one in left)
    caught, every = total["killed"] + total["timeout"], total.total()
    score = f"{100 * caught / every:.1f} %"
    other = f"{100 * caught / (every - alike):.1f} %"
    lines = [
        HEAD + "\n".join(rows) + "\n",
        f"Of {every} mutants {caught} were noticed: {score}.",
        f"{alike} survivors are equivalent; without them it is {other}.",
        LEFT,
    ]
    for module in made:
        mine = [one for one in left if one.module == module]
        if mine:
            lines += [f"### {module}", ""]
            lines += [_item(one) for one in sorted(mine, key=lambda one: one.why)]
            lines += [""]
    return "\n".join(lines), [one for one in left if not one.why]


def _row(name: str, counted: Counter[str]) -> str:
    """A module's counts and its score."""
    caught, every = sum(counted[one] for one in CAUGHT), counted.total()
    counts = " | ".join(str(counted[one]) for one in COLUMNS)
    return f"| {name} | {every} | {counts} | {100 * caught / every:.1f} % |"


def _item(one: Survivor) -> str:
    """A survivor with its verdict; a longer fence, since changes may hold backticks."""
    verdict = f" equivalent: {one.why}" if one.why else " looked at by nobody yet"
    return f"- ``` {one.change} ```{verdict}"
