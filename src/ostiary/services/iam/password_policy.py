"""What the account asks of passwords, and whether one conforms (facts 10.4).

Without a policy AWS's default one holds: eight characters of three kinds, and not the
user's name.
"""

import json
from typing import Final

from ostiary.identity.holdings import PasswordPolicy
from ostiary.identity.model import LoginProfile, User
from ostiary.identity.passwords import WrongPassword, verify_password
from ostiary.identity.secret import Secret
from ostiary.services.errors import ServiceError, no_such_entity
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.port import Change, Reader

SHORTEST: Final = 8
FEWEST_CLASSES: Final = 3
"""Of upper case, lower case, digits and others: AWS's policy without a policy."""

MOST_REMEMBERED: Final = 24
"""The most passwords that a policy may forbid to use again."""

_SYMBOLS: Final = frozenset("!@#$%^&*()_+-=[]{}|'")
_UNSAID: Final = -1


def update_policy(call: Call, change: Change) -> Result:
    """The account has this policy; what is not sent has its default again."""
    policy = PasswordPolicy(
        account=call.caller.account,
        length=call.number("MinimumPasswordLength", 6),
        symbols=call.flag("RequireSymbols"),
        numbers=call.flag("RequireNumbers"),
        upper=call.flag("RequireUppercaseCharacters"),
        lower=call.flag("RequireLowercaseCharacters"),
        self_service=call.flag("AllowUsersToChangePassword"),
        max_age=call.number("MaxPasswordAge", 0),
        reuse=call.number("PasswordReusePrevention", 0),
        hard_expiry=int(call.flag("HardExpiry"))
        if "HardExpiry" in call.params
        else _UNSAID,
    )
    if change.find(PasswordPolicy, policy.account) is None:
        change.insert(policy)
    else:
        change.replace(policy)
    return {}


def get_policy(call: Call, view: Reader) -> Result:
    """The account's policy; numbers that were not set are left out."""
    account = call.caller.account
    policy = view.find(PasswordPolicy, account)
    if policy is None:
        raise no_such_entity(
            f"The Password Policy with domain name {account} cannot be found."
        )
    shown: Result = {
        "MinimumPasswordLength": policy.length,
        "RequireSymbols": policy.symbols,
        "RequireNumbers": policy.numbers,
        "RequireUppercaseCharacters": policy.upper,
        "RequireLowercaseCharacters": policy.lower,
        "AllowUsersToChangePassword": policy.self_service,
        "ExpirePasswords": policy.max_age > 0,
    }
    if policy.max_age:
        shown["MaxPasswordAge"] = policy.max_age
    if policy.reuse:
        shown["PasswordReusePrevention"] = policy.reuse
    if policy.hard_expiry != _UNSAID:
        shown["HardExpiry"] = bool(policy.hard_expiry)
    return {"PasswordPolicy": shown}


def delete_policy(call: Call, change: Change) -> Result:
    """The default policy holds again."""
    policy = change.find(PasswordPolicy, call.caller.account)
    if policy is None:
        raise no_such_entity(
            "The account policy with name PasswordPolicy cannot be found."
        )
    change.delete(policy)
    return {}


def require_conforms(view: Reader, user: User, text: str) -> None:
    """Nothing, when the user may have this password.

    Slow on purpose where earlier passwords are forbidden: each is an argon2id hash.

    Raises:
        ServiceError: PasswordPolicyViolation, with one text for every reason.
    """
    policy = view.find(PasswordPolicy, user.account)
    if policy is None:
        fits = _conforms_to_default(user, text)
    else:
        fits = _conforms(policy, text) and not _was_used(view, user, policy, text)
    if not fits:
        raise ServiceError(
            "PasswordPolicyViolation",
            "Password does not conform to the account password policy.",
            400,
        )


def remembered(profile: LoginProfile) -> str:
    """The history of a profile whose password is about to be another one."""
    older = json.loads(profile.history)
    return json.dumps([profile.password_hash, *older][: MOST_REMEMBERED - 1])


def _conforms_to_default(user: User, text: str) -> bool:
    classes = {_class_of(character) for character in text}
    return (
        len(text) >= SHORTEST
        and len(classes) >= FEWEST_CLASSES
        and text.lower() != user.name.lower()
    )


def _conforms(policy: PasswordPolicy, text: str) -> bool:
    asked = {
        "symbol": policy.symbols,
        "digit": policy.numbers,
        "upper": policy.upper,
        "lower": policy.lower,
    }
    has = {"symbol" if one in _SYMBOLS else _class_of(one) for one in text}
    missing = [kind for kind, is_asked in asked.items() if is_asked and kind not in has]
    return len(text) >= policy.length and not missing


def _was_used(view: Reader, user: User, policy: PasswordPolicy, text: str) -> bool:
    """Whether it is one of the last passwords that the policy forbids."""
    profile = view.find(LoginProfile, user.id)
    if profile is None:
        return False
    hashes = [profile.password_hash, *json.loads(profile.history)]
    return any(_is_password(kept, text) for kept in hashes[: policy.reuse])


def _is_password(kept: str, text: str) -> bool:
    try:
        verify_password(kept, Secret(text))
    except WrongPassword:
        return False
    return True


def _class_of(character: str) -> str:
    if not character.isascii():
        return "other"
    if character.isupper():
        return "upper"
    if character.islower():
        return "lower"
    return "digit" if character.isdigit() else "other"


OPERATIONS: Operations = {
    "UpdateAccountPasswordPolicy": ChangeOperation(run=update_policy),
    "GetAccountPasswordPolicy": ReadOperation(run=get_policy),
    "DeleteAccountPasswordPolicy": ChangeOperation(run=delete_policy),
}
