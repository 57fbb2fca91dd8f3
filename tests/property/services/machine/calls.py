"""Which calls chance may make: few names, so that steps meet each other."""

from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.property.services.machine.holdings import GIT
from tests.property.services.machine.telling import (
    ALLOW,
    AWS_POLICIES,
    DENY,
    SILENT,
    Estate,
    Owner,
    Policy,
    Told,
)

Call = tuple[str, Told]

USER_NAMES, GROUP_NAMES, ROLE_NAMES = (
    ("ann", "ANN", "bob"),
    ("devs", "Devs", "ops"),
    ("web", "batch"),
)
USERS: Final = st.sampled_from((*USER_NAMES, "cy"))
GROUPS: Final = st.sampled_from((*GROUP_NAMES, "qa"))
ROLES: Final = st.sampled_from((*ROLE_NAMES, "WEB"))
NAMES: Final = {"User": USERS, "Group": GROUPS, "Role": ROLES}
ANY_OWNER: Final = st.one_of(
    *(st.tuples(st.just(kind), names) for kind, names in NAMES.items())
)
PATHS: Final = st.sampled_from(("/", "/dev/", "/dev/x/"))
OWN_POLICIES: Final = st.sampled_from(("p", "q", "P2"))
POLICIES: Final = st.one_of(OWN_POLICIES, st.sampled_from(tuple(AWS_POLICIES)[:3]))
INLINE_NAMES: Final = st.sampled_from(("one", "One", "two"))
TEXTS: Final = st.sampled_from((ALLOW, DENY, SILENT))
DEVICES: Final = st.sampled_from(("phone", "pad", "spare"))
HOLDER: Final = "(whose it is)"
"""In place of a user's name: whoever has the device that the call names."""
HOLDERS: Final = st.one_of(USERS, st.just(HOLDER))
PROFILES: Final = st.sampled_from(("front", "Front", "back"))
HOSTS: Final = st.sampled_from(("id.example.com", "id.example.org/x"))
VERSION_IDS: Final = st.integers(1, 7).map("v{}".format)
KEY: Final = st.sampled_from(("team", "Team", "cost"))
TAGS: Final = st.lists(
    st.fixed_dictionaries({"Key": KEY, "Value": st.sampled_from(("a", "b", ""))}),
    min_size=1,
    max_size=2,
    unique_by=lambda tag: tag["Key"].lower(),
)
TAG_KEYS: Final = st.lists(KEY, min_size=1, max_size=2, unique_by=str.lower)
PASSWORDS: Final = st.sampled_from(
    ("Correct-Horse-1", "Battery.Staple2", "short", "longbutplain")
)
INDEX: Final = st.integers(0, 5)
TRUST: Final = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
    '"Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
)
PAIRS: Final = st.sampled_from(
    (
        (-1, 0),
        (0, 1),
        (-2, -1),
        (19, 20),
        (20, 21),
        (-20, -19),
        (-21, -20),
        (0, 0),
        (1, 0),
        (0, 2),
    )
)
"""Steps of two codes, counted from now; the first five are consecutive."""


def _call(
    operation: str,
    optional: dict[str, SearchStrategy[Any]] | None = None,
    **required: SearchStrategy[Any],
) -> SearchStrategy[Call]:
    params = st.fixed_dictionaries(required, optional=optional)
    return st.tuples(st.just(operation), params)


def _codes(operation: str) -> SearchStrategy[Call]:
    def spread(drawn: tuple[str, str, tuple[int, int]]) -> Call:
        user, device, (first, second) = drawn
        return operation, {
            "UserName": user,
            "SerialNumber": device,
            "AuthenticationCode1": first,
            "AuthenticationCode2": second,
        }

    return st.tuples(HOLDERS, DEVICES, PAIRS).map(spread)


def _of_kind(kind: str) -> list[SearchStrategy[Call]]:
    """What hangs on users, groups and roles."""
    name = {f"{kind}Name": NAMES[kind]}
    inline = {**name, "PolicyName": INLINE_NAMES}
    attached = {**name, "PolicyArn": POLICIES}
    calls = [
        _call(f"Put{kind}Policy", **inline, PolicyDocument=TEXTS),
        _call(f"Get{kind}Policy", **inline),
        _call(f"Delete{kind}Policy", **inline),
        _call(f"Attach{kind}Policy", **attached),
        _call(f"Detach{kind}Policy", **attached),
    ]
    if kind != "Group":
        boundary = f"{kind}PermissionsBoundary"
        calls += [
            _call(f"Put{boundary}", **name, PermissionsBoundary=POLICIES),
            _call(f"Delete{boundary}", **name),
            _call(f"Tag{kind}", **name, Tags=TAGS),
            _call(f"Untag{kind}", **name, TagKeys=TAG_KEYS),
        ]
    return calls


