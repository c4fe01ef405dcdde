"""Searching holds on SQLite by pairs of characters, as on PostgreSQL since 0010.

`hold_words` gives each hold a number of its own: a table's rowid may change when the file is vacuumed or
written anew from a dump, and the index keeps nothing else of a hold. Triggers keep it, whoever writes; the
pairs themselves come from a function of ours that every connection for writing has (app.storage.engines).
"""

import sqlalchemy as sa
from alembic import op

from app.core.errors import ConfigError

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
compatible_back_to = {"postgresql": "0013"}
"""Nothing changes there. On SQLite an older guard could not write a hold: it has no pairs_of."""

TABLES = [
    "CREATE TABLE hold_words (number INTEGER PRIMARY KEY, hold_id VARCHAR NOT NULL UNIQUE)",
    """
    CREATE VIRTUAL TABLE hold_pairs
    USING fts5(pairs, content='', detail=none, columnsize=0, tokenize='ascii')
    """,
]
"""The index alone, without the words and without their places: 0.3 KB for a hold."""

ADD = """
    INSERT INTO hold_words (hold_id) VALUES (NEW.id);
    INSERT INTO hold_pairs (rowid, pairs)
        SELECT number, pairs_of(NEW.search) FROM hold_words WHERE hold_id = NEW.id;
"""
TAKE_OUT = """
    INSERT INTO hold_pairs (hold_pairs, rowid, pairs)
        SELECT 'delete', number, pairs_of(OLD.search) FROM hold_words WHERE hold_id = OLD.id;
    DELETE FROM hold_words WHERE hold_id = OLD.id;
"""
TRIGGERS = {
    "hold_words_come": f"AFTER INSERT ON holds BEGIN {ADD} END",
    "hold_words_go": f"AFTER DELETE ON holds BEGIN {TAKE_OUT} END",
    "hold_words_change": f"AFTER UPDATE OF id, search ON holds BEGIN {TAKE_OUT} {ADD} END",
}
FILL = [
    "INSERT INTO hold_words (hold_id) SELECT id FROM holds ORDER BY id",
    "INSERT INTO hold_pairs (rowid, pairs) "
    "SELECT number, pairs_of(search) FROM hold_words CROSS JOIN holds ON holds.id = hold_id ORDER BY number",
]


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        return
    if not bind.exec_driver_sql("SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'").scalar_one():
        raise ConfigError(
            "this Python's SQLite has no full-text search (FTS5), which the records need: "
            "install a Python whose sqlite3 has it, or keep the records on PostgreSQL"
        )
    for statement in (*TABLES, *FILL):
        op.execute(sa.text(statement))
    for name, what in TRIGGERS.items():
        op.execute(sa.text(f"CREATE TRIGGER {name} {what}"))


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name}")
    op.execute("DROP TABLE hold_pairs")
    op.execute("DROP TABLE hold_words")
