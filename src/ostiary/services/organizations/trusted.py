"""Services that the organization trusts, and accounts that administer them for it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ostiary.identity.organization import (
    Delegation,
    Member,
    Organization,
    TrustedService,
)
from ostiary.services.errors import ServiceError
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.services.organizations import shown
from ostiary.services.organizations.errors import conflict, invalid, violation
from ostiary.services.organizations.paging import in_memory, listed
from ostiary.services.organizations.place import (
    full_organization,
    get_member,
    seen_organization,
)
from ostiary.store.port import Change, Reader

_PRINCIPAL = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com", re.ASCII)


def enable(call: Call, change: Change) -> Result:
    """Trust a service; once more changes nothing."""
    organization, service = full_organization(call, change), _service(call)
    if _find_trusted(change, organization, service) is None:
        change.insert(
            TrustedService(
                organization=organization.id, service=service, enabled=call.now
            )
        )
    return {}


def disable(call: Call, change: Change) -> Result:
    """Trust a service no more, when no account administers it."""
    organization, service = full_organization(call, change), _service(call)
    trusted = _find_trusted(change, organization, service)
    if change.count(Delegation, organization=organization.id, service=service):
        raise violation(
            "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE",
            "You must first deregister the delegated administrators of this service.",
        )
    if trusted is not None:
        change.delete(trusted)
    return {}


def list_enabled(call: Call, view: Reader) -> Result:
    """The services that are trusted."""
    organization = seen_organization(call, view)
    found = view.list_by(TrustedService, organization=organization.id)
    return listed(
        call,
        "EnabledServicePrincipals",
        in_memory(found, _trusted_name),
        _trusted_name,
        lambda one: {"ServicePrincipal": one.service, "DateEnabled": one.enabled},
    )


def register(call: Call, change: Change) -> Result:
    """A member administers a trusted service, and may look at the organization."""
    organization, service = full_organization(call, change), _service(call)
    member = get_member(change, organization, call.text("AccountId"))
    if member.account == organization.management:
        raise violation(
            "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
            "You cannot register master account/yourself as delegated administrator "
            "for your organization.",
        )
    if _find_trusted(change, organization, service) is None:
        raise violation(
            "SERVICE_ACCESS_NOT_ENABLED",
            "You must first enable service access for this service.",
        )
    delegation = Delegation(
        account=member.account,
        service=service,
        organization=organization.id,
        enabled=call.now,
    )
    if change.find(Delegation, delegation.key) is not None:
        raise conflict(
            "AccountAlreadyRegisteredException",
            "The provided account is already a delegated administrator for your "
            "organization.",
        )
    change.insert(delegation)
    return {}


def deregister(call: Call, change: Change) -> Result:
    """A member administers a service no more."""
    organization, service = full_organization(call, change), _service(call)
    member = get_member(change, organization, call.text("AccountId"))
    found = change.find(Delegation, f"{member.account} {service}")
    if found is None:
        raise _not_registered()
    change.delete(found)
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Administrator:
    member: Member
    since: int


def list_administrators(call: Call, view: Reader) -> Result:
    """The accounts that administer a service, or any."""
    organization = seen_organization(call, view)
    service = call.text("ServicePrincipal")
    found = [
        one
        for one in view.list_by(Delegation, organization=organization.id)
        if not service or one.service == service
    ]
    return listed(
        call,
        "DelegatedAdministrators",
        in_memory(_administrators(view, organization, found), _administrator_id),
        _administrator_id,
        lambda one: {
            **shown.account(one.member, organization),
            "DelegationEnabledDate": one.since,
        },
    )


def list_services(call: Call, view: Reader) -> Result:
    """The services that a member administers."""
    organization = seen_organization(call, view)
    member = get_member(view, organization, call.text("AccountId"))
    found = view.list_by(Delegation, account=member.account)
    if not found:
        raise _not_registered()
    return listed(
        call,
        "DelegatedServices",
        in_memory(found, _delegated_name),
        _delegated_name,
        lambda one: {
            "ServicePrincipal": one.service,
            "DelegationEnabledDate": one.enabled,
        },
    )


def _administrators(
    view: Reader, organization: Organization, found: Sequence[Delegation]
) -> list[_Administrator]:
    """Each account once, since the first of its services."""
    since: dict[str, int] = {}
    for one in found:
        since[one.account] = min(one.enabled, since.get(one.account, one.enabled))
    return [
        _Administrator(member=get_member(view, organization, account), since=when)
        for account, when in since.items()
    ]


def _service(call: Call) -> str:
    service = call.text("ServicePrincipal")
    if _PRINCIPAL.fullmatch(service) is None:
        raise invalid(
            "UNRECOGNIZED_SERVICE_PRINCIPAL",
            "You specified a service principal that isn't recognized.",
        )
    return service


def _find_trusted(
    view: Reader, organization: Organization, service: str
) -> TrustedService | None:
    return view.find(TrustedService, f"{organization.id} {service}")


def _not_registered() -> ServiceError:
    return conflict(
        "AccountNotRegisteredException",
        "The provided account is not a registered delegated administrator for your "
        "organization.",
    )


def _trusted_name(one: TrustedService) -> str:
    return one.service


def _delegated_name(one: Delegation) -> str:
    return one.service


def _administrator_id(one: _Administrator) -> str:
    return one.member.account


OPERATIONS: Operations = {
    "EnableAWSServiceAccess": ChangeOperation(run=enable),
    "DisableAWSServiceAccess": ChangeOperation(run=disable),
    "ListAWSServiceAccessForOrganization": ReadOperation(run=list_enabled),
    "RegisterDelegatedAdministrator": ChangeOperation(run=register),
    "DeregisterDelegatedAdministrator": ChangeOperation(run=deregister),
    "ListDelegatedAdministrators": ReadOperation(run=list_administrators),
    "ListDelegatedServicesForAccount": ReadOperation(run=list_services),
}
