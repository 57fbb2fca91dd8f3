"""Policies of a caller: shared, indexed once, found again after a change."""

import json
from dataclasses import replace

import pytest

from ostiary.identity import model
from ostiary.identity.caller import Caller
from ostiary.policy import Attached, Kind, Principal
from ostiary.store.applicable import Applicable, InvalidPolicyError, compiled
from ostiary.store.port import Write
from ostiary.store.snapshot import Snapshot

ACCOUNT = "111122223333"


def text(action: str) -> str:
    """A policy that allows an action."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def user(name: str) -> model.User:
    """A user with a permissions boundary that is gone."""
    return model.User(
        id=f"AIDA{name.upper()}",
        account=ACCOUNT,
        name=name,
        path="/",
        created=1,
        tags=(),
        boundary=f"arn:aws:iam::{ACCOUNT}:policy/gone",
    )


def caller(name: str) -> Caller:
    """The user, by its own access key."""
    return Caller(
        principal=Principal.from_arn(f"arn:aws:iam::{ACCOUNT}:user/{name}"),
        user_id=f"AIDA{name.upper()}",
        name=name,
        principal_arn=f"arn:aws:iam::{ACCOUNT}:user/{name}",
        access_key_id=f"AKIA{name.upper()}",
        session=None,
        mfa_at=None,
        tags=(),
    )


def inline(name: str, action: str) -> model.InlinePolicy:
    """An inline policy of a user."""
    return model.InlinePolicy(
        owner=f"AIDA{name.upper()}", name="own", text=text(action)
    )


def write(entity: model.InlinePolicy) -> Write:
    """The change that puts it."""
    return Write(kind=type(entity), key=entity.key, entity=entity)


def test_equal_texts_share_one_compiled_form() -> None:
    """Ten thousand principals with one text hold one policy."""
    assert compiled(text("s3:Get*"), Kind.IDENTITY) is compiled(
        text("s3:Get*"), Kind.IDENTITY
    )
    session = compiled(text("s3:Get*"), Kind.SESSION)
    assert session is compiled(text("s3:Get*"), Kind.SESSION)
    assert session.kind is Kind.SESSION
    for kind in (Kind.IDENTITY, Kind.SESSION):
        with pytest.raises(InvalidPolicyError):
            compiled("{}", kind)


def test_an_index_outlives_the_changes_of_others() -> None:
    """Who has the same policies after a change keeps the index; who has not does not."""
    snapshot = Snapshot()
    applicable = Applicable(snapshot)
    users = [user("alice"), user("bob")]
    snapshot.load(1, [*users, inline("alice", "s3:*"), inline("bob", "s3:*")])
    before = {name: applicable.of(caller(name)) for name in ("alice", "bob")}
    assert all(type(one.identity) is Attached for one in before.values())
    assert before["alice"].boundary == ()

    snapshot.apply(1, 2, [write(inline("bob", "ec2:*"))])
    after = {name: applicable.of(caller(name)) for name in ("alice", "bob")}
    assert after["alice"].identity is before["alice"].identity
    assert after["bob"].identity != before["bob"].identity
    assert after["bob"].with_resource(None, Kind.RESOURCE).identity is (
        after["bob"].identity
    )


def test_whoever_has_no_account_has_no_policies() -> None:
    """An outsider's own name finds nothing, even where somebody here is called so (P3)."""
    snapshot = Snapshot()
    snapshot.load(1, [user("alice"), inline("alice", "s3:*")])
    applicable = Applicable(snapshot)
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.org"
    asks = replace(caller("alice"), principal=Principal.from_arn(provider))
    found = applicable.of(asks)
    assert (found.identity, found.boundary, found.session) == ((), None, None)
    assert applicable._of_principal == {}
