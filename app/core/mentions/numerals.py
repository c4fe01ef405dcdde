"""Chinese numerals as numbers."""

import re

_DIGITS = str.maketrans("零〇○一二两三四五六七八九幺壹贰叁肆伍陆柒捌玖", "00012234567891123456789")
_RUN = re.compile(r"[零〇○一二两三四五六七八九幺壹贰叁肆伍陆柒捌玖0-9]{3,}")
_READ_OUT = re.compile(r"[零〇○幺]|[一二两三四五六七八九壹贰叁肆伍陆柒捌玖零〇○幺]{2,}")
_UNITS = {"十": 10, "百": 100, "千": 1000}

NUMERAL = r"(?:[0-9]{1,5}|[零〇一二两三四五六七八九十百千]{1,7})"
"""A pattern for what `number` reads."""


def as_digits(text: str) -> str:
    """The text, just as long, with digits for Chinese digits where three or more are read out in a row.

    Fewer are words, and so is one behind a number: 三五天, 12345一直占线. 十, 百 and 千 are counted with.
    """
    return _RUN.sub(lambda run: _READ_OUT.sub(lambda part: part[0].translate(_DIGITS), run[0]), text)


def number(text: str) -> int:
    """What `NUMERAL` matched, as a number: 12, 十二, 一百二十, 二〇."""
    if text.isdecimal():
        return int(text)
    if not any(unit in text for unit in _UNITS):
        return int(text.translate(_DIGITS))
    total, waiting = 0, 0
    for character in text:
        if character in _UNITS:
            total += (waiting or 1) * _UNITS[character]
            waiting = 0
        else:
            waiting = int(character.translate(_DIGITS))
    return total + waiting
