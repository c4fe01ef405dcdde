"""What the submitters of texts are told once a person has decided."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "callbacks",
        sa.Column("hold_id", sa.String, sa.ForeignKey("holds.id"), primary_key=True),
        sa.Column("exchange_id", sa.String, sa.ForeignKey("exchanges.id"), nullable=False),
        sa.Column("token", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", MOMENT),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_index("callbacks_by_state", "callbacks", ["state", "next_at"])
    op.create_index("callbacks_by_token", "callbacks", ["token", "created_at", "hold_id"])
    op.create_index("callbacks_by_exchange", "callbacks", ["exchange_id"])


def downgrade() -> None:
    op.drop_table("callbacks")
