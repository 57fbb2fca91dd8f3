"""Access reports of an organization: which services its policies open, and their use.

As access advisor's, a report is made at once and kept as it was. It looks at service
control policies and at no others, and at everybody in an account, root too.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ostiary.identity.organization import (
    MANAGED,
    SCP,
    Member,
    Organization,
    OrganizationPolicy,
)
from ostiary.services.errors import access_denied
from ostiary.services.iam.access_advisor import find_report, keep
from ostiary.services.iam.paging import in_memory, paged
from ostiary.services.iam.reach import controlled_services, service_names
from ostiary.services.operation import (
    Call,
    Operations,
    ReadOperation,
    Result,
    SlowChangeOperation,
)
from ostiary.store.chart import Chart, chart_of
from ostiary.store.port import Change, Reader

if TYPE_CHECKING:
    from ostiary.identity.last_use import ActionUse

KIND: Final = "ORGANIZATION"
BY_NAME: Final = "SERVICE_NAMESPACE_ASCENDING"
_DESCENDING: Final = "_DESCENDING"
_BY_TIME: Final = "LAST_AUTHENTICATED_TIME"


class _NoReportError(Exception):
    """Why no report can be made of what was asked."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the report is about."""

    services: set[str]
    members: Sequence[Member]
    """Whose use counts."""


def generate(call: Call, view: Reader) -> Callable[[Change], Result]:
    """A new report on the root, a unit or an account; it may say that it failed."""
    organization, chart = _managed(call, view)
    try:
        asked = _asked(call, organization, chart)
    except _NoReportError as error:
        told = {"Code": error.code, "Message": error.message}
        return keep(call, KIND, {"failed": told})
    return keep(call, KIND, {"services": _services(view, chart, asked)})


def get_report(call: Call, view: Reader) -> Result:
    """A report's services, in the order that the call asks for."""
    _managed(call, view)
    report = find_report(call, view, (KIND,))
    content = json.loads(report.content)
    result: Result = {
        "JobCreationDate": report.created,
        "JobCompletionDate": report.created,
    }
    if "failed" in content:
        return {**result, "JobStatus": "FAILED", "ErrorDetails": content["failed"]}
    services = _sorted(content["services"], call.text("SortKey", BY_NAME))
    numbers = in_memory(range(len(services)), lambda number: f"{number:05}")
    page, rest = paged(call, "GetOrganizationsAccessReport", numbers)
    return {
        **result,
        "JobStatus": "COMPLETED",
        "NumberOfServicesAccessible": len(services),
        "NumberOfServicesNotAccessed": sum(
            "LastAuthenticatedTime" not in one for one in services
        ),
        "AccessDetails": [services[number] for number in page],
        **rest,
    }


def _managed(call: Call, view: Reader) -> tuple[Organization, Chart]:
    """The organization that the caller's account manages, with all its members."""
    account = call.caller.account
    chart = chart_of(view, account)
    organization = chart.organization_of(account)
    if organization is None or organization.management != account:
        raise access_denied(
            "Only the management account of an organization can use access reports."
        )
    for member in view.list_by(Member, organization=organization.id):
        chart.put(member)
    return organization, chart


def _asked(call: Call, organization: Organization, chart: Chart) -> _Asked:
    """The services and members that the call is about; raises `_NoReportError`."""
    if not organization.has_type(SCP):
        raise _NoReportError(
            "PolicyTypeNotEnabled",
            "Service control policies are not enabled for the organization root.",
        )
    chain = call.text("EntityPath").rstrip("/").split("/")
    members = _members(organization, chart, chain)
    if chain[-1] == organization.management:
        return _Asked(services=set(service_names()), members=members)
    policy = call.text("OrganizationsPolicyId")
    if policy:
        text = _policy(organization, chart, policy).text
        bound = [one for one in members if policy in _policies_above(chart, one)]
        return _Asked(services=controlled_services([text]), members=bound)
    services = set(service_names())
    for level in chain[1:]:
        texts = [
            chart.policies[one].text
            for one in chart.attached.get(level, ())
            if chart.policies[one].type == SCP
        ]
        services &= controlled_services(texts)
    return _Asked(services=services, members=members)


def _members(
    organization: Organization, chart: Chart, chain: Sequence[str]
) -> list[Member]:
    """The accounts at or below the end of a path; raises `_NoReportError` for no path.

    The management account counts where it is named alone: no policy binds it.
    """
    path = "/".join(chain)
    member = chart.members.get(chain[-1])
    if member is not None and path == _path(chart, member):
        return [member]
    known = [organization.id, *chart.chain_to(chain[-1])]
    is_there = chain[-1] == organization.root or chain[-1] in chart.units
    if not is_there or list(chain) != known:
        raise _NoReportError("InvalidInput", f"The entity path {path} does not exist.")
    return [
        one
        for one in chart.members_of(organization.id)
        if one.account != organization.management
        and _path(chart, one).startswith(f"{path}/")
    ]


def _policy(
    organization: Organization, chart: Chart, policy_id: str
) -> OrganizationPolicy:
    found = chart.policies.get(policy_id)
    own = found is not None and found.organization == organization.id
    if found is None or found.type != SCP or not (own or policy_id in MANAGED):
        raise _NoReportError("InvalidInput", f"The policy {policy_id} does not exist.")
    return found


def _policies_above(chart: Chart, member: Member) -> set[str]:
    levels = (*chart.chain_to(member.parent), member.account)
    return {policy for level in levels for policy in chart.attached.get(level, ())}


def _path(chart: Chart, member: Member) -> str:
    return chart.path_of(member) + member.account


def _services(view: Reader, chart: Chart, asked: _Asked) -> list[Result]:
    """Each service with its last use, by prefix."""
    last: dict[str, tuple[ActionUse, Member]] = {}
    accounts: dict[str, set[str]] = {}
    for member in asked.members:
        for use in view.uses_in(member.account):
            accounts.setdefault(use.service, set()).add(member.account)
            old = last.get(use.service)
            if old is None or old[0].used < use.used:
                last[use.service] = (use, member)
    names = service_names()
    shown: list[Result] = []
    for service in sorted(asked.services):
        entry: Result = {"ServiceName": names[service], "ServiceNamespace": service}
        entry["TotalAuthenticatedEntities"] = len(accounts.get(service, ()))
        if service in last:
            use, member = last[service]
            entry["LastAuthenticatedTime"] = use.used
            entry["Region"] = use.region
            entry["EntityPath"] = _path(chart, member)
        shown.append(entry)
    return shown


def _sorted(services: list[Mapping[str, object]], key: str) -> list[Result]:
    """The services as the call wants them; what was never used counts as the oldest."""
    ordered = [dict(one) for one in services]
    if key.startswith(_BY_TIME):
        ordered.sort(key=lambda one: int(str(one.get("LastAuthenticatedTime", 0))))
    if key.endswith(_DESCENDING):
        ordered.reverse()
    return ordered


OPERATIONS: Operations = {
    "GenerateOrganizationsAccessReport": SlowChangeOperation(prepare=generate),
    "GetOrganizationsAccessReport": ReadOperation(run=get_report),
}
