"""How a `Principal` element names a principal."""

from dataclasses import replace

import pytest

from ostiary.policy import Principal
from ostiary.policy.document import PrincipalElement
from ostiary.policy.principals import Form, account_named, bind_principal
from tests.unit.policy.asking import ACCOUNT, ROLE, SESSION, USER

sofia = replace(Principal.from_arn(USER), unique_ids=("AIDASOFIA0000000000",))
session = replace(
    Principal.from_arn(SESSION),
    unique_ids=("AROAOPS000000000000", "AROAOPS000000000000:sofia"),
)
fay = Principal.from_arn(f"arn:aws:sts::{ACCOUNT}:federated-user/fay")
fay = replace(fay, issuer=USER)
root = Principal.from_arn(f"arn:aws:iam::{ACCOUNT}:root")
CANONICAL = "a" * 64


def form(
    principal: Principal, *values: str, negated: bool = False, **how: bool
) -> Form | None:
    """How an element of AWS principals names a principal."""
    element = PrincipalElement(
        negated=negated, members=tuple(("AWS", value) for value in values)
    )
    test = bind_principal(element, deny=how.get("deny", False))
    return test(principal, how.get("bounded", False))


@pytest.mark.threat("T90")
@pytest.mark.parametrize(
    ("principal", "value", "expected"),
    [
        (sofia, "*", Form.DIRECT),
        (sofia, USER, Form.DIRECT),
        (sofia, "AIDASOFIA0000000000", Form.DIRECT),
        (sofia, ACCOUNT, Form.ACCOUNT),
        (sofia, f"arn:aws:iam::{ACCOUNT}:root", Form.ACCOUNT),
        (sofia, f"{USER}x", None),
        (sofia, USER.replace("sofia", "Sofia"), None),
        (sofia, "444455556666", None),
        (root, ACCOUNT, Form.DIRECT),
        (root, f"arn:aws:iam::{ACCOUNT}:root", Form.DIRECT),
        (session, ROLE, Form.BEHIND),
        (session, SESSION, Form.DIRECT),
        (session, "AROAOPS000000000000", Form.BEHIND),
        (session, "AROAOPS000000000000:sofia", Form.DIRECT),
        (session, "AROAOPS000000000000:eve", None),
        (session, f"{ROLE}/x", None),
        (fay, USER, Form.BEHIND),
        (fay, fay.arn, Form.DIRECT),
        (fay, ACCOUNT, Form.ACCOUNT),
        (Principal.from_arn(ROLE), ROLE, Form.BEHIND),
    ],
)
def test_forms(principal: Principal, value: str, expected: Form | None) -> None:
    """Facts 3.4, 6.2: the form decides which implicit denies bind."""
    assert form(principal, value) is expected


@pytest.mark.threat("T90")
@pytest.mark.parametrize("negated", [False, True])
def test_no_account_is_nobodys_account(*, negated: bool) -> None:
    """Facts 3.4: who has no account is not one of an element that names no account."""
    stray = Principal.from_arn("arn:aws:iam:::user/stray")
    expected = Form.DIRECT if negated else None
    assert stray.account == ""
    assert form(stray, USER, negated=negated) is expected
    assert form(stray, USER, ACCOUNT, negated=negated) is expected
    assert form(stray, stray.arn, negated=True, deny=True) is Form.DIRECT


@pytest.mark.threat("T34")
def test_a_recreated_user_is_another_principal() -> None:
    """Facts 3.4, threats T34: a policy saved with an id means that entity only."""
    again = replace(sofia, unique_ids=("AIDAANOTHER00000000",))
    assert form(sofia, "AIDASOFIA0000000000") is Form.DIRECT
    assert form(again, "AIDASOFIA0000000000") is None


def test_the_closest_form_counts() -> None:
    """Facts 3.4: several principals in one statement are ORed."""
    assert form(session, ACCOUNT, ROLE) is Form.BEHIND
    assert form(session, ACCOUNT, ROLE, SESSION) is Form.DIRECT


