"""Console passwords: one to a user, kept as an argon2id hash (ASVS 11.4.2).

A password is in no answer, no log and no error, whether it was taken or not.
Hashing is slow on purpose, so it is done before the change: whoever sends passwords
in numbers keeps no other change waiting (P8).
"""

from collections.abc import Callable
from dataclasses import replace

from ostiary.identity.model import LoginProfile, User
from ostiary.identity.passwords import WrongPassword, hash_password, verify_password
from ostiary.identity.secret import Secret
from ostiary.policy import PrincipalKind
from ostiary.services.errors import (
    ServiceError,
    access_denied,
    already_exists,
    no_such_entity,
    validation_error,
)
from ostiary.services.iam.owners import USER, get_owner, get_target_user
from ostiary.services.iam.password_policy import remembered, require_conforms
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
"""The change itself, once the slow part is done."""


def create_login_profile(call: Call, view: Reader) -> Finish:
    """The user gets a password."""
    user = _user_without(call, view)
    password_hash = _new_hash(call, view, user, "Password")

    def finish(change: Change) -> Result:
        user = _user_without(call, change)
        profile = LoginProfile(
            user=user.id,
            password_hash=password_hash,
            reset_required=call.flag("PasswordResetRequired"),
            created=call.now,
            changed=call.now,
            history="[]",
        )
        change.insert(profile)
        return {"LoginProfile": _shown(profile, user)}

    return finish


def get_login_profile(call: Call, view: Reader) -> Result:
    """Whether the user has a password, and since when."""
    user = get_target_user(call, view)
    return {"LoginProfile": _shown(_profile(view, user), user)}


def update_login_profile(call: Call, view: Reader) -> Finish:
    """The user gets another password, or must choose one, or need not any more."""
    user = get_owner(USER, call, view)
    _profile(view, user)
    password_hash = ""
    if "Password" in call.params:
        password_hash = _new_hash(call, view, user, "Password")

    def finish(change: Change) -> Result:
        profile = _profile(change, get_owner(USER, call, change))
        reset = call.flag("PasswordResetRequired", default=profile.reset_required)
        profile = replace(profile, reset_required=reset)
        if password_hash:
            profile = _with_password(profile, password_hash, call.now)
        change.replace(profile)
        return {}

    return finish


def delete_login_profile(call: Call, change: Change) -> Result:
    """The user has no password."""
    user = get_target_user(call, change)
    change.delete(_profile(change, user))
    return {}


def change_password(call: Call, view: Reader) -> Finish:
    """The calling user, who tells the old password, gets another."""
    if call.caller.principal.kind is not PrincipalKind.USER:
        raise ServiceError(
            "InvalidUserType", "Only IAM users can change their own password.", 400
        )
    user = get_target_user(call, view)
    known = _profile(view, user).password_hash
    try:
        verify_password(known, Secret(call.text("OldPassword")))
    except WrongPassword:
        raise access_denied("The old password was incorrect.") from None
    password_hash = _new_hash(call, view, user, "NewPassword")

    def finish(change: Change) -> Result:
        profile = _profile(change, user)
        if profile.password_hash != known:
            raise ServiceError(
                "EntityTemporarilyUnmodifiable",
                f"Login Profile for User {user.name} was changed by somebody else.",
                409,
            )
        profile = replace(profile, reset_required=False)
        change.replace(_with_password(profile, password_hash, call.now))
        return {}

    return finish


def _user_without(call: Call, view: Reader) -> User:
    """The user that gets a password; raises EntityAlreadyExists."""
    user = get_target_user(call, view)
    if view.find(LoginProfile, user.id) is not None:
        raise already_exists(f"Login Profile for user {user.name} already exists.")
    return user


def _profile(view: Reader, user: User) -> LoginProfile:
    """The user's password; raises NoSuchEntity."""
    profile = view.find(LoginProfile, user.id)
    if profile is None:
        raise no_such_entity(f"Login Profile for User {user.name} cannot be found.")
    return profile


def _with_password(profile: LoginProfile, password_hash: str, now: int) -> LoginProfile:
    """The profile with another password; the old one is remembered."""
    history = remembered(profile)
    return replace(profile, password_hash=password_hash, changed=now, history=history)


def _new_hash(call: Call, view: Reader, user: User, parameter: str) -> str:
    """The hash of the password that the call sets; slow on purpose.

    Raises:
        ServiceError: ValidationError when there is none; PasswordPolicyViolation when
            the account's policy forbids it.
    """
    text = call.text(parameter)
    if not text:
        raise validation_error(
            f"1 validation error detected: Value at '{parameter[0].lower()}"
            f"{parameter[1:]}' failed to satisfy constraint: Member must not be null"
        )
    require_conforms(view, user, text)
    return hash_password(Secret(text), call.mint)


def _shown(profile: LoginProfile, user: User) -> Result:
    return {
        "UserName": user.name,
        "CreateDate": profile.created,
        "PasswordResetRequired": profile.reset_required,
    }


OPERATIONS: Operations = {
    "ChangePassword": SlowChangeOperation(prepare=change_password),
    "CreateLoginProfile": SlowChangeOperation(prepare=create_login_profile),
    "DeleteLoginProfile": ChangeOperation(run=delete_login_profile),
    "GetLoginProfile": ReadOperation(run=get_login_profile),
    "UpdateLoginProfile": SlowChangeOperation(prepare=update_login_profile),
}
