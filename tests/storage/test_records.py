"""Whatever a record says, it is read back as it was written."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert, select

from app.core.errors import StoreError
from app.core.model import (
    Card,
    Cards,
    Category,
    Disposition,
    Envelope,
    Finding,
    Media,
    Menu,
    MenuItem,
    Message,
    Opaque,
    Position,
    Reply,
    SendWindow,
    Severity,
    Span,
    Text,
    Transfer,
    Verdict,
)
from app.core.records import Delivery, DeliveryState, Exchange, ExchangeState, Hold, HoldState, Note
from app.storage import records, schema
from tests import values

WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
COLUMN_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
EXTRA = st.dictionaries(WORDS, WORDS, max_size=3)
WINDOWS = st.builds(SendWindow, TIMES, st.integers(0, 100), st.booleans())

MESSAGES = st.builds(
    Message,
    channel=COLUMN_WORDS,
    key=COLUMN_WORDS,
    user=COLUMN_WORDS,
    account=WORDS,
    sent_at=TIMES,
    received_at=TIMES,
    envelope=st.builds(Envelope, nonce=WORDS),
    raw=st.binary(max_size=40),
    text=WORDS,
    event=WORDS,
    event_key=WORDS,
    kind_name=WORDS,
    extra=EXTRA,
    window=st.none() | WINDOWS,
)
PARTS = st.one_of(
    st.builds(Text, WORDS),
    st.builds(Cards, st.lists(st.builds(Card, WORDS, WORDS, WORDS, WORDS), max_size=3).map(tuple)),
    st.builds(Menu, WORDS, st.lists(st.builds(MenuItem, WORDS, WORDS), max_size=3).map(tuple), WORDS),
    st.builds(Media, media_id=WORDS, title=WORDS, description=WORDS, url=WORDS, extra=EXTRA),
    st.builds(Position, WORDS, WORDS),
    st.builds(Transfer, WORDS),
    st.builds(Opaque, WORDS),
)
REPLIES = st.builds(Reply, st.lists(PARTS, max_size=4).map(tuple))
SPANS = st.lists(st.builds(Span, st.integers(0, 99), st.integers(0, 99)), max_size=3).map(tuple)
FINDINGS = st.builds(
    Finding,
    WORDS,
    st.sampled_from(Category),
    st.sampled_from(Severity),
    WORDS,
    SPANS,
    WORDS,
    st.booleans(),
    WORDS,
    WORDS,
)
VERDICTS = st.builds(Verdict, st.sampled_from(Disposition), st.lists(FINDINGS, max_size=3).map(tuple), WORDS)
EXCHANGES = st.builds(
    Exchange,
    id=st.just("exchange-1"),
    message=MESSAGES,
    state=st.sampled_from(ExchangeState),
    claimed_until=TIMES,
    fence=st.integers(1, 2**31 - 1),
    bot=COLUMN_WORDS,
    reply=st.none() | REPLIES,
    verdict=st.none() | VERDICTS,
    answer=st.none() | REPLIES,
    finished_at=st.none() | TIMES,
    bot_seconds=st.none() | st.floats(0, 100),
    check_seconds=st.none() | st.floats(0, 100),
    why=COLUMN_WORDS,
)


@pytest.fixture(scope="module")
def tables() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        schema.metadata.create_all(connection)
        yield connection
    engine.dispose()


def store_exchange(connection: Connection, exchange: Exchange) -> None:
    for table in (schema.deliveries, schema.holds, schema.exchanges):
        connection.execute(table.delete())
    connection.execute(insert(schema.exchanges), records.exchange_values(exchange))


@given(exchange=EXCHANGES)
def test_an_exchange_comes_back_exactly(tables: Connection, exchange: Exchange) -> None:
    store_exchange(tables, exchange)
    row = tables.execute(select(schema.exchanges)).one()
    assert records.exchange_of(row) == exchange


@given(
    exchange=EXCHANGES,
    hold=st.builds(
        Hold,
        id=st.just("hold-1"),
        exchange_id=st.just("exchange-1"),
        channel=COLUMN_WORDS,
        user=COLUMN_WORDS,
        message=MESSAGES,
        reply=REPLIES,
        verdict=VERDICTS,
        created_at=TIMES,
        state=st.sampled_from(HoldState),
        version=st.integers(1, 2**31 - 1),
        deliver_by=st.none() | TIMES,
        claimed_by=COLUMN_WORDS,
        claimed_until=st.none() | TIMES,
        decided_by=COLUMN_WORDS,
        decided_at=st.none() | TIMES,
        reason=COLUMN_WORDS,
        transferred_to=COLUMN_WORDS,
        final=st.none() | REPLIES,
        notes=st.lists(st.builds(Note, TIMES, WORDS, WORDS), max_size=3).map(tuple),
    ),
)
def test_a_hold_comes_back_exactly(tables: Connection, exchange: Exchange, hold: Hold) -> None:
    hold = replace(hold, message=exchange.message)
    store_exchange(tables, exchange)
    tables.execute(insert(schema.holds), records.hold_values(hold))
    columns = (schema.holds, schema.exchanges.c.message, schema.exchanges.c.raw)
    row = tables.execute(select(*columns).join(schema.exchanges)).one()
    assert records.hold_of(row) == hold


@given(
    exchange=EXCHANGES,
    delivery=st.builds(
        Delivery,
        id=st.just("delivery-1"),
        exchange_id=st.just("exchange-1"),
        hold_id=st.just(""),
        channel=COLUMN_WORDS,
        user=COLUMN_WORDS,
        message=MESSAGES,
        reply=REPLIES,
        created_at=TIMES,
        deliver_by=TIMES,
        state=st.sampled_from(DeliveryState),
        attempts=st.integers(0, 100),
        next_at=st.none() | TIMES,
        leased_until=st.none() | TIMES,
        fence=st.integers(0, 100),
        finished_at=st.none() | TIMES,
        why=COLUMN_WORDS,
    ),
)
def test_a_delivery_comes_back_exactly(tables: Connection, exchange: Exchange, delivery: Delivery) -> None:
    delivery = replace(delivery, message=exchange.message)
    store_exchange(tables, exchange)
    tables.execute(insert(schema.deliveries), records.delivery_values(delivery))
    columns = (schema.deliveries, schema.exchanges.c.message, schema.exchanges.c.raw)
    row = tables.execute(select(*columns).join(schema.exchanges)).one()
    assert records.delivery_of(row) == delivery


@given(text=st.text(max_size=20))
def test_whatever_the_text_its_spans_still_fit(tables: Connection, text: str) -> None:
    """Also where it holds half a surrogate pair, which no database takes."""
    exchange = replace(values.exchange(), reply=Reply.of(text))
    store_exchange(tables, exchange)
    row = tables.execute(select(schema.exchanges)).one()
    reply = records.exchange_of(row).reply
    assert reply is not None
    assert len(reply.text) == len(text)


def test_a_damaged_record_is_a_store_error_that_quotes_nothing(tables: Connection) -> None:
    store_exchange(tables, values.exchange())
    tables.execute(schema.exchanges.update().values(reply='[{"type": "text", "secret words": 1}]'))
    row = tables.execute(select(schema.exchanges)).one()
    with pytest.raises(StoreError, match="cannot be read") as error:
        records.exchange_of(row)
    assert "secret" not in f"{error.value} {error.value.__cause__}"
