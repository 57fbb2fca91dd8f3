"""Findings for people, and as JSON."""

import json
from typing import Any, Final

from ostiary.cli.lint_places import Placed, Region, Report

PAGE: Final = "docs/lint.md"
_WIDTH: Final = 100
_BEFORE: Final = 30


def as_text(report: Report) -> str:
    """Each finding with the line that it is about, the spot underlined."""
    lines = report.text.split("\n")
    return "".join(_told(report.name, one, lines) for one in report.findings)


def _told(name: str, one: Placed, lines: list[str]) -> str:
    finding, region = one.finding, one.region
    rule = finding.rule
    where = f"{name}:{region.line}:{region.column}"
    told = [
        f"{where}: {rule.level.value}[{rule.code}]: {printable(finding.message)}",
        *_excerpt(region, lines),
        f"  help: {printable(finding.help)}",
    ]
    if finding.aws_message and finding.aws_message not in finding.help:
        told.append(f"  aws: {printable(finding.aws_message)}")
    at = f" at {finding.pointer}" if finding.pointer else ""
    told.append(f"  rule: {', '.join(rule.facts)}; {PAGE}#{rule.code.lower()}{at}")
    return "\n".join(told) + "\n\n"


def _excerpt(region: Region, lines: list[str]) -> list[str]:
    line = lines[region.line - 1] if region.line <= len(lines) else ""
    first = region.column - 1
    last = region.end_column - 1 if region.end_line == region.line else len(line)
    skip = max(first - _BEFORE, 0) if len(line) > _WIDTH else 0
    shown = printable(line[skip : skip + _WIDTH], keep_width=True)
    length = max(min(last, skip + _WIDTH) - first, 1)
    number = str(region.line)
    margin = " " * len(number)
    return [
        f" {number} | {shown}",
        f" {margin} | {' ' * (first - skip)}{'^' * length}",
    ]


def printable(text: str, *, keep_width: bool = False) -> str:
    """The text without what would move a terminal's cursor or hide something."""

    def plain(char: str) -> str:
        if char.isprintable():
            return char
        return " " if keep_width else char.encode("unicode_escape").decode("ascii")

    return "".join(map(plain, text))


def as_json(reports: list[Report]) -> str:
    """The findings of each file, in JSON."""
    return json.dumps({"policies": [_report(one) for one in reports]}, indent=2)


def _report(report: Report) -> dict[str, Any]:
    return {
        "file": report.name,
        "kind": report.kind.value,
        "kind_is_guessed": report.is_guess,
        "findings": [_finding(one) for one in report.findings],
    }


def _finding(one: Placed) -> dict[str, Any]:
    finding, region = one.finding, one.region
    return {
        "code": finding.rule.code,
        "level": finding.rule.level.value,
        "title": finding.rule.title,
        "facts": list(finding.rule.facts),
        "pointer": finding.pointer,
        "line": region.line,
        "column": region.column,
        "end_line": region.end_line,
        "end_column": region.end_column,
        "message": finding.message,
        "help": finding.help,
        "replacement": finding.replacement,
        "aws_message": finding.aws_message or None,
    }
