"""Managed policies of a file beside those that are here, with their versions.

Policies of AWS belong to all accounts of an installation, so a file of one account
changes none of them unless it is asked for (T97); those that are not here are added.
"""

from dataclasses import replace

from ostiary.identity.model import AWS, Policy, PolicyVersion
from ostiary.policy import Kind
from ostiary.services.iam import managed
from ostiary.services.imports import documents
from ostiary.services.imports.comparing import Scene, bring
from ostiary.services.imports.details import PolicyDetail
from ostiary.services.imports.owners import Known
from ostiary.services.imports.plan import Draft, Plan
from ostiary.store.codec import name_key


def compare_policy(detail: PolicyDetail, scene: Scene, *, replace_aws: bool) -> None:
    """Add what the policy needs to the plan."""
    plan, present = scene.plan, scene.present
    old = present.policies.get(detail.arn)
    named = present.policy_names.get(name_key(detail.name))
    if detail.account != AWS and old is None and named is not None:
        plan.fault(
            detail.place,
            f"found the policy `{detail.arn}`, but `{named.arn}` is here",
            "a policy cannot be renamed; delete it here first",
        )
        return
    if detail.account == AWS:
        _tell_unreadable(detail, plan)
    if detail.account == AWS and not replace_aws:
        # AWS's own word stands before the file's though nobody here has it yet (T97).
        here = old or managed.find_visible(scene.known.view, AWS, detail.arn)
        if here is not None:
            _kept(here, detail, scene)
            return
    draft = Draft(plan=plan, kind="policy", arn=detail.arn, is_new=old is None)
    if old is None:
        _create(detail, scene, draft)
    else:
        _update(old, detail, scene, draft)
    draft.done()


def _tell_unreadable(detail: PolicyDetail, plan: Plan) -> None:
    """The operator hears of a document of AWS's that nobody can decide by."""
    text = next(
        one.text for one in detail.versions if one.number == detail.default_version
    )
    error = documents.fault_in(text, Kind.IDENTITY)
    if error is not None:
        plan.notice(
            detail.place,
            f"`{detail.arn}` cannot be decided by: {error.message}",
            "whoever has it attached is refused everything",
        )


def _kept(old: Policy, detail: PolicyDetail, scene: Scene) -> None:
    """A policy of AWS stays; the operator hears of it when the file's says more."""
    versions = managed.versions_of(scene.known.view, old)
    here = next(one.text for one in versions if one.number == old.default_version)
    is_new = old.arn not in scene.present.policies
    if is_new:
        bring(old, scene)
    there = next(
        one.text for one in detail.versions if one.number == detail.default_version
    )
    if not documents.is_same(here, there):
        scene.plan.notice(
            detail.place,
            f"`{old.arn}` is here with another document and stays so",
            "`--replace-aws-policies` takes the file's, for all accounts",
        )
    draft = Draft(plan=scene.plan, kind="policy", arn=old.arn, is_new=is_new)
    draft.done()


def _create(detail: PolicyDetail, scene: Scene, draft: Draft) -> None:
    policy = Policy(
        arn=detail.arn,
        id=_id_of(detail, scene.known, scene.plan),
        account=detail.account,
        name=detail.name,
        path=detail.path,
        created=detail.created or scene.now,
        updated=detail.updated or scene.now,
        description=detail.description or "",
        default_version=detail.default_version,
        next_version=1 + max(one.number for one in detail.versions),
        tags=detail.tags or (),
    )
    scene.plan.inserts.append(policy)
    draft.event("CreatePolicy", policyName=detail.name)
    _versions(detail, scene, draft)


def _update(old: Policy, detail: PolicyDetail, scene: Scene, draft: Draft) -> None:
    numbers = [one.number for one in detail.versions]
    new = replace(
        old,
        default_version=detail.default_version,
        next_version=max(old.next_version, 1 + max(numbers)),
        tags=old.tags if detail.tags is None else detail.tags,
        description=detail.description or old.description,
    )
    named = {"policyArn": old.arn}
    _versions(detail, scene, draft)
    if new.default_version != old.default_version:
        draft.say("default version")
        draft.event("SetDefaultPolicyVersion", **named)
    if new.tags != old.tags:
        draft.say("tags")
        draft.event("TagPolicy", **named)
    if new.description != old.description:
        draft.say("description")
        draft.event("CreatePolicy", policyName=old.name)
    if draft.changes:
        new = replace(new, updated=detail.updated or scene.now)
    if new != old:
        scene.plan.replaces.append(new)


def _versions(detail: PolicyDetail, scene: Scene, draft: Draft) -> None:
    """The policy has the file's versions and no others."""
    plan, named = scene.plan, {"policyArn": detail.arn}
    before = scene.present.versions.get(detail.arn, {})
    for one in detail.versions:
        old = before.get(one.number)
        if old is not None and documents.is_same(old.text, one.text):
            continue
        version = PolicyVersion(
            policy=detail.arn,
            number=one.number,
            text=one.text,
            created=one.created or scene.now,
        )
        (plan.inserts if old is None else plan.replaces).append(version)
        draft.say("versions")
        draft.event("CreatePolicyVersion", **named, versionId=f"v{one.number}")
    kept = {one.number for one in detail.versions}
    for number, old in before.items():
        if number not in kept:
            plan.deletes.append(old)
            draft.say("versions")
            draft.event("DeletePolicyVersion", **named, versionId=f"v{number}")


def _id_of(detail: PolicyDetail, known: Known, plan: Plan) -> str:
    """The file's id if no policy here has it."""
    taken = detail.id and known.view.find_by(Policy, id=detail.id) is not None
    wanted = "" if taken else detail.id
    return known.new_id(wanted, "ANPA", detail.place, plan)
