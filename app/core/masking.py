"""Numbers that name a person, covered before a text goes to somebody who needs only the words."""

import re
from collections.abc import Sequence

from app.core.errors import Invalid

COVER = "[号码]"

_DIGIT = "[\\d零〇○一二三四五六七八九幺]"
_BETWEEN = "[-–—.·_()+ \\t\u00a0\u3000（）＋－．\u00ad\u200b-\u200f\u2060\ufeff]{0,3}"
_RUN = re.compile(f"{_DIGIT}(?:{_BETWEEN}{_DIGIT})+[XxＸｘ]?")
_SOLID = re.compile(f"{_DIGIT}{{7,}}")
_TOKEN = re.compile(r"\[号码([0-9]{1,3})\]")
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


def dotted_personal(text: str) -> str:
    """As `dotted_numbers`, but an office's numbers stay."""
    return _RUN.sub(lambda run: _ANY.sub("•", run.group()) if _is_personal(run) else run.group(), text)


def personal_numbers(text: str) -> tuple[str, ...]:
    """The numbers in `text` that name a person, each once, in order.

    Numbers that an office publishes (landlines, 400, 12345) are none: who releases a reply has to see them.
    """
    found = (run.group() for run in _RUN.finditer(text) if _is_personal(run))
    return tuple(dict.fromkeys(found))


def named(text: str, numbers: Sequence[str]) -> str:
    """`text` with those of `numbers` that stand in it as [号码1], [号码2], ...; other numbers stay."""

    def name(run: re.Match[str]) -> str:
        return f"[号码{numbers.index(run.group()) + 1}]" if run.group() in numbers else run.group()

    return _RUN.sub(name, text)


def restored(text: str, numbers: Sequence[str]) -> str:
    """`text` with the numbers back in their places. Raises Invalid for a [号码n] that never was."""

    def number(token: re.Match[str]) -> str:
        at = int(token[1]) - 1
        if not 0 <= at < len(numbers):
            raise Invalid(f"原文里没有{token.group()}，请改成文字，或只用原文里有的")
        return numbers[at]

    return _TOKEN.sub(number, text)


def _is_personal(run: re.Match[str]) -> bool:
    """A mobile, identity or card number: 11 digits or more that no office's number begins like."""
    digits = "".join(_ANY.findall(run.group()))
    return len(digits) >= MIN_SPACED_DIGITS and not digits.startswith(("0", "〇", "零", "400", "800"))


def _covered(run: re.Match[str]) -> str:
    written = run.group()
    spaced = len(_ANY.findall(written)) >= MIN_SPACED_DIGITS
    return COVER if spaced or _SOLID.search(written) else written
