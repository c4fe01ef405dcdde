"""The records: exchanges, holds, deliveries, the audit chain."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _exchanges()
    _holds()
    _deliveries()
    _audit()
    pulse = op.create_table(
        "pulse",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("beat", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(pulse, [{"id": 1, "beat": 0}])


def _exchanges() -> None:
    op.create_table(
        "exchanges",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("message_key", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("claimed_until", MOMENT, nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("window_closes_at", MOMENT),
        sa.Column("window_messages", sa.Integer),
        sa.Column("departed", sa.Boolean, nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("bot", sa.Text, nullable=False),
        sa.Column("reply", sa.Text),
        sa.Column("verdict", sa.Text),
        sa.Column("answer", sa.Text),
        sa.Column("finished_at", MOMENT),
        sa.Column("bot_seconds", sa.Float),
        sa.Column("check_seconds", sa.Float),
        sa.Column("why", sa.Text, nullable=False),
        sa.UniqueConstraint("channel", "message_key", name="exchanges_by_message"),
    )
    op.create_index("exchanges_by_follower", "exchanges", ["channel", "user_id", "received_at"])
    op.create_index("exchanges_by_state", "exchanges", ["state", "received_at", "id"])


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("exchange_id", sa.String, sa.ForeignKey("exchanges.id"), nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("deliver_by", MOMENT),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("reviewable", sa.Boolean, nullable=False),
        sa.Column("claimed_by", sa.Text, nullable=False),
        sa.Column("claimed_until", MOMENT),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", MOMENT),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("transferred_to", sa.Text, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("final", sa.Text),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
    )
    op.create_index("holds_by_state", "holds", ["state", "deliver_by"])
    op.create_index("holds_by_follower", "holds", ["channel", "user_id", "state"])
    op.create_index("holds_by_exchange", "holds", ["exchange_id"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("exchange_id", sa.String, sa.ForeignKey("exchanges.id"), nullable=False),
        sa.Column("hold_id", sa.String, sa.ForeignKey("holds.id")),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("deliver_by", MOMENT, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", MOMENT),
        sa.Column("leased_until", MOMENT),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
    )
    op.create_index("deliveries_by_state", "deliveries", ["state", "next_at"])
    op.create_index("deliveries_by_follower", "deliveries", ["channel", "user_id", "state", "created_at"])
    op.create_index("deliveries_by_exchange", "deliveries", ["exchange_id"])
    op.create_index("deliveries_by_hold", "deliveries", ["hold_id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    op.create_index("audit_by_subject", "audit", ["subject", "seq"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": ""}])
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER audit_no_{act} BEFORE {act} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END"
        for act in ("update", "delete")
    ],
    "postgresql": [
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail is only appended to'; END $$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    ],
}
"""No row may be changed or taken away, whoever asks."""


def downgrade() -> None:
    raise NotImplementedError("records are never downgraded: restore the backup made before the upgrade")
