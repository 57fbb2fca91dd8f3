"""What version 1 sealed is read for ever: labels, layouts and derivations stand."""

import json
from pathlib import Path

from ostiary.identity.model import SealingKey
from tests.unit.identity.minting import ACCOUNT, NOW, Stream, session, vault

KEPT = json.loads(Path(__file__).with_name("sealed_v1.json").read_text())
PLACE = {
    "purpose": "seed",
    "row": "arn:aws:iam::123456789012:mfa/Diego",
    "account": ACCOUNT,
}


def test_what_was_sealed_opens() -> None:
    """A token, an envelope, a sealing key and a marker of the first day open."""
    keeper, row = vault("golden"), KEPT["sealing_key"]
    kept = session("golden")
    read, secret = keeper.unseal_session(KEPT["token"], kept.access_key_id)
    assert (read, secret.reveal()) == (kept, KEPT["secret"])
    assert keeper.unseal(bytes.fromhex(KEPT["envelope"]), **PLACE) == b"the seed"
    marker = keeper.unseal_marker(KEPT["marker"], scope="123456789012 ListUsers")
    assert marker == "Diego"
    sealed = SealingKey(
        id=row["id"], created=row["created"], sealed=bytes.fromhex(row["sealed"])
    )
    assert keeper.open_ring([sealed]).newest.id == row["id"]


def test_sealing_again_gives_the_same() -> None:
    """Nothing but the mint's bytes and the arguments goes into what is sealed."""
    keeper, mint = vault("golden"), Stream("golden")
    token, secret = keeper.seal_session(session("golden"), mint)
    row = keeper.new_sealing_key(mint, NOW)
    envelope = keeper.seal(b"the seed", **PLACE, mint=mint)
    marker = keeper.seal_marker("Diego", scope="123456789012 ListUsers")
    assert KEPT["token"] == token
    assert KEPT["secret"] == secret.reveal()
    assert KEPT["envelope"] == envelope.hex()
    assert KEPT["marker"] == marker
    assert KEPT["sealing_key"] == {
        "id": row.id,
        "created": row.created,
        "sealed": row.sealed.hex(),
    }
