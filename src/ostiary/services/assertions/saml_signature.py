"""A SAML response from its text to the one assertion in it that somebody has signed.

What is used afterwards is the element that the verifier returns, made anew from the
bytes that were signed, and nothing else of the document. Before that the document is
held to one shape, in which no second assertion, second signature or second id has a
place to hide (signature wrapping).
"""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, XMLVerifier

from ostiary.services.assertions import faults
from ostiary.services.assertions.xml_reading import MalformedXML, check_xml, plain_xml

PROTOCOL: Final = "{urn:oasis:names:tc:SAML:2.0:protocol}"
ASSERTION: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SIGNATURE: Final = "{http://www.w3.org/2000/09/xmldsig#}"

_SHAPE: Final = "Your request included an invalid SAML response."
_ENCRYPTED: Final = frozenset(
    f"{ASSERTION}{name}"
    for name in ("EncryptedAssertion", "EncryptedAttribute", "EncryptedID")
)
_METHODS: Final = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
_DIGESTS: Final = frozenset(
    {DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}
)
_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_CANONICAL: Final = frozenset(
    {
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAssertion:
    """The assertion that was signed, beside what the response around it says.

    Attributes:
        element: the assertion, made of the signed bytes.
        destination: of the response; empty when it says none.
        issuer: of the response; empty when it says none.
        is_success: whether the response says that the user was authenticated.
    """

    element: etree._Element
    destination: str
    issuer: str
    is_success: bool


def decode_response(text: str) -> bytes:
    """The document that was sent.

    Raises:
        ServiceError: InvalidIdentityToken.
    """
    try:
        return plain_xml(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError, MalformedXML):
        raise faults.invalid_token(_SHAPE) from None


def verify_response(
    document: bytes, certificates: Iterable[x509.Certificate]
) -> SignedAssertion:
    """The one assertion of a response, signed by one of the certificates' keys.

    Args:
        document: what `decode_response` gave.
        certificates: whose keys may sign.

    Raises:
        ServiceError: InvalidIdentityToken.
    """
    root = _parse(document)
    assertion = _only_assertion(root)
    keys = tuple(certificates)
    response = _signed(document, "./", root, keys)
    element = _signed(document, f"./{ASSERTION}Assertion/", assertion, keys)
    if element is None:
        if response is None:
            raise faults.invalid_token("Response signature invalid")
        element = _only_assertion(response)
    # Without a signature of its own a response can only be held against the user.
    around = root if response is None else response
    return SignedAssertion(
        element=element,
        destination=around.get("Destination", ""),
        issuer=text_of(around.find(f"{ASSERTION}Issuer")),
        is_success=_is_success(around),
    )


def text_of(element: etree._Element | None) -> str:
    """All text of an element, without blanks around it; empty when there is none."""
    return "" if element is None else "".join(element.itertext()).strip()


def _parse(document: bytes) -> etree._Element:
    try:
        check_xml(document)
        root = etree.fromstring(document, parser=_parser())
    except (MalformedXML, etree.XMLSyntaxError):
        raise faults.invalid_token(_SHAPE) from None
    if root.tag != f"{PROTOCOL}Response" or root.get("Version") != "2.0":
        raise faults.invalid_token(_SHAPE)
    _check_ids(root)
    return root


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )


def _check_ids(root: etree._Element) -> None:
    """Refuses two elements of one id, whatever the attribute is called."""
    ids = Counter(
        value
        for element in root.iter()
        for name, value in element.attrib.items()
        if etree.QName(name).localname.lower() == "id"
    )
    if ids.total() != len(ids):
        raise faults.invalid_token(_SHAPE)


def _only_assertion(root: etree._Element) -> etree._Element:
    """The assertion of a response, which is the only one at any depth.

    So are its signature and the response's, each a child of what it signs.
    """
    if any(element.tag in _ENCRYPTED for element in root.iter()):
        raise faults.invalid_token("Encrypted SAML assertions are not supported.")
    found = list(root.iter(f"{ASSERTION}Assertion"))
    if len(found) != 1 or found[0].getparent() is not root:
        raise faults.invalid_token(_SHAPE)
    for signature in root.iter(f"{SIGNATURE}Signature"):
        if signature.getparent() not in (root, found[0]):
            raise faults.invalid_token(_SHAPE)
    return found[0]


def _signature_of(parent: etree._Element) -> etree._Element | None:
    found = parent.findall(f"{SIGNATURE}Signature")
    if len(found) > 1:
        raise faults.invalid_token(_SHAPE)
    return found[0] if found else None


def _check_reference(signature: etree._Element, parent: etree._Element) -> None:
    """Refuses a signature over anything but its parent, or in an unusual way."""
    references = list(signature.iter(f"{SIGNATURE}Reference"))
    name = parent.get("ID")
    if len(references) != 1 or not name or references[0].get("URI") != f"#{name}":
        raise faults.invalid_token("Response signature invalid")
    method = signature.find(f".//{SIGNATURE}CanonicalizationMethod")
    transforms = {
        one.get("Algorithm") for one in signature.iter(f"{SIGNATURE}Transform")
    }
    known = transforms <= _CANONICAL | {_ENVELOPED} and _ENVELOPED in transforms
    if not known or method is None or method.get("Algorithm") not in _CANONICAL:
        raise faults.invalid_token("Response signature invalid")


def _signed(
    document: bytes,
    location: str,
    parent: etree._Element,
    certificates: tuple[x509.Certificate, ...],
) -> etree._Element | None:
    """The element as it was signed by the key of one of the certificates.

    None when it has no signature; one that is there must be good.
    """
    signature = _signature_of(parent)
    if signature is None:
        return None
    _check_reference(signature, parent)
    for certificate in certificates:
        signed = _signed_by(certificate, document, location)
        if signed is None:
            continue
        if signed.tag != parent.tag or signed.get("ID") != parent.get("ID"):
            break
        return signed
    raise faults.invalid_token("Response signature invalid")


def _signed_by(
    certificate: x509.Certificate, document: bytes, location: str
) -> etree._Element | None:
    config = SignatureConfiguration(
        location=location,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        # The metadata names the key, so its certificate's own dates mean nothing.
        verification_time=certificate.not_valid_before_utc,
    )
    try:
        result = XMLVerifier().verify(
            document,
            x509_cert=certificate,
            id_attribute="ID",
            parser=_parser(),
            expect_config=config,
        )
    except Exception:  # noqa: BLE001 - whatever a stranger's text makes it raise
        return None
    return None if isinstance(result, list) else result.signed_xml


def _is_success(root: etree._Element) -> bool:
    code = root.find(f"{PROTOCOL}Status/{PROTOCOL}StatusCode")
    success = "urn:oasis:names:tc:SAML:2.0:status:Success"
    return code is not None and code.get("Value") == success
