"""Users, groups, roles, and the policies on them, told a second time (facts 10)."""

from tests.property.services.machine.telling import (
    Estate,
    Operation,
    Owner,
    Params,
    Told,
    full,
    refuse,
    shown,
    tagged,
    unknown,
)

PLURAL = {"User": "Users", "Group": "Groups", "Role": "Roles"}


def _boundary(estate: Estate, params: Params) -> str:
    arn: str = params.get("PermissionsBoundary", "")
    if arn and not estate.is_attachable(arn):
        raise unknown(f"Scope ARN: {arn} does not exist or is not attachable.")
    return arn


def summary(estate: Estate, owner: Owner) -> Told:
    """As lists show it."""
    return {
        "Path": owner.path,
        f"{owner.kind}Name": owner.name,
        f"{owner.kind}Id": owner.id,
        "Arn": estate.owner_arn(owner),
    }


def _create(kind: str) -> Operation:
    def run(estate: Estate, params: Params) -> Told:
        name = params[f"{kind}Name"]
        owner = Owner(kind=kind, name=name, path=params.get("Path", "/"))
        owner.tags = tagged({}, params, str.lower)
        owner.description = params.get("Description", "")
        owner.boundary = _boundary(estate, params)
        refuse(
            (
                name.lower() in estate.owners[kind],
                "EntityAlreadyExists",
                f"{kind} with name {name} already exists.",
            )
        )
        estate.owners[kind][name.lower()] = owner
        told = summary(estate, owner)
        del told[f"{kind}Id"]
        if owner.tags:
            told["Tags"] = shown(owner.tags)
        return {kind: told}

    return run


def _get_user(estate: Estate, params: Params) -> Told:
    user = estate.owner("User", params)
    told = summary(estate, user)
    if user.tags:
        told["Tags"] = shown(user.tags)
    if user.boundary:
        told["PermissionsBoundary"] = {"PermissionsBoundaryArn": user.boundary}
    return {"User": told}


def _update(kind: str) -> Operation:
    """A new name or path; id, members and policies stay (facts 10.9)."""

    def run(estate: Estate, params: Params) -> Told:
        owner = estate.owner(kind, params)
        name = params.get(f"New{kind}Name", owner.name)
        holder = estate.owners[kind].get(name.lower())
        refuse(
            (
                holder not in (None, owner),
                "EntityAlreadyExists",
                f"{kind} with name {name} already exists.",
            )
        )
        del estate.owners[kind][owner.name.lower()]
        owner.name, owner.path = name, params.get("NewPath", owner.path)
        estate.owners[kind][name.lower()] = owner
        return {}

    return run


def _update_role(estate: Estate, params: Params) -> Told:
    role = estate.owner("Role", params)
    role.description = params.get("Description", role.description)
    role.longest = params.get("MaxSessionDuration", role.longest)
    return {}


def _delete(kind: str) -> Operation:
    """Whatever hangs on it must go first (facts 10.6); the order is open."""

    def run(estate: Estate, params: Params) -> Told:
        owner = estate.owner(kind, params)
        held = any(one.role is owner for one in estate.profiles.values())
        member = any(owner in user.groups for user in estate.users.values())
        device = any(one.user is owner for one in estate.devices.values())
        refuse(
            *(
                (
                    bool(there),
                    "DeleteConflict",
                    f"Cannot delete entity, must {what} first.",
                )
                for there, what in (
                    (owner.attached, "detach all policies"),
                    (owner.inline, "delete policies"),
                    (owner.groups or member, "remove users from group"),
                    (owner.keys, "delete access keys"),
                    (owner.password, "delete login profile"),
                    (device, "delete MFA device"),
                    (owner.credentials, "remove referenced objects"),
                    (held, "remove roles from instance profile"),
                )
            )
        )
        del estate.owners[kind][owner.name.lower()]
        return {}

    return run


def _put_policy(kind: str) -> Operation:
    def run(estate: Estate, params: Params) -> Told:
        owner = estate.owner(kind, params)
        owner.inline[params["PolicyName"]] = params["PolicyDocument"]
        return {}

    return run


