"""Each alert fires when it should, and stays quiet just beside: asked of Prometheus' own evaluator."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.programs import DEPLOY, program, yaml_of

RULES = DEPLOY / "prometheus" / "alerts.yml"
ALERTS: dict[str, Any] = {
    rule["alert"]: rule
    for group in yaml_of(RULES)[0]["groups"]  # type: ignore[attr-defined]
    for rule in group["rules"]
}
FIRST, SECOND = "172.30.91.2:8900", "172.30.91.3:8900"
TARGET = f'job="shenyan",instance="{FIRST}"'


@dataclass(frozen=True)
class Case:
    alert: str
    series: Mapping[str, str]
    """What is read every minute, in promtool's notation: `a+bxn` is n steps of b from a."""
    at: str
    """When the alert is asked for."""
    labels: Mapping[str, str] | None
    """Of the alert that fires; None: it is quiet."""
    value: str = ""
    """As the words of the alert print it."""


def up(*values: str) -> dict[str, str]:
    """`up` of the replicas, in order."""
    return {
        f'up{{job="shenyan",instance="{instance}"}}': value
        for instance, value in zip((FIRST, SECOND), values, strict=False)
    }


def gauge(kind: str, value: str) -> dict[str, str]:
    """Two replicas read the same records."""
    return {
        f'guard_records{{job="shenyan",instance="{instance}",kind="{kind}"}}': value
        for instance in (FIRST, SECOND)
    }


def ready(value: str) -> dict[str, str]:
    return {'haproxy_backend_active_servers{job="balancer",instance="balancer:8404",proxy="guard"}': value}


def answered(bucket: str, value: str) -> dict[str, str]:
    return {f'guard_webhook_answer_seconds_bucket{{{TARGET},channel="hall",le="{bucket}"}}': value}


def build(instance: str, ruleset: str) -> dict[str, str]:
    return {
        f'guard_build_info{{job="shenyan",instance="{instance}",version="1",ruleset="{ruleset}"}}': "1x60"
    }


def counted(metric: str, labels: str, value: str) -> dict[str, str]:
    return {f"{metric}{{{TARGET},{labels}}}": value}


