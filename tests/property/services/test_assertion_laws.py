"""Laws of assertions: what nobody has signed proves nothing (T46's kind of law)."""

import base64
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.identity.holdings import SAMLProvider
from ostiary.services.assertions.keys import find_key, parse_keys
from ostiary.services.assertions.recipients import Recipients
from ostiary.services.assertions.saml import Expected, prove_response
from ostiary.services.assertions.token import read_token, verify_token
from ostiary.services.errors import ServiceError
from tests.unit.services.assertions.openid import RSA, Provider, jwk
from tests.unit.services.assertions.responses import Said, metadata, sign

NOW = 1_795_000_000.0
ROLE = "arn:aws:iam::111122223333:role/staff"
PROVIDER = SAMLProvider(
    arn="arn:aws:iam::111122223333:saml-provider/Corporate",
    account="111122223333",
    name="Corporate",
    id="x",
    metadata=metadata(),
    created=1,
    valid_until=1,
    tags=(),
)
KEYS = parse_keys({"keys": [jwk(RSA[0], "first")]})
TOKEN = Provider(origin="idp.example.org", keys={"first": RSA[0]}).token(NOW)
RESPONSES = {
    what: sign(Said(now=NOW, role=ROLE, provider=PROVIDER.arn).xml(), what)
    for what in ("assertion", "response")
}


def subject_of(token: str) -> str | None:
    """Whom a token proves; None when it proves nothing."""
    try:
        read = read_token(token)
        key = find_key(KEYS, read.key_id, read.algorithm)
        return None if key is None else str(verify_token(read, key, NOW)["sub"])
    except ServiceError:
        return None


def said_by(document: bytes) -> object:
    """What a response proves; None when it proves nothing."""
    expected = Expected(provider=PROVIDER, role=ROLE, recipients=Recipients(), now=NOW)
    try:
        return prove_response(base64.b64encode(document).decode(), expected)
    except ServiceError:
        return None


@given(
    st.integers(0, len(TOKEN) - 1), st.characters(min_codepoint=33, max_codepoint=126)
)
@settings(max_examples=400, deadline=None)
def test_any_changed_character_of_a_token_refuses_it(place: int, letter: str) -> None:
    """Each token has one spelling, and all of it is signed or the signature."""
    bent = TOKEN[:place] + letter + TOKEN[place + 1 :]
    assert (subject_of(bent) is not None) is (bent == TOKEN)


@given(st.integers(0, len(TOKEN)), st.text("AZaz09-_.=+/ \n", min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_anything_put_into_a_token_refuses_it(place: int, text: str) -> None:
    """There is no place in a token that nobody looks at."""
    assert subject_of(TOKEN[:place] + text + TOKEN[place:]) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
@settings(max_examples=200, deadline=None)
def test_reading_a_token_raises_nothing_else(value: object) -> None:
    """Whatever JSON stands where the claims should, the answer is a refusal in words."""
    segment = base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    header, claims, signature = TOKEN.split(".")
    assert subject_of(f"{segment}.{claims}.{signature}") is None
    assert subject_of(f"{header}.{segment}.{signature}") is None


@given(st.sampled_from(sorted(RESPONSES)), st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_response_says_the_same_or_nothing(
    what: str, data: st.DataObject
) -> None:
    """One byte changed, put in or left out never makes anybody somebody else."""
    whole = RESPONSES[what]
    place = data.draw(st.integers(0, len(whole) - 1))
    put = data.draw(st.binary(max_size=2) | st.sampled_from([b"<", b"&", b"x", b" "]))
    left_out = data.draw(st.integers(0, 2))
    bent = whole[:place] + put + whole[place + left_out :]
    assert said_by(bent) in (None, said_by(whole))


def test_the_responses_are_good_as_they_are() -> None:
    """Else the laws above would hold for the wrong reason."""
    assert subject_of(TOKEN) is not None
    assert all(said_by(one) is not None for one in RESPONSES.values())
