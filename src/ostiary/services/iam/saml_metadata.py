"""The metadata document of a SAML provider, read as what it is: a stranger's text.

Document types, entities and processing instructions are refused, and depth and the
number of elements are bounded (T57).
"""

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Final, NoReturn
from xml.parsers import expat

from cryptography import x509

_METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
_ENTITY: Final = f"{_METADATA}\nEntityDescriptor"
_IDP: Final = f"{_METADATA}\nIDPSSODescriptor"
_CERTIFICATE: Final = "http://www.w3.org/2000/09/xmldsig#\nX509Certificate"
_DEEPEST: Final = 20
_MOST_ELEMENTS: Final = 20_000
_MOST_CERTIFICATES: Final = 100
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?Z?", re.ASCII
)


class MalformedMetadata(Exception):  # noqa: N818 - it says what the text is
    """The document is not the metadata of an identity provider."""


class _Reader:
    """What the parser has seen so far."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.count = 0
        self.ends: list[int] = []
        self.certificates: list[str] = []
        self.is_provider = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) >= _DEEPEST or self.count > _MOST_ELEMENTS:
            raise MalformedMetadata("too many elements")
        if not self.open and (name != _ENTITY or not attributes.get("entityID")):
            raise MalformedMetadata("the root is no entity descriptor with an id")
        if name in (_ENTITY, _IDP) and "validUntil" in attributes:
            self.ends.append(_seconds(attributes["validUntil"]))
        if name == _CERTIFICATE:
            if len(self.certificates) >= _MOST_CERTIFICATES:
                raise MalformedMetadata("too many certificates")
            self.certificates.append("")
        self.is_provider |= name == _IDP
        self.open.append(name)

    def text(self, data: str) -> None:
        if self.open[-1] == _CERTIFICATE:
            self.certificates[-1] += data

    def end(self, _name: str) -> None:
        self.open.pop()


def end_of(document: str) -> int:
    """When the metadata or the first of its certificates ends, in epoch seconds.

    Raises:
        MalformedMetadata: it is not the metadata of one identity provider.
    """
    reader = _Reader()
    # The text is ours to encode, so the encoding that it declares means nothing.
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator="\n")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.text
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.UnparsedEntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    try:
        parser.Parse(document.encode(), True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, UnicodeError):
        raise MalformedMetadata("not well formed") from None
    if not reader.is_provider or not reader.certificates:
        raise MalformedMetadata("no identity provider with a certificate")
    return min(reader.ends + [_end_of_certificate(one) for one in reader.certificates])


def _refuse(*_: object) -> NoReturn:
    raise MalformedMetadata("a declaration that is not allowed")


def _end_of_certificate(text: str) -> int:
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
        certificate = x509.load_der_x509_certificate(der)
        return int(certificate.not_valid_after_utc.timestamp())
    except (binascii.Error, ValueError):
        raise MalformedMetadata("a certificate that is none") from None


def _seconds(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise MalformedMetadata("a time that is none")
    try:
        return int(datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise MalformedMetadata("a time that is none") from None
