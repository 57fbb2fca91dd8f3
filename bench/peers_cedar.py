"""cedarpy: Cedar's own evaluator in Rust, through its parsed handles.

Cedar has no wildcards in actions: a pattern is an action group, and the action that is
asked for is told its groups beforehand. A resource's ARN is an attribute, matched with
`like`. Said beforehand too: policies, entities and the request itself.
"""

import json
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import cedarpy

from bench.engine import Case
from bench.peers import Grant, grants_of, has_mfa


def policies_of(case: Case) -> str:
    """The policies of a case as Cedar text."""
    return "\n".join(map(_policy, grants_of(case)))


def _policy(grant: Grant) -> str:
    actions = ", ".join(f"Action::{json.dumps(one)}" for one in grant.actions)
    tests = []
    if grant.accounts:
        tests.append(f"{json.dumps(list(grant.accounts))}.contains(principal.account)")
    if "*" not in grant.resources:
        likes = [f"resource.arn like {json.dumps(one)}" for one in grant.resources]
        tests.append(f"({' || '.join(likes)})")
    if grant.mfa:
        tests.append("context has mfa && context.mfa")
    word = "permit" if grant.allow else "forbid"
    when = f" when {{ {' && '.join(tests)} }}" if tests else ""
    return f"{word} (principal, action in [{actions}], resource){when};"


def entities_of(case: Case) -> list[dict[str, Any]]:
    """The principal, the resource, and the action with its groups."""
    groups = {
        one
        for grant in grants_of(case)
        for one in grant.actions
        if one.endswith("*") and case.action.startswith(one[:-1])
    }
    parents = [{"type": "Action", "id": one} for one in sorted(groups)]
    account = case.who.split(":")[4]
    return [
        _entity("User", case.who, {"account": account}),
        _entity("Resource", case.resource, {"arn": case.resource}),
        {**_entity("Action", case.action, {}), "parents": parents},
    ]


def _entity(kind: str, name: str, attributes: dict[str, str]) -> dict[str, Any]:
    uid = {"type": kind, "id": name}
    return {"uid": uid, "attrs": attributes, "parents": []}


def request_of(case: Case) -> dict[str, Any]:
    """The request of a case; its context holds only what a policy may ask for."""
    return {
        "principal": {"type": "User", "id": case.who},
        "action": {"type": "Action", "id": case.action},
        "resource": {"type": "Resource", "id": case.resource},
        "context": {"mfa": True} if has_mfa(case) else {},
    }


class Peer:
    """cedarpy with a `PolicySet` and `Entities` parsed beforehand."""

    name = f"cedarpy {version('cedarpy')}"
    sample = 1_000

    def prepare(self, case: Case) -> Callable[[], object]:
        """One call of `is_authorized`."""
        return partial(
            cedarpy.is_authorized,
            request_of(case),
            cedarpy.PolicySet.from_str(policies_of(case)),
            cedarpy.Entities.from_json_str(json.dumps(entities_of(case))),
        )

    def allowed(self, answer: object) -> bool:
        """What an answer says."""
        assert isinstance(answer, cedarpy.AuthzResult)
        assert not answer.diagnostics.errors
        return answer.allowed


PEERS = (Peer,)
