"""Versions of managed policies: at most five, numbered without reuse."""

import re
from dataclasses import replace
from typing import Final

from ostiary.identity.model import Policy, PolicyVersion
from ostiary.services.errors import delete_conflict, limit_exceeded, no_such_entity
from ostiary.services.iam import documents, managed, quotas
from ostiary.services.iam.paging import in_memory, paged
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.port import Change, Reader

# Nine digits: any number that we may have given, and none that a database refuses.
_VERSION_ID: Final = re.compile(r"v([1-9][0-9]{0,8})", re.ASCII)


def summary(version: PolicyVersion, policy: Policy) -> Result:
    """A version as lists show it, without its document."""
    return {
        "VersionId": f"v{version.number}",
        "IsDefaultVersion": version.number == policy.default_version,
        "CreateDate": version.created,
    }


def create_policy_version(call: Call, change: Change) -> Result:
    """A new version, which is in force at once only if asked for."""
    policy = managed.get_own(call, change, "update policies")
    text = call.text("PolicyDocument")
    documents.require_managed(text)
    if change.count(PolicyVersion, policy=policy.arn) >= quotas.VERSIONS:
        raise limit_exceeded(
            f"A managed policy can have up to {quotas.VERSIONS} versions. Before you "
            "create a new version, you must delete an existing version."
        )
    version = PolicyVersion(
        policy=policy.arn, number=policy.next_version, text=text, created=call.now
    )
    policy = replace(
        policy,
        next_version=version.number + 1,
        updated=call.now,
        default_version=(
            version.number if call.flag("SetAsDefault") else policy.default_version
        ),
    )
    change.insert(version)
    change.replace(policy)
    return {"PolicyVersion": summary(version, policy)}


def get_policy_version(call: Call, view: Reader) -> Result:
    """One version with its document, as it was sent (T94)."""
    policy, version = _get_version(call, view)
    document = documents.encoded(version.text)
    return {"PolicyVersion": {"Document": document, **summary(version, policy)}}


def delete_policy_version(call: Call, change: Change) -> Result:
    """Forget a version that is not the default one."""
    managed.require_own(call, "delete policy versions for policies")
    policy, version = _get_version(call, change)
    if version.number == policy.default_version:
        raise delete_conflict("Cannot delete the default version of a policy.")
    change.delete(version)
    return {}


def list_policy_versions(call: Call, view: Reader) -> Result:
    """The versions of a policy, newest first: five at most."""
    policy = managed.get_visible(call, view)
    versions = managed.versions_of(view, policy)
    source = in_memory(versions, lambda version: f"{10**9 - version.number:010d}")
    page, rest = paged(call, "ListPolicyVersions", source)
    return {"Versions": [summary(version, policy) for version in page], **rest}


def set_default_policy_version(call: Call, change: Change) -> Result:
    """Another version is in force."""
    managed.require_own(call, "update policies")
    policy, version = _get_version(call, change)
    change.replace(replace(policy, default_version=version.number))
    return {}


def _get_version(call: Call, view: Reader) -> tuple[Policy, PolicyVersion]:
    """The policy and version that the call names; raises NoSuchEntity for either."""
    arn, text = managed.policy_arn(call), call.text("VersionId")
    policy = managed.find_visible(view, call.caller.account, arn)
    match = _VERSION_ID.fullmatch(text)
    version = None
    if policy is not None and match is not None:
        versions = managed.versions_of(view, policy)
        version = next((v for v in versions if v.number == int(match[1])), None)
    if policy is None or version is None:
        raise no_such_entity(
            f"Policy {arn} version {text} does not exist or is not attachable."
        )
    return policy, version


OPERATIONS: Operations = {
    "CreatePolicyVersion": ChangeOperation(run=create_policy_version),
    "GetPolicyVersion": ReadOperation(run=get_policy_version),
    "DeletePolicyVersion": ChangeOperation(run=delete_policy_version),
    "ListPolicyVersions": ReadOperation(run=list_policy_versions),
    "SetDefaultPolicyVersion": ChangeOperation(run=set_default_policy_version),
}
