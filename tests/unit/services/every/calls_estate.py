"""As `calls`, for what takes an organization: root access and its access reports."""

from collections.abc import Mapping

from tests.unit.services.every.calls import Call, call, step
from tests.unit.services.every.stage import Step, allowing

SERVICE = {"ServicePrincipal": "iam.amazonaws.com"}
FOUNDED = step("organizations:CreateOrganization")
TRUSTED = step("organizations:EnableAWSServiceAccess", **SERVICE)
STANDING: tuple[Step, ...] = (FOUNDED, TRUSTED)
"""The account manages an organization that trusts IAM."""
MEMBER = step(
    "organizations:CreateAccount", Email="member@corp.example", AccountName="member"
)
JOINED: tuple[Step, ...] = (
    step("other organizations:CreateOrganization"),
    step(
        "other organizations:InviteAccountToOrganization",
        Target={"Type": "ACCOUNT", "Id": "{account}"},
    ),
    step("organizations:AcceptHandshake", HandshakeId="{Handshake-Id}"),
)
"""The account is a member of the other one's organization."""
APPOINTED: tuple[Step, ...] = (
    *JOINED,
    step("other organizations:EnableAWSServiceAccess", **SERVICE),
    step(
        "other organizations:RegisterDelegatedAdministrator",
        AccountId="{account}",
        **SERVICE,
    ),
)
"""And its administrator for IAM."""
_CONTROLLED: tuple[Step, ...] = (
    FOUNDED,
    step("organizations:ListRoots"),
    step(
        "organizations:EnablePolicyType",
        RootId="{Roots-Id}",
        PolicyType="SERVICE_CONTROL_POLICY",
    ),
    step(
        "organizations:CreatePolicy",
        Type="SERVICE_CONTROL_POLICY",
        Name="few",
        Description="",
        Content=allowing("iam:*", "s3:*", "sqs:*"),
    ),
)
_REPORT = {
    "EntityPath": "{Organization-Id}/{Roots-Id}",
    "OrganizationsPolicyId": "{Policy-PolicySummary-Id}",
}
SWITCHES = (
    "DisableOrganizationsRootCredentialsManagement",
    "DisableOrganizationsRootSessions",
    "EnableOrganizationsRootCredentialsManagement",
    "EnableOrganizationsRootSessions",
    "ListOrganizationsFeatures",
)
IAM: Mapping[str, Call] = {
    **{name: call(*STANDING) for name in SWITCHES},
    "GenerateOrganizationsAccessReport": call(*_CONTROLLED, **_REPORT),
    "GetOrganizationsAccessReport": call(
        *_CONTROLLED,
        step("GenerateOrganizationsAccessReport", **_REPORT),
        JobId="{JobId}",
    ),
}
STS: Mapping[str, Call] = {
    "AssumeRoot": call(
        *STANDING,
        MEMBER,
        step("EnableOrganizationsRootCredentialsManagement"),
        TargetPrincipal="{CreateAccountStatus-AccountId}",
        TaskPolicyArn={
            "arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
        },
    ),
}
