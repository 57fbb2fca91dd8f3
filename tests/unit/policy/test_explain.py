"""Messages, traces, changes."""

import json

import pytest

from ostiary.policy import (
    Kind,
    PolicySet,
    Principal,
    compile,  # noqa: A004 - the field's own word
    decide,
    parse,
)
from ostiary.policy.explain import denial_message, explain, reason_clause
from tests.unit.policy.asking import (
    ACCOUNT,
    ROLE,
    SESSION,
    USER,
    asks,
    policy,
    statement,
    text,
)

PRESENT = "aws:MultiFactorAuthPresent"
AGE = "aws:MultiFactorAuthAge"
MFA = {"Bool": {PRESENT: "true"}}
STOP = "ec2:StopInstances"
SAID = f"User: {USER} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::books/x"
EVERYBODY = {"Principal": "*"}


@pytest.mark.rule("M5", "M6")
@pytest.mark.parametrize(
    ("policies", "reason"),
    [
        (
            PolicySet(),
            "because no identity-based policy allows the s3:GetObject action",
        ),
        (
            PolicySet(identity=(policy(statement(Condition=MFA)),)),
            "because no identity-based policy allows the s3:GetObject action",
        ),
        (
            PolicySet(identity=(policy(statement()),), boundary=()),
            "because no permissions boundary allows the s3:GetObject action",
        ),
        (
            PolicySet(identity=(policy(statement()),), session=()),
            "because no session policy allows the s3:GetObject action",
        ),
        (
            PolicySet(identity=(policy(statement()),), scps=((),)),
            "because no service control policy allows the s3:GetObject action",
        ),
        (
            PolicySet(identity=(policy(statement()),), rcps=((),)),
            "because no resource control policy allows the s3:GetObject action",
        ),
        (
            PolicySet(identity=(policy(statement()),), endpoint=()),
            "because no VPC endpoint policy allows the s3:GetObject action",
        ),
        (
            PolicySet(identity=(policy(statement("Deny")),)),
            "with an explicit deny in an identity-based policy",
        ),
        (
            PolicySet(boundary=(policy(statement("Deny")),)),
            "with an explicit deny in a permissions boundary",
        ),
        (
            PolicySet(session=(policy(statement("Deny")),)),
            "with an explicit deny in a session policy",
        ),
        (
            PolicySet(scps=((policy(statement("Deny")),),)),
            "with an explicit deny in a service control policy",
        ),
        (
            PolicySet(rcps=((policy(statement("Deny", **EVERYBODY), kind=Kind.RCP),),)),
            "with an explicit deny in a resource control policy",
        ),
        (
            PolicySet(
                endpoint=(policy(statement("Deny", **EVERYBODY), kind=Kind.ENDPOINT),)
            ),
            "with an explicit deny in a VPC endpoint policy",
        ),
        (
            PolicySet(
                resource=policy(statement("Deny", **EVERYBODY), kind=Kind.RESOURCE)
            ),
            "with an explicit deny in a resource-based policy",
        ),
    ],
)
def test_denial_messages(policies: PolicySet, reason: str) -> None:
    """Facts 6.4: AWS's sentence; a failed MFA condition looks like any other."""
    decision = decide(asks(), policies)
    assert denial_message(asks(), decision) == f"{SAID} {reason}"


@pytest.mark.rule("M49")
def test_role_assumption_is_refused_without_a_reason() -> None:
    """Facts 6.4: the bare form with the resource."""
    request = asks(action="sts:AssumeRole", resource=ROLE)
    policies = PolicySet(resource_kind=Kind.TRUST)
    decision = decide(request, policies)
    assert denial_message(request, decision) == (
        f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    )
    assert reason_clause(request, decision) == (
        "because no role trust policy allows the sts:AssumeRole action"
    )
    denying = {"Effect": "Deny", "Principal": "*", "Action": "sts:*"}
    denied = PolicySet(
        resource=policy(denying, kind=Kind.TRUST), resource_kind=Kind.TRUST
    )
    assert reason_clause(request, decide(request, denied)) == (
        "with an explicit deny in the role trust policy"
    )


