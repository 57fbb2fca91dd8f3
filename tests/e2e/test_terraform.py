"""The calls of Terraform's AWS provider, in its order, with boto3.

For each resource: create, read, update, read, delete, and the read after it that must
find nothing. Terraform itself cannot be installed here: docs/clients.md.
"""

import json
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e.world import (
    ADMINISTRATOR,
    Account,
    World,
    allow,
    code_of,
    early_step,
    refused,
    trusts,
    unique,
)
from tests.unit.services.iam.pems import made, rsa_key
from tests.unit.services.iam.test_saml_providers import metadata

TAGS = [{"Key": "Name", "Value": "first"}, {"Key": "Owner", "Value": "me"}]


@pytest.fixture(scope="module")
def account(world: World) -> Account:
    """An account of its own, since aliases and password policies are one each."""
    return world.account("Terraform")


@pytest.fixture(scope="module")
def iam(account: Account) -> Any:
    """An administrator's client, as a provider is configured."""
    return account.person("Provider", admin=True).client("iam")


def gone(call: Any, **params: Any) -> None:
    """The read after a delete: the provider takes only this for an answer."""
    refused("NoSuchEntity", 404, call, **params)


def in_order(tags: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Tags as the provider compares them."""
    return sorted((tag["Key"], tag["Value"]) for tag in tags)


def a_user(iam: Any) -> str:
    """A new user's name."""
    name = unique("tf")
    iam.create_user(UserName=name)
    return name


def a_role(iam: Any) -> str:
    """A new role's name."""
    name = unique("tf")
    trust = json.dumps(trusts("*"))
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    return name


def a_policy(iam: Any) -> str:
    """A new policy's ARN."""
    document = json.dumps(allow("s3:ListBucket", "*"))
    made = iam.create_policy(PolicyName=unique("tf"), PolicyDocument=document)
    return str(made["Policy"]["Arn"])


def test_the_provider_finds_its_account(account: Account) -> None:
    """Provider start and `aws_caller_identity`: GetCallerIdentity; else ListRoles."""
    person = account.person("Provider", admin=True)
    identity = person.client("sts").get_caller_identity()
    assert (identity["Account"], identity["UserId"]) == (account.id, person.id)
    assert identity["Arn"] == person.arn
    assert person.client("iam").get_user()["User"]["Arn"] == person.arn
    person.client("iam").list_roles(MaxItems=1)


def test_aws_iam_user(iam: Any) -> None:
    """Create with tags, read, rename, boundary, tags, delete."""
    name, boundary = unique("tf"), a_policy(iam)
    iam.create_user(UserName=name, Path="/", Tags=TAGS)
    iam.get_waiter("user_exists").wait(UserName=name)
    user = iam.get_user(UserName=name)["User"]
    assert in_order(user["Tags"]) == in_order(TAGS)
    renamed = unique("tf")
    iam.update_user(UserName=name, NewUserName=renamed, NewPath="/moved/")
    gone(iam.get_user, UserName=name)
    iam.put_user_permissions_boundary(UserName=renamed, PermissionsBoundary=boundary)
    iam.untag_user(UserName=renamed, TagKeys=["Owner"])
    iam.tag_user(UserName=renamed, Tags=[{"Key": "Name", "Value": "second"}])
    user = iam.get_user(UserName=renamed)["User"]
    assert (user["Path"], user["UserId"][:4]) == ("/moved/", "AIDA")
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert in_order(user["Tags"]) == [("Name", "second")]
    iam.delete_user_permissions_boundary(UserName=renamed)
    assert "PermissionsBoundary" not in iam.get_user(UserName=renamed)["User"]
    iam.delete_user(UserName=renamed)
    gone(iam.get_user, UserName=renamed)
    gone(iam.delete_user, UserName=renamed)


def test_aws_iam_user_with_force_destroy(iam: Any) -> None:
    """`force_destroy` empties the user: everything in the way is listed and removed."""
    name = a_user(iam)
    mine = {"UserName": name}
    furnish(iam, name)
    refused("DeleteConflict", 409, iam.delete_user, **mine)
    for one in iam.list_groups_for_user(**mine)["Groups"]:
        iam.remove_user_from_group(**mine, GroupName=one["GroupName"])
    for one in iam.list_access_keys(**mine)["AccessKeyMetadata"]:
        iam.delete_access_key(**mine, AccessKeyId=one["AccessKeyId"])
    for one in iam.list_ssh_public_keys(**mine)["SSHPublicKeys"]:
        iam.delete_ssh_public_key(**mine, SSHPublicKeyId=one["SSHPublicKeyId"])
    remove_devices(iam, name)
    iam.delete_login_profile(**mine)
    gone(iam.delete_login_profile, **mine)
    for one in iam.list_signing_certificates(**mine)["Certificates"]:
        iam.delete_signing_certificate(**mine, CertificateId=one["CertificateId"])
    listed = iam.list_service_specific_credentials(**mine)
    for one in listed["ServiceSpecificCredentials"]:
        key = one["ServiceSpecificCredentialId"]
        iam.delete_service_specific_credential(**mine, ServiceSpecificCredentialId=key)
    for one in iam.list_user_policies(**mine)["PolicyNames"]:
        iam.delete_user_policy(**mine, PolicyName=one)
    for one in iam.list_attached_user_policies(**mine)["AttachedPolicies"]:
        iam.detach_user_policy(**mine, PolicyArn=one["PolicyArn"])
    iam.delete_user(**mine)
    gone(iam.get_user, **mine)


def furnish(iam: Any, name: str) -> None:
    """Something of everything that hangs on a user."""
    mine, group = {"UserName": name}, unique("tf")
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=name)
    iam.create_access_key(**mine)
    iam.upload_ssh_public_key(**mine, SSHPublicKeyBody=ssh_key())
    iam.create_login_profile(**mine, Password="Sufficient1!")
    iam.upload_signing_certificate(**mine, CertificateBody=made(name).pem)
    service = "codecommit.amazonaws.com"
    iam.create_service_specific_credential(**mine, ServiceName=service)
    iam.attach_user_policy(**mine, PolicyArn=a_policy(iam))
    document = json.dumps(allow("s3:*", "*"))
    iam.put_user_policy(**mine, PolicyName="in", PolicyDocument=document)
    created = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)
    enable(iam, name, created["VirtualMFADevice"])


