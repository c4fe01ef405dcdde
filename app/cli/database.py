"""`shenyan db upgrade`, `downgrade`, `backup`, `restore` and `archive`."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli import retaining
from app.cli.common import ConfigFile, settings_from

app = typer.Typer(help="记录的升级、备份、恢复、归档。Look after the records.", no_args_is_help=True)
app.command("restore")(retaining.restore)
app.command("archive")(retaining.archive)


@app.command()
def upgrade(config: ConfigFile = None) -> None:
    """把表结构升级到这个版本。Bring the schema to this version."""
    from app.storage.location import location
    from app.storage.migrate import upgrade as migrate

    migrate(location(settings_from(config).storage))
    typer.echo("表结构已是最新 the schema is up to date")


@app.command()
def downgrade(
    config: ConfigFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。Do not ask.")] = False,
) -> None:
    """表结构退一步，这一步才有的内容随之删除。Take the schema one step back."""
    from app.storage.location import location
    from app.storage.migrate import downgrade as step_back

    url = location(settings_from(config).storage)
    if not yes:
        typer.confirm(
            "所有进程都停了、备份也做了吗？最新一步才有的表和列会被删除\n"
            "Is every process stopped and a backup made? Tables and columns of the newest step are deleted",
            abort=True,
        )
    typer.echo(f"表结构退到了 the schema is now {step_back(url)}")


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="新文件，已存在则拒绝。A new file.")],
    config: ConfigFile = None,
) -> None:
    """在线备份，并读回验证。Copy the records while they are in use, and prove the copy."""
    from app.storage.backup import backup as copy
    from app.storage.location import location

    made = copy(location(settings_from(config).storage), target)
    typer.echo(
        f"{made.path}: {made.exchanges} exchanges, {made.holds} holds, "
        f"{made.deliveries} deliveries, {made.audit} audit entries"
    )
