"""Users, groups and roles of a file beside those that are here.

What hangs on an owner of the file is afterwards as the file says: policies, groups,
boundary, tags. Owners that the file does not have are left alone.
"""

from dataclasses import dataclass, replace
from typing import Final

from ostiary.identity.holdings import InstanceProfile
from ostiary.identity.model import (
    AWS,
    Attachment,
    Group,
    InlinePolicy,
    Membership,
    Policy,
    Role,
    User,
    iam_arn,
)
from ostiary.services.iam import managed
from ostiary.services.iam.principals import InvalidPrincipal, resolve
from ostiary.services.iam.roles import DEFAULT_SESSION
from ostiary.services.imports import documents
from ostiary.services.imports.details import OwnerDetail, ProfileDetail
from ostiary.services.imports.owners import Known, Match
from ostiary.services.imports.plan import Draft, Plan
from ostiary.services.imports.present import Owner, Present
from ostiary.store.codec import name_key

_OF_ID: Final = "it stays as it is: an id that nobody has any more"
_OF_NAME: Final = (
    "it stays as it is: whoever is made here under this ARN is trusted; importing this "
    "file again after that binds the trust to their id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What every comparison of one account needs."""

    plan: Plan
    present: Present
    known: Known
    groups: dict[str, str]
    """Folded name to id, of the file's groups and those here."""
    policies: frozenset[str]
    """ARNs of all policies that will be there."""
    brought: set[str]
    """ARNs of policies of AWS that the import brings, so far, for all accounts."""
    now: int


def compare_owner(match: Match, scene: Scene) -> None:
    """Add what the owner needs to the plan."""
    detail, old = match.detail, match.old
    draft = Draft(
        plan=scene.plan,
        kind=detail.title.lower(),
        arn=match.arn,
        is_new=old is None,
    )
    new = _entity(match, scene)
    if old is None:
        scene.plan.inserts.append(new)
        draft.event(f"Create{detail.title}", **_named(detail))
    elif new != old:
        scene.plan.replaces.append(new)
        _tell(old, new, detail, draft)
    _inline(match, scene, draft)
    _attached(match, scene, draft)
    if detail.title == "User":
        _groups(match, scene, draft)
    draft.done()
    for profile in detail.profiles:
        _profile(profile, match, scene)


def _named(detail: OwnerDetail) -> dict[str, str]:
    return {f"{detail.title[0].lower()}{detail.title[1:]}Name": detail.name}


def _entity(match: Match, scene: Scene) -> Owner:
    """The owner as it is to be; what the file does not say stays as it is."""
    detail, old = match.detail, match.old
    created = old.created if old is not None else detail.created or scene.now
    account = scene.plan.account
    if detail.title == "Group":
        return Group(
            id=match.id,
            account=account,
            name=detail.name,
            path=detail.path,
            created=created,
        )
    if detail.boundary:
        _require_policy(detail.boundary, "PermissionsBoundary", detail, scene)
    if detail.title == "User":
        return User(
            id=match.id,
            account=account,
            name=detail.name,
            path=detail.path,
            created=created,
            tags=detail.tags,
            boundary=detail.boundary,
        )
    return Role(
        id=match.id,
        account=account,
        name=detail.name,
        path=detail.path,
        created=created,
        tags=detail.tags,
        boundary=detail.boundary,
        description=_description(detail, old),
        max_session=_max_session(detail, old),
        trust=_trust(detail, old, scene),
    )


def _description(detail: OwnerDetail, old: Owner | None) -> str:
    if detail.description is not None:
        return detail.description
    return old.description if isinstance(old, Role) else ""


def _max_session(detail: OwnerDetail, old: Owner | None) -> int:
    if detail.max_session is not None:
        return detail.max_session
    return old.max_session if isinstance(old, Role) else DEFAULT_SESSION


def _trust(detail: OwnerDetail, old: Owner | None, scene: Scene) -> str:
    """The trust policy as it is stored: principals as unique ids (T34)."""
    place = detail.place.at("AssumeRolePolicyDocument")

    def find(principal: str) -> str:
        found = scene.known.find(principal)
        if found is None:
            scene.plan.notice(
                place,
                f"found the principal `{principal}`, who is not here",
                _OF_NAME if principal.startswith("arn:") else _OF_ID,
            )
        return found or principal

    try:
        text = resolve(detail.trust, find)
    except InvalidPrincipal as error:
        scene.plan.fault(place, f"found the principal {error.spelled}, who is nobody")
        return detail.trust
    before = old.trust if isinstance(old, Role) else ""
    return before if before and documents.is_same(before, text) else text


def _tell(old: Owner, new: Owner, detail: OwnerDetail, draft: Draft) -> None:
    """Which operations would have made the difference."""
    title, named = detail.title, _named(detail)
    if (old.name, old.path) != (new.name, new.path):
        draft.say("name or path")
        draft.event(f"Update{title}", **named)
    if isinstance(old, Group) or isinstance(new, Group):
        return
    if old.tags != new.tags:
        draft.say("tags")
        draft.event(f"Tag{title}", **named)
    if old.boundary != new.boundary:
        draft.say("permissions boundary")
        verb = "Put" if new.boundary else "Delete"
        draft.event(f"{verb}{title}PermissionsBoundary", **named)
    if isinstance(old, Role) and isinstance(new, Role):
        if old.trust != new.trust:
            draft.say("trust policy")
            draft.event("UpdateAssumeRolePolicy", **named)
        if (old.description, old.max_session) != (new.description, new.max_session):
            draft.say("description or longest session")
            draft.event("UpdateRole", **named)


def _inline(match: Match, scene: Scene, draft: Draft) -> None:
    """The owner has the file's inline policies and no others."""
    title, plan = match.detail.title, scene.plan
    before = scene.present.inline.get(match.id, {}) if match.old else {}
    for name, text in match.detail.inline.items():
        old = before.get(name)
        if old is not None and documents.is_same(old.text, text):
            continue
        policy = InlinePolicy(owner=match.id, name=name, text=text)
        (plan.inserts if old is None else plan.replaces).append(policy)
        draft.say("inline policies")
        draft.event(f"Put{title}Policy", **_named(match.detail), policyName=name)
    for name, old in before.items():
        if name not in match.detail.inline:
            plan.deletes.append(old)
            draft.say("inline policies")
            draft.event(f"Delete{title}Policy", **_named(match.detail), policyName=name)


def _attached(match: Match, scene: Scene, draft: Draft) -> None:
    """The owner has the file's managed policies and no others."""
    title, plan, detail = match.detail.title, scene.plan, match.detail
    before = scene.present.attached.get(match.id, {}) if match.old else {}
    for number, arn in enumerate(detail.attached):
        if arn in before:
            continue
        _require_policy(arn, f"AttachedManagedPolicies/{number}", detail, scene)
        attachment = Attachment(account=plan.account, owner=match.id, policy=arn)
        plan.inserts.append(attachment)
        draft.say("attached policies")
        draft.event(f"Attach{title}Policy", **_named(detail), policyArn=arn)
    for arn, old in before.items():
        if arn not in detail.attached:
            plan.deletes.append(old)
            draft.say("attached policies")
            draft.event(f"Detach{title}Policy", **_named(detail), policyArn=arn)


def _groups(match: Match, scene: Scene, draft: Draft) -> None:
    """The user is in the file's groups and in no others."""
    plan, detail = scene.plan, match.detail
    before = dict(scene.present.groups.get(match.id, {})) if match.old else {}
    for number, name in enumerate(dict.fromkeys(detail.groups)):
        group = scene.groups.get(name_key(name))
        if group is None:
            place = detail.place.at("GroupList", number)
            plan.fault(
                place,
                f"found the group `{name}`, which is neither in the file nor here",
                "fetch the file without `--filter`",
            )
        elif before.pop(group, None) is None:
            plan.inserts.append(Membership(user=match.id, group=group))
            draft.say("groups")
            draft.event("AddUserToGroup", **_named(detail), groupName=name)
    for key, old in before.items():
        plan.deletes.append(old)
        draft.say("groups")
        draft.event("RemoveUserFromGroup", **_named(detail), groupId=key)


def _profile(profile: ProfileDetail, match: Match, scene: Scene) -> None:
    """The instance profile holds the role."""
    plan = scene.plan
    old = scene.present.profiles.get(name_key(profile.name))
    arn = iam_arn(plan.account, "instance-profile", profile.path, profile.name)
    draft = Draft(plan=plan, kind="instance profile", arn=arn, is_new=old is None)
    named = {"instanceProfileName": profile.name}
    if old is None:
        new = InstanceProfile(
            id=scene.known.new_id(profile.id, "AIPA", profile.place, plan),
            account=plan.account,
            name=profile.name,
            path=profile.path,
            created=profile.created or scene.now,
            role=match.id,
            tags=profile.tags or (),
        )
        plan.inserts.append(new)
        draft.event("CreateInstanceProfile", **named)
        draft.event("AddRoleToInstanceProfile", **named, **_named(match.detail))
    else:
        _update_profile(old, profile, match, draft)
    draft.done()


def _update_profile(
    old: InstanceProfile, profile: ProfileDetail, match: Match, draft: Draft
) -> None:
    """The profile here becomes the file's."""
    tags = old.tags if profile.tags is None else profile.tags
    if (old.name, old.path) != (profile.name, profile.path):
        draft.plan.fault(
            profile.place,
            f"found the instance profile `{profile.path}{profile.name}`, but "
            f"`{old.path}{old.name}` is here",
            "an instance profile cannot be renamed; delete it here first",
        )
    new = replace(old, role=match.id, tags=tags)
    if new.role != old.role:
        draft.say("role")
        named = {"instanceProfileName": profile.name, **_named(match.detail)}
        draft.event("AddRoleToInstanceProfile", **named)
    if new.tags != old.tags:
        draft.say("tags")
        draft.event("TagInstanceProfile", instanceProfileName=profile.name)
    if new != old:
        draft.plan.replaces.append(new)


def bring(policy: Policy, scene: Scene) -> None:
    """A policy of AWS that nobody had is here afterwards, as AWS wrote it."""
    versions = managed.versions_of(scene.known.view, policy)
    scene.plan.inserts.extend((policy, *versions))
    scene.brought.add(policy.arn)


def _require_policy(arn: str, where: str, detail: OwnerDetail, scene: Scene) -> None:
    """The policy is here, in the file, or one of AWS's that gets here now."""
    if arn in scene.policies or arn in scene.brought:
        return
    policy = managed.find_visible(scene.known.view, AWS, arn)
    if policy is not None:
        bring(policy, scene)
    else:
        scene.plan.fault(
            detail.place.at(*where.split("/")),
            f"found `{arn}`, which is neither in the file nor here",
            "fetch the file without `--filter`, so that it has the policy's documents",
        )