def remove_devices(iam: Any, name: str) -> None:
    """Virtual devices of the user are deleted, others taken from it."""
    pages = iam.get_paginator("list_virtual_mfa_devices").paginate(
        AssignmentStatus="Assigned"
    )
    for one in [device for page in pages for device in page["VirtualMFADevices"]]:
        if one["User"].get("UserName") == name:
            serial = one["SerialNumber"]
            iam.deactivate_mfa_device(UserName=name, SerialNumber=serial)
            iam.delete_virtual_mfa_device(SerialNumber=serial)
    for one in iam.list_mfa_devices(UserName=name)["MFADevices"]:
        iam.deactivate_mfa_device(UserName=name, SerialNumber=one["SerialNumber"])


def enable(iam: Any, name: str, device: dict[str, Any]) -> None:
    """Two codes of the device, as a person would type them."""
    seed, step = device["Base32StringSeed"].decode(), early_step()
    iam.enable_mfa_device(
        UserName=name,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=code_of(seed, step - 1),
        AuthenticationCode2=code_of(seed, step),
    )


def ssh_key() -> str:
    """A public key as `ssh-keygen` writes it."""
    public = rsa_key().public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_aws_iam_group(iam: Any) -> None:
    """Create, read, rename, delete."""
    name, renamed = unique("tf"), unique("tf")
    iam.create_group(GroupName=name, Path="/")
    assert iam.get_group(GroupName=name)["Group"]["GroupName"] == name
    iam.update_group(GroupName=name, NewGroupName=renamed, NewPath="/moved/")
    gone(iam.get_group, GroupName=name)
    assert iam.get_group(GroupName=renamed)["Group"]["Path"] == "/moved/"
    iam.delete_group(GroupName=renamed)
    gone(iam.get_group, GroupName=renamed)


