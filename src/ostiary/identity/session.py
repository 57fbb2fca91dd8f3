"""What a session token holds: the facts fixed when temporary credentials were issued.

Nothing of this can be set by a request header later (facts 2, last line).
"""

from dataclasses import dataclass
from enum import StrEnum

from ostiary.identity.facts import Facts
from ostiary.identity.model import Tags


class SessionKind(StrEnum):
    """Which call issued the temporary credentials."""

    SESSION_TOKEN = "gst"  # noqa: S105 - the name of an operation, GetSessionToken
    ROLE = "role"
    FEDERATED = "fed"
    ASSUMED_ROOT = "root"
    DELEGATED = "del"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One set of temporary credentials, without its secret access key."""

    access_key_id: str
    kind: SessionKind
    account: str
    principal: str
    """Unique id of the user or role; the account id when root asked."""
    name: str
    """Role session name or federated user's name; empty for GetSessionToken."""
    issued_at: int
    expires_at: int
    mfa_at: int | None
    """When a token code was verified for these credentials; None without MFA."""
    issuer: str
    """The access key id that signed the issuing call."""
    source_identity: str
    tags: Tags
    transitive: tuple[str, ...]
    """Tag keys, lower case, that role chaining hands on."""
    policy: str | None
    """The inline session policy's text; None when none was given."""
    policy_arns: tuple[str, ...]
    facts: Facts = ()
    """What the identity provider vouched for; empty for all who have another origin."""
    scopes: tuple[str, ...] = ()
    """Policies that narrow the session further, each by itself; empty for most."""
