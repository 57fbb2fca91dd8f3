"""Identity providers that speak OpenID Connect (facts 10.2, 10.4, 10.7, 10.8).

Their tokens open sessions of roles that trust them: `services.assertions`.
"""

import json
import re
from dataclasses import replace
from typing import Final, cast

from ostiary.identity.holdings import OIDCProvider
from ostiary.identity.model import iam_arn
from ostiary.services.errors import (
    ServiceError,
    already_exists,
    invalid_input,
    no_such_entity,
    validation_error,
)
from ostiary.services.iam import tags
from ostiary.services.iam.quotas import (
    CLIENT_IDS,
    OIDC_PROVIDERS,
    require_room,
    require_within,
)
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.port import Change, Reader

MOST_THUMBPRINTS: Final = 5

_URL: Final = re.compile(
    r"https://([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::[0-9]{1,5})?"
    r"(?:/[A-Za-z0-9._~-]+)*/?)",
    re.ASCII,
)
_UNSUPPORTED: Final = ("ContextProvider", "IdentityCenterInstanceArn")


def create_provider(call: Call, change: Change) -> Result:
    """A new provider; a list of thumbprints that is not sent is empty.

    AWS would fetch the provider's own certificate for it; we call nobody.
    """
    for name in _UNSUPPORTED:
        if name in call.params:
            raise invalid_input(f"{name} is not supported.")
    account, url = call.caller.account, call.text("Url")
    match = _URL.fullmatch(url)
    if match is None:
        raise validation_error("Invalid Open ID Connect Provider URL")
    new_tags = tags.new_tags(call, tags.RESOURCE_TAGS)
    clients = list(dict.fromkeys(_texts(call, "ClientIDList")))
    require_within(CLIENT_IDS, len(clients))
    thumbprints = _thumbprints(call)
    arn = iam_arn(account, "oidc-provider", "/", match[1])
    if change.find(OIDCProvider, arn) is not None:
        raise already_exists(f"Provider with url {url} already exists.")
    require_room(OIDC_PROVIDERS, change.count(OIDCProvider, account=account))
    provider = OIDCProvider(
        arn=arn,
        account=account,
        url=match[1],
        clients=json.dumps(clients),
        thumbprints=thumbprints,
        created=call.now,
        tags=new_tags,
    )
    change.insert(provider)
    result: Result = {"OpenIDConnectProviderArn": arn}
    if new_tags:
        result["Tags"] = tags.shown(new_tags)
    return result


def get_provider(call: Call, view: Reader) -> Result:
    """One provider; its URL is shown without the scheme."""
    provider = _provider(call, view)
    return {
        "Url": provider.url,
        "ClientIDList": json.loads(provider.clients),
        "ThumbprintList": json.loads(provider.thumbprints),
        "CreateDate": provider.created,
        "Tags": tags.shown(provider.tags),
    }


def list_providers(call: Call, view: Reader) -> Result:
    """The ARNs of the account's providers; AWS has no pages here."""
    found = view.list_by(OIDCProvider, account=call.caller.account)
    return {"OpenIDConnectProviderList": [{"Arn": one.arn} for one in found]}


def delete_provider(call: Call, change: Change) -> Result:
    """Forget a provider; one that is gone is not there (facts 10.9)."""
    provider = _find(call, change)
    if provider is None:
        arn = call.text("OpenIDConnectProviderArn")
        raise no_such_entity(f"OpenId connect Provider {arn} cannot be found.")
    change.delete(provider)
    return {}


def add_client_id(call: Call, change: Change) -> Result:
    """The provider's tokens may be made for this client; adding it again is fine."""
    provider = _provider(call, change)
    clients = json.loads(provider.clients)
    if (client := call.text("ClientID")) not in clients:
        require_room(CLIENT_IDS, len(clients))
        clients.append(client)
        change.replace(replace(provider, clients=json.dumps(clients)))
    return {}


def remove_client_id(call: Call, change: Change) -> Result:
    """The provider's tokens are not for this client; an unknown one changes nothing."""
    provider = _provider(call, change)
    clients = json.loads(provider.clients)
    if (client := call.text("ClientID")) in clients:
        clients.remove(client)
        change.replace(replace(provider, clients=json.dumps(clients)))
    return {}


def update_thumbprints(call: Call, change: Change) -> Result:
    """The list of thumbprints is this one."""
    provider = _provider(call, change)
    change.replace(replace(provider, thumbprints=_thumbprints(call)))
    return {}


def _texts(call: Call, name: str) -> list[str]:
    return cast("list[str]", call.params.get(name, []))


def _thumbprints(call: Call) -> str:
    """The list that the call sends, as it is stored."""
    thumbprints = _texts(call, "ThumbprintList")
    if len(thumbprints) > MOST_THUMBPRINTS:
        raise invalid_input("Thumbprint list must contain fewer than 5 entries.")
    return json.dumps(thumbprints)


def _find(call: Call, view: Reader) -> OIDCProvider | None:
    """The provider that the call names; another account's is as unknown as none."""
    found = view.find(OIDCProvider, call.text("OpenIDConnectProviderArn"))
    return found if found and found.account == call.caller.account else None


def _provider(call: Call, view: Reader) -> OIDCProvider:
    """The provider that the call names; raises NoSuchEntity."""
    found = _find(call, view)
    if found is None:
        raise _not_found(call.text("OpenIDConnectProviderArn"))
    return found


def _not_found(arn: str) -> ServiceError:
    return no_such_entity(f"OpenIDConnect Provider not found for arn {arn}")


OPERATIONS: Operations = {
    "CreateOpenIDConnectProvider": ChangeOperation(run=create_provider),
    "GetOpenIDConnectProvider": ReadOperation(run=get_provider),
    "ListOpenIDConnectProviders": ReadOperation(run=list_providers),
    "DeleteOpenIDConnectProvider": ChangeOperation(run=delete_provider),
    "AddClientIDToOpenIDConnectProvider": ChangeOperation(run=add_client_id),
    "RemoveClientIDFromOpenIDConnectProvider": ChangeOperation(run=remove_client_id),
    "UpdateOpenIDConnectProviderThumbprint": ChangeOperation(run=update_thumbprints),
    **tags.operations_on("OpenIDConnectProvider", _provider),
}
