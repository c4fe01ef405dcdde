"""What happened, as key=value events on standard error: ids and codes, never a text, a token or a person.

Everything the process logs has one shape, the web server's own lines too.
"""

import hashlib
import logging
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from app.core.bypass import Alert
from app.core.errors import GuardError
from app.core.model import Message
from app.core.records import Delivery, Exchange, ExchangeState, Hold
from app.ports import Observer

MAX_DETAIL_CHARS = 300
MAX_FRAMES = 6


def configure(log_format: Literal["json", "console"], log_level: str, stream: TextIO | None = None) -> None:
    """Set up the whole process's logs. `stream` None: standard error.

    Libraries speak from WARNING on: below it HTTP clients write addresses that hold access tokens.
    """
    stream = stream or sys.stderr
    level = logging.getLevelNamesMapping()[log_level.upper()]
    renderer: Processor = structlog.dev.ConsoleRenderer(colors=stream.isatty())
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    stamps: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*stamps, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[*stamps, structlog.stdlib.add_logger_name],
            processors=[ProcessorFormatter.remove_processors_meta, _discreet, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error"):
        server = logging.getLogger(name)
        server.handlers, server.propagate = [], True
        server.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = True


class LogObserver:
    """An Observer that writes an event for each thing it hears."""

    def __init__(self) -> None:
        self._log: FilteringBoundLogger = structlog.get_logger()

    def exchange_finished(self, exchange: Exchange) -> None:
        verdict = exchange.verdict
        judged = {} if verdict is None else {"disposition": verdict.disposition.value}
        if verdict is not None and verdict.findings:
            judged["rules"] = " ".join(dict.fromkeys(finding.rule for finding in verdict.findings))
        unanswered = exchange.state is ExchangeState.UNANSWERED
        (self._log.warning if unanswered else self._log.info)(
            "exchange.finished",
            exchange=exchange.id,
            message=_pseudonym(exchange.message.key),
            channel=exchange.message.channel,
            kind=exchange.message.kind.value,
            state=exchange.state.value,
            **judged,
            **_seconds(bot_seconds=exchange.bot_seconds, check_seconds=exchange.check_seconds),
            # A closed one's `why` is what a person wrote.
            **({"why": exchange.why} if unanswered else {}),
        )

    def webhook_answered(self, channel: str, answer: str, seconds: float) -> None:
        self._log.debug("webhook.answered", channel=channel, answer=answer, **_seconds(seconds=seconds))

    def opinion_given(self, channel: str, answer: str, seconds: float) -> None:
        self._log.debug("opinion.given", channel=channel, answer=answer, **_seconds(seconds=seconds))

    def hold_settled(self, hold: Hold) -> None:
        self._log.info(
            "hold.settled",
            hold=hold.id,
            exchange=hold.exchange_id,
            channel=hold.channel,
            state=hold.state.value,
            by=hold.decided_by,
        )

    def delivery_finished(self, delivery: Delivery) -> None:
        self._log.info(
            "delivery.finished",
            delivery=delivery.id,
            exchange=delivery.exchange_id,
            channel=delivery.channel,
            state=delivery.state.value,
            attempts=delivery.attempts,
            why=_one_line(delivery.why),
        )

    def coordination_changed(self, trouble: str) -> None:
        if trouble:
            self._log.warning("coordination.away", error=_one_line(trouble))
        else:
            self._log.info("coordination.back")

    def alert_raised(self, alert: Alert) -> None:
        self._log.warning(
            "alert.raised",
            alert=alert.id,
            channel=alert.channel,
            kind=alert.kind.value,
            detail=_one_line(alert.detail),
            count=alert.count,
        )

    def message_spooled(self, message: Message) -> None:
        self._log.warning("message.spooled", message=_pseudonym(message.key), channel=message.channel)

    def failed(self, where: str, error: BaseException, **ids: str) -> None:
        if "message" in ids:
            ids = ids | {"message": _pseudonym(ids["message"])}
        named = {name: _one_line(value) for name, value in ids.items()}
        self._log.warning("failed", where=where, **{**named, **_named(error)})


@dataclass(frozen=True, slots=True)
class Observers:
    """Several Observers as one that never raises: what is told must not break what is done."""

    observers: tuple[Observer, ...]

    def exchange_finished(self, exchange: Exchange) -> None:
        self._tell(lambda one: one.exchange_finished(exchange))

    def webhook_answered(self, channel: str, answer: str, seconds: float) -> None:
        self._tell(lambda one: one.webhook_answered(channel, answer, seconds))

    def opinion_given(self, channel: str, answer: str, seconds: float) -> None:
        self._tell(lambda one: one.opinion_given(channel, answer, seconds))

    def hold_settled(self, hold: Hold) -> None:
        self._tell(lambda one: one.hold_settled(hold))

    def delivery_finished(self, delivery: Delivery) -> None:
        self._tell(lambda one: one.delivery_finished(delivery))

    def coordination_changed(self, trouble: str) -> None:
        self._tell(lambda one: one.coordination_changed(trouble))

    def alert_raised(self, alert: Alert) -> None:
        self._tell(lambda one: one.alert_raised(alert))

    def message_spooled(self, message: Message) -> None:
        self._tell(lambda one: one.message_spooled(message))

    def failed(self, where: str, error: BaseException, **ids: str) -> None:
        self._tell(lambda one: one.failed(where, error, **ids))

    def _tell(self, tell: Callable[[Observer], None]) -> None:
        for observer in self.observers:
            if (broken := _error_of(tell, observer)) is None:
                continue
            for other in self.observers:
                _error_of(partial(_report, error=broken), other)


def _report(observer: Observer, error: Exception) -> None:
    observer.failed("observer", error)


def _error_of(tell: Callable[[Observer], None], observer: Observer) -> Exception | None:
    try:
        tell(observer)
    except Exception as error:  # a full disk under the logs, say: every kind of it must end here
        return error
    return None


# --- what may be said -------------------------------------------------------------------------


def _named(error: BaseException) -> dict[str, str]:
    """Our own errors say what went wrong; of foreign ones, which may quote anything, kind and place only."""
    named = {"error": type(error).__name__}
    if isinstance(code := getattr(error, "code", None), str) and code:
        named["code"] = _one_line(code)
    if isinstance(error, GuardError):
        if detail := _one_line(str(error)):
            named["detail"] = detail
    else:
        named["at"] = _place(error)
    if error.__cause__ is not None:
        named["cause"] = type(error.__cause__).__name__
    return named


def _place(error: BaseException) -> str:
    """The innermost frames, nearest first: module and line, no values."""
    frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    return " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    )


def _discreet(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A library's line: its first line, and for an exception kind and place in stead of its text."""
    event["event"] = _one_line(str(event["event"]).partition("\n")[0])
    raised = event.pop("exc_info", None)
    if isinstance(raised, tuple) and raised[1] is not None:
        event.update(_named(raised[1]))
    return event


def _pseudonym(key: str) -> str:
    """A message's key may hold the sender's id: the same key gives the same name, and no way back."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _one_line(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text[:MAX_DETAIL_CHARS])


def _seconds(**seconds: float | None) -> dict[str, float]:
    return {name: round(value, 6) for name, value in seconds.items() if value is not None}
