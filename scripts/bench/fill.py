"""A year of records, made quickly: many finished exchanges, their holds, deliveries and audit entries.

`python -m scripts.bench.fill 10000000 --open 1000000 --database URL` fills empty records: seven channels of
unequal size, followers of whom few write much, one seed for chance.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.progress import track
from sqlalchemy import Connection, Table, text

from app.core.audit import START, Link, link, seal
from app.core.model import (
    BodyFormat,
    Category,
    Disposition,
    Envelope,
    Finding,
    Message,
    MessageKind,
    Reply,
    SendWindow,
    Severity,
    Verdict,
)
from app.core.records import AuditEntry, Delivery, DeliveryState, Exchange, ExchangeState, Hold, HoldState
from app.storage.columns import Moment
from app.storage.engines import open_engine
from app.storage.migrate import upgrade
from app.storage.records import audit_values, delivery_values, exchange_values, hold_values
from app.storage.schema import audit, audit_head, deliveries, exchanges, holds

TABLES = (exchanges, holds, deliveries, audit)
CHANNELS = tuple(f"channel-{number}" for number in range(7))
SHARES = (40, 25, 15, 10, 5, 3, 2)
STATES = (
    *([ExchangeState.ANSWERED] * 900),
    *([ExchangeState.QUEUED] * 40),
    *([ExchangeState.HELD] * 30),
    *([ExchangeState.SILENT] * 25),
    *([ExchangeState.CLOSED] * 5),
)
CHUNK = 20_000
MOST_UNANSWERED = 200
ASKED = (
    "请问第{}号窗口几点开门",
    "路灯坏了找谁，编号{}",
    "公积金怎么取，尾号{}",
    "身份证丢了，预约号{}",
    "第{}路车改道了吗",
)
SAID = ("您好，工作日九点至十七点可以办理，请带好证件。", "已收悉，转交相关部门。", "请拨打服务热线咨询。")

Rows = Mapping[Table, Sequence[Mapping[str, Any]]]


@dataclass(slots=True)
class Year:
    """`count` exchanges between `starts` and `ends`; the newest `waiting` that are held are still open."""

    count: int
    waiting: int
    ends: datetime
    followers: int

    def chunks(self) -> Iterator[Rows]:
        chance, end = random.Random(7), START  # noqa: S311  # nothing secret
        step = timedelta(days=365) / self.count
        starts = self.ends - timedelta(days=365)
        for first in range(0, self.count, CHUNK):
            made: dict[Table, list[Mapping[str, Any]]] = {table: [] for table in TABLES}
            for number in range(first, min(self.count, first + CHUNK)):
                end = self._one(number, starts + number * step, chance, made, end)
            yield made

    def _one(
        self,
        number: int,
        at: datetime,
        chance: random.Random,
        made: dict[Table, list[Mapping[str, Any]]],
        end: Link,
    ) -> Link:
        left = self.count - number
        state = ExchangeState.HELD if left <= self.waiting else chance.choice(STATES)
        if left > self.waiting and left - self.waiting <= MOST_UNANSWERED:
            state = ExchangeState.UNANSWERED
        message = self._message(number, at, chance)
        exchange = _exchange(number, message, state, chance)
        made[exchanges].append(exchange_values(exchange))
        if state is ExchangeState.QUEUED:
            made[deliveries].append(delivery_values(_sent(exchange, "")))
        if state is ExchangeState.HELD:
            hold = _hold(exchange, chance, is_open=left <= self.waiting)
            made[holds].append(hold_values(hold))
            if hold.decided_at:
                entry = AuditEntry(
                    hold.decided_at,
                    hold.decided_by,
                    f"hold.{hold.state.value}",
                    f"hold:{hold.id}",
                    "pending",
                    hold.state,
                )
                sealed = seal(entry, end)
                made[audit].append(audit_values(sealed))
                end = link(sealed)
            if hold.state is HoldState.APPROVED:
                made[deliveries].append(delivery_values(_sent(exchange, hold.id)))
        return end

    def _message(self, number: int, at: datetime, chance: random.Random) -> Message:
        return Message(
            channel=chance.choices(CHANNELS, SHARES)[0],
            key=f"MsgId:{24_000_000_000_000_000 + number}",
            account="gh_bench",
            user=f"o{int(self.followers * chance.random() ** 3):027d}",  # few write much
            kind=MessageKind.TEXT,
            text=ASKED[number % len(ASKED)].format(number),
            sent_at=at,
            received_at=at,
            envelope=Envelope(BodyFormat.XML),
            window=SendWindow(at + timedelta(hours=48), 5),
            raw=b"<xml><ToUserName>gh_bench</ToUserName><MsgType>text</MsgType>" + b" " * 200 + b"</xml>",
        )


_RELEASED = Verdict(Disposition.RELEASE, (), "bench")
_HELD = tuple(
    Verdict(Disposition.HOLD, (Finding(f"{category.value}.x", category, severity, "不合规范"),), "bench")
    for category in (Category.TONE, Category.MOCKERY, Category.AUTHORITY, Category.PRIVACY)
    for severity in (Severity.MEDIUM, Severity.HIGH, Severity.LOW)
)
_ENDS = (HoldState.APPROVED, HoldState.APPROVED, HoldState.EDITED, HoldState.REJECTED, HoldState.EXPIRED)


def _exchange(number: int, message: Message, state: ExchangeState, chance: random.Random) -> Exchange:
    at = message.received_at
    reply = None if state is ExchangeState.SILENT else Reply.of(SAID[number % len(SAID)])
    return Exchange(
        f"{int(at.timestamp() * 1_000):012x}{number:020x}",
        message,
        state,
        at + timedelta(seconds=90),
        bot="vendor",
        reply=reply,
        verdict=_HELD[number % len(_HELD)] if state is ExchangeState.HELD else _RELEASED,
        answer=reply if state is ExchangeState.ANSWERED else None,
        finished_at=at + timedelta(seconds=1),
        bot_seconds=chance.random(),
        check_seconds=0.001,
    )


def _hold(exchange: Exchange, chance: random.Random, *, is_open: bool) -> Hold:
    at = exchange.message.received_at
    hold = Hold(
        f"h{exchange.id[1:]}",
        exchange.id,
        exchange.message.channel,
        exchange.message.user,
        exchange.message,
        exchange.reply or Reply.of("呵呵"),
        exchange.verdict or _RELEASED,
        at,
        deliver_by=at + timedelta(hours=48),
        decide_by=at + timedelta(minutes=120),
    )
    if is_open:
        return hold
    state = chance.choice(_ENDS)
    return replace(
        hold, state=state, version=3, decided_by="li", decided_at=at + timedelta(minutes=9), reason="核实"
    )


def _sent(exchange: Exchange, hold_id: str) -> Delivery:
    message = exchange.message
    return Delivery(
        f"d{exchange.id[1:]}",
        exchange.id,
        hold_id,
        message.channel,
        message.user,
        message,
        exchange.reply or Reply.of("您好"),
        message.received_at,
        message.received_at + timedelta(hours=48),
        DeliveryState.DELIVERED,
        attempts=1,
        fence=1,
        finished_at=message.received_at + timedelta(minutes=10),
    )


# --- writing ----------------------------------------------------------------------------------


def fill(url: str, year: Year) -> None:
    """Makes the tables, takes their indexes away, writes, and gives them back."""
    upgrade(url)
    engine = open_engine(url, 30.0, statement_timeout_s=7_200)
    with closing(engine.connect()) as connection:
        sqlite = engine.dialect.name == "sqlite"
        taken = _without_indexes(connection)
        write = _into_sqlite if sqlite else _into_postgresql
        chunks = -(-year.count // CHUNK)
        for made in track(year.chunks(), "一年", total=chunks, disable=not sys.stderr.isatty()):
            with connection.begin():
                for table, rows in made.items():
                    if rows:
                        write(connection, table, rows)
        for statement in track(taken, "索引", disable=not sys.stderr.isatty()):
            connection.execute(text(statement.replace(":", r"\:")))
        end = connection.execute(audit.select().order_by(audit.c.seq.desc()).limit(1)).one_or_none()
        if end is not None:
            connection.execute(audit_head.update().values(seq=end.seq, hash=end.hash))
        connection.commit()
    engine.dispose()


def _without_indexes(connection: Connection) -> Sequence[str]:
    """The statements that make again what was dropped."""
    found = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if connection.dialect.name == "sqlite"
        else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND NOT EXISTS "
        "(SELECT 1 FROM pg_constraint WHERE conname = indexname)"
    ).all()
    wanted = [
        row
        for row in found
        if any(f" {table.name} " in f"{row[1]} ".replace("(", " ").replace(".", " ") for table in TABLES)
    ]
    for name, _ in wanted:
        connection.exec_driver_sql(f'DROP INDEX "{name}"')
    connection.commit()
    return [row[1] for row in wanted]


def _tuples(
    table: Table, rows: Sequence[Mapping[str, Any]], bind: Callable[[Any], Any]
) -> Iterator[tuple[Any, ...]]:
    columns = [(column.name, isinstance(column.type, Moment)) for column in table.c]
    for row in rows:
        yield tuple(bind(row.get(name)) if moment else row.get(name, "") for name, moment in columns)


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.c)


def _into_sqlite(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    bind = Moment().bind_processor(connection.dialect)
    driver: Any = connection.connection.driver_connection
    places = ", ".join("?" * len(table.c))
    statement = f"INSERT INTO {table.name} ({_names(table)}) VALUES ({places})"  # noqa: S608  # our own names
    driver.executemany(statement, _tuples(table, rows, bind))


def _into_postgresql(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({_names(table)}) FROM STDIN") as copy:
        for row in _tuples(table, rows, lambda moment: moment):
            copy.write_row(row)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fills empty records with a year.")
    parser.add_argument("count", type=int, nargs="?", default=200_000, help="exchanges")
    parser.add_argument("--open", type=int, default=20_000, help="open holds among them")
    parser.add_argument("--database", metavar="URL", required=True)
    wanted = parser.parse_args()
    fill(wanted.database, Year(wanted.count, wanted.open, datetime.now(UTC), max(10, wanted.count // 20)))


if __name__ == "__main__":
    main()
