"""Events as key=value lines: ids, states and error codes, never a citizen's or a bot's words."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from structlog.typing import Processor

from app.core.errors import BotError, GuardError, PlatformError
from app.core.model import Delivery, Exchange, Hold
from app.ports import Observer


def configure(format_: Literal["json", "console"], level: str) -> None:
    """Everything, also what libraries log, goes to standard output in one format."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if format_ == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())


class LogObserver:
    """An Observer that writes what a person on duty would want to read."""

    def __init__(self) -> None:
        self._log = structlog.stdlib.get_logger("shenyan")

    def exchange_finished(self, exchange: Exchange) -> None:
        self._log.info(
            "exchange",
            exchange=exchange.id,
            channel=exchange.message.channel,
            state=exchange.state.value,
            rules=[finding.rule for finding in exchange.verdict.findings] if exchange.verdict else [],
            why=exchange.why,
        )

    def webhook_answered(self, channel: str, answer: str, seconds: float) -> None:
        self._log.debug("webhook", channel=channel, answer=answer, seconds=round(seconds, 4))

    def hold_settled(self, hold: Hold) -> None:
        self._log.info("hold", hold=hold.id, channel=hold.channel, state=hold.state.value, by=hold.decided_by)

    def delivery_finished(self, delivery: Delivery) -> None:
        level = logging.WARNING if delivery.why else logging.INFO
        self._log.log(
            level,
            "delivery",
            delivery=delivery.id,
            channel=delivery.channel,
            state=delivery.state.value,
            why=delivery.why,
        )

    def failed(self, where: str, error: BaseException, **ids: str) -> None:
        """A foreign error's text may quote what it choked on: only its class is told, and its place."""
        known = isinstance(error, GuardError)
        code = error.code if isinstance(error, BotError | PlatformError) else ""
        self._log.warning(
            "failed",
            where=where,
            error=type(error).__name__,
            code=code,
            what=str(error) if known else "",
            at="" if known else _place(error),
            **ids,
        )


@dataclass(frozen=True, slots=True)
class Observers:
    """Tells several observers; one that breaks silences no other, and never the message's way."""

    several: Sequence[Observer]

    def exchange_finished(self, exchange: Exchange) -> None:
        self._tell("exchange_finished", exchange)

    def webhook_answered(self, channel: str, answer: str, seconds: float) -> None:
        self._tell("webhook_answered", channel, answer, seconds)

    def hold_settled(self, hold: Hold) -> None:
        self._tell("hold_settled", hold)

    def delivery_finished(self, delivery: Delivery) -> None:
        self._tell("delivery_finished", delivery)

    def failed(self, where: str, error: BaseException, **ids: str) -> None:
        self._tell("failed", where, error, **ids)

    def _tell(self, event: str, *facts: object, **ids: str) -> None:
        for one in self.several:
            try:
                getattr(one, event)(*facts, **ids)
            except Exception:
                logging.getLogger("shenyan").exception("an observer broke")


def _place(error: BaseException) -> str:
    """Module and line of the innermost frame."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else ""
