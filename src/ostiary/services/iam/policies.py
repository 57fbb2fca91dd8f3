"""Managed policies (facts 10.6 to 10.9)."""

from collections.abc import Iterator, Sequence
from typing import Final

from ostiary.identity.ids import unique_id
from ostiary.identity.model import AWS, Policy, PolicyVersion, iam_arn
from ostiary.services.errors import already_exists, delete_conflict
from ostiary.services.iam import documents, managed, quotas, tags
from ostiary.services.iam.paging import Source, paged
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store import catalogue
from ostiary.store.codec import name_key
from ostiary.store.port import Change, Page, Reader

_UNUSED: Final[Result] = {"AttachmentCount": 0, "PermissionsBoundaryUsageCount": 0}


def summary(policy: Policy, view: Reader, account: str) -> Result:
    """A managed policy as lists show it, with how often this account uses it."""
    uses: Result = {
        "AttachmentCount": managed.attachment_count(view, account, policy),
        "PermissionsBoundaryUsageCount": managed.boundary_count(view, account, policy),
    }
    return _shown(policy, uses)


def _shown(policy: Policy, uses: Result) -> Result:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default_version}",
        **uses,
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


def create_policy(call: Call, change: Change) -> Result:
    """A new managed policy whose first version is the default one."""
    account, name = call.caller.account, call.text("PolicyName")
    new_tags = tags.new_tags(call, tags.RESOURCE_TAGS)
    text = call.text("PolicyDocument")
    documents.require_managed(text)
    if change.find_by(Policy, account=account, name=name) is not None:
        raise already_exists(
            f"A policy called {name} already exists. Duplicate names are not allowed."
        )
    quotas.require_room(quotas.POLICIES, change.count(Policy, account=account))
    path = call.text("Path", "/")
    policy = Policy(
        arn=iam_arn(account, "policy", path, name),
        id=unique_id(call.mint, "ANPA"),
        account=account,
        name=name,
        path=path,
        created=call.now,
        updated=call.now,
        description=call.text("Description"),
        default_version=1,
        next_version=2,
        tags=new_tags,
    )
    change.insert(policy)
    change.insert(
        PolicyVersion(policy=policy.arn, number=1, text=text, created=call.now)
    )
    result = summary(policy, change, account)
    if policy.tags:
        # As they were sent; every later answer has them sorted.
        result["Tags"] = call.params["Tags"]
    return {"Policy": result}


def get_policy(call: Call, view: Reader) -> Result:
    """One managed policy; its tags are there even when there are none."""
    policy = managed.get_visible(call, view)
    result = summary(policy, view, call.caller.account)
    if policy.description:
        result["Description"] = policy.description
    result["Tags"] = tags.shown(policy.tags)
    return {"Policy": result}


def delete_policy(call: Call, change: Change) -> Result:
    """Forget a policy that nobody has, and its one version.

    A policy that is somebody's boundary stays, too: without it the boundary would
    be gone or allow nothing.
    """
    policy = managed.get_own(call, change, "delete policies")
    account = policy.account
    if managed.attachment_count(change, account, policy) or managed.boundary_count(
        change, account, policy
    ):
        raise delete_conflict("Cannot delete a policy attached to entities.")
    versions = change.list_by(PolicyVersion, policy=policy.arn)
    if len(versions) > 1:
        raise delete_conflict(
            "This policy has more than one version. Before you delete a policy, you "
            "must delete the policy's versions. The default version is deleted with "
            "the policy."
        )
    for version in versions:
        change.delete(version)
    change.delete(policy)
    return {}


def list_policies(call: Call, view: Reader) -> Result:
    """The account's own policies and then AWS's, by name.

    A page may hold fewer than `MaxItems` though more follow: policies that nobody
    uses are left out after the page was cut, so that a page reads a bounded number
    of rows (T102).
    """
    sources = [_source(call, view, owner) for owner in _owners(call)]
    shown, rest = paged(call, "ListPolicies", *sources)
    return {"Policies": [one for one in shown if _is_wanted(call, one)], **rest}


def _owners(call: Call) -> Iterator[str]:
    """Whose policies the call asks for."""
    scope = call.text("Scope", "All")
    if scope in ("All", "Local"):
        yield call.caller.account
    if scope in ("All", "AWS"):
        yield AWS


def _source(call: Call, view: Reader, owner: str) -> Source[Result]:
    """The owner's policies; of AWS's also those that nobody ever had, if asked for."""
    is_whole = owner == AWS and not _wants_used(call)

    def fetch(page: Page) -> Sequence[Result]:
        stored = view.list_by(Policy, page, account=owner)
        found = [summary(policy, view, call.caller.account) for policy in stored]
        if is_whole:
            # What stands in the store takes the place of the same name.
            names = {_cursor(one) for one in found}
            unused = (_shown(policy, _UNUSED) for policy in catalogue.listed(page))
            found += (one for one in unused if _cursor(one) not in names)
            found = sorted(found, key=_cursor)[: page.limit]
        return found

    return Source(fetch=fetch, cursor=_cursor)


def _cursor(shown: Result) -> str:
    return name_key(str(shown["PolicyName"]))


def _wants_used(call: Call) -> bool:
    """Whether policies that nobody has are left out."""
    return bool(call.text("PolicyUsageFilter")) or call.flag("OnlyAttached")


def _is_wanted(call: Call, shown: Result) -> bool:
    """Whether the policy is used in the way that the call asks for."""
    match call.text("PolicyUsageFilter"):
        case "PermissionsBoundary":
            return shown["PermissionsBoundaryUsageCount"] != 0
        case "PermissionsPolicy":
            return shown["AttachmentCount"] != 0
        case _:
            return not call.flag("OnlyAttached") or shown["AttachmentCount"] != 0


OPERATIONS: Operations = {
    "CreatePolicy": ChangeOperation(run=create_policy),
    "GetPolicy": ReadOperation(run=get_policy),
    "DeletePolicy": ChangeOperation(run=delete_policy),
    "ListPolicies": ReadOperation(run=list_policies),
}
