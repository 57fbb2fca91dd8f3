"""The spec says what the facts say: operators, absent keys, variables, patterns."""

from typing import Any

import pytest

from tests.spec.conditions import OPERATORS, Scope, holds
from tests.spec.test_decision import A, Json, allow, ask, deny, document

ABSENT = None


def passes(operator: str, want: Any, got: Any, **more: Any) -> bool:
    """Whether an Allow's test holds for a value of the key `k` (None: absent)."""
    context = {} if got is ABSENT else {"k": got}
    return holds(
        {operator: {"K": want}}, Scope({**context, **more}, variables=True, doubt=False)
    )


WANTS = {
    "Numeric": "1",
    "Date": "2026",
    "Bool": "true",
    "Binary": "QQ==",
    "Arn": "arn:a:b:c:d:e",
}
WANTS |= {"Ip": "10.0.0.0/8", "NotIp": "10.0.0.0/8", "String": "x"}


@pytest.mark.parametrize("base", OPERATORS)
def test_absent_keys(base: str) -> None:
    """Facts 4.3: the whole table, for every operator."""
    want = next(value for family, value in WANTS.items() if base.startswith(family))
    assert passes(base, want, ABSENT) is ("Not" in base)
    assert passes(f"{base}IfExists", want, ABSENT)
    assert passes(f"ForAllValues:{base}", want, ABSENT)
    assert not passes(f"ForAnyValue:{base}", want, ABSENT)
    assert passes(f"ForAnyValue:{base}IfExists", want, ABSENT)


def test_null() -> None:
    """Facts 4.2: "true" asks for absence, "false" for presence; booleans are words."""
    assert passes("Null", "true", ABSENT)
    assert passes("Null", want=True, got=ABSENT)
    assert not passes("Null", "true", "x")
    assert passes("Null", "false", "x")
    assert not passes("Null", "false", ABSENT)


@pytest.mark.rule("M16")
@pytest.mark.threat("T84", "T85", "T86", "T87")
@pytest.mark.parametrize(
    ("operator", "want", "matching", "other"),
    [
        ("StringEquals", "a*", ["a*"], ["ab", "A*", "a"]),
        ("StringEqualsIgnoreCase", "aB", ["AB", "ab"], ["abc"]),
        ("StringLike", "a?c*", ["abc", "abcd:/e"], ["ac", "Abc", "xabc"]),
        ("StringLike", "[a]", ["[a]"], ["a"]),
        ("NumericEquals", 10, ["10", "10.0", "+10"], ["11", "10x", "1e1", "٣", "NaN"]),
        ("NumericLessThan", "3600", ["0", "3599.9", "-1"], ["3600", "", "-Infinity"]),
        ("NumericGreaterThanEquals", 3600, ["3600", "4000"], ["3599", "1e400"]),
        ("DateEquals", "2026", ["2026-01-01T00:00:00Z", "1767225600"], ["2026-02"]),
        (
            "DateLessThan",
            "2026-01-01T01:00:00+01:00",
            ["2025-12-31T23:59:59.9Z"],
            ["2026", "now"],
        ),
        (
            "DateGreaterThan",
            1767225600,
            ["2026-01-01T00:00:00.5Z"],
            ["2026-01-01T00:00:00Z"],
        ),
        (
            "DateGreaterThan",
            "2020",
            ["2026-01"],
            ["2026-13", "2026-01-01T00:00:00", "10000-01"],
        ),
        ("Bool", "true", ["true", "TRUE"], ["false", "yes", ""]),
        ("Bool", False, ["false", "False"], ["true", "0"]),
        ("BinaryEquals", "QUI=", ["QUI="], ["QQ==", "AB", "QUI"]),
        (
            "IpAddress",
            "10.1.2.3/8",
            ["10.0.0.1", "::ffff:10.9.9.9"],
            ["11.0.0.1", "010.0.0.1"],
        ),
        (
            "IpAddress",
            "203.0.113.7",
            ["203.0.113.7"],
            ["203.0.113.8", "::1", "203.0.113.7/32"],
        ),
        ("IpAddress", "fe80::/10", ["fe80::1"], ["fe80::1%eth0", "10.0.0.1"]),
        (
            "ArnLike",
            "arn:aws:iam::*:role/*",
            [f"arn:aws:iam::{A}:role/a:b/c"],
            ["role/x", "arn:aws:iam:x:y:z:role/x"],
        ),
        (
            "ArnEquals",
            "arn:aws:sns:*:*:t?",
            ["arn:aws:sns:e:1:t1"],
            ["arn:aws:sns:e:1:T1", "arn:AWS:sns:e:1:t1"],
        ),
    ],
)
def test_operators(
    operator: str, want: Any, matching: list[str], other: list[str]
) -> None:
    """Facts 4.2 and 4.5: what matches, what does not, what cannot be read."""
    assert [got for got in matching if not passes(operator, want, got)] == []
    assert [got for got in other if passes(operator, want, got)] == []


