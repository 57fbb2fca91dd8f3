"""Console passwords."""

import argon2
import pytest

from ostiary.identity.passwords import (
    UNMATCHABLE,
    WrongPassword,
    hash_password,
    verify_password,
)
from ostiary.identity.secret import Secret
from tests.unit.identity.minting import Stream

PASSWORD = Secret("correct horse \u6771\u4eac")


@pytest.mark.threat("T103")
def test_a_password_is_its_own_hash_only() -> None:
    """The right text passes; another, a longer, a cut and an empty one do not."""
    kept = hash_password(PASSWORD, Stream())
    verify_password(kept, PASSWORD)
    text = PASSWORD.reveal()
    for other in ("", text[:-1], text + " ", text.upper()):
        with pytest.raises(WrongPassword, match="password does not match"):
            verify_password(kept, Secret(other))


@pytest.mark.threat("T103", "T123")
def test_a_hash_is_salted_argon2id() -> None:
    """The same password twice has two hashes, both argon2id of 64 MiB."""
    mint = Stream()
    one, two = hash_password(PASSWORD, mint), hash_password(PASSWORD, mint)
    assert one != two
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PASSWORD.reveal() not in one


@pytest.mark.threat("T103")
def test_an_unknown_user_costs_the_same_work() -> None:
    """The hash for nobody has the parameters of a real one, and no text matches it."""
    real = hash_password(PASSWORD, Stream())
    assert UNMATCHABLE.split("$")[:4] == real.split("$")[:4]
    assert list(map(len, UNMATCHABLE.split("$"))) == list(map(len, real.split("$")))
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(UNMATCHABLE, "password")
    for text in ("", "password"):
        with pytest.raises(WrongPassword):
            verify_password(UNMATCHABLE, Secret(text))


@pytest.mark.threat("T123")
@pytest.mark.parametrize("kept", ["", "$argon2id$", "$2b$12$abc", "plain"])
def test_a_broken_hash_is_nobodys_password(kept: str) -> None:
    """A row that holds no hash refuses, and does not break."""
    with pytest.raises(WrongPassword):
        verify_password(kept, Secret(kept))
