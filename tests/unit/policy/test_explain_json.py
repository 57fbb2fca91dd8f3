"""The explanation as JSON, whole: the console, the audit record and `why` read it."""

import json

import pytest

from ostiary.policy import Kind, PolicySet, decide
from ostiary.policy.explain import explain, reason_clause
from tests.unit.policy.asking import ROLE, USER, asks, policy, statement

PRESENT = "aws:MultiFactorAuthPresent"
AGE = "aws:MultiFactorAuthAge"


@pytest.mark.rule("M54")
def test_a_refusal_as_json() -> None:
    """product.md: the answer, who asked for what, each statement and its first failure."""
    policies = PolicySet(
        identity=(
            policy(statement(Sid="Other", Action="ec2:*")),
            policy(
                statement(
                    Sid="Stop",
                    Condition={
                        "ForAnyValue:StringEquals": {"aws:TagKeys": ["c", "d"]},
                        "Bool": {PRESENT: "true"},
                    },
                )
            ),
        ),
        resource=policy(
            statement(Sid="Role", Principal={"AWS": ROLE}), kind=Kind.RESOURCE
        ),
    )
    request = asks(context={"aws:TagKeys": ["a", "b"]})
    told = explain(request, policies, decide(request, policies)).to_dict()
    assert json.loads(json.dumps(told)) == told
    message = (
        f"User: {USER} is not authorized to perform: s3:GetObject on resource: "
        "arn:aws:s3:::books/x because no identity-based policy allows the s3:GetObject "
        "action"
    )
    assert told == {
        "decision": "ImplicitlyDenied",
        "message": message,
        "sentence": "denied, because no identity-based policy allows `s3:GetObject`; "
        "statement 0 `Stop` of identity-based policy 1 would, but `aws:TagKeys` holds "
        "`a`, `b` where `ForAnyValue:StringEquals` wants `c` or `d`; it would be "
        f"allowed with `{PRESENT}` = `true` and `aws:TagKeys` = `c`",
        "refusal": "",
        "principal": USER,
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::books/x",
        "determining": [],
        "missing": ["identity"],
        "trace": [
            {
                "kind": "identity",
                "policy": 0,
                "statement": 0,
                "sid": "Other",
                "effect": "Allow",
                "applied": False,
                "failed": {
                    "element": "action",
                    "operator": "",
                    "key": "",
                    "present": True,
                    "found": "s3:GetObject",
                    "wanted": ["ec2:*"],
                    "undecided": False,
                },
            },
            {
                "kind": "identity",
                "policy": 1,
                "statement": 0,
                "sid": "Stop",
                "effect": "Allow",
                "applied": False,
                "failed": {
                    "element": "condition",
                    "operator": "ForAnyValue:StringEquals",
                    "key": "aws:TagKeys",
                    "present": True,
                    "found": ["a", "b"],
                    "wanted": ["c", "d"],
                    "undecided": False,
                },
            },
            {
                "kind": "resource",
                "policy": 0,
                "statement": 0,
                "sid": "Role",
                "effect": "Allow",
                "applied": False,
                "failed": {
                    "element": "principal",
                    "operator": "",
                    "key": "",
                    "present": True,
                    "found": USER,
                    "wanted": [f"AWS:{ROLE}"],
                    "undecided": False,
                },
            },
        ],
        "keys": [
            {"key": "aws:TagKeys", "present": True, "value": ["a", "b"]},
            {"key": PRESENT, "present": False, "value": None},
        ],
        "change": {PRESENT: "true", "aws:TagKeys": "c"},
    }


