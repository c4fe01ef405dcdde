"""What the queue is sorted, filtered and grouped by; drafts; work orders; handovers."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NEVER = "9999-12-31 00:00:00.000000"
NEW_COLUMNS = ("decide_by", "due_at", "open", "categories", "likeness", "draft")
BATCH = 1_000


def upgrade() -> None:
    for column in (
        sa.Column("decide_by", MOMENT),
        sa.Column("due_at", MOMENT, nullable=False, server_default=NEVER),
        sa.Column("open", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("categories", sa.String, nullable=False, server_default=" "),
        sa.Column("likeness", sa.String, nullable=False, server_default=""),
        sa.Column("draft", sa.Text),
    ):
        op.add_column("holds", column)
    op.execute("UPDATE holds SET due_at = deliver_by WHERE deliver_by IS NOT NULL")
    holds = sa.table("holds", sa.column("open", sa.Boolean), sa.column("state"))
    op.execute(sa.update(holds).where(holds.c.state.in_(("pending", "claimed"))).values(open=True))
    _name_categories()
    op.create_index("holds_by_due", "holds", ["open", "due_at", sa.text("severity DESC"), "created_at", "id"])
    op.create_index("holds_by_likeness", "holds", ["channel", "likeness", "open"])
    op.create_index("holds_by_decision", "holds", ["open", "decided_at", "id"])
    op.create_table(
        "work_orders",
        sa.Column("hold_id", sa.String, sa.ForeignKey("holds.id"), primary_key=True),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", MOMENT),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_index("work_orders_by_state", "work_orders", ["state", "next_at"])
    op.create_table(
        "handovers",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("from_user", sa.String, nullable=False),
        sa.Column("to_user", sa.String, nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("taken_at", MOMENT),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
    )
    op.create_index("handovers_by_time", "handovers", ["written_at"])


def downgrade() -> None:
    op.drop_table("handovers")
    op.drop_table("work_orders")
    for index in ("holds_by_due", "holds_by_likeness", "holds_by_decision"):
        op.drop_index(index, "holds")
    for column in NEW_COLUMNS:
        op.drop_column("holds", column)


def _name_categories() -> None:
    """Of the findings that stand in the verdicts."""
    connection = op.get_bind()
    holds = sa.table("holds", sa.column("id"), sa.column("verdict"), sa.column("categories"))
    last = ""
    while rows := connection.execute(
        sa.select(holds.c.id, holds.c.verdict).where(holds.c.id > last).order_by(holds.c.id).limit(BATCH)
    ).all():
        last = rows[-1].id
        named = [
            {"of_id": row.id, "names": f" {' '.join(sorted(_categories(row.verdict)))} "} for row in rows
        ]
        change = sa.update(holds).where(holds.c.id == sa.bindparam("of_id"))
        connection.execute(change.values(categories=sa.bindparam("names")), named)


def _categories(verdict: str) -> set[str]:
    return {finding["category"] for finding in json.loads(verdict).get("findings", ())}
