"""Logs name things by id and code, in one shape, and quote nobody."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
import structlog

from app.core.errors import BotTimeout, ConfigError, FateUnknown
from app.core.records import DeliveryState, ExchangeState, HoldState
from app.telemetry.logs import LogObserver, Observers, configure
from app.telemetry.metrics import Metrics
from app.web.bodies import Refused
from tests.values import MOCKED, delivery, exchange, hold, message


@pytest.fixture
def stream() -> Iterator[StringIO]:
    """What was logged; the process's logs are as before afterwards."""
    loggers = [logging.getLogger(name) for name in (None, "uvicorn", "uvicorn.error", "uvicorn.access")]
    before = [(one, one.handlers, one.level, one.propagate, one.disabled) for one in loggers]
    yield StringIO()
    for logger, handlers, level, propagate, disabled in before:
        logger.handlers, logger.propagate, logger.disabled = handlers, propagate, disabled
        logger.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def log(stream: StringIO) -> LogObserver:
    configure("json", "debug", stream)
    return LogObserver()


def events(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def raised(error: Exception) -> Exception:
    """The error with a trace, as it comes out of an `except`."""
    try:
        raise error
    except type(error) as caught:
        return caught


def test_an_error_that_names_its_own_code_is_told_once(log: LogObserver, stream: StringIO) -> None:
    log.failed("egress", BotTimeout(code="too-slow"), channel="hall", code="too-slow")
    (event,) = events(stream)
    assert (event["event"], event["code"], event["channel"]) == ("failed", "too-slow", "hall")


def test_an_exchange(log: LogObserver, stream: StringIO) -> None:
    log.exchange_finished(
        exchange(state=ExchangeState.HELD, verdict=MOCKED, bot_seconds=0.25, check_seconds=0.0004)
    )
    (event,) = events(stream)
    assert event.pop("timestamp").endswith("Z")
    assert event.pop("message") != message().key
    assert event == {
        "event": "exchange.finished",
        "level": "info",
        "exchange": "exchange-1",
        "channel": "hall",
        "kind": "text",
        "state": "held",
        "disposition": "hold",
        "rules": "mockery.x",
        "bot_seconds": 0.25,
        "check_seconds": 0.0004,
    }


def test_a_message_in_the_spool_is_named_and_not_quoted(log: LogObserver, stream: StringIO) -> None:
    log.message_spooled(message())
    (event,) = events(stream)
    assert (event["event"], event["level"], event["channel"]) == ("message.spooled", "warning", "hall")
    assert set(event) == {"event", "level", "channel", "message", "timestamp"}
    assert event["message"] != message().key


def test_an_unanswered_one_is_a_warning_with_its_reason(log: LogObserver, stream: StringIO) -> None:
    log.exchange_finished(exchange(state=ExchangeState.UNANSWERED, why="bot-timeout"))
    (event,) = events(stream)
    assert (event["level"], event["why"]) == ("warning", "bot-timeout")


def test_what_a_person_wrote_on_closing_is_not_logged(log: LogObserver, stream: StringIO) -> None:
    log.exchange_finished(exchange(state=ExchangeState.CLOSED, why="已电话联系张先生"))
    assert "张先生" not in stream.getvalue()


def test_a_second_opinion(log: LogObserver, stream: StringIO) -> None:
    log.opinion_given("hall", "doubtful", 0.7)
    (event,) = events(stream)
    told = {
        "event": "opinion.given",
        "level": "debug",
        "channel": "hall",
        "answer": "doubtful",
        "seconds": 0.7,
    }
    assert event.items() >= told.items()


def test_that_redis_was_lost_and_found(log: LogObserver, stream: StringIO) -> None:
    log.coordination_changed("TimeoutError")
    log.coordination_changed("")
    away, back = events(stream)
    assert (away["event"], away["level"], away["error"]) == ("coordination.away", "warning", "TimeoutError")
    assert (back["event"], back["level"]) == ("coordination.back", "info")


def test_webhooks_holds_and_deliveries(log: LogObserver, stream: StringIO) -> None:
    log.webhook_answered("hall", "reply", 0.0123456789)
    log.hold_settled(hold(state=HoldState.APPROVED, decided_by="duty", reason="可以"))
    log.delivery_finished(delivery(state=DeliveryState.FAILED, why="45015"))
    webhook, settled, delivered = events(stream)
    assert (webhook["level"], webhook["answer"], webhook["seconds"]) == ("debug", "reply", 0.012346)
    assert (settled["hold"], settled["state"], settled["by"]) == ("hold-1", "approved", "duty")
    assert (delivered["delivery"], delivered["attempts"], delivered["why"]) == ("delivery-1", 1, "45015")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(
            ConfigError("no\nsuch\x1b[31m bot"),
            {"error": "ConfigError", "detail": "no such [31m bot"},
            id="ours says what is wrong, in one line",
        ),
        pytest.param(BotTimeout("30 s"), {"error": "BotTimeout", "code": "timeout"}, id="a bot's code"),
        pytest.param(
            FateUnknown("?", code="-1"), {"error": "FateUnknown", "code": "-1"}, id="a platform's code"
        ),
        pytest.param(ConfigError("x" * 5000), {"detail": "x" * 300}, id="a long one is cut"),
    ],
)
def test_our_own_errors(log: LogObserver, stream: StringIO, error: Exception, told: dict[str, str]) -> None:
    log.failed("relay", error, channel="hall")
    (event,) = events(stream)
    assert event.items() >= {**told, "event": "failed", "where": "relay", "channel": "hall"}.items()


