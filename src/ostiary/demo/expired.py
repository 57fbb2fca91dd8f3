"""A session that ended an hour ago: nobody wants to wait for one.

It is sealed with the demo's own keys, as the server itself sealed it then; from
outside no such token can be made.
"""

from pathlib import Path

from ostiary.config import read_settings
from ostiary.demo.people import Credentials
from ostiary.identity import ids
from ostiary.identity.session import Session, SessionKind
from ostiary.server.home import open_home
from ostiary.server.system import now

HOUR = 3600


def expired_session(home: Path, account: str, user: str) -> Credentials:
    """What GetSessionToken with MFA gave the user two hours ago, for one hour."""
    installation = open_home(read_settings({}, home))
    found = installation.snapshot.user_named(account, user)
    if found is None:
        raise LookupError(user)
    issued = int(now()) - 2 * HOUR
    session = Session(
        access_key_id=ids.access_key_id(installation.mint, account, "ASIA"),
        kind=SessionKind.SESSION_TOKEN,
        account=account,
        principal=found.id,
        name="",
        issued_at=issued,
        expires_at=issued + HOUR,
        mfa_at=issued,
        issuer="",
        source_identity="",
        tags=(),
        transitive=(),
        policy=None,
        policy_arns=(),
    )
    vault = installation.vault.current
    token, secret = vault.seal_session(session, installation.mint)
    return Credentials(session.access_key_id, secret.reveal(), token)
