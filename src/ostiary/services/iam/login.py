"""Console passwords: one to a user, kept as an argon2id hash (ASVS 11.4.2).

A password is in no answer, no log and no error, whether it was taken or not.
Hashing is slow on purpose, so it is done before the change: whoever sends passwords
in numbers keeps no other change waiting (P8).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ostiary.identity.model import LoginProfile, User
from ostiary.identity.passwords import WrongPassword, hash_password, verify_password
from ostiary.identity.secret import Secret
from ostiary.policy import PrincipalKind
from ostiary.services import guesses
from ostiary.services.errors import (
    ServiceError,
    already_exists,
    no_such_entity,
    validation_error,
)
from ostiary.services.guesses import (
    Guess,
    GuessError,
    Mark,
    NoTryLeft,
    credential_of,
    password_of,
)
from ostiary.services.iam import root_session
from ostiary.services.iam.owners import USER, get_owner, get_target_user
from ostiary.services.iam.password_policy import remembered, require_conforms
from ostiary.services.iam.signin import require_no_signin_limit
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
    SlowChangeOperation,
    Toll,
)
from ostiary.store.port import Change, Ledger, Reader

Finish = Callable[[Change], Result]
"""The change itself, once the slow part is done."""


def create_login_profile(call: Call, view: Reader) -> Finish:
    """The user gets a password."""
    if root_session.is_about_root(call):
        return partial(root_session.create_login, call)
    require_no_signin_limit(call)
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
    if root_session.is_about_root(call):
        return root_session.get_login(call, view)
    user = get_target_user(call, view)
    return {"LoginProfile": _shown(_profile(view, user), user)}


def update_login_profile(call: Call, view: Reader) -> Finish:
    """The user gets another password, or must choose one, or need not any more."""
    require_no_signin_limit(call)
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
            change.clear_tries(password_of(profile.user))
        change.replace(profile)
        return {}

    return finish


def delete_login_profile(call: Call, change: Change) -> Result:
    """The user has no password."""
    if root_session.is_about_root(call):
        return root_session.delete_login(call, change)
    user = get_target_user(call, change)
    change.delete(_profile(change, user))
    change.clear_tries(password_of(user.id))
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
        raise WrongOldPasswordError(Mark.WRONG, is_alarming=False) from None
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


class WrongOldPasswordError(GuessError):
    """The old password is wrong, or is not looked at now; the words are the same."""

    what = "password"

    def __init__(self, mark: Mark, retry_after: int = 0, *, is_alarming: bool) -> None:
        message = "The old password was incorrect."
        super().__init__(message, mark, retry_after, is_alarming=is_alarming)


def _pay(call: Call, ledger: Ledger) -> None:
    """A try at the caller's password is paid for, when there is one to be guessed."""
    if ledger.login(call.caller.user_id) is None:
        return
    try:
        guesses.pay(ledger, _guess(call))
    except NoTryLeft as none:
        raise WrongOldPasswordError(
            none.mark, none.retry_after, is_alarming=none.is_alarming
        ) from None


def _settle(call: Call, ledger: Ledger) -> None:
    """The old password was right."""
    if ledger.login(call.caller.user_id) is not None:
        guesses.succeed(ledger, _guess(call))


def _guess(call: Call) -> Guess:
    return Guess(
        at=password_of(call.caller.user_id),
        credential=credential_of(call.caller),
        now=call.now,
    )


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
    "ChangePassword": SlowChangeOperation(
        prepare=change_password, toll=Toll(pay=_pay, settle=_settle)
    ),
    "CreateLoginProfile": SlowChangeOperation(prepare=create_login_profile),
    "DeleteLoginProfile": ChangeOperation(run=delete_login_profile),
    "GetLoginProfile": ReadOperation(run=get_login_profile),
    "UpdateLoginProfile": SlowChangeOperation(prepare=update_login_profile),
}
