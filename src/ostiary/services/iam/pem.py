"""Certificates and keys in PEM: read, never rewritten."""

from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from ostiary.services.errors import ServiceError


class Certificate(NamedTuple):
    """What is asked about a certificate later."""

    expires: int
    fingerprint: str


def read_certificate(text: str) -> x509.Certificate:
    """The one certificate in the text; raises ValueError."""
    [certificate] = x509.load_pem_x509_certificates(text.encode())
    return certificate


def facts_of(certificate: x509.Certificate) -> Certificate:
    """When it ends, and its fingerprint."""
    return Certificate(
        expires=int(certificate.not_valid_after_utc.timestamp()),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def require_key_fits(certificate: x509.Certificate, text: str) -> None:
    """Nothing, when the private key in the text is the certificate's.

    Raises:
        ServiceError: MalformedCertificate, KeyPairMismatch.
    """
    try:
        key = load_pem_private_key(text.encode(), password=None)
        public, own = key.public_key(), certificate.public_key()
    except TypeError:
        raise malformed("Unable to parse key; the body is encrypted.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise malformed(
            "Unable to parse key; please ensure the key is in PEM format."
        ) from None
    if _bytes_of(public) != _bytes_of(own):
        raise ServiceError(
            "KeyPairMismatch",
            "The public key certificate and the private key do not match.",
            400,
        )


def require_chain(certificate: x509.Certificate, text: str) -> None:
    """Nothing, when each certificate in the text has signed the one before it.

    Raises:
        ServiceError: MalformedCertificate, with the place of the first that has not.
    """
    try:
        chain = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise malformed(
            "Unable to parse certificate chain. Please ensure the chain is in PEM "
            "format."
        ) from None
    signed = certificate
    for number, issuer in enumerate(chain):
        try:
            signed.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            raise malformed(
                "Unable to validate certificate chain. The certificate chain must "
                "start with the immediate signing certificate, followed by any "
                "intermediaries in order. The index within the chain of the invalid "
                f"certificate is: {number}"
            ) from None
        signed = issuer


def malformed(message: str) -> ServiceError:
    """400: the text is no certificate, or not one that is taken."""
    return ServiceError("MalformedCertificate", message, 400)


def _bytes_of(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
