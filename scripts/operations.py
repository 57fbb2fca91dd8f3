"""Writes docs/operations.md from the rows of data/actions.

`--check` writes nothing and fails when the page is out of step.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ostiary.gate.rows import RESERVED, SERVICES, read_table
from ostiary.gate.unseen import unseen_keys

FILE = Path(__file__).parent.parent / "docs/operations.md"

# Operations whose needs are made in code, in words.
MADE_OF_PARTS = {
    "AssumeRoot": "`sts:AssumeRoot` on the member account's root user",
    "BatchExecuteStatement": "the PartiQL action of each statement, on its table",
    "BatchGetItem": "`dynamodb:BatchGetItem` on each table",
    "BatchWriteItem": "`dynamodb:BatchWriteItem` on each table",
    "CopyObject": "`s3:GetObject` (with a version `s3:GetObjectVersion`) on the source",
    "DeleteItem": "`dynamodb:DeleteItem` on the table",
    "DeleteObjects": "`s3:DeleteObject` (with a version `s3:DeleteObjectVersion`) "
    "on each object",
    "ExecuteStatement": "the PartiQL action of the statement, on its table",
    "ExecuteTransaction": "the PartiQL action of each statement, on its table",
    "GetItem": "`dynamodb:GetItem` on the table",
    "PutItem": "`dynamodb:PutItem` on the table",
    "Query": "`dynamodb:Query` on the table or index",
    "Scan": "`dynamodb:Scan` on the table or index",
    "TransactGetItems": "`dynamodb:GetItem` on the table of each item",
    "TransactWriteItems": "`dynamodb:PutItem`, `UpdateItem`, `DeleteItem` or "
    "`ConditionCheckItem` on the table of each item",
    "UpdateItem": "`dynamodb:UpdateItem` on the table",
    "UploadPartCopy": "`s3:GetObject` (with a version `s3:GetObjectVersion`) "
    "on the source",
}
PAST_RETENTION = "`s3:BypassGovernanceRetention` on each object"
NAMES = {
    "iam": "IAM",
    "sts": "STS",
    "ec2": "EC2",
    "dynamodb": "DynamoDB",
    "s3": "S3",
    "sqs": "SQS",
    "sns": "SNS",
    "organizations": "Organizations",
}
INTRODUCTION = """\
# Operations

Which permissions each operation takes, as the gate asks for them.
`scripts/operations.py` writes this page from `src/ostiary/data/actions`.

An operation is *mapped* (it takes the permissions in its row, all of them), *free*
(policies can neither allow nor deny it), or *refused* (nobody gets it through the
door, and the audit record says `unmapped`).
A mapped operation is refused as well when its request names things in a way that
does not tell their ARNs.

- `InstanceId[]` means one permission for each entry of the list.
- `*` as a resource of a type means all things of the type: what does not exist yet,
  or what the service chooses when the request names none. An Allow must then cover the
  whole type; a Deny on one thing of it is not seen.
- *self* is the user behind the credentials.
- On EC2, tags given at creation take `ec2:CreateTags` on each tagged type besides.

Condition keys that only an upstream knows, such as the tags or the type of an instance
that exists, are never present here; each section lists them as *unseen*.
A statement that needs such a key to hold never applies, be it an Allow or a Deny.

