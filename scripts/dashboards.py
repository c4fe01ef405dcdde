"""Draws Grafana's dashboard anew: `python -m scripts.dashboards`. The file is in git; a test compares."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from string import ascii_uppercase

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.common import ReduceDataOptions, StackingConfig, VizLegendOptions
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)

FILE = Path(__file__).parents[1] / "deploy" / "grafana" / "dashboards" / "shenyan.json"
SOURCE = DataSourceRef(type_val="prometheus", uid="shenyan-prometheus")
CHANNEL = 'channel=~"$channel"'
GREEN, ORANGE, RED = "green", "orange", "red"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, with the colours it turns at `warns` and `alarms`."""

    title: str
    expression: str
    warns: float | None = None
    alarms: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Lines over time. `legend` is in Grafana's `{{label}}` form."""

    title: str
    expressions: Sequence[tuple[str, str]]
    """(expression, legend)"""
    unit: str = "short"
    stacked: bool = False


def _per_minute(metric: str, by: str, matches: str = CHANNEL) -> str:
    return f"sum by ({by}) (rate({metric}{{{matches}}}[$__rate_interval])) * 60"


def _quantile(quantile: float, metric: str, matches: str = CHANNEL) -> str:
    rates = f"sum by (le) (rate({metric}_bucket{{{matches}}}[$__rate_interval]))"
    return f"histogram_quantile({quantile}, {rates})"


def _quantiles(metric: str) -> Sequence[tuple[str, str]]:
    return [(_quantile(quantile, metric), f"p{quantile * 100:g}") for quantile in (0.5, 0.95, 0.99)]


FIGURES = (
    Figure("在跑的副本 · replicas", 'sum(up{job="shenyan"})'),
    Figure("能干活的副本 · ready", 'max(haproxy_backend_active_servers{proxy="guard"})'),
    Figure("未答复 · unanswered", 'max(guard_records{kind="unanswered"})', alarms=1),
    Figure("不知是否送达 · uncertain", 'max(guard_records{kind="deliveries_uncertain"})', alarms=1),
    Figure("待审 · holds pending", 'max(guard_records{kind="holds_pending"})', warns=10, alarms=21),
    Figure("待送达 · queued", 'max(guard_records{kind="deliveries_queued"})', warns=10, alarms=51),
    Figure(
        "停机的频道 · stopped",
        f"sum(max by (channel) (guard_channel_stopped{{{CHANNEL}}}))",
        warns=1,
    ),
    Figure(
        "只观察的频道 · shadow mode",
        f"sum(max by (channel) (guard_shadow_mode{{{CHANNEL}}}))",
        warns=1,
    ),
)

