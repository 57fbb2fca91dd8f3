"""The schema of organizations; see `store.tables`."""

from typing import Any

from sqlalchemy import Column, Index, Table, UniqueConstraint

from ostiary.identity import organization as org
from ostiary.identity.model import Entity
from ostiary.store.columns import metadata, text, time


def _text(*names: str) -> list[Column[Any]]:
    return [text(name) for name in names]


def _key(*names: str) -> list[Column[Any]]:
    return [text(name, key=True) for name in names]


def _time(*names: str) -> list[Column[Any]]:
    return [time(name) for name in names]


TABLES: dict[type[Entity], Table] = {
    org.Organization: Table(
        "organization",
        metadata,
        *_key("id"),
        *_text("management", "features", "root", "policy_types"),
        *_time("created"),
        *_text("tags"),
        UniqueConstraint("management"),
        UniqueConstraint("root"),
    ),
    org.Unit: Table(
        "organization_unit",
        metadata,
        *_key("id"),
        *_text("organization", "parent", "name"),
        *_time("created"),
        *_text("tags"),
        UniqueConstraint("parent", "name"),
        Index(None, "organization", "id"),
        Index(None, "parent", "id"),
    ),
    org.Member: Table(
        "organization_member",
        metadata,
        *_key("account"),
        *_text("organization", "parent", "name", "email", "method"),
        *_time("joined"),
        *_text("tags"),
        UniqueConstraint("organization", "email"),
        Index(None, "organization", "account"),
        Index(None, "parent", "account"),
    ),
    org.OrganizationPolicy: Table(
        "organization_policy",
        metadata,
        *_key("id"),
        *_text("organization", "type", "name", "description", "text"),
        *_time("created"),
        *_text("tags"),
        UniqueConstraint("organization", "type", "name"),
        Index(None, "organization", "type", "id"),
    ),
    org.PolicyTarget: Table(
        "organization_policy_target",
        metadata,
        *_key("target", "policy"),
        *_text("organization"),
        Index(None, "organization", "policy", "target"),
    ),
    org.AccountCreation: Table(
        "account_creation",
        metadata,
        *_key("id"),
        *_text("organization", "name", "account", "failure"),
        *_time("created"),
        Index(None, "organization", "id"),
    ),
    org.Handshake: Table(
        "handshake",
        metadata,
        *_key("id"),
        *_text("organization", "account", "action", "parent"),
        *_text("target", "state", "notes"),
        *_time("created", "expires"),
        *_text("tags"),
        Index(None, "organization", "id"),
        Index(None, "account", "id"),
    ),
    org.TrustedService: Table(
        "trusted_service",
        metadata,
        *_key("organization", "service"),
        *_time("enabled"),
    ),
    org.Delegation: Table(
        "delegation",
        metadata,
        *_key("account", "service"),
        *_text("organization"),
        *_time("enabled"),
        Index(None, "organization", "account"),
    ),
}