`dynamodb:LeadingKeys` needs the name of the table's partition key.
A key with one attribute, or a query with one equality, tells it; where nothing does,
the values that may be the one are given together with one that equals nothing, so
`ForAllValues` does not hold.
The tags that CopyObject takes over from its source need no permission of their own.
What AWS answers when a session without the right to a call of STS makes it is not
published; Ostiary says `AccessDenied` in AWS's usual grammar (unconfirmed).
"""


def actions_of(table: Any, operation: str) -> set[str]:
    """The actions that a row asks for by name."""
    row = table["operations"][operation]
    if row == "*":
        return {operation}
    listed = row if isinstance(row, list) else [row]
    return {str(spec.get("action", operation)) for spec in listed}


def paths_of(spec: dict[str, Any]) -> Iterator[str]:
    """Every path of a need."""
    for name, value in spec.items():
        if name in {"when", "unless", "refuse"}:
            yield from value
        elif name not in RESERVED and value not in {"*", "self"}:
            yield from value.partition(" or ")[0].split(" + ")


def page() -> str:
    """The whole page."""
    tables = {service: read_table(service) for service in SERVICES}
    parts = [INTRODUCTION, _summary(tables)]
    parts += [_section(service, table) for service, table in tables.items()]
    return "\n".join(parts)


def _summary(tables: dict[str, Any]) -> str:
    lines = ["| service | mapped | free | refused |", "| --- | --- | --- | --- |"]
    for service, table in tables.items():
        refused = sum(len(group["operations"]) for group in table.get("refused", ()))
        mapped, free = len(table["operations"]), len(table.get("free", {}))
        lines.append(f"| {NAMES[service]} | {mapped} | {free} | {refused} |")
    return "\n".join(lines) + "\n"


def _section(service: str, table: Any) -> str:
    prefix = table["prefix"]
    lines = [f"## {NAMES[service]}", ""]
    plain = [name for name, row in table["operations"].items() if row == "*"]
    lines += ["| operation | takes |", "| --- | --- |"]
    for name, row in table["operations"].items():
        if row != "*":
            listed = row if isinstance(row, list) else [row]
            told = "; ".join(_need(name, spec, prefix) for spec in listed)
            lines.append(f"| {name} | {told} |")
    if plain:
        lines += ["", "Each of these takes the action of its own name, on `*`:"]
        lines.append(f"{', '.join(plain)}.")
    for name, why in table.get("free", {}).items():
        lines += ["", f"Free: {name}, for {why}."]
    for group in table.get("refused", ()):
        names = ", ".join(group["operations"])
        lines += ["", f"Refused, for {group['why']}:", f"{names}."]
    if table.get("keys"):
        keys = ", ".join(f"`{key}`" for key in table["keys"])
        lines += ["", f"Condition keys: {keys}."]
    unseen = sorted({key for name in _actions(table) for key in _unseen(prefix, name)})
    if unseen:
        lines += ["", f"Unseen: {', '.join(f'`{key}`' for key in unseen)}."]
    return "\n".join(lines) + "\n"


def _actions(table: Any) -> set[str]:
    return {a for name in table["operations"] for a in actions_of(table, name)}


def _unseen(prefix: str, action: str) -> frozenset[str]:
    return unseen_keys(f"{prefix}:{action}")


def _need(operation: str, spec: dict[str, Any], prefix: str) -> str:
    if "by" in spec:
        told = MADE_OF_PARTS[operation]
        if spec["by"] == "deleted_past_retention":
            told = PAST_RETENTION
    else:
        action = f"{prefix}:{spec.get('action', operation)}"
        told = f"`{action}` on {_resources(spec)}"
    for word, joint in (("when", "with"), ("unless", "without")):
        if word in spec:
            told += f", {joint} {' or '.join(spec[word])}"
    if "refuse" in spec:
        told += f" (refused with {', '.join(spec['refuse'])})"
    return told


def _resources(spec: dict[str, Any]) -> str:
    found = []
    for name, value in spec.items():
        if name in RESERVED:
            continue
        found.append("`*`" if name == "any" else f"{name} {_places(value)}")
    return ", ".join(found)


def _places(value: str) -> str:
    if value in {"*", "self"}:
        return f"`{value}`"
    places, bar, otherwise = value.partition(" or ")
    told = " and ".join(f"`{place}`" for place in places.split(" + "))
    if not bar:
        return told
    return f"{told} (if sent)" if otherwise == "none" else f"{told} or `{otherwise}`"


def main() -> int:
    """Writes the page, or with `--check` says that it is out of step."""
    if "--check" not in sys.argv[1:]:
        FILE.write_text(page(), encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != page():
        print(f"out of step with data/actions: `{FILE.name}`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
