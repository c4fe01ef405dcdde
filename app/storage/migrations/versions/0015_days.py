"""Days that are over are counted once; triggers note whatever changes of them afterwards, whoever writes.

What is younger than a day is never noted: no such day is announced (app.storage.days). A citizen's message
costs one comparison more.
"""

import sqlalchemy as sa
from alembic import op

from app.storage.columns import Moment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
compatible_back_to = {"postgresql": "0013", "sqlite": "0014"}

WATCHED = {
    "exchanges": (
        "received_at",
        ("received_at", "channel", "message_key", "user_id", "state", "bot", "bot_seconds"),
    ),
    "holds": ("created_at", ("created_at", "channel", "exchange_id", "state", "categories")),
    "deliveries": ("created_at", ("created_at", "channel", "state")),
}
"""When what is counted was made, and the columns by which it is counted."""

DAY = {
    "sqlite": "date({moment}, '+8 hours')",
    "postgresql": "({moment} AT TIME ZONE INTERVAL '8 hours')::date",
}
OLD = {
    "sqlite": "{moment} < strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 day')",
    "postgresql": "{moment} < now() - INTERVAL '1 day'",
}
NOTE = "INSERT INTO day_changes (day) SELECT day FROM counted_days WHERE day IN ({days})"
ROWS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}


def upgrade() -> None:
    op.create_table(
        "counted_days",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("announced_at", Moment, nullable=False),
    )
    op.create_table(
        "day_changes",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("day", sa.Date, nullable=False),
        sqlite_autoincrement=True,  # a number that was taken out never comes again
    )
    op.create_index("day_changes_by_day", "day_changes", ["day"])
    op.create_table(
        "day_figures",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("citizens", sa.LargeBinary, nullable=False),
    )
    _index_holds("created_at", "channel")
    for table in WATCHED:
        _watch(op.get_bind().dialect.name, table)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for table in WATCHED:
        for event in ROWS:
            on_table = f" ON {table}" if dialect == "postgresql" else ""
            op.execute(f"DROP TRIGGER {table}_note_{event}{on_table}")
        if dialect == "postgresql":
            op.execute(f"DROP FUNCTION note_{table}_change()")
    _index_holds("created_at")
    op.drop_table("day_figures")
    op.drop_table("day_changes")
    op.drop_table("counted_days")


def _index_holds(*columns: str) -> None:
    op.drop_index("holds_by_creation", "holds")
    op.create_index("holds_by_creation", "holds", list(columns))


def _watch(dialect: str, table: str) -> None:
    moment, columns = WATCHED[table]
    for event, rows in ROWS.items():
        when = " OR ".join(OLD[dialect].format(moment=f"{row}.{moment}") for row in rows)
        what = f"UPDATE OF {', '.join(columns)}" if event == "update" else event.upper()
        trigger = f"CREATE TRIGGER {table}_note_{event} AFTER {what} ON {table} FOR EACH ROW WHEN ({when})"
        if dialect == "sqlite":
            op.execute(sa.text(f"{trigger} BEGIN {_note(dialect, table, rows)}; END"))
            continue
        if event == "insert":
            op.execute(_function(table))
        op.execute(f"{trigger} EXECUTE FUNCTION note_{table}_change()")


def _function(table: str) -> str:
    branches = " ".join(
        f"IF TG_OP = '{event.upper()}' THEN {_note('postgresql', table, rows)}; END IF;"
        for event, rows in ROWS.items()
    )
    return (
        f"CREATE FUNCTION note_{table}_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {branches} RETURN NULL; END $$"
    )


def _note(dialect: str, table: str, rows: tuple[str, ...]) -> str:
    day = DAY[dialect]
    days = [day.format(moment=f"{row}.{WATCHED[table][0]}") for row in rows]
    noted = NOTE.format(days=", ".join(days))
    if table != "exchanges" or rows == ROWS["insert"]:
        return noted
    # Holds are counted by the bot that the exchange names; a new one has none.
    created = day.format(moment="created_at")
    held = f"SELECT {created} FROM holds WHERE exchange_id = {rows[0]}.id"  # noqa: S608  # our own names
    return f"{noted} OR day IN ({held})"
