"""Conditions that nothing meets, and what is said twice: the borders of the checks."""

from itertools import product

import pytest

from ostiary.policy import Kind
from tests.unit.policy.asking import ACCOUNT, Tree, statement
from tests.unit.policy.test_lint_mfa import lints

KEY = "aws:PrincipalTag/level"
NUMBERS = ("0", "1", "1.2", "1.5", "2", "10")
HOLDS = {
    "NumericLessThan": lambda one, wanted: one < wanted,
    "NumericLessThanEquals": lambda one, wanted: one <= wanted,
    "NumericGreaterThan": lambda one, wanted: one > wanted,
    "NumericGreaterThanEquals": lambda one, wanted: one >= wanted,
    "NumericNotEquals": lambda one, wanted: one != wanted,
}
OPERATORS = tuple(product(HOLDS, NUMBERS))
# Enough numbers to meet, in hundredths, whatever two of the above leave open.
GRID = tuple(one / 100 for one in range(1_200))


def met(*conditions: tuple[str, str, object]) -> bool:
    """Whether lint thinks that some value meets all of these (operator, key, value)."""
    return not impossible(*conditions)


def impossible(*conditions: tuple[str, str, object]) -> list[str]:
    """The places that lint calls impossible."""
    tree: dict[str, dict[str, object]] = {}
    for operator, key, value in conditions:
        tree.setdefault(operator, {})[key] = value
    found = lints(statement(Condition=tree))
    return [one.pointer for one in found if one.rule.code == "OST212"]


@pytest.mark.parametrize(("operator", "wanted"), OPERATORS)
def test_two_bounds_are_impossible_when_no_number_lies_between(
    operator: str, wanted: str
) -> None:
    """Facts 4.1, 4.5: all operators must hold of one decimal number, however near."""
    for other, bound in OPERATORS:
        if other == operator:
            continue
        some = any(
            HOLDS[operator](one, float(wanted)) and HOLDS[other](one, float(bound))
            for one in GRID
        )
        absent = operator == other == "NumericNotEquals"
        assert met((operator, KEY, wanted), (other, KEY, bound)) is (some or absent)