def test_a_code_told_beside_an_error_that_has_one_is_told_once(log: LogObserver, stream: StringIO) -> None:
    log.failed("egress", Refused(413, "too-large", "too large"), channel="hall", code="too-large")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["code"] == "too-large"


def test_a_foreign_error_is_placed_and_not_quoted(log: LogObserver, stream: StringIO) -> None:
    error = raised(KeyError("市民的话"))
    error.__cause__ = ValueError("更多的话")
    log.failed("relay", error, message="oUser-1:1700000000:event:")
    (event,) = events(stream)
    assert (event["error"], event["cause"]) == ("KeyError", "ValueError")
    assert event["at"].startswith("test_logs.py:")
    assert "的话" not in stream.getvalue()
    assert "oUser-1" not in stream.getvalue()


def test_one_message_has_one_name(log: LogObserver, stream: StringIO) -> None:
    one = exchange(state=ExchangeState.ANSWERED)
    log.exchange_finished(one)
    log.failed("relay", BotTimeout(), message=one.message.key)
    log.exchange_finished(replace(one, message=message("MsgId:2")))
    first, second, other = (event["message"] for event in events(stream))
    assert first == second != other


def test_nobody_and_nothing_said_is_logged(log: LogObserver, stream: StringIO) -> None:
    log.exchange_finished(exchange(state=ExchangeState.HELD, verdict=MOCKED, reply=hold().reply))
    log.hold_settled(hold(state=HoldState.EDITED, reason="太生硬", final=hold().reply))
    log.delivery_finished(delivery())
    told = stream.getvalue()
    said = (message().text, message().user, message().key, hold().reply.text, "呵呵", "嘲讽", "太生硬")
    assert not [one for one in said if one in told]


def test_chinese_stays_readable(log: LogObserver, stream: StringIO) -> None:
    log.hold_settled(hold(state=HoldState.APPROVED, decided_by="王审核"))
    assert "王审核" in stream.getvalue()


def test_below_the_level_is_silence(stream: StringIO) -> None:
    configure("json", "warning", stream)
    log = LogObserver()
    log.hold_settled(hold())
    log.failed("relay", BotTimeout())
    assert [event["event"] for event in events(stream)] == ["failed"]


def test_for_people_it_is_a_line_with_keys(stream: StringIO) -> None:
    configure("console", "info", stream)
    LogObserver().failed("relay", ConfigError("no\nbot"), channel="hall")
    (line,) = stream.getvalue().splitlines()
    assert "failed" in line
    assert "where=relay" in line
    assert "\x1b" not in line, "colours are for terminals"


# --- what others log --------------------------------------------------------------------------


def test_the_web_server_speaks_the_same_way(log: LogObserver, stream: StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Finished server process [%d]", 7)
    logging.getLogger("uvicorn.access").info("GET /hooks/hall?signature=abc")
    (event,) = events(stream)
    assert event["event"] == "Finished server process [7]"
    assert (event["level"], event["logger"]) == ("info", "uvicorn.error")


def test_addresses_with_tokens_are_not_logged(log: LogObserver, stream: StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST https://x/send?access_token=abc")
    assert stream.getvalue() == ""


def test_a_librarys_exception_is_placed_and_not_quoted(log: LogObserver, stream: StringIO) -> None:
    error = raised(ValueError("市民的话"))
    logging.getLogger("asyncio").error("Task failed\nfuture: %r", error, exc_info=error)
    (event,) = events(stream)
    assert (event["event"], event["error"]) == ("Task failed", "ValueError")
    assert "市民的话" not in stream.getvalue()


# --- several as one ---------------------------------------------------------------------------


class Broken:
    """An observer that can do nothing."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        return fail


def test_one_that_breaks_is_counted_and_breaks_nothing() -> None:
    metrics = Metrics(version="1", ruleset="2")
    observers = Observers((Broken(), metrics, Broken()))
    observers.exchange_finished(exchange(state=ExchangeState.ANSWERED))
    observers.webhook_answered("hall", "reply", 0.1)
    observers.opinion_given("hall", "fine", 0.1)
    observers.hold_settled(hold())
    observers.delivery_finished(delivery())
    observers.coordination_changed("TimeoutError")
    observers.failed("relay", BotTimeout(), channel="hall")
    told = metrics.render()[0].decode()
    assert 'guard_exchanges_total{channel="hall",state="answered"} 1.0' in told
    assert 'guard_failures_total{error="BotTimeout",where="relay"} 1.0' in told
    assert 'guard_failures_total{error="OSError",where="observer"} 14.0' in told


def test_a_closed_stream_breaks_nothing(stream: StringIO) -> None:
    configure("json", "info", stream)
    observers = Observers((LogObserver(),))
    stream.close()
    observers.hold_settled(hold())
    assert stream.closed
