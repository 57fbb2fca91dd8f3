"""Instance profiles: how a role gets onto an instance (facts 10.1 to 10.7)."""

from dataclasses import replace

from ostiary.identity.holdings import InstanceProfile
from ostiary.identity.ids import unique_id
from ostiary.identity.model import Role
from ostiary.services.errors import already_exists, delete_conflict, no_such_entity
from ostiary.services.iam import quotas, roles, tags
from ostiary.services.iam.owners import ROLE, get_modifiable, get_owner
from ostiary.services.iam.paging import Source, paged
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.codec import name_key
from ostiary.store.port import Change, Reader


def create_instance_profile(call: Call, change: Change) -> Result:
    """A new instance profile without a role."""
    account, name = call.caller.account, call.text("InstanceProfileName")
    new_tags = tags.new_tags(call, tags.RESOURCE_TAGS)
    if change.find_by(InstanceProfile, account=account, name=name) is not None:
        raise already_exists(f"Instance Profile {name} already exists.")
    present = change.count(InstanceProfile, account=account)
    quotas.require_room(quotas.INSTANCE_PROFILES, present)
    profile = InstanceProfile(
        id=unique_id(call.mint, "AIPA"),
        account=account,
        name=name,
        path=call.text("Path", "/"),
        created=call.now,
        role="",
        tags=new_tags,
    )
    change.insert(profile)
    result = shown(profile, change)
    if profile.tags:
        result["Tags"] = tags.shown(profile.tags)
    return {"InstanceProfile": result}


def get_instance_profile(call: Call, view: Reader) -> Result:
    """One instance profile; its tags are there even when there are none."""
    profile = _profile(call, view)
    result = {**shown(profile, view), "Tags": tags.shown(profile.tags)}
    return {"InstanceProfile": result}


def delete_instance_profile(call: Call, change: Change) -> Result:
    """Forget an instance profile that holds no role."""
    profile = _profile(call, change)
    if profile.role:
        raise delete_conflict(
            "Cannot delete entity, must remove roles from instance profile first."
        )
    change.delete(profile)
    return {}


def add_role(call: Call, change: Change) -> Result:
    """The profile holds the role; it has room for one."""
    profile = _profile(call, change)
    role = get_modifiable(ROLE, call, change)
    quotas.require_room(quotas.ROLES_OF_PROFILE, 1 if profile.role else 0)
    change.replace(replace(profile, role=role.id))
    return {}


def remove_role(call: Call, change: Change) -> Result:
    """The profile holds no role."""
    profile = _profile(call, change)
    role = get_modifiable(ROLE, call, change)
    if profile.role != role.id:
        raise no_such_entity(
            f"Role {role.name} in Instance Profile {profile.name} cannot be found."
        )
    change.replace(replace(profile, role=""))
    return {}


def list_instance_profiles(call: Call, view: Reader) -> Result:
    """The account's instance profiles under a path, by name."""
    account = call.caller.account
    source: Source[InstanceProfile] = Source(
        fetch=lambda page: view.list_by(InstanceProfile, page, account=account),
        cursor=lambda profile: name_key(profile.name),
    )
    return _page(call, "ListInstanceProfiles", source, view)


def list_instance_profiles_for_role(call: Call, view: Reader) -> Result:
    """The instance profiles that hold the role, by name."""
    role = get_owner(ROLE, call, view)
    source: Source[InstanceProfile] = Source(
        fetch=lambda page: view.list_by(InstanceProfile, page, role=role.id),
        cursor=lambda profile: name_key(profile.name),
    )
    return _page(call, "ListInstanceProfilesForRole", source, view)


def shown(profile: InstanceProfile, view: Reader) -> Result:
    """An instance profile as lists show it: with its role, without its tags."""
    role = view.find(Role, profile.role) if profile.role else None
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.created,
        "Roles": [] if role is None else [roles.embedded(role, view)],
    }


def _page(
    call: Call, operation: str, source: Source[InstanceProfile], view: Reader
) -> Result:
    profiles, rest = paged(call, operation, source)
    return {"InstanceProfiles": [shown(one, view) for one in profiles], **rest}


def _profile(call: Call, view: Reader) -> InstanceProfile:
    """The instance profile that the call names; raises NoSuchEntity."""
    account, name = call.caller.account, call.text("InstanceProfileName")
    found = view.find_by(InstanceProfile, account=account, name=name)
    if found is None:
        raise no_such_entity(f"Instance Profile {name} cannot be found.")
    return found


OPERATIONS: Operations = {
    "CreateInstanceProfile": ChangeOperation(run=create_instance_profile),
    "GetInstanceProfile": ReadOperation(run=get_instance_profile),
    "DeleteInstanceProfile": ChangeOperation(run=delete_instance_profile),
    "AddRoleToInstanceProfile": ChangeOperation(run=add_role),
    "RemoveRoleFromInstanceProfile": ChangeOperation(run=remove_role),
    "ListInstanceProfiles": ReadOperation(run=list_instance_profiles),
    "ListInstanceProfilesForRole": ReadOperation(run=list_instance_profiles_for_role),
    **tags.operations_on("InstanceProfile", _profile),
}