def test_aws_iam_role(iam: Any, account: Account) -> None:
    """Create, read with inline and attached policies, every update, forced delete."""
    name, policy, boundary = unique("tf"), a_policy(iam), a_policy(iam)
    trust = trusts(account.id)
    created = iam.create_role(
        RoleName=name,
        Path="/tf/",
        AssumeRolePolicyDocument=json.dumps(trust),
        Description="made",
        MaxSessionDuration=7200,
        PermissionsBoundary=boundary,
        Tags=TAGS,
    )["Role"]
    iam.get_waiter("role_exists").wait(RoleName=name)
    iam.put_role_policy(
        RoleName=name,
        PolicyName="in",
        PolicyDocument=json.dumps(allow("s3:*", "*")),
    )
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    role = iam.get_role(RoleName=name)["Role"]
    assert role["RoleId"] == created["RoleId"]
    assert role["AssumeRolePolicyDocument"] == trust
    assert (role["Description"], role["MaxSessionDuration"]) == ("made", 7200)
    assert in_order(role["Tags"]) == in_order(TAGS)
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["in"]
    inline = iam.get_role_policy(RoleName=name, PolicyName="in")
    assert inline["PolicyDocument"] == allow("s3:*", "*")
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [policy]

    other = trusts(f"arn:aws:iam::{account.id}:root")
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(other))
    iam.update_role_description(RoleName=name, Description="changed")
    iam.update_role(RoleName=name, MaxSessionDuration=3600)
    iam.delete_role_permissions_boundary(RoleName=name)
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=policy)
    iam.untag_role(RoleName=name, TagKeys=["Owner"])
    iam.tag_role(RoleName=name, Tags=[{"Key": "Name", "Value": "second"}])
    role = iam.get_role(RoleName=name)["Role"]
    assert role["AssumeRolePolicyDocument"] == other
    assert (role["Description"], role["MaxSessionDuration"]) == ("changed", 3600)
    assert in_order(role["Tags"]) == [("Name", "second")]

    refused("DeleteConflict", 409, iam.delete_role, RoleName=name)
    assert iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"] == []
    for one in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=one["PolicyArn"])
    for one in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=one)
    iam.delete_role(RoleName=name)
    gone(iam.get_role, RoleName=name)


def test_a_role_that_trusts_a_new_user(iam: Any, account: Account) -> None:
    """The provider retries while the principal is unknown, by this very text."""
    name, user = unique("tf"), unique("tf")
    arn = f"arn:aws:iam::{account.id}:user/{user}"
    trust = json.dumps(trusts(arn))
    answer = refused(
        "MalformedPolicyDocument",
        400,
        iam.create_role,
        RoleName=name,
        AssumeRolePolicyDocument=trust,
    )
    assert "Invalid principal in policy" in answer["Error"]["Message"]
    iam.create_user(UserName=user)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    shown = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    assert shown == trusts(arn)


