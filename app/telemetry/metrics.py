"""What operations see on /metrics: counts and times, never a user or a text."""

from collections.abc import Mapping
from functools import lru_cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from app.core.model import Delivery, Exchange, Hold

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 4.5, 5.0, 10.0, 30.0)
CHECK_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)


class Metrics:
    """An Observer that counts, on a registry of its own."""

    def __init__(self, *, version: str, ruleset: str) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self._exchanges = Counter(
            "guard_exchanges_total",
            "Messages finished, by what became of them.",
            ("channel", "state"),
            registry=registry,
        )
        self._verdicts = Counter(
            "guard_verdicts_total", "Replies judged.", ("channel", "disposition"), registry=registry
        )
        self._findings = Counter(
            "guard_findings_total",
            'Findings, by rule; shadow="true" did not count.',
            ("channel", "rule", "severity", "shadow"),
            registry=registry,
        )
        self._answers = Counter(
            "guard_webhook_answers_total",
            "Webhook answers: reply, holding, none, replay, verify, refused.",
            ("channel", "answer"),
            registry=registry,
        )
        self._answer_seconds = Histogram(
            "guard_webhook_answer_seconds",
            "From the push to its answer.",
            ("channel",),
            buckets=SECONDS,
            registry=registry,
        )
        self._bot_seconds = Histogram(
            "guard_bot_answer_seconds",
            "How long the bot took.",
            ("channel", "bot"),
            buckets=SECONDS,
            registry=registry,
        )
        self._check_seconds = Histogram(
            "guard_check_seconds",
            "How long the check took.",
            ("channel",),
            buckets=CHECK_SECONDS,
            registry=registry,
        )
        self._holds = Counter(
            "guard_holds_settled_total", "Holds, by their new state.", ("channel", "state"), registry=registry
        )
        self._deliveries = Counter(
            "guard_deliveries_total",
            "Deliveries, by their new state.",
            ("channel", "state"),
            registry=registry,
        )
        self._failures = Counter(
            "guard_failures_total",
            "What went wrong, by place and error.",
            ("where", "error"),
            registry=registry,
        )
        self._records = Gauge(
            "guard_records",
            "What waits: holds_pending, deliveries_queued, deliveries_uncertain, unanswered.",
            ("kind",),
            registry=registry,
        )
        Gauge("guard_build_info", "1.", ("version", "ruleset"), registry=registry).labels(
            version, ruleset
        ).set(1)
        # Looking a label up costs more than counting; there are few of them.
        self._count = lru_cache(maxsize=4096)(lambda counter, *labels: counter.labels(*labels))

    def exchange_finished(self, exchange: Exchange) -> None:
        channel = exchange.message.channel
        self._count(self._exchanges, channel, exchange.state.value).inc()
        if exchange.bot_seconds is not None:
            self._count(self._bot_seconds, channel, exchange.bot).observe(exchange.bot_seconds)
        if exchange.check_seconds is not None:
            self._count(self._check_seconds, channel).observe(exchange.check_seconds)
        if exchange.verdict is None:
            return
        self._count(self._verdicts, channel, exchange.verdict.disposition.value).inc()
        for finding in exchange.verdict.findings:
            shadow = "true" if finding.shadow else "false"
            self._count(self._findings, channel, finding.rule, finding.severity.value, shadow).inc()

    def webhook_answered(self, channel: str, answer: str, seconds: float) -> None:
        self._count(self._answers, channel, answer).inc()
        self._count(self._answer_seconds, channel).observe(seconds)

    def hold_settled(self, hold: Hold) -> None:
        self._count(self._holds, hold.channel, hold.state.value).inc()

    def delivery_finished(self, delivery: Delivery) -> None:
        self._count(self._deliveries, delivery.channel, delivery.state.value).inc()

    def failed(self, where: str, error: BaseException, **ids: str) -> None:
        self._count(self._failures, where, type(error).__name__).inc()

    def set_counts(self, counts: Mapping[str, int]) -> None:
        """What `Store.counts` says."""
        for kind, number in counts.items():
            self._records.labels(kind).set(number)

    def render(self) -> tuple[bytes, str]:
        """The page and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
