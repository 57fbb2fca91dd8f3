"""Which key signs, which are published, and when one can go."""

from dataclasses import replace

import pytest

from ostiary.identity.issuer import (
    ANNOUNCED,
    KEPT_BY_OTHERS,
    LONGEST_TOKEN,
    ROTATION,
    TokenSigningKey,
    due,
    ended,
    signer,
)

NOW = 1_764_000_000
DAY = 86_400


def key(name: str, created: int, algorithm: str = "RS256") -> TokenSigningKey:
    """A key that was made at a time."""
    return TokenSigningKey(
        id=name, algorithm=algorithm, created=created, public="{}", sealed=b""
    )


def test_the_first_key_signs_at_once() -> None:
    """Nobody has a copy of the public keys without it."""
    assert signer([key("first", NOW)], "RS256", NOW).id == "first"


def test_a_successor_signs_once_everybody_can_have_it() -> None:
    """Until then the old key signs; copies of the public keys may be kept less long."""
    keys = [key("new", NOW), key("old", NOW - ROTATION)]

    assert signer(keys, "RS256", NOW + ANNOUNCED - 1).id == "old"
    assert signer(keys, "RS256", NOW + ANNOUNCED).id == "new"
    assert KEPT_BY_OTHERS < ANNOUNCED


def test_each_algorithm_has_keys_of_its_own() -> None:
    """A key of another algorithm never signs; without a key nothing does."""
    keys = [key("rsa", NOW - DAY), key("curve", NOW, "ES384")]

    assert signer(keys, "ES384", NOW + DAY).id == "curve"
    with pytest.raises(LookupError, match="no signing key for `ES384`"):
        signer(keys[:1], "ES384", NOW)


def test_a_key_is_due_when_it_is_old_enough_and_has_no_successor() -> None:
    """An algorithm that nobody asked for gets no key."""
    old = key("old", NOW - ROTATION)

    assert due([old], NOW - 1) == ()
    assert due([old], NOW) == ("RS256",)
    assert due([old, key("new", NOW)], NOW) == ()
    assert due([], NOW) == ()


@pytest.mark.threat("T119")
def test_a_key_goes_after_its_last_token() -> None:
    """It signs until its successor does, and its tokens live an hour from then on."""
    old, new = key("old", NOW - ROTATION), key("new", NOW)
    last_token_ends = NOW + ANNOUNCED + LONGEST_TOKEN

    assert signer([old, new], "RS256", NOW + ANNOUNCED - 1) == old
    assert ended([old, new], last_token_ends) == ()
    assert ended([old, new], last_token_ends + DAY) == (old,)
    assert ended([old], NOW + 365 * DAY) == ()
    assert ended([old, replace(new, algorithm="ES384")], NOW + 365 * DAY) == ()
