"""For every error that AWS's model gives an operation: what provokes it, or why not.

`PROVOKED` is played through the gate; `SHOWN` names a test that takes more than a
call; `NEVER` says why an error does not come. Some errors are found by rule, see
`test_every_error`.
"""

import json
from collections.abc import Mapping
from hashlib import shake_256

from tests.unit.services.every import faults_delegation, faults_estate
from tests.unit.services.every.calls import (
    ARN_OF_POLICY,
    ENABLED,
    HELD,
    KEY,
    LINKED,
    MEMBER,
    PASSWORDS,
    PEM,
    POLICY,
    PROFILE,
    ROLE,
    SECRET,
    SSH_KEY,
    USER,
    VERSION,
    step,
)
from tests.unit.services.every.provoked import (
    UNPACKABLE,
    Place,
    Provoked,
    anew,
    other,
)
from tests.unit.services.every.reads import TAGGED
from tests.unit.services.every.stage import Step, allowing
from tests.unit.services.iam.pems import made

LONG_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": [f"{number:012}" for number in range(1, 200)]},
            "Action": "sts:AssumeRole",
        },
    }
)
LONG = allowing(*(f"s3:Get{number:03}" for number in range(999)))
RANDOM = shake_256(b"no packing helps").hexdigest(5000)
"""Text that stays long when it is packed."""
SHORT = "short"
STRICT = (
    PASSWORDS,
    step("UpdateAccountPasswordPolicy", MinimumPasswordLength=20),
)
TWO_TAGS_ALIKE = [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]
FULL = [{"Key": f"k{number}", "Value": ""} for number in range(49)]
NO_IAM = "arn:aws:s3:::bucket/of/somebody"
OF_SERVICE = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy"
NO_ARN = "arn:aws:iam::{account}:user/not-a-policy"
WRONG_CODES = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000001"}


def _policies(count: int) -> tuple[Step, ...]:
    return tuple(
        step("CreatePolicy", PolicyName=f"p{number}", PolicyDocument=POLICY)
        for number in range(count)
    )


def _attached(word: str, **owner: str) -> tuple[Step, ...]:
    arns = (f"{ARN_OF_POLICY}{number}" for number in range(10))
    return (
        *_policies(10),
        *(step(f"Attach{word}Policy", **owner, PolicyArn=arn) for arn in arns),
    )


