"""Certificates of servers, with private keys that are never shown again (T107).

Reading keys takes a while, so it is done before the change.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ostiary.identity.holdings import ServerCertificate
from ostiary.identity.ids import unique_id
from ostiary.identity.model import Tags
from ostiary.services.errors import ServiceError, already_exists, no_such_entity
from ostiary.services.iam import pem, quotas, tags
from ostiary.services.iam.paging import Source, paged
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
    SlowChangeOperation,
)
from ostiary.store.codec import name_key
from ostiary.store.port import Change, Reader

PURPOSE: Final = "server-certificate"
"""What the private key is sealed as."""


def upload(call: Call, _: Reader) -> Callable[[Change], Result]:
    """A new certificate whose key and chain fit it."""
    new_tags = tags.new_tags(call, tags.RESOURCE_TAGS)
    certificate = _read(call, new_tags)

    def finish(change: Change) -> Result:
        account, name = certificate.account, certificate.name
        _require_free(change, account, name)
        present = change.count(ServerCertificate, account=account)
        quotas.require_room(quotas.SERVER_CERTIFICATES, present)
        change.insert(certificate)
        result: Result = {"ServerCertificateMetadata": _summary(certificate)}
        if new_tags:
            result["Tags"] = tags.shown(new_tags)
        return result

    return finish


def get_certificate(call: Call, view: Reader) -> Result:
    """One certificate, as it was sent; its key stays here."""
    certificate = _certificate(call, view)
    result: Result = {
        "ServerCertificateMetadata": _summary(certificate),
        "CertificateBody": certificate.body,
        "Tags": tags.shown(certificate.tags),
    }
    if certificate.chain:
        result["CertificateChain"] = certificate.chain
    return {"ServerCertificate": result}


def list_certificates(call: Call, view: Reader) -> Result:
    """The account's certificates under a path, by name."""
    account = call.caller.account
    source: Source[ServerCertificate] = Source(
        fetch=lambda page: view.list_by(ServerCertificate, page, account=account),
        cursor=lambda certificate: name_key(certificate.name),
    )
    found, rest = paged(call, "ListServerCertificates", source)
    return {"ServerCertificateMetadataList": [_summary(one) for one in found], **rest}


def update_certificate(call: Call, change: Change) -> Result:
    """A certificate with another name or path; its id stays."""
    certificate = _certificate(call, change)
    name = call.text("NewServerCertificateName", certificate.name)
    _require_free(change, certificate.account, name, but=certificate)
    path = call.text("NewPath", certificate.path)
    change.replace(replace(certificate, name=name, path=path))
    return {}


def delete_certificate(call: Call, change: Change) -> Result:
    """Forget a certificate and its key."""
    change.delete(_certificate(call, change))
    return {}


def _read(call: Call, new_tags: Tags) -> ServerCertificate:
    """The certificate that the call sends, its key sealed.

    Raises:
        ServiceError: MalformedCertificate, KeyPairMismatch.
    """
    body, chain = call.text("CertificateBody"), call.text("CertificateChain")
    key = call.text("PrivateKey")
    try:
        parsed = pem.read_certificate(body)
    except ValueError:
        raise pem.malformed(
            "Unable to parse certificate. Please ensure the certificate is in PEM "
            "format."
        ) from None
    pem.require_key_fits(parsed, key)
    if chain:
        pem.require_chain(parsed, chain)
    account = call.caller.account
    row = unique_id(call.mint, "ASCA")
    sealed = call.vault.seal(
        key.encode(), purpose=PURPOSE, row=row, account=account, mint=call.mint
    )
    return ServerCertificate(
        id=row,
        account=account,
        name=call.text("ServerCertificateName"),
        path=call.text("Path", "/"),
        created=call.now,
        expires=pem.facts_of(parsed).expires,
        body=body,
        chain=chain,
        private_key=sealed,
        tags=new_tags,
    )


def _require_free(
    view: Reader, account: str, name: str, *, but: ServerCertificate | None = None
) -> None:
    taken = view.find_by(ServerCertificate, account=account, name=name)
    if taken is not None and (but is None or taken.id != but.id):
        raise already_exists(f"The Server Certificate with name {name} already exists.")


def _certificate(call: Call, view: Reader) -> ServerCertificate:
    """The certificate that the call names; raises NoSuchEntity."""
    account, name = call.caller.account, call.text("ServerCertificateName")
    found = view.find_by(ServerCertificate, account=account, name=name)
    if found is None:
        raise _no_such(name)
    return found


def _no_such(name: str) -> ServiceError:
    return no_such_entity(f"The Server Certificate with name {name} cannot be found.")


def _summary(certificate: ServerCertificate) -> Result:
    return {
        "Path": certificate.path,
        "ServerCertificateName": certificate.name,
        "ServerCertificateId": certificate.id,
        "Arn": certificate.arn,
        "UploadDate": certificate.created,
        "Expiration": certificate.expires,
    }


OPERATIONS: Operations = {
    "UploadServerCertificate": SlowChangeOperation(prepare=upload),
    "GetServerCertificate": ReadOperation(run=get_certificate),
    "ListServerCertificates": ReadOperation(run=list_certificates),
    "UpdateServerCertificate": ChangeOperation(run=update_certificate),
    "DeleteServerCertificate": ChangeOperation(run=delete_certificate),
    **tags.operations_on("ServerCertificate", _certificate),
}
