"""Mutation testing of the policy engine: `python -m tests.mutation [MODULE…]`.

mutmut mutates every function of `ostiary.policy`; the tests are asked about each
mutant (`plugin.py`), and `report.md` beside this file says what became of them.
With modules only those are asked, and no report is written. With `--survivors` those
are asked that the last run left, after new tests or to find out whether they are slow.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from mutmut.mutation.file_mutation import mutate_file_contents

from tests.mutation.report import CAUGHT, HERE, page, told

ROOT = Path(__file__).parents[2]
WORK = Path(os.environ.get("OSTIARY_MUTATION", f"{sys.prefix}/mutation"))
# About so many mutants that change nothing are asked too: nobody may notice them.
CONTROLS = 40
# The part of all mutants that a whole run has to notice.
MUST = 0.95
PACKAGE = Path("src/ostiary/policy")
TESTS = (
    "tests/unit/policy",
    "tests/property/policy",
    "tests/mutation/corpus.py",
    "tests/mutation/agreement.py",
)
OPTIONS = (
    *("-q", "-s", "--tb=no", "-p", "tests.mutation.plugin"),
    *("-p", "no:unraisableexception", "-p", "no:threadexception", "-p", "no:xdist"),
)


def make(modules: list[str]) -> dict[str, dict[str, str]]:
    """A mutated copy of the sources; each module's mutants with their differences."""
    shutil.rmtree(WORK / "src", ignore_errors=True)
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", WORK / "src", ignore=leave)
    made = {}
    for path in sorted((WORK / PACKAGE).glob("*.py")):
        if modules and path.stem not in modules:
            continue
        mutated = mutate_file_contents(path.name, path.read_text())
        path.write_text(mutated.code)
        lines = mutated.code.splitlines()
        text = {
            name: lines[span.start - 1 : span.end]
            for name, span in mutated.line_span_by_function_name.items()
        }
        module = f"ostiary.policy.{path.stem}"
        made[path.stem] = {
            f"{module}.{name}": told(text, name) for name in mutated.mutant_names
        }
    return made


def ask(mutants: list[str], workers: int) -> dict[str, str]:
    """What became of each mutant."""
    (WORK / "mutants.json").write_text(json.dumps(mutants))
    environment = {
        **os.environ,
        "PYTHONPATH": f"{WORK / 'src'}{os.pathsep}{ROOT}",
        "OSTIARY_MUTATION": str(WORK),
        "OSTIARY_WORKERS": str(workers),
        "OSTIARY_HASTE": "12",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "pytest", *OPTIONS, *TESTS]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    return json.loads((WORK / "answers.json").read_text())


def controls(mutants: list[str]) -> list[str]:
    """Mutants that change nothing, of some functions: number 0 is the original."""
    functions = list(dict.fromkeys(name.rpartition("_")[0] for name in mutants))
    return [f"{name}_0" for name in functions[:: max(len(functions) // CONTROLS, 1)]]


def main() -> int:
    """Exit status 1 when a whole run noticed fewer than it must."""
    reader = argparse.ArgumentParser(prog="python -m tests.mutation")
    reader.add_argument("modules", nargs="*", metavar="MODULE")
    reader.add_argument("--survivors", action="store_true", help="of the last run")
    reader.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = reader.parse_args()
    WORK.mkdir(exist_ok=True)
    made = make(given.modules)
    kept = WORK / "past.json"
    past = json.loads(kept.read_text()) if kept.exists() else {}
    known = {
        name: past[name] for names in made.values() for name in names if name in past
    }
    mutants = [
        name
        for names in made.values()
        for name in names
        if not given.survivors or known.get(name, "survived") in ("survived", "broken")
    ]
    unchanged = controls(mutants)
    found = ask([*unchanged, *mutants], given.workers)
    if wrong := [name for name in unchanged if found.pop(name) != "survived"]:
        sys.exit(f"noticed although nothing is changed: {', '.join(wrong)}")
    answers = {**known, **found}
    kept.write_text(json.dumps({**past, **answers}, indent=1))
    text, left = page(made, answers)
    print(text.partition("\n## ")[0])
    for one in left:
        print(f"{one.module}: {one.change}")
    if not given.modules:
        (HERE / "report.md").write_text(text)
    noticed = sum(one in CAUGHT for one in answers.values())
    return int(not given.modules and noticed < MUST * len(answers))


if __name__ == "__main__":
    sys.exit(main())
