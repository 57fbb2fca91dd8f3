"""The policy engine stands alone: standard library, floors of its own, small modules."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "src" / "ostiary" / "policy"
MODULES = sorted(POLICY.glob("*.py"))
# A module imports only from groups further right (style.md 2.2).
FLOORS = (
    {"__init__"},
    {"face", "lint"},
    {"lint_effect", "lint_mfa", "lint_resources", "lint_roles", "lint_sense"},
    {"lint_cover", "lint_credentials", "lint_names"},
    {"lint_exam"},
    {"lint_catalogue", "lint_finding", "lint_spans"},
    {"explain"},
    {"change"},
    {"trace"},
    {"decide"},
    {"hearing"},
    {"attached"},
    {"compile"},
    {"parse"},
    {"arn_checks", "principal_checks"},
    {"checks"},
    {"shape"},
    {"principals", "resources"},
    {"request", "operators"},
    {"comparisons"},
    {"pattern", "values"},
    {"fault", "loader"},
    {"arn", "document"},
)
FORBIDDEN = {
    "os",
    "socket",
    "time",
    "random",
    "secrets",
    "logging",
    "threading",
    "asyncio",
}


def imports_of(path: Path) -> set[str]:
    """The modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_the_standard_library(path: Path) -> None:
    """DEVELOPERS.md: `policy` is pure, and usable alone."""
    for name in imports_of(path):
        top = name.partition(".")[0]
        assert top == "ostiary" or top in sys.stdlib_module_names
        assert top not in FORBIDDEN
        assert top != "ostiary" or name.startswith("ostiary.policy")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_run_down(path: Path) -> None:
    """style.md 2.2: the engine has floors of its own, without exceptions."""
    level = {name: place for place, names in enumerate(FLOORS) for name in names}
    for name in imports_of(path):
        if name.startswith("ostiary.policy."):
            below = name.removeprefix("ostiary.policy.")
            assert level[below] > level[path.stem], f"{path.stem} imports {below}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_modules_are_small(path: Path) -> None:
    """DEVELOPERS.md: at most 400 lines."""
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.threat("T83")
def test_no_pattern_of_a_user_becomes_a_regular_expression() -> None:
    """Threats T83: expressions are compiled where modules are loaded, never later."""
    for path in MODULES:
        tree = ast.parse(path.read_text())
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                calls = {
                    ast.unparse(node.func)
                    for node in ast.walk(function)
                    if isinstance(node, ast.Call)
                }
                assert not any(call.startswith("re.") for call in calls), path.stem


def test_importing_loads_little() -> None:
    """The engine alone brings neither the rest of the house nor a third party."""
    script = (
        "import sys, ostiary.policy as p;"
        "assert callable(p.parse) and callable(p.compile) and callable(p.decide);"
        "print(*sorted(n for n in sys.modules if n.startswith('ostiary')"
        " and not n.startswith('ostiary.policy')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["ostiary"]
