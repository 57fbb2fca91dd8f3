"""Attributes of SAML assertions that AWS gives a meaning to (facts 5.3, 7.1)."""

import re
from collections.abc import Mapping
from typing import Final

from ostiary.identity.facts import Facts
from ostiary.services.assertions import faults

OWN: Final = "https://aws.amazon.com/SAML/Attributes/"
PRINCIPAL_TAG: Final = f"{OWN}PrincipalTag:"

Attributes = Mapping[str, tuple[str, ...]]
"""Values by the attribute's `Name`."""

_LEAST_SECONDS: Final = 900
_MOST_SECONDS: Final = 43_200
_NUMBER: Final = re.compile(r"[0-9]{1,6}", re.ASCII)

_EDU_PERSON: Final = "urn:oid:1.3.6.1.4.1.5923.1.1.1."
_EDU_ORG: Final = "urn:oid:1.3.6.1.4.1.5923.1.2.1."
_CLAIMS: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

_LISTS: Final = {
    f"{_EDU_PERSON}1": "edupersonaffiliation",
    f"{_EDU_PERSON}2": "edupersonnickname",
    f"{_EDU_PERSON}4": "edupersonorgunitdn",
    f"{_EDU_PERSON}7": "edupersonentitlement",
    f"{_EDU_PERSON}9": "edupersonscopedaffiliation",
    f"{_EDU_PERSON}10": "edupersontargetedid",
    f"{_EDU_PERSON}11": "edupersonassurance",
    f"{_EDU_ORG}2": "eduorghomepageuri",
    f"{_EDU_ORG}3": "eduorgidentityauthnpolicyuri",
    f"{_EDU_ORG}4": "eduorglegalname",
    f"{_EDU_ORG}5": "eduorgsuperioruri",
    f"{_EDU_ORG}6": "eduorgwhitepagesuri",
    "urn:oid:2.5.4.3": "cn",
}
"""Attributes that are always multivalued keys."""

_TEXTS: Final = {
    f"{_EDU_PERSON}3": "edupersonorgdn",
    f"{_EDU_PERSON}5": "edupersonprimaryaffiliation",
    f"{_EDU_PERSON}6": "edupersonprincipalname",
    f"{_EDU_PERSON}8": "edupersonprimaryorgunitdn",
    f"{_CLAIMS}name": "name",
    "http://schemas.xmlsoap.org/claims/CommonName": "commonName",
    f"{_CLAIMS}givenname": "givenName",
    f"{_CLAIMS}surname": "surname",
    f"{_CLAIMS}emailaddress": "mail",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid": (
        "primaryGroupSID"
    ),
    "2.5.4.3": "commonName",
    "2.5.4.4": "surname",
    "2.5.4.42": "givenName",
    "2.5.4.45": "x500UniqueIdentifier",
    "0.9.2342.19200300.100.1.1": "uid",
    "0.9.2342.19200300.100.1.3": "mail",
    "0.9.2342.19200300.100.1.45": "organizationStatus",
}
"""Attributes that are multivalued keys only when they have more than one value."""


def known_keys(attributes: Attributes) -> Facts:
    """The `saml:` keys of the attributes; of two for one key the first counts."""
    keys: dict[str, str | tuple[str, ...]] = {}
    for name, values in attributes.items():
        if not values:
            continue
        if name in _LISTS:
            keys.setdefault(f"saml:{_LISTS[name]}", values)
        elif name in _TEXTS:
            value = values[0] if len(values) == 1 else values
            keys.setdefault(f"saml:{_TEXTS[name]}", value)
    return tuple(keys.items())


def has_pair(attributes: Attributes, role: str, provider: str) -> bool:
    """Whether the provider has given the subject this role, through itself."""
    return any(
        sorted(part.strip() for part in value.split(",")) == sorted((role, provider))
        for value in attributes.get(f"{OWN}Role", ())
    )


def only(attributes: Attributes, name: str) -> str:
    """The one value of an attribute of AWS's own; empty when it is absent.

    Raises:
        ServiceError: InvalidIdentityToken, for more than one.
    """
    values = attributes.get(f"{OWN}{name}", ())
    if len(values) > 1:
        raise faults.invalid_token(f"{name} in AuthnResponse has more than one value")
    return values[0] if values else ""


def longest(attributes: Attributes) -> int | None:
    """Seconds that the provider lets the session last; None when it says nothing.

    Raises:
        ServiceError: InvalidIdentityToken.
    """
    text = only(attributes, "SessionDuration")
    if not text:
        return None
    seconds = int(text) if _NUMBER.fullmatch(text) else 0
    if not _LEAST_SECONDS <= seconds <= _MOST_SECONDS:
        raise faults.invalid_token(
            "SessionDuration in AuthnResponse must be between 900 and 43200"
        )
    return seconds


def tags(attributes: Attributes) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """Session tags, and which of their keys are transitive.

    Raises:
        ServiceError: InvalidIdentityToken.
    """
    found = []
    for name, values in attributes.items():
        if name.startswith(PRINCIPAL_TAG):
            if len(values) != 1:
                raise faults.invalid_token("A PrincipalTag must have one value")
            found.append((name.removeprefix(PRINCIPAL_TAG), values[0]))
    return found, attributes.get(f"{OWN}TransitiveTagKeys", ())
