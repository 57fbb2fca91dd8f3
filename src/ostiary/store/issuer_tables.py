"""Tables of tokens for others: the issuer, root access and delegation."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table
from sqlalchemy import UniqueConstraint as Unique

from ostiary.identity import delegation, issuer, root_access
from ostiary.identity.model import Entity
from ostiary.store.columns import metadata, text, time

outbound_federations = Table(
    "outbound_federation",
    metadata,
    text("account", key=True),
    Column("enabled", Boolean, nullable=False),
    time("created"),
    time("changed"),
)
token_signing_keys = Table(
    "token_signing_key",
    metadata,
    text("id", key=True),
    text("algorithm"),
    time("created"),
    text("public"),
    Column("sealed", LargeBinary, nullable=False),
)
root_accesses = Table(
    "root_access",
    metadata,
    text("organization", key=True),
    Column("credentials_management", Boolean, nullable=False),
    Column("sessions", Boolean, nullable=False),
)
root_logins = Table(
    "root_login",
    metadata,
    text("account", key=True),
    time("created"),
)
delegation_requests = Table(
    "delegation_request",
    metadata,
    text("id", key=True),
    text("partner"),
    text("workflow"),
    time("created"),
    text("asked"),
    text("policy"),
    Column("duration", Integer, nullable=False),
    text("owner_account"),
    text("owner"),
    text("approver"),
    text("approver_id"),
    text("state"),
    text("notes"),
    time("updated"),
    time("sent"),
    text("token"),
    Unique("partner", "workflow"),
    Index(None, "owner_account", "id"),
)
sts_preferences = Table(
    "sts_preference",
    metadata,
    text("account", key=True),
    Column("version", Integer, nullable=False),
)

TABLES: dict[type[Entity], Table] = {
    issuer.OutboundFederation: outbound_federations,
    issuer.TokenSigningKey: token_signing_keys,
    root_access.RootAccess: root_accesses,
    root_access.RootLogin: root_logins,
    delegation.DelegationRequest: delegation_requests,
    issuer.STSPreference: sts_preferences,
}
