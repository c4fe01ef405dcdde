"""`shenyan audit verify` and `export`."""

import asyncio
import csv
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, fields
from enum import StrEnum
from typing import Annotated

import typer

from app.cli.common import ConfigFile, settings_from
from app.core.errors import ConfigError
from app.core.records import AuditEntry

app = typer.Typer(help="验证、导出审计记录。Verify or export the audit trail.", no_args_is_help=True)


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


@app.command()
def verify(config: ConfigFile = None) -> None:
    """验证审计链；任何改动、删除、插入都会被发现。Find any change, deletion or insertion."""
    count, broken = asyncio.run(_verified(settings_from(config).storage.url))
    if broken is not None:
        typer.echo(f"审计链在第 {broken} 条断裂 the chain breaks at entry {broken}", err=True)
        raise typer.Exit(1)
    typer.echo(f"审计链完整，共 {count} 条 the chain is whole: {count} entries")


@app.command()
def export(
    config: ConfigFile = None,
    form: Annotated[Format, typer.Option("--format", help="csv（带 BOM）或 jsonl。")] = Format.CSV,
) -> None:
    """导出到标准输出。Write the trail to standard output."""
    asyncio.run(_exported(settings_from(config).storage.url, form))


async def _trail(url: str) -> AsyncGenerator[AuditEntry, None]:
    from app.storage.database import sqlite_file
    from app.storage.sql import SqlStore

    file = sqlite_file(url)
    if file is not None and not file.is_file():  # opening would make a new one, whole and empty
        raise ConfigError(f"storage.url: there are no records at {file}; is this the right folder?")
    store = await SqlStore.open(url, busy_timeout_s=3.0)
    try:
        async for entry in store.audit_trail():
            yield entry
    finally:
        await store.aclose()


async def _verified(url: str) -> tuple[int, int | None]:
    """How many entries there are, and the number of the first that does not fit."""
    from app.core.audit import START, fits, link

    previous = START
    async with aclosing(_trail(url)) as entries:
        async for entry in entries:
            if not fits(entry, previous):
                return entry.seq, entry.seq
            previous = link(entry)
    return previous.seq, None


async def _exported(url: str, form: Format) -> None:
    names = [field.name for field in fields(AuditEntry)]
    if form is Format.CSV:
        sys.stdout.write("\ufeff")  # spreadsheets read UTF-8 only with it
        writer = csv.writer(sys.stdout)
        writer.writerow(names)
    async with aclosing(_trail(url)) as entries:
        async for entry in entries:
            row = {**asdict(entry), "at": entry.at.isoformat()}
            if form is Format.CSV:
                writer.writerow([_harmless(str(row[name])) for name in names])
            else:
                sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula gets a quote before it."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
