"""The root user's own credentials, as a session of AssumeRoot sees and deletes them.

A root user has no password here that opens anything. Its login profile says that it may
get one, as on AWS, where it allows the recovery of a password.
"""

from ostiary.identity.root_access import RootLogin
from ostiary.identity.session import SessionKind
from ostiary.services.errors import ServiceError, already_exists, no_such_entity
from ostiary.services.errors import validation_error as invalid
from ostiary.services.operation import Call, Result
from ostiary.store.port import Change, Reader


def is_about_root(call: Call) -> bool:
    """Whether a session of AssumeRoot calls, and names no user: it means root."""
    session = call.caller.session
    return (
        session is not None
        and session.kind is SessionKind.ASSUMED_ROOT
        and "UserName" not in call.params
    )


def get_login(call: Call, view: Reader) -> Result:
    """Since when root may get a password; raises NoSuchEntity."""
    return {"LoginProfile": _shown(_login(call, view))}


def create_login(call: Call, change: Change) -> Result:
    """Root may get a password; the call itself sets none."""
    if "Password" in call.params:
        raise invalid("Password must be omitted with an AssumeRoot session.")
    account = call.caller.account
    if change.find(RootLogin, account) is not None:
        raise already_exists(f"Login Profile for user {account} already exists.")
    login = RootLogin(account=account, created=call.now)
    change.insert(login)
    return {"LoginProfile": _shown(login)}


def delete_login(call: Call, change: Change) -> Result:
    """Root has no password and gets none."""
    change.delete(_login(call, change))
    return {}


def no_certificate(call: Call) -> ServiceError:
    """NoSuchEntity: root has no signing certificates here."""
    name = call.text("CertificateId")
    return no_such_entity(f"The Certificate with id {name} cannot be found.")


def _login(call: Call, view: Reader) -> RootLogin:
    account = call.caller.account
    login = view.find(RootLogin, account)
    if login is None:
        raise no_such_entity(f"Login Profile for User {account} cannot be found.")
    return login


def _shown(login: RootLogin) -> Result:
    """The root user has no name; the model wants one, and AWS shows its account."""
    return {
        "UserName": login.account,
        "CreateDate": login.created,
        "PasswordResetRequired": False,
    }
