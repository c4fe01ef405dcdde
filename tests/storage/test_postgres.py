"""The records on a PostgreSQL that refuses, is away, hangs, or loses the answer to a commit."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from app.core.audit import broken_link
from app.core.errors import ConfigError, StoreError
from app.core.records import ExchangeState, HoldState
from app.settings.machinery import Storage
from app.storage.location import location
from app.storage.migrate import prepare, upgrade
from app.storage.postgres import refused, require_version
from app.storage.sql import SqlStore
from scripts.postgres import Postgres, running_postgres, running_standby
from tests.contract.given import answered, claimed, entry, held, queued
from tests.storage.severed import Loss, Network, network_to
from tests.values import NOON, exchange, message

BUSY_S = 0.5
LEASE = timedelta(seconds=60)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One that these tests may stop, with a door that asks for a password."""
    doors = ["local all guard scram-sha-256", "local closed all reject"]
    with running_postgres(doors=doors) as started:
        with started.connect() as connection:
            connection.execute("CREATE ROLE guard LOGIN PASSWORD 'right/@:'")
            connection.execute("CREATE DATABASE closed")
        yield started


@pytest.fixture
def database(server: Postgres) -> Iterator[str]:
    with server.connect() as connection:
        connection.execute("CREATE DATABASE records")
    upgrade(server.url("records"))
    yield "records"
    with server.connect() as connection:
        connection.execute("DROP DATABASE records WITH (FORCE)")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[SqlStore]:
    store = await SqlStore.open(url, BUSY_S)
    try:
        yield store
    finally:
        await store.aclose()


# --- connections ------------------------------------------------------------------------------


async def test_connections_are_set_for_their_work_whatever_the_server_is_set_to(postgresql_url: str) -> None:
    names = [
        *("synchronous_commit", "timezone", "lock_timeout", "statement_timeout", "transaction_read_only"),
        *("transaction_isolation", "plan_cache_mode", "application_name"),
    ]
    query = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
    async with opened(postgresql_url) as store:
        writer = await store.database.write(lambda c: tuple(c.exec_driver_sql(query).one()))
        reader = await store.database.read(lambda c: tuple(c.exec_driver_sql(query).one()))
    assert writer == ("on", "UTC", "500ms", "1s", "off", "read committed", "auto", "shenyan")
    assert reader == ("on", "UTC", "500ms", "10s", "on", "repeatable read", "force_custom_plan", "shenyan")


async def test_what_the_url_says_about_the_connection_stays(postgresql_url: str) -> None:
    async with opened(f"{postgresql_url}&application_name=hall") as store:
        found = await store.database.read(lambda c: c.exec_driver_sql("SHOW application_name").scalar_one())
    assert found == "hall"


async def test_a_read_sees_one_moment_while_others_write(postgresql_url: str) -> None:
    beat = "SELECT beat FROM pulse"
    async with opened(postgresql_url) as store:
        with store.database.reader.connect() as connection:
            before = connection.exec_driver_sql(beat).scalar_one()
            await store.ping()
            assert connection.exec_driver_sql(beat).scalar_one() == before
        assert await store.database.read(lambda c: c.exec_driver_sql(beat).scalar_one()) == before + 1


# --- refusals ---------------------------------------------------------------------------------


def test_the_password_of_its_own_setting_opens_the_door(server: Postgres, database: str) -> None:
    with server.connect(database) as connection:
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guard")
    storage = Storage(url=server.url(database, user="guard"), password="right/@:")
    prepare(location(storage), BUSY_S)
    assert "right" not in storage.url