def test_who_is_named() -> None:
    """Facts 6.4: sessions by their own ARN, nobody as `anonymous`."""
    for who in (SESSION, "anonymous", f"arn:aws:iam::{ACCOUNT}:root"):
        request = asks(who, owner="444455556666")
        decision = decide(request, PolicySet())
        assert denial_message(request, decision).startswith(f"User: {who} is not")


def test_an_allowed_request_has_no_reason() -> None:
    """There is nothing to say against it."""
    policies = PolicySet(identity=(policy(statement(Sid="Yes")),))
    decision = decide(asks(), policies)
    told = explain(asks(), policies, decision)
    assert reason_clause(asks(), decision) == ""
    assert (told.message, told.change) == ("", None)
    assert told.sentence == "allowed by statement 0 `Yes` of identity-based policy 0"
    root = asks(f"arn:aws:iam::{ACCOUNT}:root")
    assert explain(root, PolicySet(), decide(root, PolicySet())).sentence == (
        "allowed, as the root user is"
    )


def test_the_trace_names_the_first_element_that_failed() -> None:
    """style.md 2.5: action, principal, resource, condition, in this order."""
    policies = PolicySet(
        identity=(
            policy(
                statement(Action="ec2:*", Resource="arn:aws:ec2:::x"),
                statement(Resource="arn:aws:s3:::films/*", Condition=MFA),
                statement(Condition={**MFA, "NumericLessThan": {AGE: 3600}}),
                statement("Deny", Condition={"NumericGreaterThan": {AGE: 60}}),
            ),
        ),
        resource=policy(statement(Principal={"AWS": ROLE}), kind=Kind.RESOURCE),
    )
    request = asks(context={PRESENT: "true", AGE: "soon"})
    told = explain(request, policies, decide(request, policies))
    elements = [one.failure and one.failure.element for one in told.trace]
    assert elements == ["action", "resource", "condition", None, "principal"]
    failure = told.trace[2].failure
    assert failure is not None
    assert (failure.key, failure.operator) == (AGE, "NumericLessThan")
    assert (failure.found, failure.wanted, failure.undecided) == (
        "soon",
        ("3600",),
        True,
    )
    assert [(one.key, one.value) for one in told.keys] == [
        (PRESENT, "true"),
        (AGE, "soon"),
    ]


@pytest.mark.parametrize(
    ("conditions", "context", "settings"),
    [
        ([MFA], {}, {PRESENT: "true"}),
        ([MFA], {PRESENT: "false"}, {PRESENT: "true"}),
        (
            [{**MFA, "NumericLessThan": {AGE: "3600"}}],
            {},
            {PRESENT: "true", AGE: "0"},
        ),
        (
            [{**MFA, "NumericLessThan": {AGE: "3600"}}],
            {PRESENT: "true", AGE: "4000"},
            {AGE: "3599"},
        ),
        (
            [{"StringEquals": {"aws:PrincipalTag/team": ["red"]}}],
            {},
            {"aws:PrincipalTag/team": "red"},
        ),
        (
            [{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}],
            {},
            {"aws:SourceIp": "10.0.0.0"},
        ),
        (
            [{"Null": {"aws:SourceVpce": "true"}}],
            {"aws:SourceVpce": "x"},
            {"aws:SourceVpce": None},
        ),
        (
            [{"StringNotLike": {"aws:UserAgent": "*"}}],
            {"aws:UserAgent": "x"},
            {"aws:UserAgent": None},
        ),
        (
            [{"StringEquals": {"a:one": "1", "a:two": "2"}}],
            {},
            {"a:one": "1", "a:two": "2"},
        ),
    ],
)
def test_the_smallest_change(
    conditions: list[dict[str, object]],
    context: dict[str, str],
    settings: dict[str, str | None],
) -> None:
    """The counterfactual is found by trying, MFA first, fewest keys first."""
    policies = PolicySet(
        identity=(policy(*[statement(Condition=one) for one in conditions]),)
    )
    request = asks(context=context)
    change = explain(request, policies, decide(request, policies)).change
    assert change is not None
    assert dict(change.settings) == settings


