"""Searching holds on PostgreSQL by pairs of characters.

The extension pg_trgm would need three, and most Chinese words have two: looking for a rare one of two among a
million holds took 4 s with it. Pairs need no extension, no right to one, and no locale.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

PAIRS_OF = """
CREATE FUNCTION pairs_of(words text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS
$$
DECLARE
    pairs text[] := '{}';
    one text;
    before text;
BEGIN
    FOREACH one IN ARRAY string_to_array(lower(words), NULL) LOOP
        IF before IS NOT NULL THEN
            pairs := pairs || (before || one);
        END IF;
        before := one;
    END LOOP;
    RETURN pairs;
END
$$
"""
"""A text holds another only if it holds its pairs. Dear beside LIKE: the planner is told."""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(PAIRS_OF)
        op.execute("CREATE INDEX holds_by_pairs ON holds USING gin (pairs_of(search))")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX holds_by_pairs")
        op.execute("DROP FUNCTION pairs_of(text)")
