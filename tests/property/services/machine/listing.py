"""The whole account as the telling has it, and as the real lists show it."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from tests.property.services.machine.house import House
from tests.property.services.machine.owners import summary
from tests.property.services.machine.telling import (
    DOCUMENTS,
    Estate,
    Owner,
    Policy,
    Told,
    shown,
)
from tests.unit.gate.whole import Keys

SHOWN_PARTS: Final = ("Path", "Name", "Id", "Arn")
OWN_SORTS: Final = ["User", "Group", "Role", "LocalManagedPolicy"]


def told(estate: Estate) -> Told:
    """Everything, from the telling."""
    keys = {one.name: dict(one.keys) for one in estate.users.values()}
    return {
        "details": {
            kind: {one.id: _owner(estate, one) for one in owners.values()}
            for kind, owners in estate.owners.items()
        },
        "policies": {one.id: _policy(estate, one) for one in estate.policies.values()},
        "ListUsers": _in_order(estate, "User"),
        "ListGroups": _in_order(estate, "Group"),
        "ListRoles": _in_order(estate, "Role"),
        "keys": keys | {"": dict(estate.root_keys)},
        "devices": {
            one.serial: one.user.name if one.user else ""
            for one in estate.devices.values()
        },
        "profiles": {
            one.name: (one.id, one.path, one.role.name if one.role else "")
            for one in estate.profiles.values()
        },
        "providers": set(estate.providers),
        "aliases": [estate.alias] if estate.alias else [],
        "summary": _counts(estate),
    }


def seen(house: House, keys: Keys, most: int) -> Told:
    """Everything, from the lists, in pages of so many."""
    details = house.all_of(
        keys, "GetAccountAuthorizationDetails", most, Filter=OWN_SORTS
    )
    listed = {name: house.all_of(keys, name, most) for name in _LISTS}
    users = [one["UserName"] for one in listed["ListUsers"]["Users"]]
    return {
        "details": {
            kind: {
                one[f"{kind}Id"]: _detail(kind, one)
                for one in details[f"{kind}DetailList"]
            }
            for kind in ("User", "Group", "Role")
        },
        "policies": {one["PolicyId"]: _seen_policy(one) for one in details["Policies"]},
        **{
            name: [_summary(one) for one in listed[name][member]]
            for name, member in _LISTS.items()
            if name in ("ListUsers", "ListGroups", "ListRoles")
        },
        "keys": {
            name: _keys(house, keys, {"UserName": name} if name else {})
            for name in ("", *users)
        },
        "devices": {
            one["SerialNumber"]: one["User"]["UserName"] if "User" in one else ""
            for one in listed["ListVirtualMFADevices"]["VirtualMFADevices"]
        },
        "profiles": {
            one["InstanceProfileName"]: (
                one["InstanceProfileId"],
                one["Path"],
                one["Roles"][0]["RoleName"] if one["Roles"] else "",
            )
            for one in listed["ListInstanceProfiles"]["InstanceProfiles"]
        },
        "providers": {
            one["Arn"]
            for one in house.ask(keys, "iam", "ListOpenIDConnectProviders", {})[
                "OpenIDConnectProviderList"
            ]
        },
        "aliases": listed["ListAccountAliases"]["AccountAliases"],
        "summary": _seen_counts(house, keys),
    }


_LISTS: Final = {
    "ListUsers": "Users",
    "ListGroups": "Groups",
    "ListRoles": "Roles",
    "ListVirtualMFADevices": "VirtualMFADevices",
    "ListInstanceProfiles": "InstanceProfiles",
    "ListAccountAliases": "AccountAliases",
}
_COUNTED: Final = (
    *("Users", "Groups", "Roles", "Policies", "InstanceProfiles", "MFADevices"),
    *("MFADevicesInUse", "Providers", "AccountAccessKeysPresent"),
)


def _in_order(estate: Estate, kind: str) -> list[Told]:
    """As a list shows them: by name, whatever its letters' case."""
    ordered = sorted(estate.owners[kind].items())
    return [summary(estate, owner) for _, owner in ordered]


def _owner(estate: Estate, owner: Owner) -> Told:
    result = summary(estate, owner) | {
        "inline": {name: DOCUMENTS[one] for name, one in owner.inline.items()},
        "attached": owner.attached,
    }
    if owner.kind != "Group":
        result |= {"tags": shown(owner.tags), "boundary": owner.boundary}
    if owner.kind == "User":
        result["groups"] = {group.name for group in owner.groups}
    return result


def _policy(estate: Estate, policy: Policy) -> Told:
    arn = estate.policy_arn(policy)
    owners = estate.all_owners()
    return {
        "PolicyName": policy.name,
        "Arn": arn,
        "DefaultVersionId": f"v{policy.default}",
        "AttachmentCount": sum(arn in one.attached for one in owners),
        "PermissionsBoundaryUsageCount": sum(arn == one.boundary for one in owners),
        "versions": [
            (f"v{number}", DOCUMENTS[policy.versions[number]])
            for number in sorted(policy.versions, reverse=True)
        ],
    }


def _counts(estate: Estate) -> Told:
    assigned = [one for one in estate.devices.values() if one.user is not None]
    return dict(
        zip(
            _COUNTED,
            (
                *(len(estate.owners[kind]) for kind in ("User", "Group", "Role")),
                len(estate.policies),
                len(estate.profiles),
                len(estate.devices),
                len(assigned),
                len(estate.providers),
                1,
            ),
            strict=True,
        )
    )


def _seen_counts(house: House, keys: Keys) -> Told:
    found = house.ask(keys, "iam", "GetAccountSummary", {})["SummaryMap"]
    return {name: found[name] for name in _COUNTED}


def _keys(house: House, keys: Keys, params: Told) -> dict[str, str]:
    found = house.ask(keys, "iam", "ListAccessKeys", params)["AccessKeyMetadata"]
    return {one["AccessKeyId"]: one["Status"] for one in found}


def _summary(one: Told) -> Told:
    """The parts that every list has."""
    return {
        name: value
        for name, value in one.items()
        if name.removeprefix("User").removeprefix("Group").removeprefix("Role")
        in SHOWN_PARTS
    }


def _detail(kind: str, one: Told) -> Told:
    result = _summary(one) | {
        "inline": {
            each["PolicyName"]: _text(each["PolicyDocument"])
            for each in one.get(f"{kind}PolicyList", [])
        },
        "attached": {each["PolicyArn"] for each in one["AttachedManagedPolicies"]},
    }
    if kind != "Group":
        boundary = one.get("PermissionsBoundary", {})
        result |= {
            "tags": one["Tags"],
            "boundary": boundary.get("PermissionsBoundaryArn", ""),
        }
    if kind == "User":
        result["groups"] = _once(one["GroupList"])
    return result


def _once(names: Iterable[str]) -> set[str]:
    listed = list(names)
    assert len(set(listed)) == len(listed)
    return set(listed)


def _seen_policy(one: Told) -> Told:
    names = ("PolicyName", "Arn", "DefaultVersionId", "AttachmentCount")
    return {name: one[name] for name in names} | {
        "PermissionsBoundaryUsageCount": one["PermissionsBoundaryUsageCount"],
        "versions": [
            (each["VersionId"], _text(each["Document"]))
            for each in one["PolicyVersionList"]
        ],
    }


def _text(document: str) -> str:
    """A document as it was sent; botocore's parser leaves it percent-encoded."""
    return unquote(document)
