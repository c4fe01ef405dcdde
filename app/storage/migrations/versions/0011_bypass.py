"""Ways past the guard: alerts, who may speak, the platform's own replies, how far was looked."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("raised", sa.Integer, nullable=False),
        sa.Column("over_at", MOMENT),
        sa.Column("acknowledged_by", sa.Text, nullable=False),
        sa.Column("acknowledged_at", MOMENT),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("alerts_by_key", "alerts", ["channel", "kind", "key"])
    op.create_index("alerts_by_acknowledgement", "alerts", ["acknowledged_at", "last_at"])
    op.create_table(
        "registries",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("speakers", sa.Text, nullable=False),
        sa.Column("confirmed_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("registries_by_channel", "registries", ["channel", "at"])
    op.create_table(
        "checklist_ticks",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("item", sa.String, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("checklist_ticks_by_item", "checklist_ticks", ["channel", "item", "at"])
    op.create_table(
        "watch_marks",
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    for table in ("watch_marks", "checklist_ticks", "registries", "alerts"):
        op.drop_table(table)
