"""From the ids of an organization's things to their ARNs, which name its manager.

An id that nobody has still makes an ARN: the decision comes first. The service says
afterwards who may ask what; so every thing counts as the caller's own account's here,
and the caller's own policies decide.
"""

import re
from collections.abc import Mapping

from ostiary.gate.needs import ANY, Asked, Kind, Resource, Unclear, Value
from ostiary.identity.model import PARTITION
from ostiary.identity.organization import Member, Organization, Unit

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_TYPE = re.compile(r"[A-Z0-9_]{1,64}", re.ASCII)


def thing(asked: Asked, text: str) -> Resource:
    """A root, unit, account or policy, which its id tells apart."""
    kind, _, tail = text.partition("-")
    if _ACCOUNT.fullmatch(text):
        return _account(asked, text)
    match kind:
        case "r" if tail:
            return Resource(
                _arn(asked, "root", text), _own(asked), _if_root(asked, text)
            )
        case "ou" if tail:
            found = asked.snapshot.chart.units.get(text)
            return Resource(
                _arn(asked, "ou", text), _own(asked), _if_ours(asked, found)
            )
        case "p" if tail:
            return _policy(asked, text)
        case _:
            raise Unclear(f"`{text}` names nothing of an organization")


def _account(asked: Asked, text: str) -> Resource:
    found = asked.snapshot.chart.members.get(text)
    return Resource(_arn(asked, "account", text), _own(asked), _if_ours(asked, found))


def _policy(asked: Asked, text: str) -> Resource:
    policy = asked.snapshot.chart.policies.get(text)
    organization = _organization(asked)
    if policy is not None and policy.is_managed:
        arn = f"arn:{PARTITION}:organizations::aws:policy/{policy.type.lower()}/{text}"
        return Resource(arn, _own(asked))
    if policy is None or organization is None or policy.organization != organization.id:
        return Resource(_arn(asked, "policy", f"{ANY}/{text}"), _own(asked))
    tail = f"{policy.type.lower()}/{text}"
    return Resource(_arn(asked, "policy", tail), _own(asked), policy)


def new_policy(asked: Asked, policy_type: str) -> Resource:
    """All policies of a type: the new one has no id yet."""
    if _TYPE.fullmatch(policy_type) is None:
        raise Unclear(f"`{policy_type}` is not a type of policies")
    return Resource(_arn(asked, "policy", f"{policy_type.lower()}/{ANY}"), _own(asked))


def handshake(asked: Asked, text: str) -> Resource:
    """A handshake, whose ARN names the organization that asks."""
    chart = asked.snapshot.chart
    found = chart.handshakes.get(text)
    if found is None:
        return Resource(_arn(asked, "handshake", f"{ANY}/{text}"), _own(asked))
    organization = chart.organizations[found.organization]
    tail = f"{found.action.lower()}/{text}"
    return Resource(organization.arn_of("handshake", tail), _own(asked))


def invited(asked: Asked, text: str) -> Resource:
    """The account that is invited; an invitation by mail names none."""
    if _ACCOUNT.fullmatch(text) is None:
        return Resource(ANY, _own(asked))
    return Resource(_arn(asked, "account", text), _own(asked))


def policy_type(asked: Asked) -> Value | None:
    """The type that the request names, or else that of the policy it names."""
    params = asked.target.params
    for name in ("PolicyType", "Type", "Filter"):
        told = params.get(name)
        if isinstance(told, str):
            return told
    named = params.get("PolicyId", params.get("ResourceId"))
    policy = asked.snapshot.chart.policies.get(str(named))
    return None if policy is None else policy.type


def _organization(asked: Asked) -> Organization | None:
    return asked.snapshot.chart.organization_of(asked.caller.account)


def _own(asked: Asked) -> str:
    return asked.caller.account


def _arn(asked: Asked, kind: str, tail: str) -> str:
    organization = _organization(asked)
    if organization is None:
        start = f"arn:{PARTITION}:organizations::{asked.caller.account}:{kind}"
        return f"{start}/{ANY}/{tail}"
    return organization.arn_of(kind, tail)


def _if_root(asked: Asked, text: str) -> Organization | None:
    organization = _organization(asked)
    if organization is None or organization.root != text:
        return None
    return organization


def _if_ours(asked: Asked, found: Member | Unit | None) -> Member | Unit | None:
    organization = _organization(asked)
    if found is None or organization is None or found.organization != organization.id:
        return None
    return found


KINDS: Mapping[str, Kind] = {
    "organization_thing": Kind(thing),
    "organization_handshake": Kind(handshake),
    "organization_invited": Kind(invited),
    "organization_new_policy": Kind(new_policy),
}