def test_aws_iam_policy(iam: Any) -> None:
    """A change makes a version; the sixth pushes the oldest out; delete takes all."""
    first = allow("s3:ListBucket", "*")
    arn = iam.create_policy(
        PolicyName=unique("tf"),
        Path="/",
        Description="made",
        PolicyDocument=json.dumps(first),
        Tags=TAGS,
    )["Policy"]["Arn"]
    iam.get_waiter("policy_exists").wait(PolicyArn=arn)
    assert read_policy(iam, arn) == first
    for number in range(6):
        document = allow(f"s3:Get{'Object' * (number + 1)}", "*")
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= 5:
            oldest = min(
                (one for one in versions if not one["IsDefaultVersion"]),
                key=lambda one: (
                    one["CreateDate"].timestamp() + int(one["VersionId"][1:]) / 1000
                ),
            )
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True
        )
        assert read_policy(iam, arn) == document
    iam.untag_policy(PolicyArn=arn, TagKeys=["Owner"])
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "Name", "Value": "second"}])
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert in_order(policy["Tags"]) == [("Name", "second")]
    assert (policy["Description"], policy["AttachmentCount"]) == ("made", 0)
    for one in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not one["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=one["VersionId"])
    iam.delete_policy(PolicyArn=arn)
    gone(iam.get_policy, PolicyArn=arn)
    gone(iam.list_policy_versions, PolicyArn=arn)


def read_policy(iam: Any, arn: str) -> Any:
    """The document in force, as the provider reads it."""
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(
        PolicyArn=arn, VersionId=policy["DefaultVersionId"]
    )["PolicyVersion"]
    assert version["IsDefaultVersion"] is True
    return version["Document"]


@pytest.mark.parametrize("kind", ["user", "role", "group"])
def test_aws_iam_inline_policies(iam: Any, kind: str) -> None:
    """`aws_iam_user_policy` and its two sisters: put, get, put again, delete."""
    name = unique("tf")
    if kind == "role":
        name = a_role(iam)
    else:
        getattr(iam, f"create_{kind}")(**{f"{kind.title()}Name": name})
    where = {f"{kind.title()}Name": name, "PolicyName": "in:line".replace(":", "-")}
    for action in ("s3:GetObject", "s3:PutObject"):
        getattr(iam, f"put_{kind}_policy")(
            **where, PolicyDocument=json.dumps(allow(action, "*"))
        )
        got = getattr(iam, f"get_{kind}_policy")(**where)
        assert got["PolicyDocument"] == allow(action, "*")
    getattr(iam, f"delete_{kind}_policy")(**where)
    gone(getattr(iam, f"get_{kind}_policy"), **where)
    gone(getattr(iam, f"delete_{kind}_policy"), **where)


@pytest.mark.parametrize("kind", ["user", "role", "group"])
def test_aws_iam_policy_attachments(iam: Any, kind: str) -> None:
    """`aws_iam_user_policy_attachment` and its sisters: attach twice, list, detach."""
    name, arn = unique("tf"), a_policy(iam)
    if kind == "role":
        name = a_role(iam)
    else:
        getattr(iam, f"create_{kind}")(**{f"{kind.title()}Name": name})
    who = {f"{kind.title()}Name": name}
    listed = iam.get_paginator(f"list_attached_{kind}_policies")
    for one in (arn, ADMINISTRATOR, arn):
        getattr(iam, f"attach_{kind}_policy")(**who, PolicyArn=one)
    found = [
        one["PolicyArn"]
        for page in listed.paginate(**who)
        for one in page["AttachedPolicies"]
    ]
    assert sorted(found) == sorted([arn, ADMINISTRATOR])
    for one in found:
        getattr(iam, f"detach_{kind}_policy")(**who, PolicyArn=one)
    gone(getattr(iam, f"detach_{kind}_policy"), **who, PolicyArn=arn)
    assert [p["AttachedPolicies"] for p in listed.paginate(**who)] == [[]]
    getattr(iam, f"delete_{kind}")(**who)
    gone(getattr(iam, f"list_attached_{kind}_policies"), **who)


def test_aws_iam_policy_attachment(iam: Any) -> None:
    """The exclusive one: attach to all sorts, ListEntitiesForPolicy, detach."""
    arn, user, role, group = a_policy(iam), a_user(iam), a_role(iam), unique("tf")
    iam.create_group(GroupName=group)
    iam.attach_user_policy(UserName=user, PolicyArn=arn)
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    iam.attach_group_policy(GroupName=group, PolicyArn=arn)
    iam.get_policy(PolicyArn=arn)
    pages = iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn)
    told = pages.build_full_result()
    assert [one["UserName"] for one in told["PolicyUsers"]] == [user]
    assert [one["RoleName"] for one in told["PolicyRoles"]] == [role]
    assert [one["GroupName"] for one in told["PolicyGroups"]] == [group]
    iam.detach_user_policy(UserName=user, PolicyArn=arn)
    iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    iam.detach_group_policy(GroupName=group, PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    gone(iam.get_policy, PolicyArn=arn)
    gone(iam.list_entities_for_policy, PolicyArn=arn)


def test_aws_iam_memberships(iam: Any) -> None:
    """`aws_iam_group_membership` reads the group, `aws_iam_user_group_membership` the user."""
    group, one, two = unique("tf"), a_user(iam), a_user(iam)
    iam.create_group(GroupName=group)
    for name in (one, two, one):
        iam.add_user_to_group(GroupName=group, UserName=name)
    pages = iam.get_paginator("get_group").paginate(GroupName=group)
    found = {user["UserName"] for page in pages for user in page["Users"]}
    assert found == {one, two}
    pages = iam.get_paginator("list_groups_for_user").paginate(UserName=one)
    assert [g["GroupName"] for page in pages for g in page["Groups"]] == [group]
    for name in (one, two):
        iam.remove_user_from_group(GroupName=group, UserName=name)
    iam.delete_group(GroupName=group)
    gone(iam.get_group, GroupName=group)
    gone(iam.remove_user_from_group, GroupName=group, UserName=one)
    iam.delete_user(UserName=one)
    gone(iam.list_groups_for_user, UserName=one)


def test_aws_iam_access_key(iam: Any) -> None:
    """Create, status, list, delete; the user may be gone before the key is read."""
    name = a_user(iam)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    assert len(key["SecretAccessKey"]) == 40
    mine = {"UserName": name, "AccessKeyId": key["AccessKeyId"]}
    for status in ("Inactive", "Active"):
        iam.update_access_key(**mine, Status=status)
        (found,) = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        assert (found["AccessKeyId"], found["Status"]) == (key["AccessKeyId"], status)
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert used["UserName"] == name
    iam.delete_access_key(**mine)
    gone(iam.delete_access_key, **mine)
    assert iam.list_access_keys(UserName=name)["AccessKeyMetadata"] == []
    iam.delete_user(UserName=name)
    gone(iam.list_access_keys, UserName=name)


def test_aws_iam_account_alias(iam: Any) -> None:
    """An account has one alias, or none."""
    assert iam.list_account_aliases()["AccountAliases"] == []
    for alias in (unique("tf-one"), unique("tf-two")):
        iam.create_account_alias(AccountAlias=alias)
        assert iam.list_account_aliases()["AccountAliases"] == [alias]
        iam.delete_account_alias(AccountAlias=alias)
        gone(iam.delete_account_alias, AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_aws_iam_account_password_policy(iam: Any) -> None:
    """One per account; afterwards there is none to read."""
    iam.update_account_password_policy(
        MinimumPasswordLength=12, RequireNumbers=True, AllowUsersToChangePassword=True
    )
    found = iam.get_account_password_policy()["PasswordPolicy"]
    assert (found["MinimumPasswordLength"], found["RequireNumbers"]) == (12, True)
    assert found["RequireSymbols"] is False
    iam.update_account_password_policy(MaxPasswordAge=30, PasswordReusePrevention=3)
    found = iam.get_account_password_policy()["PasswordPolicy"]
    assert (found["ExpirePasswords"], found["MaxPasswordAge"]) == (True, 30)
    assert found["MinimumPasswordLength"] == 6
    iam.delete_account_password_policy()
    gone(iam.get_account_password_policy)
    gone(iam.delete_account_password_policy)


def test_aws_iam_instance_profile(iam: Any) -> None:
    """Wait, add the role, change it, tags, take it out, delete."""
    name, first, second = unique("tf"), a_role(iam), a_role(iam)
    who = {"InstanceProfileName": name}
    iam.create_instance_profile(**who, Path="/tf/", Tags=TAGS)
    iam.get_waiter("instance_profile_exists").wait(**who)
    iam.add_role_to_instance_profile(**who, RoleName=first)
    found = iam.get_instance_profile(**who)["InstanceProfile"]
    assert [one["RoleName"] for one in found["Roles"]] == [first]
    assert in_order(found["Tags"]) == in_order(TAGS)
    iam.get_role(RoleName=first)
    iam.remove_role_from_instance_profile(**who, RoleName=first)
    iam.add_role_to_instance_profile(**who, RoleName=second)
    iam.untag_instance_profile(**who, TagKeys=["Owner"])
    iam.tag_instance_profile(**who, Tags=[{"Key": "Name", "Value": "second"}])
    found = iam.get_instance_profile(**who)["InstanceProfile"]
    assert [one["RoleName"] for one in found["Roles"]] == [second]
    assert in_order(found["Tags"]) == [("Name", "second")]
    refused("DeleteConflict", 409, iam.delete_instance_profile, **who)
    # Deleting the role takes it out of its profiles first.
    (held,) = iam.list_instance_profiles_for_role(RoleName=second)["InstanceProfiles"]
    assert held["InstanceProfileName"] == name
    iam.remove_role_from_instance_profile(**who, RoleName=second)
    gone(iam.remove_role_from_instance_profile, **who, RoleName=second)
    iam.delete_instance_profile(**who)
    gone(iam.get_instance_profile, **who)


def test_aws_iam_openid_connect_provider(iam: Any) -> None:
    """Client ids and thumbprints are changed in place."""
    host = f"{unique('tf')}.example"
    arn = iam.create_open_id_connect_provider(
        Url=f"https://{host}",
        ClientIDList=["one"],
        ThumbprintList=["a" * 40],
        Tags=TAGS,
    )["OpenIDConnectProviderArn"]
    who = {"OpenIDConnectProviderArn": arn}
    found = iam.get_open_id_connect_provider(**who)
    assert (found["Url"], found["ClientIDList"]) == (host, ["one"])
    assert in_order(found["Tags"]) == in_order(TAGS)
    iam.update_open_id_connect_provider_thumbprint(**who, ThumbprintList=["b" * 40])
    iam.add_client_id_to_open_id_connect_provider(**who, ClientID="two")
    iam.remove_client_id_from_open_id_connect_provider(**who, ClientID="one")
    iam.untag_open_id_connect_provider(**who, TagKeys=["Owner"])
    iam.tag_open_id_connect_provider(**who, Tags=[{"Key": "Name", "Value": "second"}])
    found = iam.get_open_id_connect_provider(**who)
    assert (found["ThumbprintList"], found["ClientIDList"]) == (["b" * 40], ["two"])
    assert in_order(found["Tags"]) == [("Name", "second")]
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert {"Arn": arn} in listed
    iam.delete_open_id_connect_provider(**who)
    gone(iam.get_open_id_connect_provider, **who)


def test_aws_iam_saml_provider(iam: Any) -> None:
    """The metadata is read back as it was sent, and changed in place."""
    arn = iam.create_saml_provider(
        Name=unique("tf"), SAMLMetadataDocument=metadata(), Tags=TAGS
    )["SAMLProviderArn"]
    found = iam.get_saml_provider(SAMLProviderArn=arn)
    assert found["SAMLMetadataDocument"] == metadata()
    assert in_order(found["Tags"]) == in_order(TAGS)
    changed = metadata() + "<!-- changed -->"
    iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=changed)
    iam.untag_saml_provider(SAMLProviderArn=arn, TagKeys=["Owner"])
    iam.tag_saml_provider(
        SAMLProviderArn=arn, Tags=[{"Key": "Name", "Value": "second"}]
    )
    found = iam.get_saml_provider(SAMLProviderArn=arn)
    assert found["SAMLMetadataDocument"] == changed
    assert in_order(found["Tags"]) == [("Name", "second")]
    assert found["ValidUntil"] > found["CreateDate"]
    iam.delete_saml_provider(SAMLProviderArn=arn)
    gone(iam.get_saml_provider, SAMLProviderArn=arn)


def test_aws_iam_server_certificate(iam: Any) -> None:
    """Upload, read, tags, delete."""
    name = unique("tf")
    who = {"ServerCertificateName": name}
    iam.upload_server_certificate(
        **who,
        CertificateBody=made("site").pem,
        PrivateKey=made("site").key_pem(),
        Path="/",
        Tags=TAGS,
    )
    found = iam.get_server_certificate(**who)["ServerCertificate"]
    assert found["CertificateBody"].strip() == made("site").pem.strip()
    assert found["ServerCertificateMetadata"]["ServerCertificateId"][:4] == "ASCA"
    assert in_order(found["Tags"]) == in_order(TAGS)
    iam.untag_server_certificate(**who, TagKeys=["Owner"])
    iam.tag_server_certificate(**who, Tags=[{"Key": "Name", "Value": "second"}])
    found = iam.get_server_certificate(**who)["ServerCertificate"]
    assert in_order(found["Tags"]) == [("Name", "second")]
    iam.delete_server_certificate(**who)
    gone(iam.get_server_certificate, **who)


def test_aws_iam_service_linked_role(iam: Any) -> None:
    """Create, read as a role, describe, tag, delete and wait for the task."""
    role = iam.create_service_linked_role(
        AWSServiceName="autoscaling.amazonaws.com",
        CustomSuffix=unique("tf"),
        Description="made",
    )["Role"]
    name = role["RoleName"]
    found = iam.get_role(RoleName=name)["Role"]
    assert found["Path"] == "/aws-service-role/autoscaling.amazonaws.com/"
    assert found["Description"] == "made"
    iam.update_role(RoleName=name, Description="changed")
    iam.tag_role(RoleName=name, Tags=TAGS)
    found = iam.get_role(RoleName=name)["Role"]
    assert found["Description"] == "changed"
    assert in_order(found["Tags"]) == in_order(TAGS)
    refused(
        "UnmodifiableEntity",
        400,
        iam.attach_role_policy,
        RoleName=name,
        PolicyArn=ADMINISTRATOR,
    )
    refused(
        "UnmodifiableEntity",
        400,
        iam.update_role,
        RoleName=name,
        MaxSessionDuration=7200,
    )
    task = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    status = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)
    assert status["Status"] == "SUCCEEDED"
    gone(iam.get_role, RoleName=name)
    gone(iam.delete_service_linked_role, RoleName=name)