def test_an_account_means_its_root_directly() -> None:
    """Facts 3.4: delegation is for the account's principals; its root needs none."""
    for more in ((), (USER,), (USER, "444455556666")):
        assert form(root, ACCOUNT, *more) is Form.DIRECT
        assert form(session, ACCOUNT, *more) is Form.ACCOUNT


def test_canonical_users_are_accounts() -> None:
    """Facts 3.4: a canonical user id names an account of S3."""
    element = PrincipalElement(negated=False, members=(("CanonicalUser", CANONICAL),))
    test = bind_principal(element, deny=False)
    assert test(replace(sofia, unique_ids=(CANONICAL,)), False) is Form.ACCOUNT
    assert test(sofia, False) is None


def test_services_are_named_as_services() -> None:
    """Facts 3.4: the type of a principal counts, not only its text."""
    ec2 = Principal.from_arn("ec2.amazonaws.com")
    for kind, expected in (("Service", Form.DIRECT), ("Federated", None)):
        element = PrincipalElement(negated=False, members=((kind, ec2.arn),))
        assert bind_principal(element, deny=False)(ec2, False) is expected


@pytest.mark.threat("T90")
def test_not_principal_with_deny() -> None:
    """Facts 3.4: exempt only if named in full, and never with a boundary."""
    deny = {"negated": True, "deny": True}
    assert form(sofia, USER, **deny) is Form.DIRECT
    assert form(sofia, ACCOUNT, **deny) is Form.DIRECT
    assert form(sofia, USER, ACCOUNT, **deny) is None
    assert form(sofia, "AIDASOFIA0000000000", ACCOUNT, **deny) is None
    assert form(sofia, USER, ACCOUNT, **deny, bounded=True) is Form.DIRECT
    assert form(session, ROLE, SESSION, **deny) is Form.DIRECT
    assert form(session, ACCOUNT, ROLE, **deny) is Form.DIRECT
    assert form(session, ACCOUNT, SESSION, **deny) is Form.DIRECT
    assert form(session, ACCOUNT, ROLE, SESSION, **deny) is None
    ids = session.unique_ids
    assert form(session, ACCOUNT, *ids, **deny) is None
    role_id, session_id = ids
    assert form(session, ACCOUNT, role_id, **deny) is Form.DIRECT
    assert form(session, ACCOUNT, session_id, **deny) is Form.DIRECT
    assert form(session, ACCOUNT, role_id, SESSION, **deny) is None
    assert form(session, ACCOUNT, ROLE, session_id, **deny) is None
    assert form(fay, USER, ACCOUNT, **deny) is Form.DIRECT
    assert form(fay, fay.arn, ACCOUNT, **deny) is None
    assert form(sofia, "*", **deny) is None
    assert form(root, ACCOUNT, **deny) is None
    assert form(root, USER, **deny) is Form.DIRECT
    ec2 = Principal.from_arn("ec2.amazonaws.com")
    element = PrincipalElement(negated=True, members=(("Service", ec2.arn),))
    assert bind_principal(element, deny=True)(ec2, False) is None
    assert form(ec2, ACCOUNT, **deny) is Form.DIRECT


@pytest.mark.threat("T90")
def test_not_principal_with_allow() -> None:
    """Facts 3.4: any mention leaves a principal out; nobody else is."""
    assert form(sofia, ACCOUNT, negated=True) is None
    assert form(session, ROLE, negated=True) is None
    assert form(Principal.from_arn("anonymous"), USER, negated=True) is Form.DIRECT


def test_accounts_by_name() -> None:
    """Facts 3.4: twelve digits and the root ARN are the same."""
    assert account_named(ACCOUNT) == ACCOUNT
    assert account_named(f"arn:aws:iam::{ACCOUNT}:root") == ACCOUNT
    assert account_named("11112222333") == ""
    assert account_named("\u0661" * 12) == ""
    assert account_named(USER) == ""
