"""Sessions whose end nobody waits for.

They are sealed with the server's own keys, as the server itself would have sealed
them then; from outside no such token can be made.
"""

import time
from typing import Any

from ostiary.config import read_settings
from ostiary.identity import ids
from ostiary.identity.session import Session, SessionKind
from ostiary.server.home import open_home
from tests.e2e.server import Server
from tests.e2e.world import Credentials, Person


def session_token(
    server: Server, user: Person, *, mfa: bool, seconds: float, **more: Any
) -> Credentials:
    """What GetSessionToken gave the user, to end in some seconds (or some ago)."""
    home = open_home(read_settings({}, server.home))
    ends = int(time.time() + seconds)
    issued = ends - 3600
    session = Session(
        **{
            "access_key_id": ids.access_key_id(home.mint, user.account.id, "ASIA"),
            "kind": SessionKind.SESSION_TOKEN,
            "account": user.account.id,
            "principal": user.id,
            "name": "",
            "issued_at": issued,
            "expires_at": ends,
            "mfa_at": issued if mfa else None,
            "issuer": user.credentials.key_id,
            "source_identity": "",
            "tags": (),
            "transitive": (),
            "policy": None,
            "policy_arns": (),
            **more,
        }
    )
    token, secret = home.vault.current.seal_session(session, home.mint)
    return Credentials(session.access_key_id, secret.reveal(), token)
