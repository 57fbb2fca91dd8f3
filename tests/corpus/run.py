"""Ask an engine the decision cases of this corpus, and compare what it answers.

    python run.py                          asks `ostiary decide`
    python run.py my-engine --stdin        asks another engine
    python run.py --area mfa -- my-engine  asks the cases of one folder

The engine reads cases as JSON lines from its standard input and answers each with a
JSON line, as README.md says. Only Python's standard library is needed.
Exit status: 0 when all cases hold, 1 when one does not, 2 when there is nothing to ask.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

CASES = Path(__file__).with_name("cases")
PATIENCE = 300.0
"""How long an engine may take for all the cases, in seconds."""


def load(area: str = "*") -> dict[str, Json]:
    """The cases of an area, or of all, by `area/name`."""
    return {
        f"{path.parent.name}/{path.stem}": json.loads(path.read_text("utf-8"))
        for path in sorted(CASES.glob(f"{area}/*.json"))
    }


def decisions(cases: Mapping[str, Json]) -> dict[str, Json]:
    """Those that ask for a decision."""
    return {name: told for name, told in cases.items() if "case" in told}


def documents(cases: Mapping[str, Json]) -> dict[str, Json]:
    """Those that ask whether a document is accepted."""
    return {name: told for name, told in cases.items() if "document" in told}


def line(name: str, told: Json) -> str:
    """A case as the line that an engine reads, without its end."""
    return json.dumps({"id": name, **told["case"]})


def differences(expected: Json, answer: Json) -> Iterator[str]:
    """What an answer has that the case does not expect, a sentence each."""
    if expected.get("error"):
        if not answer.get("error"):
            yield f"found {answer.get('decision')}, expected an error"
        return
    if answer.get("decision") != expected["decision"]:
        found = answer.get("decision") or f"error: {answer.get('error')}"
        yield f"found {found}, expected {expected['decision']}"
        return
    yield from _different_statements(expected, answer)
    found, wanted = set(answer.get("missing", ())), set(expected.get("missing", ()))
    if not wanted <= found or bool(found) != (answer["decision"] == "ImplicitlyDenied"):
        yield f"found missing {sorted(found)}, expected {sorted(wanted)}"


def _different_statements(expected: Json, answer: Json) -> Iterator[str]:
    if "determining" not in expected:
        return
    keys = ("kind", "policy", "statement")
    found = {tuple(one[key] for key in keys) for one in answer.get("determining", ())}
    wanted = {tuple(one[key] for key in keys) for one in expected["determining"]}
    is_allowed = expected["decision"] == "Allowed"
    if not (wanted <= found if is_allowed else wanted == found):
        yield f"found determining {sorted(found)}, expected {sorted(wanted)}"


def ask(command: list[str], cases: Mapping[str, Json]) -> dict[str, Json]:
    """The answers of an engine, by `area/name`."""
    asked = "".join(line(name, told) + "\n" for name, told in cases.items())
    done = subprocess.run(
        command,
        input=asked,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    answers = map(json.loads, filter(str.strip, done.stdout.splitlines()))
    return {str(answer.get("id")): answer for answer in answers}


def main(given: list[str] | None = None) -> int:
    """The exit status, after a line for each case that does not hold."""
    parser = argparse.ArgumentParser(description="Ask an engine this corpus.")
    parser.add_argument("--area", default="*", help="only the cases of this folder")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="ostiary decide")
    options = parser.parse_args(given)
    command = [word for word in options.command if word != "--"]
    cases = decisions(load(options.area))
    if not cases:
        print(f"found no decision cases in `{options.area}`", file=sys.stderr)
        return 2
    try:
        answers = ask(command or ["ostiary", "decide"], cases)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        print(f"cannot ask the engine: {error}", file=sys.stderr)
        return 2
    wrong = 0
    for name, told in cases.items():
        answer = answers.get(name)
        said = list(differences(told["expect"], answer)) if answer else ["no answer"]
        wrong += bool(said)
        for one in said:
            print(f"{name}: {one}\n  {told['about']} ({told['source']})")
    print(f"{len(cases) - wrong} of {len(cases)} cases hold")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
