"""Whom a SAML response must be made for."""

import re
from dataclasses import dataclass
from typing import Final

_SIGN_IN: Final = re.compile(
    r"https://(?:[a-z0-9-]+\.)?signin\.aws\.amazon\.com/saml(?:/acs/[A-Za-z0-9_-]+)?",
    re.ASCII,
)
AWS_AUDIENCES: Final = frozenset(
    {"urn:amazon:webservices", "https://signin.aws.amazon.com/saml"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """The names that a response may be made out to.

    Attributes:
        audiences: any of these, in each audience restriction.
        places: any of these, as the recipient; empty for AWS's own sign-in addresses.
    """

    audiences: frozenset[str] = AWS_AUDIENCES
    places: frozenset[str] = frozenset()

    def takes(self, place: str) -> bool:
        """Whether a response may have been sent to this address."""
        if self.places:
            return place in self.places
        return _SIGN_IN.fullmatch(place) is not None


AWS_RECIPIENTS: Final = Recipients()
