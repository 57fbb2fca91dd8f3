"""Condition operators, the MFA truth table, action and resource patterns: tables."""

import json
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ostiary.policy import (
    AuthorizationRequest,
    Compiled,
    Context,
    Outcome,
    PolicySet,
    Principal,
    compile,  # noqa: A004 - the field's own word
    decide,
    parse,
)

Case: TypeAlias = dict[str, Any]
CORPUS = Path(__file__).parent / "policy"
CONDITIONS = json.loads((CORPUS / "conditions.json").read_text())
MFA = json.loads((CORPUS / "mfa_truth_table.json").read_text())
MATCHING = json.loads((CORPUS / "matching.json").read_text())
USER = Principal.from_arn("arn:aws:iam::111122223333:user/sofia")
SESSION = Principal.from_arn("arn:aws:sts::111122223333:assumed-role/Ops/sofia")


def policy(
    effect: str,
    *,
    version: str = "2012-10-17",
    condition: Case | None = None,
    **elements: str,
) -> Compiled:
    """A policy of one statement about everything, unless `elements` say less."""
    statement = {"Effect": effect, "Action": "*", "Resource": "*", **elements}
    if condition is not None:
        statement["Condition"] = condition
    text = json.dumps({"Version": version, "Statement": statement})
    return compile(parse(text))


def outcome(*policies: Compiled, **asked: Any) -> Outcome:
    """The answer to a request under identity policies."""
    request = AuthorizationRequest(
        principal=asked.get("principal", USER),
        action=asked.get("action", "ec2:StopInstances"),
        resource=asked.get("resource", "arn:aws:ec2:us-east-1:111122223333:instance/i"),
        resource_account=USER.account,
        context=Context(asked.get("context", {})),
    )
    return decide(request, PolicySet(identity=policies)).outcome


def is_applied(
    effect: str,
    condition: Case,
    context: Case,
    version: str = "2012-10-17",
    principal: Principal = USER,
) -> bool:
    """Whether a statement with this condition has its effect."""
    one = policy(effect, condition=condition, version=version)
    if effect == "Deny":
        denied = outcome(one, policy("Allow"), context=context, principal=principal)
        return denied is Outcome.EXPLICITLY_DENIED
    return outcome(one, context=context, principal=principal) is Outcome.ALLOWED


def name(case: Case) -> str:
    """A case in words."""
    return f"{case['operator']} {case['wanted']} on {case['found']}"


@pytest.mark.threat("T81", "T82", "T86", "T87")
@pytest.mark.parametrize("case", CONDITIONS["cases"], ids=name)
def test_condition_operators(case: Case) -> None:
    """Facts 4: one answer for Allow and Deny; undecided allows and silences nothing."""
    context = dict(case.get("context", {}))
    if case["found"] is not None:
        context[CONDITIONS["key"]] = case["found"]
    condition = {case["operator"]: {CONDITIONS["key"].upper(): case["wanted"]}}
    version = case.get("version", "2012-10-17")
    undecided = case["answer"] == "undecided"
    assert is_applied("Allow", condition, context, version) is (case["answer"] is True)
    denies = undecided or case["answer"]
    assert is_applied("Deny", condition, context, version) is denies


@pytest.mark.rule("M14", "M15", "M16", "M17", "M20", "M25", "M35", "M40", "M54")
@pytest.mark.threat("T79")
@pytest.mark.parametrize("credential", MFA["credentials"])
@pytest.mark.parametrize(
    "row",
    MFA["statements"],
    ids=lambda row: f"{row['effect']} {row['operator']} {row['key']} {row['value']}",
)
def test_mfa_truth_table(row: Case, credential: str) -> None:
    """Facts 2: which credential each MFA statement applies to; absent is not false."""
    # Root and anonymous have no identity policies: what counts is their context.
    is_role = credential == "role session"
    applied = is_applied(
        row["effect"],
        {row["operator"]: {row["key"]: row["value"]}},
        MFA["credentials"][credential],
        principal=SESSION if is_role else USER,
    )
    assert applied is (credential in row["applies_to"])


@pytest.mark.threat("T84", "T85")
@pytest.mark.parametrize("case", MATCHING["actions"], ids=str)
def test_action_patterns(case: Any) -> None:
    """Facts 3.2: no letter case, whole names, wildcards anywhere, no brackets."""
    pattern, action, expected = case
    got = outcome(policy("Allow", Action=pattern), action=action)
    assert (got is Outcome.ALLOWED) is expected


@pytest.mark.threat("T84", "T85")
@pytest.mark.parametrize("case", MATCHING["resources"], ids=str)
def test_resource_patterns(case: Any) -> None:
    """Facts 3.3: part by part, whole, the last part in exact case."""
    pattern, resource, expected = case
    got = outcome(policy("Allow", Resource=pattern), resource=resource)
    assert (got is Outcome.ALLOWED) is expected
