"""Accounts that are closed, handshakes of more kinds, and lists that are cut."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add columns and indexes; what is there is open, and an invitation."""
    op.add_column(
        "account",
        sa.Column("closed", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.add_column(
        "handshake",
        sa.Column("action", sa.Text(), nullable=False, server_default="INVITE"),
    )
    op.add_column(
        "handshake",
        sa.Column("parent", sa.Text(), nullable=False, server_default=""),
    )
    with op.batch_alter_table("organization_unit", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_organization_unit_parent_id"),
            ["parent", "id"],
            unique=False,
        )
    with op.batch_alter_table("organization_policy", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_organization_policy_organization_type_id"),
            ["organization", "type", "id"],
            unique=False,
        )
    with op.batch_alter_table("organization_policy_target", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("ix_organization_policy_target_organization_policy")
        )
        batch_op.create_index(
            batch_op.f("ix_organization_policy_target_organization_policy_target"),
            ["organization", "policy", "target"],
            unique=False,
        )
