"""How much of everything there may be (facts 3.6, 10.2).

Counting and adding happen in one change, and changes happen one after the other,
so no two callers can share the last place (T101).
"""

from dataclasses import dataclass
from typing import Final

from ostiary.services.errors import limit_exceeded


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A quota by AWS's own name, and its value."""

    name: str
    most: int


USERS: Final = Quota(name="UsersPerAccount", most=5000)
GROUPS: Final = Quota(name="GroupsPerAccount", most=300)
ROLES: Final = Quota(name="RolesPerAccount", most=1000)
POLICIES: Final = Quota(name="PoliciesPerAccount", most=1500)
GROUPS_OF_USER: Final = Quota(name="GroupsPerUser", most=10)
USER_ATTACHMENTS: Final = Quota(name="PoliciesPerUser", most=10)
GROUP_ATTACHMENTS: Final = Quota(name="PoliciesPerGroup", most=10)
ROLE_ATTACHMENTS: Final = Quota(name="PoliciesPerRole", most=10)
MANAGED_POLICY_SIZE: Final = Quota(name="PolicySize", most=6144)
TRUST_POLICY_SIZE: Final = Quota(name="ACLSizePerRole", most=2048)
INSTANCE_PROFILES: Final = Quota(name="InstanceProfilesPerAccount", most=1000)
SERVER_CERTIFICATES: Final = Quota(name="ServerCertificatesPerAccount", most=20)
SIGNING_CERTIFICATES: Final = Quota(name="CertificatesPerUser", most=2)
SSH_KEYS: Final = Quota(name="SSHPublicKeysPerUser", most=5)
SERVICE_CREDENTIALS: Final = Quota(name="ServiceSpecificCredentialsPerUser", most=2)
"""For each service."""
SAML_PROVIDERS: Final = Quota(name="SAMLProvidersPerAccount", most=100)
OIDC_PROVIDERS: Final = Quota(name="OpenIdConnectProvidersPerAccount", most=100)
CLIENT_IDS: Final = Quota(name="ClientIdsPerOpenIdConnectProvider", most=100)
ROLES_OF_PROFILE: Final = Quota(name="InstanceSessionsPerInstanceProfile", most=1)
"""AWS's own name for it (facts 10.7)."""

USER_POLICY_SIZE: Final = 2048
GROUP_POLICY_SIZE: Final = 5120
ROLE_POLICY_SIZE: Final = 10240
VERSIONS: Final = 5
TAGS: Final = 50
ROLE_NAME: Final = 64
"""Characters."""


def require_room(quota: Quota, present: int) -> None:
    """Nothing, when one more has its place; raises LimitExceeded otherwise."""
    require_within(quota, present + 1)


def require_within(quota: Quota, amount: int) -> None:
    """Nothing, when the amount is within the quota; raises LimitExceeded otherwise."""
    if amount > quota.most:
        raise limit_exceeded(f"Cannot exceed quota for {quota.name}: {quota.most}")
