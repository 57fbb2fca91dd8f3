"""Documents: what is read, what is printed, what is refused beside the corpus."""

import json

import pytest

from ostiary.policy import Document, Effect, Kind, PolicyError, compile, diagnose, parse  # noqa: A004 - the field's own word
from ostiary.policy.document import Condition
from ostiary.policy.operators import get_operator
from tests.unit.policy.asking import ACCOUNT, ROLE, Tree, statement, text

MISSPELT = ("Contition", "Statment", "action", "Actions")  # codespell:ignore


def fault_of(
    document: str, kind: Kind = Kind.IDENTITY, *, strict: bool = False
) -> PolicyError:
    """The fault that a document is refused for."""
    with pytest.raises(PolicyError) as caught:
        parse(document, kind=kind, strict=strict)
    return caught.value


@pytest.mark.rule("M18", "M19", "M43")
def test_the_short_forms_of_the_sample_trust_policy() -> None:
    """M18: one statement object, a bare account id, one action, the text `"true"`."""
    sample = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": "222222222222"},
            "Action": "sts:AssumeRole",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        },
    }
    document = parse(json.dumps(sample), kind=Kind.TRUST)
    (only,) = document.statements
    assert only.effect is Effect.ALLOW
    assert only.principal is not None
    assert only.principal.members == (("AWS", "222222222222"),)
    assert only.actions == ("sts:AssumeRole",)
    assert only.conditions == (
        Condition(operator="Bool", key="aws:MultiFactorAuthPresent", values=("true",)),
    )


def test_lists_and_bare_values_are_the_same() -> None:
    """Facts 3.1: a bare string is a one-element list."""
    bare = parse(text(statement(Action="s3:*", Resource="*")))
    listed = parse(text(statement(Action=["s3:*"], Resource=["*"])))
    assert bare == listed
    assert parse(json.dumps({"Statement": statement()})).version == ""


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (text(statement(Sid="A"), Id="I"), Kind.IDENTITY),
        (json.dumps({"Statement": statement()}), Kind.IDENTITY),
        (
            text(
                statement(
                    "Deny",
                    NotPrincipal={
                        "AWS": [ACCOUNT, ROLE],
                        "Service": "s3.amazonaws.com",
                    },
                )
            ),
            Kind.RESOURCE,
        ),
        (
            text({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}),
            Kind.TRUST,
        ),
        (
            text({"Effect": "Deny", "NotAction": "s3:*", "NotResource": "*"}),
            Kind.SCP,
        ),
        (
            text(statement(Condition={"Bool": {"a:b": True, "a:c": [True, "false"]}})),
            Kind.SESSION,
        ),
        (text(statement(Principal="*")), Kind.RCP),
        (text(statement(Principal={"AWS": "*"})), Kind.ENDPOINT),
    ],
)
def test_printing(document: str, kind: Kind) -> None:
    """A printed document parses to an equal one (facts 3.1)."""
    first = parse(document, kind=kind)
    printed = first.to_json()
    assert parse(printed, kind=kind) == first
    assert compile(first).document is first


@pytest.mark.threat("T80", "T87")
@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("NumericLessThan", "soon"),
        ("NumericEquals", "1e5"),
        ("NumericEquals", "${aws:x}"),
        ("DateEquals", "${aws:x}"),
        ("Bool", "yes"),
        ("Null", "maybe"),
        ("Null", "${aws:x}"),
        ("IpAddress", "10.0.0.0/40"),
        ("NotIpAddress", "home"),
        ("BinaryEquals", "?"),
        ("StringEquals", "${aws:x"),
        ("ArnLike", "${}"),
        ("ForAnyValue:NumericLessThanIfExists", "x"),
    ],
)
def test_unreadable_policy_values_are_refused(operator: str, value: str) -> None:
    """Threats T87: a typo must not turn a Deny silent, so it is never stored."""
    fault = fault_of(text(statement("Deny", Condition={operator: {"a:b": value}})))
    assert fault.aws_message == "The policy failed legacy parsing"
    assert fault.pointer == f"/Statement/0/Condition/{operator}/a:b"


