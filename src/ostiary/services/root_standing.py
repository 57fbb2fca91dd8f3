"""Who stands above a member account when it comes to its root user."""

from typing import Final

from ostiary.identity.organization import ALL_FEATURES, Organization
from ostiary.store.snapshot import Snapshot

IAM: Final = "iam.amazonaws.com"
"""The service that an organization must trust, and that may have an administrator."""


def is_above(snapshot: Snapshot, account: str, member: str) -> bool:
    """Whether an account manages root access of a member of its organization."""
    organization = snapshot.chart.organization_of(member)
    return (
        organization is not None
        and member != organization.management
        and is_manager(snapshot, account, organization)
    )


def is_manager(snapshot: Snapshot, account: str, organization: Organization) -> bool:
    """Whether the account manages the organization, or administers IAM for it."""
    if account == organization.management:
        return True
    found = snapshot.issuers.administrators.get(f"{account} {IAM}")
    return found is not None and found.organization == organization.id


def trusts_iam(snapshot: Snapshot, organization: Organization) -> bool:
    """Whether root access can be centralized in the organization at all."""
    key = f"{organization.id} {IAM}"
    return organization.features == ALL_FEATURES and key in snapshot.issuers.trusted
