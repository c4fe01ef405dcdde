"""How a text sounds: its Han characters, and the pinyin written between them, as syllables.

Each syllable is one private character, so that an automaton finds terms here as it does in spellings. Only
syllables of terms that ask for it are told apart; anything else sounds like nothing.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Sound = Callable[[str], str]
"""One character to its tone-less syllable, or "" where it has none."""

NOTHING = "\uffff"
_FIRST_SIGN = 0xF0000
_LATIN = re.compile(r"[a-z]+")
_JOINED = re.compile(r"(?<=[a-z])[ '·.*_-](?=[a-z])")
"""What people put between two syllables."""


@dataclass(frozen=True, slots=True)
class Heard:
    text: str
    positions: Sequence[tuple[int, int]] | None = None
    """For each sign, the half-open range it came from; None: each from the character at its own place."""

    def range(self, start: int, end: int) -> tuple[int, int]:
        if self.positions is None:
            return start, end
        return self.positions[start][0], self.positions[end - 1][1]


class Sounds(dict[int, str]):
    """What each character is spelled as by its sound, looked up once for each."""

    def __init__(self, syllables: Iterable[str], of: Sound) -> None:
        super().__init__()
        known = sorted(set(syllables))
        self._signs = {one: chr(_FIRST_SIGN + number) for number, one in enumerate(known)}
        self._of = of
        self._pinyin = re.compile("|".join(sorted(known, key=len, reverse=True)) or r"(?!)")
        self._spelled_out = re.compile(rf"(?:{self._pinyin.pattern})+") if known else re.compile(r"(?!)")

    def __missing__(self, code: int) -> str:
        sign = self[code] = self._signs.get(self._of(chr(code)), NOTHING)
        return sign

    def sign(self, syllables: Sequence[str]) -> str:
        """How a term of these syllables is looked for."""
        return "".join(self._signs[one] for one in syllables)

    def hear(self, text: str) -> Heard:
        """Of a folded text. Pinyin counts where a whole run of letters is made of known syllables."""
        if _LATIN.search(text) is None:
            return Heard(text.translate(self))
        signs: list[str] = []
        positions: list[tuple[int, int]] = []
        position = 0
        while position < len(text):
            run = _LATIN.match(text, position)
            pieces = self._read(run[0], position) if run else None
            if run is None or pieces is None:
                end = run.end() if run else position + 1
                if not (_JOINED.match(text, position) and positions):
                    signs.append(NOTHING if run else self[ord(text[position])])
                    positions.append((position, end))
                position = end
                continue
            for sign, start, end in pieces:
                signs.append(sign)
                positions.append((start, end))
            position = run.end()
        return Heard("".join(signs), positions)

    def _read(self, letters: str, offset: int) -> list[tuple[str, int, int]] | None:
        """The syllables of a run of letters, None where it is anything but syllables."""
        if self._spelled_out.fullmatch(letters) is None:
            return None
        return [
            (self._signs[one[0]], offset + one.start(), offset + one.end())
            for one in self._pinyin.finditer(letters)
        ]


def syllables_of(text: str, sound: Sound) -> tuple[str, ...]:
    """Of a term; empty where a character has none."""
    syllables = tuple(sound(character) for character in text)
    return syllables if all(syllables) else ()
