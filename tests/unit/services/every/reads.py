"""As `calls`, for operations that look: lists have two items at least where they can."""

from collections.abc import Mapping

from tests.unit.services.every.calls import (
    ALIAS,
    ARN_OF_OIDC,
    ARN_OF_POLICY,
    ARN_OF_SAML,
    CERTIFICATE,
    DEVICE,
    ENABLED,
    GROUP,
    HELD,
    KEY,
    KEY_PEM,
    LINKED,
    LOGIN,
    MEMBER,
    OIDC,
    OPS,
    OUTBOUND,
    PASSWORDS,
    PEM,
    POLICY,
    PROFILE,
    REPORT,
    ROLE,
    SAML,
    SECRET,
    SERVICE,
    SIGNING,
    SSH_KEY,
    TABLET,
    TRUST,
    USER,
    VERSION,
    Call,
    P,
    Q,
    call,
    step,
)
from tests.unit.services.every.stage import Step, allowing
from tests.unit.services.iam.pems import made

ARN_OF_Q = ARN_OF_POLICY.replace("/p", "/q")
ACCESS = (
    step("CreateUser", UserName="bob"),
    step("AddUserToGroup", UserName="bob", GroupName="devs"),
    step(
        "PutGroupPolicy",
        GroupName="devs",
        PolicyName="i",
        PolicyDocument=allowing("s3:*", "sqs:*"),
    ),
    step("GenerateServiceLastAccessedDetails", Arn="arn:aws:iam::{account}:group/devs"),
)
ON_USER = {"UserName": "ann"}
ON_GROUP = {"GroupName": "devs"}
ON_ROLE = {"RoleName": "r"}


def _attached(word: str, **owner: str) -> tuple[Step, ...]:
    return tuple(
        step(f"Attach{word}Policy", **owner, PolicyArn=arn)
        for arn in (ARN_OF_POLICY, ARN_OF_Q)
    )


def _inline(word: str, **owner: str) -> tuple[Step, ...]:
    return tuple(
        step(f"Put{word}Policy", **owner, PolicyName=name, PolicyDocument=POLICY)
        for name in ("i", "j")
    )


BOB = step("CreateUser", UserName="bob")
BOTH = (
    step("AddUserToGroup", UserName="ann", GroupName="devs"),
    step("AddUserToGroup", UserName="bob", GroupName="devs"),
)
PHONES = (
    DEVICE,
    ENABLED,
    step("CreateVirtualMFADevice", VirtualMFADeviceName="tablet"),
    ENABLED,
)

