"""Holds by when they were made, for figures of a period."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("holds_by_creation", "holds", ["created_at"])


def downgrade() -> None:
    op.drop_index("holds_by_creation", "holds")
