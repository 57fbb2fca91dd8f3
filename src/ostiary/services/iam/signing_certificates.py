"""X.509 certificates with which users sign (facts 10.2, 10.4, 10.7, 10.8)."""

from dataclasses import replace

from ostiary.identity.holdings import SigningCertificate
from ostiary.identity.ids import long_id
from ostiary.identity.model import KeyStatus, User
from ostiary.services.errors import ServiceError, no_such_entity
from ostiary.services.iam import pem, quotas, root_session
from ostiary.services.iam.owners import get_target_user
from ostiary.services.iam.paging import in_memory, paged
from ostiary.services.iam.status import new_status
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.port import Change, Reader


def upload(call: Call, change: Change) -> Result:
    """The user has the certificate, which nobody else in the account has."""
    user = get_target_user(call, change)
    body = call.text("CertificateBody")
    try:
        facts = pem.facts_of(pem.read_certificate(body))
    except ValueError:
        raise pem.malformed(f"Certificate {_safe(body)} is malformed.") from None
    if change.find_by(
        SigningCertificate, account=user.account, fingerprint=facts.fingerprint
    ):
        raise ServiceError(
            "DuplicateCertificate",
            "The certificate is already associated with an IAM user in the account.",
            409,
        )
    present = change.count(SigningCertificate, user=user.id)
    quotas.require_room(quotas.SIGNING_CERTIFICATES, present)
    certificate = SigningCertificate(
        id=long_id(call.mint),
        account=user.account,
        user=user.id,
        body=body,
        fingerprint=facts.fingerprint,
        status=KeyStatus.ACTIVE,
        created=call.now,
    )
    change.insert(certificate)
    return {"Certificate": _shown(certificate, user)}


def list_certificates(call: Call, view: Reader) -> Result:
    """The user's certificates, oldest first: two at most."""
    if root_session.is_about_root(call):
        return {"Certificates": [], "IsTruncated": False}
    user = get_target_user(call, view)
    found = view.list_by(SigningCertificate, user=user.id)
    source = in_memory(found, lambda one: f"{one.created:012d} {one.id}")
    page, rest = paged(call, "ListSigningCertificates", source)
    return {"Certificates": [_shown(one, user) for one in page], **rest}


def update_certificate(call: Call, change: Change) -> Result:
    """The certificate is active, or is not."""
    certificate = _certificate(call, change)
    change.replace(replace(certificate, status=new_status(call)))
    return {}


def delete_certificate(call: Call, change: Change) -> Result:
    """The certificate is nobody's."""
    change.delete(_certificate(call, change))
    return {}


def _certificate(call: Call, view: Reader) -> SigningCertificate:
    """The user's certificate that the call names; raises NoSuchEntity."""
    if root_session.is_about_root(call):
        raise root_session.no_certificate(call)
    user = get_target_user(call, view)
    name = call.text("CertificateId")
    found = view.find(SigningCertificate, name)
    if found is None or found.user != user.id:
        raise no_such_entity(f"The Certificate with id {name} cannot be found.")
    return found


def _safe(body: str) -> str:
    """The text as a refusal may repeat it: refusals are written down."""
    return "(a private key)" if "PRIVATE KEY" in body else body


def _shown(certificate: SigningCertificate, user: User) -> Result:
    return {
        "UserName": user.name,
        "CertificateId": certificate.id,
        "CertificateBody": certificate.body,
        "Status": str(certificate.status),
        "UploadDate": certificate.created,
    }


OPERATIONS: Operations = {
    "UploadSigningCertificate": ChangeOperation(run=upload),
    "ListSigningCertificates": ReadOperation(run=list_certificates),
    "UpdateSigningCertificate": ChangeOperation(run=update_certificate),
    "DeleteSigningCertificate": ChangeOperation(run=delete_certificate),
}
