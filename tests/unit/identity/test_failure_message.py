"""Encoded authorization failure messages."""

import base64

import pytest

from ostiary.identity import failure_message
from ostiary.identity.ring import EMPTY
from ostiary.identity.sealing import new_master_key
from ostiary.identity.vault import InvalidMessage, Vault
from tests.unit.identity.minting import ACCOUNT, Stream, session, vault

OTHER = "210987654321"
TEXT = '{"allowed":false,"name":"Zoë"}'


def sealed(text: str = TEXT, account: str = ACCOUNT) -> str:
    """A message of the one vault."""
    return vault().seal_message(text, account=account, mint=Stream("message"))


def test_a_message_opens_in_its_account() -> None:
    """What was sealed for an account comes out there, without its blanks."""
    assert vault().unseal_message(sealed(), account=ACCOUNT) == TEXT


@pytest.mark.threat("T124")
def test_a_message_opens_in_no_other_account() -> None:
    """The account is bound into the message."""
    for account in (OTHER, "", ACCOUNT[:-1]):
        with pytest.raises(InvalidMessage):
            vault().unseal_message(sealed(), account=account)


def test_a_message_is_safe_in_a_url() -> None:
    """Letters, digits, `-` and `_`, as AWS's own; never a sign that needs escaping."""
    for number in range(50):
        mint = Stream(str(number))
        message = vault().seal_message(TEXT, account=ACCOUNT, mint=mint)
        assert set(message) <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        )
        assert vault().unseal_message(message, account=ACCOUNT) == TEXT


def test_the_longest_text_fits_what_sts_takes() -> None:
    """A text of `ROOM` bytes makes a message of at most 10,240 characters."""
    text = "x" * failure_message.ROOM
    message = sealed(text)
    assert len(message) <= failure_message.LIMIT == 10_240
    assert vault().unseal_message(message, account=ACCOUNT) == text
    with pytest.raises(ValueError, match="expected at most"):
        sealed(text + "x")


def test_lengths_tell_little() -> None:
    """Texts whose lengths differ by a few bytes make messages of one length."""
    assert len({len(sealed("x" * size)) for size in range(1, 257)}) == 1


@pytest.mark.threat("T26")
def test_a_bent_message_does_not_open() -> None:
    """Each changed, added or missing character makes it invalid; so does nonsense."""
    good = sealed()
    bent = [
        good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        for place in range(0, len(good), 7)
    ]
    bent += ["", "A", good[:-1], good + "A", good + "=", good + "\n", f" {good}"]
    bent += ["é" + good, "A" * 10_241, good[:30]]
    last = good[:-1] + chr(ord(good[-1]) + 1)
    for text in (*bent, last):
        with pytest.raises(InvalidMessage):
            vault().unseal_message(text, account=ACCOUNT)


@pytest.mark.threat("T28")
def test_nothing_else_that_we_seal_is_a_message() -> None:
    """A session token, a marker and an envelope are refused, however spelled."""
    keeper, mint = vault(), Stream()
    token, _ = keeper.seal_session(session(), mint)
    marker = keeper.seal_marker("x", scope=ACCOUNT)
    row = keeper.seal(b"{}", purpose="seed", row="", account=ACCOUNT, mint=mint)
    for other in (token, marker, base64.b64encode(row).decode()):
        for text in (
            other,
            other.rstrip("=").replace("+", "-").replace("/", "_"),
        ):
            with pytest.raises(InvalidMessage):
                keeper.unseal_message(text, account=ACCOUNT)


@pytest.mark.threat("T119")
def test_a_retired_master_key_still_opens_messages() -> None:
    """While a master key is being replaced, messages of the old one can be read."""
    old, new = new_master_key(Stream("old")), new_master_key(Stream("new"))
    message = Vault(old, EMPTY).seal_message(TEXT, account=ACCOUNT, mint=Stream())
    assert Vault(new, EMPTY, (old,)).unseal_message(message, account=ACCOUNT) == TEXT
    with pytest.raises(InvalidMessage):
        Vault(new, EMPTY).unseal_message(message, account=ACCOUNT)
