"""Principals, contexts, requests."""

from dataclasses import FrozenInstanceError

import pytest

from ostiary.policy import Context, Principal, PrincipalKind
from ostiary.policy.arn import ARN, account_of
from tests.unit.policy.asking import ACCOUNT, OBJECT, ROLE, SESSION, USER, asks


@pytest.mark.threat("T90")
@pytest.mark.parametrize(
    ("text", "kind", "account", "role"),
    [
        ("anonymous", PrincipalKind.ANONYMOUS, "", ""),
        (f"arn:aws:iam::{ACCOUNT}:root", PrincipalKind.ROOT, ACCOUNT, ""),
        (f"arn:aws:iam::{ACCOUNT}:user/a/b/sofia", PrincipalKind.USER, ACCOUNT, ""),
        (SESSION, PrincipalKind.ROLE_SESSION, ACCOUNT, ROLE),
        (ROLE, PrincipalKind.ROLE_SESSION, ACCOUNT, ROLE),
        (
            f"arn:aws:sts::{ACCOUNT}:federated-user/fay",
            PrincipalKind.FEDERATED_USER,
            ACCOUNT,
            "",
        ),
        ("ec2.amazonaws.com", PrincipalKind.SERVICE, "", ""),
        ("accounts.google.com", PrincipalKind.IDENTITY_PROVIDER, "", ""),
        (
            f"arn:aws:iam::{ACCOUNT}:saml-provider/P",
            PrincipalKind.IDENTITY_PROVIDER,
            ACCOUNT,
            "",
        ),
    ],
)
def test_principals_from_text(
    text: str, kind: PrincipalKind, account: str, role: str
) -> None:
    """Facts 5.2, 3.4: what an ARN says about a principal."""
    principal = Principal.from_arn(text)
    assert (principal.kind, principal.account) == (kind, account)
    assert (principal.role_arn, principal.arn) == (role, text)


def test_the_role_of_a_session_is_named_first() -> None:
    """Facts 3.4: `assumed-role/ROLE/SESSION`; what follows is the session's."""
    principal = Principal.from_arn(f"{SESSION}/more")
    assert principal.role_arn == ROLE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "bob",
        ACCOUNT,
        "arn:aws:iam::1",
        f"arn:aws:iam::{ACCOUNT}:user/",
        f"arn:aws:iam::{ACCOUNT}:user",
        f"arn:aws:iam::{ACCOUNT}:group/Admins",
        OBJECT,
        "a/b.c",
        "ec2.amazonaws.com:x",
    ],
)
def test_no_principals(text: str) -> None:
    """Facts 3.4: groups, accounts and resources make no requests."""
    with pytest.raises(ValueError, match="principal"):
        Principal.from_arn(text)


@pytest.mark.rule("M15", "M17", "M25")
def test_absent_is_not_false() -> None:
    """Facts 4.3: a key that is not there has no value; keys differ not by case."""
    context = Context({"aws:MultiFactorAuthPresent": "false", "aws:TagKeys": ["a"]})
    assert context["AWS:multifactorauthpresent"] == "false"
    assert context.get("aws:MultiFactorAuthAge") is None
    assert "aws:MultiFactorAuthAge" not in context
    assert "AWS:TAGKEYS" in context
    assert context["aws:tagkeys"] == ("a",)
    assert list(context) == ["aws:multifactorauthpresent", "aws:tagkeys"]
    assert len(context) == 2
    assert "false" in repr(context)


def test_letters_that_only_look_alike_make_another_key() -> None:
    """Threats section 7: a Kelvin sign is no `k`, and capitals beyond ASCII stay."""
    context = Context(
        {"aws:PrincipalTag/\u212aey": "x", "aws:PrincipalTag/\u00c4": "y"}
    )
    assert "aws:PrincipalTag/key" not in context
    assert context["AWS:principaltag/\u212aEY"] == "x"
    assert "aws:PrincipalTag/\u00e4" not in context


def test_a_multivalued_key_without_values_is_absent() -> None:
    """Facts 4.4: an empty set is like no key."""
    assert len(Context({"aws:TagKeys": []})) == 0
    assert len(Context({"aws:TagKeys": ()})) == 0


def test_a_key_given_twice_is_refused() -> None:
    """Threats T77: two spellings of one key are one key twice."""
    with pytest.raises(ValueError, match="given twice"):
        Context({"aws:username": "a", "AWS:UserName": "b"})


def test_folded_contexts_are_not_copied() -> None:
    """The hot path gives its mapping away."""
    values = {"aws:username": "sofia"}
    assert Context.folded(values).values_by_key is values


def test_the_owner_of_a_resource() -> None:
    """Facts 6.3: as given, else the ARN's account, else the principal's."""
    assert asks(owner="444455556666").resource_account == "444455556666"
    queue = "arn:aws:sqs:us-east-1:777788889999:q"
    assert asks(resource=queue).resource_account == "777788889999"
    assert asks().resource_account == ACCOUNT
    assert asks(resource="*").resource_account == ACCOUNT


def test_normal_forms() -> None:
    """Facts 3.2, 3.3: actions fold, ARNs fold up to the fifth colon."""
    one = asks(action="S3:GetObject", resource="arn:AWS:s3:::Books/X")
    assert one.normal_action == "s3:getobject"
    assert one.normal_resource == "arn:aws:s3:::Books/X"
    assert asks(resource="Not/An:ARN").normal_resource == "Not/An:ARN"


def test_values_are_finished_when_made() -> None:
    """style.md 3.5: nothing changes a request."""
    with pytest.raises(FrozenInstanceError):
        asks().action = "s3:PutObject"  # type: ignore[misc] # that is the point


def test_arns() -> None:
    """Facts 3.3: six parts, the last with colons of its own."""
    parsed = ARN.parse(f"{USER}:x:y")
    assert (parsed.account, parsed.resource) == (ACCOUNT, "user/sofia:x:y")
    assert str(parsed) == f"{USER}:x:y"
    assert account_of("arn:aws:s3") == ""
    with pytest.raises(ValueError, match="not an ARN"):
        ARN.parse("x:aws:iam::1:root")
