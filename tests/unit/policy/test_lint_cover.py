"""Whether one statement speaks about all that another does: a yes is always right."""

import pytest

from ostiary.policy import Kind
from ostiary.policy.lint import guess_kind, lint
from ostiary.policy.lint_cover import _padded, covers_text
from tests.unit.policy.asking import ACCOUNT, Tree, text
from tests.unit.policy.test_lint_mfa import PRESENT, catalogue, lints

BOOKS = "arn:aws:s3:::books/*"


def covered(wide: Tree, narrow: Tree, kind: Kind = Kind.IDENTITY) -> bool:
    """Whether lint thinks that a second statement adds nothing to a first one."""
    trees = [{"Effect": "Allow", **one} for one in (wide, narrow)]
    found = lints(*trees, kind=kind)
    return "/Statement/1" in [one.pointer for one in found if one.rule.code == "OST213"]


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ({"Action": "s3:*"}, {"Action": "s3:Get*"}, True),
        ({"Action": "s3:Get*"}, {"Action": "s3:*"}, False),
        ({"Action": "s3:G?tObject"}, {"Action": "s3:GetObject"}, True),
        ({"Action": "s3:G?tObject"}, {"Action": "s3:G*tObject"}, False),
        ({"Action": ["s3:Get*", "s3:Put*"]}, {"Action": ["S3:PUTobject"]}, True),
        ({"Action": ["s3:Get*"]}, {"Action": ["s3:GetObject", "s3:PutObject"]}, False),
        ({"NotAction": "s3:*"}, {"NotAction": "S3:*"}, True),
        ({"NotAction": "s3:*"}, {"NotAction": ["s3:*", "ec2:*"]}, True),
        ({"NotAction": ["s3:*", "ec2:*"]}, {"NotAction": "s3:*"}, False),
        ({"NotAction": "s3:*"}, {"Action": "ec2:RunInstances"}, True),
        ({"NotAction": "s3:*"}, {"Action": "s3:GetObject"}, False),
        # A pattern may mean what is left out; a no may be wrong.
        ({"NotAction": "s3:*"}, {"Action": "ec2:Run*"}, False),
        ({"NotAction": "s3:*"}, {"Action": "ec2:R?nInstances"}, False),
        ({"Action": "*"}, {"NotAction": "s3:*"}, True),
        ({"Action": "s3:*"}, {"NotAction": "ec2:*"}, False),
    ],
)
def test_actions(wide: Tree, narrow: Tree, expected: bool) -> None:
    """Facts 3.2: wildcards, letter case, and actions that are left out."""
    resource = {"Resource": "*"}
    assert covered({**wide, **resource}, {**narrow, **resource}) is expected


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ({"Resource": "*"}, {"Resource": BOOKS}, True),
        ({"Resource": BOOKS}, {"Resource": "*"}, False),
        ({"Resource": BOOKS}, {"Resource": "arn:aws:s3:::books/2026/*"}, True),
        (
            {"Resource": "arn:aws:s3:::b?oks/x"},
            {"Resource": "arn:aws:s3:::books/x"},
            True,
        ),
        (
            {"Resource": "arn:aws:s3:::b?oks/x"},
            {"Resource": "arn:aws:s3:::b*oks/x"},
            False,
        ),
        (
            {"Resource": [BOOKS, "arn:aws:s3:::f"]},
            {"Resource": ["arn:aws:s3:::f", "arn:aws:s3:::books/x"]},
            True,
        ),
        (
            {"Resource": [BOOKS, "arn:aws:s3:::f"]},
            {"Resource": ["arn:aws:s3:::f", "arn:aws:s3:::g"]},
            False,
        ),
        ({"Resource": "arn:aws:s3:*:*:*"}, {"Resource": "arn:aws:s3"}, True),
        ({"Resource": "arn:aws:s3"}, {"Resource": BOOKS}, True),
        (
            {"Resource": "arn:aws:s3:::${aws:username}/*"},
            {"Resource": "arn:aws:s3:::x/*"},
            False,
        ),
        (
            {"Resource": "arn:aws:s3:::*"},
            {"Resource": "arn:aws:s3:::${aws:username}/*"},
            True,
        ),
        ({"NotResource": BOOKS}, {"NotResource": BOOKS}, True),
        ({"NotResource": BOOKS}, {"NotResource": [BOOKS, "arn:aws:s3:::f"]}, True),
        ({"NotResource": [BOOKS, "arn:aws:s3:::f"]}, {"NotResource": BOOKS}, False),
        ({"NotResource": BOOKS}, {"Resource": "arn:aws:s3:::f"}, False),
        ({"Resource": BOOKS}, {"NotResource": BOOKS}, False),
    ],
)
def test_resources(wide: Tree, narrow: Tree, expected: bool) -> None:
    """Facts 3.3, 3.5: patterns, short ARNs, variables, and what is left out."""
    found = covered({"Action": "s3:*", **wide}, {"Action": "s3:Get*", **narrow})
    assert found is expected


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("*", {"AWS": ACCOUNT}, True),
        ({"AWS": ACCOUNT}, "*", False),
        ({"AWS": [ACCOUNT, "444455556666"]}, {"AWS": ["444455556666", ACCOUNT]}, True),
        ({"AWS": [ACCOUNT, "444455556666"]}, {"AWS": "444455556666"}, True),
        ({"AWS": ACCOUNT}, {"AWS": [ACCOUNT, "444455556666"]}, False),
        ({"Service": "ec2.amazonaws.com"}, {"Service": "ec2.amazonaws.com"}, True),
    ],
)
def test_principals(wide: object, narrow: object, expected: bool) -> None:
    """Facts 3.4: everybody, the same members in any order, or more of them."""
    tree = {"Action": "s3:*", "Resource": BOOKS}
    found = covered(
        {**tree, "Principal": wide},
        {**tree, "Action": "s3:GetObject", "Principal": narrow},
        Kind.RESOURCE,
    )
    assert found is expected
    left_out = covered(
        {**tree, "Principal": wide},
        {**tree, "Action": "s3:GetObject", "NotPrincipal": {"AWS": ACCOUNT}},
        Kind.RESOURCE,
    )
    assert left_out is False


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ({}, {"Bool": {PRESENT: "true"}}, True),
        ({"Bool": {PRESENT: "true"}}, {}, False),
        ({"Bool": {PRESENT.upper(): "true"}}, {"Bool": {PRESENT: "true"}}, True),
        (
            {"StringEquals": {"aws:username": ["a", "b"]}},
            {"StringEquals": {"aws:username": ["b", "a"]}},
            True,
        ),
        (
            {"StringEquals": {"aws:username": ["a"]}},
            {"StringEquals": {"aws:username": ["b"]}},
            False,
        ),
        (
            {"StringEquals": {"aws:username": ["a"]}},
            {"StringLike": {"aws:username": ["a"]}},
            False,
        ),
    ],
)
def test_conditions(wide: Tree, narrow: Tree, expected: bool) -> None:
    """Facts 4.1: the wider has no test that the narrower lacks."""
    tree = {"Action": "s3:*", "Resource": "*"}
    found = covered(
        {**tree, "Condition": wide},
        {**tree, "Action": "s3:GetObject", "Condition": narrow},
    )
    assert found is expected


