"""`shenyan check`: the judgement from the command line."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.common import ChannelName, ConfigFile, FactsFile, findings_as_json, settings_from
from app.core.errors import ConfigError
from app.core.model import Conversation, Reply, Verdict

if TYPE_CHECKING:
    from app.core.checker import Checker
    from app.core.policy import CheckPolicy

Tell = Callable[[Reply, Conversation], None]
"""Judges a reply, and prints what came of it."""


def check(
    texts: Annotated[list[str] | None, typer.Argument(help="要判断的回复。Replies to judge.")] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='从标准输入逐行读 {"text": …, "context": …}。')
    ] = False,
    message: Annotated[str, typer.Option(help="市民的留言。What the citizen wrote.")] = "",
    explain: Annotated[
        bool, typer.Option("--explain", help="说明怎样得出的，给人看。How it came about, for people.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="说明也写成 JSON。The explanation as JSON.")
    ] = False,
    config: ConfigFile = None,
    channel: ChannelName = "",
    facts: FactsFile = None,
) -> None:
    """判断回复，每条一行 JSON。Judge replies; one line of JSON each, exit code 1 if a line is broken."""
    if not jsonl and not texts:
        raise ConfigError(
            "没有要判断的文本 nothing to judge: pass texts, or --jsonl with lines on standard input"
        )
    checker, policy = checker_for(config, channel, facts)
    tell = _tell(checker, policy, explain=explain, as_json=as_json)
    if not jsonl:
        for text in texts or ():
            tell(Reply.of(text), Conversation(message))
        return
    broken = False
    with _counted(sys.stdin.buffer) as lines:
        for line in _read_lines(lines):
            if isinstance(line, str):
                broken = True
                _print_json({"error": line})
                continue
            tell(*line)
    if broken:
        raise typer.Exit(1)


def checker_for(config: Path | None, channel: str, facts: Path | None) -> "tuple[Checker, CheckPolicy]":
    """What the options say, else what came with this version and the default policy. Raises ConfigError.

    `facts` takes the place of the channel's list.
    """
    from app.loading.facts import load_facts
    from app.loading.policies import check_policy
    from app.loading.ruleset import load_checker
    from app.settings.machinery import Rules
    from app.settings.policies import Policy

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


def _tell(checker: "Checker", policy: "CheckPolicy", *, explain: bool, as_json: bool) -> Tell:
    if not explain:
        return lambda reply, conversation: _print_json(_as_json(checker.check(reply, conversation, policy)))
    from app.cli import explaining
    from app.core.explanation import explain as explained

    def tell(reply: Reply, conversation: Conversation) -> None:
        explanation = explained(checker, reply, conversation, policy)
        if as_json:
            _print_json(_as_json(explanation.verdict) | {"explanation": explaining.as_json(explanation)})
        else:
            explaining.show(explanation)

    return tell


def _read_lines(lines: Iterable[bytes]) -> Iterator[tuple[Reply, Conversation] | str]:
    """Reply and conversation of each line, or what is wrong with it. Empty lines are skipped."""
    from app.loading.inquiries import read_inquiry

    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            inquiry = read_inquiry(line)
        except ValueError as error:
            yield f"line {number}: {error}"
        else:
            yield inquiry.reply, inquiry.conversation


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
        "findings": findings_as_json(verdict.findings),
        "ruleset": verdict.ruleset,
    }


def _print_json(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()
