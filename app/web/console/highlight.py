"""A reply cut into pieces: which finding marks which."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.core.model import Finding, Severity


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    severity: Severity | None = None
    """Of the gravest finding that marks it; None: nothing does."""
    findings: tuple[int, ...] = ()
    """Their numbers in the verdict, from 1."""


def pieces(text: str, findings: Sequence[Finding]) -> tuple[Piece, ...]:
    """All of the text, in order; findings may overlap, reach past its end, or mark nothing."""
    edges = {0, len(text)}
    for finding in findings:
        for span in finding.spans:
            edges |= {max(0, min(span.start, len(text))), max(0, min(span.end, len(text)))}
    cuts = sorted(edges)
    return tuple(_piece(text, start, end, findings) for start, end in pairwise(cuts))


def _piece(text: str, start: int, end: int, findings: Sequence[Finding]) -> Piece:
    here = [
        number
        for number, finding in enumerate(findings, 1)
        if any(span.start <= start and end <= span.end for span in finding.spans)
    ]
    severity = max((findings[number - 1].severity for number in here), default=None)
    return Piece(text[start:end], severity, tuple(here))
