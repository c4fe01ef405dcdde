"""What is drawn and what alarms are about figures that exist, and the committed drawing is today's."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.telemetry.metrics import Metrics
from scripts.dashboards import FILE, drawn
from tests.deploy.programs import DEPLOY, program
from tests.deploy.test_alerts import ALERTS
from tests.telemetry.test_metrics import busy

NAMES = re.compile(r"\b(?:guard|process|haproxy)_[a-z_]+")
SELECTORS = re.compile(r"\b(guard_[a-z_]+)\{([^}]*)\}")
PANELS = [panel for panel in json.loads(FILE.read_text("utf-8"))["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """(where it stands, PromQL)"""
    for name, rule in ALERTS.items():
        yield f"alert {name}", rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield f"panel {panel['title']}", target["expr"]


WHERE = [where for where, _ in expressions()]


SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}


@pytest.fixture(scope="module")
def told() -> dict[str, set[str]]:
    """The labels of everything a busy guard tells, by name; its processes' own among it."""
    found: dict[str, set[str]] = {}
    for family in busy(Metrics(version="1", ruleset="abc")).registry.collect():
        for suffix in SUFFIXES.get(family.type, ("",)):
            found[f"{family.name}{suffix}"] = set()
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_the_committed_dashboard_is_the_one_that_is_drawn() -> None:
    assert FILE.read_text("utf-8") == drawn(), "run `make dashboards`"


@pytest.mark.parametrize("expression", [text for _, text in expressions()], ids=WHERE)
def test_every_metric_and_label_exists(expression: str, told: dict[str, set[str]]) -> None:
    named = {name for name in NAMES.findall(expression) if not name.startswith("haproxy_")}
    assert named <= set(told)
    for metric, selector in SELECTORS.findall(expression):
        assert set(re.findall(r"(\w+)=", selector)) <= told.get(metric, set()), metric


def test_every_metric_of_ours_is_drawn(told: dict[str, set[str]]) -> None:
    shown = {name for _, text in expressions() for name in NAMES.findall(text)}
    families = {
        name.removesuffix("_count").removesuffix("_sum") for name in told if name.startswith("guard_")
    }
    unseen = {name for name in families if not name.endswith(("_created", "_bucket"))} - {
        name.removesuffix("_bucket") for name in shown
    }
    assert unseen == set()


def test_every_panel_speaks_both_languages() -> None:
    for panel in PANELS:
        assert re.search(r"[\u4e00-\u9fff].* · [A-Za-z]", panel["title"]), panel["title"]


def test_prometheus_reads_every_expression(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    rules = [
        {
            "record": f"panel:{number}",
            "expr": text.replace("$__rate_interval", "5m").replace("$channel", ".*"),
        }
        for number, (_, text) in enumerate(expressions())
    ]
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), "utf-8")
    promtool = program("promtool", "prometheus")
    run = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert f"{len(rules)} rules found" in run.stdout


def test_the_source_that_panels_name_is_provisioned() -> None:
    provisioned = (DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text("utf-8")
    (uid,) = {panel["datasource"]["uid"] for panel in PANELS}
    assert f"uid: {uid} " in provisioned
