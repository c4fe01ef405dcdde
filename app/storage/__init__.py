"""The records: one schema, one implementation, SQLite and PostgreSQL."""