@pytest.mark.parametrize(
    ("conditions", "possible"),
    [
        # A key with several values, or with a set operator, is beyond trying.
        (
            [
                ("StringEquals", "aws:TagKeys", "a"),
                ("StringNotEquals", "aws:TagKeys", "a"),
            ],
            True,
        ),
        (
            [
                ("ForAnyValue:StringEquals", KEY, "a"),
                ("ForAnyValue:StringNotEquals", KEY, "a"),
            ],
            True,
        ),
        # So is a value that only a request can tell.
        (
            [
                ("StringEquals", KEY, "${aws:username}"),
                ("StringNotEquals", KEY, "${aws:username}"),
            ],
            True,
        ),
        ([("StringEquals", KEY, "a"), ("StringNotEquals", KEY, "a")], False),
        ([("StringEquals", KEY, ["a", "b"]), ("StringNotEquals", KEY, "a")], True),
        (
            [("StringNotEquals", KEY, "a"), ("StringNotEqualsIgnoreCase", KEY, "b")],
            True,
        ),
        ([("StringEquals", KEY, []), ("StringNotEquals", KEY, "a")], False),
        ([("Bool", KEY, "true"), ("BoolIfExists", KEY, "false")], False),
        (
            [
                ("StringNotEquals", KEY, "a"),
                ("Null", KEY, "true"),
                ("Null", KEY.upper(), "false"),
            ],
            False,
        ),
        (
            [
                ("StringNotEqualsIgnoreCase", KEY, "a"),
                ("Null", KEY, "true"),
                ("Null", KEY.upper(), "false"),
            ],
            False,
        ),
        (
            [
                ("StringNotEquals", KEY, "a"),
                ("StringNotEqualsIgnoreCase", KEY, "a"),
                ("Null", KEY, "true"),
                ("Null", KEY.upper(), "false"),
            ],
            False,
        ),
        (
            [
                ("DateLessThan", KEY, "1970-01-01T00:00:01Z"),
                ("DateLessThanEquals", KEY, "1970-01-01T00:00:02Z"),
            ],
            True,
        ),
        # The smallest number that can be written leaves zero.
        ([("NumericLessThan", KEY, f"0.{'0' * 19}1")], True),
        ([("NumericLessThan", KEY, "0"), ("NumericNotEquals", KEY, "1")], False),
        ([("NumericGreaterThan", KEY, "5"), ("Null", KEY, "true")], False),
        ([("NumericGreaterThan", KEY, "5"), ("Null", KEY, "false")], True),
        ([("NumericLessThan", KEY, "-1"), ("NumericGreaterThan", KEY, "-1")], False),
        ([("NumericEquals", KEY, "-1"), ("NumericLessThan", KEY, "0")], True),
        ([("DateLessThan", KEY, "2026-01-01"), ("Null", KEY, "true")], False),
        (
            [
                ("DateLessThan", KEY, "2026-01-01"),
                ("DateGreaterThan", KEY, "2026-01-02"),
            ],
            False,
        ),
        (
            [
                ("DateGreaterThan", KEY, "1764000000"),
                ("DateLessThan", KEY, "1764000002"),
            ],
            True,
        ),
        (
            [("DateLessThan", KEY, "1764000000"), ("DateNotEquals", KEY, "1763999999")],
            True,
        ),
        (
            [
                ("DateGreaterThanEquals", KEY, "2026-01-01"),
                ("DateLessThanEquals", KEY, "2026-01-01"),
            ],
            True,
        ),
        ([("DateGreaterThan", KEY, "1970"), ("DateLessThan", KEY, "1970")], False),
        ([("StringLike", KEY, "a*"), ("StringNotLike", KEY, "a*")], True),
    ],
)
def test_what_no_value_meets(
    conditions: list[tuple[str, str, object]], possible: bool
) -> None:
    """Facts 4.1, 4.3, 4.4: said only where trying can tell."""
    assert met(*conditions) is possible


def test_where_the_finding_is() -> None:
    """The last of the conditions is shown by its name, keys without letter case."""
    tree = {"StringEquals": {KEY: "a"}, "StringNotEquals": {KEY.upper(): "a"}}
    (finding,) = [
        one
        for one in lints(statement(Sid="Odd", Condition=tree))
        if one.rule.code == "OST212"
    ]
    assert (
        finding.pointer
        == f"/Statement/0/Condition/StringNotEquals/{KEY.upper().replace('/', '~1')}"
    )
    assert finding.on_name
    assert finding.message == (
        f"found conditions on `{KEY.upper()}` that no value meets, so statement `Odd` "
        "never applies"
    )
    assert finding.help == (
        "of several operators all must hold, of several values of one operator any"
    )


def shadowed(*trees: Tree, kind: Kind = Kind.IDENTITY) -> list[tuple[str, str, str]]:
    """Where, what and help of the statements that change nothing."""
    return [
        (one.pointer, one.message, one.help)
        for one in lints(*trees, kind=kind)
        if one.rule.code == "OST213"
    ]


def test_idle_statements() -> None:
    """Facts 6.1: the later of two equals, the narrower of two, what a Deny covers."""
    one = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/x"}
    wide = {**one, "Resource": "arn:aws:s3:::b/*", "Sid": "Wide"}
    says = "found a statement that changes nothing: all of it "
    assert shadowed(one, one, one) == [
        (
            f"/Statement/{place}",
            f"{says}statement 0 says already",
            "remove it, or make statement 0 narrower",
        )
        for place in (1, 2)
    ]
    assert shadowed(one, wide) == [
        (
            "/Statement/0",
            f"{says}statement `Wide` says already",
            "remove it, or make statement `Wide` narrower",
        )
    ]
    deny = {**wide, "Effect": "Deny", "Sid": "No"}
    assert shadowed(deny, one) == [
        (
            "/Statement/1",
            f"{says}statement `No` denies",
            "remove it, or make statement `No` narrower",
        )
    ]
    assert shadowed(one, {**deny, "Resource": "arn:aws:s3:::c/*"}) == []
    assert shadowed({**one, "Effect": "Deny"}, wide) == []