@pytest.mark.parametrize(
    ("database_name", "user", "password", "says"),
    [
        pytest.param(
            "postgres", "guard", "wrong", "storage.password: .*refuses the password", id="wrong password"
        ),
        pytest.param("postgres", "guard", None, "storage.password: .*refuses the password", id="no password"),
        pytest.param("nowhere", "shenyan", None, "there is no database 'nowhere'", id="no such database"),
        pytest.param("postgres", "nobody", None, "there is no user 'nobody'", id="no such user"),
        pytest.param("closed", "shenyan", None, "pg_hba.conf", id="not let in from here"),
    ],
)
def test_a_door_that_stays_shut_says_what_to_do(
    server: Postgres, database_name: str, user: str, password: str | None, says: str
) -> None:
    storage = Storage(url=server.url(database_name, user), password=password)
    for knock in (lambda url: prepare(url, BUSY_S), upgrade):
        with pytest.raises(ConfigError, match=says) as error:
            knock(location(storage))
        assert "wrong" not in str(error.value)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        pytest.param('致命错误:  用户 "guard" Password 认证失败', "storage.password", id="wrong password"),
        pytest.param('致命错误:  数据库 "records" 不存在', "no database 'records'", id="no such database"),
        pytest.param('致命错误:  角色 "guard" 不存在', "no user 'guard'", id="no such user"),
    ],
)
def test_a_server_that_speaks_chinese_is_understood(said: str, says: str) -> None:
    error = OperationalError("", None, Exception(said))
    assert says in str(refused(error, make_url("postgresql://guard@db/records")))


def test_a_server_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be reached at .*: connection"):
        prepare(f"postgresql://shenyan@/records?host={tmp_path}", BUSY_S)


def test_an_old_server_is_refused() -> None:
    require_version(140_000)
    with pytest.raises(ConfigError, match="PostgreSQL 13; the records need 14"):
        require_version(130_021)


