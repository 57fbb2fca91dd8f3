"""A SAML response from its text to what it proves."""

from ostiary.identity.assertion import Assertion
from ostiary.services.assertions import faults
from ostiary.services.assertions.saml_provider import read_issuer
from ostiary.services.assertions.saml_response import Expected, assertion_of
from ostiary.services.assertions.saml_signature import decode_response, verify_response
from ostiary.services.assertions.xml_reading import MalformedXML

__all__ = ["Expected", "prove_response"]


def prove_response(text: str, expected: Expected) -> Assertion:
    """The assertion that one of the provider's keys has signed, good for this call.

    Args:
        text: the response in base64, as it was sent.
        expected: what it has to be about.

    Raises:
        ServiceError: it proves nothing (facts 7.6).
    """
    document = decode_response(text)
    try:
        issuer = read_issuer(expected.provider.metadata)
    except MalformedXML:
        raise faults.invalid_token("Could not parse metadata.") from None
    signed = verify_response(document, issuer.certificates)
    return assertion_of(signed, issuer.entity_id, expected)
