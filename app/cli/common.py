"""Options and forms that several commands share."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.core.errors import ConfigError
from app.core.model import Finding
from app.settings.whole import Settings

DEFAULT_CONFIG = Path("shenyan.toml")

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="SHENYAN_CONFIG",
        help="配置文件，默认 ./shenyan.toml。Configuration file.",
        show_default=False,
    ),
]

ChannelName = Annotated[str, typer.Option(help="用哪个频道的策略（需要 --config）。Whose policy.")]
FactsFile = Annotated[
    Path | None, typer.Option(help="用这份事实清单（TOML、CSV），代替频道的。A list of facts.")
]


def settings_from(
    path: Path | None, extra_checks: Sequence[Callable[[Settings], Sequence[str]]] = ()
) -> Settings:
    """The configuration named, or ./shenyan.toml. Raises ConfigError."""
    from app.loading.config import load_settings

    if path is None and not DEFAULT_CONFIG.exists():
        raise ConfigError(
            "没有配置文件 no configuration: pass --config FILE, set SHENYAN_CONFIG, "
            "or start from samples/shenyan.toml"
        )
    return load_settings(path or DEFAULT_CONFIG, os.environ, extra_checks)


def findings_as_json(findings: Sequence[Finding]) -> list[dict[str, object]]:
    return [
        {
            "rule": finding.rule,
            "category": finding.category.value,
            "subclass": finding.subclass,
            "severity": finding.severity.value,
            "span": [finding.span.start, finding.span.end],
            "quote": finding.quote,
            "why": finding.why,
            "message_quote": finding.message_quote,
            "source": finding.source,
            **({"shadow": True} if finding.shadow else {}),
        }
        for finding in findings
    ]
