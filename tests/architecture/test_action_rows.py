"""The rows of data/actions name real things, and no operation is forgotten (T66)."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ostiary.gate.rows import RESERVED, SERVICES, read_table, rows_of
from scripts import operations, unseen

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MODELS = ROOT / "src/ostiary/data/models"

# What a type of a row is called in AWS's lists.
ALIASES = {
    "any-of": "",
    "child": "",
    "invited-account": "account",
    "parent": "",
    "taggable": "",
    "application": "",
    "deleted-role": "role",
    "entity": "",
    "key-owner": "user",
    "linked-role": "role",
    "named-queue": "queue",
    "queue-arn": "queue",
    "subscribed-topic": "topic",
    "table-or-part": "",
    "target": "",
    "any": "",
}
# Types that AWS decides on and a row does not, each with the reason.
UNDECIDED = {
    "capacity-reservation": "RunInstances refuses to name one",
    "elastic-gpu": "RunInstances refuses to name one",
    "elastic-inference": "RunInstances refuses to name one",
    "group": "RunInstances refuses to name one; StartInstances cannot",
    "launch-template": "RunInstances refuses to name one",
    "license-configuration": "RunInstances refuses to name one",
    "secondary-interface": "RunInstances refuses to name one",
    "secondary-subnet": "RunInstances refuses to name one",
    "ipam-pool": "every row that could name one refuses it",
    "ipv4pool-ec2": "every row that could name one refuses it",
    "ipv6pool-ec2": "every row that could name one refuses it",
    "security-group-rule": "new rules are decided on their group, tags on CreateTags",
    "transit-gateway": "CreateVpnConnection refuses to name one",
    "transit-gateway-attachment": "made by AWS with a transit gateway, refused",
    "vpn-concentrator": "CreateVpnConnection refuses to name one",
    "vpn-gateway": "AssociateRouteTable takes the id of an internet gateway only",
    "instance": "ModifyNetworkInterfaceAttribute refuses Attachment",
    "subnet": "ModifyNetworkInterfaceAttribute refuses AssociatedSubnetId",
    "sms-mfa": "retired (facts 8.1)",
    "accesspoint": "no access points behind this door",
    "accesspointobject": "no access points behind this door",
}
# Actions of the parts that rows take from sub_operations.
PART_ACTIONS = {
    "dynamodb": {
        "GetItem",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "ConditionCheckItem",
        "PartiQLSelect",
        "PartiQLInsert",
        "PartiQLUpdate",
        "PartiQLDelete",
    },
    "s3": {
        "DeleteObject",
        "DeleteObjectVersion",
        "BypassGovernanceRetention",
        "GetObject",
        "GetObjectVersion",
    },
    "ec2": {"CreateTags"},
}
# Rows that decide on one of several types as the request says, and the one case where
# AWS's list is silent: tags of a federated user.
ELSEWHERE = {
    ("CreateTable", "stream"),
    ("DescribeContributorInsights", "table"),
    ("UpdateContributorInsights", "table"),
    ("GetFederationToken", "role"),
    ("GetFederationToken", "federated-user"),
}
# Operations of the model that AWS's list does not have yet: their action has their name,
# as with every other operation, and the resource types of those beside them.
UNLISTED = {("iam", "UpdateDelegationRequest"), ("sts", "GetScopedCredentials")}
Spec = dict[str, Any]


@cache
def reference() -> dict[str, Any]:
    """AWS's lists, as scripts/iam_reference.py wrote them."""
    loaded: dict[str, Any] = json.loads(
        (HERE / "iam_reference.json").read_text(encoding="utf-8")
    )
    return loaded["services"]


@cache
def model(service: str) -> dict[str, Any]:
    """The operations of a service's model."""
    loaded: dict[str, Any] = json.loads(
        (MODELS / f"{service}.json").read_text(encoding="utf-8")
    )
    return loaded


def inputs(service: str, operation: str) -> set[str]:
    """The top-level names that an operation's request may have."""
    told = model(service)
    row = told["operations"][operation]
    if service in {"iam", "sts", "organizations"}:
        return (
            set(told["shapes"][row["input"]].get("members", {}))
            if "input" in row
            else set()
        )
    if service == "s3":
        named = {"Bucket", "Key", "Delete"}
        for place in ("query", "header", "prefix"):
            named.update(row.get(place, {}).values())
        return named
    return set(row) | set(told.get("query", {}).get(operation, ()))


def types_of(service: str, action: str) -> dict[str, bool]:
    """The resource types of an action, and whether each is always decided on."""
    text, _, _ = reference()[service]["actions"][action].partition("|")
    return {name.rstrip("!"): name.endswith("!") for name in text.split()}


def keys_of(service: str, action: str) -> set[str]:
    """The condition keys of an action, its own and those of its resource types."""
    told = reference()[service]
    keys = set(told["keysets"][int(told["actions"][action].rpartition("|")[2])].split())
    for name in types_of(service, action):
        keys.update(told["resources"][name].rpartition("|")[2].split())
    return keys


def specs(row: object) -> list[Spec]:
    """The needs of a row, as tables."""
    if row == "*":
        return []
    return [dict(spec) for spec in (row if isinstance(row, list) else [row])]  # type: ignore[call-overload]


def aws_type(name: str) -> str:
    """What AWS calls a type of ours; empty where it may be several."""
    return ALIASES.get(name, re.sub(r"\A(?:new|moved|source)-", "", name))


def every_row() -> Iterator[tuple[str, str, object]]:
    """Service, operation and row."""
    for service in SERVICES:
        table: Any = read_table(service)
        for operation, row in table["operations"].items():
            yield service, operation, row


