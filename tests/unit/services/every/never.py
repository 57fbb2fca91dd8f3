"""Errors of AWS's models that do not come here, and why."""

from collections.abc import Mapping

ALWAYS: Mapping[str, str] = {
    "ServiceFailure": "what fails inside is 500 InternalFailure, and a bug",
    "ConcurrentModification": "changes come one after the other (T101)",
    "RegionDisabledException": "no region is ever disabled",
    "NotSupportedService": "an unknown service is NoSuchEntity (facts 10.4)",
}
"""By code, for all operations."""

_BAD_ARN = "an ARN of another form is ValidationError (facts 10.8)"
_SCOPE = "NoSuchEntity, which says that it is not attachable (facts 10.4)"
_ID = "what has another form is NoSuchEntity or ValidationError"
_SLOW = "a change waits for the one before it"
_FREE = "nothing that it makes is counted"

BY_OPERATION: Mapping[tuple[str, str], str] = {
    **{
        (operation, "PolicyNotAttachable"): _SCOPE
        for operation in ("PutRolePermissionsBoundary", "PutUserPermissionsBoundary")
    },
    **{
        (operation, "InvalidInput"): _BAD_ARN
        for operation in (
            "AddClientIDToOpenIDConnectProvider",
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "CreatePolicyVersion",
            "DeleteOpenIDConnectProvider",
            "DeletePolicy",
            "DeletePolicyVersion",
            "DeleteSAMLProvider",
            "DetachGroupPolicy",
            "DetachRolePolicy",
            "DetachUserPolicy",
            "GetOpenIDConnectProvider",
            "GetPolicy",
            "GetPolicyVersion",
            "GetSAMLProvider",
            "ListEntitiesForPolicy",
            "ListOpenIDConnectProviderTags",
            "ListPolicyTags",
            "ListPolicyVersions",
            "ListSAMLProviderTags",
            "RemoveClientIDFromOpenIDConnectProvider",
            "SetDefaultPolicyVersion",
            "UntagOpenIDConnectProvider",
            "UntagPolicy",
            "UntagSAMLProvider",
        )
    },
    **{
        (operation, "InvalidInput"): _ID
        for operation in (
            "GetServiceLastAccessedDetails",
            "GetServiceLinkedRoleDeletionStatus",
            "ListAttachedGroupPolicies",
            "ListAttachedRolePolicies",
            "ListAttachedUserPolicies",
            "ListMFADeviceTags",
            "UntagInstanceProfile",
            "UntagMFADevice",
            "UntagServerCertificate",
            "UpdateSSHPublicKey",
            "UpdateSigningCertificate",
        )
    },
    **{
        (operation, "EntityTemporarilyUnmodifiable"): _SLOW
        for operation in (
            "DeactivateMFADevice",
            "DeleteLoginProfile",
            "EnableMFADevice",
            "UpdateLoginProfile",
            "UpdateUser",
        )
    },
    **{
        (operation, "LimitExceeded"): _FREE
        for operation in (
            "ChangePassword",
            "CreateAccountAlias",
            "CreateLoginProfile",
            "GenerateCredentialReport",
        )
    },
    ("AddRoleToInstanceProfile", "EntityAlreadyExists"): (
        "a second role is LimitExceeded (facts 10.7)"
    ),
    ("AssumeRole", "ExpiredTokenException"): "a token that ended is ExpiredToken",
    ("AssumeRoot", "ExpiredTokenException"): "a token that ended is ExpiredToken",
    ("GenerateOrganizationsAccessReport", "ReportGenerationLimitExceeded"): (
        "a report is made at once, so none is ever under way"
    ),
    ("AssumeRole", "InvalidContextAssertion"): "ProvidedContexts are refused",
    ("CreateOpenIDConnectProvider", "OpenIdIdpCommunicationError"): (
        "nobody calls the provider"
    ),
    ("CreateServiceLinkedRole", "LimitExceeded"): (
        "there are fewer services than places for roles"
    ),
    ("CreateServiceLinkedRole", "NoSuchEntity"): (
        "a service without such a role is InvalidInput"
    ),
    ("UpdateRoleDescription", "UnmodifiableEntity"): (
        "the description of a service-linked role may be changed, as AWS's guide says"
    ),
    ("CreateGroup", "NoSuchEntity"): "it names nothing that has to be there",
    ("DeleteServerCertificate", "DeleteConflict"): "no load balancer holds it",
    ("GetCredentialReport", "ReportInProgress"): "a report is made at once",
    ("GetSSHPublicKey", "UnrecognizedPublicKeyEncoding"): (
        "another encoding is ValidationError, as of every list of values"
    ),
    ("ListDelegationRequests", "NoSuchEntity"): (
        "who has taken nothing up has an empty list, and so has who is not there"
    ),
    ("SimulatePrincipalPolicy", "PolicyEvaluation"): "as SimulateCustomPolicy",
    ("UpdateAccountPasswordPolicy", "MalformedPolicyDocument"): (
        "it takes no document"
    ),
    ("UpdateAccountPasswordPolicy", "NoSuchEntity"): "it makes one where none is",
    ("UploadSigningCertificate", "EntityAlreadyExists"): (
        "the same certificate is DuplicateCertificate"
    ),
    ("UploadSigningCertificate", "InvalidCertificate"): (
        "a certificate that cannot be read is MalformedCertificate"
    ),
}
UNCOUNTED = (
    "Deactivate",
    "Delete",
    "Detach",
    "Remove",
    "Resync",
    "SetDefault",
    "Update",
)
"""Beginnings of operations that make nothing, so that no quota stops them."""