IAM: Mapping[str, Call] = {
    "GetAccessKeyLastUsed": call(USER, KEY, AccessKeyId="{AccessKeyId}"),
    "GetAccountAuthorizationDetails": call(USER, GROUP, ROLE, P),
    "GetAccountPasswordPolicy": call(PASSWORDS),
    "GetAccountSummary": call(),
    "GetContextKeysForCustomPolicy": call(PolicyInputList=[POLICY]),
    "GetContextKeysForPrincipalPolicy": call(USER, PolicySourceArn="{Arn}"),
    "GetCredentialReport": call(REPORT),
    "GetGroup": call(USER, BOB, GROUP, *BOTH, **ON_GROUP),
    "GetGroupPolicy": call(
        GROUP, *_inline("Group", **ON_GROUP), **ON_GROUP, PolicyName="i"
    ),
    "GetInstanceProfile": call(ROLE, PROFILE, HELD, InstanceProfileName="box"),
    "GetLoginProfile": call(USER, LOGIN, **ON_USER),
    "GetMFADevice": call(
        USER, DEVICE, ENABLED, **ON_USER, SerialNumber="{SerialNumber}"
    ),
    "GetOpenIDConnectProvider": call(OIDC, OpenIDConnectProviderArn=ARN_OF_OIDC),
    "GetOutboundWebIdentityFederationInfo": call(OUTBOUND),
    "GetPolicy": call(P, PolicyArn=ARN_OF_POLICY),
    "GetPolicyVersion": call(P, PolicyArn=ARN_OF_POLICY, VersionId="v1"),
    "GetRole": call(ROLE, **ON_ROLE),
    "GetRolePolicy": call(ROLE, *_inline("Role", **ON_ROLE), **ON_ROLE, PolicyName="i"),
    "GetSAMLProvider": call(SAML, SAMLProviderArn=ARN_OF_SAML),
    "GetSSHPublicKey": call(
        USER, SSH_KEY, **ON_USER, SSHPublicKeyId="{SSHPublicKeyId}", Encoding="PEM"
    ),
    "GetServerCertificate": call(CERTIFICATE, ServerCertificateName="web"),
    # A report is its asker's, so root asks for its own and then looks (`BY_ROOT`).
    "GetServiceLastAccessedDetails": call(GROUP, *ACCESS, JobId="{JobId}"),
    "GetServiceLastAccessedDetailsWithEntities": call(
        USER, GROUP, MEMBER, *ACCESS, JobId="{JobId}", ServiceNamespace="s3"
    ),
    "GetServiceLinkedRoleDeletionStatus": call(
        LINKED,
        step("DeleteServiceLinkedRole", RoleName="{RoleName}"),
        DeletionTaskId="{DeletionTaskId}",
    ),
    "GetUser": call(USER, **ON_USER),
    "GetUserPolicy": call(USER, *_inline("User", **ON_USER), **ON_USER, PolicyName="i"),
    "ListAccessKeys": call(USER, KEY, KEY, **ON_USER),
    "ListAccountAliases": call(ALIAS),
    "ListAttachedGroupPolicies": call(
        GROUP, P, Q, *_attached("Group", **ON_GROUP), **ON_GROUP
    ),
    "ListAttachedRolePolicies": call(
        ROLE, P, Q, *_attached("Role", **ON_ROLE), **ON_ROLE
    ),
    "ListAttachedUserPolicies": call(
        USER, P, Q, *_attached("User", **ON_USER), **ON_USER
    ),
    "ListEntitiesForPolicy": call(
        P,
        USER,
        GROUP,
        step("AttachUserPolicy", **ON_USER, PolicyArn=ARN_OF_POLICY),
        step("AttachGroupPolicy", **ON_GROUP, PolicyArn=ARN_OF_POLICY),
        PolicyArn=ARN_OF_POLICY,
    ),
    "ListGroupPolicies": call(GROUP, *_inline("Group", **ON_GROUP), **ON_GROUP),
    "ListGroups": call(GROUP, OPS),
    "ListGroupsForUser": call(
        USER,
        GROUP,
        OPS,
        OUTBOUND,
        MEMBER,
        step("AddUserToGroup", **ON_USER, GroupName="ops"),
        **ON_USER,
    ),
    "ListInstanceProfileTags": call(PROFILE, InstanceProfileName="box"),
    "ListInstanceProfiles": call(
        PROFILE, step("CreateInstanceProfile", InstanceProfileName="crate")
    ),
    "ListInstanceProfilesForRole": call(ROLE, PROFILE, HELD, **ON_ROLE),
    "ListMFADeviceTags": call(DEVICE, SerialNumber="{SerialNumber}"),
    "ListMFADevices": call(USER, *PHONES, **ON_USER),
    "ListOpenIDConnectProviderTags": call(OIDC, OpenIDConnectProviderArn=ARN_OF_OIDC),
    "ListOpenIDConnectProviders": call(OIDC),
    "ListPolicies": call(P, Q, Scope="Local"),
    "ListPoliciesGrantingServiceAccess": call(
        USER,
        *_inline("User", **ON_USER),
        Arn="{Arn}",
        ServiceNamespaces=["s3", "iam"],
    ),
    "ListPolicyTags": call(P, PolicyArn=ARN_OF_POLICY),
    "ListPolicyVersions": call(P, VERSION, PolicyArn=ARN_OF_POLICY),
    "ListRolePolicies": call(ROLE, *_inline("Role", **ON_ROLE), **ON_ROLE),
    "ListRoleTags": call(ROLE, **ON_ROLE),
    "ListRoles": call(
        ROLE, step("CreateRole", RoleName="s", AssumeRolePolicyDocument=TRUST)
    ),
    "ListSAMLProviderTags": call(SAML, SAMLProviderArn=ARN_OF_SAML),
    "ListSAMLProviders": call(SAML),
    "ListSSHPublicKeys": call(USER, SSH_KEY, **ON_USER),
    "ListServerCertificateTags": call(CERTIFICATE, ServerCertificateName="web"),
    "ListServerCertificates": call(
        CERTIFICATE,
        step(
            "UploadServerCertificate",
            ServerCertificateName="api",
            CertificateBody=PEM,
            PrivateKey=KEY_PEM,
        ),
    ),
    "ListServiceSpecificCredentials": call(
        USER, SECRET, SECRET, **ON_USER, ServiceName=SERVICE
    ),
    "ListSigningCertificates": call(
        USER,
        SIGNING,
        step(
            "UploadSigningCertificate", **ON_USER, CertificateBody=made("another").pem
        ),
        **ON_USER,
    ),
    "ListUserPolicies": call(USER, *_inline("User", **ON_USER), **ON_USER),
    "ListUserTags": call(USER, **ON_USER),
    "ListUsers": call(USER, BOB),
    "ListVirtualMFADevices": call(DEVICE, TABLET),
}
TAGGED = {
    "InstanceProfile": (PROFILE, {"InstanceProfileName": "box"}),
    "MFADevice": (DEVICE, {"SerialNumber": "{SerialNumber}"}),
    "OpenIDConnectProvider": (OIDC, {"OpenIDConnectProviderArn": ARN_OF_OIDC}),
    "Policy": (P, {"PolicyArn": ARN_OF_POLICY}),
    "Role": (ROLE, ON_ROLE),
    "SAMLProvider": (SAML, {"SAMLProviderArn": ARN_OF_SAML}),
    "ServerCertificate": (CERTIFICATE, {"ServerCertificateName": "web"}),
    "User": (USER, ON_USER),
}
TAGGING: Mapping[str, Call] = {
    f"{verb}{word}": call(before, **named, **more)
    for word, (before, named) in TAGGED.items()
    for verb, more in (
        ("Tag", {"Tags": [{"Key": "c", "Value": "3"}]}),
        ("Untag", {"TagKeys": ["a"]}),
    )
}
"""Operations that tag, all alike."""
BY_ROOT = frozenset({"GetServiceLastAccessedDetails"})
"""Operations that answer nobody but who asked for the report before."""
