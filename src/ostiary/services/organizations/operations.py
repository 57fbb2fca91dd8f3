"""All operations of AWS Organizations that are served, by name."""

from ostiary.services.operation import Operations
from ostiary.services.organizations import (
    accounts,
    attachments,
    features,
    handshakes,
    members,
    organizations,
    policies,
    policy_types,
    tags,
    trusted,
    units,
)

FAMILIES = (
    accounts,
    attachments,
    features,
    handshakes,
    members,
    organizations,
    policies,
    policy_types,
    tags,
    trusted,
    units,
)

OPERATIONS: Operations = {
    name: operation
    for family in FAMILIES
    for name, operation in family.OPERATIONS.items()
}
