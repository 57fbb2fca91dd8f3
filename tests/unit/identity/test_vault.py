"""The vault as a whole: its ring, its markers, and one master key after another."""

from dataclasses import replace

import pytest

from ostiary.identity.ring import EMPTY
from ostiary.identity.sealing import new_master_key
from ostiary.identity.vault import (
    MARKER_PAYLOAD,
    InvalidMarker,
    Tampered,
    Vault,
)
from tests.unit.identity.minting import ACCOUNT, NOW, Stream, session, vault

SCOPE = f"{ACCOUNT} ListUsers PathPrefix=/dev/"


# --- the ring under the master key


@pytest.mark.threat("T123")
def test_a_sealing_key_is_sealed_under_the_master_key() -> None:
    """The store's row opens with the master key, and shows nothing without it."""
    keeper = vault()
    row = keeper.new_sealing_key(Stream(), NOW + 0.9)
    (key,) = keeper.open_ring([row]).keys
    assert (key.id, key.created) == (row.id, NOW) == (row.id, row.created)
    assert key.key not in row.sealed


@pytest.mark.threat("T124")
def test_a_changed_row_breaks_the_ring() -> None:
    """Whoever edits a sealing key's id or age in the database is found out."""
    keeper, mint = vault(), Stream()
    one, two = (keeper.new_sealing_key(mint, NOW) for _ in range(2))
    for row in (
        replace(one, created=NOW + 1),
        replace(one, id=two.id),
        replace(one, sealed=two.sealed),
        replace(one, sealed=one.sealed[:-1]),
    ):
        with pytest.raises(Tampered):
            keeper.open_ring([two, row])


# --- from one master key to the next


@pytest.mark.threat("T119")
def test_a_retired_master_key_opens_and_does_not_seal() -> None:
    """While a master key is replaced, old rows open and new rows are of the new key."""
    mint = Stream("masters")
    old, new = new_master_key(mint), new_master_key(mint)
    place = {"purpose": "seed", "row": "r", "account": ACCOUNT}
    before, after = Vault(old, EMPTY), Vault(new, EMPTY)
    between = Vault(new, EMPTY, (old,)).with_ring(EMPTY)
    early = before.seal(b"early", **place, mint=mint)
    late = between.seal(b"late", **place, mint=mint)
    assert between.unseal(early, **place) == b"early"
    assert after.unseal(late, **place) == b"late"
    assert [between.is_current(sealed) for sealed in (early, late)] == [False, True]
    with pytest.raises(Tampered):
        after.unseal(early, **place)


@pytest.mark.threat("T119")
def test_sessions_and_markers_survive_a_new_master_key() -> None:
    """Tokens hang on the ring, not on the master key; markers open with both."""
    mint, kept = Stream("masters"), session()
    old, new = new_master_key(mint), new_master_key(mint)
    before = Vault(old, EMPTY)
    row = before.new_sealing_key(mint, NOW)
    before = before.with_ring(before.open_ring([row]))
    token, _ = before.seal_session(kept, mint)
    marker = before.seal_marker("Diego", scope=SCOPE)
    after = Vault(new, EMPTY, (old,))
    after = after.with_ring(after.open_ring([row]))
    assert after.unseal_session(token, kept.access_key_id)[0] == kept
    assert after.unseal_marker(marker, scope=SCOPE) == "Diego"


# --- markers


@pytest.mark.threat("T102")
@pytest.mark.parametrize(
    "payload", ["", "Diego", "x" * 128, "a" * MARKER_PAYLOAD, "\u6771\u4eac", "a\0b"]
)
def test_a_marker_opens_for_its_own_list(payload: str) -> None:
    """The position comes back, and the text keeps IAM's limit of 320 characters."""
    marker = vault().seal_marker(payload, scope=SCOPE)
    assert vault().unseal_marker(marker, scope=SCOPE) == payload
    assert len(marker) <= 320
    assert marker.isascii()
    assert len(payload) < 4 or payload not in marker


@pytest.mark.threat("T102")
@pytest.mark.parametrize(
    "scope",
    [
        "",
        f"{ACCOUNT} ListUsers PathPrefix=/",
        f"{ACCOUNT} ListRoles PathPrefix=/dev/",
        "210987654321 ListUsers PathPrefix=/dev/",
        SCOPE + " ",
        SCOPE + "\ud800",
    ],
)
def test_a_marker_opens_for_no_other_list(scope: str) -> None:
    """Another account, operation or filter: refused."""
    marker = vault().seal_marker("Diego", scope=SCOPE)
    with pytest.raises(InvalidMarker):
        vault().unseal_marker(marker, scope=scope)


@pytest.mark.threat("T102")
def test_a_bent_marker_is_refused() -> None:
    """Each bit flip and truncation of the text, and what is no marker at all."""
    marker = vault().seal_marker("Diego", scope=SCOPE)
    bent = [marker[:size] for size in range(len(marker))]
    bent += [marker + "=", marker + "\n", " " + marker, marker + "AAAA"]
    bent += ["Diego", "\u00e9", "\ud800", "AQ==", "AQAA", "A" * 320, "A" * 321]
    for at in range(len(marker)):
        for bit in range(8):
            flipped = chr(ord(marker[at]) ^ 1 << bit)
            bent.append(marker[:at] + flipped + marker[at + 1 :])
    for text in bent:
        with pytest.raises(InvalidMarker):
            vault().unseal_marker(text, scope=SCOPE)


@pytest.mark.threat("T28")
def test_a_session_token_is_no_marker() -> None:
    """A short session token given as a marker is refused."""
    token, _ = vault().seal_session(session(), Stream())
    assert len(token) <= 320
    with pytest.raises(InvalidMarker):
        vault().unseal_marker(token, scope="")


@pytest.mark.threat("T102")
def test_a_position_that_does_not_fit_is_our_mistake() -> None:
    """One byte more than fits raises, instead of a marker that IAM's model refuses."""
    with pytest.raises(ValueError, match="has 224 bytes, expected at most 223"):
        vault().seal_marker("a" * (MARKER_PAYLOAD + 1), scope=SCOPE)


@pytest.mark.threat("T128")
def test_a_vault_does_not_show_its_keys() -> None:
    """The repr of a vault names the class and nothing of what it holds."""
    keeper = vault()
    assert keeper.ring.newest.id not in repr(keeper)
    assert "_masters" not in repr(keeper)
