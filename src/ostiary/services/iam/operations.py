"""All of IAM's operations, by name."""

from ostiary.services.iam import (
    account,
    attachments,
    authorization_details,
    boundaries,
    credential_report,
    credentials,
    groups,
    inline,
    instance_profiles,
    linked_roles,
    login,
    mfa,
    mfa_lists,
    mfa_tags,
    oidc_providers,
    password_policy,
    policies,
    roles,
    saml_providers,
    server_certificates,
    service_access,
    service_credentials,
    signing_certificates,
    simulate,
    ssh_keys,
    tags,
    usage,
    users,
    versions,
)
from ostiary.services.operation import Operations

FAMILIES = (
    account,
    attachments,
    authorization_details,
    boundaries,
    credential_report,
    credentials,
    groups,
    inline,
    instance_profiles,
    linked_roles,
    login,
    mfa,
    mfa_lists,
    mfa_tags,
    oidc_providers,
    password_policy,
    policies,
    roles,
    saml_providers,
    server_certificates,
    service_access,
    service_credentials,
    signing_certificates,
    simulate,
    ssh_keys,
    tags,
    usage,
    users,
    versions,
)

OPERATIONS: Operations = {
    name: operation
    for family in FAMILIES
    for name, operation in family.OPERATIONS.items()
}
