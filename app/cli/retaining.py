"""`shenyan db restore` and `archive`."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import ConfigFile, settings_from
from app.core.errors import ConfigError, StoreError


def restore(
    archive: Annotated[Path, typer.Argument(help="`db backup` 写的文件。What `db backup` has written.")],
    config: ConfigFile = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="记录库不是空的也恢复，原有的全部删除。Replace what is there.")
    ] = False,
) -> None:
    """从备份恢复：先验证，再一步换上。Put a backup in the place of the records, proved and at once."""
    from app.storage.location import location
    from app.storage.restore import Order
    from app.storage.restore import restore as put_back

    url = location(settings_from(config).storage)
    if replace:
        _require_consent(url, archive)
    made = put_back(url, Order(archive, operator(), datetime.now(UTC), replace))
    typer.echo(
        f"已恢复 restored: {made.exchanges} exchanges, {made.holds} holds, {made.deliveries} deliveries, "
        f"{made.audit} audit entries"
    )
    if made.doubtful:
        typer.echo(
            f"备份时还没送完的 {made.doubtful} 条可能后来已经送达，列在“生死不明”里等人决定 "
            f"{made.doubtful} deliveries may have left since the backup and wait for a person"
        )


def _require_consent(url: str, archive: Path) -> None:
    """Raises ConfigError unless somebody who was told what would go types the name of the records."""
    from app.storage.location import database_url
    from app.storage.restore import rows_there

    try:
        there = str(rows_there(url))
    except StoreError:  # what cannot be read any more is what backups are for
        there = "?"
    if there == "0":
        return
    name = Path(database_url(url).database or "").name
    typed = typer.prompt(
        f"现有的 {there} 行将全部删除，换成 {archive.name}；确定就输入记录库的名字 {name}\n"
        f"All {there} rows there now will be deleted; to go on, type the name of the records, {name}"
    )
    if typed.strip() != name:
        raise ConfigError("名字不对，什么也没有动 that is not its name: nothing was touched")


def archive(
    config: ConfigFile = None,
    before: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="这一天之前的（北京时间），代替配置。Older than this day."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只数一数。Count, write and delete nothing.")
    ] = False,
) -> None:
    """把旧记录写成归档、读回核对，再从记录库删除。Archive old records, compare, then delete them."""
    from app.assembly.retention import archiver_of
    from app.core.retention import Class, Due, dues, start_of

    settings = settings_from(config)
    if before is not None:
        wanted = [Due(kind, start_of(before.date())) for kind in Class]
    elif settings.retention.limited:
        wanted = list(dues(settings.retention.days, datetime.now(UTC)))
    else:
        raise ConfigError(
            "retention: 没有设期限，什么都不归档 no limit is set: set one, or say --before DATE"
        )
    with _progress() as told:
        archiver = archiver_of(settings, operator(), told=told)
        if dry_run:
            counts = archiver.count(wanted)
        else:
            made = archiver.run(wanted)
    if dry_run:
        for kind, count in counts.items():
            typer.echo(f"{kind}: {count}")
        return
    for one in made:
        typer.echo(f"{one.name}: {', '.join(f'{count} {table}' for table, count in one.rows.items())}")
    if not made:
        typer.echo("没有到期的 nothing is old enough")


def operator() -> str:
    """Who is at the machine: the audit row's actor."""
    return f"cli:{getpass.getuser()}"


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bars:
        task = bars.add_task("归档")

        def told(what: str, done: int, total: int) -> None:
            bars.update(task, description=what, completed=done, total=total or None)

        yield told
