"""A SAML provider of the tests' own: it makes metadata, and signs real responses."""

import base64
import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import XMLSigner
from signxml.algorithms import DigestAlgorithm, SignatureMethod

from tests.unit.services.assertions.openid import RSA, pem

P = "urn:oasis:names:tc:SAML:2.0:protocol"
A = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
OWN = "https://aws.amazon.com/SAML/Attributes/"
SIGN_IN = "https://signin.aws.amazon.com/saml"
ENTITY = "https://idp.example.org/saml"


class LenientSigner(XMLSigner):
    """Signs as providers of long ago did."""

    def check_deprecated_methods(self) -> None:
        """Anything goes."""


def certificate(key: rsa.RSAPrivateKey, *, years: int = 40) -> x509.Certificate:
    """A certificate of its own, as metadata has it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=365 * years))
        .sign(key, hashes.SHA256())
    )


CERTIFICATES = {key: certificate(key) for key in RSA}


def instant(seconds: float) -> str:
    """A time as SAML writes it."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def metadata(
    *keys: rsa.RSAPrivateKey, entity: str = ENTITY, use: str = ' use="signing"'
) -> str:
    """The metadata document of a provider with these keys."""
    described = "".join(
        f"<md:KeyDescriptor{use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
        f"{base64.b64encode(CERTIFICATES[key].public_bytes(Encoding.DER)).decode()}"
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for key in keys or RSA[:1]
    )
    return (
        f'<?xml version="1.0"?><!-- made by hand -->'
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
        f'xmlns:ds="{DS}" entityID="{entity}"><md:IDPSSODescriptor '
        f'protocolSupportEnumeration="{P}">{described}'
        "<md:SingleSignOnService Binding="
        '"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
        'Location="https://idp.example.org/sso"/>'
        "</md:IDPSSODescriptor></md:EntityDescriptor>" + " " * 600
    )


@dataclass
class Said:
    """What a response says; every part can be said otherwise."""

    now: float
    role: str
    provider: str
    id: str = "_a1"
    attributes: dict[str, list[str]] = field(default_factory=dict)
    name_id: str = "alice"
    format: str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    issuer: str = ENTITY
    response_issuer: str = ENTITY
    audience: str | None = "urn:amazon:webservices"
    recipient: str | None = SIGN_IN
    destination: str | None = SIGN_IN
    method: str = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    issued: float = 0
    not_before: float | None = -10
    not_on_or_after: float | None = 3000
    confirmed_until: float | None = 300
    session_until: float | None = None
    status: str = "urn:oasis:names:tc:SAML:2.0:status:Success"
    role_pair: str | None = None
    session_name: str | None = "alice@example.org"

    def xml(self) -> str:
        """The response, unsigned."""
        return (
            f'<samlp:Response xmlns:samlp="{P}" xmlns:saml="{A}" ID="_r1" '
            f'Version="2.0" IssueInstant="{instant(self.now)}"'
            f"{_attribute('Destination', self.destination)}>"
            f"<saml:Issuer>{self.response_issuer}</saml:Issuer>"
            f'<samlp:Status><samlp:StatusCode Value="{self.status}"/></samlp:Status>'
            f"{self.assertion()}</samlp:Response>"
        )

    def assertion(self) -> str:
        """The assertion, unsigned."""
        at = self.now
        audience = (
            ""
            if self.audience is None
            else "<saml:AudienceRestriction><saml:Audience>"
            f"{self.audience}</saml:Audience></saml:AudienceRestriction>"
        )
        return (
            f'<saml:Assertion xmlns:saml="{A}" ID="{self.id}" Version="2.0" '
            f'IssueInstant="{instant(at + self.issued)}">'
            f"<saml:Issuer>{self.issuer}</saml:Issuer><saml:Subject>"
            f'<saml:NameID Format="{self.format}">{self.name_id}</saml:NameID>'
            f'<saml:SubjectConfirmation Method="{self.method}">'
            "<saml:SubjectConfirmationData"
            f"{_time('NotOnOrAfter', at, self.confirmed_until)}"
            f"{_attribute('Recipient', self.recipient)}/>"
            "</saml:SubjectConfirmation></saml:Subject><saml:Conditions"
            f"{_time('NotBefore', at, self.not_before)}"
            f"{_time('NotOnOrAfter', at, self.not_on_or_after)}>{audience}"
            "</saml:Conditions>"
            f'<saml:AuthnStatement AuthnInstant="{instant(at)}"'
            f"{_time('SessionNotOnOrAfter', at, self.session_until)}>"
            "<saml:AuthnContext><saml:AuthnContextClassRef>"
            "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
            "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            f"<saml:AttributeStatement>{self._attributes()}"
            "</saml:AttributeStatement></saml:Assertion>"
        )

    def _attributes(self) -> str:
        pair = self.role_pair
        given = {
            f"{OWN}Role": [f"{self.role},{self.provider}" if pair is None else pair]
        }
        if self.session_name is not None:
            given[f"{OWN}RoleSessionName"] = [self.session_name]
        return "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(
                f"<saml:AttributeValue>{value}</saml:AttributeValue>"
                for value in values
            )
            + "</saml:Attribute>"
            for name, values in {**given, **self.attributes}.items()
        )


def _attribute(name: str, value: str | None) -> str:
    return "" if value is None else f' {name}="{value}"'


def _time(name: str, at: float, after: float | None) -> str:
    return "" if after is None else f' {name}="{instant(at + after)}"'


def sign(
    xml: str,
    what: str = "assertion",
    key: rsa.RSAPrivateKey = RSA[0],
    **more: Any,
) -> bytes:
    """The document with a signature over its assertion, or over all of it."""
    root = etree.fromstring(xml)
    target = root if what == "response" else root.find(f"{{{A}}}Assertion")
    lenient = more.pop("lenient", False)
    signer = (LenientSigner if lenient else XMLSigner)(
        signature_algorithm=more.pop("method", SignatureMethod.RSA_SHA256),
        digest_algorithm=more.pop("digest", DigestAlgorithm.SHA256),
        c14n_algorithm=more.pop("c14n", "http://www.w3.org/2001/10/xml-exc-c14n#"),
    )
    signed = signer.sign(
        target,
        key=pem(key),
        cert=[CERTIFICATES[key]],
        reference_uri=f"#{target.get('ID')}",
        id_attribute="ID",
        **more,
    )
    if what == "response":
        return etree.tostring(signed)
    root.replace(target, signed)
    return etree.tostring(root)


def encoded(document: bytes) -> str:
    """What is sent."""
    return base64.b64encode(document).decode()