def test_values_are_ored_and_negated_values_are_anded() -> None:
    """Facts 4.1: positive operators want one match, negated ones none."""
    assert passes("StringEquals", ["a", "b"], "b")
    assert not passes("StringNotEquals", ["a", "b"], "b")
    assert passes("StringNotEquals", ["a", "b"], "c")
    assert not passes("StringEquals", [], "a")
    assert passes("NotIpAddress", "10.0.0.0/8", "::1")
    assert passes("ArnNotLike", "arn:aws:iam::*:*", "no arn")
    assert not passes("StringEqualsIfExists", "a", "b")


@pytest.mark.threat("T81")
def test_set_operators() -> None:
    """Facts 4.4: all, any, negated bases, empty sets, and arity."""
    assert passes("ForAllValues:StringEquals", ["a", "b"], ["a", "b", "a"])
    assert not passes("ForAllValues:StringEquals", "a", ["a", "b"])
    assert passes("ForAnyValue:StringLike", "b*", ["a", "bc"])
    assert passes("ForAllValues:StringNotEquals", "a", ["b", "c"])
    assert passes("ForAnyValue:StringNotEquals", "a", ["a", "b"])
    assert not passes("ForAnyValue:StringNotEquals", "a", ["a"])
    assert passes("ForAllValues:StringEquals", "a", "a")
    assert passes("ForAllValues:StringEquals", "a", "")
    assert not passes("ForAnyValue:StringEquals", "", "")
    for operator in ("StringEquals", "StringNotEquals", "StringEqualsIfExists"):
        assert not passes(operator, "a", ["a"])
        assert not passes(operator, "x", ["a"])


def statement_applies(statement: Json, context: Json) -> bool:
    """Whether a statement matches, whatever its effect."""
    if statement["Effect"] == "Allow":
        return (
            ask(context=context, identity_policies=[document(statement)]) == "Allowed"
        )
    policies = [document(allow(), statement)]
    return ask(context=context, identity_policies=policies) == "ExplicitlyDenied"


@pytest.mark.threat("T87")
@pytest.mark.parametrize(
    "operator", ["NumericLessThan", "NumericNotEquals", "NumericEqualsIfExists"]
)
def test_doubt_refuses(operator: str) -> None:
    """Facts 4.5 and T87: an unparsable value fails an Allow and does not silence a Deny."""
    condition = {"Condition": {operator: {"k": "5"}}}
    assert not statement_applies(allow(**condition), {"k": "soon"})
    assert statement_applies(deny(**condition), {"k": "soon"})
    clear = {"Condition": {operator: {"k": "5"}, "StringEquals": {"x": "y"}}}
    assert not statement_applies(deny(**clear), {"k": "soon", "x": "z"})


