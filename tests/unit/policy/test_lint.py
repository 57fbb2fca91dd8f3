"""Lint beyond MFA: names, types, resources, statements, and the places of findings."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data

from ostiary.cli.lint_places import Report, placed
from ostiary.cli.lint_text import as_text
from ostiary.policy import Kind, parse
from ostiary.policy.lint import guess_kind, lint
from ostiary.policy.lint_cover import covers_text
from ostiary.policy.lint_finding import RULES
from ostiary.policy.lint_resources import overlap
from ostiary.policy.lint_spans import places
from ostiary.policy.loader import walk
from tests.unit.policy.asking import ACCOUNT, Tree, statement, text
from tests.unit.policy.test_lint_docs import SECTIONS, findings_of
from tests.unit.policy.test_lint_mfa import catalogue, codes, lints

MESSAGES = Path(__file__).with_name("lint_messages.txt")
CORPUS = Path(__file__).parents[2] / "corpus" / "cases"
OBJECTS = "arn:aws:s3:::books/*"


# --- messages -----------------------------------------------------------------------


def test_messages_are_a_contract() -> None:
    """style.md 3.8: the message, help and replacement of each bad example."""
    lines = []
    for code, section in SECTIONS.items():
        for one in findings_of(section, "bad"):
            lines += [
                f"{code} {one.pointer}",
                f"  {one.message}",
                f"  help: {one.help}",
            ]
            lines += [f"  write: {one.replacement}"] * (one.replacement is not None)

    assert "\n".join(lines) + "\n" == MESSAGES.read_text()


def test_messages_keep_the_register() -> None:
    """Lower-case start, no full stop, one line; every rule has a title and facts."""
    for line in MESSAGES.read_text().splitlines():
        assert not line.endswith((".", " "))
        assert re.match(r"OST|  help: [^A-Z]|  help: AWS|  write: |  [a-z]", line)
    for rule in RULES.values():
        assert rule.facts
        assert not rule.title.endswith(".")


# --- names --------------------------------------------------------------------------


@pytest.mark.rule("M50")
@pytest.mark.parametrize(
    ("action", "replacement"),
    [
        ("dynamodb:ListTable", "dynamodb:ListTables"),
        ("dynamo:GetItem", "dynamodb:GetItem"),
        ("S3:GetObjects", "s3:GetObject"),
        ("ec2:Terminate", None),
        ("s3:Fetch*", None),
        ("nosuchservice:GetItem", None),
    ],
)
def test_unknown_actions(action: str, replacement: str | None) -> None:
    """An unknown name is found, and the nearest real one is offered if one is near."""
    (finding,) = lints(statement(Action=action))

    assert finding.rule.code == "OST201"
    assert finding.replacement == replacement


@pytest.mark.parametrize(
    "action", ["*", "*:*", "s3:*", "S3:getobject", "s3:G?tObject", "ec2:Describe*"]
)
def test_known_actions(action: str) -> None:
    """Letter case does not count, and a pattern need only match something."""
    assert codes(statement(Action=action)) == []


@pytest.mark.parametrize(
    ("key", "replacement"),
    [
        ("aws:MultiFactorAuthPresents", "aws:MultiFactorAuthPresent"),
        ("iam:MultiFactorAuthPresent", "aws:MultiFactorAuthPresent"),
        ("aws:username1", "aws:username"),
        ("aws:PrincipalTag", None),
        ("nothing", None),
    ],
)
def test_unknown_keys(key: str, replacement: str | None) -> None:
    """Mistyped keys are found; a family without its second half is no key."""
    found = lints(statement(Condition={"StringEquals": {key: "x"}}))

    assert [one.rule.code for one in found] == ["OST202"]
    assert found[0].replacement == replacement


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ("ec2:CreateTags", "AWS:REQUESTTAG/team"),
        ("s3:GetObject", "s3:ExistingObjectTag/team"),
        ("kms:Decrypt", "kms:EncryptionContext:team"),
        ("secretsmanager:GetSecretValue", "secretsmanager:ResourceTag/team"),
        ("s3:GetObject", "ec2:SourceInstanceARN"),
        ("*", "iam:PassedToService"),
    ],
)
def test_known_keys(action: str, key: str) -> None:
    """Families, letter case, and keys that a session brings along."""
    tested = {"StringEquals": {key: "x"}}

    assert codes(statement(Action=action, Condition=tested)) == []


def test_keys_of_identity_providers_are_known() -> None:
    """A provider's host is the prefix of its keys; `saml` is listed under STS."""
    host = "token.actions.githubusercontent.com"
    for action, key, provider in [
        ("sts:AssumeRoleWithWebIdentity", f"{host}:sub", f"oidc-provider/{host}"),
        (
            "sts:AssumeRoleWithWebIdentity",
            "id.example.com:sub",
            "oidc-provider/id.example.com",
        ),
        ("sts:AssumeRoleWithSAML", "SAML:aud", "saml-provider/x"),
    ]:
        tree = {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:{provider}"},
            "Action": action,
            "Condition": {"StringEquals": {key: "x"}},
        }
        assert codes(tree, kind=Kind.TRUST) == []


