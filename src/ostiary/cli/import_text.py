"""What `ostiary import` did, or would do, for people and as JSON."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ostiary.cli.lint_text import printable
from ostiary.services.imports.faults import Fault
from ostiary.services.imports.plan import Act, Plan

NOT_TOLD: Final = (
    "access keys and their secrets",
    "console passwords",
    "MFA devices and their seeds",
    "SSH keys, certificates and service-specific credentials",
    "identity providers",
    "descriptions and longest sessions of roles",
    "tags of policies and instance profiles",
    "instance profiles without a role",
    "the account's alias and password policy",
)
"""What no such file holds: it stays as it is, and is new only when asked for."""

_FAULTS_SHOWN: Final = 100


@dataclass(kw_only=True)
class Report:
    """All there is to tell."""

    source: str
    dry_run: bool
    plans: list[Plan] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def show(report: Report, *, as_json: bool) -> None:
    """Print it; faults go to standard error, unless all is JSON."""
    if as_json:
        print(json.dumps(_as_json(report), indent=2))
        return
    if report.faults:
        print("\n".join(_refused(report)), file=sys.stderr)
    if report.plans:
        print("\n".join(_told(report)))


def _refused(report: Report) -> Iterator[str]:
    count = len(report.faults)
    for fault in report.faults[:_FAULTS_SHOWN]:
        yield from _fault(report, "", fault)
    if count > _FAULTS_SHOWN:
        yield f"and {count - _FAULTS_SHOWN} more; `--json` tells all"
    done = "the accounts above are imported" if report.plans else "nothing is changed"
    yield f"ostiary: the file has {count} fault{'s' if count > 1 else ''}; {done}"


def _fault(report: Report, word: str, fault: Fault) -> Iterator[str]:
    yield printable(f"{report.source}: {fault.place}: {word}{fault.message}")
    if fault.help:
        yield printable(f"  help: {fault.help}")


def _told(report: Report) -> Iterator[str]:
    for plan in report.plans:
        yield from _plan(report, plan)
    yield "the file cannot tell, so nothing is changed of:"
    yield from (f"  {one}" for one in NOT_TOLD)


def _plan(report: Report, plan: Plan) -> Iterator[str]:
    new = " (new)" if plan.is_new else ""
    yield f"account {plan.account}{new}"
    for item in plan.items:
        if item.act is not Act.UNCHANGED:
            changes = f": {', '.join(item.changes)}" if item.changes else ""
            yield f"  {item.act} {item.kind} {item.arn}{changes}"
    for arn in plan.left:
        yield f"  left alone {arn}: it is not in the file"
    for notice in plan.notices:
        yield from (f"  {line}" for line in _fault(report, "note: ", notice))
    yield f"  {_summary(report, plan)}"


def _summary(report: Report, plan: Plan) -> str:
    counts = Counter(item.act for item in plan.items)
    if plan.is_empty:
        return f"nothing to change: {counts[Act.UNCHANGED]} unchanged"
    would = "would be " if report.dry_run else ""
    told = (
        f"{counts[Act.CREATE]} {would}created, {counts[Act.UPDATE]} {would}updated, "
        f"{counts[Act.UNCHANGED]} unchanged"
    )
    return f"{told}, {len(plan.keys)} new access keys" if plan.keys else told


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "file": report.source,
        "dry_run": report.dry_run,
        "accounts": [_plan_as_json(plan) for plan in report.plans],
        "faults": [_fault_as_json(one) for one in report.faults],
        "not_told": list(NOT_TOLD),
    }


def _plan_as_json(plan: Plan) -> dict[str, Any]:
    counts = Counter(item.act for item in plan.items)
    return {
        "account_id": plan.account,
        "is_new": plan.is_new,
        "counts": {act.value: counts[act] for act in Act},
        "entities": [
            {
                "kind": item.kind,
                "arn": item.arn,
                "act": item.act.value,
                "changes": list(item.changes),
            }
            for item in plan.items
        ],
        "left_alone": plan.left,
        "notices": [_fault_as_json(one) for one in plan.notices],
        "new_access_keys": [
            {"user": one.user, "access_key_id": one.id} for one in plan.keys
        ],
    }


def _fault_as_json(fault: Fault) -> dict[str, Any]:
    return {
        "document": fault.place.document,
        "pointer": fault.place.pointer,
        "message": fault.message,
        "help": fault.help,
    }
