"""Console passwords: what is kept of one, and whether a text is it.

Argon2id with the second recommended option of RFC 9106, section 4: 64 MiB, three
passes, four lanes.
argon2 is imported inside the functions: only the console's sign-in pays for it.
"""

from typing import Final

from ostiary.identity.ids import Mint
from ostiary.identity.secret import Secret

_SALT_BYTES: Final = 16

UNMATCHABLE: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$b3N0aWFyeSBkZWNveS4uLg"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""A hash that no password has: unknown users cost the same work as known (T103)."""


class WrongPassword(Exception):  # noqa: N818 - a word of our glossary
    """The text is not the password, or there is none."""


def hash_password(password: Secret, mint: Mint) -> str:
    """The hash to keep, with its salt and parameters (the PHC string format)."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - see the module's docstring

    salt = mint.random(_SALT_BYTES)
    return PasswordHasher().hash(password.reveal(), salt=salt)


def verify_password(kept: str, password: Secret) -> None:
    """Nothing, when the text is the password whose hash was kept.

    Raises:
        WrongPassword: it is not.
    """
    from argon2 import PasswordHasher  # noqa: PLC0415 - see the module's docstring
    from argon2.exceptions import (  # noqa: PLC0415 - see the module's docstring
        InvalidHashError,
        VerificationError,
    )

    try:
        PasswordHasher().verify(kept, password.reveal())
    except (VerificationError, InvalidHashError):
        raise WrongPassword("password does not match") from None