@pytest.mark.threat("T82")
def test_variables() -> None:
    """Facts 3.5: literal values, defaults, escapes, absent and multivalued keys."""
    assert passes("StringEquals", "${app:n}", "x", **{"app:n": "x"})
    assert passes("StringEquals", "${APP:N}-${app:n}", "x-x", **{"app:n": "x"})
    assert not passes("StringLike", "${app:n}", "xyz", **{"app:n": "*"})
    assert passes("StringLike", "${app:n}", "*", **{"app:n": "*"})
    assert passes(
        "StringLike", "${app:n}", "${app:m}", **{"app:n": "${app:m}", "app:m": "z"}
    )
    assert passes("StringLike", "${app:n, 'd'}*", "dx")
    assert not passes("StringLike", "${app:n,'d'}", "d", **{"app:n": "x"})
    assert passes("StringLike", "a${*}${?}${$}", "a*?$")
    assert not passes("StringLike", "a${*}", "ab")
    assert not passes("StringEquals", "${app:n}", "")
    assert passes("StringNotEquals", "${app:n}", "")
    assert not passes("StringEquals", "${app:n}", "x", **{"app:n": ["x"]})
    assert passes(
        "ArnLike",
        "arn:aws:iam::${app:n}:user/*",
        "arn:aws:iam::1:user/x",
        **{"app:n": "1"},
    )
    assert passes("Bool", "${app:n}", "true", **{"app:n": "True"})
    old = Scope({"k": "${app:n}", "app:n": "x"}, variables=False, doubt=False)
    assert holds({"StringEquals": {"k": "${app:n}"}}, old)


@pytest.mark.threat("T82", "T84", "T85")
@pytest.mark.parametrize(
    ("pattern", "resource", "covers"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y:z", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", False),
        ("arn:aws:s3:::b", "arn:aws:s3:::bb", False),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b/", False),
        ("arn:aws:s3:::B", "arn:aws:s3:::b", False),
        ("arn:AWS:S3:::b", "arn:aws:s3:::b", True),
        ("arn:aws:ec2:*:instance/*", "arn:aws:ec2:e:111122223333:instance/i", False),
        ("arn:aws:ec2:*", "arn:aws:ec2:e:111122223333:instance/i", True),
        ("arn:aws:ec2", "arn:aws:ec2:e:111122223333:instance/i", True),
        ("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::ana/x", True),
        ("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::bob/x", False),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x", False),
        ("*", "*", True),
        ("arn:aws:iam::1:user/*", "*", False),
    ],
)
def test_resources(pattern: str, resource: str, covers: bool) -> None:
    """Facts 3.2, 3.3, 3.5: segment by segment; only `*` covers what has no resource."""
    context = {"aws:username": "ana"}
    for element, answer in (("Resource", covers), ("NotResource", not covers)):
        statement = {"Effect": "Allow", "Action": "*", element: pattern}
        decision = ask(
            "a:B", resource, context=context, identity_policies=[document(statement)]
        )
        assert (decision == "Allowed") is answer


@pytest.mark.threat("T82")
def test_resource_that_cannot_be_resolved() -> None:
    """Facts 3.5: it matches nothing; the careful reading: nor does it widen an Allow."""
    nameless = "arn:aws:s3:::${app:none}"
    for effect, element, applies in (
        ("Allow", "Resource", False),
        ("Deny", "Resource", False),
        ("Allow", "NotResource", False),
        ("Deny", "NotResource", True),
    ):
        statement = {"Effect": effect, "Action": "*", element: nameless}
        policies = [document(statement, *[allow()] * (effect == "Deny"))]
        decision = ask("s3:GetObject", "arn:aws:s3:::b/x", identity_policies=policies)
        assert (
            decision == ("Allowed" if effect == "Allow" else "ExplicitlyDenied")
        ) is applies


@pytest.mark.threat("T84", "T85")
@pytest.mark.parametrize(
    ("pattern", "covers"),
    [
        *[("*", True), ("IAM:getuser", True), ("iam:Get*", True), ("iam:Get", False)],
        *[("iam:*User", True), ("iam:GetUser?", False), ("iam:[Gg]etUser", False)],
        ("s3:*", False),
    ],
)
def test_actions(pattern: str, covers: bool) -> None:
    """Facts 3.2: whole names, no case, two wildcards and no others."""
    for element, answer in (("Action", covers), ("NotAction", not covers)):
        statement = {"Effect": "Allow", element: pattern, "Resource": "*"}
        decision = ask("iam:GetUser", "*", identity_policies=[document(statement)])
        assert (decision == "Allowed") is answer