@pytest.mark.threat("T66")
@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_is_mapped_or_refused(service: str) -> None:
    """Each operation of a model has exactly one answer: needs, free, or refused."""
    rows = rows_of(service)
    answers = [*rows.needs, *rows.free, *rows.refused]

    print(
        f"{service}: {len(rows.needs)} mapped, {len(rows.free)} free, {len(rows.refused)} refused"
    )
    assert len(answers) == len(set(answers))
    assert set(answers) == set(model(service)["operations"])


def test_only_two_operations_are_free() -> None:
    """Nothing passes without a permission but what policies cannot decide (M26)."""
    free = {
        f"{service}:{name}" for service in SERVICES for name in rows_of(service).free
    }

    assert free == {"sts:GetSessionToken", "sts:GetCallerIdentity"}


def test_rows_name_real_actions() -> None:
    """Every action is one that AWS publishes."""
    unknown = []
    for service, operation, row in every_row():
        for spec in specs(row) or [{}]:
            action = spec.get("action", operation)
            if "by" in spec and action not in reference()[service]["actions"]:
                assert operation in operations.MADE_OF_PARTS, operation
            elif (
                action not in reference()[service]["actions"]
                and (service, action) not in UNLISTED
            ):
                unknown.append(f"{operation}: {service}:{action}")

    assert unknown == []
    for service, actions in PART_ACTIONS.items():
        assert actions <= set(reference()[service]["actions"])


def test_what_is_unlisted_is_in_the_model_and_not_in_the_list() -> None:
    """The exception ends when AWS's list has the operation."""
    for service, name in UNLISTED:
        assert name in model(service)["operations"]
        assert name not in reference()[service]["actions"]


def test_rows_decide_on_the_types_that_aws_decides_on() -> None:
    """No type of an action is left out without a reason, and none is made up."""
    wrong = []
    for service, operation, row in every_row():
        by_action: dict[str, set[str]] = {}
        for spec in specs(row):
            if "by" in spec:
                continue
            names = {aws_type(name) for name in spec if name not in RESERVED}
            by_action.setdefault(spec.get("action", operation), set()).update(names)
        for action, names in by_action.items():
            if (service, action) in UNLISTED:
                continue
            known = types_of(service, action)
            if "" in names:
                continue
            wrong += [
                f"{operation} {action}: {name} is made up"
                for name in names - set(known)
                if (operation, name) not in ELSEWHERE
            ]
            wrong += [
                f"{operation} {action}: {name} is left out"
                for name, always in known.items()
                if name not in names
                and (always or name not in UNDECIDED)
                and (operation, name) not in ELSEWHERE
            ]

    assert wrong == []


def test_what_has_no_resource_has_none_in_aws() -> None:
    """A row says `*` only where AWS knows no type, or where a list needs none."""
    wrong = [
        f"{service}:{operation}"
        for service, operation, row in every_row()
        if row == "*"
        and (service, operation) not in UNLISTED
        and any(types_of(service, operation).values())
    ]

    assert wrong == []


def test_rows_read_real_parameters() -> None:
    """Every path begins with a name that the operation's request may have."""
    wrong = []
    for service, operation, row in every_row():
        for spec in specs(row):
            for path in operations.paths_of(spec):
                first = re.split(r"[.\[?]", path)[0]
                of_caller = first in {"assertion", "session"}
                if not of_caller and first not in inputs(service, operation):
                    wrong.append(f"{operation}: {path}")

    assert wrong == []


def test_keys_are_real_keys_of_their_actions() -> None:
    """Every condition key is one that AWS gives to an action of its operations."""
    wrong = []
    for service in SERVICES:
        table: Any = read_table(service)
        for name, rows in table.get("keys", {}).items():
            for row in rows if isinstance(rows, list) else [rows]:
                listed = row.get("in") or table["operations"]
                found = {
                    key.lower()
                    for operation in listed
                    for action in operations.actions_of(table, operation)
                    if action in reference()[service]["actions"]
                    for key in keys_of(service, action)
                }
                spelled = name.lower()
                if spelled.endswith("/"):
                    fitting = any(key.startswith(spelled) for key in found)
                else:
                    fitting = spelled in found
                if not fitting:
                    wrong.append(f"{service}: {name}")

    assert wrong == []


def test_templates_are_aws_formats() -> None:
    """The ARN of a template differs from AWS's format in the names of its holes only."""
    wrong = []
    for service in SERVICES:
        table: Any = read_table(service)
        for name, row in table["resources"].items():
            if "id" not in row:
                continue
            arn = row.get("arn", table.get("arn", ""))
            theirs = (
                reference()[service]["resources"]
                .get(aws_type(name), "")
                .partition("|")[0]
            )
            ours = re.sub(
                r"/(?:aws-service-role/)?\{id\}(?:/\*)?\Z",
                "/{}",
                arn.replace("{type}", name),
            )
            if _shape(ours) != _shape(theirs):
                wrong.append(f"{name}: {arn} is not {theirs}")

    assert wrong == []


def _shape(arn: str) -> str:
    """An ARN with all holes alike, and a path before a name as part of the name."""
    return re.sub(
        r"\{(?:New)?Path\|/\}\{\}",
        "/{}",
        re.sub(r"\$?\{(?!(?:New)?Path\|)[^}]*\}", "{}", arn),
    )


def test_the_page_of_operations_is_in_step() -> None:
    """docs/operations.md is what scripts/operations.py writes from the rows."""
    assert operations.FILE.read_text(encoding="utf-8") == operations.page()


def test_the_unseen_keys_are_in_step() -> None:
    """data/unseen_keys.json is AWS's lists without what the rows give."""
    assert unseen.FILE.read_text(encoding="utf-8") == unseen.text()
