"""Searching holds on PostgreSQL by parts of words, where the server lets us.

The extension pg_trgm comes with PostgreSQL and is trusted since 13: whoever may create in the database may
have it. Without it a search reads the queue in its order, as on SQLite.
"""

from alembic import op

revision = "0010"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    # In a block of its own: a refusal (no such extension here, no right to it) undoes nothing else.
    op.execute(
        """
        DO $$ BEGIN
            CREATE EXTENSION IF NOT EXISTS pg_trgm;
            CREATE INDEX holds_by_search ON holds USING gin (search gin_trgm_ops);
        EXCEPTION
            WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
                RAISE NOTICE 'no pg_trgm: a search reads the queue in its order';
        END $$
        """
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX IF EXISTS holds_by_search")
