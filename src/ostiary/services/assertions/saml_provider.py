"""What a SAML provider's metadata says of it: its name and the keys that it signs with.

The end of a certificate is not looked at, as on AWS and as SAML's own profile for
metadata has it: a key is trusted because the metadata names it.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from ostiary.services.assertions.xml_reading import MalformedXML, plain_xml, walk

_METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata}"
_ENTITY: Final = f"{_METADATA}EntityDescriptor"
_IDP: Final = f"{_METADATA}IDPSSODescriptor"
_KEY: Final = f"{_METADATA}KeyDescriptor"
_CERTIFICATE: Final = "http://www.w3.org/2000/09/xmldsig#}X509Certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class SAMLIssuer:
    """Who may say something, and the certificates that prove it was said."""

    entity_id: str
    certificates: tuple[x509.Certificate, ...]


def read_issuer(metadata: str) -> SAMLIssuer:
    """The issuer that the metadata describes.

    Raises:
        MalformedXML: it describes none.
    """
    reader = _Reader()
    walk(plain_xml(metadata.encode()), reader)
    if not reader.certificates:
        raise MalformedXML("no certificate that signs")
    return SAMLIssuer(
        entity_id=reader.entity_id,
        certificates=tuple(map(_certificate, dict.fromkeys(reader.certificates))),
    )


class _Reader:
    """What has been seen so far; only keys of the provider's role count."""

    def __init__(self) -> None:
        self.entity_id = ""
        self.certificates: list[str] = []
        self._open: list[str] = []
        self._signs = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == _ENTITY and not self._open:
            self.entity_id = attributes.get("entityID", "")
        if name == _KEY:
            self._signs = attributes.get("use", "signing") == "signing"
        self._open.append(name)
        if self._is_key():
            self.certificates.append("")

    def text(self, data: str) -> None:
        if self._is_key():
            self.certificates[-1] += data.strip()

    def end(self, _name: str) -> None:
        self._open.pop()

    def _is_key(self) -> bool:
        return (
            self._open[-1] == _CERTIFICATE
            and self._open[:3] == [_ENTITY, _IDP, _KEY]
            and self._signs
        )


def _certificate(text: str) -> x509.Certificate:
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
        return x509.load_der_x509_certificate(der)
    except (binascii.Error, ValueError):
        raise MalformedXML("a certificate that is none") from None
