"""What happened, counted for Prometheus. Labels are few and ours: never a user, never a text."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.core.bypass import Alert
from app.core.model import Finding, Message
from app.core.records import Delivery, Exchange, Hold, Pressing

ANSWER_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 4.5, 5)
"""The platforms hang up at 5 s."""
BOT_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4.5, 10, 15, 30, 60, 80)
OPINION_SECONDS = (0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5)
BOT, PLATFORM = "bot", "platform"
"""What a channel has a share of."""
CHECK_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1)


class _Counts(dict[tuple[str, ...], Counter]):
    """A counter's children by their labels: looking one up in the client itself costs more than counting."""

    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self._counter = counter

    def __missing__(self, labels: tuple[str, ...]) -> Counter:
        child = self[labels] = self._counter.labels(*labels)
        return child


class _Times(dict[tuple[str, ...], Histogram]):
    """A histogram's children by their labels."""

    def __init__(self, histogram: Histogram) -> None:
        super().__init__()
        self._histogram = histogram

    def __missing__(self, labels: tuple[str, ...]) -> Histogram:
        child = self[labels] = self._histogram.labels(*labels)
        return child


class Metrics:
    """An Observer that counts, on a registry of its own."""

    def __init__(self, *, version: str, ruleset: str = "") -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._exchanges = self._counts(
            "guard_exchanges_total", "Messages and what became of them", "channel", "state"
        )
        self._verdicts = self._counts(
            "guard_verdicts_total", "Replies judged, by disposition", "channel", "disposition"
        )
        self._findings = self._counts(
            "guard_findings_total",
            "Findings; shadow ones are measured and hold nothing",
            *("channel", "rule", "category", "severity", "shadow"),
        )
        self._answers = self._counts(
            "guard_webhook_answers_total", "Answers to the platform, by kind", "channel", "answer"
        )
        self._answer_seconds = self._times(
            "guard_webhook_answer_seconds", "From a push to its answer", ANSWER_SECONDS, "channel"
        )
        self._bot_seconds = self._times(
            "guard_bot_answer_seconds", "What the bot took", BOT_SECONDS, "channel", "bot"
        )
        self._check_seconds = self._times(
            "guard_check_seconds", "What the check took", CHECK_SECONDS, "channel"
        )
        self._opinions = self._counts(
            "guard_second_opinions_total", "Second opinions asked for, by what came", "channel", "answer"
        )
        self._opinion_seconds = self._times(
            "guard_second_opinion_seconds", "What a second opinion took", OPINION_SECONDS, "channel"
        )
        self._holds = self._counts(
            "guard_holds_settled_total", "What people, or time, decided on holds", "channel", "state"
        )
        self._deliveries = self._counts(
            "guard_deliveries_total", "Tries to deliver, and how they ended", "channel", "state"
        )
        self._failures = self._counts(
            "guard_failures_total", "What went wrong, by place and kind of error", "where", "error"
        )
        self._alerts = self._counts(
            "guard_bypass_alerts_total", "Ways past the guard that were noticed, each once", "channel", "kind"
        )
        self._open_alerts = Gauge(
            "guard_bypass_alerts_open",
            "Alerts that nobody has acknowledged",
            ["channel"],
            registry=self.registry,
        )
        self._checklists = Gauge(
            "guard_checklist_due",
            "The platform's own replies that a person should look at again",
            ["channel"],
            registry=self.registry,
        )
        self._waiting = Gauge(
            "guard_records", "Records that wait for somebody", ["kind"], registry=self.registry
        )
        self._pressing = Gauge(
            "guard_holds_pressing",
            "Open holds that somebody must see to now, by why",
            ["channel", "why"],
            registry=self.registry,
        )
        self._shadow = Gauge(
            "guard_shadow_mode",
            "1: the channel measures rules that hold nothing",
            ["channel"],
            registry=self.registry,
        )
        self._stopped = Gauge(
            "guard_channel_stopped",
            "1: the channel's bot is not let speak",
            ["channel"],
            registry=self.registry,
        )
        self._places = {
            "taken": self._gauge("guard_share_taken", "Places of a channel's share that are taken"),
            "in line": self._gauge("guard_share_in_line", "Who waits for a place of a channel's share"),
            "at once": self._gauge("guard_share_places", "Places of a channel's share"),
        }
        self._full = self._counts(
            "guard_share_full_total", "Who went without a place of a channel's share", "channel", "way"
        )
        self._proxy_refusals = self._counts(
            "guard_proxy_refusals_total", "CONNECTs the forward proxy refused, by reason", "reason"
        )
        self._tunnels = Gauge("guard_proxy_tunnels", "Vendors' tunnels that are open", registry=self.registry)
        self._spooled = self._counts(
            "guard_spooled_total",
            "Messages kept on this machine's disk while the records were away",
            "channel",
        )
        self._in_spool = Gauge(
            "guard_spool_messages",
            "Messages on this machine's disk that are not in the records yet",
            registry=self.registry,
        )
        self._coordination = Gauge(
            "guard_coordination_up",
            "0: Redis is away, and this process is by itself",
            registry=self.registry,
        )
        self._coordination.set(1)
        self._version = version
        self._build = Gauge(
            "guard_build_info",
            "Always 1; what is running",
            ["version", "ruleset"],
            registry=self.registry,
        )
        self.set_ruleset(ruleset)
        self._following = Gauge(
            "guard_ruleset_current",
            "0: the current rules are not known or not loaded, everything is held",
            registry=self.registry,
        )
        self._clock_offset = Gauge(
            "guard_clock_offset_seconds",
            "How far this machine's clock is ahead of the records'",
            registry=self.registry,
        )

    def _counts(self, name: str, told: str, *labels: str) -> _Counts:
        return _Counts(Counter(name, told, labels, registry=self.registry))

    def _times(self, name: str, told: str, buckets: tuple[float, ...], *labels: str) -> _Times:
        return _Times(Histogram(name, told, labels, registry=self.registry, buckets=buckets))

    def _gauge(self, name: str, told: str) -> Gauge:
        return Gauge(name, told, ["channel", "way"], registry=self.registry)

    # --- the Observer -------------------------------------------------------------------------

    def exchange_finished(self, exchange: Exchange) -> None:
        channel = exchange.message.channel
        self._exchanges[channel, exchange.state.value].inc()
        if exchange.bot_seconds is not None:
            self._bot_seconds[channel, exchange.bot].observe(exchange.bot_seconds)
        if exchange.check_seconds is not None:
            self._check_seconds[(channel,)].observe(exchange.check_seconds)
        if exchange.verdict is not None:
            self._verdicts[channel, exchange.verdict.disposition.value].inc()
            for finding in exchange.verdict.findings:
                self._findings[_labels(channel, finding)].inc()

    def webhook_answered(self, channel: str, answer: str, seconds: float) -> None:
        self._answers[channel, answer].inc()
        self._answer_seconds[(channel,)].observe(seconds)

    def opinion_given(self, channel: str, answer: str, seconds: float) -> None:
        self._opinions[channel, answer].inc()
        self._opinion_seconds[(channel,)].observe(seconds)

    def hold_settled(self, hold: Hold) -> None:
        self._holds[hold.channel, hold.state.value].inc()

    def delivery_finished(self, delivery: Delivery) -> None:
        self._deliveries[delivery.channel, delivery.state.value].inc()

    def coordination_changed(self, trouble: str) -> None:
        self._coordination.set(0 if trouble else 1)

    def alert_raised(self, alert: Alert) -> None:
        self._alerts[alert.channel, alert.kind.value].inc()

    def message_spooled(self, message: Message) -> None:
        self._spooled[(message.channel,)].inc()

    def failed(self, where: str, error: BaseException, **ids: str) -> None:
        self._failures[where, type(error).__name__].inc()

    # --- the forward proxy's watch ------------------------------------------------------------

    def connect_refused(self, reason: str) -> None:
        self._proxy_refusals[(reason,)].inc()

    def tunnels_open(self, count: int) -> None:
        self._tunnels.set(count)

    # --- the channels' shares -----------------------------------------------------------------

    def share_full(self, channel: str, way: str) -> None:
        """`way`: BOT, PLATFORM."""
        self._full[channel, way].inc()

    def set_share(self, channel: str, way: str, *, taken: int, in_line: int, at_once: int) -> None:
        for gauge, value in zip(self._places, (taken, in_line, at_once), strict=True):
            self._places[gauge].labels(channel, way).set(value)

    # --- what is, beside what happened --------------------------------------------------------

    def set_counts(self, counts: Mapping[str, int]) -> None:
        """`Store.counts()`, taken for each reading of the metrics."""
        for kind, count in counts.items():
            self._waiting.labels(kind).set(count)

    def set_pressing(self, channels: Mapping[str, Pressing]) -> None:
        """`Store.pressing_holds()`; also of the channels that have none."""
        for channel, pressing in channels.items():
            self._pressing.labels(channel, "late").set(pressing.late)
            self._pressing.labels(channel, "closing").set(pressing.closing)

    def set_spool(self, messages: int) -> None:
        """How many messages this process has in its spool."""
        self._in_spool.set(messages)

    def set_ruleset(self, version: str) -> None:
        """What is judged by from now on."""
        self._build.clear()
        self._build.labels(self._version, version).set(1)

    def set_following(self, *, current: bool, clock_offset_s: float) -> None:
        """Whether the rules judged by are surely the current ones, and how far the clock is off."""
        self._following.set(current)
        self._clock_offset.set(clock_offset_s)

    def set_shadow_mode(self, channels: Mapping[str, bool]) -> None:
        """Which channels measure rules that hold nothing."""
        for channel, shadow in channels.items():
            self._shadow.labels(channel).set(shadow)

    def set_stopped(self, channels: Mapping[str, bool]) -> None:
        """Which channels somebody has stopped."""
        for channel, stopped in channels.items():
            self._stopped.labels(channel).set(stopped)

    def set_bypass(self, alerts: Mapping[str, int], due: Mapping[str, int]) -> None:
        """Open alerts, and items of the checklist that are due, by channel."""
        for channel, count in alerts.items():
            self._open_alerts.labels(channel).set(count)
        for channel, count in due.items():
            self._checklists.labels(channel).set(count)

    def render(self) -> tuple[bytes, str]:
        """Body and content type."""
        return generate_latest(_WithoutBirthdays(self.registry)), CONTENT_TYPE_LATEST


class _WithoutBirthdays(Collector):
    """The registry less a time of creation for every series, which doubles them and nobody asks for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        for metric in self._registry.collect():
            metric.samples = [one for one in metric.samples if not one.name.endswith("_created")]
            yield metric


def _labels(channel: str, finding: Finding) -> tuple[str, ...]:
    shadow = "true" if finding.shadow else "false"
    return channel, finding.rule, finding.category.value, finding.severity.value, shadow
