"""Which version the session tokens of STS's global endpoint have.

Tokens here have one form, which is valid in every region; the preference is kept and
shown, and changes nothing.
"""

from typing import Final

from ostiary.identity.issuer import STSPreference
from ostiary.services.errors import validation_error
from ostiary.services.operation import Call, ChangeOperation, Operations, Result
from ostiary.store.port import Change

_VERSIONS: Final = {"v1Token": 1, "v2Token": 2}


def set_preferences(call: Call, change: Change) -> Result:
    """The account has this version from now on."""
    version = _VERSIONS.get(call.text("GlobalEndpointTokenVersion"))
    if version is None:
        raise validation_error(
            "1 validation error detected: Value at 'globalEndpointTokenVersion' failed "
            "to satisfy constraint: Member must satisfy enum value set: [v1Token, "
            "v2Token]"
        )
    preference = STSPreference(account=call.caller.account, version=version)
    if change.find(STSPreference, preference.account) is None:
        change.insert(preference)
    else:
        change.replace(preference)
    return {}


OPERATIONS: Operations = {
    "SetSecurityTokenServicePreferences": ChangeOperation(run=set_preferences),
}
