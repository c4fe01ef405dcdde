"""Rules and policies published for every guard; the guards that follow them; how far back a schema is fit."""

import sqlalchemy as sa
from alembic import op

from app.storage.columns import Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rulesets",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("proposed_at", Moment, nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("effective_at", Moment),
        sa.Column("withdrawn_at", Moment),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "replicas",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("release", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("ready_for", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("trouble", sa.Text, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
    )
    op.create_table(
        "compatibility",
        sa.Column("revision", sa.String, primary_key=True),
        sa.Column("back_to", sa.String, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("compatibility")
    op.drop_table("replicas")
    op.drop_table("rulesets")
