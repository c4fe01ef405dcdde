"""`shenyan audit verify` and `export`."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import typer

from app.cli.common import ConfigFile, settings_from
from app.core.errors import ConfigError
from app.core.records import AuditEntry
from app.service.audit_export import Form, exported, first_break
from app.settings.machinery import Storage

app = typer.Typer(help="验证、导出审计记录。Verify or export the audit trail.", no_args_is_help=True)


@app.command()
def verify(config: ConfigFile = None) -> None:
    """验证审计链；任何改动、删除、插入都会被发现。Find any change, deletion or insertion."""
    count, broken = asyncio.run(_verified(settings_from(config).storage))
    if broken is not None:
        typer.echo(f"审计链在第 {broken} 条断裂 the chain breaks at entry {broken}", err=True)
        raise typer.Exit(1)
    typer.echo(f"审计链完整，共 {count} 条 the chain is whole: {count} entries")


@app.command()
def export(
    config: ConfigFile = None,
    form: Annotated[Form, typer.Option("--format", help="csv（带 BOM）或 jsonl。")] = Form.CSV,
) -> None:
    """导出到标准输出。Write the trail to standard output."""
    asyncio.run(_exported(settings_from(config).storage, form))


async def _trail(storage: Storage) -> AsyncGenerator[AuditEntry, None]:
    from app.storage.location import location, sqlite_file
    from app.storage.sql import SqlStore

    url = location(storage)
    file = sqlite_file(url)
    if file is not None and not file.is_file():  # opening would make a new one, whole and empty
        raise ConfigError(f"storage.url: there are no records at {file}; is this the right folder?")
    store = await SqlStore.open(url, busy_timeout_s=3.0)
    try:
        async for entry in store.audit_trail():
            yield entry
    finally:
        await store.aclose()


async def _verified(storage: Storage) -> tuple[int, int | None]:
    """How many entries there are, and the number of the first that does not fit."""
    async with aclosing(_trail(storage)) as entries:
        return await first_break(entries)


async def _exported(storage: Storage, form: Form) -> None:
    async with aclosing(_trail(storage)) as entries:
        async for line in exported(entries, form):
            sys.stdout.write(line)
