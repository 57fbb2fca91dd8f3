"""Access advisor: which services somebody may use, and when they last tried.

A report is made at once and kept as it was then. What it rests on are the attempts
that the gate has seen; which policies count is `reach`'s to say.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ostiary.identity import ids
from ostiary.identity.last_use import REPORTS, AccessReport, ActionUse
from ostiary.identity.model import (
    Attachment,
    Group,
    Membership,
    Policy,
    Role,
    User,
)
from ostiary.services.errors import invalid_input, no_such_entity
from ostiary.services.iam import managed, service_access
from ostiary.services.iam.paging import in_memory, paged
from ostiary.services.iam.reach import open_actions, open_services, service_names
from ostiary.services.operation import (
    Call,
    Operations,
    ReadOperation,
    Result,
    SlowChangeOperation,
)
from ostiary.store.port import Change, Reader

BY_SERVICE: Final = "SERVICE_LEVEL"
BY_ACTION: Final = "ACTION_LEVEL"
_LATEST: Final = 10**12
"""Above all times, so that what is younger has the smaller cursor."""

Person = User | Role


def generate(call: Call, view: Reader) -> Callable[[Change], Result]:
    """A new report on a user, group, role or managed policy."""
    kind = call.text("Granularity", BY_SERVICE)
    people, texts = _subject(call, view)
    content = _content(view, people, texts, with_actions=kind == BY_ACTION)
    return keep(call, kind, content)


def keep(call: Call, kind: str, content: Result) -> Callable[[Change], Result]:
    """The change that keeps a report, and tells its job id."""
    report = AccessReport(
        id=ids.request_ids(call.mint, 1)[0],
        account=call.caller.account,
        asker=asker(call),
        created=call.now,
        kind=kind,
        content=json.dumps(content, separators=(",", ":")),
    )

    def finish(change: Change) -> Result:
        change.insert(report)
        return {"JobId": report.id}

    return finish


def get_details(call: Call, view: Reader) -> Result:
    """The services of a report, by prefix."""
    report = find_report(call, view, (BY_SERVICE, BY_ACTION))
    if report.asker != asker(call):
        raise _no_job(report.id)
    content = json.loads(report.content)
    names = list(content["services"])
    page, rest = paged(
        call, "GetServiceLastAccessedDetails", in_memory(names, lambda name: name)
    )
    return {
        **_job(report),
        "JobType": report.kind,
        "ServicesLastAccessed": [_service(content, name) for name in page],
        **rest,
    }


def get_details_with_entities(call: Call, view: Reader) -> Result:
    """Who could have used a service, and when they last tried: the latest first."""
    report = find_report(call, view, (BY_SERVICE, BY_ACTION))
    service = call.text("ServiceNamespace")
    if service not in service_names():
        raise invalid_input(f"Service namespace {service} is not valid.")
    content = json.loads(report.content)
    used = content["services"].get(service, {}).get("by", {})
    people = content["people"] if service in content["services"] else []
    numbers = in_memory(
        range(len(people)),
        lambda number: f"{_LATEST - used.get(str(number), 0):013} {number:06}",
    )
    page, rest = paged(call, "GetServiceLastAccessedDetailsWithEntities", numbers)
    details = []
    for number in page:
        entry: Result = {"EntityInfo": people[number]}
        if str(number) in used:
            entry["LastAuthenticated"] = used[str(number)]
        details.append(entry)
    return {**_job(report), "EntityDetailsList": details, **rest}


def find_report(call: Call, view: Reader, kinds: Sequence[str]) -> AccessReport:
    """The account's report of that job; raises NoSuchEntity."""
    job = call.text("JobId")
    report = view.find(AccessReport, job)
    if (
        report is None
        or report.account != call.caller.account
        or report.kind not in kinds
        or call.now - report.created > REPORTS
    ):
        raise _no_job(job)
    return report


def asker(call: Call) -> str:
    """Who asks, whatever credentials are used: a user, a role, or root."""
    session = call.caller.session
    return call.caller.user_id if session is None else session.principal


def _no_job(job: str) -> Exception:
    return no_such_entity(f"Job with ID {job} does not exist")


def _job(report: AccessReport) -> Result:
    return {
        "JobStatus": "COMPLETED",
        "JobCreationDate": report.created,
        "JobCompletionDate": report.created,
    }


