"""The audit trail may lose its oldest part once that lies in an archive; many deliveries listed by age.

What is left of the trail begins at an anchor.

The database itself sees to it that only the oldest entries go, and none younger than the law's six months
(184 days). On PostgreSQL the guard's own role still may not delete any: a function of the owner's does it.
"""

import sqlalchemy as sa
from alembic import op

from app.core.errors import ConfigError

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SQLITE = [
    "DROP TRIGGER audit_no_delete",
    """
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    WHEN OLD.seq > coalesce((SELECT max(seq) FROM audit_anchor), 0)
    BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END
    """,
    """
    CREATE TRIGGER audit_anchor_moves_on BEFORE UPDATE ON audit_anchor
    WHEN NEW.id <> OLD.id OR NEW.seq <= OLD.seq
        OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq AND hash = NEW.hash)
        OR EXISTS (
            SELECT 1 FROM audit
            WHERE seq <= NEW.seq AND at >= strftime('%Y-%m-%d %H:%M:%f', 'now', '-184 days')
        )
    BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END
    """,
    """
    CREATE TRIGGER audit_anchor_is_one BEFORE INSERT ON audit_anchor
    BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END
    """,
    """
    CREATE TRIGGER audit_anchor_stays BEFORE DELETE ON audit_anchor
    BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END
    """,
]

POSTGRESQL = [
    "DROP TRIGGER audit_no_change ON audit",
    """
    CREATE TRIGGER audit_no_change BEFORE UPDATE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
    """,
    """
    CREATE FUNCTION audit_refuse_new() RETURNS trigger
    LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
    BEGIN
        IF OLD.seq > coalesce((SELECT max(seq) FROM audit_anchor), 0) THEN
            RAISE EXCEPTION 'the audit trail is only appended to';
        END IF;
        RETURN OLD;
    END $$
    """,
    """
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_new()
    """,
    """
    CREATE FUNCTION audit_anchor_moves() RETURNS trigger
    LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
    BEGIN
        IF NEW.id <> OLD.id OR NEW.seq <= OLD.seq
            OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq AND hash = NEW.hash)
            OR EXISTS (SELECT 1 FROM audit WHERE seq <= NEW.seq AND at >= now() - interval '184 days')
        THEN
            RAISE EXCEPTION 'the audit trail is only appended to';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER audit_anchor_moves_on BEFORE UPDATE ON audit_anchor
    FOR EACH ROW EXECUTE FUNCTION audit_anchor_moves()
    """,
    """
    CREATE TRIGGER audit_anchor_stays BEFORE INSERT OR DELETE OR TRUNCATE ON audit_anchor
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
    """,
    """
    CREATE FUNCTION audit_forget(through bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    DECLARE
        gone bigint;
    BEGIN
        UPDATE audit_anchor SET seq = through, hash = (SELECT hash FROM audit WHERE seq = through);
        DELETE FROM audit WHERE seq <= through;
        GET DIAGNOSTICS gone = ROW_COUNT;
        RETURN gone;
    END $$
    """,
]
"""By the caller's own search path, a temporary table of his would pass for the trail, in its owner's name."""


def upgrade() -> None:
    anchor = op.create_table(
        "audit_anchor",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    op.create_index("deliveries_by_age", "deliveries", ["state", "created_at", "id"])
    op.bulk_insert(anchor, [{"id": 1, "seq": 0, "hash": ""}])
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        schema = bind.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
        for statement in POSTGRESQL:
            op.execute(statement.format(schema=schema))
    else:
        for statement in SQLITE:
            op.execute(sa.text(statement.replace(":", r"\:")))


def downgrade() -> None:
    bind = op.get_bind()
    if bind.exec_driver_sql("SELECT max(seq) FROM audit_anchor").scalar_one():
        raise ConfigError(
            "the oldest audit entries lie in archives alone: an older version would find the trail broken; "
            "restore the backup made before the upgrade"
        )
    op.drop_index("deliveries_by_age", "deliveries")
    if bind.dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_forget(bigint)")
        op.execute("DROP TRIGGER audit_no_delete ON audit")
        op.execute("DROP TRIGGER audit_no_change ON audit")
        op.execute(
            "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
        )
        op.drop_table("audit_anchor")
        op.execute("DROP FUNCTION audit_anchor_moves()")
        op.execute("DROP FUNCTION audit_refuse_new()")
    else:
        op.execute("DROP TRIGGER audit_no_delete")
        op.drop_table("audit_anchor")
        op.execute(
            "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END"
        )
