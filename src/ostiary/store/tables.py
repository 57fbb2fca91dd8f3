"""The schema: a table per entity, columns named as the entity's fields.

Only what SQLite and PostgreSQL share. Times are whole seconds; tags are JSON.
`name_key` is the name in ASCII lower case, since names are unique without
regard to case (facts 10.1).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from ostiary.identity import holdings, model
from ostiary.store import (
    assertions,
    issuer_tables,
    last_use_tables,
    organization_tables,
)
from ostiary.store.columns import metadata
from ostiary.store.columns import text as _text
from ostiary.store.columns import time as _time

__all__ = ["HEAD", "KINDS", "TABLES", "metadata"]

HEAD = "0007"
"""The newest migration; a test holds it in step with the migrations folder."""


def _user() -> Column[str]:
    """A column that names a user, who cannot go while the row is there (T99)."""
    return Column("user", Text, ForeignKey("iam_user.id"), nullable=False)


def _named(table: str, *columns: Column[Any]) -> Table:
    """A table of entities that have an id, and a name unique in their account."""
    return Table(
        table,
        metadata,
        _text("id", key=True),
        _text("account"),
        _text("name"),
        _text("name_key"),
        _text("path"),
        _time("created"),
        *columns,
        UniqueConstraint("account", "name_key"),
    )


accounts = Table(
    "account",
    metadata,
    _text("id", key=True),
    _text("name"),
    _text("name_key"),
    _text("alias"),
    _time("created"),
    _time("closed"),
    UniqueConstraint("name_key"),
)
users = _named("iam_user", _text("tags"), _text("boundary"))
groups = _named("iam_group")
roles = _named(
    "iam_role",
    _text("description"),
    _text("trust"),
    Column("max_session", Integer, nullable=False),
    _text("tags"),
    _text("boundary"),
)
Index(None, users.c.account, users.c.boundary, users.c.name_key)
Index(None, roles.c.account, roles.c.boundary, roles.c.name_key)
policies = Table(
    "policy",
    metadata,
    _text("arn", key=True),
    _text("id"),
    _text("account"),
    _text("name"),
    _text("name_key"),
    _text("path"),
    _time("created"),
    _time("updated"),
    _text("description"),
    Column("default_version", Integer, nullable=False),
    Column("next_version", Integer, nullable=False),
    _text("tags"),
    UniqueConstraint("account", "name_key"),
)
policy_versions = Table(
    "policy_version",
    metadata,
    Column("policy", Text, ForeignKey("policy.arn"), primary_key=True),
    Column("number", Integer, primary_key=True),
    _text("text"),
    _time("created"),
)
inline_policies = Table(
    "inline_policy",
    metadata,
    _text("owner", key=True),
    _text("name", key=True),
    _text("text"),
)
attachments = Table(
    "attachment",
    metadata,
    _text("account"),
    _text("owner", key=True),
    Column("policy", Text, ForeignKey("policy.arn"), primary_key=True),
    Index(None, "policy", "account", "owner"),
)
memberships = Table(
    "membership",
    metadata,
    Column("user", Text, ForeignKey("iam_user.id"), primary_key=True),
    Column("group", Text, ForeignKey("iam_group.id"), primary_key=True),
    Index(None, "group", "user"),
)
access_keys = Table(
    "access_key",
    metadata,
    _text("id", key=True),
    _text("account"),
    _text("user"),
    Column("secret", LargeBinary, nullable=False),
    Column("status", String(16), nullable=False),
    _time("created"),
    Index(None, "account", "user"),
)
login_profiles = Table(
    "login_profile",
    metadata,
    Column("user", Text, ForeignKey("iam_user.id"), primary_key=True),
    _text("password_hash"),
    Column("reset_required", Boolean, nullable=False),
    _time("created"),
    _time("changed"),
    _text("history"),
)
mfa_devices = Table(
    "mfa_device",
    metadata,
    _text("serial", key=True),
    _text("account"),
    Column("kind", String(16), nullable=False),
    _text("id"),
    Column("seed", LargeBinary, nullable=False),
    _text("user"),
    _time("created"),
    _time("enabled"),
    Column("drift", Integer, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    _text("tags"),
    Index(None, "account", "serial"),
    Index(None, "account", "user"),
)
resource_policies = Table(
    "resource_policy",
    metadata,
    _text("arn", key=True),
    _text("account"),
    _text("text"),
    _time("updated"),
)
owned_resources = Table(
    "owned_resource",
    metadata,
    _text("arn", key=True),
    _text("account"),
    _time("created"),
    _text("state"),
    Index(None, "account"),
)
instance_profiles = _named("instance_profile", _text("role"), _text("tags"))
Index(None, instance_profiles.c.role, instance_profiles.c.name_key)
oidc_providers = Table(
    "oidc_provider",
    metadata,
    _text("arn", key=True),
    _text("account"),
    _text("url"),
    _text("clients"),
    _text("thumbprints"),
    _time("created"),
    _text("tags"),
    Index(None, "account", "arn"),
)
saml_providers = Table(
    "saml_provider",
    metadata,
    _text("arn", key=True),
    _text("account"),
    _text("name"),
    _text("id"),
    _text("metadata"),
    _time("created"),
    _time("valid_until"),
    _text("tags"),
    Index(None, "account", "arn"),
)
server_certificates = _named(
    "server_certificate",
    _time("expires"),
    _text("body"),
    _text("chain"),
    Column("private_key", LargeBinary, nullable=False),
    _text("tags"),
)
signing_certificates = Table(
    "signing_certificate",
    metadata,
    _text("id", key=True),
    _text("account"),
    _user(),
    _text("body"),
    _text("fingerprint"),
    _text("status"),
    _time("created"),
    UniqueConstraint("account", "fingerprint"),
    Index(None, "user", "id"),
)
ssh_public_keys = Table(
    "ssh_public_key",
    metadata,
    _text("id", key=True),
    _text("account"),
    _user(),
    _text("body"),
    _text("fingerprint"),
    _text("status"),
    _time("created"),
    UniqueConstraint("user", "fingerprint"),
    Index(None, "user", "id"),
)
service_credentials = Table(
    "service_credential",
    metadata,
    _text("id", key=True),
    _text("account"),
    _user(),
    _text("service"),
    _text("name"),
    Column("secret", LargeBinary, nullable=False),
    _text("status"),
    _time("created"),
    _time("expires"),
    Index(None, "account", "id"),
    Index(None, "user", "id"),
)
password_policies = Table(
    "password_policy",
    metadata,
    _text("account", key=True),
    Column("length", Integer, nullable=False),
    Column("symbols", Boolean, nullable=False),
    Column("numbers", Boolean, nullable=False),
    Column("upper", Boolean, nullable=False),
    Column("lower", Boolean, nullable=False),
    Column("self_service", Boolean, nullable=False),
    Column("max_age", Integer, nullable=False),
    Column("reuse", Integer, nullable=False),
    Column("hard_expiry", Integer, nullable=False),
)
credential_reports = Table(
    "credential_report",
    metadata,
    _text("account", key=True),
    _time("created"),
    _text("content"),
)
deletion_tasks = Table(
    "deletion_task",
    metadata,
    _text("id", key=True),
    _text("account"),
    _time("created"),
)
sealing_keys = Table(
    "sealing_key",
    metadata,
    _text("id", key=True),
    _time("created"),
    Column("sealed", LargeBinary, nullable=False),
)

revisions = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("current", BigInteger, nullable=False),
)
"""One row: the counter that every change locks first."""

changes = Table(
    "change",
    metadata,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    _text("kind"),
    _text("key"),
)
tries = Table(
    "mfa_try",
    metadata,
    _text("device", key=True),
    _text("credential", key=True),
    Column("failures", Integer, nullable=False),
    _time("last_failure_at"),
    _time("last_success_at"),
)
audit = Table(
    "audit",
    metadata,
    Column(
        "id",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    _text("request_id"),
    _text("writer"),
    _text("record"),
    Index(None, "request_id"),
    sqlite_autoincrement=True,
)
"""Records of changes, each until its writer's log on disk has it, too."""

