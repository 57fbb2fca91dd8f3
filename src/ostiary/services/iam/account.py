"""The account as a whole: its alias, and how much of everything it has."""

import re
from dataclasses import replace
from typing import Final

from ostiary.identity.holdings import (
    InstanceProfile,
    OIDCProvider,
    SAMLProvider,
    ServerCertificate,
)
from ostiary.identity.issuer import STSPreference
from ostiary.identity.model import (
    AccessKey,
    Account,
    Attachment,
    Group,
    MFADevice,
    Policy,
    Role,
    User,
)
from ostiary.identity.root_access import RootLogin
from ostiary.services.errors import already_exists, no_such_entity, validation_error
from ostiary.services.iam import credentials, quotas
from ostiary.services.iam.paging import in_memory, listed
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.port import Change, Reader

_ACCOUNT_ID = re.compile(r"[0-9]{12}", re.ASCII)

FIXED: Final = {
    "AccessKeysPerUserQuota": credentials.KEYS_OF_USER.most,
    "AccountSigningCertificatesPresent": 0,
    "AssumeRolePolicySizeQuota": quotas.TRUST_POLICY_SIZE.most,
    "AttachedPoliciesPerGroupQuota": quotas.GROUP_ATTACHMENTS.most,
    "AttachedPoliciesPerRoleQuota": quotas.ROLE_ATTACHMENTS.most,
    "AttachedPoliciesPerUserQuota": quotas.USER_ATTACHMENTS.most,
    "GroupPolicySizeQuota": quotas.GROUP_POLICY_SIZE,
    "GroupsPerUserQuota": quotas.GROUPS_OF_USER.most,
    "GroupsQuota": quotas.GROUPS.most,
    "InstanceProfilesQuota": quotas.INSTANCE_PROFILES.most,
    "PoliciesQuota": quotas.POLICIES.most,
    "PolicySizeQuota": quotas.MANAGED_POLICY_SIZE.most,
    "PolicyVersionsInUseQuota": 10000,
    "RolePolicySizeQuota": quotas.ROLE_POLICY_SIZE,
    "RolesQuota": quotas.ROLES.most,
    "ServerCertificatesQuota": quotas.SERVER_CERTIFICATES.most,
    "SigningCertificatesPerUserQuota": quotas.SIGNING_CERTIFICATES.most,
    "UserPolicySizeQuota": quotas.USER_POLICY_SIZE,
    "UsersQuota": quotas.USERS.most,
    "VersionsPerPolicyQuota": quotas.VERSIONS,
}
"""Quotas, and what root has none of here (facts 10.2)."""


def get_account_summary(call: Call, view: Reader) -> Result:
    """How many of everything there are, and may be (facts 8.6, 10.2)."""
    account = call.caller.account
    devices = view.count(MFADevice, account=account)
    unassigned = view.count(MFADevice, account=account, user="")
    root_devices = view.count(MFADevice, account=account, user=account)
    root_keys = view.count(AccessKey, account=account, user="")
    policies = view.list_by(Policy, account=account)
    preference = view.find(STSPreference, account)
    attached = sum(bool(view.count(Attachment, policy=own.arn)) for own in policies)
    counts = {
        "AccountAccessKeysPresent": min(root_keys, 1),
        "AccountMFAEnabled": min(root_devices, 1),
        "GlobalEndpointTokenVersion": 1 if preference is None else preference.version,
        "AccountPasswordPresent": view.count(RootLogin, account=account),
        "InstanceProfiles": view.count(InstanceProfile, account=account),
        "Providers": view.count(SAMLProvider, account=account)
        + view.count(OIDCProvider, account=account),
        "ServerCertificates": view.count(ServerCertificate, account=account),
        "Groups": view.count(Group, account=account),
        "MFADevices": devices,
        "MFADevicesInUse": devices - unassigned,
        "Policies": len(policies),
        "PolicyVersionsInUse": attached,
        "Roles": view.count(Role, account=account),
        "Users": view.count(User, account=account),
    }
    return {"SummaryMap": dict(sorted((FIXED | counts).items()))}


def create_account_alias(call: Call, change: Change) -> Result:
    """The account has this alias, and no other: an older one is free again."""
    alias = call.text("AccountAlias")
    if _ACCOUNT_ID.fullmatch(alias):
        raise validation_error(
            "The specified value for accountAlias is invalid. It must not be a "
            "12-digit number."
        )
    if change.find_by(Account, alias=alias) is not None:
        raise already_exists(f"The account alias {alias} already exists.")
    change.replace(replace(_account(call, change), alias=alias))
    return {}


def delete_account_alias(call: Call, change: Change) -> Result:
    """The account has no alias; one that it does not have cannot be taken."""
    account = _account(call, change)
    alias = call.text("AccountAlias")
    if account.alias != alias:
        raise no_such_entity(f"The account alias {alias} cannot be found.")
    change.replace(replace(account, alias=""))
    return {}


def list_account_aliases(call: Call, view: Reader) -> Result:
    """The account's alias, if it has one, as a list."""
    alias = _account(call, view).alias
    source = in_memory([alias] if alias else [], str)
    return listed(call, "ListAccountAliases", "AccountAliases", source)


def _account(call: Call, view: Reader) -> Account:
    account = view.find(Account, call.caller.account)
    if account is None:
        raise no_such_entity(f"The account {call.caller.account} cannot be found.")
    return account


OPERATIONS: Operations = {
    "CreateAccountAlias": ChangeOperation(run=create_account_alias),
    "DeleteAccountAlias": ChangeOperation(run=delete_account_alias),
    "GetAccountSummary": ReadOperation(run=get_account_summary),
    "ListAccountAliases": ReadOperation(run=list_account_aliases),
}
