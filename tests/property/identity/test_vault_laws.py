"""Laws of the vault, over generated sessions, secrets and tampering."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.session import Session, SessionKind
from ostiary.identity.vault import (
    InvalidMarker,
    InvalidToken,
    Tampered,
    TokenTooLarge,
)
from tests.unit.identity.minting import OperatingSystem, vault

MINT = OperatingSystem()
KEEPER = vault()

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
times = st.integers(min_value=0, max_value=2**40)
sessions = st.builds(
    Session,
    access_key_id=texts,
    kind=st.sampled_from(SessionKind),
    account=texts,
    principal=texts,
    name=texts,
    issued_at=times,
    expires_at=times,
    mfa_at=st.none() | times,
    issuer=texts,
    source_identity=texts,
    tags=st.lists(st.tuples(texts, texts), max_size=4).map(tuple),
    transitive=st.lists(texts, max_size=4).map(tuple),
    policy=st.none() | texts,
    policy_arns=st.lists(texts, max_size=4).map(tuple),
)
places = st.fixed_dictionaries({"purpose": texts, "row": texts, "account": texts})


@pytest.mark.rule("M25")
@pytest.mark.threat("T25", "T27")
@given(session=sessions, data=st.data())
def test_unseal_seal_is_identity_and_tampering_raises(
    session: Session, data: st.DataObject
) -> None:
    """A token gives back its session and secret; any change of it gives nothing."""
    token, secret = KEEPER.seal_session(session, MINT)
    read, again = KEEPER.unseal_session(token, session.access_key_id)
    assert (read, again.reveal()) == (session, secret.reveal())
    raw = base64.b64decode(token)
    bent = data.draw(tampered(raw))
    with pytest.raises(InvalidToken):
        KEEPER.unseal_session(base64.b64encode(bent).decode(), session.access_key_id)
    other = data.draw(texts.filter(lambda text: text != session.access_key_id))
    with pytest.raises(InvalidToken):
        KEEPER.unseal_session(token, other)


@pytest.mark.threat("T25", "T26")
@given(token=st.text() | st.binary().map(base64.b64encode).map(bytes.decode), key=texts)
def test_no_foreign_text_is_a_token(token: str, key: str) -> None:
    """Any text that we did not seal raises InvalidToken, and nothing else."""
    with pytest.raises(InvalidToken):
        KEEPER.unseal_session(token, key)


@given(session=sessions, size=st.integers(min_value=2500, max_value=20_000))
def test_no_token_is_longer_than_clients_expect(session: Session, size: int) -> None:
    """A session either fits 4,096 characters or is refused when it is sealed."""
    fields = {name: getattr(session, name) for name in session.__dataclass_fields__}
    large = Session(**fields | {"policy": "x" * size})
    try:
        token, _ = KEEPER.seal_session(large, MINT)
    except TokenTooLarge:
        return
    assert len(token) <= 4096


@pytest.mark.threat("T123", "T124")
@given(plain=st.binary(max_size=200), here=places, there=places, data=st.data())
def test_an_envelope_opens_in_its_place_and_nowhere_else(
    plain: bytes, here: dict[str, str], there: dict[str, str], data: st.DataObject
) -> None:
    """Secret, purpose, row and account hang together, and no byte may change."""
    sealed = KEEPER.seal(plain, **here, mint=MINT)
    assert KEEPER.unseal(sealed, **here) == plain
    if there != here:
        with pytest.raises(Tampered):
            KEEPER.unseal(sealed, **there)
    with pytest.raises(Tampered):
        KEEPER.unseal(data.draw(tampered(sealed)), **here)


@pytest.mark.threat("T102")
@given(payload=texts, here=texts, there=texts, foreign=st.text())
def test_a_marker_opens_for_its_own_list_only(
    payload: str, here: str, there: str, foreign: str
) -> None:
    """A marker gives back its position in its scope; all else is InvalidMarker."""
    marker = KEEPER.seal_marker(payload, scope=here)
    assert KEEPER.unseal_marker(marker, scope=here) == payload
    assert len(marker) <= 320
    if there != here:
        with pytest.raises(InvalidMarker):
            KEEPER.unseal_marker(marker, scope=there)
    if foreign != marker:
        with pytest.raises(InvalidMarker):
            KEEPER.unseal_marker(foreign, scope=here)


def tampered(raw: bytes) -> st.SearchStrategy[bytes]:
    """Other bytes made from these: a bit flipped, cut, grown, or parts swapped."""
    places = st.integers(min_value=0, max_value=len(raw) - 1)

    def flip(at: int, bit: int) -> bytes:
        return raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]

    return st.one_of(
        st.builds(flip, places, st.integers(min_value=0, max_value=7)),
        places.map(lambda at: raw[:at]),
        st.binary(min_size=1, max_size=20).map(lambda tail: raw + tail),
        places.map(lambda at: raw[at:] + raw[:at]),
    ).filter(lambda other: other != raw)
