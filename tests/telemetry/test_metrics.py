"""What happened is counted, under names the reference has, and nobody is named."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.bypass import Alert, AlertKind
from app.core.errors import BotTimeout
from app.core.model import Category, Finding, Severity, Verdict
from app.core.records import DeliveryState, ExchangeState, HoldState, Pressing
from app.telemetry.metrics import BOT, PLATFORM, Metrics
from app.telemetry.siblings import merged
from tests import values
from tests.values import MOCKED, NOON, delivery, exchange, hold, message

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="9.9", ruleset="abc")


def busy(metrics: Metrics) -> Metrics:
    """Has heard of one thing of each kind."""
    metrics.exchange_finished(
        exchange(state=ExchangeState.HELD, verdict=MOCKED, bot_seconds=0.3, check_seconds=0.0004)
    )
    metrics.webhook_answered("hall", "holding", 0.02)
    metrics.opinion_given("hall", "doubtful", 0.7)
    metrics.hold_settled(hold(state=HoldState.APPROVED))
    metrics.delivery_finished(delivery(state=DeliveryState.DELIVERED))
    metrics.failed("bot", BotTimeout("slow"), channel="hall", exchange="exchange-1")
    metrics.connect_refused("host")
    metrics.tunnels_open(2)
    metrics.set_following(current=False, clock_offset_s=1.5)
    metrics.alert_raised(Alert("alert-1", "hall", AlertKind.AUTOREPLY, "message", "message", NOON, NOON))
    metrics.set_bypass({"hall": 1, "weibo": 0}, {"hall": 6, "weibo": 0})
    metrics.set_counts({"holds_pending": 3, "unanswered": 0})
    metrics.set_pressing({"hall": Pressing(late=2, closing=1), "weibo": Pressing()})
    metrics.set_shadow_mode({"hall": True, "weibo": False})
    metrics.message_spooled(message())
    metrics.set_spool(4)
    metrics.coordination_changed("TimeoutError")
    metrics.set_stopped({"hall": False, "weibo": True})
    metrics.share_full("hall", PLATFORM)
    metrics.set_share("hall", BOT, taken=3, in_line=1, at_once=200)
    return metrics


def lines(metrics: Metrics) -> list[str]:
    return metrics.render()[0].decode().splitlines()


@pytest.mark.parametrize(
    "line",
    [
        'guard_exchanges_total{channel="hall",state="held"} 1.0',
        'guard_verdicts_total{channel="hall",disposition="hold"} 1.0',
        'guard_spooled_total{channel="hall"} 1.0',
        "guard_spool_messages 4.0",
        'guard_findings_total{category="mockery",channel="hall",rule="mockery.x",severity="medium",'
        'shadow="false"} 1.0',
        'guard_webhook_answers_total{answer="holding",channel="hall"} 1.0',
        'guard_webhook_answer_seconds_bucket{channel="hall",le="0.01"} 0.0',
        'guard_webhook_answer_seconds_bucket{channel="hall",le="0.025"} 1.0',
        'guard_bot_answer_seconds_sum{bot="vendor",channel="hall"} 0.3',
        'guard_check_seconds_bucket{channel="hall",le="0.0005"} 1.0',
        'guard_second_opinions_total{answer="doubtful",channel="hall"} 1.0',
        'guard_second_opinion_seconds_bucket{channel="hall",le="0.5"} 0.0',
        'guard_second_opinion_seconds_bucket{channel="hall",le="0.75"} 1.0',
        'guard_bypass_alerts_total{channel="hall",kind="autoreply"} 1.0',
        'guard_bypass_alerts_open{channel="weibo"} 0.0',
        'guard_checklist_due{channel="hall"} 6.0',
        'guard_holds_settled_total{channel="hall",state="approved"} 1.0',
        'guard_deliveries_total{channel="hall",state="delivered"} 1.0',
        'guard_failures_total{error="BotTimeout",where="bot"} 1.0',
        'guard_records{kind="holds_pending"} 3.0',
        'guard_records{kind="unanswered"} 0.0',
        'guard_holds_pressing{channel="hall",why="late"} 2.0',
        'guard_holds_pressing{channel="hall",why="closing"} 1.0',
        'guard_holds_pressing{channel="weibo",why="closing"} 0.0',
        "guard_coordination_up 0.0",
        'guard_shadow_mode{channel="hall"} 1.0',
        'guard_shadow_mode{channel="weibo"} 0.0',
        'guard_channel_stopped{channel="hall"} 0.0',
        'guard_channel_stopped{channel="weibo"} 1.0',
        'guard_proxy_refusals_total{reason="host"} 1.0',
        "guard_proxy_tunnels 2.0",
        'guard_share_taken{channel="hall",way="bot"} 3.0',
        'guard_share_in_line{channel="hall",way="bot"} 1.0',
        'guard_share_places{channel="hall",way="bot"} 200.0',
        'guard_share_full_total{channel="hall",way="platform"} 1.0',
        'guard_build_info{ruleset="abc",version="9.9"} 1.0',
        "guard_ruleset_current 0.0",
        "guard_clock_offset_seconds 1.5",
    ],
)
def test_counted(metrics: Metrics, line: str) -> None:
    assert line in lines(busy(metrics))


def test_a_second_time_adds_up(metrics: Metrics) -> None:
    busy(busy(metrics))
    assert 'guard_exchanges_total{channel="hall",state="held"} 2.0' in lines(metrics)
    assert 'guard_records{kind="holds_pending"} 3.0' in lines(metrics)


def test_a_bot_that_failed_has_no_verdict_and_no_time(metrics: Metrics) -> None:
    metrics.exchange_finished(exchange(state=ExchangeState.UNANSWERED, why="bot-timeout"))
    told = "\n".join(lines(metrics))
    assert 'guard_exchanges_total{channel="hall",state="unanswered"} 1.0' in told
    assert "guard_verdicts_total{" not in told
    assert "guard_bot_answer_seconds_count{" not in told


def test_shadow_findings_are_told_apart(metrics: Metrics) -> None:
    finding = Finding("tone.x", Category.TONE, Severity.LOW, "生硬", shadow=True)
    verdict = replace(MOCKED, findings=(finding, *MOCKED.findings))
    metrics.exchange_finished(exchange(state=ExchangeState.HELD, verdict=verdict))
    found = [line for line in lines(metrics) if line.startswith("guard_findings_total{")]
    assert [re.findall(r'rule="(.*?)".*shadow="(.*?)"', line) for line in found] == [
        [("tone.x", "true")],
        [("mockery.x", "false")],
    ]


def test_coordination_is_up_until_something_is_heard_of_it_and_when_it_is_back(metrics: Metrics) -> None:
    assert "guard_coordination_up 1.0" in lines(metrics)
    busy(metrics).coordination_changed("")
    assert "guard_coordination_up 1.0" in lines(metrics)


def test_two_of_them_share_nothing(metrics: Metrics) -> None:
    busy(metrics)
    assert "guard_exchanges_total{" not in "\n".join(lines(Metrics(version="1", ruleset="2")))


def test_nobody_and_nothing_said_is_in_it(metrics: Metrics) -> None:
    told = "\n".join(lines(busy(metrics)))
    message, reply = values.message(), hold().reply
    assert not [one for one in (message.user, message.text, message.key, reply.text) if one in told]


def test_times_of_creation_are_left_out(metrics: Metrics) -> None:
    assert not [line for line in lines(busy(metrics)) if "_created" in line]


def test_every_value_is_a_number(metrics: Metrics) -> None:
    samples = [line for line in lines(busy(metrics)) if not line.startswith("#")]
    assert not [line for line in samples if math.isnan(float(line.rpartition(" ")[2]))]


def types(metrics: Metrics) -> set[str]:
    """As several processes tell them."""
    return set(re.findall(r"^# TYPE (guard_\w+)", merged({0: metrics.render()[0]}).decode(), re.MULTILINE))


def test_every_metric_is_in_the_reference(metrics: Metrics) -> None:
    told = set(re.findall(r"^\| `(guard_\w+)`", OPERATIONS.read_text("utf-8"), re.MULTILINE))
    assert told == types(busy(metrics))


def test_the_reference_alerts_on_metrics_there_are(metrics: Metrics) -> None:
    text = OPERATIONS.read_text("utf-8")
    named = set(re.findall(r"guard_[a-z_]+", text))
    known = {line.split("{")[0].split(" ")[0] for line in lines(busy(metrics))}
    known |= types(metrics)
    assert named <= known


def test_a_verdict_without_findings_is_counted_all_the_same(metrics: Metrics) -> None:
    verdict: Verdict = values.RELEASED
    metrics.exchange_finished(exchange(state=ExchangeState.ANSWERED, verdict=verdict))
    assert 'guard_verdicts_total{channel="hall",disposition="release"} 1.0' in lines(metrics)