def test_aws_iam_signing_certificate(iam: Any) -> None:
    """Upload, status, find in the list, delete."""
    name = a_user(iam)
    certificate = iam.upload_signing_certificate(
        UserName=name, CertificateBody=made(name).pem
    )["Certificate"]
    mine = {"UserName": name, "CertificateId": certificate["CertificateId"]}
    iam.update_signing_certificate(**mine, Status="Inactive")
    (found,) = iam.list_signing_certificates(UserName=name)["Certificates"]
    assert found["Status"] == "Inactive"
    assert found["CertificateBody"].strip() == made(name).pem.strip()
    iam.delete_signing_certificate(**mine)
    assert iam.list_signing_certificates(UserName=name)["Certificates"] == []
    gone(iam.delete_signing_certificate, **mine)


def test_aws_iam_user_login_profile(iam: Any) -> None:
    """Create with a password to be changed, read, delete."""
    name = a_user(iam)
    gone(iam.get_login_profile, UserName=name)
    iam.create_login_profile(
        UserName=name, Password="Sufficient1!", PasswordResetRequired=True
    )
    found = iam.get_login_profile(UserName=name)["LoginProfile"]
    assert (found["UserName"], found["PasswordResetRequired"]) == (name, True)
    iam.update_login_profile(UserName=name, PasswordResetRequired=False)
    assert "Sufficient1!" not in str(iam.get_login_profile(UserName=name))
    iam.delete_login_profile(UserName=name)
    gone(iam.get_login_profile, UserName=name)


