"""Session tags and source identity as an assertion gives them (facts 7.4).

A request's own tags are checked by the wire; these come from a provider.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from ostiary.identity.model import Tags
from ostiary.services.assertions import faults
from ostiary.store.codec import name_key

MOST_TAGS: Final = 50
_LONGEST_KEY: Final = 128
_LONGEST_VALUE: Final = 256
_MARKS: Final = frozenset("_.:/=+-@")
_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}", re.ASCII)


def check_tags(given: Iterable[tuple[str, str]]) -> Tags:
    """The tags, if a session may have them.

    Raises:
        ServiceError: IDPRejectedClaim.
    """
    tags = tuple(given)
    folded = {name_key(key) for key, _ in tags}
    if len(tags) > MOST_TAGS or len(folded) < len(tags):
        raise faults.rejected("The assertion has too many session tags, or one twice")
    for key, value in tags:
        short = 0 < len(key) <= _LONGEST_KEY and len(value) <= _LONGEST_VALUE
        reserved = name_key(key).startswith("aws:")
        if not short or reserved or not all(map(_is_taggable, key + value)):
            raise faults.rejected("The assertion has a session tag that is invalid")
    return tags


def check_transitive(keys: Iterable[str], tags: Tags) -> tuple[str, ...]:
    """The transitive keys as asserted; each must be a tag's.

    Raises:
        ServiceError: IDPRejectedClaim.
    """
    given = tuple(dict.fromkeys(keys))
    if not {name_key(key) for key, _ in tags}.issuperset(map(name_key, given)):
        raise faults.rejected(
            "The specified transitive tag key must be included in the requested tags."
        )
    return given


def check_source_identity(text: str) -> str:
    """The source identity; empty when none was asserted.

    Raises:
        ServiceError: InvalidIdentityToken.
    """
    if text and (not _NAME.fullmatch(text) or name_key(text).startswith("aws:")):
        raise faults.invalid_token(
            "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "
            '"aws:"'
        )
    return text


def check_session_name(text: str) -> str:
    """The role session name of a SAML response.

    Raises:
        ServiceError: InvalidIdentityToken.
    """
    if not _NAME.fullmatch(text):
        raise faults.invalid_token(
            "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"
        )
    return text


def _is_taggable(character: str) -> bool:
    return character in _MARKS or unicodedata.category(character)[0] in "LZN"