def test_the_names_of_variables_are_checked() -> None:
    """A variable that no request has makes its resource match nothing."""
    home = "arn:aws:s3:::books/${aws:usrname}/*"
    (finding,) = lints(statement(Action="s3:GetObject", Resource=home))

    assert finding.rule.code == "OST202"
    assert finding.pointer == "/Statement/0/Resource"


@pytest.mark.parametrize(
    ("operator", "key", "found"),
    [
        ("NumericLessThan", "aws:EpochTime", []),
        ("DateLessThan", "aws:EpochTime", []),
        ("StringLike", "aws:PrincipalArn", []),
        ("ArnLike", "aws:PrincipalArn", []),
        ("NumericLessThan", "aws:PrincipalTag/level", []),
        ("NumericLessThan", "aws:username", ["OST204"]),
        ("ArnLike", "aws:username", ["OST204"]),
        ("DateLessThan", "aws:MultiFactorAuthAge", ["OST204"]),
        ("ForAnyValue:StringEquals", "aws:CalledVia", []),
        ("StringEquals", "aws:CalledVia", ["OST210"]),
    ],
)
def test_operators_and_types(operator: str, key: str, found: list[str]) -> None:
    """Facts 4.2, 4.4: which operators read which types."""
    value = "arn:aws:iam::111122223333:role/x" if "Arn" in operator else "7000"

    assert codes(statement(Condition={operator: {key: value}})) == found


# --- resources ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actions", "resources", "spots"),
    [
        ("s3:GetObject", OBJECTS, []),
        ("s3:GetObject", "arn:aws:s3:::books", ["Action"]),
        ("s3:ListBucket", OBJECTS, ["Action"]),
        ("s3:ListBucket", "arn:aws:s3:::books*", []),
        ("s3:*", ["arn:aws:s3:::books", OBJECTS], []),
        ("s3:GetObject", ["arn:aws:s3:::books", OBJECTS], ["Resource/0"]),
        ("iam:ListUsers", f"arn:aws:iam::{ACCOUNT}:user/x", ["Action"]),
        ("ec2:Describe*", f"arn:aws:ec2:*:{ACCOUNT}:volume/x", []),
        ("ec2:StopInstances", f"arn:aws:ec2:*:{ACCOUNT}:volume/x", ["Action"]),
        ("ec2:StopInstances", "arn:aws:ec2:*:*:*", []),
        ("iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}", []),
        ("*", "arn:aws:s3:::books", []),
    ],
)
def test_resource_types(actions: object, resources: object, spots: list[str]) -> None:
    """Facts 3.2: an action works on its own types of resources, or on `*` alone."""
    found = lints(statement(Action=actions, Resource=resources))

    assert {one.rule.code for one in found} <= {"OST205"}
    assert [one.pointer.removeprefix("/Statement/0/") for one in found] == spots


@pytest.mark.parametrize(
    ("account", "is_found"),
    [("ACCOUNT-B-ID", True), ("1234", True), ("*", False), ("1111*", False)],
)
def test_account_ids(account: str, *, is_found: bool) -> None:
    """Twelve digits, or a pattern of digits."""
    arn = f"arn:aws:dynamodb:*:{account}:table/Books"
    found = codes(statement(Action="dynamodb:GetItem", Resource=arn))

    assert found == ["OST216"] * is_found


# --- sense --------------------------------------------------------------------------


@pytest.mark.threat("T81")
def test_for_all_values_with_a_guard_is_clean() -> None:
    """Facts 4.4: absent is a pass, unless `Null` says that the key must be there."""
    bare = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    guard = {"Null": {"aws:TagKeys": "false"}}
    tagging = {"Action": "ec2:CreateTags"}

    assert codes(statement(**tagging, Condition=bare)) == ["OST209"]
    assert codes(statement(**tagging, Condition={**bare, **guard})) == []
    assert codes(statement("Deny", **tagging, Condition=bare)) == []


