"""Alembic revisions of the records' schema."""
