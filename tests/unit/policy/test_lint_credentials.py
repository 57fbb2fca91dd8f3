"""Which credentials a condition lets through, asked row by row (facts 2)."""

import pytest

from ostiary.policy import Kind, compile, parse  # noqa: A004 - the field's own word
from ostiary.policy.checks import Subject
from ostiary.policy.document import Condition
from ostiary.policy.lint_credentials import (
    FEDERATED_USER,
    LONG_TERM,
    PROVIDER,
    ROLE_SESSION,
    SERVICE,
    WITHOUT_MFA,
    Credential,
    Profile,
    is_kept_out,
    machine,
    mfa_conditions,
    passes,
    profile,
    reaches,
    repaired,
    surely_reaches,
    with_mfa,
)
from ostiary.policy.lint_exam import Clause, prepare
from ostiary.policy.loader import load
from ostiary.policy.pattern import UNKNOWN
from tests.unit.policy.asking import ACCOUNT, Tree, statement, text
from tests.unit.policy.test_lint_mfa import AGE, PRESENT, catalogue

OLDEST = "129600"
DAYS = {"NumericLessThan": {AGE: OLDEST}}


def clause(condition: Tree, effect: str = "Deny") -> Clause:
    """The only statement of a policy, as lint sees it."""
    source = text(statement(effect, Condition=condition))
    document = parse(source, kind=Kind.IDENTITY)
    subject = Subject(document=document, tree=load(source), strict=False)  # type: ignore[arg-type] # an object
    exam = prepare(subject, compile(document), catalogue(), for_role=False)
    return exam.clauses[0]


def who(*conditions: tuple[str, str, str]) -> Profile:
    """Who passes conditions of (operator, key, value)."""
    return profile(
        Condition(operator=operator, key=key, values=(value,))
        for operator, key, value in conditions
    )


@pytest.mark.rule("M14", "M15", "M17")
def test_rows() -> None:
    """Facts 2, rows 2 to 4, 9, 11 and 12: what stands behind a request, and its keys."""
    user = {"aws:principaltype": "User", "aws:principalisawsservice": "false"}
    session = {**user, "aws:username": UNKNOWN, "aws:tokenissuetime": UNKNOWN}
    present = PRESENT.lower()
    assert (
        Credential(
            name="long-term access keys", values={**user, "aws:username": UNKNOWN}
        )
        == LONG_TERM
    )
    assert (
        Credential(name="sessions without MFA", values={**session, present: "false"})
        == WITHOUT_MFA
    )
    assert with_mfa(60) == Credential(
        name="sessions with MFA",
        values={**session, present: "true", AGE.lower(): "60"},
    )
    assert present not in LONG_TERM.values
    assert ROLE_SESSION.values[present] == "false"
    assert present not in FEDERATED_USER.values
    assert dict(SERVICE.values) == {"aws:principalisawsservice": "true"}


@pytest.mark.rule("M14", "M16", "M54")
@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], (True, True, True, True, True)),
        ([("Bool", PRESENT, "true")], (False, False, True, True, True)),
        ([("BoolIfExists", PRESENT, "true")], (True, False, True, True, True)),
        ([("Bool", PRESENT, "false")], (False, True, False, False, False)),
        ([("NumericLessThan", AGE, "3600")], (False, False, True, False, True)),
        ([("NumericLessThan", AGE, OLDEST)], (False, False, True, False, True)),
        ([("NumericLessThanEquals", AGE, OLDEST)], (False, False, True, True, True)),
        ([("NumericGreaterThan", AGE, "0")], (False, False, False, True, True)),
        ([("NumericGreaterThan", AGE, OLDEST)], (False, False, False, False, False)),
        ([("NumericEquals", AGE, "7")], (False, False, False, False, True)),
        ([("NumericEquals", AGE, "7.0")], (False, False, False, False, True)),
        ([("NumericEquals", AGE, "7.5")], (False, False, False, False, False)),
        (
            [("NumericGreaterThan", AGE, "7"), ("NumericLessThan", AGE, "9")],
            (False, False, False, False, True),
        ),
        (
            [("NumericGreaterThan", AGE, "7"), ("NumericLessThan", AGE, "8")],
            (False, False, False, False, False),
        ),
        # Ages that no number under a numeric operator tells.
        ([("NumericLessThan", AGE, "+1")], (False, False, True, False, True)),
        ([("StringLike", AGE, "0*")], (False, False, True, False, True)),
        (
            [("StringLike", AGE, "6*"), ("NumericGreaterThan", AGE, "5")],
            (False, False, False, False, True),
        ),
        (
            [("StringLike", AGE, "6*"), ("NumericLessThan", AGE, "7")],
            (False, False, False, False, True),
        ),
        ([("Null", AGE, "true")], (True, True, False, False, False)),
        ([("NumericGreaterThanIfExists", AGE, "60")], (True, True, False, True, True)),
    ],
)
def test_profiles(
    conditions: list[tuple[str, str, str]], expected: tuple[bool, ...]
) -> None:
    """Facts 2: long-term keys, no MFA, right after the code, 36 hours later, ever."""
    found = who(*conditions)
    rows = (found.long_term, found.without, found.fresh, found.old, found.ever)
    assert rows == expected
    long_term, without, fresh = expected[:3]
    assert found.requires is (fresh and not long_term and not without)
    assert found.excludes is (long_term and without and not fresh)


