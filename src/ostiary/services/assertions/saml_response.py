"""What a signed SAML response says, as AWS reads it: an `Assertion` (facts 5.3, 7.1).

Times are compared with the `now` that is given. Where AWS has words for a refusal they
are used; every check is on the element that was signed.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from ostiary.identity.assertion import Assertion
from ostiary.identity.holdings import SAMLProvider
from ostiary.services.assertions import faults, saml_attributes
from ostiary.services.assertions.recipients import Recipients
from ostiary.services.assertions.saml_attributes import Attributes
from ostiary.services.assertions.saml_signature import (
    ASSERTION,
    SignedAssertion,
    text_of,
)
from ostiary.services.assertions.session_tags import (
    check_session_name,
    check_source_identity,
    check_tags,
    check_transitive,
)
from ostiary.services.errors import access_denied

FRESH: Final = 300
"""Seconds after its issue in which an assertion must be used, as on AWS."""
FUTURE: Final = 60
"""Seconds by which a provider's clock may be ahead of ours."""

_BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_FORMATS: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
_NO_FORMAT: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
_INVALID: Final = "Your request included an invalid SAML response."
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,12})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an assertion must be about to be of use in one call."""

    provider: SAMLProvider
    role: str
    """ARN of the role that is asked for."""
    recipients: Recipients
    now: float


def assertion_of(
    signed: SignedAssertion, entity_id: str, expected: Expected
) -> Assertion:
    """The signed assertion, if it is good for this call now.

    Args:
        signed: by the provider.
        entity_id: the issuer, as the provider's metadata names it.
        expected: what it has to be about.

    Raises:
        ServiceError: InvalidIdentityToken, ExpiredTokenException, IDPRejectedClaim,
            AccessDenied.
    """
    element, provider = signed.element, expected.provider
    _check_origin(signed, entity_id, expected.recipients)
    ends_itself = min(
        _check_issued(element, expected.now),
        _check_conditions(element, expected),
        *_ends_of_subject(element, expected),
    )
    attributes = _attributes(element)
    if not saml_attributes.has_pair(attributes, expected.role, provider.arn):
        raise access_denied("Not authorized to perform sts:AssumeRoleWithSAML")
    given, transitive = saml_attributes.tags(attributes)
    tags = check_tags(given)
    subject, subject_type = _subject(element)
    qualifier = name_qualifier(entity_id, provider)
    recipient = _confirmation(element).get("Recipient", "")
    kept = (
        ("saml:namequalifier", qualifier),
        ("saml:sub", subject),
        ("saml:sub_type", subject_type),
    )
    return Assertion(
        provider=provider.arn,
        issuer=entity_id,
        subject=subject,
        subject_type=subject_type,
        audience=recipient,
        name_qualifier=qualifier,
        session_name=_session_name(attributes),
        tags=tags,
        transitive=check_transitive(transitive, tags),
        source_identity=check_source_identity(
            saml_attributes.only(attributes, "SourceIdentity")
        ),
        facts=(
            *kept,
            ("saml:aud", recipient),
            ("saml:doc", f"{provider.account}/{provider.name}"),
            ("saml:iss", entity_id),
            *saml_attributes.known_keys(attributes),
        ),
        kept=kept,
        longest=saml_attributes.longest(attributes),
        ends=_session_end(element, expected.now),
        once=f"{provider.arn} {element.get('ID', '')}",
        ends_itself=int(ends_itself) + 1,
    )


def name_qualifier(issuer: str, provider: SAMLProvider) -> str:
    """What tells this provider's subjects from those of all others (facts 7.7)."""
    text = f"{issuer}{provider.account}/{provider.name}"
    # SHA-1 is AWS's; nothing rests on it, since the provider is known otherwise.
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def _session_name(attributes: Attributes) -> str:
    name = saml_attributes.only(attributes, "RoleSessionName")
    if not name:
        raise faults.invalid_token("RoleSessionName is required in AuthnResponse")
    return check_session_name(name)


def _check_origin(
    signed: SignedAssertion, entity_id: str, recipients: Recipients
) -> None:
    if not signed.is_success:
        raise faults.rejected("The identity provider did not authenticate the user.")
    issuer = text_of(signed.element.find(f"{ASSERTION}Issuer"))
    if issuer != entity_id or signed.issuer not in {"", entity_id}:
        raise faults.invalid_token("Issuer not present in specified provider")
    if signed.destination and not recipients.takes(signed.destination):
        raise faults.invalid_token(_INVALID)


