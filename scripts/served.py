"""Writes docs/iam-operations.md: every operation, served or refused.

The names come from the services' models, the state from what is registered, and each
refusal has its reason here or in data/actions. `--check` writes nothing and fails when
the page is out of step.
"""

import json
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from ostiary.gate.rows import rows_of
from ostiary.services import sts
from ostiary.services.iam.operations import OPERATIONS
from ostiary.services.organizations.operations import OPERATIONS as ORGANIZATIONS

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docs/iam-operations.md"
MODELS = ROOT / "src/ostiary/data/models"

SERVED: Mapping[str, Collection[str]] = {
    "iam": OPERATIONS,
    "sts": sts.OPERATIONS,
    "organizations": ORGANIZATIONS,
}
NAMES = {"iam": "IAM", "sts": "STS", "organizations": "Organizations"}

REASONS: Mapping[str, Collection[str]] = {
    "role templates are made by AWS's own services": (
        "AcquireRole",
        "GetRoleTemplateVersion",
    ),
    "account properties configure Role Manager, a service of AWS": (
        "GetAccountProperties",
        "PutAccountProperties",
    ),
}
"""Why an operation is not served, where data/actions does not say it."""

INTRODUCTION = """\
# Operations of IAM, STS and Organizations

Which of AWS's operations Ostiary serves, and why it refuses the others.
`scripts/served.py` writes this page from the services' models and from what is
registered; which permissions each operation takes is in [operations.md](operations.md).

A refused operation is never half done: it answers with an error, and the audit record
says so.
"""


def page() -> str:
    """The whole page."""
    lines = [INTRODUCTION, "| service | served | refused |", "| --- | --- | --- |"]
    for service in SERVED:
        names = operations(service)
        served = sum(name in SERVED[service] for name in names)
        lines.append(f"| {NAMES[service]} | {served} | {len(names) - served} |")
    for service in SERVED:
        lines += ["", f"## {NAMES[service]}", "", "| operation | state |"]
        lines.append("| --- | --- |")
        lines += (
            f"| {name} | {state(service, name)} |" for name in operations(service)
        )
    return "\n".join(lines) + "\n"


def operations(service: str) -> list[str]:
    """The operations of the service's model, by name."""
    model = json.loads((MODELS / f"{service}.json").read_text(encoding="utf-8"))
    return sorted(model["operations"])


def state(service: str, operation: str) -> str:
    """What the page says of an operation; raises LookupError without a reason."""
    if operation in SERVED[service]:
        return "served"
    for why, names in REASONS.items():
        if operation in names:
            return f"refused: {why}"
    return f"refused: {rows_of(service).refused[operation]}"


def main() -> int:
    """Writes the page, or with `--check` says that it is out of step."""
    if "--check" not in sys.argv[1:]:
        FILE.write_text(page(), encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != page():
        print(f"out of step with what is registered: `{FILE.name}`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