PROVOKED: Mapping[Place, Provoked] = {
    **faults_delegation.PROVOKED,
    **faults_estate.PROVOKED,
    # -- quotas
    ("AddClientIDToOpenIDConnectProvider", "LimitExceeded"): anew(
        step(
            "CreateOpenIDConnectProvider",
            Url="https://idp.example.com",
            ClientIDList=[f"c{number}" for number in range(100)],
        )
    ),
    ("AddRoleToInstanceProfile", "LimitExceeded"): other(HELD),
    ("AddUserToGroup", "LimitExceeded"): other(
        *(step("CreateGroup", GroupName=f"g{number}") for number in range(10)),
        *(
            step("AddUserToGroup", UserName="ann", GroupName=f"g{number}")
            for number in range(10)
        ),
    ),
    ("AttachGroupPolicy", "LimitExceeded"): other(
        *_attached("Group", GroupName="devs")
    ),
    ("AttachRolePolicy", "LimitExceeded"): other(*_attached("Role", RoleName="r")),
    ("AttachUserPolicy", "LimitExceeded"): other(*_attached("User", UserName="ann")),
    ("CreateAccessKey", "LimitExceeded"): other(KEY, KEY),
    ("CreateOpenIDConnectProvider", "LimitExceeded"): other(
        ClientIDList=[f"c{number}" for number in range(101)]
    ),
    ("CreatePolicy", "LimitExceeded"): other(PolicyDocument=LONG),
    ("CreatePolicyVersion", "LimitExceeded"): other(*[VERSION] * 4),
    ("CreateRole", "LimitExceeded"): other(AssumeRolePolicyDocument=LONG_TRUST),
    ("CreateServiceSpecificCredential", "LimitExceeded"): other(SECRET, SECRET),
    ("PutGroupPolicy", "LimitExceeded"): other(PolicyDocument=LONG),
    ("PutRolePolicy", "LimitExceeded"): other(PolicyDocument=LONG),
    ("PutUserPolicy", "LimitExceeded"): other(PolicyDocument=LONG),
    ("UpdateAssumeRolePolicy", "LimitExceeded"): other(PolicyDocument=LONG_TRUST),
    **{(f"Tag{word}", "LimitExceeded"): other(Tags=FULL) for word in TAGGED},
    # -- what only services have
    **{
        (f"Attach{word}Policy", "PolicyNotAttachable"): other(PolicyArn=OF_SERVICE)
        for word in ("Group", "Role", "User")
    },
    # -- what hangs on it
    ("DeleteGroup", "DeleteConflict"): other(USER, MEMBER),
    ("DeleteInstanceProfile", "DeleteConflict"): other(ROLE, HELD),
    ("DeletePolicy", "DeleteConflict"): other(
        USER, step("AttachUserPolicy", UserName="ann", PolicyArn=ARN_OF_POLICY)
    ),
    ("DeletePolicyVersion", "DeleteConflict"): other(VersionId="v1"),
    ("DeleteRole", "DeleteConflict"): other(PROFILE, HELD),
    ("DeleteUser", "DeleteConflict"): other(KEY),
    ("DeleteVirtualMFADevice", "DeleteConflict"): other(USER, ENABLED),
    # -- what is there already
    ("EnableMFADevice", "EntityAlreadyExists"): other(ENABLED),
    ("UpdateGroup", "EntityAlreadyExists"): other(step("CreateGroup", GroupName="ops")),
    ("UpdateServerCertificate", "EntityAlreadyExists"): other(
        step(
            "UploadServerCertificate",
            ServerCertificateName="new",
            CertificateBody=PEM,
            PrivateKey=made("server").key_pem(),
        )
    ),
    ("UpdateUser", "EntityAlreadyExists"): other(step("CreateUser", UserName="eve")),
    ("UploadSSHPublicKey", "DuplicateSSHPublicKey"): other(SSH_KEY),
    ("UploadSigningCertificate", "DuplicateCertificate"): other(
        step("UploadSigningCertificate", UserName="ann", CertificateBody=PEM)
    ),
    ("EnableOutboundWebIdentityFederation", "FeatureEnabled"): other(
        step("EnableOutboundWebIdentityFederation")
    ),
    ("DisableOutboundWebIdentityFederation", "FeatureDisabled"): anew(),
    ("GetOutboundWebIdentityFederationInfo", "FeatureDisabled"): anew(),
    ("UpdateRole", "UnmodifiableEntity"): other(
        LINKED, RoleName="{RoleName}", MaxSessionDuration=7200
    ),
    # -- what has a wrong value
    ("CreateInstanceProfile", "InvalidInput"): other(Tags=TWO_TAGS_ALIKE),
    ("CreateOpenIDConnectProvider", "InvalidInput"): other(
        IdentityCenterInstanceArn="arn:aws:sso:::instance/ssoins-0123456789abcdef"
    ),
    ("CreatePolicy", "InvalidInput"): other(Tags=TWO_TAGS_ALIKE),
    ("CreateRole", "InvalidInput"): other(PermissionsBoundary=NO_ARN),
    ("CreateSAMLProvider", "InvalidInput"): other(SAMLMetadataDocument="x" * 1000),
    ("CreateServiceLinkedRole", "InvalidInput"): other(
        AWSServiceName="teapot.amazonaws.com"
    ),
    ("CreateUser", "InvalidInput"): other(PermissionsBoundary=NO_ARN),
    ("CreateVirtualMFADevice", "InvalidInput"): other(Tags=TWO_TAGS_ALIKE),
    ("GenerateServiceLastAccessedDetails", "InvalidInput"): other(Arn=NO_IAM),
    ("ListPoliciesGrantingServiceAccess", "InvalidInput"): other(Arn=NO_IAM),
    ("GetContextKeysForCustomPolicy", "InvalidInput"): other(PolicyInputList=["{}"]),
    ("GetContextKeysForPrincipalPolicy", "InvalidInput"): other(PolicyInputList=["{}"]),
    ("GetServiceLastAccessedDetailsWithEntities", "InvalidInput"): other(
        ServiceNamespace="teapot"
    ),
    ("PutRolePermissionsBoundary", "InvalidInput"): other(PermissionsBoundary=NO_ARN),
    ("PutUserPermissionsBoundary", "InvalidInput"): other(PermissionsBoundary=NO_ARN),
    ("SimulateCustomPolicy", "InvalidInput"): other(ActionNames=["nothing"]),
    ("SimulatePrincipalPolicy", "InvalidInput"): other(ActionNames=["nothing"]),
    ("UpdateAccessKey", "InvalidInput"): other(Status="Expired"),
    ("UpdateLoginProfile", "InvalidInput"): other(MaxSigninSessionDuration=3600),
    ("UpdateOpenIDConnectProviderThumbprint", "InvalidInput"): other(
        ThumbprintList=[f"{number}" * 40 for number in range(6)]
    ),
    ("UpdateRole", "InvalidInput"): other(MaxSigninSessionDuration=3600),
    ("UpdateSAMLProvider", "InvalidInput"): other(SAMLMetadataDocument="x" * 1000),
    ("UploadServerCertificate", "InvalidInput"): other(Tags=TWO_TAGS_ALIKE),
    **{(f"Tag{word}", "InvalidInput"): other(Tags=TWO_TAGS_ALIKE) for word in TAGGED},
    ("EnableMFADevice", "InvalidAuthenticationCode"): other(**WRONG_CODES),
    ("ResyncMFADevice", "InvalidAuthenticationCode"): other(**WRONG_CODES),
    ("UploadSSHPublicKey", "InvalidPublicKey"): other(
        SSHPublicKeyBody="ssh-rsa AAAAB3NzaC1yc2E="
    ),
    ("UploadSSHPublicKey", "UnrecognizedPublicKeyEncoding"): other(
        SSHPublicKeyBody="AAAA"
    ),
    ("UploadServerCertificate", "KeyPairMismatch"): other(
        PrivateKey=made("another").key_pem()
    ),
    ("UploadServerCertificate", "MalformedCertificate"): other(CertificateBody="PEM"),
    ("UploadSigningCertificate", "MalformedCertificate"): other(CertificateBody="PEM"),
    # -- passwords
    ("ChangePassword", "InvalidUserType"): other(),
    ("ChangePassword", "NoSuchEntity"): Provoked(instead=True, by_user=True),
    ("ChangePassword", "PasswordPolicyViolation"): Provoked(
        (step("UpdateAccountPasswordPolicy", MinimumPasswordLength=30),),
        {"NewPassword": SHORT},
        by_user=True,
    ),
    ("CreateLoginProfile", "PasswordPolicyViolation"): other(*STRICT, Password=SHORT),
    ("UpdateLoginProfile", "PasswordPolicyViolation"): other(*STRICT, Password=SHORT),
    # -- what is not there and is not named
    ("CreateUser", "NoSuchEntity"): other(PermissionsBoundary=ARN_OF_POLICY),
    ("DeleteAccountPasswordPolicy", "NoSuchEntity"): anew(),
    ("GetAccountPasswordPolicy", "NoSuchEntity"): anew(),
    ("GetCredentialReport", "ReportNotPresent"): anew(),
    # -- STS
    ("AssumeRole", "MalformedPolicyDocument"): Provoked(
        params={"Policy": "{}"}, by_user=True
    ),
    ("AssumeRole", "PackedPolicyTooLarge"): Provoked(
        params={
            "Tags": [
                {"Key": f"{number:02}{RANDOM[number * 100 :][:100]}", "Value": "v"}
                for number in range(50)
            ]
        },
        by_user=True,
    ),
    ("DecodeAuthorizationMessage", "InvalidAuthorizationMessageException"): other(
        EncodedMessage="nonsense"
    ),
    ("GetFederationToken", "MalformedPolicyDocument"): Provoked(
        params={"Policy": "{}"}, by_user=True
    ),
    ("GetFederationToken", "PackedPolicyTooLarge"): Provoked(
        params={"Policy": UNPACKABLE}, by_user=True
    ),
}

