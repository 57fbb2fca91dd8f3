"""What an identity provider vouched for, in a session token and among condition keys."""

import base64
import json
from typing import Any

import pytest

from ostiary.identity import session_token
from ostiary.identity.assertion import Assertion
from ostiary.identity.caller import Caller, context
from ostiary.identity.facts import Facts
from ostiary.identity.session import SessionKind
from ostiary.identity.session_token import InvalidToken
from ostiary.policy import Principal, PrincipalKind
from tests.unit.identity.minting import NOW, Stream, session, vault

FACTS: Facts = (
    ("aws:FederatedProvider", "arn:aws:iam::111122223333:oidc-provider/idp"),
    ("idp:sub", "\u6771\u4eac"),
    ("idp:amr", ("mfa", "otp")),
)
ROLE: dict[str, Any] = {
    "kind": SessionKind.ROLE,
    "principal": "AROADBQP57FF2AEXAMPLE",
    "name": "ci",
    "mfa_at": None,
}


def caller(**more: Any) -> Caller:
    """Whoever carries a session of a role."""
    values = {
        "principal": Principal.from_arn("arn:aws:sts::111122223333:assumed-role/R/ci"),
        "user_id": "AROADBQP57FF2AEXAMPLE:ci",
        "name": "",
        "principal_arn": "arn:aws:iam::111122223333:role/R",
        "access_key_id": "ASIAEXAMPLE",
        "session": None,
        "mfa_at": None,
        "tags": (),
    }
    return Caller(**(values | more))


def test_a_token_keeps_facts() -> None:
    """They come back as they were, one value or several, in a token of version 2."""
    kept = session(**ROLE, facts=FACTS)
    token, _ = vault().seal_session(kept, Stream())
    read, _ = vault().unseal_session(token, kept.access_key_id)
    assert read == kept
    assert base64.b64decode(token)[0] == 2


def test_a_token_without_facts_is_as_before() -> None:
    """Sessions of every other origin stay in version 1, which old nodes read, too."""
    token, _ = vault().seal_session(session(**ROLE), Stream())
    assert base64.b64decode(token)[0] == 1


@pytest.mark.threat("T25")
@pytest.mark.parametrize(("facts", "version"), [((), 2), (FACTS, 1), (FACTS, 3)])
def test_the_version_cannot_be_changed(facts: Facts, version: int) -> None:
    """It is authenticated with the rest, so facts are neither lost nor invented."""
    kept = session(**ROLE, facts=facts)
    token, _ = vault().seal_session(kept, Stream())
    raw = base64.b64decode(token)
    bent = base64.b64encode(bytes([version]) + raw[1:]).decode()
    with pytest.raises(InvalidToken):
        vault().unseal_session(bent, kept.access_key_id)


@pytest.mark.parametrize(
    "facts", [None, [], {}, "x", [["a"]], [["a", 1]], [["a", ["b", 1]]], [[1, "b"]]]
)
def test_facts_of_another_form_are_none(facts: object) -> None:
    """Even what we sealed ourselves is read strictly."""
    whole = json.loads(session_token._write(session(**ROLE, facts=FACTS)))
    body = json.dumps([*whole[:-1], facts]).encode()
    with pytest.raises(ValueError, match="session"):
        session_token._read(body, with_facts=True)


def test_a_session_s_facts_are_condition_keys() -> None:
    """With the time of issue and without an MFA key, not even `false` (facts 2, row 11)."""
    told = session(**ROLE, facts=FACTS)
    keys = context(caller(session=told), NOW)
    assert keys["idp:amr"] == ("mfa", "otp")
    assert keys["aws:FederatedProvider"].endswith("oidc-provider/idp")
    assert "aws:TokenIssueTime" in keys
    assert not [key for key in keys if key.startswith("aws:MultiFactorAuth")]
    plain = context(caller(session=session(**ROLE)), NOW)
    assert plain["aws:MultiFactorAuthPresent"] == "false"


def test_an_assertion_s_caller_has_its_facts_and_nothing_else() -> None:
    """No principal of ours asks, so no key speaks of one; absent is not anonymous."""
    assertion = Assertion(
        provider="arn:aws:iam::111122223333:oidc-provider/idp",
        issuer="https://idp",
        subject="x",
        audience="y",
        session_name="ci",
        facts=FACTS,
        kept=(),
        ends_itself=0,
    )
    asks = caller(
        assertion=assertion,
        principal=Principal(
            kind=PrincipalKind.IDENTITY_PROVIDER, account="", arn=assertion.provider
        ),
    )
    assert context(asks, NOW) == dict(FACTS)
    assert not asks.is_anonymous
