"""Tables of what `identity.last_use` holds."""

from sqlalchemy import Index, Table

from ostiary.identity.last_use import AccessReport
from ostiary.identity.model import Entity
from ostiary.store.columns import metadata, text, time

last_uses = Table(
    "last_use",
    metadata,
    text("subject", key=True),
    time("used"),
    text("service"),
    text("region"),
)
action_uses = Table(
    "action_use",
    metadata,
    text("principal", key=True),
    text("action", key=True),
    text("account"),
    time("used"),
    text("region"),
    Index(None, "account", "action", "used"),
)
access_reports = Table(
    "access_report",
    metadata,
    text("id", key=True),
    text("account"),
    text("asker"),
    time("created"),
    text("kind"),
    text("content"),
)

TABLES: dict[type[Entity], Table] = {AccessReport: access_reports}
