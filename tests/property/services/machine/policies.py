"""Managed policies and their versions, told a second time (facts 10.4 to 10.7)."""

from typing import Final

from tests.property.services.machine.telling import (
    VERSIONS,
    Estate,
    Operation,
    Params,
    Policy,
    Refused,
    Told,
    as_written,
    refuse,
    says_of_aws,
    tagged,
    unknown,
)

OLD_VERSIONS: Final = (
    "This policy has more than one version. Before you delete a policy, you must "
    "delete the policy's versions. The default version is deleted with the policy."
)
TOO_MANY_VERSIONS: Final = (
    "A managed policy can have up to 5 versions. Before you create a new version, you "
    "must delete an existing version."
)


def _create(estate: Estate, params: Params) -> Told:
    name = params["PolicyName"]
    tags = tagged({}, params, as_written)
    refuse(
        (
            name.lower() in estate.policies,
            "EntityAlreadyExists",
            f"A policy called {name} already exists. Duplicate names are not allowed.",
        )
    )
    policy = Policy(
        name=name,
        path=params.get("Path", "/"),
        versions={1: params["PolicyDocument"]},
        description=params.get("Description", ""),
        tags=tags,
    )
    estate.policies[name.lower()] = policy
    return {
        "Policy": {
            "PolicyName": name,
            "Arn": estate.policy_arn(policy),
            "DefaultVersionId": "v1",
            "AttachmentCount": 0,
        }
    }


def _found(estate: Estate, params: Params, act: str) -> Policy:
    """A policy that is about to change."""
    arn = params["PolicyArn"]
    if says_of_aws(arn) is not None:
        message = f"Cannot {act} outside your own account."
        raise Refused(("AccessDenied", message))
    policy = estate.policy_at(arn)
    if policy is None:
        raise unknown(f"Policy {arn} was not found.")
    return policy


def _delete(estate: Estate, params: Params) -> Told:
    policy = _found(estate, params, "delete policies")
    arn = estate.policy_arn(policy)
    owners = estate.all_owners()
    used = any(arn in one.attached or arn == one.boundary for one in owners)
    refuse(
        (used, "DeleteConflict", "Cannot delete a policy attached to entities."),
        (
            len(policy.versions) > 1,
            "DeleteConflict",
            OLD_VERSIONS,
        ),
    )
    del estate.policies[policy.name.lower()]
    return {}


def _create_version(estate: Estate, params: Params) -> Told:
    policy = _found(estate, params, "update policies")
    refuse(
        (
            len(policy.versions) >= VERSIONS,
            "LimitExceeded",
            TOO_MANY_VERSIONS,
        )
    )
    number, is_default = policy.next, params.get("SetAsDefault", False)
    policy.versions[number] = params["PolicyDocument"]
    policy.next += 1
    if is_default:
        policy.default = number
    told = {"VersionId": f"v{number}", "IsDefaultVersion": is_default}
    return {"PolicyVersion": told}


def _version(estate: Estate, params: Params, act: str) -> tuple[Policy, int]:
    arn, version = params["PolicyArn"], params["VersionId"]
    if act and says_of_aws(arn) is not None:
        raise Refused(("AccessDenied", f"Cannot {act} outside your own account."))
    policy, number = estate.policy_at(arn), int(version[1:])
    if policy is None or number not in policy.versions:
        raise unknown(
            f"Policy {arn} version {version} does not exist or is not attachable."
        )
    return policy, number


def _delete_version(estate: Estate, params: Params) -> Told:
    act = "delete policy versions for policies"
    policy, number = _version(estate, params, act)
    refuse(
        (
            number == policy.default,
            "DeleteConflict",
            "Cannot delete the default version of a policy.",
        )
    )
    del policy.versions[number]
    return {}


def _set_default(estate: Estate, params: Params) -> Told:
    policy, number = _version(estate, params, "update policies")
    policy.default = number
    return {}


def _tag(estate: Estate, params: Params) -> Told:
    policy = _found(estate, params, "update policies")
    policy.tags = tagged(policy.tags, params, as_written)
    return {}


def _untag(estate: Estate, params: Params) -> Told:
    policy = _found(estate, params, "update policies")
    for key in params["TagKeys"]:
        policy.tags.pop(key, None)
    return {}


OPERATIONS: dict[str, Operation] = {
    "CreatePolicy": _create,
    "DeletePolicy": _delete,
    "CreatePolicyVersion": _create_version,
    "DeletePolicyVersion": _delete_version,
    "SetDefaultPolicyVersion": _set_default,
    "TagPolicy": _tag,
    "UntagPolicy": _untag,
}