def _service(content: Result, name: str) -> Result:
    told = content["services"][name]  # type: ignore[index]  # JSON of our own
    shown: Result = {
        "ServiceName": service_names().get(name, name),
        "ServiceNamespace": name,
        "TotalAuthenticatedEntities": len(told["by"]),
    }
    if told["by"]:
        shown["LastAuthenticated"] = told["used"]
        shown["LastAuthenticatedEntity"] = told["entity"]
        shown["LastAuthenticatedRegion"] = told["region"]
    if "actions" in told:
        shown["TrackedActionsLastAccessed"] = told["actions"]
    return shown


def _subject(call: Call, view: Reader) -> tuple[list[Person], list[str]]:
    """Who could use what the ARN names, and the policies that say what.

    Raises:
        ServiceError: InvalidInput, NoSuchEntity.
    """
    arn = call.text("Arn")
    if managed.account_in(arn) is not None:
        policy = managed.find_visible(view, call.caller.account, arn)
        if policy is None:
            raise no_such_entity(f"ARN {arn} cannot be found.")
        people = {one.id: one for one in _holders(view, policy, call.caller.account)}
        return list(people.values()), [_text(view, policy)]
    owner = service_access.get_owner_by_arn(call, view)
    texts = service_access.texts_of(view, owner)
    if isinstance(owner, Group):
        return list(_members(view, owner.id)), texts
    return [owner], texts


def _text(view: Reader, policy: Policy) -> str:
    versions = managed.versions_of(view, policy)
    return next(v.text for v in versions if v.number == policy.default_version)


def _holders(view: Reader, policy: Policy, account: str) -> Iterator[Person]:
    """Users and roles that have the policy, also by a group."""
    for row in view.list_by(Attachment, policy=policy.arn, account=account):
        if row.owner.startswith("AGPA"):
            yield from _members(view, row.owner)
            continue
        kind: type[Person] = User if row.owner.startswith("AIDA") else Role
        found = view.find(kind, row.owner)
        if found is not None:
            yield found


def _members(view: Reader, group: str) -> Iterator[User]:
    for row in view.list_by(Membership, group=group):
        user = view.find(User, row.user)
        if user is not None:
            yield user


def _content(
    view: Reader, people: Sequence[Person], texts: Sequence[str], *, with_actions: bool
) -> Result:
    """The report as it is kept: people by number, services by prefix."""
    numbers = {one.id: number for number, one in enumerate(people)}
    arns = {one.id: one.arn for one in people}
    uses: dict[str, list[ActionUse]] = {}
    for use in view.action_uses(list(numbers)):
        uses.setdefault(use.service, []).append(use)
    services: Result = {}
    for name in open_services(texts):
        told = _told(uses.get(name, []), numbers, arns)
        if with_actions:
            allowed = open_actions(texts, name)
            actions = _actions(uses.get(name, []), arns, allowed)
            if actions:
                told["actions"] = actions
        services[name] = told
    return {"people": [_shown(one) for one in people], "services": services}


def _told(
    uses: Sequence[ActionUse], numbers: dict[str, int], arns: dict[str, str]
) -> Result:
    """What is known of the use of one service."""
    by: dict[str, int] = {}
    for use in uses:
        number = str(numbers[use.principal])
        by[number] = max(by.get(number, 0), use.used)
    told: Result = {"by": by}
    if uses:
        last = max(uses, key=lambda use: use.used)
        told |= {"used": last.used, "region": last.region}
        told["entity"] = arns[last.principal]
    return told


def _actions(
    uses: Sequence[ActionUse], arns: dict[str, str], allowed: Sequence[str]
) -> list[Result]:
    """The allowed actions that are tracked; those never tried have a name only."""
    last: dict[str, ActionUse] = {}
    for use in uses:
        name = use.action.partition(":")[2]
        if name not in last or last[name].used < use.used:
            last[name] = use
    shown: list[Result] = []
    for name in allowed:
        entry: Result = {"ActionName": name}
        found = last.get(name)
        if found is not None:
            entry["LastAccessedEntity"] = arns[found.principal]
            entry["LastAccessedTime"] = found.used
            entry["LastAccessedRegion"] = found.region
        shown.append(entry)
    return shown


def _shown(person: Person) -> Result:
    return {
        "Arn": person.arn,
        "Name": person.name,
        "Type": "USER" if isinstance(person, User) else "ROLE",
        "Id": person.id,
        "Path": person.path,
    }


OPERATIONS: Operations = {
    "GenerateServiceLastAccessedDetails": SlowChangeOperation(prepare=generate),
    "GetServiceLastAccessedDetails": ReadOperation(run=get_details),
    "GetServiceLastAccessedDetailsWithEntities": ReadOperation(
        run=get_details_with_entities
    ),
}
