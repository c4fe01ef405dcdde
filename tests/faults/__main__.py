"""`python -m tests.faults`: the fault matrix. Exit code 1 where a promise is broken."""

import asyncio
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from tests.faults.judge import PROMISES
from tests.faults.report import show, write_json, write_stories
from tests.faults.run import Finished, Progress, run
from tests.faults.scene import Plan

REPORT = Path("build/chaos.json")
TOLD_EVERY_S = 60.0
"""Where there is no terminal for bars."""


def main(
    conversations: Annotated[int, typer.Option(min=1)] = 20_000,
    kills: Annotated[int, typer.Option(min=0)] = 500,
    minutes: Annotated[float, typer.Option(help="At most.")] = 120.0,
    guards: Annotated[int, typer.Option(min=1, max=3)] = 1,
    seed: Annotated[int, typer.Option(help="0: the environment's CHAOS_SEED, or a new one.")] = 0,
    store: Annotated[str, typer.Option(help="sqlite or postgres")] = "sqlite",
    stop_s: Annotated[float, typer.Option(help="The longest SIGSTOP.")] = 30.0,
    report: Annotated[Path, typer.Option(help="Where the figures go, as JSON.")] = REPORT,
    keep: Annotated[Path | None, typer.Option(help="A folder for records and logs, kept.")] = None,
) -> None:
    """Play platform, bot and moderators against real guards while everything goes wrong."""
    seed = seed or int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1, 1_000_000))
    kind: Literal["sqlite", "postgres"] = "postgres" if store == "postgres" else "sqlite"
    if guards > 1 and kind == "sqlite":
        raise typer.BadParameter("several guards need --store postgres")
    plan = Plan(conversations, kills, guards, kind, seed, minutes, (2.0, stop_s))
    errors, out = Console(stderr=True), Console()
    errors.print(f"CHAOS_SEED={seed}")
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
            finished = watched(plan, Path(folder), errors)
    else:
        keep.mkdir(parents=True, exist_ok=True)
        finished = watched(plan, keep.resolve(), errors)
    write_json(finished, report)
    write_stories(finished, report.with_suffix(".stories.txt"))
    show(finished, out)
    broken = any(finished.judgement.count(promise) for promise in PROMISES)
    sys.exit(1 if broken else 0)


def watched(plan: Plan, folder: Path, console: Console) -> Finished:
    """The run, with bars on `console`."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console) as bars:
        talks = bars.add_task("conversations", total=plan.conversations)
        deaths = bars.add_task("kills", total=plan.kills)

        told_at = 0.0

        def watch(progress: Progress) -> None:
            nonlocal told_at
            kills = progress.ledger.kills.total()
            bars.update(talks, completed=progress.done, description=f"conversations, {progress.phase}")
            bars.update(deaths, completed=kills)
            if not console.is_terminal and time.monotonic() - told_at > TOLD_EVERY_S:
                told_at = time.monotonic()
                console.print(f"{progress.phase}: {progress.done} conversations, {kills} kills")

        return asyncio.run(run(plan, folder, watch))


if __name__ == "__main__":
    typer.run(main)
