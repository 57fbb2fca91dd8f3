"""What metadata says of a SAML provider: its name and the keys that it signs with."""

import base64
import datetime as dt

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ostiary.services.assertions.saml_provider import read_issuer
from ostiary.services.assertions.xml_reading import MalformedXML
from tests.unit.services.assertions.openid import RSA
from tests.unit.services.assertions.responses import (
    CERTIFICATES,
    ENTITY,
    certificate,
    metadata,
)


def test_the_name_and_the_keys_that_sign() -> None:
    """In their order, each once; a key without a use signs, too."""
    issuer = read_issuer(metadata(*RSA, RSA[0]))
    assert issuer.entity_id == ENTITY
    assert issuer.certificates == tuple(CERTIFICATES[key] for key in RSA)
    assert read_issuer(metadata(use="")).certificates == (CERTIFICATES[RSA[0]],)


def test_keys_that_do_not_sign_for_the_provider() -> None:
    """Those for encryption, and those of another role of the entity, do not count."""
    with pytest.raises(MalformedXML):
        read_issuer(metadata(use=' use="encryption"'))
    other = metadata().replace("IDPSSODescriptor", "SPSSODescriptor")
    with pytest.raises(MalformedXML):
        read_issuer(other)
    inside = metadata().replace(
        "<md:IDPSSODescriptor", "<md:Extensions><md:IDPSSODescriptor"
    )
    inside = inside.replace(
        "</md:IDPSSODescriptor>", "</md:IDPSSODescriptor></md:Extensions>"
    )
    with pytest.raises(MalformedXML):
        read_issuer(inside)


def test_an_old_certificate_is_a_key_like_any_other() -> None:
    """The metadata names it, so its own dates mean nothing; as on AWS."""
    old = certificate(RSA[0], years=1)
    assert old.not_valid_after_utc < dt.datetime(2022, 1, 1, tzinfo=dt.UTC)
    text, aged = (
        base64.b64encode(one.public_bytes(Encoding.DER)).decode()
        for one in (CERTIFICATES[RSA[0]], old)
    )
    assert read_issuer(metadata().replace(text, aged)).certificates == (old,)


@pytest.mark.threat("T57")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "no xml",
        metadata().replace("MII", "!!!", 1),
        metadata().replace("MII", "AAA", 1),
        metadata().replace('<?xml version="1.0"?>', '<!DOCTYPE x [<!ENTITY a "b">]>'),
        "<a>" * 30 + "</a>" * 30,
    ],
)
def test_what_is_no_metadata(text: str) -> None:
    """It was checked when it came; it is not trusted when it is read again."""
    with pytest.raises(MalformedXML):
        read_issuer(text)