def test_a_database_that_is_not_unicode_is_refused(server: Postgres) -> None:
    with server.connect() as connection:
        connection.execute("CREATE DATABASE plain ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
    with pytest.raises(ConfigError, match="encoding is SQL_ASCII"):
        upgrade(server.url("plain"))


async def test_a_standby_is_refused_and_a_server_that_becomes_one_is_a_store_error(
    server: Postgres, database: str
) -> None:
    with running_standby(server) as standby, pytest.raises(StoreError, match="a standby and take no writes"):
        prepare(standby.url(database), BUSY_S)
    async with opened(server.url(database)) as store:
        with server.connect() as connection:
            connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            connection.execute("SELECT pg_reload_conf()")
        try:
            await asyncio.sleep(0.2)  # the reload takes a moment
            results = await asyncio.gather(*(claimed(store, n) for n in range(5)), return_exceptions=True)
            assert {str(result) for result in results} == {"the records failed: 25006 ReadOnlySqlTransaction"}
            with pytest.raises(StoreError, match="read-only and take no writes"):
                prepare(server.url(database), BUSY_S)
        finally:
            with server.connect() as connection:
                connection.execute("SET default_transaction_read_only = off")
                connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
                connection.execute("SELECT pg_reload_conf()")
        await until(store.ping)


async def until(works: Callable[[], Awaitable[object]], within_s: float = 10.0) -> None:
    """Try until it works: what a guard does."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            await works()
        except StoreError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        else:
            return


# --- away, and back ---------------------------------------------------------------------------


async def test_a_restart_between_two_calls_is_noticed_by_nobody(server: Postgres, database: str) -> None:
    async with opened(server.url(database)) as store:
        await held(store, 1)
        server.stop()
        server.start()
        assert (await store.hold("hold-1")).state is HoldState.PENDING
        assert (await claimed(store, 2)).fresh


async def test_while_the_server_is_away_every_call_fails_at_once_and_then_none(
    server: Postgres, database: str
) -> None:
    async with opened(server.url(database)) as store:
        await claimed(store, 1)
        server.stop(signal.SIGQUIT)  # a crash: it recovers from its log
        try:
            started = time.monotonic()
            calls = [store.counts(), store.ping(), store.exchange("exchange-1"), store.append_audit(entry())]
            results = await asyncio.gather(
                *calls, *(claimed(store, n) for n in range(50)), return_exceptions=True
            )
            assert {type(result) for result in results} == {StoreError}
            assert time.monotonic() - started < 3 * BUSY_S
        finally:
            server.start()
        assert (await store.exchange("exchange-1")).state is ExchangeState.CLAIMED
        assert (await claimed(store, 2)).fresh


async def test_a_server_that_hangs_is_hung_up_on(server: Postgres, database: str) -> None:
    """It acknowledges what is sent to it and says nothing: no time-out of its own or of the network helps."""
    async with opened(server.url(database)) as store:
        await asyncio.gather(store.ping(), store.counts())
        frozen = server.processes()
        for process in frozen:
            os.kill(process, signal.SIGSTOP)
        try:
            started = time.monotonic()
            results = await asyncio.gather(
                store.ping(), *(claimed(store, n) for n in range(50)), return_exceptions=True
            )
            assert {type(result) for result in results} == {StoreError}
            assert time.monotonic() - started < 10 * BUSY_S
        finally:
            for process in frozen:
                os.kill(process, signal.SIGCONT)
        await until(store.ping)
        assert (await claimed(store, 100)).fresh


async def test_a_row_that_somebody_keeps_delays_only_who_needs_it(server: Postgres, database: str) -> None:
    async with opened(server.url(database)) as store:
        with server.connect(database) as other, other.transaction():
            other.execute("SELECT * FROM audit_head FOR UPDATE")
            started = time.monotonic()
            results = await asyncio.gather(
                *(store.append_audit(entry()) for _ in range(20)),
                *(claimed(store, n) for n in range(20)),
                return_exceptions=True,
            )
            assert time.monotonic() - started < 6 * BUSY_S, "not one wait for each of them"
        kinds = [type(result) for result in results]
        assert kinds[:20] == [StoreError] * 20
        assert StoreError not in kinds[20:]
        await store.append_audit(entry())


async def test_a_read_that_takes_too_long_is_ended(server: Postgres, database: str) -> None:
    store = await SqlStore.open(server.url(database), BUSY_S, statement_timeout_s=0.3)
    with pytest.raises(StoreError, match="57014 QueryCanceled"):
        await store.database.read(lambda connection: connection.exec_driver_sql("SELECT pg_sleep(5)"))
    await store.aclose()


# --- the answer to a commit -------------------------------------------------------------------


@pytest.fixture
async def network(server: Postgres, database: str, tmp_path: Path) -> AsyncIterator[Network]:
    async with network_to(server, tmp_path) as made:
        yield made


async def test_a_commit_whose_answer_was_lost_is_found_out(network: Network, database: str) -> None:
    """Each kind of write: done once, and its caller hears what it would have heard."""
    async with opened(network.url(database)) as store:
        network.losing = Loss.ITS_ANSWER
        claim = await claimed(store, 1)
        assert (claim.fresh, claim.exchange.fence) == (True, 1)

        network.losing = Loss.ITS_ANSWER
        await store.record(replace(answered(claim.exchange), audit=entry("exchange:exchange-1")))
        assert (await store.exchange("exchange-1")).state is ExchangeState.ANSWERED

        hold = await held(store, 2)
        network.losing = Loss.ITS_ANSWER
        rejected = replace(hold, state=HoldState.REJECTED, version=2, decided_by="li", decided_at=NOON)
        await store.settle(rejected, None, entry("hold:hold-2"))
        assert (await store.hold("hold-2")).decided_by == "li"

        await queued(store, 3)
        network.losing = Loss.ITS_ANSWER
        (leased,) = await store.due(NOON, 10, LEASE)
        assert (leased.attempts, await store.due(NOON, 10, LEASE)) == (1, [])

        trail = [one async for one in store.audit_trail()]
        assert [one.subject for one in trail] == ["exchange:exchange-1", "hold:hold-2"]
        assert broken_link(trail) is None


async def test_a_commit_that_never_arrived_is_a_store_error_and_left_nothing(
    network: Network, database: str
) -> None:
    async with opened(network.url(database)) as store:
        network.losing = Loss.THE_COMMIT
        results = await asyncio.gather(*(claimed(store, n) for n in range(3)), return_exceptions=True)
        assert {type(result) for result in results} == {StoreError}
        assert (await store.exchanges([ExchangeState.CLAIMED], None, "", 10)).items == ()
        assert (await claimed(store, 1)).fresh


@pytest.mark.parametrize("loss", [Loss.THE_COMMIT, Loss.ITS_ANSWER], ids=lambda loss: str(loss.value))
async def test_where_nobody_can_be_asked_the_next_try_finds_out(
    network: Network, database: str, loss: Loss
) -> None:
    async with opened(network.url(database)) as store:
        made = exchange(message=message("MsgId:1"))
        network.losing, network.down_after = loss, True
        with pytest.raises(StoreError):
            await store.claim(made, NOON)
        network.is_down = False
        again = await store.claim(made, NOON)
        assert (again.fresh, again.exchange.fence) == (True, 1), "ours, whether it had been written or not"
        resend = await store.claim(replace(made, id="resend"), NOON)
        assert (resend.fresh, resend.exchange.id) == (False, "exchange-1")