TABLES: dict[type[model.Entity], Table] = {
    model.Account: accounts,
    model.User: users,
    model.Group: groups,
    model.Role: roles,
    model.Policy: policies,
    model.PolicyVersion: policy_versions,
    model.InlinePolicy: inline_policies,
    model.Attachment: attachments,
    model.Membership: memberships,
    model.AccessKey: access_keys,
    model.LoginProfile: login_profiles,
    model.MFADevice: mfa_devices,
    model.ResourcePolicy: resource_policies,
    model.OwnedResource: owned_resources,
    model.SealingKey: sealing_keys,
    holdings.InstanceProfile: instance_profiles,
    holdings.OIDCProvider: oidc_providers,
    holdings.SAMLProvider: saml_providers,
    holdings.ServerCertificate: server_certificates,
    holdings.SigningCertificate: signing_certificates,
    holdings.SSHPublicKey: ssh_public_keys,
    holdings.ServiceCredential: service_credentials,
    holdings.PasswordPolicy: password_policies,
    holdings.CredentialReport: credential_reports,
    holdings.DeletionTask: deletion_tasks,
    **organization_tables.TABLES,
    **issuer_tables.TABLES,
    **last_use_tables.TABLES,
}
KINDS = {kind.__name__: kind for kind in TABLES}

OF_NO_ENTITY = (assertions.used_assertions,)
"""Named here so that a new database gets them with the rest."""
