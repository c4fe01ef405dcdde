"""Followers whom people answer instead of the bot."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "takeovers",
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
    )
    op.create_index("takeovers_by_time", "takeovers", ["last_at"])


def downgrade() -> None:
    op.drop_table("takeovers")
