"""`shenyan check` and `shenyan lint`: the judgement from the command line."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.common import ConfigFile, settings_from
from app.core.errors import ConfigError
from app.core.model import Conversation, Disposition, Reply, Verdict

if TYPE_CHECKING:
    from app.core.checker import Checker
    from app.core.policy import CheckPolicy

COLOURS = {Disposition.RELEASE: "green", Disposition.HOLD: "yellow", Disposition.BLOCK: "red"}


def check(
    texts: Annotated[list[str] | None, typer.Argument(help="要判断的回复。Replies to judge.")] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='从标准输入逐行读 {"text": …, "context": …}。')
    ] = False,
    message: Annotated[str, typer.Option(help="市民的留言。What the citizen wrote.")] = "",
    explain: Annotated[bool, typer.Option("--explain", help="给人看的说明。For people.")] = False,
    config: ConfigFile = None,
    channel: Annotated[str, typer.Option(help="用哪个频道的策略（需要 --config）。Whose policy.")] = "",
    facts: Annotated[
        Path | None, typer.Option(help="用这份事实清单（TOML、CSV），代替频道的。A list of facts.")
    ] = None,
) -> None:
    """判断回复，每条一行 JSON。Judge replies; one line of JSON each, exit code 1 if a line is broken."""
    if not jsonl and not texts:
        raise ConfigError(
            "没有要判断的文本 nothing to judge: pass texts, or --jsonl with lines on standard input"
        )
    checker, policy = _checker(config, channel, facts)
    show = _explain if explain else _print_verdict
    if not jsonl:
        for text in texts or ():
            show(text, checker.check(Reply.of(text), Conversation(message), policy))
        return
    broken = False
    with _counted(sys.stdin.buffer) as lines:
        for line in _read_lines(lines):
            if isinstance(line, str):
                broken = True
                _print_json({"error": line})
                continue
            text, conversation = line
            show(text, checker.check(Reply.of(text), conversation, policy))
    if broken:
        raise typer.Exit(1)


def lint(
    rules: Annotated[Path | None, typer.Option(help="规则文件夹。Rules folder.")] = None,
    lexicons: Annotated[Path | None, typer.Option(help="词表文件夹。Lexicons folder.")] = None,
) -> None:
    """检查规则和词表：每条例句都要说到做到。Check rules and lexicons; every example must keep its word."""
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


def _checker(config: Path | None, channel: str, facts: Path | None) -> "tuple[Checker, CheckPolicy]":
    """`facts` takes the place of the channel's list. Raises ConfigError."""
    from app.loading.facts import load_facts
    from app.loading.policies import check_policy
    from app.loading.ruleset import load_checker
    from app.settings import Policy, Rules

    policy, where = Policy(), Rules()
    if config is not None or channel:
        settings = settings_from(config)
        if channel and channel not in settings.channels:
            raise ConfigError(f"--channel {channel}: known are {', '.join(settings.channels)}")
        asked = settings.channels.get(channel)
        policy = settings.policies.get(asked.policy if asked else "default", policy)
        facts = facts or (asked.facts if asked else None)
        where = settings.rules
    checker = load_checker(where.rules_dir, where.lexicons_dir, where.cache_dir)
    return checker, check_policy(policy, load_facts(facts, checker.folder) if facts else None)


def _read_lines(lines: Iterable[bytes]) -> Iterator[tuple[str, Conversation] | str]:
    """Text and conversation of each line, or what is wrong with it. Empty lines are skipped."""
    from app.loading.inquiries import read_inquiry

    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            inquiry = read_inquiry(line)
        except ValueError as error:
            yield f"line {number}: {error}"
        else:
            yield inquiry.reply.text, inquiry.conversation


@contextmanager
def _counted(lines: Iterable[bytes]) -> Iterator[Iterable[bytes]]:
    """The lines, counted on standard error where a person watches it and nothing else is shown."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    watched = sys.stderr.isatty() and not sys.stdout.isatty()
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed}"))
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not watched) as progress:
        yield progress.track(lines, description="判断 judging")


def _as_json(verdict: Verdict) -> dict[str, object]:
    return {
        "disposition": verdict.disposition.value,
        "findings": [
            {
                "rule": finding.rule,
                "category": finding.category.value,
                "severity": finding.severity.value,
                "span": [finding.span.start, finding.span.end],
                "quote": finding.quote,
                "why": finding.why,
                **({"shadow": True} if finding.shadow else {}),
            }
            for finding in verdict.findings
        ],
        "ruleset": verdict.ruleset,
    }


def _print_verdict(_text: str, verdict: Verdict) -> None:
    _print_json(_as_json(verdict))


def _print_json(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _explain(text: str, verdict: Verdict) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    shown = Text(_printable(text))
    for finding in verdict.findings:
        for span in finding.spans:
            shown.stylize("bold reverse", span.start, span.end)
    colour = COLOURS[verdict.disposition]
    console.print(Text(f"{verdict.disposition.value:8}", style=f"bold {colour}"), shown, soft_wrap=True)
    for finding in verdict.findings:
        console.print(
            Text(
                f"         {finding.severity.value:7}{finding.rule}  “{_printable(finding.quote)}”  "
                f"{finding.why}",
                style=colour,
            ),
            soft_wrap=True,
        )


def _printable(text: str) -> str:
    """Nothing in it steers a terminal; as long as before, so that spans still fit."""
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text)