_IAM = "tests/unit/services/iam"
_ISSUER = "tests/unit/gate/test_whole_issuer.py"
SHOWN: Mapping[Place, str] = {
    **faults_delegation.SHOWN,
    **faults_estate.SHOWN,
    ("ChangePassword", "EntityTemporarilyUnmodifiable"): (
        f"{_IAM}/test_login.py::test_what_changed_during_the_hashing_is_seen"
    ),
    ("CreateGroup", "LimitExceeded"): (
        f"{_IAM}/test_groups.py::test_the_account_holds_so_many_groups"
    ),
    ("CreateInstanceProfile", "LimitExceeded"): (
        f"{_IAM}/test_instance_profiles.py::test_an_account_has_a_thousand_profiles"
    ),
    ("CreateSAMLProvider", "LimitExceeded"): (
        f"{_IAM}/test_saml_providers.py::test_an_account_has_a_hundred_providers"
    ),
    ("CreateUser", "LimitExceeded"): (
        f"{_IAM}/test_users.py::test_the_account_holds_so_many_users"
    ),
    ("CreateVirtualMFADevice", "LimitExceeded"): (
        f"{_IAM}/test_mfa.py::test_an_account_has_so_many_virtual_devices"
    ),
    ("EnableMFADevice", "LimitExceeded"): (
        f"{_IAM}/test_mfa.py::test_a_user_has_eight_devices"
    ),
    ("GetCredentialReport", "ReportExpired"): (
        f"{_IAM}/test_credential_report.py::test_a_report_is_started_and_then_there"
    ),
    ("GetWebIdentityToken", "JWTPayloadSizeExceededException"): (
        f"{_ISSUER}::test_what_no_token_can_be_made_of"
    ),
    ("GetWebIdentityToken", "OutboundWebIdentityFederationDisabledException"): (
        f"{_ISSUER}::test_each_account_switches_it_on_for_itself"
    ),
    ("GetWebIdentityToken", "SessionDurationEscalationException"): (
        f"{_ISSUER}::test_a_token_does_not_outlive_the_session_that_asks"
    ),
    ("SimulateCustomPolicy", "PolicyEvaluation"): (
        f"{_IAM}/test_simulate.py::test_a_question_too_expensive_is_not_answered"
    ),
    ("UploadSSHPublicKey", "LimitExceeded"): (
        f"{_IAM}/test_ssh_keys.py::test_a_user_has_five_keys"
    ),
    ("UploadServerCertificate", "LimitExceeded"): (
        f"{_IAM}/test_server_certificates.py::test_an_account_has_twenty_certificates"
    ),
    ("UploadSigningCertificate", "LimitExceeded"): (
        f"{_IAM}/test_signing_certificates.py::"
        "test_a_user_has_two_and_nobody_else_the_same"
    ),
}