BELONGINGS: Final = (
    *("", "attached", "inline", "group", "member", "key", "password", "device"),
    *("credential", "profile"),
)
"""Sorts of things that keep a user, group or role from being deleted."""

Removal = tuple[str, str, Told]


def removals(estate: Estate, owner: Owner) -> list[Removal]:
    """Which calls take what from a user, group or role: sort, operation, parameters."""
    kind, name = owner.kind, {f"{owner.kind}Name": owner.name}
    found: list[Removal] = [
        ("attached", f"Detach{kind}Policy", {**name, "PolicyArn": arn})
        for arn in sorted(owner.attached)
    ]
    found += [
        ("inline", f"Delete{kind}Policy", {**name, "PolicyName": policy})
        for policy in owner.inline
    ]
    memberships = [
        (one, group) for one in estate.users.values() for group in one.groups
    ]
    found += [
        (
            "group" if user is owner else "member",
            "RemoveUserFromGroup",
            {"UserName": user.name, "GroupName": group.name},
        )
        for user, group in sorted(memberships, key=lambda pair: pair[1].name)
        if owner in (user, group)
    ]
    found += [
        ("key", "DeleteAccessKey", {**name, "AccessKeyId": k}) for k in owner.keys
    ]
    if owner.password:
        found.append(("password", "DeleteLoginProfile", name))
    found += [
        ("device", "DeactivateMFADevice", {**name, "SerialNumber": one.serial})
        for one in estate.devices.values()
        if one.user is owner
    ]
    found += [
        (
            "credential",
            "DeleteServiceSpecificCredential",
            {**name, "ServiceSpecificCredentialId": number},
        )
        for number in owner.credentials
    ]
    found += [
        (
            "profile",
            "RemoveRoleFromInstanceProfile",
            {**name, "InstanceProfileName": one.name},
        )
        for one in estate.profiles.values()
        if one.role is owner
    ]
    return found


def withdrawals(estate: Estate, policy: Policy) -> list[Removal]:
    """Which calls take a policy from everybody, and its old versions from it."""
    arn = estate.policy_arn(policy)
    found: list[Removal] = []
    for one in estate.all_owners():
        name = {f"{one.kind}Name": one.name}
        if arn in one.attached:
            taken = {**name, "PolicyArn": arn}
            found.append(("attached", f"Detach{one.kind}Policy", taken))
        if arn == one.boundary:
            operation = f"Delete{one.kind}PermissionsBoundary"
            found.append(("boundary", operation, name))
    found += [
        (
            "version",
            "DeletePolicyVersion",
            {"PolicyArn": arn, "VersionId": f"v{number}"},
        )
        for number in policy.versions
        if number != policy.default
    ]
    return found


FURNITURE: Final[tuple[Call, ...]] = (
    ("CreateUser", {"UserName": "ann"}),
    ("CreateUser", {"UserName": "bob", "Path": "/dev/"}),
    ("CreateAccessKey", {"UserName": "ann"}),
    ("CreateAccessKey", {"UserName": "bob"}),
    ("CreateGroup", {"GroupName": "devs"}),
    ("AddUserToGroup", {"UserName": "ann", "GroupName": "devs"}),
    ("CreateLoginProfile", {"UserName": "ann", "Password": "Correct-Horse-1"}),
    ("CreateRole", {"RoleName": "web", "AssumeRolePolicyDocument": TRUST}),
    ("CreateRole", {"RoleName": "batch", "AssumeRolePolicyDocument": TRUST}),
    ("CreateGroup", {"GroupName": "ops"}),
    ("CreatePolicy", {"PolicyName": "p", "PolicyDocument": ALLOW}),
    ("CreatePolicy", {"PolicyName": "q", "PolicyDocument": SILENT}),
    ("CreateInstanceProfile", {"InstanceProfileName": "front"}),
    ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "phone"}),
    (
        "EnableMFADevice",
        {
            "UserName": "ann",
            "SerialNumber": "phone",
            "AuthenticationCode1": -1,
            "AuthenticationCode2": 0,
        },
    ),
)

_NEW: Final = {"Path": PATHS, "Tags": TAGS, "PermissionsBoundary": POLICIES}

