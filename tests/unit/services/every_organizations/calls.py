"""For every operation: what has to be there, who may ask, and a call that succeeds.

A new operation gets a line here, or `test_every_organizations_operation` fails.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.unit.gate.orgs import SCP, deny
from tests.unit.services.every_organizations.stage import (
    BILLING,
    GUEST,
    MANAGER,
    Params,
    Step,
    step,
)

POLICY_TEXT = json.dumps({"Version": "2012-10-17", "Statement": deny("iam:*")})
TAGS = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
SSO = "sso.amazonaws.com"

CHANGES = "the management account"
LOOKS = "the management account and delegated administrators"
IS_IN = "every member"
IS_ASKED = "who is asked, or asks"
ANYBODY = "every account"
"""Whom AWS lets call an operation at all, whatever policies say."""


@dataclass(frozen=True)
class Call:
    """A call that succeeds after these steps."""

    who: str
    """To whom the operation is open."""
    params: Params
    before: tuple[Step, ...] = ()
    by: str = MANAGER
    """Whose user makes the call."""
    features: str = "ALL"
    """Of the organization; empty where there must be none yet."""


def changes(*before: Step, **params: Any) -> Call:
    """A call that the management account alone may make."""
    return Call(CHANGES, params, before)


def looks(*before: Step, **params: Any) -> Call:
    """A call that delegated administrators may make as well."""
    return Call(LOOKS, params, before)


UNIT = step(
    "CreateOrganizationalUnit",
    keep="unit=OrganizationalUnit.Id",
    ParentId="{root}",
    Name="Dev",
    Tags=TAGS,
)
OPS_UNIT = step("CreateOrganizationalUnit", ParentId="{root}", Name="Ops")
DEV = step(
    "CreateAccount",
    keep="dev=CreateAccountStatus.AccountId creation=CreateAccountStatus.Id",
    Email="dev@corp.example",
    AccountName="Dev",
)
OPS = step(
    "CreateAccount",
    keep="ops=CreateAccountStatus.AccountId",
    Email="ops@corp.example",
    AccountName="Ops",
)
AGAIN = step("CreateAccount", Email="dev@corp.example", AccountName="Dev again")
P = step(
    "CreatePolicy",
    keep="policy=Policy.PolicySummary.Id",
    Type=SCP,
    Name="p",
    Description="",
    Content=POLICY_TEXT,
)
ENABLED = step("EnablePolicyType", RootId="{root}", PolicyType=SCP)
ATTACHED = step("AttachPolicy", PolicyId="{policy}", TargetId="{unit}")
ATTACHED_ABOVE = step("AttachPolicy", PolicyId="{policy}", TargetId="{root}")
TARGET = {"Type": "ACCOUNT", "Id": "{guest}"}
INVITED = step(
    "InviteAccountToOrganization", keep="handshake=Handshake.Id", Target=TARGET
)
CANCELED = step("CancelHandshake", HandshakeId="{handshake}")
DECLINED = step("DeclineHandshake", by=GUEST, HandshakeId="{handshake}")
ACCEPTED = step("AcceptHandshake", by=GUEST, HandshakeId="{handshake}")
TRUSTED = step("EnableAWSServiceAccess", ServicePrincipal=SSO)
TRUSTED_TOO = step("EnableAWSServiceAccess", ServicePrincipal="iam.amazonaws.com")
ADMIN = step("RegisterDelegatedAdministrator", AccountId="{dev}", ServicePrincipal=SSO)
ADMIN_TOO = step(
    "RegisterDelegatedAdministrator",
    AccountId="{dev}",
    ServicePrincipal="iam.amazonaws.com",
)
OTHER_ADMIN = step(
    "RegisterDelegatedAdministrator", AccountId="{ops}", ServicePrincipal=SSO
)
MANY_TAGS = step(
    "TagResource",
    ResourceId="{unit}",
    Tags=[{"Key": f"k{number}", "Value": ""} for number in range(25)],
)
ON_DEV = {"AccountId": "{dev}"}
ON_UNIT = {"OrganizationalUnitId": "{unit}"}
ON_HANDSHAKE = {"HandshakeId": "{handshake}"}

CALLS: Mapping[str, Call] = {
    "AcceptHandshake": Call(IS_ASKED, ON_HANDSHAKE, (INVITED,), by=GUEST),
    "AttachPolicy": changes(ENABLED, UNIT, P, PolicyId="{policy}", TargetId="{unit}"),
    "CancelHandshake": Call(IS_ASKED, ON_HANDSHAKE, (INVITED,)),
    "CloseAccount": changes(DEV, **ON_DEV),
    "CreateAccount": changes(
        Email="qa@corp.example",
        AccountName="QA",
        RoleName="Entry",
        IamUserAccessToBilling="DENY",
        Tags=TAGS,
    ),
    "CreateOrganization": Call(ANYBODY, {"FeatureSet": "ALL"}, features=""),
    "CreateOrganizationalUnit": changes(ParentId="{root}", Name="Dev", Tags=TAGS),
    "CreatePolicy": changes(
        Type=SCP, Name="p", Description="", Content=POLICY_TEXT, Tags=TAGS
    ),
    "DeclineHandshake": Call(IS_ASKED, ON_HANDSHAKE, (INVITED,), by=GUEST),
    "DeleteOrganization": changes(),
    "DeleteOrganizationalUnit": changes(UNIT, **ON_UNIT),
    "DeletePolicy": changes(P, PolicyId="{policy}"),
    "DeregisterDelegatedAdministrator": changes(
        DEV, TRUSTED, ADMIN, **ON_DEV, ServicePrincipal=SSO
    ),
    "DescribeAccount": looks(DEV, **ON_DEV),
    "DescribeCreateAccountStatus": looks(DEV, CreateAccountRequestId="{creation}"),
    "DescribeHandshake": Call(IS_ASKED, ON_HANDSHAKE, (INVITED,), by=GUEST),
    "DescribeOrganization": Call(IS_IN, {}),
    "DescribeOrganizationalUnit": looks(UNIT, **ON_UNIT),
    "DescribePolicy": looks(P, PolicyId="{policy}"),
    "DetachPolicy": changes(
        ENABLED, UNIT, P, ATTACHED, PolicyId="{policy}", TargetId="{unit}"
    ),
    "DisableAWSServiceAccess": changes(TRUSTED, ServicePrincipal=SSO),
    "DisablePolicyType": changes(ENABLED, RootId="{root}", PolicyType=SCP),
    "EnableAWSServiceAccess": changes(ServicePrincipal=SSO),
    "EnableAllFeatures": Call(CHANGES, {}, features=BILLING),
    "EnablePolicyType": changes(RootId="{root}", PolicyType=SCP),
    "InviteAccountToOrganization": changes(Target=TARGET, Notes="Join!", Tags=TAGS),
    "LeaveOrganization": Call(IS_IN, {}, (INVITED, ACCEPTED), by=GUEST),
    "ListAWSServiceAccessForOrganization": looks(TRUSTED, TRUSTED_TOO),
    "ListAccounts": looks(DEV, OPS),
    "ListAccountsForParent": looks(DEV, OPS, ParentId="{root}"),
    "ListChildren": looks(UNIT, DEV, OPS, ParentId="{root}", ChildType="ACCOUNT"),
    "ListCreateAccountStatus": looks(DEV, OPS, AGAIN),
    "ListDelegatedAdministrators": looks(
        DEV, OPS, TRUSTED, TRUSTED_TOO, ADMIN, ADMIN_TOO, OTHER_ADMIN
    ),
    "ListDelegatedServicesForAccount": looks(
        DEV, TRUSTED, TRUSTED_TOO, ADMIN, ADMIN_TOO, **ON_DEV
    ),
    "ListHandshakesForAccount": Call(
        ANYBODY, {}, (INVITED, CANCELED, INVITED, DECLINED, INVITED), by=GUEST
    ),
    "ListHandshakesForOrganization": looks(INVITED, CANCELED, INVITED),
    "ListOrganizationalUnitsForParent": looks(UNIT, OPS_UNIT, ParentId="{root}"),
    "ListParents": looks(UNIT, ChildId="{unit}"),
    "ListPolicies": looks(P, Filter=SCP),
    "ListPoliciesForTarget": looks(
        ENABLED, UNIT, P, ATTACHED, TargetId="{unit}", Filter=SCP
    ),
    "ListRoots": looks(),
    "ListTagsForResource": looks(UNIT, MANY_TAGS, ResourceId="{unit}"),
    "ListTargetsForPolicy": looks(
        ENABLED, UNIT, P, ATTACHED, ATTACHED_ABOVE, PolicyId="{policy}"
    ),
    "MoveAccount": changes(
        DEV,
        UNIT,
        **ON_DEV,
        SourceParentId="{root}",
        DestinationParentId="{unit}",
    ),
    "RegisterDelegatedAdministrator": changes(
        DEV, TRUSTED, **ON_DEV, ServicePrincipal=SSO
    ),
    "RemoveAccountFromOrganization": changes(DEV, **ON_DEV),
    "TagResource": changes(UNIT, ResourceId="{unit}", Tags=TAGS),
    "UntagResource": changes(UNIT, ResourceId="{unit}", TagKeys=["a", "b"]),
    "UpdateOrganizationalUnit": changes(UNIT, **ON_UNIT, Name="New"),
    "UpdatePolicy": changes(
        P, PolicyId="{policy}", Name="q", Description="d", Content=POLICY_TEXT
    ),
}
GONE: Mapping[str, tuple[str, str]] = {
    "AccountId": ("999999999999", "AccountNotFoundException"),
    "ChildId": ("ou-gone-00000000", "ChildNotFoundException"),
    "CreateAccountRequestId": (
        "car-00000000",
        "CreateAccountStatusNotFoundException",
    ),
    "DestinationParentId": ("r-gone", "DestinationParentNotFoundException"),
    "HandshakeId": ("h-00000000", "HandshakeNotFoundException"),
    "OrganizationalUnitId": (
        "ou-gone-00000000",
        "OrganizationalUnitNotFoundException",
    ),
    "ParentId": ("ou-gone-00000000", "ParentNotFoundException"),
    "PolicyId": ("p-00000000", "PolicyNotFoundException"),
    "ResourceId": ("999999999999", "TargetNotFoundException"),
    "RootId": ("r-gone", "RootNotFoundException"),
    "SourceParentId": ("r-gone", "SourceParentNotFoundException"),
    "TargetId": ("r-gone", "TargetNotFoundException"),
}
"""For each parameter that names something: an id that nothing has, and the answer."""
