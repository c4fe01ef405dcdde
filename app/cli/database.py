"""`shenyan db upgrade` and `backup`."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import ConfigFile, settings_from

app = typer.Typer(help="记录的升级与备份。Upgrade or back up the records.", no_args_is_help=True)


@app.command()
def upgrade(config: ConfigFile = None) -> None:
    """把表结构升级到这个版本。Bring the schema to this version."""
    from app.storage.migrate import upgrade as migrate

    migrate(settings_from(config).storage.url)
    typer.echo("表结构已是最新 the schema is up to date")


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="新文件，已存在则拒绝。A new file.")],
    config: ConfigFile = None,
) -> None:
    """在线备份，并读回验证。Copy the records while they are in use, and prove the copy."""
    from app.storage.backup import backup as copy

    made = copy(settings_from(config).storage.url, target)
    typer.echo(
        f"{made.path}: {made.exchanges} exchanges, {made.holds} holds, "
        f"{made.deliveries} deliveries, {made.audit} audit entries"
    )
