"""Identity providers that speak SAML 2.0 (facts 10.2, 10.4).

Their assertions open sessions of roles that trust them: `services.assertions`.
Encrypted assertions are not taken, so no private key is either.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ostiary.identity.holdings import SAMLProvider
from ostiary.identity.ids import long_id
from ostiary.identity.model import iam_arn
from ostiary.services.errors import already_exists, invalid_input, no_such_entity
from ostiary.services.iam import saml_metadata, tags
from ostiary.services.iam.quotas import SAML_PROVIDERS, require_room
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
    SlowChangeOperation,
)
from ostiary.store.port import Change, Reader

Finish = Callable[[Change], Result]

_UNSUPPORTED: Final = (
    "AddPrivateKey",
    "ContextProvider",
    "IdentityCenterInstanceArn",
    "RemovePrivateKey",
)
_ENCRYPTION: Final = "Allowed"
"""The mode that AWS shows for a provider without private keys."""


def create_provider(call: Call, _: Reader) -> Finish:
    """A new provider; its metadata is read before the change."""
    _require_supported(call)
    account, name = call.caller.account, call.text("Name")
    metadata, valid_until = _metadata(call)
    new_tags = tags.new_tags(call, tags.RESOURCE_TAGS)
    arn = iam_arn(account, "saml-provider", "/", name)

    def finish(change: Change) -> Result:
        if change.find(SAMLProvider, arn) is not None:
            raise already_exists(f"SAMLProvider with name {name} already exists.")
        require_room(SAML_PROVIDERS, change.count(SAMLProvider, account=account))
        provider = SAMLProvider(
            arn=arn,
            account=account,
            name=name,
            id=long_id(call.mint),
            metadata=metadata,
            created=call.now,
            valid_until=valid_until,
            tags=new_tags,
        )
        change.insert(provider)
        result: Result = {"SAMLProviderArn": arn}
        if new_tags:
            result["Tags"] = tags.shown(new_tags)
        return result

    return finish


def get_provider(call: Call, view: Reader) -> Result:
    """One provider, with its metadata as it was sent."""
    provider = _provider(call, view)
    return {
        "SAMLProviderUUID": provider.id,
        "SAMLMetadataDocument": provider.metadata,
        "CreateDate": provider.created,
        "ValidUntil": provider.valid_until,
        "Tags": tags.shown(provider.tags),
        "AssertionEncryptionMode": _ENCRYPTION,
        "PrivateKeyList": [],
    }


def list_providers(call: Call, view: Reader) -> Result:
    """The account's providers; AWS has no pages here."""
    found = view.list_by(SAMLProvider, account=call.caller.account)
    shown = [
        {"Arn": one.arn, "ValidUntil": one.valid_until, "CreateDate": one.created}
        for one in found
    ]
    return {"SAMLProviderList": shown}


def update_provider(call: Call, view: Reader) -> Finish:
    """The provider has this metadata, if any was sent; all else stays."""
    _require_supported(call)
    _provider(call, view)
    new = _metadata(call) if "SAMLMetadataDocument" in call.params else None

    def finish(change: Change) -> Result:
        provider = _provider(call, change)
        if new is not None:
            change.replace(replace(provider, metadata=new[0], valid_until=new[1]))
        return {"SAMLProviderArn": provider.arn}

    return finish


def delete_provider(call: Call, change: Change) -> Result:
    """Forget a provider; who trusts it trusts nobody with that."""
    change.delete(_provider(call, change))
    return {}


def _require_supported(call: Call) -> None:
    # What is taken and not kept would be worse than a refusal.
    for name in _UNSUPPORTED:
        if name in call.params:
            raise invalid_input(f"{name} is not supported.")
    if call.text("AssertionEncryptionMode", _ENCRYPTION) != _ENCRYPTION:
        raise invalid_input("AssertionEncryptionMode Required needs a private key.")


def _metadata(call: Call) -> tuple[str, int]:
    """The document that the call sends, and when it ends; raises InvalidInput."""
    document = call.text("SAMLMetadataDocument")
    try:
        return document, saml_metadata.end_of(document)
    except saml_metadata.MalformedMetadata:
        raise invalid_input("Could not parse metadata") from None


def _provider(call: Call, view: Reader) -> SAMLProvider:
    """The provider that the call names; raises NoSuchEntity.

    Another account's is as unknown as none.
    """
    arn = call.text("SAMLProviderArn")
    found = view.find(SAMLProvider, arn)
    if found is None or found.account != call.caller.account:
        raise no_such_entity(f"Manifest not found for arn {arn}")
    return found


OPERATIONS: Operations = {
    "CreateSAMLProvider": SlowChangeOperation(prepare=create_provider),
    "GetSAMLProvider": ReadOperation(run=get_provider),
    "ListSAMLProviders": ReadOperation(run=list_providers),
    "UpdateSAMLProvider": SlowChangeOperation(prepare=update_provider),
    "DeleteSAMLProvider": ChangeOperation(run=delete_provider),
    **tags.operations_on("SAMLProvider", _provider),
}