def test_aws_iam_user_ssh_key(iam: Any) -> None:
    """Upload, status, read in the encoding that was asked for, delete."""
    name = a_user(iam)
    key = iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody=ssh_key())[
        "SSHPublicKey"
    ]
    mine = {"UserName": name, "SSHPublicKeyId": key["SSHPublicKeyId"]}
    iam.update_ssh_public_key(**mine, Status="Inactive")
    found = iam.get_ssh_public_key(**mine, Encoding="SSH")["SSHPublicKey"]
    assert (found["Status"], found["Fingerprint"]) == ("Inactive", key["Fingerprint"])
    assert found["SSHPublicKeyBody"].split()[:2] == ssh_key().split()[:2]
    iam.delete_ssh_public_key(**mine)
    gone(iam.get_ssh_public_key, **mine, Encoding="SSH")


def test_aws_iam_virtual_mfa_device(iam: Any) -> None:
    """Create, find in the list, tags, delete while assigned and while not."""
    name = a_user(iam)
    device = iam.create_virtual_mfa_device(
        VirtualMFADeviceName=unique("tf"), Path="/tf/", Tags=TAGS
    )["VirtualMFADevice"]
    serial = device["SerialNumber"]
    assert device["QRCodePNG"].startswith(b"\x89PNG")
    assert serial in devices(iam)
    tags = iam.list_mfa_device_tags(SerialNumber=serial)["Tags"]
    assert in_order(tags) == in_order(TAGS)
    iam.untag_mfa_device(SerialNumber=serial, TagKeys=["Owner"])
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "Name", "Value": "second"}])
    tags = iam.list_mfa_device_tags(SerialNumber=serial)["Tags"]
    assert in_order(tags) == [("Name", "second")]
    enable(iam, name, device)
    found = devices(iam)[serial]
    assert (found["User"]["UserName"], "EnableDate" in found) == (name, True)
    refused("DeleteConflict", 409, iam.delete_virtual_mfa_device, SerialNumber=serial)
    iam.deactivate_mfa_device(UserName=name, SerialNumber=serial)
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    assert serial not in devices(iam)
    gone(iam.delete_virtual_mfa_device, SerialNumber=serial)