def _check_issued(element: etree._Element, now: float) -> float:
    """When the assertion has been issued for too long to be used."""
    issued = _seconds(element.get("IssueInstant", ""))
    if now >= issued + FRESH:
        raise faults.expired("Token must be redeemed within 5 minutes of issuance")
    if issued > now + FUTURE:
        raise faults.invalid_token("The SAML assertion is not valid yet")
    return issued + FRESH


def _check_conditions(element: etree._Element, expected: Expected) -> float:
    """When the conditions end; they must name us, and hold now."""
    found = element.findall(f"{ASSERTION}Conditions")
    if len(found) != 1:
        raise faults.invalid_token("Response does not contain the required audience")
    restrictions = found[0].findall(f"{ASSERTION}AudienceRestriction")
    for restriction in restrictions:
        named = {text_of(one) for one in restriction.findall(f"{ASSERTION}Audience")}
        if named.isdisjoint(expected.recipients.audiences):
            raise faults.invalid_token(
                "Response does not contain the required audience"
            )
    if not restrictions:
        raise faults.invalid_token("Response does not contain the required audience")
    return _check_window(found[0], expected.now)


def _ends_of_subject(element: etree._Element, expected: Expected) -> Iterator[float]:
    """When the subject's confirmation ends; it must be made out to us, and hold now."""
    data = _confirmation(element)
    if not expected.recipients.takes(data.get("Recipient", "")):
        raise faults.invalid_token(_INVALID)
    if data.get("NotOnOrAfter") is None:
        raise faults.invalid_token(_INVALID)
    yield _check_window(data, expected.now)


def _confirmation(element: etree._Element) -> etree._Element:
    path = f"{ASSERTION}Subject/{ASSERTION}SubjectConfirmation"
    found = element.findall(path)
    if len(found) != 1 or found[0].get("Method") != _BEARER:
        raise faults.invalid_token(_INVALID)
    data = found[0].findall(f"{ASSERTION}SubjectConfirmationData")
    if len(data) != 1:
        raise faults.invalid_token(_INVALID)
    return data[0]


def _check_window(element: etree._Element, now: float) -> float:
    """When the window of an element closes; it must be open now."""
    opens, closes = element.get("NotBefore"), element.get("NotOnOrAfter")
    if opens is not None and _seconds(opens) > now + FUTURE:
        raise faults.invalid_token("The SAML assertion is not valid yet")
    if closes is None:
        return float("inf")
    end = _seconds(closes)
    if now >= end:
        raise faults.expired(
            f"Token expired: current date/time {int(now)} must be before the "
            f"expiration date/time {int(end)}"
        )
    return end


def _session_end(element: etree._Element, now: float) -> int | None:
    """When the provider wants the session to end; None when it does not say."""
    ends = [
        int(_seconds(statement.get("SessionNotOnOrAfter", "")))
        for statement in element.findall(f"{ASSERTION}AuthnStatement")
        if "SessionNotOnOrAfter" in statement.attrib
    ]
    if ends and min(ends) <= now:
        raise faults.expired("The session of the identity provider has ended")
    return min(ends, default=None)


def _subject(element: etree._Element) -> tuple[str, str]:
    """The subject's name, and of what type it is."""
    found = element.findall(f"{ASSERTION}Subject/{ASSERTION}NameID")
    name = text_of(found[0]) if len(found) == 1 else ""
    if not name:
        raise faults.invalid_token(_INVALID)
    told = found[0].get("Format") or _NO_FORMAT
    return name, told.removeprefix(_FORMATS)


def _attributes(element: etree._Element) -> Attributes:
    attributes: dict[str, tuple[str, ...]] = {}
    path = f"{ASSERTION}AttributeStatement/{ASSERTION}Attribute"
    for attribute in element.findall(path):
        name = attribute.get("Name", "")
        values = attribute.findall(f"{ASSERTION}AttributeValue")
        known = attributes.get(name, ())
        attributes[name] = known + tuple(map(text_of, values))
    return attributes


def _seconds(text: str) -> float:
    """An instant as seconds since the epoch; without a zone it is UTC (SAML 1.3.3)."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise faults.invalid_token(_INVALID)
    zone = "+00:00" if found[2] in {None, "Z"} else found[2]
    try:
        return datetime.fromisoformat(f"{found[1]}{zone}").timestamp()
    except (ValueError, OverflowError):
        raise faults.invalid_token(_INVALID) from None