def test_short_arns_are_filled_up_as_when_deciding() -> None:
    """Facts 3.3: in the caller's policies with stars, elsewhere not at all."""
    for kind in (Kind.IDENTITY, Kind.BOUNDARY, Kind.SESSION):
        assert _padded("arn:aws:s3", kind) == "arn:aws:s3:*:*:*"
        assert _padded("arn:aws:s3:x:y", kind) == "arn:aws:s3:x:y:*"
        assert _padded(f"{BOOKS}:x", kind) == f"{BOOKS}:x"
        assert _padded("*", kind) == "*"
    assert _padded("arn:aws:s3:*", Kind.SCP) == "arn:aws:s3:*"


def test_texts() -> None:
    """Equal texts cover each other; a `?` never covers a `*`."""
    assert covers_text("a?*", "a?*")
    assert not covers_text("a?", "a*")
    assert covers_text("a*", "a?")


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ({"Action": "s3:*", "Resource": "*"}, Kind.IDENTITY),
        ({"Principal": "*", "Action": "sts:AssumeRole"}, Kind.TRUST),
        ({"NotPrincipal": "*", "Action": ["STS:AssumeRole"]}, Kind.TRUST),
        ({"Principal": "*", "NotAction": "sts:TagSession"}, Kind.TRUST),
        ({"Principal": "*", "Action": ["sts:AssumeRole", "s3:*"]}, Kind.RESOURCE),
        ({"Principal": "*", "NotAction": "s3:*"}, Kind.RESOURCE),
        (
            {"Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"},
            Kind.RESOURCE,
        ),
        (
            {"Principal": "*", "Action": "sts:AssumeRole", "NotResource": "*"},
            Kind.RESOURCE,
        ),
        ({"Principal": "*"}, Kind.RESOURCE),
    ],
)
def test_what_kind_a_policy_looks_like(statement: Tree, kind: Kind) -> None:
    """Facts 3.1, 3.4: by its principals and by what it allows to be done."""
    assert guess_kind(text(statement)) is kind


def test_a_policy_is_not_a_role_s_own_unless_said() -> None:
    """Facts 2: nobody says of a policy on its own who will have it."""
    tree = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
    source = text({**tree, "Condition": {"Bool": {PRESENT: "true"}}})
    assert lint(source, kind=Kind.IDENTITY, catalogue=catalogue()) == []
    own = lint(source, kind=Kind.IDENTITY, catalogue=catalogue(), for_role=True)
    assert [one.rule.code for one in own] == ["OST106"]
