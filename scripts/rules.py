"""Which rules of the guide and which abuse cases no test shows.

A test shows a rule by its marker, `@pytest.mark.rule("M22")` or
`@pytest.mark.threat("T8")`, or by a word of its name, `test_…_m22_…`.
The tests are read and not run, so this says what they claim, and nothing else.

    python scripts/rules.py             what is missing
    python scripts/rules.py --all       every rule and case with its tests
    python scripts/rules.py --strict    exit 1 when something is missing
"""

import argparse
import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"

RULES = tuple(f"M{number}" for number in range(1, 64))
"""The chapter's rules (facts 1)."""

_CASES = (*range(1, 32), *range(34, 37), *range(39, 50))
CASES = tuple(f"T{number}" for number in _CASES)
"""The abuse cases of token codes, sessions and the wire (threats A to C)."""

LAST_CASE = 150
"""The highest number that a case of the threat model has."""

EXEMPT: dict[str, str] = {}
"""What needs no test, and why."""

_MARKERS = {"rule": "M", "threat": "T"}
_WORD = re.compile(r"(?<![a-z0-9])([mt][1-9][0-9]{0,2})(?![a-z0-9])", re.ASCII)
_ID = re.compile(r"[MT][1-9][0-9]{0,2}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A test file that says, in some line, that it shows something."""

    name: str
    """Of the rule or the case."""
    place: str
    is_known: bool


def claims(tests: Path) -> Iterator[Claim]:
    """What the test files below a folder claim, in the order of their names."""
    for path in sorted(tests.rglob("*.py")):
        tree = ast.parse(path.read_bytes(), str(path))
        for node in ast.walk(tree):
            for name, known in _names(node):
                line = getattr(node, "lineno", 0)
                place = f"{path.relative_to(tests.parent)}:{line}"
                yield Claim(name=name, place=place, is_known=known)


def _names(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """The names in a marker or in a test's own name, and whether they can exist."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        if node.name.startswith("test_"):
            words = node.name.replace("_", " ")
            yield from ((word[1].upper(), True) for word in _WORD.finditer(words))
    elif isinstance(node, ast.Call) and _marker(node.func) is not None:
        letter = _MARKERS[_marker(node.func) or ""]
        for argument in node.args:
            if isinstance(argument, ast.Constant):
                name = str(argument.value)
                yield name, name.startswith(letter) and _exists(name)


def _marker(function: ast.expr) -> str | None:
    """`rule` or `threat` when this is `pytest.mark.rule` or `pytest.mark.threat`."""
    if (
        isinstance(function, ast.Attribute)
        and function.attr in _MARKERS
        and isinstance(function.value, ast.Attribute)
        and function.value.attr == "mark"
    ):
        return function.attr
    return None


def _exists(name: str) -> bool:
    if not _ID.fullmatch(name):
        return False
    return name in RULES or (name[0] == "T" and int(name[1:]) <= LAST_CASE)


def findings(shown: dict[str, list[str]], unknown: list[Claim]) -> Iterator[str]:
    """What is wrong, a line each."""
    for claim in unknown:
        yield f"{claim.place}: unknown rule or case `{claim.name}`"
    for name in (*RULES, *CASES):
        if name not in shown and name not in EXEMPT:
            yield f"{name}: no test shows it"
    for name in EXEMPT:
        if name in shown:
            yield f"{name}: exempt, but {shown[name][0]} shows it"


def main() -> int:
    """0, or 1 in strict mode when something is missing."""
    parser = argparse.ArgumentParser(description="Rules and cases that no test shows.")
    parser.add_argument("--strict", action="store_true", help="exit 1 on a finding")
    parser.add_argument("--all", action="store_true", help="list what is shown, too")
    parser.add_argument("--tests", type=Path, default=TESTS, help="where the tests are")
    options = parser.parse_args()
    shown: dict[str, list[str]] = {}
    unknown: list[Claim] = []
    for claim in claims(options.tests.resolve()):
        if claim.is_known:
            shown.setdefault(claim.name, []).append(claim.place)
        else:
            unknown.append(claim)
    if options.all:
        for name in (*RULES, *CASES):
            print(f"{name:<4} {len(shown.get(name, ())):>3}", *shown.get(name, ())[:3])
    found = list(findings(shown, unknown))
    for line in found:
        print(line)
    total = len(RULES) + len(CASES)
    missing = sum(name not in shown for name in (*RULES, *CASES))
    print(f"{total - missing} of {total} rules and cases are shown by a test")
    for name, reason in EXEMPT.items():
        print(f"exempt: {name}, {reason}")
    return 1 if found and options.strict else 0


if __name__ == "__main__":
    raise SystemExit(main())
