"""Policy text -> findings: what is wrong with it, and what only looks right.

    findings = lint(text, kind=Kind.TRUST, catalogue=catalogue)

A document that would be refused gives the reasons, as errors, and nothing else. Of a
good one every check is asked; each is a generator over an `Exam`.
"""

import json
from collections.abc import Iterator
from typing import Final, cast

from ostiary.policy import (
    lint_effect,
    lint_mfa,
    lint_names,
    lint_resources,
    lint_roles,
    lint_sense,
)
from ostiary.policy.checks import Subject
from ostiary.policy.compile import compile  # noqa: A004 - the field's own word
from ostiary.policy.document import Kind
from ostiary.policy.fault import PolicyError
from ostiary.policy.lint_catalogue import Catalogue
from ostiary.policy.lint_exam import Check, prepare
from ostiary.policy.lint_finding import RULES, Finding
from ostiary.policy.loader import LoadError, load
from ostiary.policy.parse import diagnose, parse
from ostiary.policy.pattern import fold
from ostiary.policy.shape import Tree

_CHECKS: Final[tuple[Check, ...]] = (
    lint_mfa.pitfalls,
    lint_mfa.lockouts,
    lint_mfa.session_tokens,
    lint_roles.own_policies,
    lint_roles.members,
    lint_roles.sweeps,
    lint_roles.trust,
    lint_names.actions,
    lint_names.keys,
    lint_names.operators,
    lint_resources.resource_types,
    lint_resources.account_ids,
    lint_sense.principals,
    lint_sense.versions,
    lint_sense.sets,
    lint_sense.wildcards,
    lint_effect.impossible,
    lint_effect.shadows,
    lint_effect.repetitions,
)


def lint(
    text: str, *, kind: Kind, catalogue: Catalogue, for_role: bool = False
) -> list[Finding]:
    """The findings about a policy, in the order of the checks; it never raises.

    Args:
        text: JSON
        kind: which kind of policy it is to be
        catalogue: AWS's actions and condition keys
        for_role: the policy is a role's own, so only role sessions ever meet it
    """
    faults = diagnose(text, kind=kind)
    if faults:
        return [_refused(fault) for fault in faults]
    document = parse(text, kind=kind)
    # A text without faults is an object.
    tree = cast("Tree", load(text))
    exam = prepare(
        Subject(document=document, tree=tree, strict=False),
        compile(document),
        catalogue,
        for_role=for_role,
    )
    return [finding for check in _CHECKS for finding in check(exam)]


def _refused(fault: PolicyError) -> Finding:
    cause = fault.__cause__
    reader = cause.__cause__ if cause else None
    return Finding(
        rule=RULES["OST001" if isinstance(cause, LoadError) else "OST002"],
        pointer=fault.pointer,
        message=fault.message,
        help=fault.help or f"AWS says: {fault.aws_message}",
        aws_message=fault.aws_message,
        offset=reader.pos if isinstance(reader, json.JSONDecodeError) else None,
    )


def guess_kind(text: str) -> Kind:
    """The kind that a policy looks like: trust, resource, or else identity.

    A principal and actions of STS alone make a trust policy, a principal otherwise the
    policy of a resource.
    """
    try:
        tree = load(text)
    except LoadError:
        return Kind.IDENTITY
    statements = tree.get("Statement") if isinstance(tree, dict) else None
    listed = statements if isinstance(statements, list) else [statements]
    objects = [one for one in listed if isinstance(one, dict)]
    if not any("Principal" in one or "NotPrincipal" in one for one in objects):
        return Kind.IDENTITY
    actions = [action for one in objects for action in _actions(one)]
    is_trust = bool(actions) and all(fold(one).startswith("sts:") for one in actions)
    has_resource = any("Resource" in one or "NotResource" in one for one in objects)
    return Kind.TRUST if is_trust and not has_resource else Kind.RESOURCE


def _actions(statement: Tree) -> Iterator[str]:
    for element in ("Action", "NotAction"):
        value = statement.get(element, [])
        yield from map(str, value if isinstance(value, list) else [value])
