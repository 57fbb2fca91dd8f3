"""Mutation testing of the policy engine: `python -m tests.mutation [MODULE…]`.

mutmut mutates every function of `ostiary.policy`; the tests are asked about each
mutant (`plugin.py`), and `report.md` beside this file says what became of them.
With modules, or with `--survivors`, only those are asked and no report is written.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from mutmut.mutation.file_mutation import mutate_file_contents

from tests.mutation.report import told, write

ROOT = Path(__file__).parents[2]
WORK = Path(os.environ.get("OSTIARY_MUTATION", f"{sys.prefix}/mutation"))
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


def main() -> int:
    """Exit status 0, whatever the score."""
    reader = argparse.ArgumentParser(prog="python -m tests.mutation")
    reader.add_argument("modules", nargs="*", metavar="MODULE")
    reader.add_argument("--survivors", action="store_true", help="of the last run")
    reader.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = reader.parse_args()
    WORK.mkdir(exist_ok=True)
    made = make(given.modules)
    past_file = WORK / "past.json"
    past = json.loads(past_file.read_text()) if past_file.exists() else {}
    mutants = [
        name
        for names in made.values()
        for name in names
        if not given.survivors or past.get(name) in ("survived", "broken")
    ]
    answers = {**past, **ask(mutants, given.workers)}
    past_file.write_text(json.dumps(answers, indent=1))
    write(made, answers, given.modules or given.survivors)
    return 0


if __name__ == "__main__":
    sys.exit(main())
