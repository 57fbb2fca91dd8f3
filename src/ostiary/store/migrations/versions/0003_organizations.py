"""Organizations: units, member accounts, their policies."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the new tables."""