def devices(iam: Any) -> dict[str, Any]:
    """All virtual devices by serial number."""
    pages = iam.get_paginator("list_virtual_mfa_devices").paginate()
    return {
        one["SerialNumber"]: one for page in pages for one in page["VirtualMFADevices"]
    }


def test_aws_iam_service_specific_credential(iam: Any) -> None:
    """Create, find in the list by service, status, delete."""
    name, service = a_user(iam), "codecommit.amazonaws.com"
    made = iam.create_service_specific_credential(UserName=name, ServiceName=service)
    credential = made["ServiceSpecificCredential"]
    assert credential["ServicePassword"]
    key = credential["ServiceSpecificCredentialId"]
    mine = {"UserName": name, "ServiceSpecificCredentialId": key}
    iam.update_service_specific_credential(**mine, Status="Inactive")
    (found,) = iam.list_service_specific_credentials(
        UserName=name, ServiceName=service
    )["ServiceSpecificCredentials"]
    assert found["Status"] == "Inactive"
    assert found["ServiceUserName"] == credential["ServiceUserName"]
    iam.delete_service_specific_credential(**mine)
    rest = iam.list_service_specific_credentials(UserName=name, ServiceName=service)
    assert rest["ServiceSpecificCredentials"] == []
    gone(iam.delete_service_specific_credential, **mine)


