"""Tokens of vendors that send by themselves, and which vendors are shut out."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "vendor_tokens",
        sa.Column("hash", sa.String, primary_key=True),
        sa.Column("vendor", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
    op.create_index("vendor_tokens_by_vendor", "vendor_tokens", ["vendor"])
    op.create_table(
        "vendor_revocations",
        sa.Column("vendor", sa.String, primary_key=True),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("vendor_revocations")
    op.drop_table("vendor_tokens")
