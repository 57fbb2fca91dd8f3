"""The spec says what the facts say: statements, principals, scenarios, whole decisions."""

from typing import Any

import pytest

from tests.spec.decision import decide

Json = dict[str, Any]

A, B, C, D = "111122223333", "222233334444", "333344445555", "444455556666"
USER = f"arn:aws:iam::{A}:user/Sofia"
ROLE = f"arn:aws:iam::{A}:role/Reader"
SESSION = f"arn:aws:sts::{A}:assumed-role/Reader/one"
FEDERATED = f"arn:aws:sts::{A}:federated-user/Fi"
ROOT = f"arn:aws:iam::{A}:root"
QUEUE = f"arn:aws:sqs:us-east-1:{A}:jobs"

LONG_TERM: Json = {}
NO_MFA = {"aws:MultiFactorAuthPresent": "false"}
MFA = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "600"}
OLD_MFA = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "4000"}
REQUIRED = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def document(*statements: Json) -> Json:
    """A policy of the current version."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> Json:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> Json:
    """A Deny statement."""
    return {**allow(action, resource, **more), "Effect": "Deny"}


def ask(
    action: str = "sqs:SendMessage",
    resource: str = QUEUE,
    principal: str = USER,
    context: Json | None = None,
    **policies: Any,
) -> str:
    """The decision on a request."""
    request = {"action": action, "resource": resource, "principal": principal}
    case = {"id": 1, "request": {**request, "context": context or {}}, **policies}
    answer: str = decide(case)["decision"]
    return answer


OPEN = [document(allow())]
CLOSED = [document(allow("nothing:Matches"))]


# Facts 2: (effect, condition, applies to [long-term, no MFA, MFA, MFA 4000 s ago]).
PRESENT, AGE = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"
TRUTH_TABLE = [
    ("Allow", {"Bool": {PRESENT: "true"}}, "--AA"),
    ("Allow", {"BoolIfExists": {PRESENT: "true"}}, "A-AA"),
    ("Deny", {"Bool": {PRESENT: "false"}}, "-A--"),
    ("Deny", {"BoolIfExists": {PRESENT: "false"}}, "AA--"),
    ("Allow", {"Null": {PRESENT: "false"}}, "-AAA"),
    ("Deny", {"Null": {PRESENT: "true"}}, "A---"),
    ("Allow", {"NumericLessThan": {AGE: "3600"}}, "--A-"),
    ("Deny", {"NumericGreaterThan": {AGE: "3600"}}, "---A"),
    ("Deny", {"NumericGreaterThanIfExists": {AGE: "3600"}}, "AA-A"),
    ("Allow", {"Null": {AGE: "false"}}, "--AA"),
]


@pytest.mark.rule("M6", "M7", "M14", "M15", "M16", "M17", "M34", "M40")
@pytest.mark.threat("T79")
@pytest.mark.parametrize(("effect", "condition", "applies"), TRUTH_TABLE)
def test_truth_table_of_mfa_conditions(
    effect: str, condition: Json, applies: str
) -> None:
    """Facts 2: which statements apply to which kind of credentials."""
    policy = [document(allow(Condition=condition))]
    if effect == "Deny":
        policy = [document(allow(), deny(Condition=condition))]
    hit, miss = (
        ("Allowed", "ImplicitlyDenied")
        if effect == "Allow"
        else ("ExplicitlyDenied", "Allowed")
    )
    answers = [
        ask(context=c, identity_policies=policy)
        for c in (LONG_TERM, NO_MFA, MFA, OLD_MFA)
    ]
    assert answers == [hit if mark == "A" else miss for mark in applies]


# Facts 6.2: (principal element, caller, limited by identity, boundary, session policy).
TABLE_6_2 = [
    ({"AWS": USER}, USER, "--."),
    ({"AWS": ROLE}, SESSION, "-yy"),
    ("*+ROLE", SESSION, "---"),
    ({"AWS": SESSION}, SESSION, "---"),
    ({"AWS": FEDERATED}, FEDERATED, "---"),
    ({"AWS": A}, SESSION, "yyy"),
    ({"AWS": ROOT}, USER, "yy."),
    ("*", SESSION, "---"),
]


@pytest.mark.parametrize(("element", "caller", "limited"), TABLE_6_2)
def test_what_limits_an_allow_of_a_resource_policy(
    element: Any, caller: str, limited: str
) -> None:
    """Facts 6.2: how the resource policy names the caller decides what else must agree."""
    statement = allow(Principal=element)
    if element == "*+ROLE":
        statement = allow(
            Principal="*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}}
        )
    for place, limit in enumerate(
        ("identity_policies", "boundary", "session_policies")
    ):
        if limited[place] == ".":
            continue
        policies = {"identity_policies": OPEN, "boundary": OPEN}
        if caller != USER:
            policies["session_policies"] = OPEN
        policies[limit] = CLOSED
        answer = ask(
            principal=caller,
            context={"aws:PrincipalArn": ROLE},
            resource_policy=document(statement),
            **policies,
        )
        assert answer == ("ImplicitlyDenied" if limited[place] == "y" else "Allowed"), (
            limit
        )


def test_explicit_deny_wins_over_every_kind() -> None:
    """Facts 6.1: a Deny in any applicable policy of any kind is final."""
    everything: Json = {
        "identity_policies": OPEN,
        "resource_policy": document(allow(Principal="*")),
        "boundary": OPEN,
        "session_policies": OPEN,
        "scps": [OPEN, OPEN],
        "rcps": [OPEN],
        "endpoint_policies": OPEN,
    }
    assert ask(principal=SESSION, **everything) == "Allowed"
    denial = document(allow(Principal="*"), deny(Principal="*"))
    for kind, given in everything.items():
        if kind == "resource_policy":
            denied: Any = denial
        else:
            plain = document(allow(), deny())
            denied = [[plain], OPEN] if isinstance(given[0], list) else [plain]
        assert (
            ask(principal=SESSION, **{**everything, kind: denied}) == "ExplicitlyDenied"
        )


def test_determining_and_missing() -> None:
    """Product: an explicit deny names its statements in order; an implicit one the silent kinds."""
    request = {"action": "sqs:SendMessage", "resource": QUEUE, "principal": SESSION}
    case = {
        "id": "x",
        "request": request,
        "identity_policies": [*OPEN, document(allow(), deny(Sid="No"))],
        "scps": [OPEN, [document(deny())]],
    }
    assert decide(case) == {
        "id": "x",
        "decision": "ExplicitlyDenied",
        "determining": [
            {"kind": "scp", "policy": 1, "statement": 0, "sid": None},
            {"kind": "identity", "policy": 1, "statement": 1, "sid": "No"},
        ],
        "missing": [],
    }
    silent = {"id": "y", "request": request, "boundary": CLOSED, "scps": [OPEN, CLOSED]}
    assert decide(silent)["missing"] == ["scp", "identity", "boundary"]


def test_every_level_of_the_organization_must_allow() -> None:
    """Facts 6.1: SCPs and RCPs limit; SCPs bind root too, but not services or the anonymous."""
    service = {
        "principal": "ec2.amazonaws.com",
        "resource_policy": document(allow(Principal="*")),
    }
    assert ask(identity_policies=OPEN, scps=[OPEN, CLOSED]) == "ImplicitlyDenied"
    assert ask(principal=ROOT) == "Allowed"
    assert ask(principal=ROOT, scps=[CLOSED]) == "ImplicitlyDenied"
    assert (
        ask(principal=ROOT, resource_policy=document(deny(Principal="*")))
        == "ExplicitlyDenied"
    )
    assert ask(**service, scps=[CLOSED]) == "Allowed"
    assert ask(**service, rcps=[CLOSED]) == "ImplicitlyDenied"


@pytest.mark.rule("M36", "M39")
def test_federated_user_without_session_policy_may_do_nothing() -> None:
    """Facts 6.1 step 9: federated users need a session policy, role sessions do not."""
    assert ask(principal=FEDERATED, identity_policies=OPEN) == "ImplicitlyDenied"
    assert (
        ask(principal=FEDERATED, identity_policies=OPEN, session_policies=[])
        == "ImplicitlyDenied"
    )
    assert (
        ask(principal=FEDERATED, identity_policies=OPEN, session_policies=OPEN)
        == "Allowed"
    )
    assert ask(principal=FEDERATED, session_policies=OPEN) == "ImplicitlyDenied"
    assert ask(principal=SESSION, identity_policies=OPEN) == "Allowed"


@pytest.mark.threat("T92")
def test_across_accounts_both_must_say_yes() -> None:
    """Facts 6.3: identity side and resource side, even if the session itself is named."""
    stranger = f"arn:aws:iam::{B}:user/Cy"
    for element in ("*", {"AWS": B}, {"AWS": stranger}):
        policy = document(allow(Principal=element))
        assert ask(principal=stranger, resource_policy=policy) == "ImplicitlyDenied"
        assert (
            ask(principal=stranger, resource_policy=policy, identity_policies=OPEN)
            == "Allowed"
        )
    assert ask(principal=stranger, identity_policies=OPEN) == "ImplicitlyDenied"
    root = f"arn:aws:iam::{B}:root"
    assert ask(principal=root) == "ImplicitlyDenied"
    assert (
        ask(principal=root, resource_policy=document(allow(Principal={"AWS": B})))
        == "Allowed"
    )


def test_trust_and_key_policies_must_allow_explicitly() -> None:
    """Facts 6.2: even in the same account; naming the user suffices, naming the account does not."""
    for action, resource in (
        ("sts:AssumeRole", ROLE),
        ("kms:Decrypt", f"arn:aws:kms:us-east-1:{A}:key/1"),
    ):
        named = {"Effect": "Allow", "Action": action, "Principal": {"AWS": USER}}
        account = {**named, "Principal": {"AWS": A}}
        assert ask(action, resource, identity_policies=OPEN) == "ImplicitlyDenied"
        assert ask(action, resource, resource_policy=document(named)) == "Allowed"
        assert (
            ask(action, resource, resource_policy=document(account))
            == "ImplicitlyDenied"
        )
        assert (
            ask(
                action,
                resource,
                resource_policy=document(account),
                identity_policies=OPEN,
            )
            == "Allowed"
        )


@pytest.mark.threat("T90")
def test_not_principal() -> None:
    """Facts 3.4: a Deny spares who is listed by all names, and nobody who has a boundary."""
    open_door = allow(Principal="*")
    lists = [[SESSION], [SESSION, ROLE], [ROLE, A], [SESSION, ROLE, A]]
    for listed, answer in zip(
        lists, ["ExplicitlyDenied"] * 3 + ["Allowed"], strict=True
    ):
        policy = document(open_door, deny(NotPrincipal={"AWS": listed}))
        assert ask(principal=SESSION, resource_policy=policy) == answer
        assert (
            ask(principal=SESSION, resource_policy=policy, boundary=OPEN)
            == "ExplicitlyDenied"
        )
    anyone_else = document(allow(NotPrincipal={"AWS": USER}))
    assert ask(principal="anonymous", resource_policy=anyone_else) == "Allowed"
    assert ask(resource_policy=anyone_else) == "ImplicitlyDenied"


@pytest.mark.threat("T90")
def test_principal_forms() -> None:
    """Facts 3.4: paths, unique ids, services and providers; unknown names mean nobody."""
    pathed = f"arn:aws:iam::{A}:role/ops/Reader"
    known = {"aws:PrincipalArn": pathed, "aws:userid": "AROAREADER:one"}
    for element, answer in (
        ({"AWS": pathed}, "Allowed"),
        ({"AWS": ROLE}, "ImplicitlyDenied"),
        ({"AWS": "AROAREADER"}, "Allowed"),
        ({"AWS": "AROAOTHER"}, "ImplicitlyDenied"),
        ({"Service": "ec2.amazonaws.com"}, "ImplicitlyDenied"),
        ({"Service": "ec2.amazonaws.com", "AWS": SESSION}, "Allowed"),
    ):
        policy = document(allow(Principal=element))
        assert ask(principal=SESSION, context=known, resource_policy=policy) == answer
    provider = f"arn:aws:iam::{A}:saml-provider/P"
    policy = document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithSAML",
            "Principal": {"Federated": provider},
        }
    )
    assert (
        ask("sts:AssumeRoleWithSAML", ROLE, provider, resource_policy=policy)
        == "Allowed"
    )
    assert (
        ask("sts:AssumeRoleWithSAML", ROLE, "anonymous", resource_policy=policy)
        == "ImplicitlyDenied"
    )


@pytest.mark.threat("T80")
def test_what_no_one_may_decide_by_is_refused() -> None:
    """T80: an unknown operator, version or effect makes the case an error, never a skipped statement."""
    request = {"action": "a:B", "resource": "*", "principal": USER}
    for bad in (
        document(allow(), deny("c:D", Condition={"BoolIfExist": {PRESENT: "false"}})),
        {**document(allow()), "Version": "2013-10-17"},
        document({**deny(), "Effect": "deny"}),
    ):
        answer = decide({"id": 7, "request": request, "identity_policies": [bad]})
        assert answer.keys() == {"id", "error"}
