"""Session tokens of sessions that were scoped down: version 3."""

import base64

import pytest

from tests.unit.identity.minting import Stream, encoded, refused, session, vault

FACTS = (("aws:FederatedProvider", "idp"), ("saml:amr", ("a", "b")))
SCOPES = ('{"Version":"2012-10-17"}', "{}")


@pytest.mark.parametrize("facts", [(), FACTS])
@pytest.mark.parametrize("scopes", [(), SCOPES[:1], SCOPES])
def test_scopes_come_back_in_their_order(
    facts: tuple[tuple[str, str | tuple[str, ...]], ...], scopes: tuple[str, ...]
) -> None:
    """With facts beside them or without; the version says what there is."""
    keeper = vault()
    held = session(facts=facts, scopes=scopes)
    token, secret = keeper.seal_session(held, Stream("a"))
    opened, again = keeper.unseal_session(token, held.access_key_id)

    assert opened == held
    assert again.reveal() == secret.reveal()
    version = base64.b64decode(token)[0]
    assert version == (3 if scopes else 2 if facts else 1)


@pytest.mark.threat("T28")
@pytest.mark.parametrize("version", [1, 2, 4])
def test_a_scoped_token_passes_for_no_other_version(version: int) -> None:
    """Its version is bound to it, so a scope cannot be taken off."""
    keeper = vault()
    held = session(scopes=SCOPES)
    token, _ = keeper.seal_session(held, Stream("a"))
    raw = bytearray(base64.b64decode(token))
    raw[0] = version

    assert refused(keeper, encoded(raw), held.access_key_id)
