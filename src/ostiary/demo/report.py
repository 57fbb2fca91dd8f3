"""One line per step: who, what, expected, got, why."""

import json
import sys
from dataclasses import asdict, dataclass

import typer

ALLOWED = "allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happened in one step."""

    rule: str
    who: str
    what: str
    expected: str
    got: str
    why: str
    request_id: str

    @property
    def holds(self) -> bool:
        """Whether it went as the guide says."""
        return self.expected == self.got


class Report:
    """Prints steps as they happen, and counts those that went another way."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self.steps: list[Step] = []

    @property
    def differences(self) -> int:
        """How many steps did not go as the guide says."""
        return sum(not step.holds for step in self.steps)

    def chapter(self, title: str) -> None:
        """A heading."""
        if not self._as_json:
            typer.secho(f"\n{title}", bold=True)

    def add(self, step: Step) -> None:
        """Print a step."""
        self.steps.append(step)
        if self._as_json:
            print(json.dumps({**asdict(step), "holds": step.holds}), flush=True)
            return
        mark = typer.style("ok  ", fg="green") if step.holds else _bad("DIFF")
        got = step.got if step.holds else _bad(step.got)
        typer.echo(
            f"{mark} {step.rule:<5} {step.who:<8} {step.what:<58} "
            f"{step.expected:<28} {got}"
        )
        if step.why:
            typer.secho(f"     {'':<5} {'':<8} {step.why}", dim=True)
        sys.stdout.flush()

    def finish(self) -> int:
        """The last line; the exit status."""
        total, bad = len(self.steps), self.differences
        if not self._as_json:
            told = f"\n{total} steps, {bad} differences from the guide"
            typer.secho(told, fg="red" if bad else "green", bold=True)
        return 1 if bad else 0


def _bad(text: str) -> str:
    return typer.style(text, fg="red", bold=True)
