"""`shenyan audit verify` and `export`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.common import ConfigFile, settings_from
from app.core.errors import ConfigError
from app.core.retention import ARCHIVED
from app.service.audit_export import Examined, Form, examined, exported
from app.settings.machinery import Storage

if TYPE_CHECKING:
    from app.storage.sql import SqlStore

app = typer.Typer(help="验证、导出审计记录。Verify or export the audit trail.", no_args_is_help=True)


@app.command()
def verify(
    config: ConfigFile = None,
    archive: Annotated[Path | None, typer.Option(help="归档目录，一起验证。The archives too.")] = None,
) -> None:
    """验证审计链；任何改动、删除、插入都会被发现。Find any change, deletion or insertion."""
    trail, problems = asyncio.run(_verified(settings_from(config).storage, archive))
    if trail.broken is not None:
        typer.echo(f"审计链在第 {trail.broken} 条断裂 the chain breaks at entry {trail.broken}", err=True)
    for problem in problems:
        typer.echo(problem, err=True)
    if trail.broken is not None or problems:
        raise typer.Exit(1)
    count, before = trail.count, trail.after.seq
    if archive is None:
        typer.echo(f"审计链完整，共 {count} 条 the chain is whole: {count} entries")
        if before:
            typer.echo(
                f"第 1 到 {before} 条只在归档里，没有验证 entries 1 to {before} lie in archives and were not "
                "looked at: --archive DIR"
            )
    else:
        typer.echo(
            f"审计链连同归档完整，共 {trail.last} 条，其中 {before} 条只在归档里 "
            f"the chain is whole: {trail.last} entries, {before} of them in archives alone"
        )


@app.command()
def export(
    config: ConfigFile = None,
    form: Annotated[Form, typer.Option("--format", help="csv（带 BOM）或 jsonl。")] = Form.CSV,
) -> None:
    """导出到标准输出。Write the trail to standard output."""
    asyncio.run(_exported(settings_from(config).storage, form))


@asynccontextmanager
async def _records(storage: Storage) -> AsyncIterator["SqlStore"]:
    from app.storage.location import location, sqlite_file
    from app.storage.sql import SqlStore

    url = location(storage)
    file = sqlite_file(url)
    if file is not None and not file.is_file():  # opening would make a new one, whole and empty
        raise ConfigError(f"storage.url: there are no records at {file}; is this the right folder?")
    store = await SqlStore.open(url, busy_timeout_s=3.0)
    try:
        yield store
    finally:
        await store.aclose()


async def _verified(storage: Storage, archive: Path | None) -> tuple[Examined, Sequence[str]]:
    """What the records say, and what is wrong with the archives."""
    from app.storage.archive_proof import problems_with

    async with _records(storage) as store:
        trail = await examined(store)
        if archive is None:
            return trail, []
        said = [entry async for entry in store.audit_trail() if entry.action == ARCHIVED]
    return trail, await asyncio.to_thread(problems_with, archive, trail.after, said)


async def _exported(storage: Storage, form: Form) -> None:
    async with _records(storage) as store, aclosing(store.audit_trail()) as entries:
        async for line in exported(entries, form):
            sys.stdout.write(line)