HALL = {"channel": "hall"}
CASES = {
    "no replica answers": Case("NoGuard", up("0x9", "0x9"), "2m", {}),
    "one of two still answers": Case("NoGuard", up("0x9", "1x9"), "2m", None),
    "a replica is away": Case("GuardDown", up("1x9", "0x9"), "3m", {"job": "shenyan", "instance": SECOND}),
    "a replica missed one reading": Case("GuardDown", up("1x9", "1 0 1 1 1"), "3m", None),
    "a replica lives and is not ready": Case(
        "GuardNotReady",
        up("1x9", "1x9") | ready("1x9"),
        "3m",
        {"job": "balancer", "instance": "balancer:8404", "proxy": "guard"},
    ),
    "no replica is ready": Case(
        "GuardNotReady",
        up("1x9", "1x9") | ready("0x9"),
        "3m",
        {"job": "balancer", "instance": "balancer:8404", "proxy": "guard"},
    ),
    "both are ready": Case("GuardNotReady", up("1x9", "1x9") | ready("2x9"), "3m", None),
    "the balancer is away": Case(
        "BalancerDown",
        {'up{job="balancer",instance="balancer:8404"}': "0x9"},
        "2m",
        {"job": "balancer", "instance": "balancer:8404"},
    ),
    "the balancer is there": Case(
        "BalancerDown", {'up{job="balancer",instance="balancer:8404"}': "1x9"}, "2m", None
    ),
    "a replica does not reach Redis": Case(
        "CoordinationDown",
        {f"guard_coordination_up{{{TARGET}}}": "1 0x9"},
        "3m",
        {"job": "shenyan", "instance": FIRST},
    ),
    "a replica reaches Redis again": Case(
        "CoordinationDown", {f"guard_coordination_up{{{TARGET}}}": "1 0 1x9"}, "3m", None
    ),
    "something went past the guard": Case(
        "WayPastTheGuard", counted("guard_bypass_alerts_open", 'channel="hall"', "0 1x9"), "2m", HALL
    ),
    "what went past the guard was looked at": Case(
        "WayPastTheGuard", counted("guard_bypass_alerts_open", 'channel="hall"', "1 0x9"), "2m", None
    ),
    "a replica has not got the current rules": Case(
        "RulesNotCurrent",
        {f"guard_ruleset_current{{{TARGET}}}": "1 0x9"},
        "3m",
        {"job": "shenyan", "instance": FIRST},
    ),
    "a replica has got them at last": Case(
        "RulesNotCurrent", {f"guard_ruleset_current{{{TARGET}}}": "1 0 1x9"}, "3m", None
    ),
    "a replica's clock is late": Case(
        "ClockOff",
        {f"guard_clock_offset_seconds{{{TARGET}}}": "-3x9"},
        "6m",
        {"job": "shenyan", "instance": FIRST},
        "3",
    ),
    "a replica's clock was set": Case(
        "ClockOff", {f"guard_clock_offset_seconds{{{TARGET}}}": "-3x3 0x9"}, "6m", None
    ),
    "replicas judge by different rules": Case(
        "RulesetsDiffer", build(FIRST, "abc") | build(SECOND, "abd"), "40m", {}
    ),
    "replicas judge by the same rules": Case(
        "RulesetsDiffer", build(FIRST, "abc") | build(SECOND, "abc"), "40m", None
    ),
    "files run out": Case(
        "FilesRunOut",
        {f"process_open_fds{{{TARGET}}}": "900x9", f"process_max_fds{{{TARGET}}}": "1024x9"},
        "6m",
        {"job": "shenyan", "instance": FIRST},
    ),
    "files are plenty": Case(
        "FilesRunOut",
        {f"process_open_fds{{{TARGET}}}": "800x9", f"process_max_fds{{{TARGET}}}": "1024x9"},
        "6m",
        None,
    ),
    "a citizen is unanswered": Case("CitizensUnanswered", gauge("unanswered", "2x9"), "2m", {}, "2"),
    "nobody is unanswered": Case("CitizensUnanswered", gauge("unanswered", "0x9"), "2m", None),
    "messages stay on a replica's disk": Case(
        "MessagesInSpool",
        counted("guard_spool_messages", 'worker="1"', "0 7x20")
        | counted("guard_spool_messages", 'worker="2"', "5x20"),
        "5m",
        {"instance": FIRST},
        "12",
    ),
    "messages were on a disk for a moment": Case(
        "MessagesInSpool", {f"guard_spool_messages{{{TARGET}}}": "0 7 7 0x20"}, "5m", None
    ),
    "a delivery's fate is unknown": Case(
        "DeliveriesUncertain", gauge("deliveries_uncertain", "1x9"), "2m", {}, "1"
    ),
    "every delivery's fate is known": Case(
        "DeliveriesUncertain", gauge("deliveries_uncertain", "0x9"), "2m", None
    ),
    "deliveries pile up": Case("DeliveriesPileUp", gauge("deliveries_queued", "51x20"), "12m", {}, "51"),
    "deliveries piled up for a moment": Case(
        "DeliveriesPileUp", gauge("deliveries_queued", "51x3 4x20"), "12m", None
    ),
    "a delivery fails": Case(
        "DeliveriesFail",
        counted("guard_deliveries_total", 'channel="hall",state="failed"', "3x5 4x20"),
        "12m",
        HALL,
    ),
    "the very first delivery runs out of its window": Case(
        "DeliveriesFail",
        counted("guard_deliveries_total", 'channel="hall",state="expired"', "_x5 1x20"),
        "12m",
        HALL,
    ),
    "deliveries arrive": Case(
        "DeliveriesFail",
        counted("guard_deliveries_total", 'channel="hall",state="delivered"', "0+5x20"),
        "12m",
        None,
    ),
    "one answer in thirty is nearly too late": Case(
        "AnswersSlow",
        answered("4.5", "0+58x20") | answered("5", "0+60x20") | answered("+Inf", "0+60x20"),
        "8m",
        HALL,
        "4.85",
    ),
    "answers take two seconds": Case(
        "AnswersSlow",
        answered("2", "0+60x20") | answered("5", "0+60x20") | answered("+Inf", "0+60x20"),
        "8m",
        None,
    ),
    "pushes are refused": Case(
        "PushesRefused",
        counted("guard_webhook_answers_total", 'channel="hall",answer="refused"', "0+30x30"),
        "25m",
        HALL,
    ),
    "a forged push now and then": Case(
        "PushesRefused",
        counted("guard_webhook_answers_total", 'channel="hall",answer="refused"', "0+6x30"),
        "25m",
        None,
    ),
    "the queue is long": Case("QueueLong", gauge("holds_pending", "21x20"), "12m", {}, "21"),
    "the queue is not long": Case("QueueLong", gauge("holds_pending", "20x20"), "12m", None),
    "a hold's window is about to close": Case(
        "HoldsClosing",
        counted("guard_holds_pressing", 'channel="hall",why="closing"', "0 2x20"),
        "5m",
        HALL,
        "2",
    ),
    "a hold with a window of a minute came and went": Case(
        "HoldsClosing",
        counted("guard_holds_pressing", 'channel="hall",why="closing"', "0 1 0x20"),
        "5m",
        None,
    ),
    "a hold is late": Case(
        "HoldsLate",
        counted("guard_holds_pressing", 'channel="hall",why="late"', "0 1x20"),
        "8m",
        HALL,
        "1",
    ),
    "a hold was decided a little late": Case(
        "HoldsLate", counted("guard_holds_pressing", 'channel="hall",why="late"', "0 1 1 0x20"), "8m", None
    ),
    "a hold ran out of its window": Case(
        "HoldsExpired",
        counted("guard_holds_settled_total", 'channel="hall",state="expired"', "5x5 6x20"),
        "12m",
        HALL,
    ),
    "the very first hold ran out of its window": Case(
        "HoldsExpired",
        counted("guard_holds_settled_total", 'channel="hall",state="expired"', "_x5 1x20"),
        "12m",
        HALL,
    ),
    "the last hold that ran out was hours ago": Case(
        "HoldsExpired",
        counted("guard_holds_settled_total", 'channel="hall",state="expired"', "5x5 6x200"),
        "3h",
        None,
    ),
    "a channel stays stopped": Case(
        "ChannelStopped", counted("guard_channel_stopped", 'channel="hall"', "1x90"), "65m", HALL
    ),
    "a channel is let go again": Case(
        "ChannelStopped", counted("guard_channel_stopped", 'channel="hall"', "1x50 0x40"), "65m", None
    ),
    "a trial was left on": Case(
        "ShadowMode", counted("guard_shadow_mode", 'channel="hall"', "1x90"), "65m", HALL
    ),
    "no trial": Case("ShadowMode", counted("guard_shadow_mode", 'channel="hall"', "0x90"), "65m", None),
    "the bot fails": Case(
        "BotFails",
        counted("guard_failures_total", 'where="bot",error="BotTimeout"', "0+10x20"),
        "10m",
        {},
    ),
    "the bot failed now and then": Case(
        "BotFails",
        counted("guard_failures_total", 'where="bot",error="BotTimeout"', "0+2x20"),
        "10m",
        None,
    ),
    "second opinions do not come": Case(
        "OpinionsFail",
        counted("guard_second_opinions_total", 'channel="hall",answer="failed"', "0+10x20"),
        "10m",
        HALL,
    ),
    "second opinions doubt": Case(
        "OpinionsFail",
        counted("guard_second_opinions_total", 'channel="hall",answer="doubtful"', "0+10x20"),
        "10m",
        None,
    ),
    "the records fail for the first time": Case(
        "RecordsFail",
        counted("guard_failures_total", 'where="store",error="StoreError"', "_x5 1x20"),
        "8m",
        {"where": "store", "error": "StoreError"},
    ),
    "two decide the same hold": Case(
        "RecordsFail",
        counted("guard_failures_total", 'where="store",error="Conflict"', "_x5 1x20"),
        "8m",
        None,
    ),
    "the sweeper keeps failing": Case(
        "WorkersFail",
        counted("guard_failures_total", 'where="sweeper",error="KeyError"', "0+12x30"),
        "20m",
        {"where": "sweeper", "error": "KeyError"},
    ),
    "archiving fails": Case(
        "WorkersFail",
        counted("guard_failures_total", 'where="retention",error="ConfigError"', "_x5 1x20"),
        "12m",
        {"where": "retention", "error": "ConfigError"},
    ),
    "a bot's failure is no worker's": Case(
        "WorkersFail",
        counted("guard_failures_total", 'where="bot",error="BotTimeout"', "0+12x30"),
        "20m",
        None,
    ),
}


