"""For every operation: what has to be there, and parameters that succeed then.

A new operation gets a line here, or `test_every_operation` fails.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.unit.services.every.stage import Params, Step, allowing
from tests.unit.services.iam.pems import made, rsa_key
from tests.unit.services.iam.test_saml_providers import metadata

CALLER = "caller"
"""The user that makes the call; it is there already."""
PASSWORD = "Correct horse battery 1"
POLICY = allowing("s3:GetObject")
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "sts:AssumeRole",
        },
    }
)
TAGS = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
PEM, KEY_PEM = made("server").pem, made("server").key_pem()
SSH = (
    rsa_key(2048)
    .public_key()
    .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    .decode()
)
SERVICE = "codecommit.amazonaws.com"
IAM_ARN = "arn:aws:iam::{account}:"
ARN_OF_POLICY = IAM_ARN + "policy/p"
ARN_OF_OIDC = IAM_ARN + "oidc-provider/idp.example.com"
ARN_OF_SAML = IAM_ARN + "saml-provider/okta"


@dataclass(frozen=True)
class Call:
    """A call that succeeds after these steps of root."""

    params: Params
    before: tuple[Step, ...] = ()
    also: tuple[str, ...] = field(default=())
    """Actions that it takes beside its own."""
    closing: tuple[Step, ...] = field(default=())
    """Steps of which each has it refused. Only calls that nobody signs have them: no
    identity policy decides those, but the trust policy of the role that they name."""

    @property
    def is_signed(self) -> bool:
        """Whether its caller signs it, so that identity policies decide."""
        return not self.closing


def call(*before: Step, also: tuple[str, ...] = (), **params: Any) -> Call:
    """The call; parameters by name."""
    return Call(params, before, also)


def unsigned(*before: Step, closing: tuple[Step, ...], **params: Any) -> Call:
    """The call that nobody signs; parameters by name."""
    return Call(params, before, closing=closing)


def step(operation: str, **params: Any) -> Step:
    """A step of root."""
    return operation, params


USER = step("CreateUser", UserName="ann", Tags=TAGS)
GROUP = step("CreateGroup", GroupName="devs")
OPS = step("CreateGroup", GroupName="ops")
ROLE = step("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST, Tags=TAGS)
P = step("CreatePolicy", PolicyName="p", PolicyDocument=POLICY, Tags=TAGS)
Q = step("CreatePolicy", PolicyName="q", PolicyDocument=POLICY)
VERSION = step("CreatePolicyVersion", PolicyArn=ARN_OF_POLICY, PolicyDocument=POLICY)
PROFILE = step("CreateInstanceProfile", InstanceProfileName="box", Tags=TAGS)
HELD = step("AddRoleToInstanceProfile", InstanceProfileName="box", RoleName="r")
LINKED = step("CreateServiceLinkedRole", AWSServiceName="ecs.amazonaws.com")
DEVICE = step("CreateVirtualMFADevice", VirtualMFADeviceName="phone", Tags=TAGS)
TABLET = step("CreateVirtualMFADevice", VirtualMFADeviceName="tablet")
CODES = {"AuthenticationCode1": "{code-2}", "AuthenticationCode2": "{code-1}"}
ENABLED = step(
    "EnableMFADevice", UserName="ann", SerialNumber="{SerialNumber}", **CODES
)
KEY = step("CreateAccessKey", UserName="ann")
LOGIN = step("CreateLoginProfile", UserName="ann", Password=PASSWORD)
OIDC = step(
    "CreateOpenIDConnectProvider",
    Url="https://idp.example.com",
    ClientIDList=["one", "two"],
    Tags=TAGS,
)
SAML = step(
    "CreateSAMLProvider", Name="okta", SAMLMetadataDocument=metadata(), Tags=TAGS
)
CERTIFICATE = step(
    "UploadServerCertificate",
    ServerCertificateName="web",
    CertificateBody=PEM,
    PrivateKey=KEY_PEM,
    Tags=TAGS,
)
SIGNING = step("UploadSigningCertificate", UserName="ann", CertificateBody=PEM)
SSH_KEY = step("UploadSSHPublicKey", UserName="ann", SSHPublicKeyBody=SSH)
SECRET = step("CreateServiceSpecificCredential", UserName="ann", ServiceName=SERVICE)
ALIAS = step("CreateAccountAlias", AccountAlias="a{account}")
PASSWORDS = step("UpdateAccountPasswordPolicy", MinimumPasswordLength=8)
REPORT = step("GenerateCredentialReport")
MEMBER = step("AddUserToGroup", UserName="ann", GroupName="devs")
OUTBOUND = step("EnableOutboundWebIdentityFederation")
SIMULATED = {"ActionNames": ["s3:GetObject", "s3:PutObject"]}

IAM: Mapping[str, Call] = {
    "AddClientIDToOpenIDConnectProvider": call(
        OIDC, OpenIDConnectProviderArn=ARN_OF_OIDC, ClientID="new"
    ),
    "AddRoleToInstanceProfile": call(
        ROLE, PROFILE, also=("iam:PassRole",), InstanceProfileName="box", RoleName="r"
    ),
    "AddUserToGroup": call(USER, GROUP, UserName="ann", GroupName="devs"),
    "AttachGroupPolicy": call(GROUP, P, GroupName="devs", PolicyArn=ARN_OF_POLICY),
    "AttachRolePolicy": call(ROLE, P, RoleName="r", PolicyArn=ARN_OF_POLICY),
    "AttachUserPolicy": call(USER, P, UserName="ann", PolicyArn=ARN_OF_POLICY),
    "ChangePassword": call(
        step("CreateLoginProfile", UserName=CALLER, Password=PASSWORD),
        OldPassword=PASSWORD,
        NewPassword=PASSWORD + "!",
    ),
    "CreateAccessKey": call(USER, UserName="ann"),
    "CreateAccountAlias": call(AccountAlias="a{account}"),
    "CreateGroup": call(GroupName="devs"),
    "CreateInstanceProfile": call(InstanceProfileName="box"),
    "CreateLoginProfile": call(USER, UserName="ann", Password=PASSWORD),
    "CreateOpenIDConnectProvider": call(Url="https://idp.example.com"),
    "CreatePolicy": call(PolicyName="p", PolicyDocument=POLICY),
    "CreatePolicyVersion": call(P, PolicyArn=ARN_OF_POLICY, PolicyDocument=POLICY),
    "CreateRole": call(RoleName="r", AssumeRolePolicyDocument=TRUST),
    "CreateSAMLProvider": call(Name="okta", SAMLMetadataDocument=metadata()),
    "CreateServiceLinkedRole": call(AWSServiceName="ecs.amazonaws.com"),
    "CreateServiceSpecificCredential": call(USER, UserName="ann", ServiceName=SERVICE),
    "CreateUser": call(UserName="ann"),
    "CreateVirtualMFADevice": call(VirtualMFADeviceName="phone"),
    "DeactivateMFADevice": call(
        USER, DEVICE, ENABLED, UserName="ann", SerialNumber="{SerialNumber}"
    ),
    "DeleteAccessKey": call(USER, KEY, UserName="ann", AccessKeyId="{AccessKeyId}"),
    "DeleteAccountAlias": call(ALIAS, AccountAlias="a{account}"),
    "DeleteAccountPasswordPolicy": call(PASSWORDS),
    "DeleteGroup": call(GROUP, GroupName="devs"),
    "DeleteGroupPolicy": call(
        GROUP,
        step("PutGroupPolicy", GroupName="devs", PolicyName="i", PolicyDocument=POLICY),
        GroupName="devs",
        PolicyName="i",
    ),
    "DeleteInstanceProfile": call(PROFILE, InstanceProfileName="box"),
    "DeleteLoginProfile": call(USER, LOGIN, UserName="ann"),
    "DeleteOpenIDConnectProvider": call(OIDC, OpenIDConnectProviderArn=ARN_OF_OIDC),
    "DeletePolicy": call(P, PolicyArn=ARN_OF_POLICY),
    "DeletePolicyVersion": call(P, VERSION, PolicyArn=ARN_OF_POLICY, VersionId="v2"),
    "DeleteRole": call(ROLE, RoleName="r"),
    "DeleteRolePermissionsBoundary": call(
        ROLE,
        P,
        step(
            "PutRolePermissionsBoundary",
            RoleName="r",
            PermissionsBoundary=ARN_OF_POLICY,
        ),
        RoleName="r",
    ),
    "DeleteRolePolicy": call(
        ROLE,
        step("PutRolePolicy", RoleName="r", PolicyName="i", PolicyDocument=POLICY),
        RoleName="r",
        PolicyName="i",
    ),
    "DeleteSAMLProvider": call(SAML, SAMLProviderArn=ARN_OF_SAML),
    "DeleteSSHPublicKey": call(
        USER, SSH_KEY, UserName="ann", SSHPublicKeyId="{SSHPublicKeyId}"
    ),
    "DeleteServerCertificate": call(CERTIFICATE, ServerCertificateName="web"),
    "DeleteServiceLinkedRole": call(LINKED, RoleName="{RoleName}"),
    "DeleteServiceSpecificCredential": call(
        USER,
        SECRET,
        UserName="ann",
        ServiceSpecificCredentialId="{ServiceSpecificCredentialId}",
    ),
    "DeleteSigningCertificate": call(
        USER, SIGNING, UserName="ann", CertificateId="{CertificateId}"
    ),
    "DeleteUser": call(USER, UserName="ann"),
    "DeleteUserPermissionsBoundary": call(
        USER,
        P,
        step(
            "PutUserPermissionsBoundary",
            UserName="ann",
            PermissionsBoundary=ARN_OF_POLICY,
        ),
        UserName="ann",
    ),
    "DeleteUserPolicy": call(
        USER,
        step("PutUserPolicy", UserName="ann", PolicyName="i", PolicyDocument=POLICY),
        UserName="ann",
        PolicyName="i",
    ),
    "DeleteVirtualMFADevice": call(DEVICE, SerialNumber="{SerialNumber}"),
    "DetachGroupPolicy": call(
        GROUP,
        P,
        step("AttachGroupPolicy", GroupName="devs", PolicyArn=ARN_OF_POLICY),
        GroupName="devs",
        PolicyArn=ARN_OF_POLICY,
    ),
    "DetachRolePolicy": call(
        ROLE,
        P,
        step("AttachRolePolicy", RoleName="r", PolicyArn=ARN_OF_POLICY),
        RoleName="r",
        PolicyArn=ARN_OF_POLICY,
    ),
    "DetachUserPolicy": call(
        USER,
        P,
        step("AttachUserPolicy", UserName="ann", PolicyArn=ARN_OF_POLICY),
        UserName="ann",
        PolicyArn=ARN_OF_POLICY,
    ),
    "EnableMFADevice": call(
        USER, DEVICE, UserName="ann", SerialNumber="{SerialNumber}", **CODES
    ),
    "DisableOutboundWebIdentityFederation": call(OUTBOUND),
    "EnableOutboundWebIdentityFederation": call(),
    "GenerateCredentialReport": call(),
    "GenerateServiceLastAccessedDetails": call(USER, Arn="{Arn}"),
    "ResyncMFADevice": call(
        USER,
        DEVICE,
        ENABLED,
        UserName="ann",
        SerialNumber="{SerialNumber}",
        AuthenticationCode1="{code2}",
        AuthenticationCode2="{code3}",
    ),
    "PutGroupPolicy": call(
        GROUP, GroupName="devs", PolicyName="i", PolicyDocument=POLICY
    ),
    "PutRolePermissionsBoundary": call(
        ROLE, P, RoleName="r", PermissionsBoundary=ARN_OF_POLICY
    ),
    "PutRolePolicy": call(ROLE, RoleName="r", PolicyName="i", PolicyDocument=POLICY),
    "PutUserPermissionsBoundary": call(
        USER, P, UserName="ann", PermissionsBoundary=ARN_OF_POLICY
    ),
    "PutUserPolicy": call(USER, UserName="ann", PolicyName="i", PolicyDocument=POLICY),
    "RemoveClientIDFromOpenIDConnectProvider": call(
        OIDC, OpenIDConnectProviderArn=ARN_OF_OIDC, ClientID="one"
    ),
    "RemoveRoleFromInstanceProfile": call(
        ROLE, PROFILE, HELD, InstanceProfileName="box", RoleName="r"
    ),
    "RemoveUserFromGroup": call(USER, GROUP, MEMBER, UserName="ann", GroupName="devs"),
    "ResetServiceSpecificCredential": call(
        USER,
        SECRET,
        UserName="ann",
        ServiceSpecificCredentialId="{ServiceSpecificCredentialId}",
    ),
    "SetDefaultPolicyVersion": call(
        P, VERSION, PolicyArn=ARN_OF_POLICY, VersionId="v2"
    ),
    "SimulateCustomPolicy": call(PolicyInputList=[POLICY], **SIMULATED),
    "SimulatePrincipalPolicy": call(USER, PolicySourceArn="{Arn}", **SIMULATED),
    "UpdateAccessKey": call(
        USER, KEY, UserName="ann", AccessKeyId="{AccessKeyId}", Status="Inactive"
    ),
    "UpdateAccountPasswordPolicy": call(MinimumPasswordLength=10),
    "UpdateAssumeRolePolicy": call(ROLE, RoleName="r", PolicyDocument=TRUST),
    "UpdateGroup": call(GROUP, GroupName="devs", NewGroupName="ops"),
    "UpdateLoginProfile": call(USER, LOGIN, UserName="ann", Password=PASSWORD + "!"),
    "UpdateOpenIDConnectProviderThumbprint": call(
        OIDC, OpenIDConnectProviderArn=ARN_OF_OIDC, ThumbprintList=["0" * 40]
    ),
    "UpdateRole": call(ROLE, RoleName="r", Description="d"),
    "UpdateRoleDescription": call(ROLE, RoleName="r", Description="d"),
    "UpdateSAMLProvider": call(
        SAML, SAMLProviderArn=ARN_OF_SAML, SAMLMetadataDocument=metadata()
    ),
    "UpdateSSHPublicKey": call(
        USER,
        SSH_KEY,
        UserName="ann",
        SSHPublicKeyId="{SSHPublicKeyId}",
        Status="Inactive",
    ),
    "UpdateServerCertificate": call(
        CERTIFICATE, ServerCertificateName="web", NewServerCertificateName="new"
    ),
    "UpdateServiceSpecificCredential": call(
        USER,
        SECRET,
        UserName="ann",
        ServiceSpecificCredentialId="{ServiceSpecificCredentialId}",
        Status="Inactive",
    ),
    "UpdateSigningCertificate": call(
        USER,
        SIGNING,
        UserName="ann",
        CertificateId="{CertificateId}",
        Status="Inactive",
    ),
    "UpdateUser": call(USER, UserName="ann", NewUserName="eve"),
    "UploadSSHPublicKey": call(USER, UserName="ann", SSHPublicKeyBody=SSH),
    "UploadServerCertificate": call(
        ServerCertificateName="web", CertificateBody=PEM, PrivateKey=KEY_PEM
    ),
    "UploadSigningCertificate": call(USER, UserName="ann", CertificateBody=PEM),
}
"""Operations that change something, or that compute."""