def test_aws_iam_security_token_service_preferences(iam: Any) -> None:
    """Set, and read in the account summary."""
    for version, number in (("v2Token", 2), ("v1Token", 1)):
        iam.set_security_token_service_preferences(GlobalEndpointTokenVersion=version)
        summary = iam.get_account_summary()["SummaryMap"]
        assert summary["GlobalEndpointTokenVersion"] == number


def test_data_sources(iam: Any, account: Account) -> None:
    """Users and roles by path, a policy by name, a session's issuer, a simulation."""
    name, path = unique("tf"), f"/{unique('tf')}/"
    iam.create_user(UserName=name, Path=path)
    role = unique("tf")
    trust = json.dumps(trusts(account.id))
    iam.create_role(RoleName=role, Path=path, AssumeRolePolicyDocument=trust)
    users = iam.get_paginator("list_users").paginate(PathPrefix=path)
    assert [one["UserName"] for page in users for one in page["Users"]] == [name]
    roles = iam.get_paginator("list_roles").paginate(PathPrefix=path)
    (found,) = [one for page in roles for one in page["Roles"]]
    assert found["RoleName"] == role
    document = found["AssumeRolePolicyDocument"]
    assert isinstance(document, dict) or json.loads(unquote(document))
    arn = a_policy(iam)
    pages = iam.get_paginator("list_policies").paginate(PathPrefix="/")
    listed = [one["Arn"] for page in pages for one in page["Policies"]]
    assert {arn, ADMINISTRATOR} <= set(listed)
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    told = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{account.id}:user{path}{name}",
        ActionNames=["s3:ListBucket", "s3:GetObject"],
        ResourceArns=["*"],
    )["EvaluationResults"]
    assert [one["EvalDecision"] for one in told] == ["allowed", "implicitDeny"]