ROWS: Sequence[tuple[str, Sequence[Curve]]] = (
    (
        "市民 · Citizens",
        (
            Curve(
                "留言最后怎样了，每分钟 · messages by what became of them, per minute",
                [(_per_minute("guard_exchanges_total", "state"), "{{state}}")],
                stacked=True,
            ),
            Curve(
                "答给平台的，每分钟 · answers to the platform, per minute",
                [(_per_minute("guard_webhook_answers_total", "answer"), "{{answer}}")],
                stacked=True,
            ),
            Curve(
                "应答用时（平台 5 秒挂断） · time to answer; the platform hangs up at 5 s",
                _quantiles("guard_webhook_answer_seconds"),
                "s",
            ),
            Curve(
                "送达，每分钟 · deliveries, per minute",
                [(_per_minute("guard_deliveries_total", "state"), "{{state}}")],
            ),
        ),
    ),
    (
        "判定 · Judgement",
        (
            Curve(
                "判定，每分钟 · verdicts, per minute",
                [(_per_minute("guard_verdicts_total", "disposition"), "{{disposition}}")],
                stacked=True,
            ),
            Curve(
                "查出的问题，每分钟 · findings that count, per minute",
                [
                    (
                        _per_minute("guard_findings_total", "category", f'{CHANNEL},shadow="false"'),
                        "{{category}}",
                    )
                ],
                stacked=True,
            ),
            Curve(
                "只观察的问题，每分钟 · findings in the shadow, per minute",
                [(_per_minute("guard_findings_total", "rule", f'{CHANNEL},shadow="true"'), "{{rule}}")],
            ),
            Curve("检查用时 · time of a check", _quantiles("guard_check_seconds"), "s"),
        ),
    ),
    (
        "审核 · The desk",
        (
            Curve(
                "等人处理的 · what waits for somebody",
                [("max by (kind) (guard_records)", "{{kind}}")],
            ),
            Curve(
                "等不得的待审 · holds that press",
                [(f"max by (channel, why) (guard_holds_pressing{{{CHANNEL}}})", "{{channel}} {{why}}")],
            ),
            Curve(
                "记录库不在时留在本机的 · kept on the guard's disk while the records are away",
                [
                    ("sum(guard_spool_messages)", "还在等 waiting"),
                    (_per_minute("guard_spooled_total", "channel"), "每分钟 {{channel}} per minute"),
                ],
            ),
            Curve(
                "待审的变化，每分钟 · holds settled, per minute",
                [(_per_minute("guard_holds_settled_total", "state"), "{{state}}")],
            ),
        ),
    ),
    (
        "机器人与第二意见 · Bots and second opinions",
        (
            Curve(
                "机器人用时（95%） · time of the bots, 95 %",
                [
                    (
                        "histogram_quantile(0.95, sum by (bot, le) "
                        f"(rate(guard_bot_answer_seconds_bucket{{{CHANNEL}}}[$__rate_interval])))",
                        "{{bot}}",
                    )
                ],
                "s",
            ),
            Curve(
                "第二意见，每分钟 · second opinions, per minute",
                [(_per_minute("guard_second_opinions_total", "answer"), "{{answer}}")],
            ),
            Curve("第二意见用时 · time of a second opinion", _quantiles("guard_second_opinion_seconds"), "s"),
            Curve(
                "出的错，每分钟 · failures, per minute",
                [
                    (
                        "sum by (where, error) (rate(guard_failures_total[$__rate_interval])) * 60",
                        "{{where}} {{error}}",
                    )
                ],
            ),
        ),
    ),
    (
        "绕行 · Ways past the guard",
        (
            Curve(
                "可能绕过去的，还没有人看 · noticed, not looked at",
                [(f"max by (channel) (guard_bypass_alerts_open{{{CHANNEL}}})", "{{channel}}")],
            ),
            Curve(
                "新发现的，每分钟 · newly noticed, per minute",
                [(_per_minute("guard_bypass_alerts_total", "kind"), "{{kind}}")],
            ),
            Curve(
                "平台自动回复该复查的 · the platform's own replies to look at again",
                [(f"max by (channel) (guard_checklist_due{{{CHANNEL}}})", "{{channel}}")],
            ),
            Curve(
                "外包方的出口 · the contractors' way out",
                [
                    ("sum(guard_proxy_tunnels)", "开着 open"),
                    (
                        "sum by (reason) (rate(guard_proxy_refusals_total[$__rate_interval])) * 60",
                        "拒绝 refused {{reason}}",
                    ),
                ],
            ),
        ),
    ),
    (
        "进程 · Processes",
        (
            Curve(
                "份额用了几成 · shares taken",
                [
                    (
                        f"sum by (channel, way) (guard_share_taken{{{CHANNEL}}})"
                        f" / sum by (channel, way) (guard_share_places{{{CHANNEL}}})",
                        "{{channel}} {{way}}",
                    )
                ],
                "percentunit",
            ),
            Curve(
                "排队等位子的 · in line for a place",
                [(f"sum by (channel, way) (guard_share_in_line{{{CHANNEL}}})", "{{channel}} {{way}}")],
            ),
            Curve(
                "没有等到位子的（每分钟） · without a place, per minute",
                [(_per_minute("guard_share_full_total", "channel, way"), "{{channel}} {{way}}")],
            ),
            Curve(
                "连得上 Redis · Redis is reached",
                [("guard_coordination_up", "{{instance}}")],
            ),
            Curve(
                "内存 · memory",
                [('process_resident_memory_bytes{job="shenyan"}', "{{instance}}")],
                "bytes",
            ),
            Curve(
                "处理器（核） · processor, cores",
                [('rate(process_cpu_seconds_total{job="shenyan"}[$__rate_interval])', "{{instance}}")],
            ),
            Curve("打开的文件 · open files", [('process_open_fds{job="shenyan"}', "{{instance}}")]),
            Curve(
                "版本与规则集 · version and rules",
                [("count by (version, ruleset) (guard_build_info)", "{{version}} {{ruleset}}")],
            ),
            Curve(
                "用上现行规则的副本 · judge by the current rules",
                [("sum(guard_ruleset_current)", "是 yes"), ("sum(1 - guard_ruleset_current)", "否 no")],
            ),
            Curve("钟差（秒） · clock offset, seconds", [("guard_clock_offset_seconds", "{{instance}}")]),
        ),
    ),
)


def drawn() -> str:
    """The dashboard's JSON, the same each time."""
    board = (
        dashboard.Dashboard("慎言 Shenyan")
        .uid("shenyan")
        .tags(["shenyan"])
        .editable()
        .refresh("30s")
        .time("now-6h", "now")
        .timezone("browser")
        .with_variable(
            dashboard.QueryVariable("channel")
            .label("频道 channel")
            .datasource(SOURCE)
            .query("label_values(guard_channel_stopped, channel)")
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .multi(True)
            .include_all(True)
        )
    )
    numbers = count(1)
    for figure in FIGURES:
        board.with_panel(_figure(figure).id(next(numbers)))
    for title, curves in ROWS:
        board.with_row(dashboard.Row(title).id(next(numbers)))
        for curve in curves:
            board.with_panel(_curve(curve).id(next(numbers)))
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(board.build()) + "\n"


def _figure(figure: Figure) -> stat.Panel:
    steps = [Threshold(color=GREEN, value=None)]
    steps += [
        Threshold(color=colour, value=value)
        for colour, value in ((ORANGE, figure.warns), (RED, figure.alarms))
        if value is not None
    ]
    return (
        stat.Panel()
        .title(figure.title)
        .datasource(SOURCE)
        .height(4)
        .span(3)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        .with_target(prometheus.Dataquery().ref_id("A").expr(figure.expression).instant())
    )


def _curve(curve: Curve) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .title(curve.title)
        .datasource(SOURCE)
        .height(8)
        .span(12)
        .unit(curve.unit)
        .min(0)
        .fill_opacity(20 if curve.stacked else 0)
        .legend(
            VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    if curve.stacked:
        panel.stacking(StackingConfig().mode(StackingMode.NORMAL))
    for name, (expression, legend) in zip(ascii_uppercase, curve.expressions, strict=False):
        panel.with_target(prometheus.Dataquery().ref_id(name).expr(expression).legend_format(legend))
    return panel


def main() -> None:
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(drawn(), "utf-8")
    print(FILE)


if __name__ == "__main__":
    main()
