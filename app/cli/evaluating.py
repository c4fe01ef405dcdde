"""`shenyan eval`: how well the judgement does on labelled replies."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.common import ChannelName, ConfigFile, FactsFile, findings_as_json
from app.cli.judging import checker_for
from app.core.evaluation import Confusion, Evaluation, Judged, Labelled, Naming, evaluate
from app.core.floors import Floors, Shortfall, shortfalls
from app.core.policy import CheckPolicy
from app.core.proportion import Figure

if TYPE_CHECKING:
    from app.core.checker import Checker


def evaluate_files(
    files: Annotated[
        list[Path], typer.Argument(help="标注好的回复（JSONL），或放它们的文件夹。Labelled replies.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="打印 JSON 而不是表格。Figures as JSON.")] = False,
    worst: Annotated[
        int, typer.Option(min=0, help="漏放、误拦各列出最要紧的几条。How many errors to show.")
    ] = 5,
    floors: Annotated[
        Path | None, typer.Option(help="底线（YAML）；有一项不达标，退出码为 1。Floors to hold.")
    ] = None,
    config: ConfigFile = None,
    channel: ChannelName = "",
    facts: FactsFile = None,
) -> None:
    """量一量判断得准不准：查全、查准、误拦，和最要紧的错。Measure the judgement on labelled replies."""
    from app.loading.floors import load_floors
    from app.loading.labelled import load_labelled

    asked = load_floors(floors) if floors else Floors()
    labelled = load_labelled(files)
    checker, policy = checker_for(config, channel, facts)
    judged = judge_all(checker, policy, labelled)
    evaluation = evaluate(judged)
    short = shortfalls(evaluation, asked)
    if as_json:
        document = _as_json(evaluation, worst, short) | {"ruleset": judged[0].verdict.ruleset}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _print(evaluation, worst, short)
    if short:
        raise typer.Exit(1)


def judge_all(checker: "Checker", policy: CheckPolicy, labelled: Sequence[Labelled]) -> list[Judged]:
    """Each reply, at least one, with its time; a bar on standard error where a person watches it."""
    from rich.console import Console
    from rich.progress import track

    first = labelled[0]
    checker.check(
        first.reply, first.conversation, policy
    )  # what is loaded with the first check is not its time
    console, watched = Console(stderr=True), sys.stderr.isatty()
    judged = []
    for one in track(labelled, "判断 judging", console=console, transient=True, disable=not watched):
        started = perf_counter()
        verdict = checker.check(one.reply, one.conversation, policy)
        judged.append(Judged.of(one, verdict, policy, perf_counter() - started))
    return judged


def _print(evaluation: Evaluation, worst: int, short: Sequence[Shortfall]) -> None:
    from rich.console import Console

    from app.cli.figures import PIPED_WIDTH, print_evaluation, print_shortfalls

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    print_evaluation(console, evaluation, worst)
    print_shortfalls(console, short)


def _as_json(evaluation: Evaluation, worst: int, short: Sequence[Shortfall]) -> dict[str, object]:
    return {
        "whole": _counts(evaluation.whole),
        "plain": _counts(evaluation.plain),
        "look_alikes": _counts(evaluation.look_alikes),
        "folders": _slices(evaluation.folders),
        "files": _slices(evaluation.files),
        "categories": {
            name: _counts(one) | _naming(evaluation.naming[name])
            for name, one in evaluation.categories.items()
        },
        "subclasses": _slices(evaluation.subclasses),
        "seconds_per_reply": asdict(evaluation.pace) if evaluation.pace else None,
        "misses": [_error(one) for one in evaluation.misses[:worst]],
        "false_holds": [_error(one) for one in evaluation.false_holds[:worst]],
        "shortfalls": [
            {"name": one.name, "floor": one.floor, "figure": _figure(one.figure)} for one in short
        ],
    }


def _slices(slices: Mapping[str, Confusion]) -> dict[str, object]:
    return {name: _counts(one) for name, one in slices.items()}


def _counts(one: Confusion) -> dict[str, object]:
    return {
        **asdict(one),
        "recall": _figure(one.recall),
        "precision": _figure(one.precision),
        "f1": _figure(one.f1),
        "false_hold_rate": _figure(one.false_hold_rate),
    }


def _naming(one: Naming) -> dict[str, object]:
    return {"found": _figure(one.found_rate), "right": _figure(one.right_rate)}


def _figure(figure: Figure | None) -> dict[str, float] | None:
    return asdict(figure) if figure else None


def _error(one: Judged) -> dict[str, object]:
    labelled = one.labelled
    return {
        "file": labelled.file,
        "line": labelled.line,
        "text": labelled.reply.text,
        "context": labelled.conversation.message,
        "hold": labelled.hold,
        "labels": [str(label) for label in labelled.labels],
        "disposition": one.verdict.disposition.value,
        "findings": findings_as_json(one.verdict.findings),
    }
