"""Services that the organization trusts, and accounts that administer them for it."""

import re
from collections.abc import Sequence

from ostiary.identity.organization import (
    Delegation,
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
    is_closed,
    seen_organization,
)
from ostiary.store.port import Change, Page, Reader

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
    return listed(
        call,
        "EnabledServicePrincipals",
        lambda page: view.list_by(TrustedService, page, organization=organization.id),
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
    if is_closed(change, member.account):
        raise violation(
            "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
            "You cannot register a suspended account as delegated administrator.",
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


def list_administrators(call: Call, view: Reader) -> Result:
    """The accounts that administer a service, or any."""
    organization = seen_organization(call, view)
    service = call.text("ServicePrincipal")

    def fetch(page: Page) -> Sequence[Delegation]:
        name = organization.id
        if service:
            return view.list_by(Delegation, page, organization=name, service=service)
        first = _first_of_each(view.list_by(Delegation, organization=name))
        return in_memory(first, _administrator)(page)

    return listed(
        call,
        "DelegatedAdministrators",
        fetch,
        _administrator,
        lambda one: {
            **shown.account(
                view, get_member(view, organization, one.account), organization
            ),
            "DelegationEnabledDate": one.enabled,
        },
    )


def list_services(call: Call, view: Reader) -> Result:
    """The services that a member administers."""
    organization = seen_organization(call, view)
    member = get_member(view, organization, call.text("AccountId"))
    if not view.list_by(Delegation, Page(limit=1), account=member.account):
        raise _not_registered()
    return listed(
        call,
        "DelegatedServices",
        lambda page: view.list_by(Delegation, page, account=member.account),
        _delegated_name,
        lambda one: {
            "ServicePrincipal": one.service,
            "DelegationEnabledDate": one.enabled,
        },
    )


def _first_of_each(found: Sequence[Delegation]) -> list[Delegation]:
    """Each account once, with the first of its services."""
    first: dict[str, Delegation] = {}
    for one in sorted(found, key=lambda one: one.enabled):
        first.setdefault(one.account, one)
    return list(first.values())


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


def _administrator(one: Delegation) -> str:
    return one.account


OPERATIONS: Operations = {
    "EnableAWSServiceAccess": ChangeOperation(run=enable),
    "DisableAWSServiceAccess": ChangeOperation(run=disable),
    "ListAWSServiceAccessForOrganization": ReadOperation(run=list_enabled),
    "RegisterDelegatedAdministrator": ChangeOperation(run=register),
    "DeregisterDelegatedAdministrator": ChangeOperation(run=deregister),
    "ListDelegatedAdministrators": ReadOperation(run=list_administrators),
    "ListDelegatedServicesForAccount": ReadOperation(run=list_services),
}