def test_the_old_version() -> None:
    """A variable is reported where it stands, else the version where it matters."""
    plain = json.dumps({"Statement": [statement()]})
    found = lint(plain, kind=Kind.IDENTITY, catalogue=catalogue())
    assert [(one.rule.code, one.pointer) for one in found] == [("OST215", "")]

    value = {"StringEquals": {"aws:PrincipalTag/team": "${aws:username}"}}
    late = json.dumps({"Statement": statement(Condition=value)})
    (one,) = lint(late, kind=Kind.IDENTITY, catalogue=catalogue())
    assert one.rule.code == "OST208"
    assert "with no version" in one.message

    open_to = statement(Principal={"AWS": ACCOUNT}, Action="s3:GetObject")
    shared = json.dumps({"Statement": [{**open_to, "Resource": OBJECTS}]})
    assert lint(shared, kind=Kind.RESOURCE, catalogue=catalogue()) == []


@pytest.mark.parametrize(
    ("condition", "is_impossible"),
    [
        ({"StringEquals": {"aws:username": "a"}, "Null": {"aws:username": "true"}}, 1),
        ({"StringEquals": {"aws:username": "a"}, "Null": {"aws:username": "false"}}, 0),
        ({"StringEquals": {"aws:username": []}}, 1),
        (
            {
                "StringEquals": {"aws:username": ["a", "b"]},
                "StringNotEquals": {"aws:username": ["b"]},
            },
            0,
        ),
        (
            {
                "StringEquals": {"aws:username": ["a", "b"]},
                "StringLike": {"aws:username": ["c*"]},
            },
            1,
        ),
        (
            {
                "StringLike": {"aws:username": ["a*"]},
                "StringNotLike": {"aws:username": ["*"]},
            },
            0,  # not found: patterns have no list of values to try
        ),
        (
            {
                "NumericGreaterThan": {"s3:max-keys": "10"},
                "NumericLessThan": {"s3:max-keys": "11"},
            },
            0,  # 10.5
        ),
        (
            {
                "NumericGreaterThan": {"s3:max-keys": "11"},
                "NumericLessThanIfExists": {"s3:max-keys": "10"},
            },
            1,
        ),
        (
            {
                "DateGreaterThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"},
                "DateLessThan": {"aws:CurrentTime": "2029-01-01T00:00:00Z"},
            },
            1,
        ),
        (
            {
                "DateGreaterThan": {"aws:CurrentTime": "2029-01-01T00:00:00Z"},
                "DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"},
            },
            0,
        ),
        (
            {
                "StringNotEquals": {"aws:username": "a"},
                "Null": {"aws:username": "true"},
            },
            0,
        ),
        ({"Bool": {"aws:SecureTransport": "true"}}, 0),
    ],
)
def test_impossible_conditions(condition: Tree, is_impossible: int) -> None:
    """Found by trying; what trying cannot settle is not reported."""
    action = "s3:ListBucket" if "s3:max-keys" in str(condition) else "*"
    found = codes(statement(Action=action, Condition=condition))

    assert found == ["OST212"] * is_impossible


@pytest.mark.parametrize(
    ("first", "second", "pointers"),
    [
        (statement(), statement(), ["/Statement/1"]),
        (statement(Action="ec2:*"), statement(), ["/Statement/0"]),
        (statement(), statement("Deny", Action="ec2:*"), []),
        (statement(Action="ec2:*"), statement("Deny"), ["/Statement/0"]),
        (
            statement(Action="s3:GetObject", Resource=OBJECTS),
            statement(NotAction="iam:*"),
            ["/Statement/0"],
        ),
        (statement(Action="s3:G*"), statement(NotAction="iam:*"), []),
        (
            statement(NotAction=["iam:*", "sts:*"]),
            statement(NotAction="iam:*"),
            ["/Statement/0"],
        ),
        (
            statement(Action="s3:*", NotResource="arn:aws:s3:::a"),
            statement(Action="s3:*", NotResource=["arn:aws:s3:::a", "arn:aws:s3:::b"]),
            ["/Statement/1"],
        ),
        (
            statement(Action="s3:*", Resource="arn:aws:s3:::a*"),
            statement(Action="s3:*", Resource="arn:aws:s3:::abc*"),
            ["/Statement/1"],
        ),
        (
            statement(Action="s3:*", Resource="arn:aws:s3:::a?*"),
            statement(Action="s3:*", Resource="arn:aws:s3:::ab*"),
            [],  # a no may be wrong
        ),
        (
            statement(Action="s3:*", Resource="arn:aws:s3:::a?"),
            statement(Action="s3:*", Resource="arn:aws:s3:::a*"),
            ["/Statement/0"],
        ),
        (
            statement(
                Action="ec2:*", Condition={"Bool": {"aws:SecureTransport": True}}
            ),
            statement(Action="ec2:*"),
            ["/Statement/0"],
        ),
        (
            statement("Deny", Condition={"Bool": {"aws:SecureTransport": False}}),
            statement(Action="ec2:*"),
            [],
        ),
    ],
)
def test_shadowed_statements(first: Tree, second: Tree, pointers: list[str]) -> None:
    """A statement is idle when another says the same and more, or denies all of it."""
    for tree in (first, second):
        if "NotAction" in tree:
            tree.pop("Action")
        if "NotResource" in tree:
            tree.pop("Resource")
    found = lints(first, second)

    assert {one.rule.code for one in found} <= {"OST213"}
    assert [one.pointer for one in found] == pointers


