"""When entities, keys and permissions were used last."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the new tables."""
    op.create_table(
        "last_use",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_last_use")),
    )
    op.create_table(
        "action_use",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("principal", "action", name=op.f("pk_action_use")),
    )
    with op.batch_alter_table("action_use", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_action_use_account_action_used"),
            ["account", "action", "used"],
            unique=False,
        )
    op.create_table(
        "access_report",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_report")),
    )
    with op.batch_alter_table("mfa_device", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_mfa_device_account_serial"),
            ["account", "serial"],
            unique=False,
        )
