"""What an organization has switched on of centralized root access.

The management account does it, or whom the organization named administrator for IAM;
only the former may switch anything on.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ostiary.identity.organization import (
    ALL_FEATURES,
    Delegation,
    Member,
    Organization,
    TrustedService,
)
from ostiary.identity.root_access import (
    CREDENTIALS_MANAGEMENT,
    SESSIONS,
    RootAccess,
)
from ostiary.services.errors import ServiceError
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.services.root_standing import IAM
from ostiary.store.port import Change, Reader


class _Standing(NamedTuple):
    """The caller's organization, and what it has switched on."""

    organization: Organization
    access: RootAccess | None


def list_features(call: Call, view: Reader) -> Result:
    """The features that are on."""
    standing = _standing(call, view)
    return _shown(standing.access or _nothing(standing.organization))


def _switch(feature: str, *, on: bool) -> Callable[[Call, Change], Result]:
    def run(call: Call, change: Change) -> Result:
        organization, held = _standing(call, change, enables=on)
        access = _with(held or _nothing(organization), feature, on=on)
        if held is None:
            change.insert(access)
        else:
            change.replace(access)
        return _shown(access)

    return run


def _with(access: RootAccess, feature: str, *, on: bool) -> RootAccess:
    if feature == SESSIONS:
        return replace(access, sessions=on)
    return replace(access, credentials_management=on)


def _standing(call: Call, view: Reader, *, enables: bool = False) -> _Standing:
    """Where the caller stands; raises what is missing, the nearest first."""
    account = call.caller.account
    member = view.find(Member, account)
    organization = view.find(Organization, member.organization) if member else None
    if organization is None:
        raise _refused(
            "OrganizationNotFoundException",
            "no organization is associated with your account.",
        )
    if account != organization.management:
        _require_administrator(view, organization, account, enables=enables)
    if organization.features != ALL_FEATURES:
        raise _refused(
            "OrganizationNotInAllFeaturesModeException",
            "your organization does not have All features enabled.",
        )
    if view.find(TrustedService, f"{organization.id} {IAM}") is None:
        raise _refused(
            "ServiceAccessNotEnabledException",
            "trusted access is not enabled for IAM in Organizations.",
        )
    return _Standing(organization, view.find(RootAccess, organization.id))


def _require_administrator(
    view: Reader, organization: Organization, account: str, *, enables: bool
) -> None:
    found = view.find(Delegation, f"{account} {IAM}")
    if found is None or found.organization != organization.id:
        raise _refused(
            "AccountNotManagementOrDelegatedAdministratorException",
            "the account making the request is not the management account or "
            "delegated administrator account for centralized root access.",
        )
    if enables:
        raise _refused(
            "CallerIsNotManagementAccountException",
            "the account making the request is not the management account for the "
            "organization.",
        )


def _refused(code: str, why: str) -> ServiceError:
    return ServiceError(code, f"The request was rejected because {why}", 400)


def _nothing(organization: Organization) -> RootAccess:
    return RootAccess(
        organization=organization.id, credentials_management=False, sessions=False
    )


def _shown(access: RootAccess) -> Result:
    return {
        "OrganizationId": access.organization,
        "EnabledFeatures": access.features,
    }


OPERATIONS: Operations = {
    "DisableOrganizationsRootCredentialsManagement": ChangeOperation(
        run=_switch(CREDENTIALS_MANAGEMENT, on=False)
    ),
    "DisableOrganizationsRootSessions": ChangeOperation(
        run=_switch(SESSIONS, on=False)
    ),
    "EnableOrganizationsRootCredentialsManagement": ChangeOperation(
        run=_switch(CREDENTIALS_MANAGEMENT, on=True)
    ),
    "EnableOrganizationsRootSessions": ChangeOperation(run=_switch(SESSIONS, on=True)),
    "ListOrganizationsFeatures": ReadOperation(run=list_features),
}