def test_one_operator_repaired() -> None:
    """Only the condition that is named is written with another operator."""
    mine = clause({"Bool": {PRESENT: "false"}, **DAYS})
    first, second = mfa_conditions(mine)
    assert repaired(mine, first, "BoolIfExists") == who(
        ("BoolIfExists", PRESENT, "false"), ("NumericLessThan", AGE, OLDEST)
    )
    assert repaired(mine, second, "NumericLessThanIfExists") == who(
        ("Bool", PRESENT, "false"), ("NumericLessThanIfExists", AGE, OLDEST)
    )


def test_what_a_request_alone_can_tell_is_left_out() -> None:
    """Facts 3.5: a variable in an MFA condition, and conditions on other keys."""
    mine = clause(
        {
            "Bool": {PRESENT.upper(): "${aws:ViaAWSService}"},
            "StringEquals": {"aws:username": "a"},
            **DAYS,
        }
    )
    assert [one.key for one in mfa_conditions(mine)] == [AGE]
    assert passes(mfa_conditions(mine)[0], with_mfa(5))
    assert not passes(mfa_conditions(mine)[0], LONG_TERM)


@pytest.mark.parametrize(
    ("condition", "credential", "reached", "surely", "kept_out"),
    [
        ({}, LONG_TERM, True, True, False),
        ({"Bool": {PRESENT: "true"}}, LONG_TERM, False, False, False),
        ({"Bool": {PRESENT: "true"}}, with_mfa(0), True, True, False),
        ({"StringEquals": {"aws:username": "a"}}, LONG_TERM, None, False, False),
        ({"StringEquals": {"aws:username": "a"}}, ROLE_SESSION, False, False, True),
        ({"StringEquals": {"aws:PrincipalType": "User"}}, LONG_TERM, True, True, False),
        ({"StringEquals": {"aws:PrincipalType": "User"}}, SERVICE, False, False, True),
        ({"StringEquals": {"aws:RequestedRegion": "x"}}, LONG_TERM, True, False, False),
        ({"ArnLike": {"aws:PrincipalArn": "*"}}, LONG_TERM, None, False, False),
        ({"Bool": {"aws:ViaAWSService": "true"}}, LONG_TERM, None, False, False),
        (
            {"ArnLike": {"aws:PrincipalArn": "*"}, "Bool": {PRESENT: "true"}},
            LONG_TERM,
            False,
            False,
            False,
        ),
        (
            {"StringEquals": {"aws:username": "a"}, "Bool": {PRESENT: "true"}},
            with_mfa(0),
            None,
            False,
            False,
        ),
        (
            {"Bool": {PRESENT: "true"}, "StringEquals": {"aws:username": "a"}},
            with_mfa(0),
            None,
            False,
            False,
        ),
        (
            {"StringEquals": {"aws:username": "a", "aws:PrincipalType": "User"}},
            LONG_TERM,
            None,
            False,
            False,
        ),
    ],
)
def test_whom_a_statement_reaches(
    condition: Tree,
    credential: Credential,
    reached: bool | None,
    surely: bool,
    kept_out: bool,
) -> None:
    """Facts 2, 4.5: yes, no, or nobody can say; never a guess about who is meant."""
    mine = clause(condition)
    assert reaches(mine, credential) is reached
    assert surely_reaches(mine, credential) is surely
    assert is_kept_out(mine, credential) is kept_out


@pytest.mark.rule("M22")
@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("Service", "ec2.amazonaws.com", SERVICE),
        ("Federated", "www.amazon.com", PROVIDER),
        ("CanonicalUser", "a" * 64, None),
        ("AWS", f"arn:aws:iam::{ACCOUNT}:role/Ops", ROLE_SESSION),
        ("AWS", f"arn:aws:sts::{ACCOUNT}:assumed-role/Ops/s", ROLE_SESSION),
        ("AWS", "AROAOPS000000000000", ROLE_SESSION),
        ("AWS", f"arn:aws:sts::{ACCOUNT}:federated-user/fay", FEDERATED_USER),
        ("AWS", f"arn:aws:iam::{ACCOUNT}:user/sofia", None),
        ("AWS", ACCOUNT, None),
    ],
)
def test_who_never_has_mfa(kind: str, value: str, expected: Credential | None) -> None:
    """Facts 2: role sessions, federated users and identities, services."""
    assert machine(kind, value) is expected