def test_principals_that_cover_others() -> None:
    """A statement for everybody covers one for somebody; one for others does not."""
    everybody = statement(
        "Deny", Action="s3:GetObject", Resource=OBJECTS, Principal="*"
    )
    somebody = {**everybody, "Effect": "Allow", "Principal": {"AWS": ACCOUNT}}
    anybody_else = {**everybody, "NotPrincipal": {"AWS": ACCOUNT}}
    anybody_else.pop("Principal")

    assert codes(somebody, everybody, kind=Kind.RESOURCE) == ["OST213"]
    assert codes(somebody, anybody_else, kind=Kind.RESOURCE) == []


def test_things_said_twice() -> None:
    """In every list; actions without letter case, the rest letter by letter."""
    (first, second, third, fourth) = lints(
        statement(
            Action=["s3:GetObject", "S3:getobject"],
            Resource=[OBJECTS, OBJECTS],
            Principal={"AWS": [ACCOUNT, ACCOUNT]},
            Condition={"StringEquals": {"aws:userid": ["x", "X", "x"]}},
        ),
        kind=Kind.RESOURCE,
    )

    assert {one.rule.code for one in (first, second, third, fourth)} == {"OST214"}
    assert [one.pointer.removeprefix("/Statement/0/") for one in (first, second)] == [
        "Action/1",
        "Resource/1",
    ]
    assert third.pointer.endswith("/aws:userid/2")
    assert fourth.pointer.endswith("/AWS/1")


def test_a_key_beside_not_action_is_not_judged() -> None:
    """Nobody can list the actions that `NotAction` leaves."""
    tree = statement(NotAction="s3:*", Condition={"Null": {"s3:prefix": "true"}})
    tree.pop("Action")

    assert codes(tree) == []


PATTERNS = st.text(alphabet="ab*?", max_size=5)
TEXTS = ["".join(one) for n in range(6) for one in itertools.product("ab", repeat=n)]


def matches(pattern: str, subject: str) -> bool:
    """The meaning of a pattern, told another way."""
    expression = "".join({"*": ".*", "?": "."}.get(one, one) for one in pattern)
    return re.fullmatch(expression, subject) is not None


@given(PATTERNS, PATTERNS)
def test_what_covers_matches_all_that_is_covered(wide: str, narrow: str) -> None:
    """A yes of `covers_text` is right for every text."""
    if covers_text(wide, narrow):
        assert all(matches(wide, one) for one in TEXTS if matches(narrow, one))


@given(PATTERNS, PATTERNS)
def test_patterns_overlap_when_a_text_matches_both(a: str, b: str) -> None:
    """A witness is enough, and without stars the short texts are all there are."""
    common = any(matches(a, one) and matches(b, one) for one in TEXTS)

    assert overlap(a, b) == overlap(b, a)
    if common:
        assert overlap(a, b)
    elif "*" not in a + b:
        assert not overlap(a, b)


# --- places and kinds ---------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, st.sampled_from([None, 1]))
def test_every_value_is_found_where_it_stands(value: Any, indent: int | None) -> None:
    """The text at a place reads as the value of its pointer."""
    written = json.dumps(value, indent=indent, ensure_ascii=False)
    found = places(written)
    walked = dict(walk(json.loads(written)))

    assert set(found) == set(walked)
    for pointer, place in found.items():
        assert (
            json.loads(written[place.value.start : place.value.end]) == walked[pointer]
        )
        if place.name is not None:
            name = json.loads(written[place.name.start : place.name.end])
            escaped = name.replace("~", "~0").replace("/", "~1")
            assert pointer.endswith(f"/{escaped}")


