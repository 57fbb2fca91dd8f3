"""Tokens for other services: signing keys, and what accounts have switched on."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the new tables."""