@pytest.mark.threat("T80")
@pytest.mark.parametrize(
    "operator",
    [
        "BoolIfExist",
        "StringLikes",
        "ForAllValue:StringLike",
        "stringequals",
        "NullIfExists",
        "ForAnyValue:Null",
        "IfExists",
        "ForAnyValue:",
        "ForAnyValue:ForAllValues:StringLike",
        "StringLikeIfExistsIfExists",
        "",
    ],
)
def test_unknown_operators(operator: str) -> None:
    """Threats T80, facts 4.2: operators are spelt exactly, or refused."""
    fault = fault_of(text(statement(Condition={operator: {"a:b": "true"}})))
    assert "does not exist" in fault.message
    assert fault.aws_message == "Syntax errors in policy."
    with pytest.raises(ValueError, match="not a condition operator"):
        get_operator(operator)


@pytest.mark.threat("T80")
@pytest.mark.parametrize("element", MISSPELT)
def test_unknown_elements(element: str) -> None:
    """Threats T80: a misspelt element is refused, and the right ones are named."""
    fault = fault_of(text(statement(**{element: {}})))
    assert fault.pointer == f"/Statement/0/{element}"
    assert "`Action`" in fault.help


@pytest.mark.threat("T82")
@pytest.mark.parametrize(
    ("resource", "version", "refused"),
    [
        ("arn:aws:s3:::${aws:username}/*", "2012-10-17", False),
        ("arn:aws:iam::${aws:PrincipalAccount}:user/x", "2012-10-17", True),
        ("arn:aws:s3:${aws:username}", "2012-10-17", True),
        ("arn:aws:s3:::${aws:username", "2012-10-17", True),
        ("arn:aws:s3:::${aws:username", "2008-10-17", False),
        ("arn:aws:s3:::${aws:PrincipalTag/t, 'a:b'}", "2012-10-17", False),
    ],
)
def test_variables_in_resources(resource: str, version: str, refused: bool) -> None:
    """Facts 3.5: variables stand after the fifth colon, in the new version."""
    document = text(statement(Resource=resource), Version=version)
    assert bool(diagnose(document)) is refused


@pytest.mark.parametrize(
    ("resource", "strict", "refused"),
    [
        ("x:aws:s3:::b", False, True),
        ("arn:aws:*:::b", False, False),
        ("arn:aws:*:::b", True, True),
        ("arn:*:*", False, False),
        ("arn:aws*:s3:::b", True, False),
        ("arn:aws-cn:s3:::b", True, False),
        ("arn:aws:iam::*:*", True, False),
        ("arn:aws:iam::1:root", True, False),
        ("arn:aws:iam::1:*admin*", False, True),
        ("arn:aws:s3:*:1:accesspoint/a", True, False),
        ("**", False, True),
    ],
)
def test_arns_of_identity_policies(resource: str, strict: bool, refused: bool) -> None:
    """Facts 3.3, 3.7: IAM's judgement of ARNs; service patterns only fail `strict`."""
    document = text(statement(Resource=resource))
    assert bool(diagnose(document, strict=strict)) is refused


@pytest.mark.threat("T84")
def test_short_arns_outside_iam_must_be_able_to_match() -> None:
    """Facts 3.3: a short ARN of an SCP or a bucket policy needs a trailing star."""
    for kind in (Kind.SCP, Kind.RESOURCE):
        more: Tree = {"Principal": "*"} if kind is Kind.RESOURCE else {}
        parse(text(statement(Resource="arn:aws:s3*", **more)), kind=kind)
        fault = fault_of(text(statement(Resource="arn:aws:s3", **more)), kind)
        assert fault.aws_message == "Policy has invalid resource"