def repeated(**elements: object) -> list[tuple[str, str, str]]:
    """Where, what and help of the items that say nothing new."""
    kind = (
        Kind.RESOURCE
        if {"Principal", "NotPrincipal"} & set(elements)
        else Kind.IDENTITY
    )
    tree = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", **elements}
    for negated in ("Action", "Resource"):
        if f"Not{negated}" in elements:
            del tree[negated]
    return [
        (one.pointer.removeprefix("/Statement/0/"), one.message, one.help)
        for one in lints(tree, kind=kind)
        if one.rule.code == "OST214"
    ]


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        (
            {"Action": ["s3:GetObject", "S3:getobject"]},
            [("Action/1", "found `S3:getobject` twice")],
        ),
        (
            {"NotAction": ["s3:GetObject", "s3:GetObject"]},
            [("NotAction/1", "found `s3:GetObject` twice")],
        ),
        (
            {"Action": ["s3:GetObject", "s3:PutObject", "s3:Get*"]},
            [("Action/0", "found `s3:GetObject` beside `s3:Get*`, which covers it")],
        ),
        (
            {"Action": ["s3:GetObject", "s3:G?tObject"]},
            [
                (
                    "Action/0",
                    "found `s3:GetObject` beside `s3:G?tObject`, which covers it",
                )
            ],
        ),
        (
            {"Action": ["s3:GetObject", "s3:PutObject", "s3:*Object", "s3:G*"]},
            [
                (
                    "Action/0",
                    "found `s3:GetObject` beside `s3:*Object`, which covers it",
                ),
                (
                    "Action/1",
                    "found `s3:PutObject` beside `s3:*Object`, which covers it",
                ),
            ],
        ),
        (
            {"Action": ["s3:G?tObject", "*"]},
            [("Action/0", "found `s3:G?tObject` beside `*`, which covers it")],
        ),
        (
            {"NotAction": ["s3:GetObject", "s3:Get*"]},
            [("NotAction/0", "found `s3:GetObject` beside `s3:Get*`, which covers it")],
        ),
        (
            {"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::B", "arn:aws:s3:::b"]},
            [("Resource/2", "found `arn:aws:s3:::b` twice")],
        ),
        (
            {"NotResource": ["arn:aws:s3:::b", "arn:aws:s3:::b"]},
            [("NotResource/1", "found `arn:aws:s3:::b` twice")],
        ),
        (
            {"Condition": {"StringEquals": {"aws:username": ["a", "b", "a"]}}},
            [("Condition/StringEquals/aws:username/2", "found `a` twice")],
        ),
        (
            {
                "Principal": {
                    "AWS": [ACCOUNT, ACCOUNT],
                    "Service": ["ec2.amazonaws.com"],
                }
            },
            [("Principal/AWS/1", f"found `{ACCOUNT}` twice")],
        ),
        (
            {
                "NotPrincipal": {
                    "AWS": [ACCOUNT],
                    "Federated": ["www.amazon.com", "www.amazon.com"],
                }
            },
            [("NotPrincipal/Federated/1", "found `www.amazon.com` twice")],
        ),
        (
            {"Principal": {"Service": "www.amazon.com", "Federated": "www.amazon.com"}},
            [],
        ),
    ],
)
def test_items_that_say_nothing_new(
    elements: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    """Facts 3.2-3.4: actions without letter case and by wildcard, all else as written."""
    told = [(pointer, message, "remove it") for pointer, message in expected]
    assert repeated(**elements) == told
