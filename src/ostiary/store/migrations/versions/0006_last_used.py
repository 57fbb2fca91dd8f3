"""When entities, keys and permissions were used last."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the new tables."""
