"""Assertions of identity providers that were used, so that none is used twice."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the new tables."""
