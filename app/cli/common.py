"""Options that several commands share."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.core.errors import ConfigError
from app.settings import Settings

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
