"""`shenyan check --explain`: how a verdict came about, in colour for people or as JSON."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from app.cli.shown import COLOURS, finding_line, marked, printable
from app.core.explanation import Explanation, Missed, Place, Reading, Tried
from app.core.model import Finding
from app.core.rules import Rule

_LABEL_COLUMNS = 9


def show(explanation: Explanation) -> None:
    """On standard output."""
    console = Console(highlight=False)
    for line in _lines(explanation):
        console.print(line, soft_wrap=True)


def _lines(explanation: Explanation) -> Iterator[Text]:
    verdict, reply = explanation.verdict, explanation.reply
    colour = COLOURS[verdict.disposition]
    yield _labelled(verdict.disposition.value, marked(reply.raw, verdict.findings), f"bold {colour}")
    rules = {tried.rule.id: tried.rule for tried in explanation.tried}
    for finding in verdict.findings:
        yield from _finding(finding, rules.get(finding.rule), colour)
    yield from _reading(reply, "")
    if explanation.message is not None:
        yield _labelled("留言", Text(printable(explanation.message.raw)))
        yield from _reading(explanation.message, "留言")
    asked = len(explanation.tried)
    yield _labelled("规则", Text(f"问了 {asked} 条，{explanation.asleep} 条与它无关", style="dim"))
    for tried in explanation.tried:
        if tried.near:
            yield _labelled("", _tried(tried))
    far = [tried.rule.id for tried in explanation.tried if not tried.near]
    if far:
        yield _labelled("", Text(f"· 没沾边：{'、'.join(far)}", style="dim"))


def _finding(finding: Finding, rule: Rule | None, colour: str) -> Iterator[Text]:
    """`rule`: None where no file has it, as for findings of the system."""
    yield _labelled("", finding_line(finding, colour))
    if finding.message_quote:
        yield _labelled("", Text(f"       留言里的“{printable(finding.message_quote)}”", style=colour))
    if rule is not None and rule.severity != finding.severity:
        lowered = f"由 {rule.severity.value} 降为 {finding.severity.value}：没有一句读来像越权或私下说话"
        yield _labelled("", Text(f"       {lowered}", style="dim"))
    if finding.source:
        yield _labelled("", Text(f"       依据：{finding.source}", style="dim"))


def _reading(reading: Reading, of: str) -> Iterator[Text]:
    yield _labelled(f"{of}折叠", Text(printable(reading.folded)))
    if reading.squeezed:
        yield _labelled(f"{of}连读", Text(printable(reading.squeezed)))
    words = Text(" ").join(
        Text(printable(segment.place.quote), style="" if segment.known else "italic magenta")
        for segment in reading.segments
    )
    yield _labelled(f"{of}分词", words)
    for cue in reading.cues:
        spelled = "" if cue.place.quote == cue.term else f"（{cue.term}）"
        yield _labelled(
            f"{of}词", Text(f"“{printable(cue.place.quote)}”{spelled}  {cue.lexicon}", style="cyan")
        )


def _tried(tried: Tried) -> Text:
    missed = tried.missed
    if missed is None:
        return Text.assemble(("✓ ", "bold red"), (tried.rule.id, "bold"), f"  {tried.rule.title}")
    mark, style = ("◐ ", "yellow") if missed.exempted else ("○ ", "blue")
    return Text.assemble(
        (mark, f"bold {style}"), (tried.rule.id, style), f"  {_why(missed)}  ", (missed.path, "dim")
    )


def _why(missed: Missed) -> str:
    """Why it did not fire, in a sentence."""
    found = f"，{'留言' if missed.in_message else ''}有{_quotes(missed.found)}" if missed.found else ""
    if missed.exempted:
        return f"{_quotes(missed.proved)}本要拦下，豁免：{missed.what}{found}"
    return f"有{_quotes(missed.proved)}，{missed.what}{found}"


def _quotes(places: Iterable[Place]) -> str:
    return "、".join(f"“{printable(place.quote)}”" for place in places)


def _labelled(label: str, text: Text, style: str = "dim") -> Text:
    wide = sum(2 if one > "\u2e80" else 1 for one in label)  # a Han character takes two columns
    return Text.assemble((label, style), " " * max(1, _LABEL_COLUMNS - wide), text)


# --- for machines -------------------------------------------------------------------------------


def as_json(explanation: Explanation) -> dict[str, object]:
    """Ranges are half-open, in code points of the text as written."""
    return {
        "reply": _reading_json(explanation.reply),
        "message": _reading_json(explanation.message) if explanation.message is not None else None,
        "rules": [_tried_json(tried) for tried in explanation.tried],
        "asleep": explanation.asleep,
    }


def _reading_json(reading: Reading) -> dict[str, object]:
    return {
        "folded": reading.folded,
        "squeezed": reading.squeezed,
        "cues": [
            {"lexicon": cue.lexicon, "term": cue.term, "match": cue.match.value, **_place_json(cue.place)}
            for cue in reading.cues
        ],
        "segments": [{**_place_json(one.place), "known": one.known} for one in reading.segments],
    }


def _tried_json(tried: Tried) -> dict[str, object]:
    missed = tried.missed
    if missed is None:
        return {"rule": tried.rule.id, "outcome": "holds"}
    return {
        "rule": tried.rule.id,
        "outcome": "exempted" if missed.exempted else "unmet",
        "at": missed.path,
        "what": missed.what,
        "proved": [_place_json(place) for place in missed.proved],
        "found": [_place_json(place) for place in missed.found],
        "found_in": "message" if missed.in_message else "reply",
    }


def _place_json(place: Place) -> dict[str, object]:
    return {"span": [place.span.start, place.span.end], "quote": place.quote}
