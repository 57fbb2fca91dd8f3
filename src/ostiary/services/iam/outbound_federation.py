"""Whether an account's principals get identity tokens for other services.

Switching it off stops new tokens; those that were issued can be verified until they
end, so what was published stays published.
"""

from collections.abc import Callable
from dataclasses import replace

from ostiary.identity.issuer import OutboundFederation
from ostiary.services.errors import ServiceError
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
    SlowChangeOperation,
)
from ostiary.services.outbound import issuer_of, lacking, new_keys
from ostiary.store.port import Change, Reader


def enable(call: Call, view: Reader) -> Callable[[Change], Result]:
    """The account has an issuer URL; the first one brings the signing keys along."""
    _require_disabled(call, view)
    fresh = new_keys(lacking(view), call.mint, call.vault, call.now)

    def finish(change: Change) -> Result:
        held = _require_disabled(call, change)
        missing = lacking(change)
        for key in fresh:
            if key.algorithm in missing:
                change.insert(key)
        if held is None:
            change.insert(
                OutboundFederation(
                    account=call.caller.account,
                    enabled=True,
                    created=call.now,
                    changed=call.now,
                )
            )
        else:
            change.replace(replace(held, enabled=True, changed=call.now))
        return {"IssuerIdentifier": _issuer(call)}

    return finish


def disable(call: Call, change: Change) -> Result:
    """The account gets no tokens any more."""
    held = _get_enabled(call, change)
    change.replace(replace(held, enabled=False, changed=call.now))
    return {}


def get_info(call: Call, view: Reader) -> Result:
    """The issuer URL, while tokens are issued."""
    held = _get_enabled(call, view)
    return {"IssuerIdentifier": _issuer(call), "JwtVendingEnabled": held.enabled}


def _issuer(call: Call) -> str:
    return issuer_of(call.estate.url, call.caller.account)


def _require_disabled(call: Call, view: Reader) -> OutboundFederation | None:
    """What is remembered of a time when it was on; raises FeatureEnabled."""
    held = view.find(OutboundFederation, call.caller.account)
    if held is not None and held.enabled:
        raise ServiceError(
            "FeatureEnabled",
            "Outbound web identity federation is already enabled for account "
            f"{call.caller.account}.",
            409,
        )
    return held


def _get_enabled(call: Call, view: Reader) -> OutboundFederation:
    """What the account has switched on; raises FeatureDisabled."""
    held = view.find(OutboundFederation, call.caller.account)
    if held is None or not held.enabled:
        raise ServiceError(
            "FeatureDisabled",
            "Outbound web identity federation is not enabled for account "
            f"{call.caller.account}.",
            404,
        )
    return held


OPERATIONS: Operations = {
    "DisableOutboundWebIdentityFederation": ChangeOperation(run=disable),
    "EnableOutboundWebIdentityFederation": SlowChangeOperation(prepare=enable),
    "GetOutboundWebIdentityFederationInfo": ReadOperation(run=get_info),
}