def test_sids() -> None:
    """Facts 3.1: plain in IAM, free elsewhere, unique everywhere, empty ones apart."""
    assert "[0-9A-Za-z]*" in fault_of(text(statement(Sid="a b"))).aws_message
    bucket = text(statement(Sid="a b", Principal="*"))
    assert parse(bucket, kind=Kind.RESOURCE).statements[0].sid == "a b"
    twice = text(
        statement(Sid="a b", Principal="*"), statement(Sid="a b", Principal="*")
    )
    assert "unique" in fault_of(twice, Kind.RESOURCE).aws_message
    assert parse(text(statement(Sid=""), statement(Sid="")))


@pytest.mark.threat("T90")
@pytest.mark.parametrize(
    ("principal", "good"),
    [
        ({"Federated": "accounts.google.com"}, True),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/P"}, True),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/h/p"}, True),
        ({"Federated": "*"}, False),
        ({"Service": ["ec2.amazonaws.com", "s3.amazonaws.com"]}, True),
        ({"Service": "*"}, False),
        ({"CanonicalUser": "a" * 64}, True),
        ({"CanonicalUser": "a" * 63}, False),
        ({"AWS": "AIDAEXAMPLEEXAMPLE12"}, True),
        ({"AWS": "AROAEXAMPLEEXAMPLE12:bob@example.com"}, True),
        ({"AWS": "AKIAEXAMPLEEXAMPLE12"}, False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/a/b/R"}, True),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/R/s"}, True),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/R"}, False),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:federated-user/f"}, True),
        ({"AWS": f"arn:wrong:iam::{ACCOUNT}:root"}, False),
        ({"AWS": [ACCOUNT, "*"]}, True),
        ({"AWS": f"{ACCOUNT}\n"}, False),
    ],
)
def test_principals(principal: Tree, good: bool) -> None:
    """Facts 3.4: the forms of principals."""
    faults = diagnose(text(statement(Principal=principal)), kind=Kind.RESOURCE)
    assert (faults == []) is good


@pytest.mark.parametrize("kind", [Kind.IDENTITY, Kind.BOUNDARY, Kind.SESSION, Kind.SCP])
@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
def test_who_has_a_policy_is_its_principal(kind: Kind, element: str) -> None:
    """Facts 3.1: a principal is refused in words of its own, once the grammar holds."""
    for principal in ("*", {"AWS": "111122223333"}):
        fault = fault_of(text(statement(**{element: principal})), kind)
        assert fault.aws_message == "Policy document should not specify a principal."
        assert fault.pointer == f"/Statement/0/{element}"
    fault = fault_of(text(statement(**{element: "x"})), kind)
    assert fault.aws_message == "Syntax errors in policy."
    old = text(statement(**{element: "*"}), Version="2008-10-17")
    assert "must be version" in fault_of(old, kind, strict=True).aws_message


def test_all_faults_at_once() -> None:
    """`diagnose` gathers what `parse` would report one by one."""
    document = text(
        statement("allow", Sid="A", Action="s3"), statement(Sid="A", Resource="x")
    )
    pointers = [fault.pointer for fault in diagnose(document, strict=True)]
    assert pointers == [
        "/Statement/0/Effect",
        "/Statement/1/Sid",
        "/Statement/1/Resource",
        "/Statement/0/Action",
    ]
    assert diagnose("{")[0].pointer == ""


def test_a_fault_says_where_what_and_what_to_do() -> None:
    """DEVELOPERS.md: place, found before expected, help on its own line."""
    fault = fault_of(text(statement("allow")))
    assert str(fault) == (
        "/Statement/0/Effect: found the effect `allow`, expected `Allow` or `Deny`\n"
        "  help: the word is right, its letter case is not"
    )
    assert str(fault_of("[")).startswith("found no JSON at line 1")


def test_documents_are_values() -> None:
    """style.md 3.5: equal texts make equal documents."""
    first, second = parse(text(statement())), parse(text(statement()))
    assert first == second
    assert hash(first) == hash(second)
    assert isinstance(first, Document)
    assert first.has_variables