def spoken(text: str, case: Case) -> str:
    """An annotation with its places filled in."""
    labels = case.labels or {}
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels[found[1]], text)
    return text.replace("{{ $value }}", case.value)


def asked(case: Case) -> dict[str, object]:
    """One test in promtool's form."""
    rule = ALERTS[case.alert]
    fired = [] if case.labels is None else [
        {
            "exp_labels": {"severity": rule["labels"]["severity"], **case.labels},
            "exp_annotations": {name: spoken(text, case) for name, text in rule["annotations"].items()},
        }
    ]  # fmt: skip
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "alert_rule_test": [{"alertname": case.alert, "eval_time": case.at, "exp_alerts": fired}],
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_alerts(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "test.yml"  # JSON is YAML
    file.write_text(json.dumps({"rule_files": [str(RULES)], "tests": [asked(case)]}), "utf-8")
    promtool = program("promtool", "prometheus")
    run = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_was_seen_to_fire_and_to_be_quiet() -> None:
    assert {case.alert for case in CASES.values() if case.labels is not None} == set(ALERTS)
    assert {case.alert for case in CASES.values() if case.labels is None} == set(ALERTS)


def test_the_configuration_is_valid() -> None:
    promtool = program("promtool", "prometheus")
    command = [promtool, "check", "config", str(DEPLOY / "prometheus" / "prometheus.yml")]
    assert "SUCCESS" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
