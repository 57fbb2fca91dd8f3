"""When roles, passwords and access keys were used last, as answers show it.

What is shown is up to `server.last_uses.EVERY` seconds old; AWS's own is up to hours.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from ostiary.identity.last_use import LastUse, password_of
from ostiary.services.operation import Result
from ostiary.store.port import Reader

NEVER_USED: Final = "N/A"


def of_role(role: str, view: Reader) -> Result:
    """`RoleLastUsed` of a role, by its unique id; empty when it never was."""
    found = view.last_uses([role]).get(role)
    if found is None:
        return {}
    return {"LastUsedDate": found.used, "Region": found.region}


def of_key(key_id: str, view: Reader) -> Result:
    """`AccessKeyLastUsed` of an access key; without a date when it never was."""
    found = view.last_uses([key_id]).get(key_id)
    if found is None:
        return {"ServiceName": NEVER_USED, "Region": NEVER_USED}
    return {
        "LastUsedDate": found.used,
        "ServiceName": found.service,
        "Region": found.region,
    }


def of_passwords(users: Sequence[str], view: Reader) -> Mapping[str, Result]:
    """`PasswordLastUsed` of those who ever signed in with one, by unique id.

    Args:
        users: unique ids; the account id for root.
        view: where it is remembered.
    """
    found = view.last_uses([password_of(user) for user in users])
    shown: dict[str, Result] = {}
    for user in users:
        use: LastUse | None = found.get(password_of(user))
        shown[user] = {} if use is None else {"PasswordLastUsed": use.used}
    return shown