def _inline_of(estate: Estate, kind: str, params: Params) -> Owner:
    owner, name = estate.owner(kind, params), params["PolicyName"]
    if name not in owner.inline:
        raise unknown(f"The {kind.lower()} policy with name {name} cannot be found.")
    return owner


def _get_policy(kind: str) -> Operation:
    def run(estate: Estate, params: Params) -> Told:
        owner = _inline_of(estate, kind, params)
        return {f"{kind}Name": owner.name, "PolicyName": params["PolicyName"]}

    return run


def _delete_policy(kind: str) -> Operation:
    def run(estate: Estate, params: Params) -> Told:
        del _inline_of(estate, kind, params).inline[params["PolicyName"]]
        return {}

    return run


def _attach(kind: str) -> Operation:
    """Attaching what is attached changes nothing (facts 10.9)."""

    def run(estate: Estate, params: Params) -> Told:
        owner, arn = estate.owner(kind, params), params["PolicyArn"]
        if not estate.is_attachable(arn):
            raise unknown(f"Policy {arn} does not exist or is not attachable.")
        if arn not in owner.attached:
            refuse(full(f"PoliciesPer{kind}", len(owner.attached)))
        owner.attached.add(arn)
        return {}

    return run


def _detach(kind: str) -> Operation:
    def run(estate: Estate, params: Params) -> Told:
        owner, arn = estate.owner(kind, params), params["PolicyArn"]
        if arn not in owner.attached:
            raise unknown(f"Policy {arn} was not found.")
        owner.attached.remove(arn)
        return {}

    return run


def _put_boundary(kind: str) -> Operation:
    def run(estate: Estate, params: Params) -> Told:
        owner = estate.owner(kind, params)
        owner.boundary = _boundary(estate, params)
        return {}

    return run


def _delete_boundary(kind: str) -> Operation:
    def run(estate: Estate, params: Params) -> Told:
        estate.owner(kind, params).boundary = ""
        return {}

    return run


def _tag(kind: str) -> Operation:
    def run(estate: Estate, params: Params) -> Told:
        owner = estate.owner(kind, params)
        owner.tags = tagged(owner.tags, params, str.lower)
        return {}

    return run


def _untag(kind: str) -> Operation:
    def run(estate: Estate, params: Params) -> Told:
        owner = estate.owner(kind, params)
        for key in params["TagKeys"]:
            owner.tags.pop(key.lower(), None)
        return {}

    return run


def _add_member(estate: Estate, params: Params) -> Told:
    """The user is reported before the group (facts 10.4)."""
    user, group = estate.owner("User", params), estate.owner("Group", params)
    if group not in user.groups:
        refuse(full("GroupsPerUser", len(user.groups)))
    user.groups.add(group)
    return {}


def _remove_member(estate: Estate, params: Params) -> Told:
    user, group = estate.owner("User", params), estate.owner("Group", params)
    user.groups.discard(group)
    return {}


OPERATIONS: dict[str, Operation] = {
    "GetUser": _get_user,
    "UpdateUser": _update("User"),
    "UpdateGroup": _update("Group"),
    "UpdateRole": _update_role,
    "AddUserToGroup": _add_member,
    "RemoveUserFromGroup": _remove_member,
}
for _kind in PLURAL:
    OPERATIONS |= {
        f"Create{_kind}": _create(_kind),
        f"Delete{_kind}": _delete(_kind),
        f"Put{_kind}Policy": _put_policy(_kind),
        f"Get{_kind}Policy": _get_policy(_kind),
        f"Delete{_kind}Policy": _delete_policy(_kind),
        f"Attach{_kind}Policy": _attach(_kind),
        f"Detach{_kind}Policy": _detach(_kind),
    }
for _kind in ("User", "Role"):
    OPERATIONS |= {
        f"Put{_kind}PermissionsBoundary": _put_boundary(_kind),
        f"Delete{_kind}PermissionsBoundary": _delete_boundary(_kind),
        f"Tag{_kind}": _tag(_kind),
        f"Untag{_kind}": _untag(_kind),
    }
