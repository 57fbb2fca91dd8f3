"""User names and passwords for single services that take no signatures.

A password is in the answer that made it, and nowhere else afterwards (T107).
"""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ostiary.identity import ids
from ostiary.identity.holdings import ServiceCredential
from ostiary.identity.model import KeyStatus, User
from ostiary.services.errors import no_such_entity, validation_error
from ostiary.services.iam.owners import USER, get_owner, get_target_user
from ostiary.services.iam.paging import Source, in_memory, paged
from ostiary.services.iam.quotas import SERVICE_CREDENTIALS, require_room
from ostiary.services.iam.status import new_status
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.port import EVERYTHING, Change, Reader

BEDROCK: Final = "bedrock.amazonaws.com"
"""The one service whose credentials are API keys, and may end."""
SERVICES: Final = (BEDROCK, "cassandra.amazonaws.com", "codecommit.amazonaws.com")
PURPOSE: Final = "service-credential"
"""What a password is sealed as."""

_DAY: Final = 86_400
_SECRET_BYTES: Final = 44


def create(call: Call, change: Change) -> Result:
    """A new credential, with the only sight of its password."""
    user = get_owner(USER, call, change)
    service, days = _service(call), call.number("CredentialAgeDays", 0)
    if days and service != BEDROCK:
        raise validation_error(f"CredentialAgeDays is not supported for {service}.")
    others = change.list_by(ServiceCredential, user=user.id, service=service)
    require_room(SERVICE_CREDENTIALS, len(others))
    credential = ServiceCredential(
        id=ids.unique_id(call.mint, "ACCA"),
        account=user.account,
        user=user.id,
        service=service,
        name=_new_name(call, user, service, {one.name for one in others}),
        secret=b"",
        status=KeyStatus.ACTIVE,
        created=call.now,
        expires=call.now + days * _DAY if days else 0,
    )
    credential, password = _with_password(call, credential)
    change.insert(credential)
    return {"ServiceSpecificCredential": _shown_once(call, credential, user, password)}


def reset(call: Call, change: Change) -> Result:
    """The credential has another password, which is shown now."""
    user = get_target_user(call, change)
    credential, password = _with_password(call, _credential(call, change, user))
    change.replace(credential)
    return {"ServiceSpecificCredential": _shown_once(call, credential, user, password)}


def update(call: Call, change: Change) -> Result:
    """The credential opens, or does not."""
    credential = _credential(call, change, get_target_user(call, change))
    change.replace(replace(credential, status=new_status(call)))
    return {}


def delete(call: Call, change: Change) -> Result:
    """The credential is gone."""
    change.delete(_credential(call, change, get_target_user(call, change)))
    return {}


def list_credentials(call: Call, view: Reader) -> Result:
    """The credentials of one user, or of all, without their passwords."""
    of_service = {"service": _service(call)} if "ServiceName" in call.params else {}
    find = _of_all if call.flag("AllUsers") else _of_one
    source = find(call, view, of_service)
    page, rest = paged(call, "ListServiceSpecificCredentials", source)
    shown = [_shown(call, one, view.find(User, one.user)) for one in page]
    return {"ServiceSpecificCredentials": shown, **rest}


def _of_one(
    call: Call, view: Reader, of_service: Mapping[str, str]
) -> Source[ServiceCredential]:
    """A user's own; a quota keeps them few."""
    user = get_target_user(call, view)
    found = view.list_by(ServiceCredential, EVERYTHING, user=user.id, **of_service)
    return in_memory(found, lambda one: f"{one.created:012d} {one.id}")


def _of_all(
    call: Call, view: Reader, of_service: Mapping[str, str]
) -> Source[ServiceCredential]:
    equal = {"account": call.caller.account, **of_service}
    return Source(
        fetch=lambda page: view.list_by(ServiceCredential, page, **equal),
        cursor=lambda one: one.id,
    )


def _service(call: Call) -> str:
    """The service that the call names; raises NoSuchEntity (facts 10.4)."""
    service = call.text("ServiceName")
    if service not in SERVICES:
        raise no_such_entity(
            f"No such service {service} is supported for Service Specific Credentials"
        )
    return service


def _new_name(call: Call, user: User, service: str, taken: set[str]) -> str:
    """The first free one of `Alice-at-…`, `Alice+1-at-…`; an alias for an API key."""
    if service == BEDROCK:
        alias = ids.long_id(call.mint)[:4].lower()
        return f"BedrockAPIKey-{alias}-at-{user.account}"
    name, number = f"{user.name}-at-{user.account}", 0
    while name in taken:
        number += 1
        name = f"{user.name}+{number}-at-{user.account}"
    return name


def _with_password(
    call: Call, credential: ServiceCredential
) -> tuple[ServiceCredential, str]:
    """The credential with a new password, and the password."""
    password = base64.b64encode(call.mint.random(_SECRET_BYTES)).decode()
    if credential.service == BEDROCK:
        pair = f"{credential.name}:{password}".encode()
        password = f"ABSK{base64.b64encode(pair).decode()}"
    sealed = call.vault.seal(
        password.encode(),
        purpose=PURPOSE,
        row=credential.id,
        account=credential.account,
        mint=call.mint,
    )
    return replace(credential, secret=sealed), password


def _credential(call: Call, view: Reader, user: User) -> ServiceCredential:
    """The user's credential that the call names; raises NoSuchEntity."""
    name = call.text("ServiceSpecificCredentialId")
    found = view.find(ServiceCredential, name)
    if found is None or found.user != user.id:
        raise no_such_entity(f"No such credential {name} exists")
    return found


def _shown(call: Call, credential: ServiceCredential, user: User | None) -> Result:
    """A credential without its password."""
    ended = 0 < credential.expires <= call.now
    is_key = credential.service == BEDROCK
    shown: Result = {
        "UserName": "" if user is None else user.name,
        "Status": "Expired" if ended else str(credential.status),
        "ServiceCredentialAlias" if is_key else "ServiceUserName": credential.name,
        "CreateDate": credential.created,
        "ServiceSpecificCredentialId": credential.id,
        "ServiceName": credential.service,
    }
    if credential.expires:
        shown["ExpirationDate"] = credential.expires
    return shown


def _shown_once(
    call: Call, credential: ServiceCredential, user: User, password: str
) -> Result:
    is_key = credential.service == BEDROCK
    secret = "ServiceCredentialSecret" if is_key else "ServicePassword"
    return {**_shown(call, credential, user), secret: password}


OPERATIONS: Operations = {
    "CreateServiceSpecificCredential": ChangeOperation(run=create),
    "ListServiceSpecificCredentials": ReadOperation(run=list_credentials),
    "ResetServiceSpecificCredential": ChangeOperation(run=reset),
    "UpdateServiceSpecificCredential": ChangeOperation(run=update),
    "DeleteServiceSpecificCredential": ChangeOperation(run=delete),
}
