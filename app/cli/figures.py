"""An evaluation as tables and lists for people."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.shown import COLOURS, finding_line, marked, printable
from app.core.evaluation import Confusion, Evaluation, Judged, Pace
from app.core.floors import Shortfall
from app.core.proportion import Figure

PIPED_WIDTH = 140
"""Columns where no terminal says how many it has."""
GOOD, FAIR = 0.95, 0.85
"""Shares of what should be high: green and yellow from here on."""
FEW, SOME = 0.03, 0.05
"""Shares of what should be low: green and yellow up to here."""
HEADINGS = ("该拦\nto hold", "拦下\nrecall", "该放\nto pass", "误拦\nfalse holds", "精确\nprecision", "\nF1")
NOTHING = Text("–", style="dim")


def print_evaluation(console: Console, evaluation: Evaluation, worst: int) -> None:
    """Tables, time, and the `worst` first of each kind of error."""
    console.print(_places(evaluation))
    if evaluation.categories:
        console.print(_categories(evaluation))
    if evaluation.pace:
        console.print(_pace(evaluation.pace))
    _print_worst(console, "漏放 misses", evaluation.misses, worst)
    _print_worst(console, "误拦 false holds", evaluation.false_holds, worst)


def print_shortfalls(console: Console, shortfalls: Sequence[Shortfall]) -> None:
    for one in shortfalls:
        found = f"{one.figure.value:.1%}" if one.figure else "没有可量的回复 nothing to measure"
        console.print(Text(f"不达标 {one.name}: expected {one.floor:.1%}, found {found}", style="bold red"))


def _places(evaluation: Evaluation) -> Table:
    table = _table("按文件 By file")
    table.add_row("全部 all", *_cells(evaluation.whole), style="bold")
    table.add_row("  普通回复 plain", *_cells(evaluation.plain))
    table.add_row("  看着像的 look-alikes", *_cells(evaluation.look_alikes), end_section=True)
    for folder, whole in evaluation.folders.items():
        table.add_row(_name(f"{folder}/"), *_cells(whole), style="bold")
        for file, one in _below(evaluation.files, folder, "/"):
            table.add_row(_name(f"  {file}"), *_cells(one))
    return table


def _categories(evaluation: Evaluation) -> Table:
    table = _table("按类别 By category", "认出\nfound", "认对\nright")
    for category, whole in evaluation.categories.items():
        named = evaluation.naming[category]
        rates = (_high(named.found_rate), _high(named.right_rate))
        table.add_row(_name(category), *_cells(whole), *rates, style="bold")
        for subclass, one in _below(evaluation.subclasses, category, "."):
            table.add_row(_name(f"  {subclass}"), *_cells(one))
    return table


def _name(name: str) -> Text:
    """A name as it is: brackets in it are no markup."""
    return Text(printable(name))


def _below(slices: Mapping[str, Confusion], parent: str, separator: str) -> list[tuple[str, Confusion]]:
    """Those whose name is the parent's and one part more, by that part. A file without folder is in `.`."""
    split = ((name.rpartition(separator), one) for name, one in slices.items())
    return [(last, one) for (before, _, last), one in split if (before or ".") == parent]


def _table(title: str, *further: str) -> Table:
    caption = "灰色：95% 置信区间（Wilson） In grey: 95 % intervals"
    table = Table(
        title=title,
        caption=caption,
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("", overflow="fold")
    for heading in (*HEADINGS, *further):
        table.add_column(heading, justify="right")
    return table


def _cells(one: Confusion) -> tuple[Text, ...]:
    return (
        _count(one.to_hold),
        _high(one.recall),
        _count(one.to_pass),
        _low(one.false_hold_rate),
        _high(one.precision),
        _high(one.f1),
    )


def _count(number: int) -> Text:
    return Text(str(number)) if number else NOTHING


def _high(figure: Figure | None) -> Text:
    if figure is None:
        return NOTHING
    return _figure(figure, "green" if figure.value >= GOOD else "yellow" if figure.value >= FAIR else "red")


def _low(figure: Figure | None) -> Text:
    if figure is None:
        return NOTHING
    return _figure(figure, "green" if figure.value <= FEW else "yellow" if figure.value <= SOME else "red")


def _figure(figure: Figure, colour: str) -> Text:
    bounds = f" {figure.low * 100:.0f}–{figure.high * 100:.0f}"
    return Text.assemble((f"{figure.value:.1%}", colour), (bounds, "not bold dim"))


def _pace(pace: Pace) -> Text:
    named = (
        ("平均 mean", pace.mean),
        ("中位 median", pace.median),
        ("95%", pace.p95),
        ("最长 longest", pace.longest),
    )
    told = " · ".join(f"{name} {seconds * 1000:.2f} ms" for name, seconds in named)
    return Text(f"每条用时 time per reply: {told}\n")


def _print_worst(console: Console, what: str, wrong: Sequence[Judged], worst: int) -> None:
    colour = "red" if wrong else "green"
    console.print(Text(f"{what}: {len(wrong)}", style=f"bold {colour}"))
    for one in wrong[:worst]:
        _print_judged(console, one)
    if len(wrong) > worst:
        console.print(Text(f"  …… {len(wrong) - worst} more (--worst)", style="dim"))
    console.print()


def _print_judged(console: Console, one: Judged) -> None:
    labelled = one.labelled
    labels = " ".join(str(label) for label in labelled.labels) or "–"
    looks = "" if labelled.hold or not labelled.labels else "看着像 like "
    console.print(
        Text.assemble(
            (f"  {printable(labelled.file)}:{labelled.line}", "dim"), f"  {looks}", (labels, "bold")
        ),
        soft_wrap=True,
    )
    for turn in labelled.conversation.turns:
        earlier = Text(f"    此前 {printable(turn.asked)} → {printable(turn.answered)}", style="dim")
        console.print(earlier, soft_wrap=True)
    if labelled.conversation.message:
        console.print(Text(f"    市民 {printable(labelled.conversation.message)}"), soft_wrap=True)
    console.print("    回复", marked(labelled.reply.text, one.verdict.findings), soft_wrap=True)
    for finding in one.verdict.findings:
        console.print("        ", finding_line(finding, COLOURS[one.verdict.disposition]), soft_wrap=True)
