"""Numbers that name a person, covered before a text goes to somebody who needs only the words."""

import re

COVER = "[号码]"

_DIGIT = "[\\d零〇○一二三四五六七八九幺]"
_BETWEEN = "[-–—.·_()+ \\t\u00a0\u3000（）＋－．\u00ad\u200b-\u200f\u2060\ufeff]{0,3}"
_RUN = re.compile(f"{_DIGIT}(?:{_BETWEEN}{_DIGIT})+[XxＸｘ]?")
_SOLID = re.compile(f"{_DIGIT}{{7,}}")
_ANY = re.compile(_DIGIT)

MIN_SPACED_DIGITS = 11
"""A mobile number written 138 1234 5678; a date written 2024-03-01 has 8."""


def mask_numbers(text: str) -> str:
    """Cover phone, identity and card numbers: 7 digits on end, or 11 with something between them.

    Digits of every script and Chinese ones count. Short public numbers (12345, 110), dates and times stay.
    """
    return _RUN.sub(_covered, text)


def dotted_numbers(text: str) -> str:
    """The same numbers, each digit a dot: as long as before, so that spans still fit."""
    return _RUN.sub(lambda run: run.group() if _covered(run) != COVER else _ANY.sub("•", run.group()), text)


def _covered(run: re.Match[str]) -> str:
    written = run.group()
    spaced = len(_ANY.findall(written)) >= MIN_SPACED_DIGITS
    return COVER if spaced or _SOLID.search(written) else written
