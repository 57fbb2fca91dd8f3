"""Writes src/ostiary/data/unseen_keys.json: what AWS knows and this door does not.

By action, the condition keys that AWS gives it and that no row of data/actions does.
Keys of things that do not exist behind the door are left out: there they are absent
truly, and a policy that tests them decides as on AWS.

`--check` writes nothing and fails when the file is out of step.
"""

import json
import sys
from pathlib import Path
from typing import Any

from ostiary.gate.rows import SERVICES, read_table

ROOT = Path(__file__).parent.parent
FILE = ROOT / "src/ostiary/data/unseen_keys.json"
REFERENCE = ROOT / "tests/architecture/iam_reference.json"

# Keys that are absent behind this door because the thing they are about is.
TRULY_ABSENT = (
    "aws:requesttag/",  # rows give the tags of every request that can have some
    "aws:tagkeys",
    "dynamodb:fis",  # fault injection
    "ec2:islaunchtemplateresource",  # launch templates are refused
    "ec2:launchtemplate",
    "ec2:managedresourceoperator",
    "ec2:sourceinstancearn",
    "iam:fido",  # no security keys by API (M41)
    "iam:registersecuritykey",
    "iam:roletemplatearn",
    "iam:templatearn",
    "s3:accessgrant",  # no access points, grants, jobs
    "s3:accesspoint",
    "s3:dataaccesspoint",
    "s3:job",
    "s3:existingjob",
    "s3:requestjob",
    "s3:isreplicationpauserequest",
    "s3:resourcearnbeingauthorized",
    "s3:deliverysourcearn",
    "s3:destinationregion",
    "s3:logtype",
    "sts:roleauthorizedbyidp",
    "organizations:transfer",  # no billing that could be transferred
)
# Keys that code gives, or that only some requests have.
GIVEN = {
    "ec2": {"ec2:createaction"},
    "dynamodb": {
        "dynamodb:attributes",
        "dynamodb:enclosingoperation",
        "dynamodb:leadingkeys",
        "dynamodb:returnconsumedcapacity",
        "dynamodb:returnvalues",
        "dynamodb:select",
    },
    "s3": {"s3:requestobjecttagkeys"},
}


def text() -> str:
    """The file's content."""
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))["services"]
    made = {service: _service(service, reference[service]) for service in SERVICES}
    return json.dumps(made, separators=(",", ":")) + "\n"


def _service(service: str, told: dict[str, Any]) -> dict[str, Any]:
    table: Any = read_table(service)
    given = _given(table)
    keysets: dict[str, int] = {}
    actions = {}
    for action in sorted(set(given) & set(told["actions"])):
        unseen = sorted(
            key
            for key in _keys(told, action)
            if not key.startswith(TRULY_ABSENT)
            and key not in given.get(action, ())
            and key not in GIVEN.get(service, ())
        )
        if unseen:
            actions[action] = keysets.setdefault(" ".join(unseen), len(keysets))
    return {"keysets": list(keysets), "actions": actions}


def _keys(told: dict[str, Any], action: str) -> set[str]:
    """Folded keys of an action; a family ends in a slash.

    AWS lists the tags of a resource with its type only. What is about to be created
    has none.
    """
    types, _, place = told["actions"][action].partition("|")
    keys = {_family(key) for key in told["keysets"][int(place)].split()}
    for name in types.split():
        lent = told["resources"][name.rstrip("!")].rpartition("|")[2].split()
        keys.update(key for key in map(_family, lent) if key in _TAGS)
    return keys - _TAGS if action.startswith("Create") else keys


_TAGS = {"aws:resourcetag/", "iam:resourcetag/", "ec2:resourcetag/", "s3:buckettag/"}


def _family(key: str) -> str:
    name, slash, rest = key.partition("/")
    return (f"{name}/" if slash and rest[:1] in {"$", "<"} else key).lower()


def _given(table: Any) -> dict[str, set[str]]:
    """By action, the keys that rows give it."""
    given: dict[str, set[str]] = {}
    for operation, row in table["operations"].items():
        listed = row if isinstance(row, list) else [{} if row == "*" else row]
        for spec in listed:
            given.setdefault(spec.get("action", operation), set())
        for key, rows in table.get("keys", {}).items():
            for told in rows if isinstance(rows, list) else [rows]:
                if operation not in told.get("in", (operation,)):
                    continue
                for spec in listed:
                    on = told.get("on")
                    if on is None or any(name in spec for name in on):
                        action = spec.get("action", operation)
                        given.setdefault(action, set()).add(key.lower())
    return given


def main() -> int:
    """Writes the file, or with `--check` says that it is out of step."""
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text(), encoding="utf-8")
        print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")
    elif FILE.read_text(encoding="utf-8") != text():
        print(f"out of step with data/actions: `{FILE.name}`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