def test_a_denial_as_json() -> None:
    """Facts 6.4: the statements that denied, by kind, policy, place and `Sid`."""
    condition = {"NumericGreaterThanIfExists": {AGE: "3600"}}
    policies = PolicySet(
        identity=(
            policy(statement()),
            policy(
                statement(Action="ec2:*"),
                statement("Deny", Sid="Old", Condition=condition),
            ),
        ),
    )
    told = explain(asks(), policies, decide(asks(), policies)).to_dict()
    mark = {"kind": "identity", "policy": 1, "statement": 1, "sid": "Old"}
    assert told["determining"] == [mark]
    assert told["trace"][2] == {**mark, "effect": "Deny", "applied": True}  # type: ignore[index] # a list
    assert told["missing"] == []
    assert told["keys"] == [{"key": AGE, "present": False, "value": None}]
    assert told["change"] == {AGE: "3600"}


def test_a_condition_that_nothing_answered_is_absent() -> None:
    """Facts 4.3: an absent key is found to be absent, and no value stands in for it."""
    policies = PolicySet(
        identity=(policy(statement(Condition={"Bool": {PRESENT: "true"}})),)
    )
    told = explain(asks(), policies, decide(asks(), policies)).to_dict()
    failed = told["trace"][0]["failed"]  # type: ignore[index] # a list of dicts
    assert (failed["present"], failed["found"]) == (False, None)
    nothing = PolicySet(identity=(policy(statement(Action="ec2:*")),))
    assert explain(asks(), nothing, decide(asks(), nothing)).to_dict()["change"] is None


def test_an_allowed_request_is_not_changed() -> None:
    """What is allowed needs no change, although one would allow it too."""
    policies = PolicySet(
        identity=(
            policy(statement(), statement(Condition={"Bool": {PRESENT: "true"}})),
        )
    )
    decision = decide(asks(), policies)
    told = explain(asks(), policies, decision)
    assert (told.change, told.message) == (None, "")
    assert told.sentence == "allowed by statement 0 of identity-based policy 0"


def test_several_statements_and_kinds_in_one_sentence() -> None:
    """Facts 6.4: every statement that decided is named, and every kind that was silent."""
    policies = PolicySet(
        identity=(policy(statement(), statement(Sid="Two")),), boundary=(), session=()
    )
    refused = explain(asks(), policies, decide(asks(), policies))
    assert refused.sentence == (
        "denied, because no permissions boundary and no session policy allows "
        "`s3:GetObject`"
    )
    assert reason_clause(asks(), refused.decision) == (
        "because no permissions boundary allows the s3:GetObject action"
    )
    both = PolicySet(identity=policies.identity)
    assert explain(asks(), both, decide(asks(), both)).sentence == (
        "allowed by statement 0 of identity-based policy 0, "
        "statement 1 `Two` of identity-based policy 0"
    )


def test_policies_may_be_called_by_name() -> None:
    """product.md: the caller knows the names of its policies, the engine their places."""
    policies = PolicySet(identity=(policy(statement(Sid="Yes")),))
    told = explain(
        asks(),
        policies,
        decide(asks(), policies),
        lambda kind, place: f"{kind.value} number {place + 1}",
    )
    assert told.sentence == "allowed by statement 0 `Yes` of identity number 1"


def test_only_a_missing_allow_that_nearly_applied_is_named() -> None:
    """A Deny, another kind, or another action is no near miss."""
    mfa = {"Bool": {PRESENT: "true"}}
    policies = PolicySet(
        identity=(
            policy(
                statement("Deny", Sid="No", Condition=mfa),
                statement(Sid="Elsewhere", Resource="arn:aws:s3:::films/*"),
            ),
        ),
        boundary=(policy(statement()),),
    )
    told = explain(asks(), policies, decide(asks(), policies))
    assert told.sentence == (
        "denied, because no identity-based policy allows `s3:GetObject`"
    )


def test_a_value_that_is_there_and_wrong() -> None:
    """Facts 4.5: what was found is said, beside what was wanted."""
    policies = PolicySet(
        identity=(policy(statement(Condition={"Bool": {PRESENT: "true"}})),)
    )
    request = asks(context={PRESENT: "false"})
    told = explain(request, policies, decide(request, policies))
    assert f"but `{PRESENT}` is `false` where `Bool` wants `true`;" in told.sentence