OF_OWNERS: Final = st.one_of(
    _call("CreateUser", _NEW, UserName=USERS),
    _call("CreateGroup", {"Path": PATHS}, GroupName=GROUPS),
    _call("CreateRole", _NEW, RoleName=ROLES, AssumeRolePolicyDocument=st.just(TRUST)),
    _call("UpdateUser", {"NewUserName": USERS, "NewPath": PATHS}, UserName=USERS),
    _call("UpdateGroup", {"NewGroupName": GROUPS, "NewPath": PATHS}, GroupName=GROUPS),
    _call(
        "UpdateRole",
        {"Description": st.just("d"), "MaxSessionDuration": st.just(7200)},
        RoleName=ROLES,
    ),
    _call("DeleteUser", UserName=USERS),
    _call("DeleteGroup", GroupName=GROUPS),
    _call("DeleteRole", RoleName=ROLES),
    _call("GetUser", UserName=USERS),
)
OF_BELONGINGS: Final = st.one_of(
    *_of_kind("User"),
    *_of_kind("Group"),
    *_of_kind("Role"),
    _call("AddUserToGroup", UserName=USERS, GroupName=GROUPS),
    _call("RemoveUserFromGroup", UserName=USERS, GroupName=GROUPS),
)
OF_POLICIES: Final = st.one_of(
    _call(
        "CreatePolicy",
        {"Path": PATHS, "Tags": TAGS},
        PolicyName=OWN_POLICIES,
        PolicyDocument=TEXTS,
    ),
    _call("DeletePolicy", PolicyArn=POLICIES),
    _call(
        "CreatePolicyVersion",
        {"SetAsDefault": st.booleans()},
        PolicyArn=POLICIES,
        PolicyDocument=TEXTS,
    ),
    _call("DeletePolicyVersion", PolicyArn=POLICIES, VersionId=VERSION_IDS),
    _call("SetDefaultPolicyVersion", PolicyArn=POLICIES, VersionId=VERSION_IDS),
    _call("TagPolicy", PolicyArn=POLICIES, Tags=TAGS),
    _call("UntagPolicy", PolicyArn=POLICIES, TagKeys=TAG_KEYS),
)
OF_DEVICES: Final = st.one_of(
    _call("CreateVirtualMFADevice", {"Tags": TAGS}, VirtualMFADeviceName=DEVICES),
    _codes("EnableMFADevice"),
    _codes("ResyncMFADevice"),
    _codes("ResyncMFADevice"),
    _call("DeactivateMFADevice", UserName=HOLDERS, SerialNumber=DEVICES),
    _call("DeleteVirtualMFADevice", SerialNumber=DEVICES),
    _call("TagMFADevice", SerialNumber=DEVICES, Tags=TAGS),
)
_WHOSE: Final = {"UserName": USERS}
OF_KEYS: Final = st.one_of(
    _call("CreateAccessKey", _WHOSE),
    _call("CreateAccessKey", UserName=USERS),
    _call(
        "UpdateAccessKey",
        _WHOSE,
        AccessKeyId=INDEX,
        Status=st.sampled_from(("Active", "Inactive")),
    ),
    _call("DeleteAccessKey", _WHOSE, AccessKeyId=INDEX),
)
OF_HOLDINGS: Final = st.one_of(
    _call(
        "CreateLoginProfile",
        {"PasswordResetRequired": st.booleans()},
        UserName=USERS,
        Password=PASSWORDS,
    ),
    _call(
        "UpdateLoginProfile",
        {"Password": PASSWORDS, "PasswordResetRequired": st.booleans()},
        UserName=USERS,
    ),
    _call("GetLoginProfile", UserName=USERS),
    _call("DeleteLoginProfile", UserName=USERS),
    _call("CreateInstanceProfile", {"Path": PATHS}, InstanceProfileName=PROFILES),
    _call("DeleteInstanceProfile", InstanceProfileName=PROFILES),
    _call("AddRoleToInstanceProfile", InstanceProfileName=PROFILES, RoleName=ROLES),
    _call(
        "RemoveRoleFromInstanceProfile", InstanceProfileName=PROFILES, RoleName=ROLES
    ),
    _call("CreateAccountAlias", AccountAlias=st.sampled_from(("x", "y"))),
    _call("DeleteAccountAlias", AccountAlias=st.sampled_from(("x", "y"))),
    _call(
        "UpdateAccountPasswordPolicy",
        {
            "MinimumPasswordLength": st.sampled_from((6, 12, 40)),
            "RequireNumbers": st.booleans(),
        },
    ),
    _call("GetAccountPasswordPolicy"),
    _call("DeleteAccountPasswordPolicy"),
    _call(
        "CreateOpenIDConnectProvider",
        {
            "ClientIDList": st.lists(st.sampled_from(("a", "b")), max_size=2),
            "ThumbprintList": st.lists(st.just("0" * 40), max_size=6),
        },
        Url=HOSTS.map("https://{}".format),
    ),
    _call("GetOpenIDConnectProvider", OpenIDConnectProviderArn=HOSTS),
    _call(
        "AddClientIDToOpenIDConnectProvider",
        OpenIDConnectProviderArn=HOSTS,
        ClientID=st.sampled_from(("a", "c")),
    ),
    _call(
        "RemoveClientIDFromOpenIDConnectProvider",
        OpenIDConnectProviderArn=HOSTS,
        ClientID=st.sampled_from(("a", "c")),
    ),
    _call("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=HOSTS),
    _call("CreateServiceSpecificCredential", UserName=USERS, ServiceName=st.just(GIT)),
    _call(
        "DeleteServiceSpecificCredential",
        UserName=USERS,
        ServiceSpecificCredentialId=INDEX,
    ),
)
