"""SSH public keys of users: RSA, as AWS takes them (facts 10.2, 10.4)."""

import base64
import hashlib
from dataclasses import replace
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
    load_ssh_public_key,
)

from ostiary.identity.holdings import SSHPublicKey
from ostiary.identity.ids import unique_id
from ostiary.identity.model import KeyStatus, User
from ostiary.services.errors import ServiceError, no_such_entity
from ostiary.services.iam import quotas
from ostiary.services.iam.owners import USER, get_owner, get_target_user
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

SMALLEST: Final = 2048
"""Bits of the modulus."""


def upload(call: Call, change: Change) -> Result:
    """The user has the key."""
    user = get_owner(USER, call, change)
    body = _body(call.text("SSHPublicKeyBody").strip(" \t\r\n"))
    print_of = _fingerprint(body)
    if change.find_by(SSHPublicKey, user=user.id, fingerprint=print_of) is not None:
        raise ServiceError(
            "DuplicateSSHPublicKey",
            "The SSH public key is already associated with the specified IAM user.",
            400,
        )
    quotas.require_room(quotas.SSH_KEYS, change.count(SSHPublicKey, user=user.id))
    key = SSHPublicKey(
        id=unique_id(call.mint, "APKA"),
        account=user.account,
        user=user.id,
        body=body,
        fingerprint=print_of,
        status=KeyStatus.ACTIVE,
        created=call.now,
    )
    change.insert(key)
    return {"SSHPublicKey": _shown(key, user, key.body)}


def get_key(call: Call, view: Reader) -> Result:
    """One key of the user, as OpenSSH or as PEM writes it."""
    user = get_owner(USER, call, view)
    key = _key(call, view, user)
    body = key.body
    if call.text("Encoding") == "PEM":
        public = load_ssh_public_key(body.encode())
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        body = pem.decode()
    return {"SSHPublicKey": _shown(key, user, body)}


def list_keys(call: Call, view: Reader) -> Result:
    """The user's keys without their bodies, oldest first; a quota keeps them few."""
    user = get_target_user(call, view)
    keys = view.list_by(SSHPublicKey, user=user.id)
    source = in_memory(keys, lambda key: f"{key.created:012d} {key.id}")
    page, rest = paged(call, "ListSSHPublicKeys", source)
    return {"SSHPublicKeys": [_summary(key, user) for key in page], **rest}


def update_key(call: Call, change: Change) -> Result:
    """The key opens, or does not."""
    key = _key(call, change, get_owner(USER, call, change))
    change.replace(replace(key, status=new_status(call)))
    return {}


def delete_key(call: Call, change: Change) -> Result:
    """The key is nobody's."""
    change.delete(_key(call, change, get_owner(USER, call, change)))
    return {}


def _body(text: str) -> str:
    """The key as OpenSSH writes it; a comment stays.

    Raises:
        ServiceError: UnrecognizedPublicKeyEncoding, InvalidPublicKey.
    """
    is_ssh = text.startswith("ssh-") and "\n" not in text
    if not is_ssh and not text.startswith("-----BEGIN "):
        raise ServiceError(
            "UnrecognizedPublicKeyEncoding",
            "The public key encoding format is unsupported or unrecognized.",
            400,
        )
    try:
        load = load_ssh_public_key if is_ssh else load_pem_public_key
        key = load(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise _invalid() from None
    if not isinstance(key, RSAPublicKey) or key.key_size < SMALLEST:
        raise _invalid()
    if is_ssh:
        return text
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _invalid() -> ServiceError:
    return ServiceError(
        "InvalidPublicKey", "The public key is malformed or otherwise invalid.", 400
    )


def _fingerprint(body: str) -> str:
    """MD5 of the key's bytes, as `ssh-keygen -l -E md5` prints it."""
    data = base64.b64decode(body.split()[1])
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def _key(call: Call, view: Reader, user: User) -> SSHPublicKey:
    """The user's key that the call names; raises NoSuchEntity."""
    name = call.text("SSHPublicKeyId")
    found = view.find(SSHPublicKey, name)
    if found is None or found.user != user.id:
        raise no_such_entity(f"The Public Key with id {name} cannot be found.")
    return found


def _summary(key: SSHPublicKey, user: User) -> Result:
    return {
        "UserName": user.name,
        "SSHPublicKeyId": key.id,
        "Status": str(key.status),
        "UploadDate": key.created,
    }


def _shown(key: SSHPublicKey, user: User, body: str) -> Result:
    return {
        **_summary(key, user),
        "Fingerprint": key.fingerprint,
        "SSHPublicKeyBody": body,
    }


OPERATIONS: Operations = {
    "UploadSSHPublicKey": ChangeOperation(run=upload),
    "GetSSHPublicKey": ReadOperation(run=get_key),
    "ListSSHPublicKeys": ReadOperation(run=list_keys),
    "UpdateSSHPublicKey": ChangeOperation(run=update_key),
    "DeleteSSHPublicKey": ChangeOperation(run=delete_key),
}
