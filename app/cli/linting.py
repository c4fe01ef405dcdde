"""`shenyan lint`: whether rules and word lists keep their word, and which words do nothing or do harm."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.loading.quality import Told


def lint(
    rules: Annotated[Path | None, typer.Option(help="规则文件夹。Rules folder.")] = None,
    lexicons: Annotated[Path | None, typer.Option(help="词表文件夹。Lexicons folder.")] = None,
    corpus: Annotated[
        list[Path] | None,
        typer.Option(
            help="标注语料（JSONL），其中放行的不该被拦。Labelled replies; default: the checkout's."
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="只查错误，不看提醒。Errors alone.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="有提醒也算失败。Remarks fail too.")] = False,
) -> None:
    """检查规则和词表：例句说到做到，词条不白占地方。Check rules and lexicons; remark on idle words."""
    from rich.console import Console

    from app.loading.ruleset import lint as find_problems

    console = Console(stderr=True)
    with console.status("检查规则和词表……"):
        problems = find_problems(rules, lexicons, None)
    for problem in problems:
        typer.echo(problem)
    if problems:
        console.print(f"[red]{len(problems)} 个问题 problems")
        raise typer.Exit(1)
    console.print("[green]规则和词表没有问题 rules and lexicons are sound")
    if quick:
        return
    remarks = _remarks(rules, lexicons, corpus)
    for remark in remarks:
        typer.secho(str(remark), fg=typer.colors.YELLOW)
    if not remarks:
        return
    counts = Counter(remark.flaw.value for remark in remarks)
    shares = " · ".join(f"{flaw} {count}" for flaw, count in counts.most_common())
    console.print(f"[yellow]{len(remarks)} 条提醒 remarks: {shares}", soft_wrap=True)
    if strict:
        raise typer.Exit(1)


def _remarks(rules: Path | None, lexicons: Path | None, corpus: Sequence[Path] | None) -> "Sequence[Told]":
    from rich.console import Console
    from rich.progress import Progress

    from app.loading.quality import development_corpus, read_quality
    from app.loading.ruleset import load_checker

    files = corpus if corpus is not None else development_corpus()
    quality = read_quality(load_checker(rules, lexicons, None), lexicons, files)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("看每个词 weighing words", total=quality.size)
        return quality.remarks(lambda done: progress.advance(task, done))