@pytest.mark.parametrize(
    ("tree", "kind"),
    [
        ({"Statement": {"Principal": "*", "Action": "sts:AssumeRole"}}, Kind.TRUST),
        ({"Statement": [{"Principal": "*", "Action": ["STS:*"]}]}, Kind.TRUST),
        ({"Statement": [{"Principal": "*", "Action": "s3:*"}]}, Kind.RESOURCE),
        (
            {"Statement": [{"NotPrincipal": {}, "Action": "sts:X", "Resource": "*"}]},
            Kind.RESOURCE,
        ),
        ({"Statement": [{"Action": "sts:AssumeRole"}]}, Kind.IDENTITY),
        ({"Statement": 7}, Kind.IDENTITY),
        ([], Kind.IDENTITY),
    ],
)
def test_kinds_are_guessed(tree: object, kind: Kind) -> None:
    """A principal and only actions of STS: trust; a principal: resource; else own."""
    assert guess_kind(json.dumps(tree)) is kind


def test_text_that_is_no_json_has_a_place() -> None:
    """The reader's own place, since no pointer leads there."""
    written = '{\n  "Version": "2012-10-17",\n  "Statement": [}\n}'
    (one,) = placed(written, lint(written, kind=Kind.IDENTITY, catalogue=catalogue()))

    assert one.finding.rule.code == "OST001"
    assert (one.region.line, one.region.column) == (3, 17)
    assert guess_kind(written) is Kind.IDENTITY


def test_a_long_line_is_shown_around_the_spot() -> None:
    """A minified policy is one line of thousands of characters."""
    written = text(*[statement(Action=f"s3:Get{'x' * 30}") for _ in range(50)])
    findings = lint(written, kind=Kind.IDENTITY, catalogue=catalogue())
    report = Report(
        name="p",
        text=written,
        kind=Kind.IDENTITY,
        is_guess=False,
        findings=placed(written, findings),
    )
    lines = as_text(report).splitlines()

    assert max(len(line) for line in lines if "|" in line) < 120
    shown = next(line for line in lines if line.startswith(" 1 |"))
    marked = lines[lines.index(shown) + 1]
    assert shown[marked.index("^") : marked.rindex("^") + 1] == f'"s3:Get{"x" * 30}"'


def test_what_would_steer_a_terminal_is_not_printed() -> None:
    """A policy is somebody else's text."""
    written = '{"Version": "2012-10-17\x1b[2J", "Statement": "\x9b"}'
    findings = lint(written, kind=Kind.IDENTITY, catalogue=catalogue())
    report = Report(
        name="p",
        text=written,
        kind=Kind.IDENTITY,
        is_guess=False,
        findings=placed(written, findings),
    )

    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", as_text(report))


# --- everything ---------------------------------------------------------------------


def policies_of(tree: Any) -> list[Tree]:
    """Every policy somewhere inside a tree."""
    inner = tree.values() if isinstance(tree, dict) else tree
    found = [tree] if isinstance(tree, dict) and "Statement" in tree else []
    if isinstance(tree, dict | list):
        for one in inner:
            found += policies_of(one)
    return found


@pytest.mark.parametrize("area", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
def test_lint_never_raises(area: Path) -> None:
    """Whatever the corpus holds, read as whatever kind, is linted and can be shown."""
    cases = [json.loads(file.read_text()) for file in sorted(area.glob("*.json"))]
    for tree in policies_of(cases):
        written = json.dumps(tree)
        for kind in Kind:
            for for_role in (False, True):
                findings = lint(
                    written, kind=kind, catalogue=catalogue(), for_role=for_role
                )
                assert len(placed(written, findings)) == len(findings)


def test_the_managed_policies_of_this_house_are_clean() -> None:
    """What we ship, we lint."""
    data = Path(__file__).parents[3] / "src/ostiary/data/managed_policies.json"
    for policy in policies_of(json.loads(data.read_text())):
        parse(json.dumps(policy))
        found = lint(json.dumps(policy), kind=Kind.IDENTITY, catalogue=catalogue())
        assert found == []


def test_managed_policies_of_aws_have_no_mfa_pitfall() -> None:
    """No false alarm on what AWS wrote: only its Deny of `GetSessionToken` is idle."""
    policies = list(json.loads(aws_managed_policies_data).items())
    for name, policy in policies[::10]:
        written = json.dumps(policy["Document"])
        for one in lint(written, kind=Kind.IDENTITY, catalogue=catalogue()):
            is_about_mfa = one.rule.code.startswith("OST1")
            assert not is_about_mfa or one.rule.code == "OST113", (name, one)
