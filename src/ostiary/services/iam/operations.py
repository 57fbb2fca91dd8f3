"""All of IAM's operations, by name."""

from ostiary.services.iam import (
    account,
    attachments,
    boundaries,
    credentials,
    groups,
    inline,
    login,
    mfa,
    mfa_lists,
    mfa_tags,
    policies,
    roles,
    tags,
    usage,
    users,
    versions,
)
from ostiary.services.operation import Operations

FAMILIES = (
    account,
    attachments,
    boundaries,
    credentials,
    groups,
    inline,
    login,
    mfa,
    mfa_lists,
    mfa_tags,
    policies,
    roles,
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
