"""Verdicts for people, on a terminal that no reply may steer."""

from collections.abc import Sequence

from rich.text import Text

from app.core.model import Disposition, Finding

COLOURS = {Disposition.RELEASE: "green", Disposition.HOLD: "yellow", Disposition.BLOCK: "red"}


def printable(text: str) -> str:
    """Nothing in it steers a terminal; as long as before, so that spans still fit."""
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text)


def marked(text: str, findings: Sequence[Finding]) -> Text:
    """The reply as written, what was found in it standing out."""
    shown = Text(printable(text))
    for finding in findings:
        for span in finding.spans:
            shown.stylize("bold reverse", span.start, span.end)
    return shown


def finding_line(finding: Finding, colour: str) -> Text:
    quote = printable(finding.quote)
    return Text(f"{finding.severity.value:7}{finding.rule}  “{quote}”  {finding.why}", style=colour)