def test_no_change_of_context_helps() -> None:
    """Where the action is nowhere allowed, nothing is promised."""
    policies = PolicySet(identity=(policy(statement(Action="ec2:*", Condition=MFA)),))
    told = explain(asks(), policies, decide(asks(), policies))
    assert told.change is None
    assert told.sentence == (
        "denied, because no identity-based policy allows `s3:GetObject`"
    )


@pytest.mark.rule("M54", "M63")
def test_the_plain_sentence() -> None:
    """product.md: says why, in one sentence, from what was found."""
    policies = PolicySet(identity=(policy(statement(Sid="Stop", Condition=MFA)),))
    request = asks(action=STOP)
    assert explain(request, policies, decide(request, policies)).sentence == (
        "denied, because no identity-based policy allows `ec2:StopInstances`; "
        "statement 0 `Stop` of identity-based policy 0 would, but "
        f"`{PRESENT}` is absent where `Bool` wants `true`; "
        f"it would be allowed with `{PRESENT}` = `true`"
    )
    denying = PolicySet(
        identity=(
            policy(
                statement(),
                statement("Deny", Condition={"BoolIfExists": {PRESENT: "false"}}),
            ),
        )
    )
    assert explain(request, denying, decide(request, denying)).sentence == (
        "denied by statement 1 of identity-based policy 0; "
        f"it would be allowed with `{PRESENT}` = `true`"
    )


def test_sentences_about_values() -> None:
    """What was found is said as it was: one value, several, or none wanted."""
    condition = {"ForAllValues:StringEquals": {"aws:TagKeys": []}}
    policies = PolicySet(identity=(policy(statement(Condition=condition)),))
    request = asks(context={"aws:TagKeys": ["a", "b"]})
    told = explain(request, policies, decide(request, policies))
    assert "`aws:TagKeys` holds `a`, `b` where" in told.sentence
    assert "wants nothing" in told.sentence
    assert "with no `aws:TagKeys`" in told.sentence


def test_an_expensive_question_is_explained() -> None:
    """The budget is a reason too."""
    condition = {"ForAnyValue:StringLike": {"aws:TagKeys": ["*a*b"] * 500}}
    policies = PolicySet(identity=(policy(statement(Condition=condition)),))
    request = asks(context={"aws:TagKeys": ["a" * 100] * 1_000})
    decision = decide(request, policies)
    told = explain(request, policies, decision)
    assert told.sentence.startswith("refused, because the policies take too long")
    assert denial_message(request, decision) == SAID


def test_variables_are_keys_that_matter() -> None:
    """An unresolved variable is a key that was absent."""
    policies = PolicySet(
        identity=(
            policy(
                statement(
                    Resource="arn:aws:s3:::${aws:username}/*",
                    Condition={"StringLike": {"s3:prefix": "${aws:userid}*"}},
                )
            ),
        )
    )
    told = explain(asks(), policies, decide(asks(), policies))
    assert [one.key for one in told.keys] == ["s3:prefix", "aws:username", "aws:userid"]


def test_the_old_version_has_no_variables() -> None:
    """Facts 3.5: `${...}` is text there, and no key matters because of it."""
    old = compile(
        parse(text(statement(Resource="arn:aws:s3:::${a:b}"), Version="2008-10-17"))
    )
    policies = PolicySet(identity=(old,))
    assert explain(asks(), policies, decide(asks(), policies)).keys == ()


def test_explanations_are_json() -> None:
    """The console, the audit record and the simulator read it."""
    policies = PolicySet(
        identity=(policy(statement(Condition=MFA)),),
        scps=((policy(statement()),),),
        resource=policy(statement(Principal={"AWS": USER + "x"}), kind=Kind.RESOURCE),
    )
    request = asks(context={"aws:TagKeys": ["a"]})
    told = explain(request, policies, decide(request, policies)).to_dict()
    assert json.loads(json.dumps(told)) == told
    assert told["change"] == {PRESENT: "true"}
    outsider = asks(Principal.from_arn("ec2.amazonaws.com"))
    told = explain(outsider, policies, decide(outsider, policies)).to_dict()
    kinds = {one["kind"] for one in told["trace"]}  # type: ignore[attr-defined] # a list of dicts
    assert "scp" not in kinds
