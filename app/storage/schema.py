"""The tables. What is filtered or sorted has a column of its own; the rest of a record is JSON text."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from app.storage.columns import Moment, Name, Words

metadata = MetaData()

exchanges = Table(
    "exchanges",
    metadata,
    Column("id", Name, primary_key=True),
    Column("channel", Name, nullable=False),
    Column("message_key", Words, nullable=False),
    Column("user_id", Words, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("digest", String, nullable=False),
    Column("state", String, nullable=False),
    Column("claimed_until", Moment, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("window_closes_at", Moment),
    Column("window_messages", Integer),
    Column("departed", Boolean, nullable=False),
    Column("asked", Words, nullable=False),
    Column("said", Words, nullable=False),
    Column("message", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("bot", Words, nullable=False),
    Column("reply", Text),
    Column("verdict", Text),
    Column("answer", Text),
    Column("finished_at", Moment),
    Column("bot_seconds", Float),
    Column("check_seconds", Float),
    Column("why", Words, nullable=False),
    UniqueConstraint("channel", "message_key", name="exchanges_by_message"),
    Index("exchanges_by_follower", "channel", "user_id", "received_at"),
    Index("exchanges_by_state", "state", "received_at", "id"),
)

holds = Table(
    "holds",
    metadata,
    Column("id", Name, primary_key=True),
    Column("exchange_id", ForeignKey("exchanges.id"), nullable=False),
    Column("channel", Name, nullable=False),
    Column("user_id", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("state", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("deliver_by", Moment),
    Column("decide_by", Moment),
    Column("due_at", Moment, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("categories", Name, nullable=False),
    Column("likeness", Name, nullable=False),
    Column("reviewable", Boolean, nullable=False),
    Column("claimed_by", Words, nullable=False),
    Column("claimed_until", Moment),
    Column("decided_by", Words, nullable=False),
    Column("decided_at", Moment),
    Column("reason", Words, nullable=False),
    Column("transferred_to", Words, nullable=False),
    Column("reply", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("final", Text),
    Column("notes", Text, nullable=False),
    Column("draft", Text),
    Column("search", Words, nullable=False),
    Index("holds_by_state", "state", "deliver_by"),
    Index("holds_by_follower", "channel", "user_id", "state"),
    Index("holds_by_exchange", "exchange_id"),
    Index("holds_by_creation", "created_at", "channel"),
    Index("holds_by_likeness", "channel", "likeness", "open"),
    Index("holds_by_decision", "open", "decided_at", "id"),
)
Index("holds_by_due", holds.c.open, holds.c.due_at, holds.c.severity.desc(), holds.c.created_at, holds.c.id)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Name, primary_key=True),
    Column("exchange_id", ForeignKey("exchanges.id"), nullable=False),
    Column("hold_id", ForeignKey("holds.id")),
    Column("channel", Name, nullable=False),
    Column("user_id", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("deliver_by", Moment, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment),
    Column("leased_until", Moment),
    Column("fence", Integer, nullable=False),
    Column("finished_at", Moment),
    Column("why", Words, nullable=False),
    Column("receipt", Words, nullable=False, server_default=""),
    Column("reply", Text, nullable=False),
    Index("deliveries_by_state", "state", "next_at"),
    Index("deliveries_by_age", "state", "created_at", "id"),
    Index("deliveries_by_follower", "channel", "user_id", "state", "created_at"),
    Index("deliveries_by_exchange", "exchange_id"),
    Index("deliveries_by_hold", "hold_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("before", Words, nullable=False),
    Column("after", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("previous_hash", String, nullable=False),
    Column("hash", String, nullable=False),
    Index("audit_by_subject", "subject", "seq"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String, nullable=False),
)
"""One row: where the chain ends. Locked by whoever appends; shows when the newest entries are gone."""

audit_anchor = Table(
    "audit_anchor",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String, nullable=False),
)
"""One row: the newest entry that lies in an archive alone; what is left of the chain begins after it."""

pulse = Table(
    "pulse",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("beat", BigInteger, nullable=False),
)
"""One row, written to see whether writing works."""

users = Table(
    "users",
    metadata,
    Column("name", Name, primary_key=True),
    Column("role", String, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("channels", Text),
    Column("totp_secret", String, nullable=False),
    Column("totp_step", BigInteger, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", Name, primary_key=True),
    Column("user", ForeignKey("users.name"), nullable=False),
    Column("csrf", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Index("sessions_by_user", "user"),
)

stops = Table(
    "stops",
    metadata,
    Column("channel", Name, primary_key=True),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Words, nullable=False),
)

work_orders = Table(
    "work_orders",
    metadata,
    Column("hold_id", ForeignKey("holds.id"), primary_key=True),
    Column("department", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment),
    Column("why", Words, nullable=False),
    Index("work_orders_by_state", "state", "next_at"),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("hold_id", ForeignKey("holds.id"), primary_key=True),
    Column("exchange_id", ForeignKey("exchanges.id"), nullable=False),
    Column("token", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("body", Words, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment),
    Column("why", Words, nullable=False),
    Index("callbacks_by_state", "state", "next_at"),
    Index("callbacks_by_token", "token", "created_at", "hold_id"),
    Index("callbacks_by_exchange", "exchange_id"),
)

handovers = Table(
    "handovers",
    metadata,
    Column("id", Name, primary_key=True),
    Column("from_user", Name, nullable=False),
    Column("to_user", Name, nullable=False),
    Column("written_at", Moment, nullable=False),
    Column("taken_at", Moment),
    Column("notes", Words, nullable=False),
    Column("facts", Text, nullable=False),
    Index("handovers_by_time", "written_at"),
)

vendor_tokens = Table(
    "vendor_tokens",
    metadata,
    Column("hash", Name, primary_key=True),
    Column("vendor", Name, nullable=False),
    Column("channel", Name, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("vendor_tokens_by_vendor", "vendor"),
)

vendor_revocations = Table(
    "vendor_revocations",
    metadata,
    Column("vendor", Name, primary_key=True),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Words, nullable=False),
)

takeovers = Table(
    "takeovers",
    metadata,
    Column("channel", Name, primary_key=True),
    Column("user_id", Words, primary_key=True),
    Column("reason", String, nullable=False),
    Column("since", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Index("takeovers_by_time", "last_at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", String, primary_key=True),
    Column("channel", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("key", Words, nullable=False),
    Column("detail", Words, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("raised", Integer, nullable=False),
    Column("over_at", Moment),
    Column("acknowledged_by", Words, nullable=False),
    Column("acknowledged_at", Moment),
    Column("reason", Words, nullable=False),
    Index("alerts_by_key", "channel", "kind", "key"),
    Index("alerts_by_acknowledgement", "acknowledged_at", "last_at"),
)
"""Ways past the guard that were noticed."""

registries = Table(
    "registries",
    metadata,
    Column("id", String, primary_key=True),
    Column("channel", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("speakers", Text, nullable=False),
    Column("confirmed_by", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Index("registries_by_channel", "channel", "at"),
)
"""Who may speak on a channel, each time somebody put it down."""

checklist_ticks = Table(
    "checklist_ticks",
    metadata,
    Column("id", String, primary_key=True),
    Column("channel", String, nullable=False),
    Column("item", String, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Words, nullable=False),
    Index("checklist_ticks_by_item", "channel", "item", "at"),
)

watch_marks = Table(
    "watch_marks",
    metadata,
    Column("channel", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", Words, nullable=False),
    Column("at", Moment, nullable=False),
)
"""How far what the platform shows was looked through, and what a canary's last report said."""

rulesets = Table(
    "rulesets",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("version", Name, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("proposed_at", Moment, nullable=False),
    Column("proposed_by", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("effective_at", Moment),
    Column("withdrawn_at", Moment),
)

replicas = Table(
    "replicas",
    metadata,
    Column("id", Name, primary_key=True),
    Column("host", Words, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("release", Name, nullable=False),
    Column("number", Integer, nullable=False),
    Column("version", Name, nullable=False),
    Column("ready_for", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("trouble", Words, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

compatibility = Table(
    "compatibility",
    metadata,
    Column("revision", Name, primary_key=True),
    Column("back_to", Name, nullable=False),
)

counted_days = Table(
    "counted_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("announced_at", Moment, nullable=False),
)
"""Days that are over, in China's time. Version 0: announced, not counted yet."""

day_changes = Table(
    "day_changes",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("day", Date, nullable=False),
    Index("day_changes_by_day", "day"),
)
"""Triggers note here what changes of a day that was announced."""

day_figures = Table(
    "day_figures",
    metadata,
    Column("day", Date, primary_key=True),
    Column("channel", Name, primary_key=True),
    Column("counts", Text, nullable=False),
    Column("citizens", LargeBinary, nullable=False),
)
